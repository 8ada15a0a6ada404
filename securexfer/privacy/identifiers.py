"""Finding identifiers in what leaves: column by column, over whole blocks.

Cheap searches leave the few cells that could hold one; all of these are looked at. An identifier
inside longer text counts by itself. Whole cells are judged by their column: a tenth of all
ten-digit numbers pass the check of an NHS number, so it matters how many that look alike pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

import polars as pl

from securexfer.privacy.folding import fold_cells, fold_text, words_of
from securexfer.privacy.kinds import KINDS, Kind
from securexfer.privacy.spotting import (
    AS_NUMBERS,
    OPEN_ENDED,
    is_labelled,
    labels_of,
    spans_in,
    valid_in,
)
from securexfer.privacy.validity import are_valid

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
# What every one of them has somewhere; most cells have none of it and are not looked at again.
TRACE = (
    r"(?i)@|%40|[0-9](?:[^A-Z0-9]{0,6}[0-9]){6}|[A-Z][^A-Z0-9]{0,4}[0-9]{2}"
    r"|[0-9] ?/ ?[0-9]+ ?[A-Z]|[0-9][A-Z]{2}|(?:[0-9]{1,3}\.){3}|(?::[0-9A-F]*){3}|::"
)
_RARE, _RARE_TRACE = r"[^\x00-\x7f]", r"\p{N}|[@\x{FF20}\x{FE6B}]"
# Nobody finds these by their look.
_BY_NAME = ("passport",)
# Columns of these have four numbers with dots.
_VERSIONS = frozenset(["version", "release", "build", "firmware", "netmask", "mask", "subnet"])
_ROUGH = {
    slug: rf"(?:^|[^A-Z0-9])(?:{labels_of(k)})?(?:{k.pattern})(?:$|[^A-Z0-9])"
    for slug, k in KINDS.items()
}
WHOLE = {
    slug: rf"^-?(?:{k.pattern})(?:\.0+)?$" if slug in AS_NUMBERS else f"^(?:{k.pattern})$"
    for slug, k in KINDS.items()
}


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
    found = {column: _look_at(frame[column]) for column in columns}
    return {column: kinds for column, kinds in found.items() if kinds}


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
        if slug in _BY_NAME:
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
    kinds = [k for slug, k in KINDS.items() if slug not in _BY_NAME and slug not in allow]
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
    return cells.str.contains(TRACE) | (cells.str.contains(_RARE) & cells.str.contains(_RARE_TRACE))


def _look_at(cells: pl.Series) -> dict[str, Evidence]:
    # Different cells only: most columns repeat few values over and over.
    counted = cells.drop_nulls().value_counts(name="n")
    counted.columns = ["cell", "n"]
    found = {slug: Evidence(n, 0, 0) for slug, n in _near(counted) if n}
    counted = counted.filter(_have_trace(counted["cell"]))
    if not counted.height:
        return found
    counted = counted.with_columns(fold_cells(counted["cell"]).alias("cell"))
    suspects = counted.select(
        pl.col("cell").str.contains(_ROUGH[slug]).alias(slug) for slug in KINDS
    )
    for slug, kind in KINDS.items():
        evidence = found.get(slug, Evidence(0, 0, 0))
        if suspects[slug].any():
            evidence.add(_weigh(counted.filter(suspects[slug]), kind))
        if kind.bare:
            is_bare = counted["cell"].str.contains(rf"^{kind.bare}(?:\.0+)?$")
            evidence.n_bare = int(counted.filter(is_bare)["n"].sum())
        if any(astuple(evidence)):
            found[slug] = evidence
    return found


def _near(counted: pl.DataFrame) -> Iterator[tuple[str, int]]:
    """Of kinds that have a look to go by alone: whole cells of the same sort that lack that."""
    cell = pl.col("cell")
    # First what is quick to ask, and true of no cell of most columns.
    mixed = counted.filter(cell.str.contains("[A-Za-z]") & cell.str.contains("[0-9]"))
    if not mixed.height:
        return
    for slug, kind in KINDS.items():
        if kind.near:
            near = kind.near.replace("A-Z", "A-Za-z")
            alike = mixed.filter(cell.str.contains(rf"^\s*(?:{near})\s*$"))
            lack = ~fold_cells(alike["cell"]).str.contains(WHOLE[slug])
            yield slug, int(alike.filter(lack)["n"].sum())


def _weigh(counted: pl.DataFrame, kind: Kind) -> Evidence:
    """Evidence for a kind in distinct cells, with their counts, that could hold it."""
    is_whole = counted["cell"].str.contains(WHOLE[kind.slug])
    whole, longer = counted.filter(is_whole), counted.filter(~is_whole)
    found = Evidence(int(whole["n"].sum()), 0, 0)
    if whole.height:
        typed = whole["cell"]
        if kind.slug in AS_NUMBERS:
            typed = typed.str.replace(r"^-", "").str.replace(r"\.0+$", "")
        valid = are_valid(typed, kind.is_valid)
        found.n_valid = int(whole.filter(valid)["n"].sum())
        if kind.slug == "postcode":
            found.n_spelled = int(whole.filter(valid & typed.str.contains(" "))["n"].sum())
        if kind.slug in OPEN_ENDED:
            # A number before or behind it, so that the whole cell looks like one and is none.
            longer = longer.vstack(whole.filter(~valid & typed.str.contains("[ ().-]")))
    if kind.slug in _BY_NAME:
        return found
    for cell, n in longer.iter_rows():
        looks = False
        for start, _, is_valid in spans_in(cell, kind):
            looks = True
            if is_valid:
                found.n_embedded += n
                found.n_labelled += n * is_labelled(cell, start, kind)
                break
        found.n_embedded_shaped += n * looks
    return found
