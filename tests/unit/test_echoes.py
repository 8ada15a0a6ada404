"""Echoes: what the row holds back and another field says."""

from __future__ import annotations

import random
import re
import time
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.privacy.echoes import EchoPair, _has_no_names, count_echoes, redact_echoes

PAIR = EchoPair("source", "target")


def framed(rows: list[tuple[str | None, str | None]]) -> pl.DataFrame:
    schema = {"source": pl.String, "target": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def echoes(source: str | None, target: str | None) -> bool:
    return count_echoes(framed([(source, target)]), [PAIR])[PAIR] == 1


FOUND = [
    ("Smith", "spoke to Mrs SMITH today", "spoke to Mrs [redacted] today"),
    ("Smith", "smith", "[redacted]"),
    ("SMITH", "Smith's house", "[redacted]'s house"),
    ("Smith", "Smith\u2019s house", "[redacted]\u2019s house"),
    ("Smith", "(smith), Smith.", "([redacted]), [redacted]."),
    ("Smith", "smith/jones", "[redacted]/jones"),
    ("Smith-Jones", "met Jones", "met [redacted]"),
    ("Mary Ann", "ann rang", "[redacted] rang"),
    ("O'Brien", "obrien", "[redacted]"),
    ("O'Brien", "O\u2019BRIEN rang", "[redacted] rang"),
    ("O'Brien", "O Brien", "O [redacted]"),
    ("van der Berg", "Mr Berg", "Mr [redacted]"),
    ("Jos\u00e9", "jose rang", "[redacted] rang"),
    ("Jose", "JOS\u00c9 rang", "[redacted] rang"),
    ("Smith", "\uff33\uff4d\uff49\uff54\uff48 rang", "[redacted] rang"),
    ("Smith", "Smi\u00adth rang", "[redacted] rang"),
    ("Smith", "S\u200bmith rang", "[redacted] rang"),
    ("\u0418\u0432\u0430\u043d\u043e\u0432", "\u0438\u0432\u0430\u043d\u043e\u0432", "[redacted]"),
    ("99/123456X", "pnc 99/123456x.", "pnc [redacted]."),
    ("99/123456X", "pnc 99 123456X", "pnc [redacted]"),
    ("99/123456X", "99123456X", "[redacted]"),
    ("9434765919", "nhs 943 476 5919 on file", "nhs [redacted] on file"),
    ("P123456", "p123456", "[redacted]"),
]


@pytest.mark.parametrize(("source", "target", "redacted"), FOUND)
def test_it_is_found_and_can_be_taken_out(source: str, target: str, redacted: str) -> None:
    frame, counts = redact_echoes(framed([(source, target)]), [PAIR])
    assert (frame["target"].to_list(), counts) == ([redacted], {PAIR: 1})
    assert frame["source"].to_list() == [source]
    assert echoes(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Smith", "Smithson and Blacksmith"),
        ("Ann", "annual"),
        ("Li", "Li was there"),
        ("Jo Li", "Jo"),
        ("", "anything"),
        ("  ", "anything"),
        (None, "anything"),
        ("Smith", None),
        ("Smith", ""),
        ("1001", "1001"),
        ("A-12", "A-12"),
        ("99/123456X", "1099/123456X"),
        ("9434765919", "94347659190"),
        ("Redacted", "[redacted] said so"),
        ("Smith", "123 456"),
    ],
)
def test_it_is_none(source: str | None, target: str | None) -> None:
    assert not echoes(source, target)


def test_another_rows_name_is_no_echo() -> None:
    frame = framed([("Smith", "Jones rang"), ("Jones", "Smith rang")])
    assert count_echoes(frame, [PAIR]) == {PAIR: 0}
    assert redact_echoes(frame, [PAIR])[0].equals(frame)


