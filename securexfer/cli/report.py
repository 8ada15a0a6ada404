"""`report`: what came in and what went out, as a page to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.console import plain
from securexfer.cli.options import (
    FORCE,
    OLDER,
    SecurexferCommand,
    output_option,
    passphrase_option,
)
from securexfer.cli.session import Session

if TYPE_CHECKING:
    from securexfer.custody.transfer import Names, Transfer
    from securexfer.order import PackOrder
    from securexfer.planning import OpenExtracts, Trial

_SUFFIXES = (".html", ".md", ".json")


@click.command(
    cls=SecurexferCommand, epilog="Example: securexfer report 1a2b3c4d5e6f -o report.html"
)
@click.argument("bundle", metavar="BUNDLE_OR_ID")
@output_option(
    "A file that ends in .html, .md or .json; Markdown on stdout without it.", required=False
)
@FORCE
@OLDER
@passphrase_option
def report(
    bundle: str, output: Path | None, force: bool, older: bool, passphrase_file: Path | None
) -> None:
    """Show on one page what came in, what went out, and what became of it.

    From the register alone, by the bundle's id (the first characters will do), for a bundle that
    was sent from here or unpacked here. Or from the file of a bundle that is sealed to you, after
    every check that verify makes. The page needs no network and holds no value of any cell.
    """
    session = Session.current(passphrase_file)
    if output is not None:
        _check_page(output, force=force)
    if Path(bundle).exists() or bundle.endswith(".zip"):
        transfer = _read_bundle(session, Path(bundle), older=older)
    else:
        from securexfer.custody.transfer import find_transfer

        entries = session.register.entries()
        transfer = find_transfer(entries, bundle.lower(), _names(session), now=session.clock())
    text = _render(transfer, output.suffix.lower() if output else ".md")
    if output is not None:
        _write_page(session, text, output, force=force)
    session.console.page(transfer.document(), text, output)


def check_planned(report: Path | None, *, dry_run: bool, force: bool) -> None:
    """Check, before any data are read, that a page about a plan can be written.

    Raises:
        UsageError: if there is no dry run, or the page's name says no kind.
        OutputError: if it can't be written, or is there already.
    """
    from securexfer.errors import UsageError

    if report is None:
        return
    if not dry_run:
        raise UsageError(
            "--report goes with --dry-run.",
            hint="About a bundle that is packed: securexfer report BUNDLE_ID -o report.html",
        )
    _check_page(report, force=force)


def planned_record(
    order: PackOrder, opened: OpenExtracts, trial: Trial, carrier: Mapping[str, str]
) -> dict[str, Any]:
    """What a dry run found, in the words of a manifest."""
    agreement = opened.recipe.agreement
    return {
        "agreement": agreement.model_dump(exclude={"recipients", "drill_within_days"}),
        "carrier": carrier,
        "forwarding": agreement.forwarding,
        "gates": [one.record() for one in trial.bundle_gates],
        "linkage": opened.recipe.pseudonyms.linkage,
        "recipe_sha256": order.recipe_file.recipe_sha256,
        "recipient_names": [contact.name for contact in order.recipients],
        "recipients": [contact.fingerprint for contact in order.recipients],
        "tables": [
            {
                "name": plan.table,
                "fields": [
                    {"name": f.name, "action": f.spec.action, "source": f.source}
                    for f in plan.fields
                ],
                "withheld": list(plan.withheld),
                "gates": [one.record() for one in trial.gates[plan.table]],
                "n_rows_in": trial.found[plan.table].n_rows_in,
                "n_rows_out": trial.found[plan.table].n_rows_out,
                **trial.subjects[plan.table],
            }
            for plan in opened.plans
        ],
    }


def write_planned(
    session: Session, record: Mapping[str, Any], report: Path, *, force: bool
) -> None:
    """Write the page about a plan, also one that a gate refuses: to see why."""
    from securexfer.custody.transfer import describe_transfer

    transfer = describe_transfer(
        record,
        stage="planned",
        basis="a dry run, which read the extracts to their end and tried every gate",
        names=_names(session),
        now=session.clock(),
    )
    _write_page(session, _render(transfer, report.suffix.lower()), report, force=force)
    session.console.step(f"Written: {plain(str(report))}")


def _read_bundle(session: Session, path: Path, *, older: bool) -> Transfer:
    """A bundle that passed every check, its tables too, and what the register says of it."""
    from securexfer.custody.transfer import describe_transfer
    from securexfer.errors import NotForThisIdentityError
    from securexfer.history import name_bundle
    from securexfer.verifying import check_tables

    try:
        with session.reporter() as reporter, session.verified(path, reporter, older=older) as read:
            check_tables(read, reporter)
            record = {
                **read.manifest.model_dump(exclude_none=True, exclude={"format", "members"}),
                **name_bundle(read.inside),
                "file_name": path.name,
                "n_bytes": path.stat().st_size,
            }
    except NotForThisIdentityError as error:
        raise NotForThisIdentityError(
            error.message,
            hint="If it was packed here, name it by its id: securexfer report BUNDLE_ID",
        ) from None
    for note in read.notes:
        session.console.note(note)
    return describe_transfer(
        record,
        stage="received",
        basis="the bundle itself, in which every check held, and the register of this desk",
        names=_names(session),
        entries=session.register.entries(),
        now=session.clock(),
    )


def _render(transfer: Transfer, suffix: str) -> str:
    from securexfer.custody.account import title_account, write_account
    from securexfer.custody.rendering import render_html, render_markdown

    if suffix == ".json":
        return json.dumps(transfer.document(), indent=2) + "\n"
    render = render_html if suffix == ".html" else render_markdown
    return render(title_account(transfer), write_account(transfer))


def _check_page(output: Path, *, force: bool) -> None:
    from securexfer.errors import UsageError
    from securexfer.place import check_target

    if output.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            "The report is written as HTML, Markdown or JSON.",
            hint="Give it a name that ends in .html, .md or .json.",
        )
    check_target(output, force=force)


def _write_page(session: Session, text: str, output: Path, *, force: bool) -> None:
    from securexfer.carrier import write_small
    from securexfer.medium.medium import find_medium
    from securexfer.medium.rule import REFUSED

    write_small(output, text.encode("utf-8"), force=force, is_own=False)
    if find_medium(output.parent).kind in REFUSED:
        session.console.note(
            "The page names columns, numbers and recipients. A finder of that drive could read it: "
            "keep it elsewhere."
        )


def _names(session: Session) -> Names:
    from securexfer.cli.record import names_here
    from securexfer.custody.transfer import Names

    own = session.own_card()
    names = names_here(session, session.register.entries())
    if own is not None:
        names[own.fingerprint] = own.name
    return Names(names, own.fingerprint if own is not None else "")
