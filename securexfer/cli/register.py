"""`register`: the log of what was sent, opened and released."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from securexfer.cli.audit import (
    audit_document,
    audit_facts,
    audit_remarks,
    choose_keys,
    compare_witnesses,
    describe_agreement,
)
from securexfer.cli.console import plain
from securexfer.cli.options import FORCE, SecurexferGroup, output_option, passphrase_option
from securexfer.cli.record import (
    ROW,
    entry_document,
    entry_row,
    export_csv,
    names_here,
    print_entry,
)
from securexfer.cli.reminder import SILENT
from securexfer.cli.session import Session
from securexfer.cli.value import Day
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.custody.entry import Entry

F = TypeVar("F", bound=Callable[..., Any])
_DATE = Day()


def filter_options(command: F) -> F:
    """`--event`, `--since` and `--until`."""
    for option in (
        click.option("--until", type=_DATE, metavar="DATE", help="To this day, YYYY-MM-DD, UTC."),
        click.option("--since", type=_DATE, metavar="DATE", help="From this day, YYYY-MM-DD, UTC."),
        click.option(
            "--event", "events", multiple=True, metavar="EVENT", help="Only this kind; repeat."
        ),
    ):
        command = option(command)
    return command


@click.group(cls=SecurexferGroup)
def register() -> None:
    """The tamper-evident log of transfers in this home."""


@register.command(
    "list", epilog="Example: securexfer register list --event packed --since 2026-01-01"
)
@click.option("--open", "open_only", is_flag=True, help="Bundles whose story has no end yet.")
@click.option("--overdue", is_flag=True, help="Bundles that are past their destroy-by date.")
@filter_options
def list_entries(
    open_only: bool,
    overdue: bool,
    events: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
) -> None:
    """List entries, or what is still to come.

    An entry says when, what, with whom, which bundle, how many rows, until when. --open lists
    bundles that you sent and that have no receipt or no destruction certificate from a recipient,
    and bundles that you unpacked and have not destroyed. --overdue lists those of them whose
    destroy-by date has passed.
    """
    from securexfer.cli.retention import list_held
    from securexfer.errors import UsageError

    if (open_only or overdue) and (events or since or until):
        raise UsageError(
            "--open and --overdue list bundles, --event, --since and --until choose entries.",
            hint="Give one or the other.",
        )
    session = Session.current()
    if open_only or overdue:
        click.get_current_context().meta[SILENT] = True
        list_held(session, overdue_only=overdue)
        return
    entries = session.register.entries()
    chosen = _select(entries, events, since, until)

    def human() -> None:
        if not chosen:
            session.console.step("No entries.")
            return
        names = names_here(session, entries)
        session.console.table(ROW, [entry_row(entry, names) for entry in chosen])

    session.console.result({"entries": [entry_document(entry) for entry in chosen]}, human)


@register.command(epilog="Example: securexfer register show 1a2b3c4d5e6f")
@click.argument("wanted", metavar="ID")
def show(wanted: str) -> None:
    """Show all that the register holds about one bundle, or one entry.

    ID is a bundle's id, the first characters of it will do; or the number of an entry.
    """
    from securexfer.custody.selection import find_entries

    session = Session.current()
    entries = session.register.entries()
    found = find_entries(entries, wanted)

    def human() -> None:
        names = names_here(session, entries)
        for entry in found:
            print_entry(session.console, entry, names)

    session.console.result({"entries": [entry_document(entry) for entry in found]}, human)


@register.command(epilog="Example: securexfer register export -o register.csv --since 2026-01-01")
@output_option("A file that ends in .json or .csv; JSON on stdout without it.", required=False)
@filter_options
@FORCE
def export(
    output: Path | None,
    events: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    force: bool,
) -> None:
    """Export entries as JSON or CSV, for an audit or a spreadsheet.

    JSON has all that each entry holds, and serves `register verify --against` later. CSV has one
    row for each entry, in columns that stay the same.
    """
    from securexfer.carrier import write_small
    from securexfer.crypto.canonical import encode_pretty
    from securexfer.custody.register import head_sha256
    from securexfer.errors import OutputExistsError, UsageError

    session = Session.current()
    if output is not None and output.suffix not in (".json", ".csv"):
        raise UsageError(
            f"What to write to {output} is not clear.", hint="End its name in .json or .csv."
        )
    entries = session.register.entries()
    chosen = _select(entries, events, since, until)
    document = {
        "entries": [entry_document(entry) for entry in chosen],
        "head_sha256": head_sha256(entries),
        "n_entries": len(entries),
    }
    if output is None:
        # In ASCII: what a stranger wrote may be shown on a terminal here.
        session.console.verbatim(json.dumps(document, indent=2))
        return
    if output.exists() and session.desk.owns(output):
        raise OutputExistsError(
            f"{output} is a file of this home and can't be replaced.", hint="Choose another place."
        )
    if output.suffix == ".csv":
        data = export_csv(chosen, names_here(session, entries))
    else:
        data = encode_pretty(document)
    write_small(output, data, force=force, is_own=False)
    session.console.result(
        {"head_sha256": document["head_sha256"], "n_entries": len(chosen), "path": str(output)},
        lambda: session.console.facts(
            [("Written to", str(output)), ("Entries", f"{len(chosen):,} of {len(entries):,}")]
        ),
    )


@register.command(epilog="Example: securexfer register verify --against backup/register.head")
@click.option(
    "--against",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE...",
    help="A bundle you sent, an earlier export or a copy of the register that lay elsewhere.",
)
@click.argument("files", nargs=-1, metavar="", type=click.Path(path_type=Path))
@click.option(
    "--fingerprint",
    metavar="FP",
    help="Check without the passphrase, for the identity of this fingerprint.",
)
@passphrase_option
def verify(
    against: tuple[Path, ...],
    files: tuple[Path, ...],
    fingerprint: str | None,
    passphrase_file: Path | None,
) -> None:
    """Check the chain, every signature, and that no entry was cut off.

    That shows whatever was done by someone without this identity and its passphrase. Who has both
    can write a new register: only what lies elsewhere shows that. Give it with --against, several
    files if you like.
    """
    from securexfer.errors import UsageError

    session = Session.current(passphrase_file)
    if files and not against:
        raise UsageError("It is not clear what the files are for.", hint="Put --against first.")
    keys = choose_keys(session, fingerprint)
    audit = session.register.audit(keys)
    compared = compare_witnesses(session, audit, keys, [*against, *files])
    document = audit_document(audit, keys, compared)

    def human() -> None:
        session.console.line(f"{plural(len(audit.entries), 'entry', 'entries')}, every check held.")
        session.console.facts(audit_facts(audit, keys))
        for witness, number in compared:
            agreed = describe_agreement(number)
            session.console.line(f"{plain(witness.source)} ({witness.kind}): {agreed}.")
        if not compared:
            session.console.step(
                "Someone who holds this identity could have written all of it anew. What others "
                "hold shows that: compare with --against."
            )

    for text in audit_remarks(audit):
        session.console.note(text)
    session.console.result(document, human)


def _select(
    entries: list[Entry],
    events: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
) -> list[Entry]:
    """Days as instants: from the beginning of the first to the end of the last."""
    from securexfer.custody.selection import select_entries

    return select_entries(
        entries,
        events=events,
        since=since and since.replace(tzinfo=UTC),
        until=until and _end_of(until.replace(tzinfo=UTC)),
    )


def _end_of(day: datetime) -> datetime | None:
    """When the next day begins; None behind the last one that there is."""
    try:
        return day + timedelta(days=1)
    except OverflowError:
        return None
