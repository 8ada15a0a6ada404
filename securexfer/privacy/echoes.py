"""Echoes: a value that stays, or leaves as a token, and that another field of its row repeats.

A value is found as a whole word, in any case, with or without accents. The parts of a name count as
well, if they are of letters and three or more; a value with digits counts whole, with or without
what stands between its characters, if it has six letters and digits or more. Shorter numbers are
everywhere, and would be found in amounts and dates. Zeros before it, and `.0` after it, come and go
with spreadsheets. Words that stand in every text, as `and` in `Mr and Mrs`, are nobody's name.

All rows of a block are looked at together: a search for each row's own words leaves the few rows
that have them somewhere, and these are compared word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from securexfer.privacy.spelling import (
    APOSTROPHE,
    MIN_CHARACTERS,
    MIN_LETTERS,
    PART,
    REDACTED,
    WORD,
    fold,
    fold_cell,
    fold_source,
    name_parts,
    numbers_of,
    spelled_number,
    words_of,
)

# Of a pattern that leaves few cells: so many digits, and letters between two of them, at the most.
_MAX_DIGITS, _MAX_INNER_LETTERS = 8, 3
# From so many rows for each different cell on, it pays to look at the different cells.
_REPEATS_OF_NARROW = 4
# So many letters with no more than signs and spaces between them: joined, they are one word.
_JOINED = r"\p{L}" + rf"(?:[^\p{{L}}\p{{N}}]*\p{{L}}){{{MIN_LETTERS - 1}}}"
# The same at a glance: every letter is an `a`, and only digits stand between two of them.
_SORTS = bytes(ord("a") if chr(byte).isalpha() else byte for byte in range(256))
_SIGNS = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_RUN = b"a" * MIN_LETTERS
_NO_ROWS = pl.Series([], dtype=pl.UInt32)
_NO_NUMBERS = pl.Series([], dtype=pl.String)


@dataclass(frozen=True)
class EchoPair:
    """Two columns of a frame: an identifying one, and one that leaves."""

    source: str
    target: str


def count_echoes(frame: pl.DataFrame, pairs: Sequence[EchoPair]) -> dict[EchoPair, int]:
    """How many cells of each target repeat something of their row's source.

    Args:
        frame: text columns; null or empty cells are blank.
        pairs: which columns to compare.
    """
    finder = _Finder(frame)
    return {pair: finder.rows(pair).len() for pair in pairs}


def redact_echoes(
    frame: pl.DataFrame, pairs: Sequence[EchoPair]
) -> tuple[pl.DataFrame, dict[EchoPair, int]]:
    """The frame with every repeated word replaced by `[redacted]`, and how many cells had one."""
    finder = _Finder(frame)
    found = {pair: finder.rows(pair) for pair in pairs}
    for target in dict.fromkeys(pair.target for pair in pairs):
        mine = [pair for pair in pairs if pair.target == target and found[pair].len()]
        if mine:
            frame = _redact(frame, target, {pair.source: found[pair] for pair in mine})
    return frame, {pair: rows.len() for pair, rows in found.items()}


class _Finder:
    """Finds echoes in one frame; each column is put into comparable form once."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._columns: dict[str, _Column] = {}

    def rows(self, pair: EchoPair) -> pl.Series:
        """Numbers of the rows in which the target repeats the source."""
        source, target = self._column(pair.source), self._column(pair.target)
        rows = pl.concat([_with_words(source, target), _with_numbers(source, target)])
        rows = rows.unique().sort()
        if not rows.len():
            return rows
        needles = _needles_of(fold_source(source.cells.gather(rows)))
        return rows.filter(_repeats(fold(target.cells.gather(rows)), needles))

    def _column(self, name: str) -> _Column:
        if name not in self._columns:
            self._columns[name] = _Column(self._frame[name])
        return self._columns[name]


