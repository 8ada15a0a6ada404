"""Spreadsheet formulas: cells that a spreadsheet would run instead of show.

A cell is taken for a formula if it begins with `=`, `+`, `-` or `@`, plain or full-width, after any
spaces, tabs and line ends, and more follows; or if it begins with a tab or a carriage return. Plain
numbers are none, whatever their sign. Source: OWASP, "CSV injection"; the apostrophe in front
is its advice as well.

Counting looks at the cells on their way out. Escaping looks at the CSV bytes on their way in, and
changes nothing but the cells that counting counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from securexfer.errors import ContentMismatchError
from securexfer.privacy.shape import NEWLINE, MisshapenError, check_records, last_record_end

if TYPE_CHECKING:
    import polars as pl

ESCAPE = b"'"
_QUOTE = ord('"')
# One record with everything doubled; the way out takes none that is longer.
_MAX_RECORD_BYTES = 64 * 1024 * 1024
_SIGNS = "=+@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
_SIGNS += "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}-"
_FORMULA = rf"(?s)^(?:[ \t\r\n]*[{_SIGNS}].|[\t\r])"
_NUMBER = r"^[+-][0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?$"

# The same on bytes, from the first byte of a cell. Only a quoted cell can hold line ends.
_STARTS = "|".join(re.escape(sign) for sign in _SIGNS).encode("utf-8")
_CELL = re.compile(
    rb'"(?:[ \t\r\n]*(?:' + _STARTS + rb')(?:""|[^"])|[\t\r])'
    rb"|[ \t]*(?:" + _STARTS + rb")[^,\r\n]|\t"
)
_PLAIN = re.compile(
    rb'"(?:[+-][0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?)"'
    rb"|[+-][0-9]+(?:\.[0-9]+)*(?:[eE][+-]?[0-9]+)?(?=[,\r\n]|\Z)"
)
# Bytes with which such a cell can begin, or go on behind its quote.
_MAY_START = np.zeros(256, bool)
_MAY_START[[ord(c) for c in " \t\r\n=+-@"]] = True
_MAY_START["\N{FULLWIDTH EQUALS SIGN}".encode()[0]] = True


def count_formulas(frame: pl.DataFrame, columns: Iterable[str]) -> dict[str, int]:
    """How many cells of each of these text columns are formulas."""
    from securexfer.privacy.stack import Stack  # the way in escapes, and does without polars

    stack = Stack(frame, list(columns))
    # To compare how cells begin is much quicker than to search them: most begin otherwise.
    plain = stack.cells.is_between(".", "<") | stack.cells.is_between("A", "~")
    rows = (~plain).arg_true()
    cells = stack.cells.gather(rows)
    return stack.count(rows.filter(cells.str.contains(_FORMULA) & ~cells.str.contains(_NUMBER)))


def escape_cell(cell: str) -> str:
    """The cell's text, with an apostrophe in front if it is a formula."""
    is_formula = re.match(_FORMULA, cell) and not re.fullmatch(_NUMBER, cell)
    return ESCAPE.decode() + cell if is_formula else cell


class FormulaEscaper:
    """Puts an apostrophe before every formula of a CSV table (comma, `"`, LF) in UTF-8.

    Attributes:
        n_escaped: cells changed so far, the header's among them.
    """

    def __init__(self, table: str, n_fields: int) -> None:
        self._table = table
        self._n_fields = n_fields
        self.n_escaped = 0

    def escape(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The table in pieces again, whole records each.

        Raises:
            ContentMismatchError: if its rows don't have the shape that every packed table has. What
                is a cell would then depend on who reads it.
        """
        pending = b""
        for piece in pieces:
            pending += piece
            end = last_record_end(pending, _QUOTE)
            if end:
                yield self._escape(pending[:end])
                pending = pending[end:]
            elif len(pending) > _MAX_RECORD_BYTES:
                raise self._misshapen()
        if pending:
            yield self._escape(pending)

    def _escape(self, records: bytes) -> bytes:
        try:
            check_records(records, n_fields=self._n_fields, delimiter=ord(","), quote=_QUOTE)
        except MisshapenError:
            raise self._misshapen() from None
        parts, done = [], 0
        for start in _candidates(records):
            if not _CELL.match(records, start) or _PLAIN.match(records, start):
                continue
            start += records[start] == _QUOTE
            parts += [records[done:start], ESCAPE]
            done = start
            self.n_escaped += 1
        return b"".join([*parts, records[done:]])

    def _misshapen(self) -> ContentMismatchError:
        return ContentMismatchError(
            f"Table {self._table} has rows of another shape than securexfer writes, so its "
            "formulas can't be escaped."
        )


def _candidates(records: bytes) -> list[int]:
    """Where the cells begin whose first byte leaves it open whether they are formulas."""
    raw = np.frombuffer(records, np.uint8)
    separators = np.flatnonzero((raw == ord(",")) | (raw == NEWLINE))
    quotes = np.flatnonzero(raw == _QUOTE)
    outside = separators[np.searchsorted(quotes, separators) % 2 == 0]
    starts = np.concatenate((np.zeros(1, np.intp), outside + 1))
    starts = starts[starts < raw.size]
    is_quoted = raw[starts] == _QUOTE
    first = raw[np.minimum(starts + is_quoted, raw.size - 1)]
    found: list[int] = starts[_MAY_START[first]].tolist()
    return found
