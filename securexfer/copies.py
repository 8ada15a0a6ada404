"""Copies: files beside what was unpacked that hold the same, or were taken out of an archive of it.

Looked for in the folders to which a bundle was unpacked, and below. Of copies that lie elsewhere,
or were changed since, nobody here knows.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from securexfer.attachment.archive import read_files
from securexfer.custody.register import Entry
from securexfer.errors import ContentMismatchError, OutputError
from securexfer.partial import inode_of
from securexfer.reporting import Reporter
from securexfer.residue import UnpackedFile, find_held, hash_plain, place_of

ARCHIVE_SUFFIX = ".tar"
_PIECE_BYTES = 1024 * 1024


def find_copies(
    entries: Sequence[Entry], files: Collection[UnpackedFile], reporter: Reporter
) -> list[Path]:
    """Files that hold what one of these holds, and are no unpack's own.

    What may not be read by whoever runs this was not put there by them, and is passed over.

    Args:
        entries: of the register.
        files: that are to be deleted; each as it was written.
        reporter: progress.

    Raises:
        OutputError: if one of `files` can't be read.
    """
    wanted: dict[int, set[str]] = defaultdict(set)
    for file in files:
        for n_bytes, sha256 in _contents(file):
            wanted[n_bytes].add(sha256)
    found = [
        path
        for path, n_bytes in _walk({file.path.parent for file in files}, reporter)
        if n_bytes in wanted and _hash(path, reporter) in wanted[n_bytes]
    ]
    held = find_held(entries) if found else set()
    return sorted(path for path in found if place_of(path) not in held)


def _contents(file: UnpackedFile) -> Iterator[tuple[int, str]]:
    """Size and SHA-256 of a file, and of those in it if it is an archive; of none that is empty."""
    try:
        if n_bytes := file.path.stat().st_size:
            yield n_bytes, file.sha256
        if file.path.suffix == ARCHIVE_SUFFIX:
            with file.path.open("rb") as archive:
                for _, data in read_files(iter(lambda: archive.read(_PIECE_BYTES), b"")):
                    if data:
                        yield len(data), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise OutputError(f"{file.path} can't be read: {error.strerror}.") from None
    except ContentMismatchError:
        return  # a table of that name


def _walk(tops: Collection[Path], reporter: Reporter) -> Iterator[tuple[Path, int]]:
    """Every plain file in these folders and below, with its size; behind no link, each once."""
    reporter.begin("Looking for copies")
    seen = set()
    for top in sorted(tops):
        for folder, below, names in os.walk(top):
            reporter.advance(0)
            status = _look(Path(os.path.realpath(folder)))
            if status is None or (here := inode_of(status)) in seen:
                below.clear()
                continue
            seen.add(here)
            for name in names:
                path = Path(folder) / name
                status = _look(path)
                if status is not None and stat.S_ISREG(status.st_mode):
                    yield path, status.st_size


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _hash(path: Path, reporter: Reporter) -> str:
    try:
        return hash_plain(path, reporter)
    except OutputError:
        return ""
