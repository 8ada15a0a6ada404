"""Stacks: columns of a frame one below the other, so that a wide table takes few long searches.

A search costs as much for ten cells as for a thousand, and a block of a table with hundreds of
columns has few cells of each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl


class Stack:
    """Some columns of one frame, all of text.

    Attributes:
        columns: their names.
        cells: all of them, a column after the other.
    """

    def __init__(self, frame: pl.DataFrame, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self.height = frame.height
        empty = pl.Series("cell", [], dtype=pl.String)
        self.cells = pl.concat([empty, *(frame[column].alias("cell") for column in columns)])

    def count(self, rows: pl.Series) -> dict[str, int]:
        """How many of these rows of the stack are in each column."""
        places = rows.to_numpy() // max(self.height, 1)
        counts = np.bincount(places, minlength=len(self.columns))
        return dict(zip(self.columns, counts.tolist(), strict=True))
