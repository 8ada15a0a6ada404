"""A step of an action that is taken once, however often what follows asks for its result.

The optimiser doesn't see that two mentions of a parsed date are one, and parses it twice.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def once(cell: pl.Expr, work: Callable[[pl.Expr], pl.Expr], dtype: type[pl.DataType]) -> pl.Expr:
    """What `work` makes of a column of cells, with the column at hand as often as it likes.

    Args:
        cell: computed once.
        work: from that to the result, row by row.
        dtype: of the result.
    """

    def run(cells: pl.Series) -> pl.Series:
        return cells.to_frame("cell").select_seq(work(pl.col("cell"))).to_series()

    return cell.map_batches(run, return_dtype=dtype)
