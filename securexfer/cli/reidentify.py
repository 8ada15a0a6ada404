"""`reidentify`: tokens back to identifiers, for the sender alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securexfer.cli.console import plain
from securexfer.cli.options import FORCE, SecurexferCommand, output_option, passphrase_option
from securexfer.cli.plan import parse_inputs
from securexfer.cli.session import Session
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.privacy.reversal import Reversed

_COLUMNS = ("token", "column", "identifier")


@click.command(
    cls=SecurexferCommand,
    epilog="Example: securexfer reidentify tokens.txt --recipe offenders.toml "
    '--input offenders.csv --bundle 1a2b3c4d --reason "safeguarding referral 17"',
)
@click.argument("tokens", type=click.Path(path_type=Path))
@click.option(
    "--recipe", "recipe_path", required=True, type=click.Path(path_type=Path), help="The recipe."
)
@click.option(
    "--input",
    "source",
    required=True,
    metavar="TABLE=PATH",
    help="The original extract; PATH alone where it is clear which table it is.",
)
@click.option("--reason", required=True, help="Why; recorded.")
@click.option("--bundle", "bundle_id", metavar="ID", help="The bundle that the tokens are from.")
@click.option("--to", multiple=True, metavar="CONTACT", help="For whom they were made; repeat.")
@click.option("--column", metavar="NAME", help="The column of TOKENS, where it is a CSV file.")
@output_option("Write a CSV file; stdout without it.", required=False)
@FORCE
@passphrase_option
def reidentify(
    tokens: Path,
    recipe_path: Path,
    source: str,
    reason: str,
    bundle_id: str | None,
    to: tuple[str, ...],
    column: str | None,
    output: Path | None,
    force: bool,
    passphrase_file: Path | None,
) -> None:
    """Find the identifiers behind tokens, in the extract that they were made from.

    TOKENS has one token a line, or is a CSV file with a column of them. Only the sender's identity
    can do this. It is recorded, with the reason, before anything is shown.
    """
    from securexfer.addressing import check_apart
    from securexfer.carrier import write_small
    from securexfer.place import check_target
    from securexfer.recipe.reading import read_recipe
    from securexfer.reidentifying import ReidentifyOrder
    from securexfer.reidentifying import reidentify as find_identifiers

    session = Session.current(passphrase_file)
    (given,) = parse_inputs([source])
    if output is not None:
        check_target(output, force=force)
        for needed in (recipe_path, tokens, given.path):
            check_apart(output, needed)
    order = ReidentifyOrder(
        recipe_file=read_recipe(recipe_path),
        source=given,
        tokens=tokens,
        column=column,
        reason=reason,
        bundle_id=bundle_id,
        recipients=session.find_contacts(to),
    )
    with session.reporter() as reporter:
        result = find_identifiers(
            order,
            session.contacts.list(),
            session.identity,
            session.register,
            clock=session.clock,
            reporter=reporter,
            find_shared=session.find_shared,
        )
    if output is not None:
        text = "".join(_lines(result.found))
        write_small(output, text.encode("utf-8"), force=force, is_own=False)
    document = {
        "found": [dict(zip(_COLUMNS, _cells(one), strict=True)) for one in result.found],
        "n_found": result.n_found,
        "n_tokens": result.n_tokens,
        "path": str(output) if output else "",
    }
    if output is not None:
        del document["found"]

    def human() -> None:
        if output is not None:
            session.console.line(f"Written: {plain(str(output))}")
            return
        for line in _lines(result.found):
            session.console.verbatim(plain(line.removesuffix("\n")))

    session.console.result(document, human)
    session.console.note(
        f"{result.n_found:,} of {plural(result.n_tokens, 'token')} found, and that is recorded. "
        "The identifiers are personal data: delete them when the reason is gone."
    )


def _cells(one: Reversed) -> tuple[str, str, str]:
    return one.token, one.column, one.identifier


def _lines(found: Iterable[Reversed]) -> Iterable[str]:
    for row in (_COLUMNS, *map(_cells, found)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(row)
        yield text.getvalue()
