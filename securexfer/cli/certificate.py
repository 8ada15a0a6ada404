"""`certificate`: what a recipient says was destroyed."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.options import EXPECTED, STATEMENT, SecurexferGroup, passphrase_option
from securexfer.cli.receipt import show_filed
from securexfer.cli.session import Session


@click.group(cls=SecurexferGroup)
def certificate() -> None:
    """Destruction certificates for bundles that you sent."""


@certificate.command(
    "import", epilog="Example: securexfer certificate import sx-1a2b3c4d5e6f.certificate"
)
@STATEMENT
@EXPECTED
@passphrase_option
def import_file(file: Path, older: bool, passphrase_file: Path | None) -> None:
    """Check a destruction certificate that a recipient sent back, and put it on record.

    destroy writes it. It proves who says that the files were deleted, not that no copy is left.
    """
    from securexfer.custody.statement import read_statement_file
    from securexfer.filing import import_certificate

    session = Session.current(passphrase_file)
    filed = import_certificate(read_statement_file(file), session.cabinet, older=older)
    said = filed.statement
    tables = ", ".join(table.name for table in said.tables)
    rows = [
        ("Certificate from", filed.signer_name),
        ("Bundle", said.bundle_id),
        ("Destroyed", said.destroyed_at),
        ("Files", f"{said.n_removed} deleted, {said.n_missing} not there any more"),
        ("Tables", tables or "none"),
        ("Unpacked", ", ".join(one.opened_at for one in said.openings) or "never"),
        ("They add", said.remark),
    ]
    show_filed(session, filed, rows)
