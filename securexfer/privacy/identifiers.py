"""Finding identifiers in what leaves: column by column, over whole blocks.

Cheap searches leave the few cells that could hold one; all of these are looked at. An identifier
inside longer text counts by itself. Whole cells are judged by their column: a tenth of all
ten-digit numbers pass the check of an NHS number, so it matters how many that look alike pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from securexfer.privacy.folding import fold_cells, fold_plain, fold_text, words_of
from securexfer.privacy.kinds import KINDS, Kind
from securexfer.privacy.outline import ALL, NUMBER, PASSPORT, bit_of, near_bit_of, sift
from securexfer.privacy.pattern import (
    ANY,
    BARE,
    BY_NAME,
    NEAR,
    RARE_TRACE,
    ROUGH,
    TRACE,
    WHOLE,
)
from securexfer.privacy.spotting import AS_NUMBERS, OPEN_ENDED, is_labelled, spans_in, valid_in
from securexfer.privacy.stack import Stack
from securexfer.privacy.validity import are_valid

Numbers = npt.NDArray[np.uint32]
REDACTED = "[redacted]"
# Of cells that look alike, so many must pass, or they are another kind of number.
_SHARE = 0.5
# Where there is a check, so many of a good number are no chance either.
_LARGE, _LARGE_SHARE = 50, 0.25
# Of the cells of a column, where the look alone shows little.
_WEAK_SHARE = 0.3
# Of so many look-alikes inside text, no more than this share: they pass by chance.
_MANY, _CHANCE = 20, 1 / 6
_BY_CHANCE = ("nhs", "pnc", "cro", "card")
# Of a column's cells, so many different ones are too many to tell apart.
_MOSTLY = 0.95
# Columns of these have four numbers with dots.
_VERSIONS = frozenset(["version", "release", "build", "firmware", "netmask", "mask", "subnet"])


@dataclass
class Evidence:
    """Of one kind in one column, over any number of blocks; all are counts of cells.

    Attributes:
        n_shaped: whole cells that look like it, or are of the same sort.
        n_valid: of these, those that are valid.
        n_embedded: cells in which longer text has a valid one.
        n_embedded_shaped: cells in which longer text has what looks like one.
        n_labelled: of `n_embedded`, those that name the kind before it.
        n_spelled: of `n_valid`, those that are written as nothing else is.
        n_bare: whole cells that are one if the column is called so.
    """

    n_shaped: int
    n_valid: int
    n_embedded: int
    n_embedded_shaped: int = 0
    n_labelled: int = 0
    n_spelled: int = 0
    n_bare: int = 0

    def add(self, other: Evidence) -> None:
        """Add another block's."""
        for name, n in vars(other).items():
            setattr(self, name, getattr(self, name) + n)


@dataclass(frozen=True)
class Sighting:
    """Identifiers of one kind in a column.

    Attributes:
        kind: its slug.
        n_cells: cells that have one.
        n_embedded: of these, those in which it is part of longer text.
    """

    kind: str
    n_cells: int
    n_embedded: int


def look(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, dict[str, Evidence]]:
    """What speaks for each kind in each of these text columns, where anything does."""
    if not columns or not frame.height:
        return {}
    repeats = _find_repeating(Stack(frame, columns))
    counted = [_count(frame[name]) if name in repeats else _take(frame[name]) for name in columns]
    cells = pl.concat([some for some, _ in counted])
    sizes = [some.len() for some, _ in counted]
    times = np.concatenate([n for _, n in counted])
    kinds = sift(cells)
    finds = _Finds(len(columns))
    passports = np.add.reduceat(np.where(kinds == PASSPORT, times, 0), np.cumsum([0, *sizes[:-1]]))
    for column in np.flatnonzero(passports):
        finds.add(int(column), "passport", int(passports[column]), "n_shaped", "n_valid")
    rows = np.flatnonzero((kinds != 0) & (kinds != PASSPORT))
    if rows.size:
        numbers = np.repeat(np.arange(len(columns), dtype=np.uint32), sizes)
        some = pl.DataFrame({"column": numbers[rows], "kinds": kinds[rows], "n": times[rows]})
        _search(some.with_columns(cell=cells.gather(rows)), finds)
    return {column: kinds for column, kinds in zip(columns, finds.in_order(), strict=True) if kinds}


