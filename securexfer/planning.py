"""Planning: extracts opened, and a recipe held against all their headers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from securexfer.errors import UsageError
from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import Findings, minimise_extract
from securexfer.privacy.plan import TablePlan, plan_tables
from securexfer.privacy.pseudonyms import bundle_scope
from securexfer.recipe.model import Recipe
from securexfer.reporting import Reporter


@dataclass(frozen=True)
class Input:
    """One extract as named on the command line: a table (or None: to be found) and a path.

    A path of None is standard input.
    """

    table: str | None
    path: Path | None


@dataclass(frozen=True)
class OpenExtracts:
    """Extracts, open and planned; the recipe fits their headers."""

    recipe: Recipe
    extracts: dict[str, Extract]
    plans: tuple[TablePlan, ...]


@contextmanager
def open_extracts(
    recipe: Recipe,
    inputs: Sequence[Input],
    stdin: BinaryIO | None = None,
    reporter: Reporter | None = None,
) -> Iterator[OpenExtracts]:
    """Open every extract, read its header, and hold the recipe against all of them.

    Args:
        recipe: says which tables there are.
        inputs: where they come from.
        stdin: standard input, if it may be used.
        reporter: hears of a source that stalls.

    Raises:
        UsageError: if inputs and tables can't be matched.
        RecipeError: if the recipe does not fit the headers.
        ExtractError: if an extract can't be used.
    """
    matched = _match_inputs(recipe, inputs)
    with ExitStack() as stack:
        extracts: dict[str, Extract] = {}
        for name, path in matched.items():
            dialect = recipe.tables[name].csv
            if path is not None:
                extracts[name] = stack.enter_context(Extract.open(name, path, dialect, reporter))
            elif stdin is not None:
                extracts[name] = Extract(name, stdin, dialect, reporter=reporter)
            else:
                raise UsageError("Standard input is not available here.")
        plans = plan_tables(recipe, {name: e.header for name, e in extracts.items()})
        yield OpenExtracts(recipe, extracts, plans)


def try_extracts(opened: OpenExtracts, reporter: Reporter) -> dict[str, Findings]:
    """Read every extract to its end, as `pack` would, and keep nothing but counts, by table.

    Raises:
        ExtractError: if an extract can't be used.
    """
    scope = bundle_scope(os.urandom(32), "")
    found: dict[str, Findings] = {}
    for plan in opened.plans:
        extract = opened.extracts[plan.table]
        reporter.begin(f"Reading {plan.table}", extract.n_bytes)
        found[plan.table] = Findings()
        for chunk in minimise_extract(extract, plan, scope):
            found[plan.table].add(chunk)
            reporter.advance(chunk.n_bytes_in, chunk.n_rows_in)
    return found


def _match_inputs(recipe: Recipe, inputs: Sequence[Input]) -> dict[str, Path | None]:
    matched: dict[str, Path | None] = {}
    for given in inputs:
        name = given.table
        if name is None and len(recipe.tables) == 1:
            (name,) = recipe.tables
        elif name is None and given.path is not None and given.path.stem in recipe.tables:
            name = given.path.stem
        if name is None:
            raise UsageError(
                f"It is not clear which table {given.path or 'standard input'} is.",
                hint="Name it, as TABLE=PATH.",
            )
        if name not in recipe.tables:
            raise UsageError(
                f"The recipe has no table {name!r}.", hint=f"It has: {', '.join(recipe.tables)}."
            )
        if name in matched:
            raise UsageError(f"Two inputs were given for the table {name!r}.")
        matched[name] = given.path
    if list(matched.values()).count(None) > 1:
        raise UsageError("Only one table can come from standard input.")
    return matched
