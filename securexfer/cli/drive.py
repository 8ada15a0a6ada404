"""`drive`: what lies on a drive in clear."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.console import Console, describe_error
from securexfer.cli.options import SecurexferCommand, SecurexferGroup, passphrase_option
from securexfer.cli.session import Session
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.scan.check import CheckedFile, DriveCheck


@click.group(cls=SecurexferGroup)
def drive() -> None:
    """What lies on a drive in clear."""


@drive.command(cls=SecurexferCommand, epilog="Example: securexfer drive check /media/stick")
@click.argument("path", type=click.Path(path_type=Path))
@passphrase_option
def check(path: Path, passphrase_file: Path | None) -> None:
    """Find personal data, keys and passphrases that lie on a drive in clear.

    Every file is looked at by its content, whatever it is called: tables, texts, workbooks with
    their hidden sheets, documents, databases and archives. What is found is named by kind and
    count; no value is shown. Files that could not be judged are listed too. Nothing is changed on
    the drive. The result is recorded, where there is an identity.
    """
    from securexfer.errors import IdentityMissingError
    from securexfer.medium.medium import find_medium
    from securexfer.scan.check import check_drive
    from securexfer.scan.name import hide_in_name

    session = Session.current(passphrase_file)
    try:
        # Asked for before the long part, so that nobody has to wait for the question.
        identity = session.identity
    except IdentityMissingError:
        identity = None
    with session.reporter() as reporter:
        result = check_drive(path, now=session.clock(), reporter=reporter)
    medium = find_medium(path)
    if identity is not None:
        details = {
            **result.record(),
            "carrier": medium.identify(),
            "folder": hide_in_name(str(path.resolve())),
        }
        session.register.append(identity, "drive-checked", details, session.clock())
    else:
        session.console.note("There is no identity in this home, so the check is not recorded.")
    refusal = result.refusal()
    document = check_document(result)
    document["carrier"] = medium.identify()
    if refusal is not None:
        document |= {"error": describe_error(refusal)}

    def human() -> None:
        print_check(session.console, result)

    session.console.result(document, human)
    if refusal is None:
        return
    if not session.console.settings.json:
        refusal.problems = ()  # the tables have said it
        session.console.error(refusal)
    raise click.exceptions.Exit(refusal.exit_code)


def check_document(result: DriveCheck) -> dict[str, Any]:
    """The JSON result."""
    return {
        **result.record(),
        "files": [
            {
                "found": dict(file.found),
                "has_hidden": file.is_hidden,
                "path": file.path,
                "unjudged": dict(file.unjudged),
            }
            for file in result.files
        ],
        "n_bundles": result.n_bundles,
        "n_opaque": result.n_opaque,
        "n_passed_over": result.n_passed_over,
    }


def print_check(console: Console, result: DriveCheck) -> None:
    """Findings, then what could not be judged, then what was looked at."""
    if result.findings:
        console.table(
            ("file", "holds", "places"),
            [
                (file.path if number == 0 else "", what, f"{n:,}" if n else "")
                for file in result.findings
                for number, (what, n) in enumerate(_findings(file))
            ],
            title="In clear",
        )
    if result.unjudged:
        console.table(
            ("file", "why"),
            [(file.path or ".", _why(file)) for file in result.unjudged],
            title="Not judged",
        )
    counts = [("Looked at", f"{plural(result.n_files, 'file')}, {plural(result.n_bytes, 'byte')}")]
    if result.n_bundles:
        counts.append(("Bundles", f"{result.n_bundles:,}"))
    if result.n_opaque:
        counts.append(("Without text", f"{result.n_opaque:,}: pictures, sound, programs"))
    if result.n_passed_over:
        counts.append(("Passed over", f"{result.n_passed_over:,}: links, devices"))
    console.facts(counts)
    if result.findings or result.unjudged:
        return
    console.line("Nothing was found. That is no proof: pictures of documents are not read.")


def _findings(file: CheckedFile) -> list[tuple[str, int]]:
    from securexfer.scan.ledger import TITLES

    found = [(TITLES[kind], n) for kind, n in sorted(file.found.items()) if n]
    if file.is_hidden:
        found.append(("(has hidden sheets, rows or columns)", 0))
    return found


def _why(file: CheckedFile) -> str:
    from securexfer.scan.ledger import REASONS

    said = [
        REASONS[reason] if n == 1 else f"{REASONS[reason]} ({n:,} parts)"
        for reason, n in sorted(file.unjudged.items())
        if n
    ]
    return ", ".join(said)
