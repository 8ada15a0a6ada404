"""Destroying: what was unpacked here is deleted, that is recorded, and certified to the sender.

Only files that still are what `unpack` wrote are deleted, and nothing is certified while the tool
knows of plaintext that would stay. Of copies made since, and of old blocks that a flash drive
keeps, it knows nothing, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer.bundle.sender import FindSender
from securexfer.carrier import write_small
from securexfer.crypto.identity import Identity
from securexfer.custody.destruction import Account, certify, draft_accounts, read_accounts
from securexfer.custody.register import Entry, Register
from securexfer.custody.statement import choose_name, tool_name
from securexfer.errors import OutputChangedError, OutputError, RegisterError
from securexfer.instant import Clock
from securexfer.leftovers import find_leftovers, sweep_leftovers
from securexfer.party import answer_keys
from securexfer.place import check_target, is_absent, is_folder, sync_folder
from securexfer.reporting import Reporter
from securexfer.residue import (
    UnpackedFile,
    choose_bundle,
    find_change,
    find_removed,
    find_replaced,
    find_unpacked,
    hash_plain,
    last_destroyed,
    since_destroyed,
)
from securexfer.wording import plural


@dataclass(frozen=True)
class DestroyResult:
    """What became of the files.

    Attributes:
        bundle_id: of the bundle that they came from.
        removed: deleted now.
        missing: not there any more; a link in the place of a file is not the file.
        replaced: not there any more, because another bundle was unpacked in their place since. What
            lies there is that bundle's, and stays.
        n_leftovers: unfinished files of earlier runs, deleted now.
        certificates: the signed files that are to go to the sender; more than one only where two
            bundles were given one id.
        unknown_senders: fingerprints of senders to whom nothing could be sealed, because they are
            not pinned here any more.
        receipts_removed: receipts of these unpacks, deleted because the certificate covers them.
        receipts_kept: those that are still there: no certificate, or changed since.
    """

    bundle_id: str
    removed: tuple[Path, ...]
    missing: tuple[Path, ...]
    n_leftovers: int
    replaced: tuple[Path, ...] = ()
    certificates: tuple[Path, ...] = ()
    unknown_senders: tuple[str, ...] = ()
    receipts_removed: tuple[Path, ...] = ()
    receipts_kept: tuple[Path, ...] = ()


def destroy(
    bundle_id: str,
    identity: Identity,
    register: Register,
    *,
    find_sender: FindSender,
    clock: Clock,
    reporter: Reporter,
    output: Path | None = None,
    force: bool = False,
) -> DestroyResult:
    """Delete every file that was unpacked from a bundle here, all of them or none, and certify it.

    Where nothing has been unpacked since it was last destroyed, that certificate is written again.

    Args:
        bundle_id: the bundle's id, or the first characters of it.
        identity: signs the register's entry and the certificate.
        register: knows what was written.
        find_sender: looks up pinned senders, to whom the certificate is sealed.
        clock: now.
        reporter: progress.
        output: file or folder for the certificate; without it, where the bundle was last unpacked.
        force: delete files too that are not as they were written, and take a folder that is not
            there for deleted.

    Raises:
        UsageError: if the register knows of no such bundle, or of several.
        OutputChangedError: if a file is not as it was written; then nothing is deleted.
        OutputError: if a file can't be deleted, a folder is not there, or the certificate can't be
            written.
        RegisterError: if that can't be recorded.
    """
    entries = register.entries()
    bundle_id = choose_bundle(entries, bundle_id)
    files = find_unpacked(entries, bundle_id)
    if not force:
        _check_folders(entries, bundle_id, files)
    target = _choose_target(entries, bundle_id, output)
    since = since_destroyed(entries, bundle_id)
    drafts = draft_accounts(since)
    replaced = find_replaced(entries, bundle_id)
    gone_before = find_removed(entries, bundle_id)
    there = [f for f in files if f.path not in replaced and not is_absent(f.path)]
    changes = {f.path: change for f in there if (change := find_change(f, reporter))}
    if changes and not force:
        path, change = next(iter(changes.items()))
        raise OutputChangedError(
            f"{path} {change}. {len(changes)} of {plural(len(there), 'file')} changed; nothing was "
            "deleted."
        )
    links = {file.path for file in there if file.path.is_symlink()}
    # What is gone can't be brought back, so a register that can't take an entry is met before.
    register.check_writable(identity)
    n_leftovers = sweep_leftovers(identity, register, clock=clock, reporter=reporter)
    _check_unfinished(register.entries(), bundle_id)
    removed = tuple(f.path for f in there if _remove(f.path) and f.path not in links)
    for folder in {file.path.parent for file in there}:
        with suppress(OSError):
            sync_folder(folder)
    left = [file.path for file in there if not is_absent(file.path)]
    for path, change in changes.items():
        if path not in left:
            reporter.note(f"Deleted all the same: {path} {change}.")
    missing = tuple(
        f.path for f in files if f.path not in {*removed, *left, *replaced, *gone_before}
    )
    entry = last_destroyed(entries, bundle_id) if not since else None
    if entry is None:
        paths = {
            "n_removed": (*removed, *gone_before),
            "n_missing": (*missing, *replaced),
            "n_changed": [path for path in changes if path in removed],
        }
        details: dict[str, Any] = {
            "bundle_id": bundle_id,
            "missing": sorted(map(str, paths["n_missing"])),
            "n_leftovers": n_leftovers,
            "removed": sorted(map(str, paths["n_removed"])),
        }
        if not left:
            accounts = [_count(draft, files, paths).model_dump() for draft in drafts]
            details |= {"accounts": accounts, "tool": tool_name()}

        def check_files(now_there: list[Entry]) -> None:
            if find_unpacked(now_there, bundle_id) != files:
                raise RegisterError(
                    "The bundle was unpacked again at the same time.",
                    hint="Run the command again: what that wrote is still there.",
                )

        event = "destroy-failed" if left else "destroyed"
        # Where a clock was set back, the sender would not believe that it was gone before it came.
        at = max([clock(), *(one.at for one in since)])
        entry = register.append(identity, event, details, at, check=check_files)
    if left:
        raise OutputError(
            f"{left[0]} could not be deleted ({len(left)} of {plural(len(there), 'file')}). No "
            "certificate was written.",
            hint="Check who may write to its folder, and that no folder is in its place, then run "
            "the command again.",
        )
    certificates, unknown = _write_certificates(entry, identity, find_sender, target)
    receipts = _find_receipts(entries, bundle_id)
    gone = tuple(
        path
        for path, sha256 in receipts.items()
        if not unknown and _remove_receipt(path, sha256, reporter)
    )
    return DestroyResult(
        bundle_id,
        removed,
        missing,
        n_leftovers,
        tuple(sorted(replaced)),
        certificates,
        unknown,
        receipts_removed=gone,
        receipts_kept=tuple(path for path in receipts if path not in gone),
    )


def _check_folders(entries: Sequence[Entry], bundle_id: str, files: Sequence[UnpackedFile]) -> None:
    """Check that the folders are there in which files of the bundle, or unfinished ones, may be."""
    folders = [file.path.parent for file in files]
    folders += [one.folder for one in find_leftovers(entries) if one.bundle_id == bundle_id]
    away = [folder for folder in folders if is_absent(folder)]
    if away:
        raise OutputError(
            f"The folder {away[0]} is not there, so nobody can say that the files in it are gone. "
            "Nothing was deleted.",
            hint="Plug in its drive. If you deleted the folder yourself, add --force, and "
            "-o FOLDER for the certificate.",
        )


def _check_unfinished(entries: Sequence[Entry], bundle_id: str) -> None:
    """Check that no unfinished plaintext of the bundle is left: it would be certified as gone."""
    for leftover in find_leftovers(entries):
        remaining = leftover.remaining() if leftover.bundle_id == bundle_id else ()
        if remaining and not is_absent(leftover.folder):
            raise OutputError(
                f"{remaining[0]} holds unfinished plaintext of the bundle and could not be "
                "deleted. The unpacked files are still there.",
                hint="If the bundle is being unpacked now, wait for the end of that. Else delete "
                "this file yourself. Then run the command again.",
            )


def _choose_target(entries: Sequence[Entry], bundle_id: str, output: Path | None) -> Path:
    """Where the certificate will be, checked before anything is deleted."""
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
    if is_folder(target):
        target = target / choose_name(target, "destruction", bundle_id)
    check_target(target, force=False)
    return target


def _count(
    draft: Account, files: Sequence[UnpackedFile], paths: dict[str, Sequence[Path]]
) -> Account:
    """An account with the numbers of its own files."""
    theirs = {file.path for file in files if file.bundle_sha256 == draft.bundle_sha256}
    counts = {what: len(theirs.intersection(some)) for what, some in paths.items()}
    return draft.model_copy(update=counts)


def _write_certificates(
    entry: Entry, identity: Identity, find_sender: FindSender, target: Path
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Written certificates, and the senders to whom nothing could be sealed."""
    written: list[Path] = []
    unknown: list[str] = []
    for account in read_accounts(entry):
        sender = find_sender(account.sender)
        if sender is None:
            unknown.append(account.sender)
            continue
        data = certify(entry, account, identity.keys, answer_keys(sender))
        if written:
            folder = target.parent
            target = folder / choose_name(folder, "destruction", entry.details["bundle_id"])
        try:
            write_small(target, data, force=False, is_own=False)
        except OutputError as error:
            raise type(error)(
                f"The files were destroyed, and that was recorded, but the certificate was not "
                f"written. {error.message}",
                hint="Run the command again, with -o FOLDER if need be: it writes the certificate.",
            ) from None
        written.append(target)
    return tuple(written), tuple(unknown)


def _find_receipts(entries: Sequence[Entry], bundle_id: str) -> dict[Path, str]:
    """Receipts of a bundle that are still there, with the digests that they were written with."""
    found: dict[Path, str] = {}
    for entry in entries:
        receipt = entry.details.get("receipt", {})
        if entry.event == "unpacked" and entry.details["bundle_id"] == bundle_id and receipt:
            path = Path(entry.details["folder"]) / str(receipt.get("file"))
            if not is_absent(path):
                found[path] = str(receipt.get("sha256"))
    return found


def _remove_receipt(path: Path, sha256: str, reporter: Reporter) -> bool:
    """A receipt that was not sent is needed no more: the certificate names what it is about."""
    with suppress(OutputError):
        return hash_plain(path, reporter) == sha256 and _remove(path)
    return False


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
