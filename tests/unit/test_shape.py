"""The shape of records: exact, row by row, and equal to the csv module where that is strict."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.privacy import shape
from securexfer.privacy.shape import (
    MisshapenError,
    RecordCounter,
    check_records,
    first_record_end,
    last_record_end,
)
from tests.world import csv_bytes, csv_rows

COMMA, QUOTE = ord(","), ord('"')
cells = st.text(alphabet=st.sampled_from(list('ab,"\n ;é\t')), max_size=6)
tables = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=40)
)


def check(data: bytes, n_fields: int) -> int:
    return check_records(data, n_fields=n_fields, delimiter=COMMA, quote=QUOTE).n_rows


@settings(max_examples=600)
@given(tables, st.sampled_from(["\n", "\r\n"]))
def test_a_proper_table_passes_with_its_exact_number_of_rows(
    rows: list[list[str]], end: str
) -> None:
    data = csv_bytes(rows, lineterminator=end)
    expected = sum(row != [] for row in csv_rows(data))
    assert check(data, len(rows[0])) == expected


@settings(max_examples=300)
@given(tables)
def test_the_last_record_may_lack_its_line_end(rows: list[list[str]]) -> None:
    data = csv_bytes(rows)
    assert check(data[:-1], len(rows[0])) == check(data, len(rows[0]))


@settings(max_examples=300)
@given(tables)
def test_record_ends_are_line_ends_outside_quotes(rows: list[list[str]]) -> None:
    data = csv_bytes(rows)
    assert last_record_end(data, QUOTE) == len(data)
    assert first_record_end(data, QUOTE) == len(csv_bytes(rows[:1]))
    tail = b'x,"y\nz'
    assert last_record_end(data + tail, QUOTE) == len(data)


@settings(max_examples=200)
@given(tables, st.integers(1, 50))
def test_records_are_counted_wherever_the_pieces_are_cut(rows: list[list[str]], step: int) -> None:
    data = csv_bytes(rows)
    counter = RecordCounter()
    for start in range(0, len(data), step):
        counter.update(data[start : start + step])
    assert counter.n_records == len(rows)


def read_plainly(data: bytes, n_fields: int) -> tuple[int, int] | None:
    """Rows and blank lines, one byte after the other; None for what is no table."""
    text = data if data.endswith(b"\n") or not data else data + b"\n"
    n_rows = n_blank = 0
    fields, at, start = 1, 0, 0
    while at < len(text):
        here = text[at : at + 1]
        if here == b'"':
            if at > start and text[at - 1 : at] != b",":
                return None
            at += 1
            while at < len(text) and (text[at : at + 1] != b'"' or text[at : at + 2] == b'""'):
                at += 2 if text[at : at + 1] == b'"' else 1
            if at == len(text) or text[at + 1 : at + 2] not in (b",", b"\n", b"\r"):
                return None
        elif here == b",":
            fields += 1
        elif here == b"\r" and text[at + 1 : at + 2] != b"\n":
            return None
        elif here == b"\n":
            is_blank = text[start:at] in (b"", b"\r")
            if not is_blank and fields != n_fields:
                return None
            n_blank += is_blank
            n_rows += not is_blank
            fields, start = 1, at + 1
        at += 1
    return n_rows, n_blank


messes = st.text(alphabet=st.sampled_from('a,"\n\r'), max_size=150).map(str.encode)
damaged = st.tuples(tables, st.integers(0, 400), st.sampled_from([b'"', b",", b"\n", b"\r", b""]))


def check_plainly(data: bytes, n_fields: int) -> None:
    expected = read_plainly(data, n_fields)
    try:
        found = check_records(data, n_fields=n_fields, delimiter=COMMA, quote=QUOTE)
    except MisshapenError:
        assert expected is None
    else:
        assert (found.n_rows, found.n_blank) == expected


@settings(max_examples=1000)
@given(
    messes | damaged.map(lambda d: csv_bytes(d[0])[: d[1]] + d[2] + csv_bytes(d[0])[d[1] :]),
    st.integers(1, 4),
)
def test_what_passes_is_what_passes_byte_by_byte(data: bytes, n_fields: int) -> None:
    check_plainly(data, n_fields)


@pytest.mark.parametrize("n_before", range(58, 66))
def test_pieces_are_no_borders(monkeypatch: pytest.MonkeyPatch, n_before: int) -> None:
    # All texts of five such characters, at every place around the end of a piece.
    monkeypatch.setattr(shape, "_PIECE_BYTES", 64)
    check_plainly(b'a,"' + b"b,\n\r" * 50 + b'"\n', 2)
    row = b"x" * (n_before - 3) + b",b\n"
    for mess in itertools.product(b'a,"\n\r', repeat=5):
        check_plainly(row + bytes(mess) + b"\n", 2)


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"a,b\nc\n", 1, "it has 1 field where the header has 2"),
        (b"a,b\nc,d,e\nf\n", 1, "it has 3 fields where the header has 2"),
        (b"a,b\nc,d,\n", 1, "it has 3 fields where the header has 2"),
        (b'a,b\n"c\nd",e\nf\n', 3, "it has 1 field where the header has 2"),
        (b'a,b\nc,d"e\n', 1, "it has a quote where none may stand"),
        (b'a,b\nc,"d"e\n', 1, "it has a quote where none may stand"),
        (b'a,b\nc, "d"\n', 1, "it has a quote where none may stand"),
        (b'a,b\nc,"d" \n', 1, "it has a quote where none may stand"),
        (b'a,b\nc,"d\ne,f\n', 1, "it opens a quote that is never closed"),
        (b"a,b\nc\rd,e\n", 1, "it has a carriage return that does not end a line"),
        (b"a,b\rc,d\r", 0, "it has 3 fields where the header has 2"),
        (b" \na,b\n", 0, "it has 1 field where the header has 2"),
    ],
)
def test_a_misshapen_record_is_named_by_its_line(data: bytes, line: int, reason: str) -> None:
    with pytest.raises(MisshapenError) as caught:
        check(data, 2)
    assert (caught.value.line, caught.value.reason) == (line, reason)


@pytest.mark.parametrize(
    "data",
    [b'"a","b"\n', b'"a""b",""\n', b'"""",c\n', b'"a\r\nb",c\r\n', b'"a,b",c', b'"\r",c\n'],
)
def test_quotes_of_rfc_4180_pass(data: bytes) -> None:
    assert check(data, 2) == 1


def test_wholly_blank_lines_are_left_out_and_counted() -> None:
    found = check_records(b"\na,b\n\r\n\nc,d\r\n\n", n_fields=2, delimiter=COMMA, quote=QUOTE)
    assert (found.n_rows, found.n_blank, found.n_lines) == (2, 4, 6)
    assert found.data == b"a,b\nc,d\r\n"


def test_a_short_and_a_long_row_do_not_cancel_out() -> None:
    with pytest.raises(MisshapenError) as caught:
        check(b"a,b\nc\nd,e,f\n", 2)
    assert caught.value.line == 1
