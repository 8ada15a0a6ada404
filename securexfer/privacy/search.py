"""Searching whole blocks for identifiers: all columns at once, and every cell.

Outlines leave the few cells that could hold one; all of these are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from securexfer.privacy.folding import fold_cells, fold_plain
from securexfer.privacy.identifiers import Evidence
from securexfer.privacy.kinds import KINDS, Kind
from securexfer.privacy.outline import ALL, NUMBER, PASSPORT, bit_of, near_bit_of, sift
from securexfer.privacy.pattern import (
    ANY,
    BARE,
    BY_NAME,
    LONE,
    NEAR,
    ROUGH,
    TRACE,
    WHOLE,
    have_trace,
)
from securexfer.privacy.spotting import AS_NUMBERS, OPEN_ENDED, is_labelled, spans_in
from securexfer.privacy.stack import Stack
from securexfer.privacy.validity import are_valid

Numbers = npt.NDArray[np.uint32]
# Of a column's cells, so many different ones are too many to tell apart.
_MOSTLY = 0.95


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
        numbers = cells.filter(is_number)
        # Spaces behind a cell are no part of its outline.
        _search_numbers(numbers.with_columns(numbers["cell"].str.strip_chars_end(" ")), finds)
        cells = cells.filter(~is_number)
    is_plain = cells["kinds"] != ALL
    _search_near(cells, finds)
    plain, others = cells.filter(is_plain), cells.filter(~is_plain)
    plain = plain.filter(plain["cell"].str.contains(TRACE))
    plain = plain.with_columns(fold_plain(plain["cell"]))
    if others.height:
        others = others.filter(have_trace(others["cell"]))
        others = others.with_columns(fold_cells(others["cell"]))
        others = others.filter(others["cell"].str.contains(ANY))
    cells = plain.vstack(others)
    kinds = _any_of(cells)
    for slug, kind in KINDS.items():
        if not kinds & bit_of(slug):
            continue
        some = cells.filter(cells["kinds"] & bit_of(slug) != 0)
        if kind.bare:
            finds.count(slug, some.filter(pl.col("cell").str.contains(BARE[slug])), "n_bare")
        some = some.filter(pl.col("cell").str.contains(ROUGH[slug]))
        if some.height:
            _weigh(some, kind, finds)


def _any_of(cells: pl.DataFrame) -> int:
    """All that any of them may hold; nothing, if there are none."""
    return int(np.bitwise_or.reduce(cells["kinds"].to_numpy()))


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
    kinds = _any_of(cells)
    for slug, near in NEAR.items():
        if not kinds & near_bit_of(slug):
            continue
        alike = cells.filter(cells["kinds"] & near_bit_of(slug) != 0)
        alike = alike.filter(alike["cell"].str.contains(near))
        if not alike.height:
            continue
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
    if kind.slug in LONE:
        longer = _weigh_lone(longer, kind, finds)
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


def _weigh_lone(cells: pl.DataFrame, kind: Kind, finds: _Finds) -> pl.DataFrame:
    """Count cells with one number in text, which can be nothing else; the others are left."""
    cells = cells.with_columns(pl.col("cell").str.extract(LONE[kind.slug]).alias("number"))
    lone = cells.filter(pl.col("number").is_not_null())
    if lone.height:
        finds.count(kind.slug, lone, "n_embedded_shaped")
        lone = lone.filter(are_valid(lone["number"], kind.is_valid))
        finds.count(kind.slug, lone, "n_embedded")
        for column, cell, n, number in lone.select("column", "cell", "n", "number").iter_rows():
            if is_labelled(cell, cell.index(number), kind):
                finds.add(column, kind.slug, n, "n_labelled")
    return cells.filter(pl.col("number").is_null())
