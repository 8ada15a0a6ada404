"""Sampling: an extract's dialect and its first block, for whoever has to write a recipe for it."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Literal

import polars as pl

from securexfer.errors import HeaderError
from securexfer.privacy.drafting import Sampled
from securexfer.privacy.extract import Extract, RecordBlock
from securexfer.privacy.guessing import count_values, guess_columns
from securexfer.privacy.parsing import BlockError, parse_block
from securexfer.privacy.source import open_source
from securexfer.recipe.model import Dialect

_HEAD_BYTES = 256 * 1024
_DELIMITERS = ",;\t|"


def sample(table: str, path: Path) -> Sampled:
    """What a draft has to know of one extract, from its first bytes and its first block.

    Raises:
        ExtractError: if the extract can't be used.
    """
    dialect = guess_dialect(path)
    header, frame = read_sample(table, path, dialect)
    n_values = count_values(header)
    if n_values:
        # Names of columns are shown and recorded, so what stands there must be names.
        raise HeaderError(
            f"Table {table}: {n_values:,} names in the first line look like the values of a record."
        )
    return Sampled(table, dialect, frame.height, guess_columns(frame, header))


def guess_dialect(path: Path) -> Dialect:
    """How a file spells its rows, from its first bytes.

    Raises:
        ExtractMissingError: if it can't be read.
    """
    with open_source(path) as stream:
        head = stream.read(_HEAD_BYTES) or b""
    encoding = _guess_encoding(head)
    text = head.decode(encoding, errors="ignore").removeprefix("\ufeff")
    first = text.partition("\n")[0].rstrip("\r")
    delimiter = max(_DELIMITERS, key=first.count)
    names = first.split(delimiter)
    trim = any(name != name.strip(" \t") for name in names)
    return Dialect(delimiter=delimiter, encoding=encoding, trim=trim)


def read_sample(table: str, path: Path, dialect: Dialect) -> tuple[tuple[str, ...], pl.DataFrame]:
    """The header, and the rows of the first block as text columns in its order, trimmed.

    Raises:
        ExtractError: if the extract can't be used.
    """
    with Extract.open(table, path, dialect) as extract:
        header = extract.header
        block = next(extract.blocks(), None)
        columns = range(len(header))
        try:
            parsed = parse_block(block or RecordBlock(b""), dialect, len(header), columns)
        except BlockError as fault:
            raise fault.at(table, extract.n_header_lines) from None
    frame = parsed.frame
    return header, frame.with_columns(pl.all().str.strip_chars(" \t")) if dialect.trim else frame


def _guess_encoding(head: bytes) -> Literal["utf-8", "cp1252", "utf-16"]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
