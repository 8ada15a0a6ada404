"""The search for identifiers finds what one finds that tries every pattern on every cell."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from securexfer.privacy import outline, watch
from securexfer.privacy.folding import FLOOR, fold_cells, fold_plain, fold_text
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.pattern import BARE, NEAR, ROUGH, TRACE, WHOLE
from securexfer.privacy.search import look
from securexfer.privacy.stack import Stack
from tests.unit import leaks
from tests.unit.plain_search import search_plainly
from tests.unit.test_identifiers import NONE, VALID

MAKERS = {**leaks.KINDS, **leaks.COLUMNS}
# What stands around or within, and how cells are changed: nothing may make a difference.
CHANGES: list[Callable[[str], str]] = [
    str.lower,
    str.upper,
    str.swapcase,
    lambda text: f" {text}",
    lambda text: f"{text} ",
    lambda text: f"{text}        ",
    lambda text: f"{text}\t",
    lambda text: f"\0{text}\0",
    lambda text: f"\u00a0{text}",
    lambda text: f"-{text}.00",
    lambda text: f"{text}\u00ad",
    lambda text: f"NHS{text}",
    lambda text: f"#{text}#",
    lambda text: f"_{text}",
    lambda text: f"{text}, 1st",
    lambda text: f"B4 2nd {text}",
    lambda text: text.replace("@", "%40"),
    lambda text: text.replace(" ", "\u2009"),
    lambda text: text.replace("1", "\uff11"),
    lambda text: text[1:],
    lambda text: text[:-1],
    lambda text: text[: len(text) // 2] + "\x1f" + text[len(text) // 2 :],
    lambda text: f"{text} {text}",
    lambda text: text * 4,
]
ODD: list[str | None] = [
    None,
    "",
    " ",
    "\t",
    "0",
    "::",
    "@",
    "%40",
    "\u00e9",
    "1" * 33,
    "\U0001f468\u200d\U0001f469",
]


def expected(frame: pl.DataFrame) -> dict[str, object]:
    plain = {column: search_plainly(frame[column]) for column in frame.columns}
    return {column: found for column, found in plain.items() if found}


def _make(chance: random.Random, maker: str) -> str:
    text = MAKERS[maker](chance)
    return chance.choice(CHANGES)(text) if chance.random() < 0.4 else text


@pytest.mark.parametrize("n_rows", [1, 40, 3000])
@pytest.mark.parametrize("seed", range(4))
def test_tables_of_all_sorts_of_columns(seed: int, n_rows: int) -> None:
    chance = random.Random(seed)
    columns = {}
    for maker in MAKERS:
        pool: list[str | None] = [_make(chance, maker) for _ in range(chance.choice([3, n_rows]))]
        pool += chance.sample(ODD, chance.randint(0, 3))
        columns[maker] = pl.Series(chance.choices(pool, k=n_rows), dtype=pl.String)
    columns["mixed"] = pl.Series([_make(chance, chance.choice([*MAKERS])) for _ in range(n_rows)])
    columns["blank"] = pl.Series([None] * n_rows, dtype=pl.String)
    frame = pl.DataFrame(columns)
    assert look(frame, frame.columns) == expected(frame)


@pytest.mark.parametrize("length", range(1, 21))
@pytest.mark.parametrize("first", ["", "0", "00", "1", "2", "4", "44", "447", "441", "7", "-", "+"])
def test_numbers_of_every_length(length: int, first: str) -> None:
    chance = random.Random(f"{length} {first}")
    cells = [first + f"{chance.randrange(10**length):0{length}}" for _ in range(300)]
    frame = pl.DataFrame({"a": cells, "b": [f"{cell}.0" for cell in cells], "c": cells[:1] * 300})
    assert look(frame, frame.columns) == expected(frame)


@pytest.mark.parametrize("n_before", [0, 1, 7])
@pytest.mark.parametrize("n_behind", [1, 2, 8, 20])
def test_numbers_that_are_filled_up_with_spaces(n_before: int, n_behind: int) -> None:
    # As columns of a fixed width are written.
    chance = random.Random(n_behind)
    numbers = [f"{chance.randrange(10 ** (n - 1), 10**n)}" for n in range(6, 20) for _ in range(40)]
    numbers += ["9434765919", "4111111111111111", "7700900123"]
    frame = pl.DataFrame({"a": [" " * n_before + one + " " * n_behind for one in numbers]})
    assert look(frame, ["a"]) == expected(frame)
    assert look(frame, ["a"]) == look(pl.DataFrame({"a": numbers}), ["a"])


def test_no_columns_or_no_rows_are_nothing() -> None:
    frame = pl.DataFrame({"a": pl.Series([], dtype=pl.String)})
    assert look(frame, ["a"]) == look(frame, []) == look(pl.DataFrame({"a": ["1"]}), []) == {}


def test_pieces_and_columns_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "_AT_ONCE", 7)
    monkeypatch.setattr(outline, "_FEW", 0)
    monkeypatch.setattr(outline, "_SOME", 1)
    test_tables_of_all_sorts_of_columns(9, 100)


def test_more_outlines_than_are_sought_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "_FEW", 0)
    monkeypatch.setattr(outline, "_SOME", 1)
    monkeypatch.setattr(outline, "_N_SOUGHT", 1)
    test_tables_of_all_sorts_of_columns(10, 200)


_ALPHABET = "0123456789ABCDEFGNXYZabsthndr -./()+:@%'_#,\t\0\u00a0\u00e9\uff11\u0661\u200b"
_TEXTS = st.one_of(
    st.text(st.sampled_from(_ALPHABET), max_size=40),
    *(st.from_regex(f"^(?:{KINDS[slug].pattern})$").map(str.strip) for slug in KINDS),
    st.sampled_from([text for texts in [*VALID.values(), *NONE.values()] for text in texts]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cells=st.lists(st.lists(_TEXTS, min_size=1, max_size=3).map("".join), max_size=40),
    n_times=st.sampled_from([1, 40]),
)
def test_any_cells(cells: list[str], n_times: int) -> None:
    frame = pl.DataFrame({"a": pl.Series(cells * n_times, dtype=pl.String)})
    frame = frame.with_columns(frame["a"].reverse().alias("b"), frame["a"].str.slice(3).alias("c"))
    assert look(frame, frame.columns) == expected(frame)


@pytest.mark.parametrize("slug", ["nhs", "card"])
def test_one_number_in_a_text(slug: str) -> None:
    chance = random.Random(slug)
    around = [
        "",
        " ",
        "-",
        "NHS ",
        "card no: ",
        "PO",
        "PO ",
        "#",
        " #",
        ".",
        ",",
        "1,",
        "0.",
        "(",
        "/",
    ]
    around += ["see A", "\u00a3", " \u00e9t\u00e9 ", "_", " 2 ", ": ", "pan=", "B4 3rd "]
    behind = [
        "",
        " ",
        ".",
        ".0",
        ".00 ",
        ".5",
        ",",
        ",500",
        ",50",
        ")",
        "/",
        "-",
        "A",
        " A",
        "-1",
        " 1st",
    ]
    behind += [" - seen", "_", "\u00e9", " \u00e9"]
    numbers = [leaks.KINDS[slug](chance) for _ in range(30)]
    numbers += [f"{chance.randrange(10**n):0{n}}" for n in (9, 10, 11, 12, 13, 16, 19, 20)]
    cells = [before + one + after for before in around for one in numbers for after in behind]
    frame = pl.DataFrame({"a": cells})
    assert look(frame, ["a"]) == expected(frame)
    assert look(frame, ["a"])["a"][slug].n_labelled > 100


@settings(max_examples=200, deadline=None)
@given(cells=st.lists(st.one_of(st.text(st.sampled_from(_ALPHABET)), st.text(), _TEXTS)))
def test_many_cells_are_folded_as_each_would_be(cells: list[str]) -> None:
    cells += ["B4 3rd floor", "SW1A1st", "caf\u00e9 B4 2nd\t\u0661", "\ufb03", "\u212a1", "\u00df"]
    given = pl.Series(cells, dtype=pl.String)
    expected = [fold_text(cell)[0].strip(" ") for cell in cells]
    assert fold_cells(given).to_list() == expected
    assert given.to_list() == cells
    plain = [cell for cell in cells if cell.isprintable() and cell.isascii()]
    plain = [cell for cell in plain if not re.search(FLOOR, cell)]
    expected = [fold_text(cell)[0].strip(" ") for cell in plain]
    assert fold_plain(pl.Series(plain, dtype=pl.String)).to_list() == expected


@pytest.mark.parametrize("height", [0, 1, 5])
def test_a_stack_counts_by_column(height: int) -> None:
    columns = {name: [f"{name}{row}" for row in range(height)] for name in "abc"}
    frame = pl.DataFrame(columns, schema=dict.fromkeys("abc", pl.String))
    stack = Stack(frame, ["c", "a"])
    assert stack.cells.to_list() == [*columns["c"], *columns["a"]]
    rows = stack.cells.is_in(["a0", "a3", "c4"]).arg_true()
    assert stack.count(rows) == {"c": int(height == 5), "a": min(height, 1) + (height == 5)}
    assert Stack(frame, []).count(pl.Series([], dtype=pl.UInt32)) == {}


_EDGES = [
    "",
    " ",
    "\t",
    "\u00a0",
    "\u3000",
    "\x00",
    "\x1c",
    "\u200b",
    "!",
    "~",
    "~a",
    "\x7f",
    "0",
    "\u00e9",
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(_EDGES), st.text(max_size=4), st.none())))
def test_blank_cells_are_those_without_anything_but_space(cells: list[str | None]) -> None:
    frame = pl.DataFrame({"a": cells, "b": cells}, schema=dict.fromkeys("ab", pl.String))
    n_filled = int(frame["a"].str.contains(r"\S").sum())
    assert watch._count_filled(frame, ["a", "b"]) == {"a": n_filled, "b": n_filled}
    assert watch._count_filled(frame, []) == {}


@settings(max_examples=300, deadline=None)
@given(
    cells=st.lists(
        st.one_of(
            st.integers(0, 10**21).map(str),
            st.integers(0, 10**9).map(lambda n: f"0{n}"),
            st.text(st.sampled_from("0123456789+-_.eExX \t\u0661\uff11"), min_size=1, max_size=9),
        ),
        min_size=1,
        max_size=2,
    )
)
def test_numbers_are_cells_of_digits_and_nothing_else(cells: list[str]) -> None:
    given = pl.Series(cells)
    are = all(re.fullmatch("[0-9]|[1-9][0-9]{1,18}", cell) for cell in cells)
    assert outline._are_numbers(given, given.str.len_bytes().to_numpy()) == are


@pytest.mark.parametrize("slug", KINDS)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_identifier_has_a_trace(slug: str, data: st.DataObject) -> None:
    """Cells without one are never looked at, by the plain search neither."""
    printed = st.characters(min_codepoint=32, max_codepoint=126)
    text = data.draw(st.from_regex(KINDS[slug].pattern, fullmatch=True, alphabet=printed))
    assume(slug != "passport" or KINDS[slug].is_valid(text))
    # A telephone number has seven digits, and no gaps of more than a few characters.
    is_phone = len(re.sub("[^0-9]", "", text)) >= 7 and not re.search("[ ().-]{7}", text)
    assume(slug != "phone" or is_phone)
    assert re.search(TRACE, text)
    assert re.search(TRACE, f" {text.lower()} ")


def outline_of(text: str) -> str:
    """Of a text of at most 32 bytes."""
    return outline._text_of(outline._outline(pl.Series([text])).row(0))


class TestOutlines:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1234567", "0000000"),
            ("AB 12 cd", "AA 00 aa"),
            ("2026-11-26 10:30:00.123456+01:00", "0000-00-00 00:00:00.000000+00:00"),
            ("%40 a@b.c (1/2)", "%00 a@a.a (0/0)"),
            ("o'neil_1#", "a_aaaa_0_"),
            ("a\0b\t\x7f", "a~a~~"),
            ("\u00e91", "~~0"),
            ("  1 ", "  0"),
            ("12345678901234567", "0" * 17),
        ],
    )
    def test_show_the_sort_of_each_character(self, text: str, expected: str) -> None:
        assert outline_of(text) == expected

    @pytest.mark.parametrize(
        ("name", "pattern"),
        [
            *((f"rough {slug}", pattern) for slug, pattern in ROUGH.items()),
            *((f"whole {slug}", pattern) for slug, pattern in WHOLE.items()),
            *((f"bare {slug}", pattern) for slug, pattern in BARE.items()),
            *((f"near {slug}", pattern) for slug, pattern in NEAR.items()),
            ("trace", TRACE),
            ("floor", FLOOR),
        ],
    )
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_of_all_that_a_pattern_finds_the_wide_one_finds(
        self, name: str, pattern: str, data: st.DataObject
    ) -> None:
        ascii_only = st.characters(min_codepoint=32, max_codepoint=126)
        text = data.draw(st.from_regex(pattern, alphabet=ascii_only), label=name).strip("\n")
        if name != "floor" and not name.startswith("near"):
            text = text.upper()
        assume(0 < len(text) <= outline.LONGEST and re.search(pattern, text))
        assert re.search(outline.widen(pattern), outline_of(text))
