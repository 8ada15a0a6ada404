"""`destroy`: the end of what was unpacked."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.console import plain
from securexfer.cli.options import SecurexferCommand, output_option, passphrase_option
from securexfer.cli.session import Session
from securexfer.wording import plural


@click.command(cls=SecurexferCommand, epilog="Example: securexfer destroy 1a2b3c4d5e6f")
@click.argument("bundle_id", metavar="BUNDLE_ID")
@output_option(
    "A folder for the certificate, or a file that ends in .certificate; without it, where the "
    "bundle was last unpacked.",
    required=False,
)
@click.option(
    "--force", is_flag=True, help="Also if files have changed, or their folder or drive is gone."
)
@click.option(
    "--keep-copies", is_flag=True, help="Also if copies lie beside them; these are not looked for."
)
@passphrase_option
def destroy(
    bundle_id: str,
    output: Path | None,
    force: bool,
    keep_copies: bool,
    passphrase_file: Path | None,
) -> None:
    """Delete what was unpacked from a bundle, record it, and certify it to the sender.

    BUNDLE_ID is the id, or the first characters of it. Files are deleted only if they still are
    what unpack wrote, and nothing in their folders, or below, holds the same: copies, and what was
    taken out of an archive of attached files. Unfinished files of runs that were cut off, and
    receipts, are deleted with them; the bundle itself is not. The certificate is a small signed
    file to send to the sender. Run the command again to have it written again, and those of
    earlier times.
    """
    from securexfer.crypto.fingerprint import format_fingerprint
    from securexfer.destroying import destroy as destroy_files

    session = Session.current(passphrase_file)
    with session.reporter() as reporter:
        result = destroy_files(
            bundle_id,
            session.identity,
            session.register,
            find_sender=session.find_sender(),
            clock=session.clock,
            reporter=reporter,
            output=output,
            force=force,
            keep_copies=keep_copies,
        )
    for fingerprint in result.unknown_senders:
        session.console.note(
            f"A certificate was not written, because its addressee is not among the contacts here "
            f"(fingerprint {format_fingerprint(fingerprint)}). Pin their card, then run this again."
        )
    document = {
        "bundle_id": result.bundle_id,
        "certificates": [str(path) for path in result.certificates],
        "is_new": result.is_new,
        "missing": [str(path) for path in result.missing],
        "n_leftovers": result.n_leftovers,
        "receipts_kept": [str(path) for path in result.receipts_kept],
        "receipts_removed": [str(path) for path in result.receipts_removed],
        "removed": [str(path) for path in result.removed],
        "replaced": [str(path) for path in result.replaced],
    }

    def human() -> None:
        for path in (*result.removed, *result.receipts_removed):
            session.console.line(f"Deleted: {plain(str(path))}")
        for path in result.missing:
            session.console.line(f"Not there any more: {plain(str(path))}")
        for path in result.receipts_kept:
            what = "a receipt; it holds no row of the data"
            if path in result.receipts_changed:
                what = "a receipt once, and not as it was written: look at it"
            session.console.line(f"Kept: {plain(str(path))}, {what}")
        for path in result.replaced:
            session.console.line(f"Replaced by another bundle since, and kept: {plain(str(path))}")
        for path in result.certificates:
            session.console.line(f"Certificate: {plain(str(path))}")
        session.console.step(
            f"{plural(len(result.removed), 'file')} deleted, and recorded. Copies made elsewhere "
            "are not known here. Flash drives can keep old blocks until they are overwritten: an "
            "encrypted disk makes them unreadable."
            if result.is_new
            else "Nothing was left to delete. What was recorded before is certified once more."
        )
        if n_receipts := len(result.receipts_removed):
            session.console.step(
                f"{plural(n_receipts, 'receipt was', 'receipts were')} deleted too. If you had not "
                f"sent {'it' if n_receipts == 1 else 'them'} yet: the certificate tells the sender "
                "when the bundle was opened."
            )
        uncovered = set(result.receipts_kept) - set(result.receipts_changed)
        if uncovered and result.certificates:
            session.console.step(
                "A receipt stays as long as no certificate takes its place. Run the command again: "
                "it writes the certificates of earlier times, too."
            )
        if result.is_new:
            session.console.step(
                "The bundle itself was not deleted: delete it, or hand its drive back."
            )
        if result.missing:
            session.console.step(
                "If a file that is not there any more was moved or renamed, or its drive is only "
                "away: delete it there, too."
            )
        if any(path.suffix == ".tar" for path in (*result.removed, *result.missing)):
            session.console.step(
                "Files that were taken out of an archive of attached files, and lie elsewhere, are "
                "not known here either: look for them, and delete them."
            )
        if n_certificates := len(result.certificates):
            session.console.step(
                f"Send the certificate{'s' * (n_certificates > 1)} to whoever sent you the bundle."
            )

    session.console.result(document, human)
