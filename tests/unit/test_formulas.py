"""What a spreadsheet would run is counted on the way out, and escaped on request on the way in."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.errors import ContentMismatchError
from securexfer.privacy.formulas import FormulaEscaper, count_formulas, escape_cell
from tests.assurance import Tally
from tests.world import csv_bytes, csv_rows

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://example.invalid")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "--1",
    "@SUM(1)",
    " =1",
    "\t=1",
    "\n=1",
    " \r\n @a",
    "\tx",
    "\rx",
    "\t",
    "\N{FULLWIDTH EQUALS SIGN}1",
    "\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}a",
    "=\n",
    '="',
    "=,",
    "-5 apples",
    "+44 20 7946 0000",
    " -5",
    "-1,5,",
]
HARMLESS = [
    "",
    "a",
    "a=1",
    "-",
    "=",
    " ",
    "-5",
    "-12.50",
    "-1,234.5",
    "+447700900000",
    "-1e-5",
    "'=1",
    "1-2",
    '"=1"',
    "x\n=1",
    "a,=1",
    "\u3000=1",
]


def escape(data: bytes, n_fields: int, piece: int = 1 << 20) -> tuple[bytes, int]:
    escaper = FormulaEscaper("t", n_fields)
    pieces = (data[i : i + piece] for i in range(0, len(data), piece))
    return b"".join(escaper.escape(pieces)), escaper.n_escaped


def spellings(rows: list[list[str]]) -> tuple[bytes, bytes]:
    """As a table is written on its way out, and with every cell quoted."""
    frame = pl.DataFrame(rows, schema=[f"c{i}" for i in range(len(rows[0]))], orient="row")
    quoted = csv_bytes(rows, quoting=csv.QUOTE_ALL)
    return frame.write_csv(include_header=False).encode(), quoted


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_counted_and_escaped(cell: str, tally: Tally) -> None:
    frame = pl.DataFrame({"c": [cell, "x", None], "d": [cell, cell, "x"]})
    assert count_formulas(frame, ["c", "d"]) == {"c": 1, "d": 2}
    for data in spellings([[cell, "x"], ["x", cell]]):
        escaped, n_escaped = escape(data, 2)
        assert csv_rows(escaped) == [["'" + cell, "x"], ["x", "'" + cell]]
        assert n_escaped == 2
    tally.count("input", "kinds of spreadsheet formulas counted and escaped")


@pytest.mark.parametrize("cell", HARMLESS)
def test_what_is_no_formula_is_left_alone(cell: str, tally: Tally) -> None:
    assert count_formulas(pl.DataFrame({"c": [cell]}), ["c"]) == {"c": 0}
    for data in spellings([[cell, "x"], ["x", cell]]):
        assert escape(data, 2) == (data, 0)
    tally.count("input", "cells that only look like formulas, left alone")


CELLS = st.one_of(
    st.sampled_from(FORMULAS + HARMLESS), st.text(alphabet="=+-@ \t\r\n,\"'x1.\uff1d", max_size=6)
)


@settings(max_examples=1000)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.integers(1, 40))
def test_counting_and_escaping_agree_wherever_pieces_are_cut(
    rows: list[tuple[str, str]], piece: int
) -> None:
    frame = pl.DataFrame(rows, schema=["a", "b"], orient="row")
    data = frame.write_csv(include_header=False).encode()
    escaped, n_escaped = escape(data, 2, piece)
    assert n_escaped == sum(count_formulas(frame, ["a", "b"]).values())
    assert len(escaped) == len(data) + n_escaped
    after = pl.DataFrame(csv_rows(escaped), schema=["a", "b"], orient="row")
    assert sum(count_formulas(after, ["a", "b"]).values()) == 0
    for was, now in zip(csv_rows(data), csv_rows(escaped), strict=True):
        for cell, escaped_cell in zip(was, now, strict=True):
            assert escaped_cell == escape_cell(cell)


@pytest.mark.parametrize("data", [b'a"b,=1\n', b"a,b,c\n", b"a\n", b'a,"b\n', b'"a"x,=1\n'])
def test_a_table_that_can_be_read_in_two_ways_is_not_escaped(data: bytes) -> None:
    with pytest.raises(ContentMismatchError, match="another shape"):
        escape(data, 2)


def test_a_record_without_end_is_refused_in_bounded_memory() -> None:
    n_given = 0

    def pieces() -> Iterator[bytes]:
        nonlocal n_given
        yield b'"'
        while True:
            n_given += 1
            yield b"a" * (1 << 24)

    with pytest.raises(ContentMismatchError):
        list(FormulaEscaper("t", 1).escape(pieces()))
    assert n_given < 8
