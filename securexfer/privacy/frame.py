"""A table that came out of a bundle, as polars frames of text: a block at a time, nothing on disk.

Every column is text, as it is in the file: guessing types would turn `001` into 1.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import polars as pl

from securexfer.errors import ContentMismatchError, ExtractError
from securexfer.privacy.extract import MAX_RECORD_BYTES, Extract
from securexfer.privacy.parsing import BlockError, parse_block
from securexfer.recipe.model import Dialect

Frame: TypeAlias = pl.DataFrame
# One record with all its quotes doubled; the way out takes none that is longer.
_MAX_RECORD_BYTES = 4 * MAX_RECORD_BYTES


def read_frames(table: str, fields: Sequence[str], pieces: Iterator[bytes]) -> Iterator[Frame]:
    """The rows of a table, some thousands at a time, in their order.

    Args:
        table: its name, for errors.
        fields: its columns, as the manifest names them.
        pieces: its CSV, cut anywhere.

    Raises:
        ContentMismatchError: if it is no CSV, or not of these columns.
    """
    dialect = Dialect()
    stream = io.BufferedReader(_Pieces(pieces))
    try:
        with Extract(table, stream, dialect, max_record_bytes=_MAX_RECORD_BYTES) as extract:
            if extract.header != tuple(fields):
                raise ContentMismatchError(
                    f"Table {table} has other columns than its manifest says."
                )
            for block in extract.blocks():
                frame = parse_block(block, dialect, len(fields), range(len(fields))).frame
                frame.columns = list(fields)
                yield frame
    except (ExtractError, BlockError):
        raise ContentMismatchError(f"Table {table} is not the CSV that it should be.") from None


def join_frames(fields: Sequence[str], frames: Iterator[Frame]) -> Frame:
    """All of them as one; one without rows where there are none."""
    empty = pl.DataFrame(schema=dict.fromkeys(fields, pl.String))
    return pl.concat([empty, *frames])


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typed as any buffer
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        n = min(len(buffer), len(self._left))
        buffer[:n] = self._left[:n]
        self._left = self._left[n:]
        return n
