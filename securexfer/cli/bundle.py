"""`inspect`, `verify`, `unpack`, `release-password`: the way in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
from securexfer.cli.plan import warn_of_archives
from securexfer.cli.session import Session
from securexfer.cli.view import (
    inside_document,
    outside_document,
    print_inside,
    print_known,
    print_outside,
)

if TYPE_CHECKING:
    pass


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
        print_outside(session, outside, sender="claims to be", has_names=False)
        session.console.line("\nThe note for finders says:")
        for text in reflow(outside.read_me):
            session.console.line(f"  {plain(text)}".rstrip())
        session.console.line("\nThis is what a finder sees.")
        print_known(session, outside)
        session.console.step("\nNobody's signature was checked: use securexfer verify.")

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
    from securexfer.destination import check_medium, plan_destination
    from securexfer.errors import UsageError
    from securexfer.expiry import expiry_of
    from securexfer.leftovers import sweep_leftovers
    from securexfer.medium.rule import check_reason
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
        plan_destination(
            verified.manifest, output, tables, is_compressed=keep_compressed, force=force
        )
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
            f"Send the receipt to {session.contact_name(verified.envelope.sender)}; it holds no "
            f"data. Destroy the tables by {expiry_of(verified.inside.outside):%Y-%m-%d}: "
            f"securexfer destroy {verified.envelope.bundle_id[:12]}"
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