def test_several_sources_are_taken_out_of_one_field_together() -> None:
    frame = pl.DataFrame({"a": ["Mary"], "b": ["Smith"], "t": ["Mary Smith, mary"], "u": ["Smith"]})
    pairs = [EchoPair(a, t) for a in "ab" for t in "tu"]
    redacted, counts = redact_echoes(frame, pairs)
    assert redacted["t"].to_list() == ["[redacted] [redacted], [redacted]"]
    assert redacted["u"].to_list() == ["[redacted]"]
    assert [counts[pair] for pair in pairs] == [1, 0, 1, 1]
    assert sum(count_echoes(redacted, pairs).values()) == 0


names = st.lists(
    st.sampled_from(
        ["ann", "Anna", "O'Neil", "neil", "Lee-Ann", "Zo\u00eb", "zoe", "X12", "P-123456"]
    ),
    max_size=3,
).map(" ".join)
notes = st.lists(
    st.sampled_from(
        [
            "ann",
            "ANNA",
            "oneil",
            "O\u2019Neil's",
            "neil,",
            "(zoe)",
            "Zo\u00eb.",
            "p123456",
            "12",
            "annual",
            "-",
        ]
    ),
    max_size=6,
).map(" ".join)


def slow(source: str, target: str) -> bool:
    """The same in plain Python, word by word."""

    def fold(text: str) -> str:
        plain = unicodedata.normalize("NFKD", text).lower().replace("\u2019", "'")
        return "".join(c for c in plain if not unicodedata.combining(c))

    def words(text: str) -> set[str]:
        both = f"{fold(text)} {fold(text).replace(chr(39), '')}"
        return set(re.findall(r"[^\W_]+", both))

    parts = {
        part
        for form in (fold(source), fold(source).replace("'", ""))
        for part in re.findall(r"[^\W\d_]{3,}", form)
    }
    number = re.sub(r"[\W_]", "", fold(source))
    if re.search(r"\d", number) and len(number) >= 6:
        spelled = r"[\W_]*".join(map(re.escape, number))
        if re.search(rf"(?<![^\W_]){spelled}(?![^\W_])", fold(target)):
            return True
    return bool(parts & words(target))


@settings(max_examples=300)
@given(st.lists(st.tuples(names, notes), max_size=30))
def test_it_equals_a_slow_search_and_nothing_is_left_after_redaction(
    rows: list[tuple[str, str]],
) -> None:
    frame = framed(list(rows))
    expected = sum(slow(source, target) for source, target in rows)
    assert count_echoes(frame, [PAIR]) == {PAIR: expected}
    redacted, counts = redact_echoes(frame, [PAIR])
    assert counts == {PAIR: expected}
    assert count_echoes(redacted, [PAIR]) == {PAIR: 0}
    for (source, target), after in zip(rows, redacted["target"], strict=True):
        assert (after == target) != slow(source, target)


