"""The log as a file of lines: read without trust in its size, appended to durably."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from securexfer.carrier import FILE_MODE
from securexfer.custody.entry import MAX_LINE_BYTES
from securexfer.place import sync_folder

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def read_lines(path: Path) -> Iterator[bytes]:
    """Every line with its newline; a last one may have none. Nothing if there is no file.

    A line that is too long for an entry comes in pieces, of which the first is too long too.

    Raises:
        OSError: if it can't be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        while line := file.readline(MAX_LINE_BYTES + 2):
            yield line


def count_bytes(path: Path) -> int:
    """Its size; 0 if there is no file.

    Raises:
        OSError: if nobody can say.
    """
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def append_line(path: Path, line: bytes) -> None:
    """Write a line, with its newline, and have the disk store it before returning.

    Raises:
        OSError: if that fails; part of it may be there then.
    """
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_LINKS, FILE_MODE)
    try:
        view = memoryview(line + b"\n")
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(path.parent)


def check_appendable(path: Path) -> None:
    """Open it for writing, if it is there, and write nothing.

    Raises:
        OSError: if that fails.
    """
    if path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | _NO_LINKS))


def cut(path: Path, n_bytes: int) -> None:
    """Leave only the first bytes of it.

    Raises:
        OSError: if that fails.
    """
    if count_bytes(path) > n_bytes:
        os.truncate(path, n_bytes)
