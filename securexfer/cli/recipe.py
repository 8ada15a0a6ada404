"""`recipe`: check what may leave."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from securexfer.cli.options import SecurexferGroup
from securexfer.cli.plan import parse_inputs, plan_document, print_plan, warn_of
from securexfer.cli.session import Session


@click.group(cls=SecurexferGroup)
def recipe() -> None:
    """What may leave: check a recipe before it is used."""


@recipe.command(epilog="Example: securexfer recipe check offenders.toml offenders.csv")
@click.argument("path", metavar="RECIPE", type=click.Path(path_type=Path))
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
def check(path: Path, inputs: tuple[str, ...]) -> None:
    """Check a recipe, and hold it against real extracts.

    Extracts are read to their end, as pack would read them, and nothing is written.
    """
    from securexfer.recipe.reading import read_recipe

    session = Session.current()
    recipe_file = read_recipe(path)
    document = {"recipe_sha256": recipe_file.recipe_sha256, "valid": True}
    if not inputs:
        session.console.result(document, lambda: session.console.line("The recipe is valid."))
        return
    from securexfer.planning import open_extracts, try_extracts

    stdin = sys.stdin.buffer if sys.stdin is not None else None
    with (
        session.reporter() as reporter,
        open_extracts(recipe_file.recipe, parse_inputs(inputs), stdin, reporter) as opened,
    ):
        found = try_extracts(opened, reporter)
    tables = [{**table, **vars(found[table["name"]])} for table in plan_document(opened.plans)]
    session.console.result(
        {**document, "tables": tables},
        lambda: print_plan(session.console, opened.plans, found),
    )
    for name, counts in found.items():
        warn_of(session.console, name, counts)