class _Column:
    """One column, and what can be said of it by its different cells alone.

    Most columns repeat few values over and over; then those are looked at, and not each cell.

    Attributes:
        cells: as they are.
    """

    def __init__(self, cells: pl.Series) -> None:
        self.cells = cells

    @cached_property
    def distinct(self) -> pl.Series:
        """Its different cells."""
        return self.cells.unique()

    @cached_property
    def is_narrow(self) -> bool:
        """Whether its cells are few values, repeated."""
        return self.distinct.len() * _REPEATS_OF_NARROW <= self.cells.len()

    @cached_property
    def folded(self) -> pl.Series:
        """All cells in comparable form."""
        return fold(self.cells)

    @cached_property
    def words(self) -> pl.DataFrame:
        """Different cells, `cell`, and the parts of names in them, `word`; a row for each word."""
        found = pl.DataFrame({"cell": self.distinct, "word": words_of(fold(self.distinct), PART)})
        return found.explode("word").drop_nulls()

    @cached_property
    def names(self) -> pl.DataFrame:
        """Different cells, `cell`, and the words by which a name in them is found, `word`."""
        if _has_no_names(self.cells):
            return pl.DataFrame(schema={"cell": pl.String, "word": pl.String})
        cells = self.distinct.drop_nulls()
        is_rare = cells.str.len_bytes() != cells.str.len_chars()
        cells = cells.filter(cells.str.contains(_JOINED) | is_rare)
        found = pl.DataFrame({"cell": cells, "word": name_parts(fold_source(cells))})
        return found.explode("word").drop_nulls()

    @cached_property
    def parts(self) -> pl.Series:
        """The parts of names in each cell, as lists."""
        return name_parts(fold_source(self.cells))

    @cached_property
    def numbers(self) -> pl.Series | None:
        """The number in each cell, or null; None where there is none at all."""
        has_digit = self.cells.str.contains(r"\p{N}")
        return numbers_of(fold_source(self.cells)) if has_digit.any() else None

    @cached_property
    def like_numbers(self) -> str:
        """A pattern that every cell has which repeats one of the numbers, and few others have.

        As many digits, with no longer words between them than the numbers have; up to bounds, as
        the pattern grows with both.
        """
        numbers = self.numbers.drop_nulls() if self.numbers is not None else _NO_NUMBERS
        digits = numbers.str.replace_all(r"\P{N}", "").str.len_chars()
        n_digits = min(int(digits.min() or 1), _MAX_DIGITS)  # type: ignore[arg-type]
        inner = numbers.str.replace_all(r"^\p{L}+|\p{L}+$", "")
        inner = inner.str.extract_all(r"\p{L}+").explode().str.len_chars()
        n_letters = int(inner.max() or 0)  # type: ignore[arg-type]
        between = r"[^\p{L}\p{N}]*" + rf"(?:\p{{L}}[^\p{{L}}\p{{N}}]*){{0,{n_letters}}}"
        if n_letters > _MAX_INNER_LETTERS:
            between = r"\P{N}*"
        return rf"\p{{N}}(?:{between}\p{{N}}){{{n_digits - 1}}}"

    @cached_property
    def may_hold_numbers(self) -> bool:
        """Whether any cell is long enough for a number that counts, and has a digit."""
        cells = self.distinct if self.is_narrow else self.cells
        is_long = cells.str.len_bytes() >= MIN_CHARACTERS
        return bool((is_long & cells.str.contains(r"\p{N}")).any())


@dataclass(frozen=True)
class _Needles:
    """What to look for in each row: its words, the longest list first; and its number, if any."""

    words: pl.Series
    numbers: pl.Series | None


def _needles_of(folded: pl.Series) -> _Needles:
    return _Needles(name_parts(folded), numbers_of(folded))


def _with_words(source: _Column, target: _Column) -> pl.Series:
    """Rows whose target may have one of their words, be it inside another."""
    if target.is_narrow:
        # The few that have a word of any of the target's cells; usually none.
        if not target.words.height or not source.names.height:
            return _NO_ROWS
        common = source.names.filter(pl.col("word").is_in(target.words["word"].implode()))
        if not common.height:
            return _NO_ROWS
        return source.cells.is_in(common["cell"].implode()).arg_true()
    if not source.names.height:
        return _NO_ROWS
    rows = target.folded.str.contains(f"{PART}|{APOSTROPHE}").arg_true()
    cells, words = target.folded.gather(rows), source.parts.gather(rows)
    if not rows.len():
        return rows
    found = pl.Series([False]).new_from_index(0, rows.len())
    apart = cells.str.replace_all(APOSTROPHE, "") if cells.str.contains(APOSTROPHE).any() else None
    for position in range(int(words.list.len().max() or 0)):  # type: ignore[arg-type]
        word = words.list.get(position, null_on_oob=True)
        found = found | _contains(cells, word)
        if apart is not None:
            found = found | _contains(apart, word)
    return rows.filter(found)


