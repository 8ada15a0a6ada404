"""Pruning: sent bundles that lie in an outbox for longer than they need to.

Only files that this register knows as bundles of this identity, byte for byte, are deleted.
Whatever else lies there is none of our business.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from securexfer.carrier import hash_file
from securexfer.crypto.identity import Identity
from securexfer.custody.register import Entry, Register
from securexfer.custody.retention import SENT, UNSENT
from securexfer.errors import OutputError
from securexfer.instant import Clock
from securexfer.place import sync_folder
from securexfer.reporting import Reporter

REMOVED = "bundle-removed"


@dataclass(frozen=True)
class Aged:
    """A bundle in the outbox that is old enough to go.

    Attributes:
        path: where it is.
        entry: how it is on record.
        n_bytes: its size.
    """

    path: Path
    entry: Entry
    n_bytes: int


@dataclass(frozen=True)
class PruneResult:
    """What became of the outbox.

    Attributes:
        removed: deleted and recorded; without an identity, what would be.
        n_kept: known bundles that are not old enough.
        n_altered: files with the name of a bundle, and another content.
        n_others: files that are nothing of ours.
    """

    removed: tuple[Aged, ...]
    n_kept: int
    n_altered: int
    n_others: int


def prune(
    folder: Path,
    days: int,
    identity: Identity | None,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
) -> PruneResult:
    """Delete every bundle in a folder that was sent more than so many days ago, and record it.

    Folders below are not looked into, links not followed.

    Args:
        folder: the outbox.
        days: by the time in the register, not that of the file.
        identity: signs the entries; without one, nothing is deleted.
        register: knows the bundles.
        clock: now.
        reporter: progress.

    Raises:
        OutputError: if the folder or a file can't be read, or a file not be deleted.
        RegisterError: if the register can't be read or written; then nothing more is deleted.
    """
    before = clock() - timedelta(days=days)
    known = _find_sent(register.entries())
    aged: list[Aged] = []
    n_kept = n_altered = n_others = 0
    for path in _list_files(folder):
        entries = known.get(path.name)
        if entries is None:
            n_others += 1
            continue
        reporter.begin(f"Comparing {path.name}")
        try:
            sha256, n_bytes = hash_file(path)
        except FileNotFoundError:
            continue  # somebody has just taken it away
        fitting = [entry for entry in entries if entry.details.get("file_sha256") == sha256]
        if not fitting:
            n_altered += 1
        elif fitting[-1].at > before:
            n_kept += 1
        else:
            aged.append(Aged(path, fitting[-1], n_bytes))
    if aged and identity is not None:
        register.check_writable(identity)
        for one in aged:
            _remove(one, identity, register, clock)
    return PruneResult(tuple(aged), n_kept, n_altered, n_others)


def _remove(one: Aged, identity: Identity, register: Register, clock: Clock) -> None:
    try:
        one.path.unlink()
        with suppress(OSError):
            sync_folder(one.path.parent)
    except OSError as error:
        raise OutputError(
            f"{one.path} can't be deleted: {error.strerror or 'unknown reason'}."
        ) from None
    details = {
        "bundle_id": one.entry.details.get("bundle_id", ""),
        "bundle_sha256": one.entry.details.get("bundle_sha256", ""),
        "file_name": one.path.name,
        "n_bytes": one.n_bytes,
    }
    register.append(identity, REMOVED, details, clock())


def _find_sent(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Entries of bundles that were sent, by the names of their files."""
    failed = {e.details.get("bundle_id") for e in entries if e.event in UNSENT}
    known: dict[str, list[Entry]] = {}
    for entry in entries:
        name = entry.details.get("file_name")
        is_sent = entry.event in SENT and entry.details.get("bundle_id") not in failed
        if is_sent and isinstance(name, str):
            known.setdefault(name, []).append(entry)
    return known


def _list_files(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_file() and not p.is_symlink())
    except OSError as error:
        raise OutputError(
            f"The folder {folder} can't be read: {error.strerror or 'unknown reason'}."
        ) from None
