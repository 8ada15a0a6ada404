"""`register`: the log of what was sent, opened and released."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.options import SecurexferGroup, passphrase_option
from securexfer.cli.reminder import SILENT
from securexfer.cli.session import Session

if TYPE_CHECKING:
    from securexfer.custody.register import Entry


@click.group(cls=SecurexferGroup)
def register() -> None:
    """The tamper-evident log of transfers in this home."""


@register.command("list", epilog="Example: securexfer register list --json")
@click.option("--open", "open_only", is_flag=True, help="Bundles whose story has no end yet.")
@click.option("--overdue", is_flag=True, help="Bundles that are past their destroy-by date.")
def list_entries(open_only: bool, overdue: bool) -> None:
    """List all entries, or what is still to come.

    --open lists bundles that you sent and that have no receipt or no destruction certificate from a
    recipient, and bundles that you unpacked and have not destroyed. --overdue lists those of them
    whose destroy-by date has passed.
    """
    from securexfer.cli.retention import list_held

    session = Session.current()
    if open_only or overdue:
        click.get_current_context().meta[SILENT] = True
        list_held(session, overdue_only=overdue)
        return
    entries = session.register.entries()
    rows = [
        (str(e.number), f"{e.at:%Y-%m-%d %H:%M}", e.event, e.details.get("bundle_id", "")[:12])
        for e in entries
    ]
    session.console.result(
        {"entries": [entry_document(e) for e in entries]},
        lambda: session.console.table(("number", "time (UTC)", "event", "bundle"), rows),
    )


@register.command(epilog="Example: securexfer register show 1a2b3c4d5e6f")
@click.argument("bundle_id", metavar="ID")
def show(bundle_id: str) -> None:
    """Show every entry about one bundle; the first characters of its id are enough."""
    import json

    from securexfer.errors import UsageError

    session = Session.current()
    found = [
        e
        for e in session.register.entries()
        if e.details.get("bundle_id", "").startswith(bundle_id)
    ]
    if not found or not bundle_id:
        raise UsageError(
            "The register has no entry about that bundle.",
            hint="List all entries with: securexfer register list",
        )
    document = {"entries": [entry_document(e) for e in found]}
    session.console.result(
        document,
        lambda: session.console.line(json.dumps(document["entries"], indent=2, ensure_ascii=True)),
    )


@register.command(epilog="Example: securexfer register verify")
@passphrase_option
def verify(passphrase_file: Path | None) -> None:
    """Check the chain, every signature, and that no entry was cut off."""
    session = Session.current(passphrase_file)
    identity = session.identity
    keys = {k.fingerprint: k.public for k in (identity.keys, *identity.former)}
    entries = session.register.verify(keys)
    session.console.result(
        {"n_entries": len(entries), "verified": True},
        lambda: session.console.line(f"{len(entries)} entries, every check held."),
    )


def entry_document(entry: Entry) -> dict[str, Any]:
    """An entry in JSON results."""
    from securexfer.instant import format_instant

    return {
        "at": format_instant(entry.at),
        "details": dict(entry.details),
        "event": entry.event,
        "host": entry.actor.host,
        "identity": entry.identity,
        "number": entry.number,
        "sha256": entry.sha256,
        "user": entry.actor.user,
    }
