"""`extend` and `extension`: keeping a bundle for longer, at both ends."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.console import plain
from securexfer.cli.options import (
    STATEMENT,
    SecurexferCommand,
    SecurexferGroup,
    output_option,
    passphrase_option,
)
from securexfer.cli.receipt import show_filed
from securexfer.cli.session import Session
from securexfer.cli.value import Whole


@click.command(
    cls=SecurexferCommand, epilog="Example: securexfer extend 1a2b3c4d5e6f --days 30 -o stick"
)
@click.argument("bundle_id", metavar="BUNDLE_ID")
@click.option(
    "--days",
    type=Whole(1),
    metavar="N",
    help="How many days to add to the present destroy-by date.",
)
@output_option(
    "A folder, or a file that ends in .extension; the current folder without it.", required=False
)
@passphrase_option
def extend(
    bundle_id: str, days: int | None, output: Path | None, passphrase_file: Path | None
) -> None:
    """Let the recipients of a bundle keep it for longer.

    Writes a small signed file for them to import, and records the new date. BUNDLE_ID is the id of
    a bundle that you packed, or the first characters of it. Without --days the file of its last
    extension is written again.
    """
    from securexfer.extending import extend as extend_bundle
    from securexfer.extending import extend_again

    session = Session.current(passphrase_file)
    folder, desk = output or Path(), (session.identity, session.register)
    if days is None:
        result = extend_again(bundle_id, *desk, folder)
    else:
        result = extend_bundle(bundle_id, days, *desk, folder, clock=session.clock)
    extension = result.extension
    document = {
        **extension.model_dump(exclude={"securexfer_statement"}),
        "path": str(result.path),
    }

    def human() -> None:
        session.console.facts(
            [
                ("Bundle", extension.bundle_id),
                (
                    "Destroy by",
                    f"{extension.expires_at}, instead of {extension.previous_expires_at}",
                ),
            ]
        )
        session.console.line(f"Written: {plain(str(result.path))}")
        if days is None:
            session.console.step(
                f"That extension is on record since {result.entry.at:%Y-%m-%d %H:%M} (UTC). "
                "Nothing was recorded now."
            )
        if result.previous is not None:
            session.console.step(
                f"The bundle had been extended on {result.previous.at:%Y-%m-%d} already; the new "
                "days come on top of that. If its file got lost: this one is enough."
            )
        session.console.step(
            "Send that file to every recipient. They run: securexfer extension import FILE"
        )

    session.console.result(document, human)


@click.group(cls=SecurexferGroup)
def extension() -> None:
    """Extensions of bundles that were sent to you."""


@extension.command(
    "import", epilog="Example: securexfer extension import sx-1a2b3c4d5e6f.extension"
)
@STATEMENT
@passphrase_option
def import_file(file: Path, passphrase_file: Path | None) -> None:
    """Check an extension that the sender of a bundle gave you, and put it on record.

    From then on verify, unpack and the reminders go by the new date, for that very bundle.
    """
    from securexfer.custody.statement import read_statement_file
    from securexfer.filing import import_extension

    session = Session.current(passphrase_file)
    filed = import_extension(read_statement_file(file), session.cabinet)
    said = filed.statement
    rows = [
        ("Extension from", filed.signer_name),
        ("Bundle", said.bundle_id),
        ("Destroy by", f"{said.expires_at}, instead of {said.previous_expires_at}"),
    ]
    show_filed(session, filed, rows)