def test_many_rows_are_searched_alike() -> None:
    chance = random.Random(1)
    words = ["ann", "smith", "annual", "review", "smithson", "lee"]
    rows = [(chance.choice(words), " ".join(chance.choices(words, k=3))) for _ in range(5000)]
    expected = sum(slow(source, target) for source, target in rows)
    assert count_echoes(framed(list(rows)), [PAIR])[PAIR] == expected


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Smith-Jones", "smithjones rang"),
        ("Anne-Marie", "Annemarie rang"),
        ("Mc Donald", "McDonald rang"),
        ("O Brien", "OBrien rang"),
        ("O\u2018Brien", "OBrien rang"),
        ("de la Cruz", "delacruz rang"),
        ("N'Go", "N'Go rang"),
        ("D'Or", "dor"),
        ("\u0141ukasz", "Lukasz rang"),
        ("Lukasz", "\u0141ukasz rang"),
        ("S\u00f8rensen", "Sorensen rang"),
        ("Stra\u00dfer", "Strasser rang"),
        ("Y\u0131lmaz", "Yilmaz rang"),
        ("0123456789", "ref 123456789"),
        ("123456789", "ref 0123456789"),
        ("123456.0", "ref 123456"),
        ("J.F.K.", "saw JFK there"),
        ("A b-C", "a b-c abc"),
        ("Dor", "D'Or"),
        ("Ngo", "N\u2019go"),
        ("123456", "0 00-0 0123456"),
    ],
)
@pytest.mark.parametrize("n_rows", [1, 40])
def test_other_ways_to_type_a_name_or_a_number_are_found(
    source: str, target: str, n_rows: int
) -> None:
    """In one row as in many alike, which are looked at in another way."""
    frame = pl.DataFrame({"s": [source] * n_rows, "t": [target] * n_rows})
    pair = EchoPair("s", "t")
    assert count_echoes(frame, [pair])[pair] == n_rows
    redacted, counts = redact_echoes(frame, [pair])
    assert counts[pair] == n_rows
    assert count_echoes(redacted, [pair])[pair] == 0


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Not Known", "Address not confirmed."),
        ("Mr and Mrs Smith", "Seen and advised"),
        ("5 The Green, York", "Attended the office"),
        ("Mrs Ann Smith", "Spoke to Mrs Jones"),
    ],
)
def test_words_of_every_text_are_no_echo(source: str, target: str) -> None:
    pair = EchoPair("s", "t")
    assert count_echoes(pl.DataFrame({"s": [source], "t": [target]}), [pair])[pair] == 0


@pytest.mark.parametrize(
    "source",
    [
        "Flat 2, 14 Acacia Avenue, Chorlton-cum-Hardy, Manchester M21 8UP",
        "9434765919 see letter from Westminster City Council dated 3 May",
        "1" * 200,
        "1" * (1 << 20),
        "x" * (1 << 20),
        "7 " + "a" * 300 + " 7",
    ],
    ids=["address", "dirty", "200 digits", "digits", "letters", "long word"],
)
def test_a_source_of_any_length_can_be_looked_for(source: str) -> None:
    """A pattern is made of what is looked for, and engines have limits."""
    targets = ["Seen 2024 at 10:30, case 1234567", source[:5000]]
    frame = pl.DataFrame({"s": [source, "P1"] * 2, "t": targets * 2})
    pair = EchoPair("s", "t")
    count_echoes(frame, [pair])
    redact_echoes(frame, [pair])


CELLS = st.lists(st.none() | st.text(alphabet="aZ9 '`-\n\x11\u00e9\u2019", max_size=6), max_size=6)


@given(CELLS)
def test_what_has_no_names_at_a_glance_has_none(cells: list[str | None]) -> None:
    column = pl.Series("c", cells, dtype=pl.String)
    could_be = [
        cell
        for cell in cells
        if cell and (not cell.isascii() or re.search("(?:[aZ][^aZ9]*){3}", cell))
    ]
    assert _has_no_names(column) is not bool(could_be)


SMALL = st.text(alphabet="abA1. '-\u00c1", max_size=7)


@settings(max_examples=400)
@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=6), st.sampled_from([1, 5]))
def test_a_row_is_judged_alike_whatever_rows_are_beside_it(
    rows: list[tuple[str | None, str | None]], n_times: int
) -> None:
    """Where its block ends, and what else a column holds, decides only how it is looked for."""
    alone = sum(echoes(*row) for row in rows)
    beside: list[tuple[str | None, str | None]] = [
        ("Mary Smith-Jones 1234567", "nothing of all this, 987 654 321")
    ]
    assert count_echoes(framed(rows * n_times), [PAIR]) == {PAIR: alone * n_times}
    assert count_echoes(framed(rows * n_times + beside), [PAIR]) == {PAIR: alone * n_times}


def test_a_long_row_of_zeros_takes_no_longer_than_other_text() -> None:
    frame = framed([("123456", "0 " * (1 << 15) + "123456x")])
    began = time.process_time()
    assert count_echoes(frame, [PAIR]) == {PAIR: 0}
    assert time.process_time() - began < 5
