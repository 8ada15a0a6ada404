"""`inspect`, `verify`, `unpack`, `release-password`: the way in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.chain import chain_document, chain_rows
from securexfer.cli.console import plain
from securexfer.cli.layout import reflow
from securexfer.cli.options import (
    BUNDLE,
    FORCE,
    OLDER,
    SecurexferCommand,
    output_option,
    passphrase_option,
)
from securexfer.cli.plan import describe_field, warn_of_archives
from securexfer.cli.session import Session
from securexfer.instant import format_instant
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.bundle.envelope import Envelope
    from securexfer.bundle.outside import Outside
    from securexfer.verifying import Verified


@click.command(
    cls=SecurexferCommand, epilog="Example: securexfer inspect sx-1a2b3c4d5e6f.sxfer.zip"
)
@BUNDLE
def inspect(bundle: Path) -> None:
    """Show what anyone who finds a bundle can see. Needs no key."""
    from securexfer.verifying import inspect as inspect_bundle

    session = Session.current()
    with session.reporter() as reporter, inspect_bundle(bundle, reporter) as outside:
        document = {**outside_document(outside), "verified": False}

    def human() -> None:
        print_outside(session, outside, sender="claims to be")
        session.console.line("\nThe note for finders says:")
        for text in reflow(outside.read_me):
            session.console.line(f"  {plain(text)}".rstrip())
        session.console.step(
            "\nThis is what a finder sees. Nobody's signature was checked: use securexfer verify."
        )

    session.console.result(document, human)


@click.command(cls=SecurexferCommand, epilog="Example: securexfer verify BUNDLE --outside")
@BUNDLE
@click.option("--outside", "outside_only", is_flag=True, help="Only what needs no private key.")
@OLDER
@passphrase_option
def verify(bundle: Path, outside_only: bool, older: bool, passphrase_file: Path | None) -> None:
    """Make every check that unpack makes, and write nothing."""
    from securexfer.verifying import check_tables, verify_outside

    session = Session.current(passphrase_file)
    with session.reporter() as reporter:
        if outside_only:
            with verify_outside(
                bundle,
                session.find_sender(),
                session.register,
                clock=session.clock,
                reporter=reporter,
            ) as outside:
                document = {**outside_document(outside), "verified": True}
            session.console.result(
                document, lambda: print_outside(session, outside, sender="verified")
            )
            return
        with session.verified(bundle, reporter, older=older) as verified:
            check_tables(verified, reporter)
    for note in verified.notes:
        session.console.note(note)

    def human() -> None:
        print_inside(session, verified)
        session.console.line("Every check held.")

    session.console.result(inside_document(verified), human)


@click.command(cls=SecurexferCommand, epilog="Example: securexfer unpack BUNDLE -o incoming")
@BUNDLE
@output_option("The folder to write to; made if it is not there.")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table; repeat.")
@click.option("--keep-compressed", is_flag=True, help="Write TABLE.csv.gz.")
@click.option(
    "--escape-formulas",
    is_flag=True,
    help="Put an apostrophe before every cell that a spreadsheet would run.",
)
@click.option(
    "--allow-medium", is_flag=True, help="Write to a removable or network medium; needs --reason."
)
@click.option("--reason", metavar="TEXT", help="Why, for the record; only with --allow-medium.")
@FORCE
@OLDER
@passphrase_option
def unpack(
    bundle: Path,
    output: Path,
    tables: tuple[str, ...],
    keep_compressed: bool,
    escape_formulas: bool,
    allow_medium: bool,
    reason: str | None,
    force: bool,
    older: bool,
    passphrase_file: Path | None,
) -> None:
    """Verify a bundle and write its tables, and a receipt for the sender.

    Nothing is written unless every check holds, and no plaintext to a removable or network
    medium, unless you say why.
    """
    from securexfer.errors import UsageError
    from securexfer.expiry import expiry_of
    from securexfer.leftovers import sweep_leftovers
    from securexfer.medium.rule import check_reason
    from securexfer.unpacking import check_medium, plan_output
    from securexfer.unpacking import unpack as unpack_bundle

    if allow_medium != (reason is not None):
        raise UsageError(
            "--allow-medium and --reason go together.", hint="Give both of them, or neither."
        )
    if reason is not None:
        check_reason(reason)

    session = Session.current(passphrase_file)
    with (
        session.reporter() as reporter,
        session.verified(bundle, reporter, older=older, record=True) as verified,
    ):
        reporter.rest()
        for note in verified.notes:
            session.console.note(note)
        # First, because a run that is refused should have tidied up after the one before too.
        sweep_leftovers(session.identity, session.register, clock=session.clock, reporter=reporter)
        plan_output(verified.manifest, output, tables, keep_compressed, force=force)
        check_medium(
            verified, output, reason, session.identity, session.register, clock=session.clock
        )
        if not session.console.settings.json and not session.console.settings.quiet:
            print_inside(session, verified)
            session.console.line("Every check held.")
        result = unpack_bundle(
            verified,
            output,
            session.identity,
            session.register,
            clock=session.clock,
            reporter=reporter,
            tables=tables,
            keep_compressed=keep_compressed,
            force=force,
            escape_formulas=escape_formulas,
            medium_reason=reason,
        )
    document = {
        **inside_document(verified),
        "files": [str(path) for path in result.files],
        "medium": result.medium.classify(),
        "receipt": str(result.receipt),
    }
    if result.medium_reason:
        document["medium_reason"] = result.medium_reason
    if result.n_escaped is not None:
        document["n_escaped"] = result.n_escaped

    def human() -> None:
        for path in result.files:
            session.console.line(f"Written: {plain(str(path))}")
        if result.medium_reason:
            session.console.line(
                f"On a medium that is {plain(result.medium.describe())}. Recorded as the reason: "
                f"{plain(result.medium_reason)}"
            )
        session.console.line(f"Receipt: {plain(str(result.receipt))}")
        for name, n_escaped in (result.n_escaped or {}).items():
            session.console.line(
                f"Table {name}: formulas given an apostrophe in front: {n_escaped:,}."
                if n_escaped
                else f"Table {name}: no cell is a formula."
            )
        session.console.step(
            "Send the receipt to the sender; it holds no data. Destroy the tables by "
            f"{expiry_of(verified.inside.outside):%Y-%m-%d}: securexfer destroy "
            f"{verified.manifest.bundle_id[:12]}"
        )

    session.console.result(document, human)
    warn_of_archives(session.console, result.files)


@click.command(
    "release-password",
    cls=SecurexferCommand,
    epilog="Example: securexfer release-password BUNDLE",
)
@BUNDLE
@OLDER
@passphrase_option
def release_password(bundle: Path, older: bool, passphrase_file: Path | None) -> None:
    """Print the ZIP password, for someone who must use 7-Zip.

    The bundle is verified first, and the release is recorded. Whoever opens it with that password
    is not told who sent it or whether it was altered, and no expiry or drive check is made.
    """
    from securexfer.releasing import release_password as release

    session = Session.current(passphrase_file)
    with (
        session.reporter() as reporter,
        session.verified(bundle, reporter, older=older, record=True) as verified,
    ):
        password = release(verified, session.identity, session.register, clock=session.clock)
    for note in verified.notes:
        session.console.note(note)
    session.console.note(
        "Other tools check neither who sent the bundle nor whether it was altered since, and "
        "enforce no expiry. The release was recorded. Never send this password by the same way "
        "as the bundle."
    )
    if verified.inside.is_forwarded and not session.console.settings.quiet:
        session.console.facts(chain_rows(verified.inside), to_stderr=True)
    document = {
        "bundle_id": verified.envelope.bundle_id,
        **chain_document(verified.inside),
        "password": password,
    }
    session.console.result(document, lambda: session.console.line(password))


def outside_document(outside: Outside) -> dict[str, Any]:
    """What is visible, in JSON results."""
    envelope = outside.envelope
    extended = {}
    if outside.extended_until is not None:
        extended["extended_until"] = format_instant(outside.extended_until)
    return {
        **extended,
        "bundle_id": envelope.bundle_id,
        "bundle_sha256": outside.claimed.bundle_sha256,
        "created_at": envelope.created_at,
        "expires_at": envelope.expires_at,
        "format": envelope.format,
        "forwarded": is_forwarded(outside),
        "members": [{"name": m.name, "n_bytes": m.length} for m in envelope.members],
        "n_bytes": outside.file.size,
        "read_me": outside.read_me,
        "recipients": [r.fingerprint for r in envelope.recipients],
        "sender": envelope.sender,
    }


def is_forwarded(outside: Outside) -> bool:
    """Whether the sender says that somebody else packed it."""
    from securexfer.bundle.layout import PROVENANCE

    return any(member.name == PROVENANCE for member in outside.envelope.members)


def inside_document(verified: Verified) -> dict[str, Any]:
    """A verified bundle in JSON results."""
    manifest = verified.manifest
    return {
        **outside_document(verified.inside.outside),
        **chain_document(verified.inside),
        "agreement": manifest.agreement.model_dump(),
        "forwarding": manifest.forwarding,
        "notes": list(verified.notes),
        "sender_name": verified.sender.name,
        "sequence": manifest.sequence,
        "tables": [
            table.model_dump(exclude={"gates", "member"}, exclude_none=True)
            for table in manifest.tables
        ],
        "verified": True,
    }


def describe_expiry(outside: Outside) -> str:
    """The date, and what its sender made of it since."""
    if outside.extended_until is None:
        return outside.envelope.expires_at
    until = format_instant(outside.extended_until)
    return f"{until}, extended by the sender; at first {outside.envelope.expires_at}"


def print_outside(session: Session, outside: Outside, *, sender: str) -> None:
    """What is visible, for people."""
    from securexfer.crypto.fingerprint import format_fingerprint

    envelope: Envelope = outside.envelope
    own_name = session.contact_name
    rows = [
        ("Bundle", envelope.bundle_id),
        (
            "Sender",
            f"{sender} {format_fingerprint(envelope.sender)}, {own_name(envelope.sender)}",
        ),
        *(
            (
                "Recipient",
                f"{format_fingerprint(r.fingerprint)}, {own_name(r.fingerprint)}",
            )
            for r in envelope.recipients
        ),
        ("Created", envelope.created_at),
        ("Expires", describe_expiry(outside)),
        ("Size", f"{outside.file.size:,} bytes, {len(envelope.members)} members"),
    ]
    if is_forwarded(outside):
        rows.append(("Forwarded", "yes; who packed it, and through whose hands it came, is inside"))
    session.console.facts(rows)


def print_inside(session: Session, verified: Verified) -> None:
    """A verified bundle, for people, before anything is written."""
    manifest = verified.manifest
    is_drill = manifest.drill == "yes"
    session.console.facts(
        [
            *([("A drill", "synthetic records, to rehearse with")] if is_drill else []),
            ("From", verified.sender.name),
            *(chain_rows(verified.inside) if verified.inside.is_forwarded else ()),
            ("Agreement", f"{manifest.agreement.reference}: {manifest.agreement.purpose}"),
            ("Controller", manifest.agreement.controller),
            ("Created", manifest.created_at),
            ("Expires", describe_expiry(verified.inside.outside)),
            ("Forwarding", "allowed" if manifest.forwarding == "yes" else "not allowed"),
        ]
    )
    for table in manifest.tables:
        rows = [(f.name, describe_field(f.name, f.action, table)) for f in table.fields]
        title = f"Table {table.name}: {plural(table.n_rows_out, 'row')}"
        if table.attachments:
            title += f", {plural(table.attachments.n_files, 'attached file')}"
        session.console.table(("field", "what was done"), rows, title=title)
