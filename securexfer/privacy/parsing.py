"""Parsing a block of records: its shape checked whole, then only the needed columns as text.

Faults carry a line and a reason of our own; the parser's texts quote cells, so they end here.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from securexfer.errors import EncodingError, ExtractError, RecordTooLongError, ShapeError
from securexfer.privacy.extract import RecordBlock
from securexfer.privacy.shape import (
    MISPLACED_QUOTE,
    CheckedRecords,
    MisshapenError,
    check_records,
)
from securexfer.recipe.model import Dialect

_TOO_LONG = "it is longer than the maximum for one record"


class BlockError(Exception):
    """A fault in a block, on its way to whoever knows how many lines came before it."""

    def __init__(self, kind: type[ExtractError], line: int, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.line = line
        self.reason = reason

    def at(self, table: str, n_lines_before: int) -> ExtractError:
        """The error to raise, with the line counted from the extract's start."""
        line = n_lines_before + self.line + 1
        return self.kind(f"Table {table}, line {line}: the record can't be used: {self.reason}.")


@dataclass(frozen=True)
class ParsedBlock:
    """A block's records, and the columns that were asked for, named by `source_name`."""

    records: CheckedRecords = field(repr=False)
    frame: pl.DataFrame = field(repr=False)


def source_name(column: int) -> str:
    """Name under which the source column at this position stands in a frame."""
    return f"c{column}"


def parse_block(
    block: RecordBlock, dialect: Dialect, n_fields: int, columns: Sequence[int]
) -> ParsedBlock:
    """Check every record of a block over all its columns, then read some of them.

    Args:
        block: whole records.
        dialect: how they are spelled.
        n_fields: in every record.
        columns: positions of those that are needed, ascending.

    Raises:
        BlockError: if a record can't be used.
    """
    try:
        records = check_records(
            block.data,
            n_fields=n_fields,
            delimiter=ord(dialect.delimiter),
            quote=ord(dialect.quote),
        )
    except MisshapenError as fault:
        if block.is_cut and fault.reason != MISPLACED_QUOTE:
            raise BlockError(RecordTooLongError, 0, _TOO_LONG) from None
        shape, text = BlockError(ShapeError, fault.line, fault.reason), explain(block.data)
        # Of two faults the first counts, as it would if a block ended between them.
        is_first = text.kind is EncodingError and text.line < shape.line
        raise (text if is_first else shape) from None
    if block.is_cut:
        raise BlockError(RecordTooLongError, 0, _TOO_LONG)
    names = [source_name(column) for column in columns]
    if not records.n_rows:
        return ParsedBlock(records, pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    try:
        frame = _read(records.data, dialect, columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeError):
        raise explain(block.data) from None
    if frame.height != records.n_rows:
        raise BlockError(ExtractError, 0, "the rows read are not the rows counted")
    frame.columns = names
    return ParsedBlock(records, frame)


def explain(data: bytes) -> BlockError:
    """Why a block can't be parsed, in words that quote nothing of it."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        return BlockError(EncodingError, line, "it holds bytes that are not UTF-8 text")
    return BlockError(ExtractError, 0, "the block that starts there can't be parsed")


def _read(data: bytes, dialect: Dialect, columns: Sequence[int]) -> pl.DataFrame:
    # The parser drops a byte order mark at the start of whatever it is given; in the middle of
    # an extract those bytes are part of a cell. One more is dropped, and this one stays.
    if data.startswith(codecs.BOM_UTF8):
        data = codecs.BOM_UTF8 + data
    return pl.read_csv(
        data,
        has_header=False,
        columns=list(columns),
        separator=dialect.delimiter,
        quote_char=dialect.quote,
        infer_schema=False,
        empty_string_is_null=False,
    )
