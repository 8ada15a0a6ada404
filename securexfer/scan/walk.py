"""Walking a drive: every file on it, hidden and deleted ones too, and nothing that is not on it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from securexfer.medium.medium import Kind, Medium

# Media that are carried away as a whole; of others only the folder is the carrier's.
_CARRIED = (Kind.REMOVABLE, Kind.OPTICAL, Kind.UNKNOWN)


@dataclass(frozen=True)
class Seen:
    """Something on the drive.

    Attributes:
        path: as the operating system has it.
        name: the path below where the walk began.
        n_bytes: of a file.
        what: file, link, special (device, pipe, socket), or the reason why it could not be seen.
    """

    path: str
    name: str
    n_bytes: int = 0
    what: str = "file"


def walk(root: Path) -> Iterator[Seen]:
    """Everything below a folder, or the one file that it is.

    Links are not followed, devices and pipes not opened, other file systems not entered.
    """
    top = root.stat()
    if not stat.S_ISDIR(top.st_mode):
        yield _see(os.fspath(root), root.name, top)
        return
    folders = [(os.fspath(root), "")]
    while folders:
        folder, name = folders.pop()
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except PermissionError:
            yield Seen(folder, name, what="permission")
            continue
        except OSError:
            yield Seen(folder, name, what="unreadable")
            continue
        for entry in entries:
            below = f"{name}/{entry.name}" if name else entry.name
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                yield Seen(entry.path, below, what="unreadable")
                continue
            if not stat.S_ISDIR(status.st_mode):
                yield _see(entry.path, below, status)
            elif _device_of(entry, status) != top.st_dev:
                yield Seen(entry.path, below, what="elsewhere")
            else:
                folders.append((entry.path, below))


def find_root(folder: Path, medium: Medium) -> Path:
    """Where the drive begins that a folder is on, if it is one to carry away; else the folder."""
    place = folder.resolve()
    if medium.kind not in _CARRIED:
        return place
    device = place.stat().st_dev
    while place != place.parent and place.parent.stat().st_dev == device:
        place = place.parent
    # Of a machine that runs from it, all would be its own.
    return folder.resolve() if place == place.parent else place


def _see(path: str, name: str, status: os.stat_result) -> Seen:
    if stat.S_ISREG(status.st_mode):
        return Seen(path, name, status.st_size)
    return Seen(path, name, what="link" if stat.S_ISLNK(status.st_mode) else "special")


def _device_of(entry: os.DirEntry[str], status: os.stat_result) -> int:
    # Windows leaves the number out of what a folder's list tells.
    return status.st_dev or Path(entry.path).lstat().st_dev