def _with_numbers(source: _Column, target: _Column) -> pl.Series:
    """Rows whose target has their number, whatever stands between its characters."""
    if not target.may_hold_numbers or source.numbers is None:
        return _NO_ROWS
    rows = target.folded.str.contains(source.like_numbers).arg_true()
    squeezed = target.folded.gather(rows).str.replace_all(r"[^\p{L}\p{N}]", "")
    return rows.filter(_contains(squeezed, source.numbers.gather(rows)))


def _has_no_names(cells: pl.Series) -> bool:
    """Whether a look at all their bytes together shows that none holds a name: most numbers."""
    # Digits, one of them between any two cells, part letters; signs and spaces may join them.
    text = cells.str.join("0").item() or ""
    return text.isascii() and _RUN not in text.encode("ascii").translate(_SORTS, _SIGNS)


def _contains(cells: pl.Series, needles: pl.Series) -> pl.Series:
    both = pl.DataFrame({"cell": cells, "needle": needles})
    found = pl.col("cell").str.contains(pl.col("needle"), literal=True)
    return both.select(found.fill_null(value=False))["cell"]


def _repeats(target: pl.Series, needles: _Needles) -> pl.Series:
    """Whether each cell has one of its row's words as a word of its own, or its row's number."""
    words = words_of(target, WORD)
    found = words.list.set_intersection(needles.words).list.len() > 0
    if needles.numbers is not None:
        cells = zip(target.to_list(), needles.numbers.to_list(), strict=True)
        held = [
            number is not None and spelled_number(number).search(c) is not None
            for c, number in cells
        ]
        found = found | pl.Series(held, dtype=pl.Boolean)
    return found


def _redact(frame: pl.DataFrame, target: str, found: dict[str, pl.Series]) -> pl.DataFrame:
    """Replace what the rows that were found repeat; only these cells are taken out of the frame."""
    cells = frame[target]
    changed: dict[int, str] = {}
    for source, rows in found.items():
        needles = _needles_of(fold_source(frame[source].gather(rows)))
        numbers = needles.numbers.to_list() if needles.numbers is not None else [None] * rows.len()
        for row, words, number in zip(
            rows.to_list(), needles.words.to_list(), numbers, strict=True
        ):
            cell = changed.get(row, cells[row])
            changed[row] = _redact_cell(cell, words, number)
    rows = pl.Series(list(changed), dtype=pl.UInt32)
    cells = cells.scatter(rows, pl.Series(list(changed.values()), dtype=pl.String))
    frame = frame.with_columns(cells.alias(target))
    # Should anything be left, as where two ways of lowering a letter differ, the whole cell goes.
    finder = _Finder(frame[rows])
    left = [finder.rows(EchoPair(source, target)) for source in found]
    still = pl.concat(left).unique()
    if still.len():
        cells = frame[target].scatter(rows.gather(still), REDACTED)
        frame = frame.with_columns(cells.alias(target))
    return frame


def _redact_cell(cell: str, words: Iterable[str], number: str | None) -> str:
    spans: list[tuple[int, int]] = []
    listed = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    patterns = [re.compile(rf"(?<![^\W_])(?:{listed})(?![^\W_])")] if listed else []
    if number is not None:
        patterns.append(spelled_number(number))
    for keeps_apostrophes in (True, False):
        folded, places = fold_cell(cell, keeps_apostrophes=keeps_apostrophes)
        for pattern in patterns:
            found = pattern.finditer(folded)
            spans += [(places[m.start()], places[m.end() - 1] + 1) for m in found]
    parts, done = [], 0
    for start, end in sorted(spans):
        if start >= done:
            parts += [cell[done:start], REDACTED]
        done = max(done, end)
    return "".join([*parts, cell[done:]])
