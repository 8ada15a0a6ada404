"""Residue: what unpacks of a bundle have left at this desk, and what has become of it since."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from securexfer.custody.foreign import texts_in
from securexfer.custody.register import Entry
from securexfer.errors import OutputError, UsageError
from securexfer.partial import inode_of
from securexfer.reporting import Reporter

# Of a file, or of the folder that it would be in and its name there.
Place = tuple[int | str, ...]


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


def choose_bundle(entries: Sequence[Entry], start: str) -> str:
    """The id of the bundle that was unpacked here and whose id begins so.

    Raises:
        UsageError: if there is none, or more than one.
    """
    events = ("unpack-started", "unpacked")
    known: set[str] = {e.details["bundle_id"] for e in entries if e.event in events}
    fitting = sorted(name for name in known if name.startswith(start))
    if not fitting or not start:
        raise UsageError(
            "The register knows of no such bundle that was unpacked here.",
            hint="List what is still there with: securexfer register list --open",
        )
    if len(fitting) > 1:
        raise UsageError(
            f"{len(fitting)} bundles that were unpacked here have an id that begins so.",
            hint="Give more of its characters.",
        )
    return fitting[0]


def since_destroyed(entries: Sequence[Entry], bundle_id: str) -> list[Entry]:
    """Unpacks of a bundle, begun and done, since it was last destroyed."""
    found: list[Entry] = []
    for entry in entries:
        if entry.details.get("bundle_id") == bundle_id:
            if entry.event == "destroyed":
                found.clear()
            elif entry.event in ("unpack-started", "unpacked"):
                found.append(entry)
    return found


def find_destroyed(entries: Sequence[Entry], bundle_id: str) -> list[Entry]:
    """The entries by which it was destroyed, the newest first."""
    found = (entry for entry in reversed(entries) if entry.event == "destroyed")
    return [entry for entry in found if entry.details.get("bundle_id") == bundle_id]


def find_unpacked(entries: Sequence[Entry], bundle_id: str) -> list[UnpackedFile]:
    """The files that unpacks of a bundle wrote since it was last destroyed, each once."""
    found: dict[Place, UnpackedFile] = {}
    for entry in since_destroyed(entries, bundle_id):
        if entry.event == "unpacked":
            digest = entry.details.get("bundle_sha256", "")
            for path, sha256 in _written_by(entry).items():
                found[place_of(path)] = UnpackedFile(path, sha256, digest)
    return list(found.values())


def find_replaced(entries: Sequence[Entry], bundle_id: str) -> set[Path]:
    """Those of them in whose place another bundle, not destroyed yet, was unpacked since."""
    files = find_unpacked(entries, bundle_id)
    # On drives to which case is nothing, the names of two bundles' tables may differ in it.
    names = {_fold(file.path.name) for file in files}
    owners: dict[Place, str] = {}
    for entry in entries:
        about = entry.details.get("bundle_id", "")
        if entry.event == "unpacked":
            paths = [path for path in _written_by(entry) if _fold(path.name) in names]
            owners |= dict.fromkeys(map(place_of, paths), about)
        elif entry.event == "destroyed" and about != bundle_id:
            owners = {place: owner for place, owner in owners.items() if owner != about}
    return {f.path for f in files if owners.get(place_of(f.path), bundle_id) != bundle_id}


def find_held(entries: Sequence[Entry]) -> set[Place]:
    """Where all files are that were unpacked here, from whatever bundle, and not destroyed yet."""
    held: dict[str, set[Path]] = {}
    for entry in entries:
        about = entry.details.get("bundle_id", "")
        if entry.event == "unpacked":
            held.setdefault(about, set()).update(_written_by(entry))
        elif entry.event == "destroyed":
            held.pop(about, None)
    return {place_of(path) for paths in held.values() for path in paths}


def find_told(entries: Sequence[Entry], bundle_id: str, what: str) -> set[Path]:
    """Those of them of which a run told this that could not delete all.

    Args:
        entries: of the register.
        bundle_id: the bundle.
        what: `removed`; or `changed`, for those that were deleted though not as they were written.
    """
    found: set[Path] = set()
    for entry in entries:
        if entry.details.get("bundle_id") == bundle_id:
            if entry.event == "destroyed":
                found.clear()
            elif entry.event == "unpacked":
                found -= _written_by(entry).keys()
            elif entry.event == "destroy-failed":
                found |= set(map(Path, texts_in(entry.details.get(what))))
    return found


def place_of(path: Path) -> Place:
    """What a place is, by whatever way it is named: by a link, from above, in other letters.

    A file with a second name is in two places, and so is known by its folder.
    """
    with suppress(OSError, ValueError):
        path = spell(Path(os.path.realpath(path.parent)) / path.name)
        status = path.lstat()
        if status.st_nlink == 1 and status.st_ino:
            return inode_of(status)
    return str(path.parent), path.name


def spell(path: Path) -> Path:
    """A path as its folders list it: on drives to which case is nothing, a file has many names."""
    spelled = Path(path.anchor)
    for name in path.parts[1:]:
        called = name
        with suppress(OSError):
            # What is there and is not listed is listed in other letters.
            if os.path.lexists(spelled / name) and name not in (listed := _list(spelled)):
                called = next((one for one in listed if _fold(one) == _fold(name)), name)
        spelled /= called
    return spelled


def _list(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def find_change(file: UnpackedFile, reporter: Reporter) -> str:
    """What a file has become since it was written, in words; empty if it is as it was.

    Raises:
        OutputError: if it can't be read.
    """
    try:
        if file.path.is_symlink():
            return "is a link now, and what unpack wrote may lie elsewhere"
        status = file.path.stat()
    except OSError as error:
        raise OutputError(f"{file.path} can't be read: {error.strerror}.") from None
    if not stat.S_ISREG(status.st_mode):
        return "is not a file any more"
    if hash_plain(file.path, reporter) != file.sha256:
        return "is not as unpack wrote it"
    # Deleting one of its names deletes nothing.
    return "has another name too (a hard link), under which it would stay" * (status.st_nlink > 1)


def hash_plain(path: Path, reporter: Reporter) -> str:
    """SHA-256 of a plain file; nothing that matches for anything else.

    Raises:
        OutputError: if it can't be read.
    """
    digest = hashlib.sha256()
    try:
        if path.is_symlink() or not path.is_file():
            return ""
        reporter.begin(f"Checking {path.name}", path.stat().st_size)
        with path.open("rb") as file:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
                reporter.advance(len(piece))
    except OSError as error:
        raise OutputError(f"{path} can't be read: {error.strerror}.") from None
    return digest.hexdigest()


def _written_by(entry: Entry) -> dict[Path, str]:
    """What an unpack wrote: paths, and SHA-256 of each."""
    folder = Path(entry.details["folder"])
    return {folder / name: sha256 for name, sha256 in entry.details["files_sha256"].items()}
