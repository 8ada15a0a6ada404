"""`pack`: the way out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.options import FORCE, SecurexferCommand, output_option, passphrase_option
from securexfer.cli.plan import (
    describe_field,
    parse_inputs,
    show_trial,
    warn_of,
)
from securexfer.cli.report import check_planned, planned_record, write_planned
from securexfer.cli.session import Session

if TYPE_CHECKING:
    from securexfer.packing import PackResult

SEALED = (
    "AES-256 (WinZip AE-2), keys sealed with ML-KEM-768 + X25519 (HPKE), signed with Ed25519 and "
    "ML-DSA-65. Not a FIPS 140 validated module."
)
_WROTE_PAGE = "Nothing was written but that page."


@click.command(
    cls=SecurexferCommand,
    epilog="Example: securexfer pack people.csv --recipe people.toml --to acme -o /media/stick",
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
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
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --dry-run: a page about what would leave; ends in .html, .md or .json.",
)
@click.option("--if-found", default="", metavar="TEXT", help="Whom a finder should call; in clear.")
@FORCE
@passphrase_option
def pack(
    inputs: tuple[str, ...],
    recipe_path: Path,
    to: tuple[str, ...],
    output: Path | None,
    dry_run: bool,
    report: Path | None,
    if_found: str,
    force: bool,
    passphrase_file: Path | None,
) -> None:
    """Minimise, encrypt, sign and record extracts.

    What the recipe names leaves, as one bundle on a drive; all else stays. INPUT is PATH,
    TABLE=PATH, or TABLE=- for standard input.
    """
    from securexfer.errors import UsageError
    from securexfer.medium.medium import find_medium
    from securexfer.order import PackOrder, check_apart, check_fit, check_order, choose_target
    from securexfer.packing import pack as pack_bundle
    from securexfer.planning import open_extracts, try_extracts
    from securexfer.recipe.reading import read_recipe

    session = Session.current(passphrase_file)
    if output is None and not dry_run:
        raise UsageError("No place for the bundle was given.", hint="Name the drive with -o DIR.")
    recipe_file = read_recipe(recipe_path)
    check_planned(report, dry_run=dry_run, force=force)
    recipients = [session.contacts.get(name) for name in dict.fromkeys(to)]
    order = PackOrder(recipe_file, recipients, output or Path(), force, if_found)
    if not dry_run or recipients:
        check_order(order, session.clock)
    if output is not None:
        target = choose_target(order, "0" * 32)
        for source in (recipe_path, passphrase_file):
            check_apart(target, source)
    stdin = sys.stdin.buffer if sys.stdin is not None else None
    with (
        session.reporter() as reporter,
        open_extracts(recipe_file.recipe, parse_inputs(inputs), stdin, reporter) as opened,
    ):
        if dry_run:
            document: dict[str, Any] = {"dry_run": True}
            facts = [("For", ", ".join(order_names(recipients)) or "nobody yet: name --to")]
            if output is None:
                facts.append(("To", "nowhere yet: name -o"))
            else:
                carrier = find_medium(target.parent)
                check_fit(opened, target, carrier, reporter)
                document["carrier"] = carrier.identify()
                facts += [("To", str(output)), ("Drive", carrier.describe())]
            trial = try_extracts(opened, reporter)
            if report is not None:
                plan = planned_record(order, opened, trial, document.get("carrier", {}))
                write_planned(session, plan, report, force=force)

            def show_target() -> None:
                session.console.facts(facts)
                session.console.line("Nothing was written." if report is None else _WROTE_PAGE)

            show_trial(session.console, document, opened.plans, trial, show_target)
            return
        identity = session.identity
        result = pack_bundle(
            order, opened, identity, session.register, clock=session.clock, reporter=reporter
        )

    def human() -> None:
        if session.console.settings.quiet:
            session.console.line(str(result.path))
        else:
            print_summary(session, result, order_names(order.recipients))

    session.console.result(pack_document(result), human)
    for table in result.manifest.tables:
        warn_of(session.console, table.name, table)


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
    manifest = result.manifest
    rows: list[tuple[str, str]] = []
    for table in manifest.tables:
        rows.append((f"Table {table.name}", f"{table.n_rows_out:,} rows packed"))
        rows += [(f"  {f.name}", describe_field(f.name, f.action, table)) for f in table.fields]
        if table.n_blank_lines:
            rows.append(("  blank lines", f"{table.n_blank_lines:,} skipped"))
        rows.append(("  withheld", ", ".join(table.withheld) or "nothing"))
    rows += [
        ("For", ", ".join(names)),
        ("Until", f"{manifest.expires_at[:10]}, then it can't be opened"),
        ("Forwarding", "allowed" if manifest.forwarding == "yes" else "not allowed"),
        ("Sealed", SEALED),
        ("Drive", result.carrier.describe()),
        ("Bundle", f"{result.path}"),
        ("", f"{result.n_bytes:,} bytes, read back from the drive and recorded"),
    ]
    session.console.panel("Packed", rows)
    session.console.line("These are still personal data: handle the unpacked files as such.")
