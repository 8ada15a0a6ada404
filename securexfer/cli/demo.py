"""`demo`: the whole story on synthetic data, in a home that is thrown away."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.console import Console
from securexfer.cli.options import SecurexferCommand
from securexfer.cli.pack import order_names, print_summary
from securexfer.cli.plan import WHAT_IS_DONE
from securexfer.cli.reminder import SILENT
from securexfer.cli.session import Session
from securexfer.cli.value import Whole
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.bundle.outside import Outside
    from securexfer.crypto.identity import Identity
    from securexfer.custody.receipt import Receipt
    from securexfer.custody.register import Register
    from securexfer.filing import Filed
    from securexfer.instant import Clock
    from securexfer.packing import PackResult

DEMO_PASSPHRASE = "nothing here is real"  # noqa: S105
REPORT = "report.html"
RECIPE = """\
version = 1

[agreement]
reference = "DEMO-2026-001"
purpose = "Evaluate supervision of prolific offenders"
controller = "Ministry of Example"
regime = "dpa2018-part3"
lawful_basis = "Part 3, s.35(2)(b)"
retention_days = 90
categories = ["criminal-offence"]

[tables.offenders.fields]
person      = { from = "pnc_id", action = "pseudonymise", domain = "person" }
birth_year  = { from = "date_of_birth", action = "year", format = "%d/%m/%Y" }
sex         = { action = "keep" }
district    = { from = "postcode", action = "postcode-district" }
offence     = { action = "keep" }
convictions = { action = "band", width = 5 }
sentence    = { from = "sentence_months", action = "band", width = 12 }
status      = { action = "keep" }
"""


@click.command(cls=SecurexferCommand, epilog="Example: securexfer demo --rows 10000")
@click.option(
    "--rows",
    default=130_000,
    show_default=True,
    type=Whole(1, 20_000_000),
    metavar="N",
    help="Rows.",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everything in this folder, for a look around.",
)
def demo(rows: int, keep: Path | None) -> None:
    """Play the whole story on synthetic data.

    Two people are made up, an extract is packed, lost, found and unpacked, in a home that is thrown
    away.
    """
    from securexfer.errors import OutputExistsError
    from securexfer.place import make_folder

    session = Session.current()
    click.get_current_context().meta[SILENT] = True
    started = time.monotonic()
    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="securexfer-demo-"))
    else:
        if keep.exists() and any(keep.iterdir()):
            raise OutputExistsError(f"{keep} is not empty.", hint="Name a new folder.")
        make_folder(keep)
        folder = keep
    try:
        document = _play(session, folder, rows, is_kept=keep is not None)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    document["seconds"] = int(time.monotonic() - started) + 1
    document["kept_in"] = str(keep) if keep else ""

    def human() -> None:
        where = "Everything has been removed again"
        if keep:
            where = f"Kept in {keep}; the passphrase of both identities is: {DEMO_PASSPHRASE}"
            session.console.line(f"\nA page about all that, to look at: {keep / REPORT}")
        session.console.line(f"\n{where}. It took about {document['seconds']} s.")
        session.console.line("Now with your own data: see docs/quickstart.md")

    session.console.result(document, human)


def _play(session: Session, folder: Path, rows: int, *, is_kept: bool) -> dict[str, Any]:
    from securexfer.custody.register import Register
    from securexfer.filing import Cabinet, import_receipt
    from securexfer.home.contacts import ContactBook
    from securexfer.order import PackOrder
    from securexfer.packing import pack
    from securexfer.pinning import pin_contact
    from securexfer.planning import Input, open_extracts
    from securexfer.privacy.synthetic import offender_csv
    from securexfer.recipe.reading import parse_recipe
    from securexfer.unpacking import unpack
    from securexfer.verifying import inspect, pinned_senders, verify

    console, clock = session.console, session.clock
    story = _Story(console)

    story.tell("An extract inside the ministry", f"{rows:,} people who do not exist, 20 columns.")
    extract, stick = folder / "offenders.csv", folder / "stick"
    with extract.open("wb") as file:
        for piece in offender_csv(rows):
            file.write(piece)
    stick.mkdir(mode=0o700)
    (folder / "offenders.toml").write_text(RECIPE, encoding="utf-8")

    story.tell("Two identities", "An analyst and a contractor pin each other's card.")
    analyst = _person(session, folder / "analyst", "Ann Analyst", "Ministry of Example")
    contractor = _person(session, folder / "contractor", "Acme Research", "Acme Ltd")
    actor = session.register.actor
    analysts_book = ContactBook(folder / "analyst" / "contacts")
    analysts_register = Register(folder / "analyst" / "register.jsonl", actor)
    acme = pin_contact(
        analysts_book, contractor.card, "acme", analyst, analysts_register, clock=clock
    )
    contractors_book = ContactBook(folder / "contractor" / "contacts")
    contractors_register = Register(folder / "contractor" / "register.jsonl", actor)
    pin_contact(
        contractors_book, analyst.card, "ministry", contractor, contractors_register, clock=clock
    )

    story.tell("securexfer pack offenders.csv --recipe offenders.toml --to acme -o stick")
    recipe_file = parse_recipe(RECIPE.encode())
    with ExitStack() as stack:
        reporter = stack.enter_context(session.reporter())
        opened = stack.enter_context(
            open_extracts(recipe_file.recipe, [Input("offenders", extract)])
        )
        order = PackOrder(recipe_file, [acme], stick)
        packed = pack(order, opened, analyst, analysts_register, clock=clock, reporter=reporter)
    if not console.settings.json:
        print_summary(session, packed, order_names([acme]))

    story.tell("The stick is lost. What a finder sees, in bytes and with securexfer inspect")
    with session.reporter() as reporter, inspect(packed.path, reporter) as outside:
        reporter.rest()
        if not console.settings.json:
            _print_hex(console, packed.path)
            _print_finder(console, outside)

    story.tell("The stick is found. securexfer unpack, at the contractor's desk")
    incoming = folder / "incoming"
    with (
        session.reporter() as reporter,
        verify(
            packed.path,
            pinned_senders(contractors_book.list(), contractor.card),
            lambda: contractor,
            contractors_register,
            clock=clock,
            reporter=reporter,
        ) as verified,
    ):
        unpacked = unpack(
            verified,
            incoming,
            contractor,
            contractors_register,
            clock=clock,
            reporter=reporter,
            medium_reason="a demonstration; nobody in it exists",
        )
    if not console.settings.json:
        console.line(f"Every check held; {plural(len(unpacked.files), 'file')} written.\n")
        _print_before_after(console, packed, extract, unpacked.files[0])

    story.tell("The receipt goes back by e-mail. securexfer receipt import, at the ministry")
    cabinet = Cabinet(
        analyst,
        pinned_senders(analysts_book.list(), analyst.card),
        analysts_register,
        folder / "analyst" / "receipts",
        clock,
    )
    receipt = import_receipt(unpacked.receipt.read_bytes(), cabinet)
    if not console.settings.json:
        _print_receipt(console, receipt)
    if is_kept:
        _write_page(folder / REPORT, packed, analyst, analysts_register, clock)
    return {
        "bundle_id": packed.manifest.bundle_id,
        "n_bytes": packed.n_bytes,
        "n_bytes_extract": extract.stat().st_size,
        "n_rows": packed.manifest.tables[0].n_rows_out,
        "withheld": packed.manifest.tables[0].withheld,
    }


class _Story:
    """Numbered headings."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._n = 0

    def tell(self, title: str, text: str = "") -> None:
        self._n += 1
        if not self._console.settings.json:
            self._console.line(f"\n{self._n}. {title}")
            if text:
                self._console.line(f"   {text}")


