"""`recipe`: check what may leave."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.options import SecurexferGroup
from securexfer.cli.plan import parse_inputs, plan_document, print_plan
from securexfer.cli.session import Session


@click.group(cls=SecurexferGroup)
def recipe() -> None:
    """What may leave: check a recipe before it is used."""


@recipe.command(epilog="Example: securexfer recipe check offenders.toml offenders.csv")
@click.argument("path", metavar="RECIPE", type=click.Path(path_type=Path))
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
def check(path: Path, inputs: tuple[str, ...]) -> None:
    """Check a recipe, and hold it against the headers of real extracts."""
    from securexfer.recipe.reading import read_recipe

    session = Session.current()
    recipe_file = read_recipe(path)
    document = {"recipe_sha256": recipe_file.recipe_sha256, "valid": True}
    if not inputs:
        session.console.result(document, lambda: session.console.line("The recipe is valid."))
        return
    from securexfer.planning import open_extracts

    with open_extracts(recipe_file.recipe, parse_inputs(inputs)) as opened:
        session.console.result(
            {**document, "tables": plan_document(opened.plans)},
            lambda: print_plan(session.console, opened.plans),
        )
