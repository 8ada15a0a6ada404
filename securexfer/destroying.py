"""Destroying: what was unpacked here is deleted, that is recorded, and certified to the sender.

Only files that still are what `unpack` wrote are deleted. Of copies made since, and of old blocks
that a flash drive keeps, the tool knows nothing, and says so.
"""

from __future__ import annotations

import hashlib
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
from securexfer.errors import OutputChangedError, OutputError, RegisterError, UsageError
from securexfer.instant import Clock
from securexfer.leftovers import sweep_leftovers
from securexfer.party import answer_keys
from securexfer.place import check_target, is_absent, sync_folder
from securexfer.reporting import Reporter
from securexfer.wording import plural


@dataclass(frozen=True)
class UnpackedFile:
    """A file that an unpack wrote.

    Attributes:
        path: where.
        sha256: of its content (hex).
        bundle_sha256: of the bundle that it came from.
    """

    path: Path
    sha256: str
    bundle_sha256: str = ""


@dataclass(frozen=True)
class DestroyResult:
    """What became of the files.

    Attributes:
        bundle_id: of the bundle that they came from.
        removed: deleted now.
        missing: not there any more.
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
    bundle_id = _choose_bundle(entries, bundle_id)
    files = find_unpacked(entries, bundle_id)
    away = [file.path.parent for file in files if is_absent(file.path.parent)]
    if away and not force:
        raise OutputError(
            f"The folder {away[0]} is not there, so nobody can say that the files in it are gone. "
            "Nothing was deleted.",
            hint="Plug in its drive. If you deleted the folder yourself, add --force, and "
            "-o FOLDER for the certificate.",
        )
    target = _choose_target(entries, bundle_id, output)
    since = _since_destroyed(entries, bundle_id)
    drafts = draft_accounts(since)
    missing = tuple(file.path for file in files if is_absent(file.path))
    there = [file for file in files if not is_absent(file.path)]
    changed = [file.path for file in there if _sha256(file.path, reporter) != file.sha256]
    if changed and not force:
        raise OutputChangedError(
            f"{changed[0]} is not as unpack wrote it. "
            f"{len(changed)} of {plural(len(there), 'file')} changed; nothing was deleted."
        )
    # What is gone can't be brought back, so a register that can't take an entry is met before.
    register.check_writable(identity)
    removed = tuple(file.path for file in there if _remove(file.path))
    for folder in {path.parent for path in removed}:
        with suppress(OSError):
            sync_folder(folder)
    n_leftovers = sweep_leftovers(identity, register, clock=clock, reporter=reporter)
    n_left = len(there) - len(removed)
    entry = _last_destroyed(entries, bundle_id) if not since else None
    if entry is None:
        details: dict[str, Any] = {
            "bundle_id": bundle_id,
            "missing": [str(path) for path in missing],
            "n_leftovers": n_leftovers,
            "removed": [str(path) for path in removed],
        }
        if not n_left:
            paths = {"n_removed": removed, "n_missing": missing, "n_changed": changed}
            accounts = [_count(draft, files, paths).model_dump() for draft in drafts]
            details |= {"accounts": accounts, "tool": tool_name()}

        def check_files(now_there: list[Entry]) -> None:
            if find_unpacked(now_there, bundle_id) != files:
                raise RegisterError(
                    "The bundle was unpacked again at the same time.",
                    hint="Run the command again: what that wrote is still there.",
                )

        event = "destroy-failed" if n_left else "destroyed"
        entry = register.append(identity, event, details, clock(), check=check_files)
    if n_left:
        raise OutputError(
            f"{n_left} of {plural(len(there), 'file')} could not be deleted.",
            hint="Check who may write to their folder, then run the command again.",
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
        certificates,
        unknown,
        receipts_removed=gone,
        receipts_kept=tuple(path for path in receipts if path not in gone),
    )


def find_unpacked(entries: Sequence[Entry], bundle_id: str) -> list[UnpackedFile]:
    """The files that unpacks of a bundle wrote since it was last destroyed, each once."""
    found: dict[Path, UnpackedFile] = {}
    for entry in _since_destroyed(entries, bundle_id):
        if entry.event == "unpacked":
            folder = Path(entry.details["folder"])
            for name, sha256 in entry.details["files_sha256"].items():
                digest = entry.details.get("bundle_sha256", "")
                found[folder / name] = UnpackedFile(folder / name, sha256, digest)
    return list(found.values())


def _since_destroyed(entries: Sequence[Entry], bundle_id: str) -> list[Entry]:
    """Unpacks of a bundle, begun and done, since it was last destroyed."""
    found: list[Entry] = []
    for entry in entries:
        if entry.details.get("bundle_id") == bundle_id:
            if entry.event == "destroyed":
                found.clear()
            elif entry.event in ("unpack-started", "unpacked"):
                found.append(entry)
    return found


def _last_destroyed(entries: Sequence[Entry], bundle_id: str) -> Entry | None:
    found = (e for e in reversed(entries) if e.event == "destroyed")
    return next((e for e in found if e.details.get("bundle_id") == bundle_id), None)


def _choose_target(entries: Sequence[Entry], bundle_id: str, output: Path | None) -> Path:
    """Where the certificate will be, checked before anything is deleted."""
    folders = [
        Path(entry.details["folder"])
        for entry in entries
        if entry.event in ("unpack-started", "unpacked")
        and entry.details.get("bundle_id") == bundle_id
    ]
    target = folders[-1] if output is None else output
    if output is None and not target.is_dir():
        raise OutputError(
            f"The folder {target} is not there to take the certificate. Nothing was deleted.",
            hint="Name a folder for the certificate with -o.",
        )
    if target.is_dir():
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
        return _sha256(path, reporter) == sha256 and _remove(path)
    return False


def _choose_bundle(entries: Sequence[Entry], start: str) -> str:
    events = ("unpack-started", "unpacked")
    known: set[str] = {e.details["bundle_id"] for e in entries if e.event in events}
    fitting = sorted(name for name in known if name.startswith(start))
    if not fitting or not start:
        raise UsageError(
            "The register knows of no such bundle that was unpacked here.",
            hint="List what was unpacked with: securexfer register list",
        )
    if len(fitting) > 1:
        raise UsageError(
            f"{len(fitting)} bundles that were unpacked here have an id that begins so.",
            hint="Give more of its characters.",
        )
    return fitting[0]


def _sha256(path: Path, reporter: Reporter) -> str:
    """SHA-256 of a plain file; nothing that matches for anything else."""
    if path.is_symlink() or not path.is_file():
        return ""
    reporter.begin(f"Checking {path.name}", path.stat().st_size)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
                reporter.advance(len(piece))
    except OSError as error:
        raise OutputError(f"{path} can't be read: {error.strerror}.") from None
    return digest.hexdigest()


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