def _find_repeating(stack: Stack) -> set[str]:
    """Columns that repeat values, as most do. In others, that takes longer than to look at all."""
    step = max(stack.height // min(max(stack.height // 16, 64), 2048), 1)
    tried = pl.DataFrame(
        {
            "column": np.arange(0, stack.cells.len(), step) // stack.height,
            "cell": stack.cells.gather_every(step),
        }
    )
    found = tried.group_by("column").agg(pl.col("cell").n_unique(), pl.len())
    return {
        stack.columns[column]
        for column, n_different, n in found.iter_rows()
        if n_different < _MOSTLY * n
    }


def _count(cells: pl.Series) -> tuple[pl.Series, Numbers]:
    counted = cells.value_counts(name="n")
    return counted.to_series(0).alias("cell"), counted["n"].to_numpy()


def _take(cells: pl.Series) -> tuple[pl.Series, Numbers]:
    return cells.alias("cell"), np.ones(cells.len(), dtype=np.uint32)


def judge(names: Sequence[str], evidence: Mapping[str, Evidence], n_filled: int) -> list[Sighting]:
    """Which kinds a column holds, by all its evidence.

    Args:
        names: what the column is called, here and at its source.
        evidence: over all blocks.
        n_filled: cells that are not blank.
    """
    words = {word for name in names for word in words_of(name)}
    found = []
    for slug, one in evidence.items():
        kind = KINDS[slug]
        is_named = bool(words & kind.words)
        if slug == "ip" and not is_named and words & _VERSIONS:
            continue
        n_whole = one.n_valid
        if slug in BY_NAME:
            counts = is_named
        elif kind.is_weak:
            counts = n_whole >= _WEAK_SHARE * n_filled or is_named
        else:
            is_large = kind.is_checked and one.n_shaped >= _LARGE
            share = _LARGE_SHARE if is_large else _SHARE
            counts = n_whole >= share * one.n_shaped or is_named
        if not counts:
            n_whole = one.n_spelled
        n_embedded = one.n_embedded
        is_chance = one.n_embedded_shaped >= _MANY and n_embedded <= _CHANCE * one.n_embedded_shaped
        if slug in _BY_CHANCE and is_chance and not is_named:
            n_embedded = one.n_labelled
        n_cells = n_embedded + n_whole + (one.n_bare if is_named else 0)
        if n_cells:
            found.append(Sighting(slug, n_cells, n_embedded))
    return found


def redact_identifiers(cells: pl.Series, allow: frozenset[str] = frozenset()) -> pl.Series:
    """Texts with every valid identifier replaced by `[redacted]`, but for the kinds in `allow`."""
    rows = _have_trace(cells.fill_null("")).arg_true()
    if not rows.len():
        return cells
    kinds = [k for slug, k in KINDS.items() if slug not in BY_NAME and slug not in allow]
    redacted = [_redact(cell, kinds) for cell in cells.gather(rows).to_list()]
    return cells.scatter(rows, pl.Series(redacted, dtype=pl.String))


def _redact(cell: str, kinds: Sequence[Kind]) -> str:
    folded, places = fold_text(cell)
    spans = [span for kind in kinds for span in valid_in(folded, kind)]
    parts, done = [], 0
    for first, last in sorted((places[start], places[end - 1]) for start, end in spans):
        if first >= done:
            parts += [cell[done:first], REDACTED]
        done = max(done, last + 1)
    return "".join([*parts, cell[done:]])


def _have_trace(cells: pl.Series) -> pl.Series:
    have = cells.str.contains(TRACE)
    is_rare = cells.str.len_bytes() != cells.str.len_chars()
    return have | (is_rare & cells.str.contains(RARE_TRACE)) if is_rare.any() else have


class _Finds:
    """Evidence as it is found, by column and kind."""

    def __init__(self, n_columns: int) -> None:
        self._found: list[dict[str, Evidence]] = [{} for _ in range(n_columns)]

    def of(self, column: int, slug: str) -> Evidence:
        """To be added to."""
        return self._found[column].setdefault(slug, Evidence(0, 0, 0))

    def count(self, slug: str, cells: pl.DataFrame, *fields: str) -> None:
        """Add to these fields how many cells there are in each column."""
        for column, n in cells.group_by("column").agg(pl.col("n").sum()).iter_rows():
            self.add(column, slug, n, *fields)

    def add(self, column: int, slug: str, n: int, *fields: str) -> None:
        """Add so many to these fields."""
        evidence = self.of(column, slug)
        for name in fields:
            setattr(evidence, name, getattr(evidence, name) + n)

    def in_order(self) -> list[dict[str, Evidence]]:
        """Where there is any, kinds in their order."""
        return [
            {
                slug: kinds[slug]
                for slug in KINDS
                if slug in kinds and any(vars(kinds[slug]).values())
            }
            for kinds in self._found
        ]


def _search(cells: pl.DataFrame, finds: _Finds) -> None:
    """Look at cells that may hold something; each with its column, its kinds and how often."""
    is_number = cells["kinds"] & NUMBER != 0
    is_number &= ~cells["cell"].str.starts_with("0")
    if is_number.any():
        _search_numbers(cells.filter(is_number), finds)
        cells = cells.filter(~is_number)
    is_plain = cells["kinds"] != ALL
    _search_near(cells, finds)
    plain, others = cells.filter(is_plain), cells.filter(~is_plain)
    plain = plain.filter(plain["cell"].str.contains(TRACE))
    plain = plain.with_columns(fold_plain(plain["cell"]))
    if others.height:
        others = others.filter(_have_trace(others["cell"]))
        others = others.with_columns(fold_cells(others["cell"]))
        others = others.filter(others["cell"].str.contains(ANY))
    cells = plain.vstack(others)
    for slug, kind in KINDS.items():
        some = cells.filter(cells["kinds"] & bit_of(slug) != 0)
        if not some.height:
            continue
        if kind.bare:
            finds.count(slug, some.filter(pl.col("cell").str.contains(BARE[slug])), "n_bare")
        some = some.filter(pl.col("cell").str.contains(ROUGH[slug]))
        if some.height:
            _weigh(some, kind, finds)


def _search_numbers(cells: pl.DataFrame, finds: _Finds) -> None:
    """Whole numbers of ten digits and more that begin with no zero: few kinds can be that."""
    lengths = cells["cell"].str.len_bytes()
    for slug, shortest, longest in (("nhs", 10, 10), ("card", 13, 19)):
        some = cells.filter(lengths.is_between(shortest, longest))
        if some.height:
            finds.count(slug, some, "n_shaped")
            valid = are_valid(some["cell"], KINDS[slug].is_valid)
            finds.count(slug, some.filter(valid), "n_valid")
    bare = cells.filter(lengths.is_between(10, 12) & cells["cell"].str.contains(BARE["phone"]))
    finds.count("phone", bare, "n_bare")


def _search_near(cells: pl.DataFrame, finds: _Finds) -> None:
    """Of kinds that have a look to go by alone: whole cells of the same sort that lack that."""
    for slug, near in NEAR.items():
        alike = cells.filter(cells["kinds"] & near_bit_of(slug) != 0)
        alike = alike.filter(alike["cell"].str.contains(near))
        is_plain = alike["kinds"] != ALL
        plain, others = alike.filter(is_plain), alike.filter(~is_plain)
        if plain.height:
            lack = ~fold_plain(plain["cell"]).str.contains(WHOLE[slug])
            finds.count(slug, plain.filter(lack), "n_shaped")
        if others.height:
            # The outline of the others is not known to have both.
            has_both = others["cell"].str.contains("[A-Za-z]") & others["cell"].str.contains(
                "[0-9]"
            )
            lack = ~fold_cells(others["cell"]).str.contains(WHOLE[slug])
            finds.count(slug, others.filter(has_both & lack), "n_shaped")


def _weigh(cells: pl.DataFrame, kind: Kind, finds: _Finds) -> None:
    """Evidence for a kind in different cells that could hold it."""
    is_whole = cells["cell"].str.contains(WHOLE[kind.slug])
    whole, longer = cells.filter(is_whole), cells.filter(~is_whole)
    if whole.height:
        finds.count(kind.slug, whole, "n_shaped")
        typed = whole["cell"]
        if kind.slug in AS_NUMBERS:
            typed = typed.str.replace(r"^-", "").str.replace(r"\.0+$", "")
        valid = are_valid(typed, kind.is_valid)
        finds.count(kind.slug, whole.filter(valid), "n_valid")
        if kind.slug == "postcode":
            finds.count(kind.slug, whole.filter(valid & typed.str.contains(" ")), "n_spelled")
        if kind.slug in OPEN_ENDED:
            # A number before or behind it, so that the whole cell looks like one and is none.
            longer = longer.vstack(whole.filter(~valid & typed.str.contains("[ ().-]")))
    if kind.slug in BY_NAME:
        return
    for column, cell, n in longer.select("column", "cell", "n").iter_rows():
        looks = False
        found = finds.of(column, kind.slug)
        for start, _, is_valid in spans_in(cell, kind):
            looks = True
            if is_valid:
                found.n_embedded += n
                found.n_labelled += n * is_labelled(cell, start, kind)
                break
        found.n_embedded_shaped += n * looks
