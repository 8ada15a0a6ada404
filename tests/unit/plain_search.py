"""The search for identifiers said plainly: each column by itself, each of its different cells.

It has the patterns and checks of what it is compared with, and nothing that is there for speed:
every pattern is tried on every cell.
"""

from __future__ import annotations

from dataclasses import astuple

import polars as pl

from securexfer.privacy.folding import fold_text
from securexfer.privacy.identifiers import Evidence
from securexfer.privacy.kinds import KINDS, Kind
from securexfer.privacy.pattern import BARE, NEAR, RARE_TRACE, ROUGH, TRACE, WHOLE
from securexfer.privacy.spotting import AS_NUMBERS, OPEN_ENDED, is_labelled, spans_in


def search_plainly(cells: pl.Series) -> dict[str, Evidence]:
    """What speaks for each kind in a column, where anything does."""
    counted = cells.drop_nulls().value_counts(name="n")
    counted.columns = ["cell", "n"]
    cell = pl.col("cell")
    has_trace = cell.str.contains(TRACE)
    has_trace |= cell.str.contains(r"[^\x00-\x7f]") & cell.str.contains(RARE_TRACE)
    traced = counted.filter(has_trace)
    folded = traced.with_columns(_fold(traced["cell"]).alias("cell"))
    found = {}
    for slug, kind in KINDS.items():
        evidence = _weigh(folded.filter(cell.str.contains(ROUGH[slug])), kind)
        if slug in NEAR:
            mixed = cell.str.contains("[A-Za-z]") & cell.str.contains("[0-9]")
            alike = counted.filter(mixed & cell.str.contains(NEAR[slug]))
            lack = ~_fold(alike["cell"]).str.contains(WHOLE[slug])
            evidence.n_shaped += int(alike.filter(lack)["n"].sum())
        if slug in BARE:
            evidence.n_bare = int(folded.filter(cell.str.contains(BARE[slug]))["n"].sum())
        if any(astuple(evidence)):
            found[slug] = evidence
    return found


def _weigh(counted: pl.DataFrame, kind: Kind) -> Evidence:
    found = Evidence(0, 0, 0)
    is_whole = counted["cell"].str.contains(WHOLE[kind.slug]).to_list()
    for (cell, n), whole in zip(counted.iter_rows(), is_whole, strict=True):
        is_open = not whole
        if whole:
            typed = _as_text(cell) if kind.slug in AS_NUMBERS else cell
            is_valid = kind.is_valid(typed)
            found.n_shaped += n
            found.n_valid += n * is_valid
            found.n_spelled += n * (is_valid and kind.slug == "postcode" and " " in typed)
            has_gap = any(gap in typed for gap in " ().-")
            is_open = kind.slug in OPEN_ENDED and not is_valid and has_gap
        if is_open and kind.slug != "passport":
            spans = list(spans_in(cell, kind))
            valid = [start for start, _, is_valid in spans if is_valid]
            found.n_embedded_shaped += n * bool(spans)
            found.n_embedded += n * bool(valid)
            found.n_labelled += n * (bool(valid) and is_labelled(cell, valid[0], kind))
    return found


def _fold(cells: pl.Series) -> pl.Series:
    return pl.Series([fold_text(cell)[0].strip(" ") for cell in cells], dtype=pl.String)


def _as_text(cell: str) -> str:
    whole, point, rest = cell.removeprefix("-").rpartition(".")
    return whole if point and rest and not rest.strip("0") else cell.removeprefix("-")
