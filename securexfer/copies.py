"""Copies: files beside what was unpacked that hold the same, or were taken out of an archive of it.

Looked for in the folders to which a bundle was unpacked, and below. Of copies that lie elsewhere,
or were changed since, nobody here knows.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from securexfer.attachment.archive import BLOCK_BYTES, read_header
from securexfer.custody.register import Entry
from securexfer.errors import ContentMismatchError, OutputError
from securexfer.leftovers import find_leftovers
from securexfer.partial import inode_of
from securexfer.reporting import Reporter
from securexfer.residue import UnpackedFile, find_held, place_of, spell

_ARCHIVE_SUFFIX = ".tar"
# Says what the tables are, and holds no row of them.
_DESCRIPTION = "datapackage.json"
_PIECE_BYTES = 1024 * 1024


class _Wanted:
    """What is looked for: digests (hex) by size in bytes, and those of which no size is known."""

    def __init__(self) -> None:
        self.sized: dict[int, set[str]] = {}
        self.unsized: set[str] = set()

    def is_worth_reading(self, n_bytes: int) -> bool:
        return n_bytes in self.sized or bool(self.unsized and n_bytes)

    def holds(self, n_bytes: int, sha256: str) -> bool:
        return sha256 in self.unsized or sha256 in self.sized.get(n_bytes, ())


def find_copies(
    entries: Sequence[Entry],
    there: Collection[UnpackedFile],
    gone: Collection[UnpackedFile],
    reporter: Reporter,
) -> list[Path]:
    """Files that hold what one of these holds, and are no unpack's own.

    What belongs to somebody else and may not be read is passed over: whoever runs this did not put
    it there.

    Args:
        entries: of the register.
        there: files that are to be deleted; each as it was written.
        gone: files that are not there any more. They may have got another name, and their size is
            not known: while there are some, every file is read.
        reporter: progress.

    Raises:
        OutputError: if a file can't be read.
    """
    wanted = _Wanted()
    for file in there:
        if file.path.name != _DESCRIPTION:
            for n_bytes, sha256 in _contents(file, reporter):
                wanted.sized.setdefault(n_bytes, set()).add(sha256)
    wanted.unsized |= {file.sha256 for file in gone if file.path.name != _DESCRIPTION}
    own = find_held(entries)
    own |= {place_of(path) for one in find_leftovers(entries) for path in one.remaining()}
    found = []
    reporter.begin("Looking for copies")
    for path, status in _walk({file.path.parent for file in (*there, *gone)}, reporter):
        n_bytes = status.st_size
        if wanted.is_worth_reading(n_bytes) and wanted.holds(n_bytes, _hash(path, reporter)):
            # A file with a second name is in two places.
            is_one = status.st_nlink == 1 and status.st_ino
            if (inode_of(status) if is_one else place_of(path)) not in own:
                found.append(path)
    return sorted(found)


def _contents(file: UnpackedFile, reporter: Reporter) -> Iterator[tuple[int, str]]:
    """Size and SHA-256 of a file, and of those in it if it is an archive; of none that is empty."""
    try:
        n_bytes = file.path.stat().st_size
        if n_bytes:
            yield n_bytes, file.sha256
        if file.path.suffix == _ARCHIVE_SUFFIX:
            reporter.begin(f"Reading {file.path.name}", n_bytes)
            with file.path.open("rb") as archive:
                yield from _members(archive, reporter)
    except OSError as error:
        raise OutputError(f"{file.path} can't be read: {error.strerror}.") from None
    except ContentMismatchError:
        return  # a table of that name


def _members(archive: BinaryIO, reporter: Reporter) -> Iterator[tuple[int, str]]:
    """Size and SHA-256 of each file in an archive, however large."""
    while (block := archive.read(BLOCK_BYTES)).strip(b"\0"):
        _, n_bytes = read_header(block)
        digest, n_left = hashlib.sha256(), n_bytes
        while n_left and (piece := archive.read(min(n_left, _PIECE_BYTES))):
            digest.update(piece)
            n_left -= len(piece)
            reporter.advance(len(piece))
        if n_bytes:
            yield n_bytes, digest.hexdigest()
        archive.seek(-n_bytes % BLOCK_BYTES, os.SEEK_CUR)


def _walk(tops: Collection[Path], reporter: Reporter) -> Iterator[tuple[Path, os.stat_result]]:
    """Every plain file in these folders and below, each once, and behind no link."""
    seen = set()
    # As folders list it: some drives give a file another number for each spelling of its path.
    for top in sorted({spell(Path(os.path.realpath(top))) for top in tops}):
        for folder, below, names in os.walk(top, onerror=_mind):
            reporter.advance(0)
            here = os.path.realpath(folder)
            if here in seen:
                below.clear()
                continue
            seen.add(here)
            for name in names:
                path = Path(folder) / name
                try:
                    status = path.lstat()
                except FileNotFoundError:
                    continue  # gone since it was listed
                except OSError as error:
                    _mind(error, path)
                    continue
                if stat.S_ISREG(status.st_mode):
                    yield path, status


def _hash(path: Path, reporter: Reporter) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                reporter.advance(len(piece))
    except FileNotFoundError:
        return ""
    except OSError as error:
        _mind(error, path)
        return ""
    return digest.hexdigest()


def _mind(error: OSError, path: Path | None = None) -> None:
    """Raise our error for what can't be read, unless it belongs to somebody else."""
    path = path or Path(os.fsdecode(error.filename))
    try:
        is_own = path.lstat().st_uid == os.geteuid()
    except FileNotFoundError:
        return
    except (OSError, AttributeError):
        is_own = False  # Windows does not say whose it is
    if is_own:
        raise OutputError(
            f"{path} can't be read, so nobody can say that it is no copy: {error.strerror}. "
            "Nothing was deleted.",
            hint="Make it readable, or add --keep-copies if it is none.",
        ) from None
