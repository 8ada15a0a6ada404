"""`pack`: the way out."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.job import Asked, is_done, job_options, note_missed, run_document, skip_run
from securexfer.cli.options import FORCE, SecurexferCommand, output_option, passphrase_option
from securexfer.cli.plan import (
    describe_field,
    parse_inputs,
    show_trial,
    warn_of,
    warn_of_draft,
)
from securexfer.cli.report import check_planned, planned_record, write_planned
from securexfer.cli.session import Session
from securexfer.wording import plural

if TYPE_CHECKING:
    from datetime import datetime

    from securexfer.cli.progress import ConsoleReporter
    from securexfer.medium.medium import Medium
    from securexfer.order import PackOrder
    from securexfer.packing import PackResult
    from securexfer.planning import OpenExtracts
    from securexfer.privacy.compression import Effort
    from securexfer.reporting import Reporter

OWN_TOKENS = click.option(
    "--own-tokens",
    is_flag=True,
    help="Make tokens of your own, although a colleague's scope key is here.",
)
SEALED = (
    "AES-256 (WinZip AE-2), keys sealed with ML-KEM-768 + X25519 (HPKE), signed with Ed25519 and "
    "ML-DSA-65. Not a FIPS 140 validated module."
)
_WROTE_PAGE = "Nothing was written but that page."


@click.command(
    cls=SecurexferCommand,
    epilog="Example: securexfer pack people.csv --recipe people.toml --to acme -o /media/stick",
)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option(
    "--recipe",
    "recipe_path",
    required=True,
    type=click.Path(path_type=Path),
    help="The recipe: what may leave.",
)
@click.option("--to", multiple=True, metavar="CONTACT", help="A recipient; repeat for several.")
@output_option("The drive's folder, or a path that ends in .zip.", required=False)
@click.option("--dry-run", is_flag=True, help="Read the extracts, try every gate; write nothing.")
@click.option(
    "--check-drive", is_flag=True, help="First check that nothing lies on the drive in clear."
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --dry-run: a page about what would leave; ends in .html, .md or .json.",
)
@click.option("--if-found", default="", metavar="TEXT", help="Whom a finder should call; in clear.")
@click.option(
    "--compress",
    type=click.Choice(["auto", "fast", "small"]),
    help="How hard: as the drive's speed allows (auto, the default), fast, or small.",
)
@job_options
@OWN_TOKENS
@FORCE
@passphrase_option
def pack(
    inputs: tuple[str, ...],
    recipe_path: Path,
    to: tuple[str, ...],
    output: Path | None,
    dry_run: bool,
    report: Path | None,
    check_drive: bool,
    if_found: str,
    compress: Effort | None,
    own_tokens: bool,
    force: bool,
    passphrase_file: Path | None,
    **job: Any,
) -> None:
    """Minimise, encrypt, sign and record extracts.

    What the recipe names leaves, as one bundle on a drive; all else stays. INPUT is PATH,
    TABLE=PATH, or TABLE=- for standard input.

    For jobs that nobody watches: --source-command runs the query itself, so that one that fails
    half-way never becomes a bundle; --expect-rows-min refuses a short extract; --once-per sends
    nothing twice and tells what was missed. Two runs of one job never overlap.
    """
    session, asked = Session.current(passphrase_file), Asked(**job)
    if not dry_run:
        session.unlock_early()
    from securexfer.addressing import check_apart, choose_path
    from securexfer.custody.job import lock_job
    from securexfer.errors import ExtractEmptyError, UsageError
    from securexfer.naming import DEFAULT_TEMPLATE, neutral_name
    from securexfer.order import PackOrder, check_order
    from securexfer.packing import pack as pack_bundle
    from securexfer.planning import open_extracts
    from securexfer.recipe.reading import read_recipe

    if output is None and not dry_run:
        raise UsageError("No place for the bundle was given.", hint="Name the drive with -o DIR.")
    sources = [*parse_inputs(inputs), *asked.inputs()]
    if not sources:
        raise UsageError("No extract was given.", hint="Name it: securexfer pack EXTRACT …")
    recipe_file = read_recipe(recipe_path)
    check_planned(report, dry_run=dry_run, force=force)
    recipients = session.find_contacts(to)
    run = asked.run(recipe_path, session.clock)
    order = PackOrder(
        recipe_file,
        recipients,
        output or Path(),
        force,
        if_found,
        name_template=asked.name_template or DEFAULT_TEMPLATE,
        expectation=asked.expectation(),
        run=run,
        own_tokens=own_tokens,
        checks_drive=check_drive,
        effort=compress or "auto",
    )
    if not dry_run or recipients:
        check_order(order, session.clock)

    def check_place() -> Path | None:
        if output is None:
            return None
        target = choose_path(output, neutral_name("0" * 32), force=force)
        for source in (recipe_path, passphrase_file):
            check_apart(target, source)
        return target

    # Where a run is done already, its bundle may have the name that this one would have.
    target = check_place() if dry_run or run is None else None
    stdin = sys.stdin.buffer if sys.stdin is not None else None
    with ExitStack() as stack:
        reporter = stack.enter_context(session.reporter())
        if not dry_run:
            session.desk.own_card()  # before there is a lock, there is a home
            name, locks = asked.job_name(recipe_path), session.desk.root / "locks"
            stack.enter_context(lock_job(locks, name, wait_seconds=asked.wait_seconds))
            if run is not None:
                if is_done(session, order, run, reporter):
                    return
                check_place()
        opened = stack.enter_context(open_extracts(recipe_file.recipe, sources, stdin, reporter))
        if dry_run:
            if recipients and not own_tokens:
                session.ring.check(recipe_file.recipe, recipients)
            try_order(session, order, opened, target, reporter, report)
            return
        if not own_tokens:
            order = replace(order, shared=session.find_shared(recipe_file.recipe, recipients))
        try:
            result = pack_bundle(
                order,
                opened,
                session.identity,
                session.register,
                clock=session.clock,
                reporter=reporter,
            )
        except ExtractEmptyError as error:
            if asked.on_empty != "skip":
                raise
            skip_run(session, order, error)
            return

    def human() -> None:
        if session.console.settings.quiet:
            session.console.line(str(result.path))
        else:
            print_summary(session, result, order_names(order.recipients))

    document = {**pack_document(result), **run_document(run, result.missed)}
    session.console.log(
        "packed",
        bundle_id=document["bundle_id"],
        sequence=document["sequence"],
        n_rows=sum(table.n_rows_out for table in result.manifest.tables),
        n_bytes=result.n_bytes,
    )
    session.console.result(document, human)
    note_missed(session.console, result.missed)
    session.warn_of_memory(result.carrier, result.path)
    session.warn_of_cards(recipients)
    warn_of_draft(session.console, recipe_file.recipe.agreement)
    for table in result.manifest.tables:
        warn_of(session.console, table.name, table)


def try_order(
    session: Session,
    order: PackOrder,
    opened: OpenExtracts,
    target: Path | None,
    reporter: ConsoleReporter,
    report: Path | None,
) -> None:
    """Read the extracts, try every gate and expectation, and show what would leave."""
    from securexfer.attaching import Attachments
    from securexfer.expectation import count_last
    from securexfer.medium.medium import find_medium
    from securexfer.order import check_attached, check_fit
    from securexfer.planning import try_extracts

    document: dict[str, Any] = {"dry_run": True}
    facts = [("For", ", ".join(order_names(order.recipients)) or "nobody yet: name --to")]
    if target is None:
        facts.append(("To", "nowhere yet: name -o"))
    else:
        carrier = find_medium(target.parent)
        check_fit(opened, target, carrier, reporter)
        if order.checks_drive:
            refuse_drive(target.parent, carrier, session.clock(), reporter)
        document["carrier"] = carrier.identify()
        facts += [("To", str(order.output)), ("Drive", carrier.describe())]
    trial = try_extracts(opened, reporter, Attachments)
    if target is not None:
        check_attached(trial.attached.values(), 0, target, carrier, reporter)
    last = {}
    if order.expectation.change_max_percent is not None:
        recipients = sorted(contact.fingerprint for contact in order.recipients)
        entries = session.register.entries()
        last = count_last(entries, order.recipe_file.recipe_sha256, recipients)
    if report is not None:
        plan = planned_record(order, opened, trial, document.get("carrier", {}))
        write_planned(session, plan, report, force=order.force)
    order.expectation.check_rows({n: found.n_rows_in for n, found in trial.found.items()}, last)

    def show_target() -> None:
        session.console.facts(facts)
        session.console.line("Nothing was written." if report is None else _WROTE_PAGE)

    show_trial(session.console, document, opened.plans, trial, show_target)


def refuse_drive(folder: Path, carrier: Medium, now: datetime, reporter: Reporter) -> None:
    """Check a drive for a dry run, which records nothing.

    Raises:
        GateError: if something lies there in clear, or can't be judged.
    """
    from securexfer.scan.check import check_drive
    from securexfer.scan.walk import find_root

    refusal = check_drive(find_root(folder, carrier), now=now, reporter=reporter).refusal()
    if refusal is not None:
        raise refusal


def order_names(recipients: Any) -> list[str]:
    """Recipients for people: local name and whose card it is."""
    return [f"{contact.name} ({contact.card.name})" for contact in recipients]


def pack_document(result: PackResult) -> dict[str, Any]:
    """The JSON result of `pack`."""
    manifest = result.manifest
    return {
        "bundle_id": manifest.bundle_id,
        "bundle_sha256": result.bundle_sha256,
        "carrier": result.carrier.identify(),
        "created_at": manifest.created_at,
        "expires_at": manifest.expires_at,
        "forwarding": manifest.forwarding,
        "n_bytes": result.n_bytes,
        "outcome": "packed",
        "path": str(result.path),
        "recipients": manifest.recipients,
        "sequence": manifest.sequence,
        "tables": [
            table.model_dump(exclude={"gates", "member"}, exclude_none=True)
            for table in manifest.tables
        ],
    }


def print_summary(session: Session, result: PackResult, names: list[str]) -> None:
    """What left, what became of it, what stayed, to whom, until when."""
    manifest, read = result.manifest, result.carrier.describe_reading()
    rows: list[tuple[str, str]] = []
    for table in manifest.tables:
        rows.append((f"Table {table.name}", f"{plural(table.n_rows_out, 'row')} packed"))
        rows += [(f"  {f.name}", describe_field(f.name, f.action, table)) for f in table.fields]
        if table.attachments:
            rows.append(("  attached", plural(table.attachments.n_files, "file")))
        if table.n_blank_lines:
            rows.append(("  blank lines", f"{table.n_blank_lines:,} skipped"))
        rows.append(("  withheld", ", ".join(table.withheld) or "nothing"))
    rows += [
        ("For", ", ".join(names)),
        ("Until", f"{manifest.expires_at[:10]}, then it can't be opened"),
        ("Forwarding", "allowed" if manifest.forwarding == "yes" else "not allowed"),
        ("Sealed", SEALED),
        ("Drive", result.carrier.describe()),
        *_say_check(result),
        ("Bundle", f"{result.path}"),
        ("", f"{result.n_bytes:,} bytes, read back {read} and recorded"),
    ]
    session.console.panel("Packed", rows)
    session.console.line("These are still personal data: handle the unpacked files as such.")


def _say_check(result: PackResult) -> list[tuple[str, str]]:
    checked = result.entry.details.get("drive_check")
    if not checked:
        return []
    return [
        ("", f"{plural(checked['n_files'], 'file')} on it checked before, nothing found in clear")
    ]
