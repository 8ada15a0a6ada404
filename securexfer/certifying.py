"""Certifying: the word on a destruction that is on record, written for whoever sent the bundle."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from securexfer.bundle.sender import FindSender
from securexfer.carrier import write_small
from securexfer.crypto.identity import Identity
from securexfer.custody.destruction import certify, read_accounts
from securexfer.custody.register import Entry
from securexfer.custody.statement import choose_name, choose_path
from securexfer.errors import OutputError
from securexfer.party import answer_keys
from securexfer.place import check_target, is_absent, is_folder
from securexfer.reporting import Reporter
from securexfer.residue import hash_plain


@dataclass(frozen=True)
class Certified:
    """Certificates that were written.

    Attributes:
        paths: of them.
        openings: numbers of the receipts of all unpacks that they cover.
        unknown_senders: fingerprints of those to whom nothing could be sealed.
    """

    paths: tuple[Path, ...]
    openings: frozenset[str]
    unknown_senders: tuple[str, ...]


@dataclass(frozen=True)
class Receipts:
    """What became of receipts that were still there.

    Attributes:
        removed: deleted, because a certificate covers them.
        kept: those that are still there.
        changed: those of them that are not as they were written, or can't be read.
    """

    removed: tuple[Path, ...]
    kept: tuple[Path, ...]
    changed: tuple[Path, ...]


def choose_target(entries: Sequence[Entry], bundle_id: str, output: Path | None) -> Path:
    """Where the certificate will be, checked before anything is deleted.

    Raises:
        OutputError: if it can't be written there.
    """
    folders = [
        Path(entry.details["folder"])
        for entry in entries
        if entry.event in ("unpack-started", "unpacked")
        and entry.details.get("bundle_id") == bundle_id
    ]
    # The last one may be of an unpack that failed, and was taken away again.
    there = [folder for folder in folders if is_folder(folder)]
    target = output or (there or folders)[-1]
    if output is None and not is_folder(target):
        raise OutputError(
            f"The folder {target} is not there to take the certificate. Nothing was deleted.",
            hint="Name a folder for the certificate with -o.",
        )
    target = choose_path(target, "destruction", bundle_id)
    check_target(target, force=False)
    return target


def certify_to_senders(
    destroyed: Sequence[Entry],
    identity: Identity,
    find_sender: FindSender,
    target: Path,
    reporter: Reporter,
) -> Certified:
    """Write the certificates of destructions that are on record.

    Args:
        destroyed: the entries.
        identity: signs them.
        find_sender: looks up pinned senders, to whom they are sealed.
        target: of the first; the others are put beside it.
        reporter: hears of keys that were revoked.

    Raises:
        OutputError: if one can't be written.
        RegisterError: if an entry is damaged.
    """
    written: list[Path] = []
    openings: set[str] = set()
    unknown: dict[str, None] = {}
    accounts = [(entry, account) for entry in destroyed for account in read_accounts(entry)]
    for entry, account in accounts:
        sender = find_sender(account.sender)
        if sender is None:
            unknown[account.sender] = None
            continue
        if sender.revoked_at is not None:
            reporter.note(
                f"The keys of {sender.name} were revoked here on {sender.revoked_at:%Y-%m-%d}. "
                "Whoever stole them can read the certificate, which names tables and counts their "
                "rows: hand it over in person."
            )
        data = certify(entry, account, identity.keys, answer_keys(sender))
        if written:
            folder = target.parent
            target = folder / choose_name(folder, "destruction", entry.details["bundle_id"])
        try:
            write_small(target, data, force=False, is_own=False)
        except OutputError as error:
            raise type(error)(
                "The files were destroyed, and that was recorded, but the certificate was not "
                f"written. {error.message}",
                hint="Run the command again, with -o FOLDER if need be: it writes the certificate.",
            ) from None
        written.append(target)
        openings |= {one.statement_id for one in account.openings}
    return Certified(tuple(written), frozenset(openings), tuple(unknown))


def remove_receipts(
    entries: Sequence[Entry], bundle_id: str, certified: Collection[str], reporter: Reporter
) -> Receipts:
    """Delete the receipts of a bundle that are needed no more, if they were not sent.

    Args:
        entries: of the register.
        bundle_id: the bundle.
        certified: numbers of the receipts of all unpacks that a certificate covers.
        reporter: progress.
    """
    removed, kept, changed = [], [], []
    for path, (sha256, number) in _find_receipts(entries, bundle_id).items():
        is_whole = False
        with suppress(OutputError):
            is_whole = hash_plain(path, reporter) == sha256
        if is_whole and number in certified and remove_file(path):
            removed.append(path)
            continue
        kept.append(path)
        if not is_whole:
            changed.append(path)
    return Receipts(tuple(removed), tuple(kept), tuple(changed))


def remove_file(path: Path) -> bool:
    """Delete a file, or a link; whether that was possible."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _find_receipts(entries: Sequence[Entry], bundle_id: str) -> dict[Path, tuple[str, str]]:
    """Receipts of a bundle that are still there: the digest each was written with, its number."""
    found: dict[Path, tuple[str, str]] = {}
    for entry in entries:
        receipt = entry.details.get("receipt", {})
        if entry.event == "unpacked" and entry.details["bundle_id"] == bundle_id and receipt:
            path = Path(entry.details["folder"]) / str(receipt.get("file"))
            if not is_absent(path):
                found[path] = str(receipt.get("sha256")), str(receipt.get("statement_id"))
    return found
