"""`receipt`: what a recipient says was opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.options import EXPECTED, STATEMENT, SecurexferGroup, passphrase_option
from securexfer.cli.session import Session
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.filing import Filed


@click.group(cls=SecurexferGroup)
def receipt() -> None:
    """Receipts for bundles that you sent."""


@receipt.command("import", epilog="Example: securexfer receipt import sx-1a2b3c4d5e6f.receipt")
@STATEMENT
@EXPECTED
@passphrase_option
def import_file(file: Path, older: bool, passphrase_file: Path | None) -> None:
    """Check a receipt that a recipient sent back, and put it on record.

    unpack writes it beside the tables. It says what was opened, when, and on what kind of medium it
    was put. It must be signed by one of the bundle's recipients, about that very bundle.
    """
    from securexfer.custody.statement import read_statement_file
    from securexfer.filing import import_receipt

    session = Session.current(passphrase_file)
    filed = import_receipt(read_statement_file(file), session.cabinet, older=older)
    said = filed.statement
    tables = ", ".join(f"{table.name}: {plural(table.n_rows, 'row')}" for table in said.tables)
    where = said.medium.kind
    if said.medium.file_system:
        where += f" ({said.medium.file_system})"
    rows = [
        ("Receipt from", filed.signer_name),
        ("Bundle", said.bundle_id),
        ("Opened", said.opened_at),
        ("Tables", tables),
        ("Medium", where),
    ]
    if said.medium_reason is not None:
        rows.append(("Reason", said.medium_reason))
    show_filed(session, filed, rows)


def show_filed(session: Session, filed: Filed[Any], rows: list[tuple[str, str]]) -> None:
    """What was imported; the same for every kind."""
    for note in filed.notes:
        session.console.note(note)
    document = {
        **filed.statement.model_dump(exclude={"securexfer_statement"}, exclude_none=True),
        "imported": filed.is_new,
        "notes": list(filed.notes),
        "signer": filed.entry.details["signer"],
        "signer_name": filed.signer_name,
    }

    def human() -> None:
        session.console.facts(rows)
        if filed.is_new:
            session.console.step("Every check held. It was put on record.")
        else:
            when = f"{filed.entry.at:%Y-%m-%d %H:%M}"
            session.console.step(f"It was imported before, on {when} (UTC). Nothing was recorded.")

    session.console.result(document, human)
