"""Identifiers in what leaves: what speaks for them, what a column holds by that, and redaction.

An identifier inside longer text counts by itself. Whole cells are judged by their column: a tenth
of all ten-digit numbers pass the check of an NHS number, so it matters how many that look alike
pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from securexfer.privacy.folding import fold_text, words_of
from securexfer.privacy.kinds import KINDS, Kind
from securexfer.privacy.pattern import BY_NAME, have_trace
from securexfer.privacy.spotting import valid_in

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


def judge(names: Sequence[str], evidence: Mapping[str, Evidence], n_filled: int) -> list[Sighting]:
    """Which kinds a column holds, by all its evidence.

    Args:
        names: what the column is called, here and at its source.
        evidence: over all blocks.
        n_filled: cells that are not blank.
    """
    words = {word for name in names for word in words_of(name)}
    found = []
    # In the order of kinds, not of the blocks in which they were seen first.
    for slug, kind in KINDS.items():
        if (one := evidence.get(slug)) is None:
            continue
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
    rows = have_trace(cells.fill_null("")).arg_true()
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