def _person(session: Session, home: Path, name: str, organisation: str) -> Identity:
    from securexfer.crypto.identity import create_identity
    from securexfer.home.desk import Desk

    identity = create_identity(
        name=name, organisation=organisation, email="", created_at=session.clock()
    )
    # Known to everybody, like all of the demo: these two hold nothing but synthetic data.
    Desk(home).save_new_identity(identity, DEMO_PASSPHRASE)
    return identity


def _write_page(
    page: Path, packed: PackResult, identity: Identity, register: Register, clock: Clock
) -> None:
    """The page that `securexfer report` makes of it, at the ministry."""
    from securexfer.carrier import write_small
    from securexfer.custody.account import title_account, write_account
    from securexfer.custody.rendering import render_html
    from securexfer.custody.summary import names_of
    from securexfer.custody.transfer import Names, find_transfer

    entries = register.entries()
    known = {**names_of(entries), identity.fingerprint: identity.card.name}
    names = Names(known, identity.fingerprint)
    transfer = find_transfer(entries, packed.manifest.bundle_id, names, now=clock())
    text = render_html(title_account(transfer), write_account(transfer))
    write_small(page, text.encode("utf-8"), force=False, is_own=False)


def _print_hex(console: Console, path: Path) -> None:
    """A few lines from the middle of the encrypted table."""
    with path.open("rb") as file:
        file.seek(path.stat().st_size // 3)
        for _ in range(3):
            piece = file.read(16)
            text = "".join(chr(b) if 32 <= b < 127 else "." for b in piece)
            console.line(f"   {piece.hex(' ')}  {text}")


def _print_finder(console: Console, outside: Outside) -> None:
    envelope = outside.envelope
    console.facts(
        [
            ("Bundle", envelope.bundle_id),
            ("Sender", f"{envelope.sender[:16]}… (a fingerprint, no name)"),
            ("Recipients", str(len(envelope.recipients))),
            ("Expires", envelope.expires_at),
            ("Members", ", ".join(m.name for m in envelope.members)),
        ]
    )
    console.line("No table or column names, no row counts, no purpose, no data.")


def _print_receipt(console: Console, filed: Filed[Receipt]) -> None:
    said = filed.statement
    console.facts(
        [
            ("Signed by", filed.signer_name),
            ("Opened", said.opened_at),
            ("Rows", ", ".join(f"{table.name}: {table.n_rows:,}" for table in said.tables)),
            ("Put on", said.medium.kind),
        ]
    )
    console.line("It is on record. Nobody else can read it, and it holds no data.")


def _print_before_after(console: Console, packed: PackResult, before: Path, after: Path) -> None:
    """Column by column: the first row inside the building, and what became of it."""
    import csv

    with before.open(encoding="utf-8", newline="") as file:
        inside = next(csv.DictReader(file))
    with after.open(encoding="utf-8", newline="") as file:
        outside = next(csv.DictReader(file))
    by_source = {f.source: f for f in packed.manifest.tables[0].fields}
    rows = []
    for column, value in inside.items():
        field = by_source.get(column)
        if field is None:
            rows.append((column, value, "", "withheld"))
        else:
            rows.append((column, value, outside[field.name], WHAT_IS_DONE[field.action]))
    console.table(("column", "inside (synthetic)", "outside", "what was done"), rows)
