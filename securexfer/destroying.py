"""Destroying: what was unpacked here is deleted, and that is recorded.

Only files that still are what `unpack` wrote are deleted. Of copies made since, and of old blocks
that a flash drive keeps, the tool knows nothing, and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from securexfer.crypto.identity import Identity
from securexfer.custody.register import Entry, Register
from securexfer.errors import OutputChangedError, OutputError, UsageError
from securexfer.instant import Clock
from securexfer.leftovers import sweep_leftovers
from securexfer.place import is_absent, sync_folder
from securexfer.reporting import Reporter


@dataclass(frozen=True)
class UnpackedFile:
    """A file that an unpack wrote: where, and its SHA-256 (hex)."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class DestroyResult:
    """What became of the files.

    Attributes:
        bundle_id: of the bundle that they came from.
        removed: deleted now.
        missing: not there any more.
        n_leftovers: unfinished files of earlier runs, deleted now.
    """

    bundle_id: str
    removed: tuple[Path, ...]
    missing: tuple[Path, ...]
    n_leftovers: int


def destroy(
    bundle_id: str,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    force: bool = False,
) -> DestroyResult:
    """Delete every file that was unpacked from a bundle here, all of them or none.

    Args:
        bundle_id: the bundle's id, or the first characters of it.
        identity: signs the register's entry.
        register: knows what was written.
        clock: now.
        reporter: progress.
        force: delete files too that are not as they were written, and take a folder that is not
            there for deleted.

    Raises:
        UsageError: if the register knows of no such bundle, or of several.
        OutputChangedError: if a file is not as it was written; then nothing is deleted.
        OutputError: if a file can't be deleted, or a folder is not there.
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
            hint="Plug in its drive. If you deleted the folder yourself, add --force.",
        )
    missing = tuple(file.path for file in files if is_absent(file.path))
    there = [file for file in files if not is_absent(file.path)]
    changed = [file.path for file in there if _sha256(file.path, reporter) != file.sha256]
    if changed and not force:
        raise OutputChangedError(
            f"{changed[0]} is not as unpack wrote it. "
            f"{len(changed)} of {len(there)} files have changed; nothing was deleted."
        )
    # What is gone can't be brought back, so a register that can't take an entry is met before.
    register.check_writable(identity)
    removed = tuple(file.path for file in there if _remove(file.path))
    for folder in {path.parent for path in removed}:
        with suppress(OSError):
            sync_folder(folder)
    n_leftovers = sweep_leftovers(identity, register, clock=clock, reporter=reporter)
    n_left = len(there) - len(removed)
    details = {
        "bundle_id": bundle_id,
        "missing": [str(path) for path in missing],
        "n_leftovers": n_leftovers,
        "removed": [str(path) for path in removed],
    }
    register.append(identity, "destroy-failed" if n_left else "destroyed", details, clock())
    if n_left:
        raise OutputError(
            f"{n_left} of {len(there)} files could not be deleted.",
            hint="Check who may write to their folder, then run the command again.",
        )
    return DestroyResult(bundle_id, removed, missing, n_leftovers)


def find_unpacked(entries: Sequence[Entry], bundle_id: str) -> list[UnpackedFile]:
    """The files that unpacks of a bundle wrote since it was last destroyed, each once."""
    found: dict[Path, str] = {}
    for entry in entries:
        if entry.details.get("bundle_id") != bundle_id:
            continue
        if entry.event == "destroyed":
            found.clear()
        elif entry.event == "unpacked":
            folder = Path(entry.details["folder"])
            for name, sha256 in entry.details["files_sha256"].items():
                found[folder / name] = sha256
    return [UnpackedFile(path, sha256) for path, sha256 in found.items()]


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
