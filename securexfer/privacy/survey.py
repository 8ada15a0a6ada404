"""Surveys: a first pass over a whole extract, where what one row may do depends on all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from securexfer.errors import GateError
from securexfer.privacy.census import Census, categories_of
from securexfer.privacy.extract import Extract
from securexfer.privacy.minimise import NO_RULINGS, Rulings
from securexfer.privacy.pipeline import minimise_extract
from securexfer.privacy.plan import TablePlan
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.privacy.watch import Watch


def reasons_of(plan: TablePlan) -> list[str]:
    """What a table has to be read for before it leaves, one reason for each pass."""
    reasons = []
    if categories_of(plan):
        reasons.append('to count its categories (action = "category")')
    if _suppresses(plan):
        reasons.append('to suppress small groups (on_small_group = "suppress")')
    return reasons


def survey(
    extract: Extract, plan: TablePlan, scope: ScopeKey, advance: Callable[[int, int], None]
) -> Rulings:
    """Read a table to its end as often as needed, and go back to its start.

    Categories are counted first: they can be quasi-identifiers.

    Raises:
        ExtractError: as `minimise_extract`.
        GateError: if there are more values or groups than can be counted.
    """
    rulings = NO_RULINGS
    if categories_of(plan):
        census = Census(plan)
        for chunk in minimise_extract(extract, census.plan, scope, watch=census, is_trial=True):
            advance(chunk.n_bytes_in, chunk.n_rows_in)
        extract.rewind()
        rulings = Rulings(common=census.common())
    if _suppresses(plan):
        small = _find_small_groups(extract, plan, scope, rulings, advance)
        extract.rewind()
        rulings = replace(rulings, small_groups=small)
    return rulings


def _suppresses(plan: TablePlan) -> bool:
    return plan.limits.on_small_group == "suppress" and bool(plan.spec.quasi_identifiers)


def _find_small_groups(
    extract: Extract,
    plan: TablePlan,
    scope: ScopeKey,
    rulings: Rulings,
    advance: Callable[[int, int], None],
) -> pl.DataFrame:
    watch = Watch(plan)
    chunks = minimise_extract(extract, plan, scope, watch=watch, rulings=rulings, is_trial=True)
    for chunk in chunks:
        advance(chunk.n_bytes_in, chunk.n_rows_in)
    small = watch.small_groups()
    if small is None:
        raise GateError(
            f"Table {plan.table}: its quasi-identifiers make more groups than can be counted.",
            hint="Use fewer or coarser quasi-identifiers.",
        )
    return small
