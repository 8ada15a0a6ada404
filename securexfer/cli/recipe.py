"""`recipe`: check what may leave."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from securexfer.cli.console import plain
from securexfer.cli.options import FORCE, SecurexferGroup, output_option
from securexfer.cli.plan import parse_inputs, show_trial, warn_of_draft
from securexfer.cli.session import Session


@click.group(cls=SecurexferGroup)
def recipe() -> None:
    """What may leave: propose a recipe, and check one before it is used."""


@recipe.command(epilog="Example: securexfer recipe draft offenders.csv -o offenders.toml")
@click.argument("extracts", metavar="EXTRACT...", nargs=-1, required=True)
@output_option("Where to write the recipe; stdout without it.", required=False)
@FORCE
def draft(extracts: tuple[str, ...], output: Path | None, force: bool) -> None:
    """Propose a recipe from the header and a sample of extracts.

    It is safe as it stands: an identifier as a pseudonym, dates of birth as years, postcodes as
    districts; all else stays, with the line that would let it leave as a comment. EXTRACT is PATH
    or TABLE=PATH. No value of the extract is in the draft.
    """
    from securexfer.carrier import write_small
    from securexfer.errors import UsageError
    from securexfer.privacy.drafting import draft_recipe, table_name
    from securexfer.privacy.sampling import sample
    from securexfer.recipe.reading import parse_recipe

    session = Session.current()
    samples = []
    for given in parse_inputs(extracts):
        if given.path is None:
            raise UsageError(
                "A draft needs a file: a pipe can be read only once.", hint="Save it to a file."
            )
        samples.append(sample(given.table or table_name(given.path.stem), given.path))
    names = [sampled.table.lower() for sampled in samples]
    if len(set(names)) != len(names):
        raise UsageError("Two extracts would be one table.", hint="Name them, as TABLE=PATH.")
    text = draft_recipe(samples)
    parse_recipe(text.encode("utf-8"))
    if output is not None:
        write_small(output, text.encode("utf-8"), force=force, is_own=False)
    document = {
        "path": str(output) if output else "",
        "recipe": text,
        "tables": [
            {
                "name": sampled.table,
                "n_rows_sampled": sampled.n_rows,
                "columns": [
                    {"name": g.column, "role": g.role, "kind": g.kind, "evidence": g.evidence}
                    for g in sampled.guesses
                ],
            }
            for sampled in samples
        ],
    }
    session.console.result(
        document,
        lambda: (
            session.console.line(f"Written: {plain(str(output))}")
            if output
            else session.console.verbatim("\n".join(map(plain, text.splitlines())))
        ),
    )
    session.console.note(
        "This is a proposal: read every line, fill in the agreement, then run securexfer recipe "
        "check with the same extracts."
    )


@recipe.command(epilog="Example: securexfer recipe check offenders.toml offenders.csv")
@click.argument("path", metavar="RECIPE", type=click.Path(path_type=Path))
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
def check(path: Path, inputs: tuple[str, ...]) -> None:
    """Check a recipe, and hold it against real extracts.

    Extracts are read to their end, as pack would read them, every gate is tried, and nothing is
    written. If a gate refuses, the exit code is 90.
    """
    from securexfer.recipe.reading import read_recipe

    session = Session.current()
    recipe_file = read_recipe(path)
    document = {"recipe_sha256": recipe_file.recipe_sha256, "valid": True}
    warn_of_draft(session.console, recipe_file.recipe.agreement)
    if not inputs:
        session.console.result(document, lambda: session.console.line("The recipe is valid."))
        return
    from securexfer.attaching import Attachments
    from securexfer.planning import open_extracts, try_extracts

    stdin = sys.stdin.buffer if sys.stdin is not None else None
    with (
        session.reporter() as reporter,
        open_extracts(recipe_file.recipe, parse_inputs(inputs), stdin, reporter) as opened,
    ):
        trial = try_extracts(opened, reporter, Attachments)
    show_trial(session.console, document, opened.plans, trial)
