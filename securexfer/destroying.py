"""Destroying: what was unpacked here is deleted, that is recorded, and certified to the sender.

Only files that still are what `unpack` wrote are deleted, and nothing is certified while the tool
knows of plaintext that would stay: copies beside it are looked for. Of copies elsewhere, and of old
blocks that a flash drive keeps, it knows nothing, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer.bundle.sender import FindSender
from securexfer.certifying import certify_to_senders, choose_target, remove_file, remove_receipts
from securexfer.copies import find_copies
from securexfer.crypto.identity import Identity
from securexfer.custody.destruction import Account, draft_accounts
from securexfer.custody.register import Entry, Register
from securexfer.custody.statement import tool_name
from securexfer.errors import OutputError, RegisterError
from securexfer.instant import Clock
from securexfer.leftovers import sweep_leftovers
from securexfer.medium.medium import FindMedium, find_medium
from securexfer.place import is_absent, is_folder, sync_folder
from securexfer.reporting import Reporter
from securexfer.residue import choose_bundle, find_destroyed, since_destroyed
from securexfer.surveying import (
    Survey,
    check_changes,
    check_copies,
    check_folders,
    check_media,
    check_unfinished,
    survey,
)
from securexfer.wording import plural


@dataclass(frozen=True)
class DestroyResult:
    """What became of the files.

    Attributes:
        bundle_id: of the bundle that they came from.
        removed: deleted now.
        missing: not there any more; a link in the place of a file is not the file.
        n_leftovers: unfinished files of earlier runs, deleted now.
        replaced: not there any more, because another bundle was unpacked in their place since. What
            lies there is that bundle's, and stays.
        is_new: whether it was recorded now. Otherwise nothing has been unpacked since it was last
            destroyed, and what was recorded then is certified once more.
        certificates: the signed files that are to go to the sender, of the newest destruction
            first; more than one where older ones are written again, or two bundles had one id.
        unknown_senders: fingerprints of senders to whom nothing could be sealed, because they are
            not pinned here any more.
        receipts_removed: receipts of these unpacks, deleted because a certificate covers them.
        receipts_kept: those that are still there.
        receipts_changed: those of them that are not as they were written: nobody knows what they
            hold.
    """

    bundle_id: str
    removed: tuple[Path, ...]
    missing: tuple[Path, ...]
    n_leftovers: int
    replaced: tuple[Path, ...] = ()
    is_new: bool = True
    certificates: tuple[Path, ...] = ()
    unknown_senders: tuple[str, ...] = ()
    receipts_removed: tuple[Path, ...] = ()
    receipts_kept: tuple[Path, ...] = ()
    receipts_changed: tuple[Path, ...] = ()


@dataclass(frozen=True)
class _Deletion:
    """What was deleted now, what could not be, and what was not there to be deleted."""

    removed: tuple[Path, ...]
    left: tuple[Path, ...]
    missing: tuple[Path, ...]


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
    keep_copies: bool = False,
    find_medium: FindMedium = find_medium,
) -> DestroyResult:
    """Delete every file that was unpacked from a bundle here, all of them or none, and certify it.

    Where nothing has been unpacked since it was last destroyed, its certificates are written again.

    Args:
        bundle_id: the bundle's id, or the first characters of it.
        identity: signs the register's entry and the certificate.
        register: knows what was written.
        find_sender: looks up pinned senders, to whom the certificate is sealed.
        clock: now.
        reporter: progress.
        output: file or folder for the certificate; without it, where the bundle was last unpacked.
        force: delete files too that are not as they were written, and take a folder or a drive that
            is not there for deleted.
        keep_copies: look for none; what holds the same beside them stays.
        find_medium: finds the medium of a path.

    Raises:
        UsageError: if the register knows of no such bundle, or of several.
        OutputChangedError: if a file is not as it was written; then nothing is deleted.
        OutputError: if a file can't be deleted, a folder or drive is not there, something beside
            them holds the same, or the certificate can't be written.
        RegisterError: if that can't be recorded.
    """
    entries = register.entries()
    bundle_id = choose_bundle(entries, bundle_id)
    found = survey(entries, bundle_id, reporter)
    if not force:
        check_folders(entries, found)
        check_media(entries, found, find_medium)
    target = choose_target(entries, bundle_id, output)
    drafts = draft_accounts(found.since)
    if not force:
        check_changes(found)
    if not keep_copies:
        check_copies(_find_copies(entries, found, reporter), reporter)
    # What is gone can't be brought back, so a register that can't take an entry is met before.
    register.check_writable(identity)
    n_leftovers = sweep_leftovers(identity, register, clock=clock, reporter=reporter)
    check_unfinished(register.entries(), bundle_id)
    # Stopped between deleting and recording, nobody could say any more who deleted them.
    reporter.shield()
    gone = _delete(found, reporter)
    destroyed = find_destroyed(entries, bundle_id)
    is_new = bool(found.unpacks) or not destroyed
    if is_new:
        details = {**_describe(found, gone, drafts), "n_leftovers": n_leftovers}
        destroyed = [_record(found, bool(gone.left), details, identity, register, clock)]
    if gone.left:
        raise OutputError(
            f"{gone.left[0]} could not be deleted ({len(gone.left)} of "
            f"{plural(len(found.there), 'file')}). No certificate was written.",
            hint="Check who may write to its folder, and that no folder is in its place, then run "
            "the command again.",
        )
    certified = certify_to_senders(destroyed, identity, find_sender, target, reporter)
    receipts = remove_receipts(entries, bundle_id, certified.openings, reporter)
    return DestroyResult(
        bundle_id,
        gone.removed,
        gone.missing,
        n_leftovers,
        tuple(sorted(found.replaced)),
        is_new,
        certified.paths,
        certified.unknown_senders,
        receipts.removed,
        receipts.kept,
        receipts.changed,
    )


def _find_copies(entries: Sequence[Entry], found: Survey, reporter: Reporter) -> list[Path]:
    """What holds the same as files that are there, or that got another name."""
    known = {*(file.path for file in found.there), *found.replaced, *found.removed}
    gone = [f for f in found.files if f.path not in known and is_folder(f.path.parent)]
    as_written = [file for file in found.there if file.path not in found.changes]
    return find_copies(entries, as_written, gone, reporter)


def _delete(found: Survey, reporter: Reporter) -> _Deletion:
    """Delete what is there, and look at what has become of it."""
    # A link in the place of a file is deleted too, and the file was somewhere else.
    links = {file.path for file in found.there if file.path.is_symlink()}
    removed = [f.path for f in found.there if remove_file(f.path) and f.path not in links]
    for folder in {file.path.parent for file in found.there}:
        with suppress(OSError):
            sync_folder(folder)
    left = [file.path for file in found.there if not is_absent(file.path)]
    for path, change in found.changes.items():
        if path not in left:
            reporter.note(f"Deleted all the same: {path} {change}.")
    known = {*removed, *left, *found.replaced, *found.removed}
    missing = [file.path for file in found.files if file.path not in known]
    return _Deletion(tuple(removed), tuple(left), tuple(missing))


def _describe(found: Survey, gone: _Deletion, drafts: Sequence[Account]) -> dict[str, Any]:
    """The register's details: which files, and an account for each sender, if none is left."""
    changed = {path for path in found.changes if path in gone.removed}
    paths = {
        "n_removed": {*gone.removed, *found.removed},
        "n_missing": {*gone.missing, *found.replaced},
        "n_changed": changed | (found.changed & found.removed),
    }
    details: dict[str, Any] = {
        "bundle_id": found.bundle_id,
        "changed": sorted(map(str, paths["n_changed"])),
        "missing": sorted(map(str, paths["n_missing"])),
        "removed": sorted(map(str, paths["n_removed"])),
    }
    if gone.left:
        return details
    accounts = []
    for draft in drafts:
        theirs = {file.path for file in found.files if file.bundle_sha256 == draft.bundle_sha256}
        counts = {what: len(theirs & some) for what, some in paths.items()}
        accounts.append(draft.model_copy(update=counts).model_dump())
    return {**details, "accounts": accounts, "tool": tool_name()}


def _record(
    found: Survey,
    is_left: bool,
    details: dict[str, Any],
    identity: Identity,
    register: Register,
    clock: Clock,
) -> Entry:
    """Put it on record, unless the bundle was unpacked again meanwhile."""

    def check_unpacks(now_there: list[Entry]) -> None:
        since = since_destroyed(now_there, found.bundle_id)
        if [entry for entry in since if entry.event == "unpacked"] != found.unpacks:
            raise RegisterError(
                "The bundle was unpacked again at the same time.",
                hint="Run the command again: what that wrote is still there.",
            )

    event = "destroy-failed" if is_left else "destroyed"
    # Where a clock was set back, the sender would not believe that it was gone before it came.
    at = max([clock(), *(one.at for one in found.since)])
    return register.append(identity, event, details, at, check=check_unpacks)
