"""`outbox`: the folder that sent bundles lie in until somebody fetches them."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.console import plain
from securexfer.cli.options import SecurexferCommand, SecurexferGroup, passphrase_option
from securexfer.cli.session import Session
from securexfer.cli.value import Whole
from securexfer.wording import plural


@click.group(cls=SecurexferGroup)
def outbox() -> None:
    """Look after a folder of sent bundles."""


@outbox.command(
    "prune",
    cls=SecurexferCommand,
    epilog="Example: securexfer outbox prune /srv/nightly/outbox --older-than 30",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--older-than",
    "days",
    required=True,
    type=Whole(min=0),
    metavar="DAYS",
    help="Days since the bundle was recorded as sent.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
@passphrase_option
def prune(folder: Path, days: int, dry_run: bool, passphrase_file: Path | None) -> None:
    """Delete bundles from a folder that were sent long enough ago, and record it.

    Only files that are, byte for byte, bundles that this home sent. Anything else is left where it
    is. What recipients hold is not touched: for that there are destruction certificates.
    """
    from securexfer.instant import format_instant
    from securexfer.pruning import prune as prune_folder

    session = Session.current(passphrase_file)
    with session.reporter() as reporter:
        result = prune_folder(
            folder,
            days,
            None if dry_run else session.identity,
            session.register,
            clock=session.clock,
            reporter=reporter,
        )
    document = {
        "dry_run": dry_run,
        "n_altered": result.n_altered,
        "n_kept": result.n_kept,
        "n_others": result.n_others,
        "removed": [
            {
                "bundle_id": one.entry.details["bundle_id"],
                "n_bytes": one.n_bytes,
                "path": str(one.path),
                "sent_at": format_instant(one.entry.at),
            }
            for one in result.removed
        ],
    }
    session.console.log("pruned", n_removed=len(result.removed), n_kept=result.n_kept)

    def human() -> None:
        word = "Would be deleted" if dry_run else "Deleted"
        for one in result.removed:
            session.console.line(f"{word}: {plain(str(one.path))}")
        session.console.step(
            f"{plural(len(result.removed), 'bundle')} {word.lower()}, "
            f"{result.n_kept} not old enough, "
            f"{plural(result.n_others + result.n_altered, 'other file')}."
        )

    session.console.result(document, human)
    if result.n_altered:
        session.console.note(
            f"{result.n_altered} files have the name of a bundle and another content. They were "
            "left where they are: find out who changed them."
        )
