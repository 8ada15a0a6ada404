"""The first record that is not as it should be is named, however it is spelled, cut and encoded."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securexfer.errors import EncodingError, ShapeError
from securexfer.privacy import shape
from tests.unit.plain_csv import LONE_RETURN, MISPLACED, UNCLOSED, read_plainly
from tests.world import keep_all, minimise_table

# In place of these stand the marks of a dialect.
DELIMITER, QUOTE = ",", '"'
MARKS = [(",", '"'), (";", "'"), ("\t", '"'), ("|", "~")]
SPELLINGS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "utf-8": ("utf-8", lambda text: text.encode("utf-8", "surrogateescape")),
    "utf-8 with a mark": ("utf-8", lambda text: codecs.BOM_UTF8 + text.encode()),
    "utf-16": ("utf-16", lambda text: text.encode("utf-16")),
    "utf-16 of the other order": (
        "utf-16",
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    ),
    "utf-16-le": ("utf-16-le", lambda text: text.encode("utf-16-le")),
    "utf-16-be": ("utf-16-be", lambda text: text.encode("utf-16-be")),
    "cp1252": ("cp1252", lambda text: text.encode("cp1252", "replace")),
}
# Characters of one to four bytes; \u010a and \u0a22 have bytes of a line end and a quote in UTF-16.
CHARACTERS = [DELIMITER, QUOTE, "\n", "\r", "a", "\u00e9", "\u010a", "\u0a22", "\U0001f600", "\0"]
PIECES = st.sampled_from(
    [*CHARACTERS, "\r\n", QUOTE * 2, f"{DELIMITER}{QUOTE}", f"{QUOTE}{DELIMITER}", "x" * 61]
)
MESSES = st.lists(PIECES, max_size=30).map("".join)
CELLS = st.lists(PIECES, max_size=4).map("".join)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[int, str]:
    """A table that is as it should be but for a few characters, and its number of columns."""
    n_fields = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELLS, min_size=n_fields, max_size=n_fields), max_size=20))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quoted = [[f'"{cell.replace(QUOTE, QUOTE * 2)}"' for cell in row] for row in rows]
    text = end.join(map(DELIMITER.join, quoted)) + draw(st.sampled_from(["", end]))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(PIECES) + text[place + draw(st.integers(0, 2)) :]
    return n_fields, text


@pytest.mark.usefixtures("small_reads")
class TestTheFirstFault:
    @settings(max_examples=1200)
    @given(
        st.one_of(st.tuples(st.integers(1, 3), MESSES), damaged()),
        st.sampled_from(MARKS),
        st.sampled_from([*SPELLINGS]),
        st.sampled_from([1, 3, 7, 64, 65, 1000, 1 << 22]),
    )
    @example((2, 'a,b\n"c\r\nd\n",e\nf'), MARKS[0], "utf-16", 3)
    @example((1, '""\n"'), MARKS[1], "utf-8", 1)
    @example((2, "a,b\r"), MARKS[0], "utf-8", 1)
    def test_is_the_one_that_is_found_character_by_character(
        self,
        monkeypatch: pytest.MonkeyPatch,
        table: tuple[int, str],
        marks: tuple[str, str],
        spelling: str,
        block_bytes: int,
    ) -> None:
        monkeypatch.setattr(shape, "_PIECE_BYTES", 64)
        n_fields, text = table
        text = text.translate({ord(DELIMITER): marks[0], ord(QUOTE): marks[1]})
        header = [f"n{i}" for i in range(n_fields)]
        encoding, encode = SPELLINGS[spelling]
        data = encode(f"{marks[0].join(header)}\n{text}")
        if encoding == "cp1252":
            text = text.encode(encoding, "replace").decode(encoding)
        expected = read_plainly(text, n_fields, *marks, line=2)
        delimiter, quote = map(json.dumps, marks)
        before = (
            f"[tables.t]\ncsv = {{ delimiter = {delimiter}, quote = {quote}, "
            f'encoding = "{encoding}" }}'
        )
        recipe = keep_all("t", header, before=before)
        if expected.fault is None:
            found = minimise_table(data, recipe, block_bytes=block_bytes)
            assert found.rows == [header, *expected.rows]
            assert found.total("n_blank_lines") == expected.n_blank
            return
        with pytest.raises(ShapeError) as caught:
            minimise_table(data, recipe, block_bytes=block_bytes)
        line, reason = expected.fault
        assert caught.value.message == (
            f"Table t, line {line}: the record can't be used: {reason}."
        )

    @settings(max_examples=300)
    @given(
        damaged(),
        st.lists(st.integers(0, 400), min_size=1, max_size=2),
        st.booleans(),
        st.sampled_from([1, 7, 65, 1 << 22]),
    )
    @example((2, "a,b\nc\n"), [0], False, 1 << 22)
    def test_may_be_bytes_that_are_no_text(
        self, table: tuple[int, str], places: list[int], reads_all: bool, block_bytes: int
    ) -> None:
        n_fields, text = table
        for place in places:
            # Stands for a byte that is not UTF-8.
            text = text[:place] + "\udcff" + text[place:]
        expected = read_plainly(text, n_fields, DELIMITER, QUOTE, line=2)
        line, reason = text.index("\udcff"), "it holds bytes that are not UTF-8 text"
        line = 2 + text[:line].count("\n")
        kind: type[Exception] = EncodingError
        if expected.fault is not None and expected.fault[0] <= line:
            kind, (line, reason) = ShapeError, expected.fault
        header = [f"n{i}" for i in range(n_fields)]
        data = SPELLINGS["utf-8"][1](f"{DELIMITER.join(header)}\n{text}")
        with pytest.raises(kind) as caught:
            minimise_table(
                data, keep_all("t", header if reads_all else header[:1]), block_bytes=block_bytes
            )
        assert str(caught.value).startswith(
            f"Table t, line {line}: the record can't be used: {reason}."
        )


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a,b\nc\n", 2, "it has 1 field where the header has 2"),
        ('a,b\n"c\nd",e\n\nf,g,h', 5, "it has 3 fields where the header has 2"),
        ('a,b\nc,d"e\n', 2, MISPLACED),
        ('a,b\nc,"d" \n', 2, MISPLACED),
        ('a,b\nc,"d\ne,f\n', 2, UNCLOSED),
        ("a,b\nc\rd,e\n", 2, LONE_RETURN),
    ],
)
def test_the_plain_reading_is_right_by_hand(text: str, line: int, reason: str) -> None:
    assert read_plainly(text, 2, ",", '"').fault == (line, reason)


def test_the_plain_reading_reads_rows() -> None:
    found = read_plainly('a,"b ""c"", d"\r\n\n\r\n"",\r\n"\n\r",e', 2, ",", '"')
    assert found.rows == [["a", 'b "c", d'], ["", ""], ["\n\r", "e"]]
    assert (found.n_blank, found.fault) == (2, None)
