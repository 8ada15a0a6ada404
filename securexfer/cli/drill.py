"""`drill`: rehearsing a transfer with records of nobody."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.console import plain
from securexfer.cli.options import SecurexferGroup, output_option, passphrase_option
from securexfer.cli.session import Session
from securexfer.cli.value import Whole

if TYPE_CHECKING:
    from securexfer.custody.drill import Drill

_RECIPE = """\
version = 1

[agreement]
reference = "DRILL"
purpose = "Rehearsing a transfer with synthetic records"
controller = "whoever sends this"
regime = "uk-gdpr"
lawful_basis = "none needed: no person is in it"
retention_days = 14

[tables.drill.fields]
person = { from = "pnc_id", action = "pseudonymise", domain = "person" }
birth_year = { from = "date_of_birth", action = "year", format = "%d/%m/%Y" }
district = { from = "postcode", action = "postcode-district" }
convictions = { action = "band", width = 5 }
"""


@click.group(cls=SecurexferGroup)
def drill() -> None:
    """Rehearse a transfer: synthetic records out, a receipt and a certificate back."""


@drill.command(epilog="Example: securexfer drill start --to acme -o /media/stick")
@click.option("--to", required=True, metavar="CONTACT", help="With whom.")
@click.option(
    "--rows",
    default=1000,
    show_default=True,
    type=Whole(1, 1_000_000),
    metavar="N",
    help="Rows.",
)
@output_option("The drive's folder, or a path that ends in .zip.")
@passphrase_option
def start(to: str, rows: int, output: Path, passphrase_file: Path | None) -> None:
    """Pack synthetic records for a contact.

    The contact unpacks and destroys them as they would real ones, and sends back the receipt and
    the certificate. Importing the two completes the drill; contact show tells how long it took.
    """
    from securexfer.order import PackOrder
    from securexfer.packing import pack
    from securexfer.planning import Input, open_extracts
    from securexfer.privacy.synthetic import offender_csv
    from securexfer.recipe.reading import parse_recipe

    session = Session.current(passphrase_file)
    (recipient,) = session.find_contacts([to])
    recipe_file = parse_recipe(_RECIPE.encode("utf-8"))
    extract = io.BytesIO(b"".join(offender_csv(rows)))
    order = PackOrder(recipe_file, [recipient], output, is_drill=True)
    with (
        session.reporter() as reporter,
        open_extracts(recipe_file.recipe, [Input("drill", None)], extract, reporter) as opened,
    ):
        result = pack(
            order,
            opened,
            session.identity,
            session.register,
            clock=session.clock,
            reporter=reporter,
        )
    session.console.result(
        {"bundle_id": result.manifest.bundle_id, "path": str(result.path), "n_rows": rows},
        lambda: session.console.line(f"Written: {plain(str(result.path))}"),
    )
    session.console.step(
        f"Send it to {to} as you would a real one. When they have unpacked and destroyed it, "
        "import what comes back: securexfer receipt import FILE, securexfer certificate import FILE"
    )


@drill.command("list", epilog="Example: securexfer drill list")
def list_drills() -> None:
    """List all drills, and what has come back."""
    from securexfer.custody.drill import find_drills

    session = Session.current()
    drills = find_drills(session.register.entries())

    def human() -> None:
        if not drills:
            session.console.step("No drill was started here yet.")
            return
        rows = [
            (one.bundle_id[:12], session.contact_name(one.recipient), one.describe())
            for one in drills
        ]
        session.console.table(("bundle", "with", "what came back"), rows)

    session.console.result({"drills": [drill_document(one) for one in drills]}, human)


def drill_document(one: Drill) -> dict[str, Any]:
    """A drill in JSON results."""
    from securexfer.instant import format_instant

    return {
        "bundle_id": one.bundle_id,
        "destroyed_at": format_instant(one.destroyed_at) if one.destroyed_at else "",
        "is_complete": one.is_complete,
        "opened_at": format_instant(one.opened_at) if one.opened_at else "",
        "recipient": one.recipient,
        "started_at": format_instant(one.started_at),
    }
