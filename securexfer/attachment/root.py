"""The root: the one folder that attached files may lie in, whatever a cell says.

A cell is data of somebody else's making. So each part of its path is opened by itself, from the
folder before it, and no link is followed: what is read lies below the root, at that moment and not
only when it was looked at.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.errors import AttachmentError

_MAX_NAME = 1000
_LOOK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _LOOK | getattr(os, "O_DIRECTORY", 0)
# A pipe that nobody writes to is not waited for.
_FILE = _LOOK | getattr(os, "O_NONBLOCK", 0)
_LINK_ERRORS = (errno.ELOOP, errno.EMLINK)


class Root:
    """An open folder; `close` it."""

    def __init__(self, folder: Path) -> None:
        try:
            self._descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        except OSError as error:
            raise AttachmentError(
                f"The folder of attached files, {folder}, can't be read: {error.strerror}.",
                hint="Correct root in the recipe. It starts at the folder of the extract.",
            ) from None

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)

    def check(self, name: str, max_bytes: int) -> int:
        """Size in bytes of a file that can be read.

        Raises:
            UnfitError: if it can't.
        """
        descriptor = self._open(name)
        try:
            return _size(descriptor, max_bytes)
        finally:
            os.close(descriptor)

    def read(self, name: str, max_bytes: int) -> bytes:
        """A whole file.

        Args:
            name: relative to the root, parts divided by `/` or `\\`.
            max_bytes: it may not be larger.

        Raises:
            UnfitError: if it can't be read.
        """
        descriptor = self._open(name)
        try:
            _size(descriptor, max_bytes)
            parts, left = [], max_bytes + 1
            while left and (part := os.read(descriptor, left)):
                parts.append(part)
                left -= len(part)
        except OSError:
            raise UnfitError(Fault.UNREADABLE) from None
        finally:
            os.close(descriptor)
        if not left:
            raise UnfitError(Fault.TOO_LARGE)
        return b"".join(parts)

    def _open(self, name: str) -> int:
        parts = _split(name)
        folder = os.dup(self._descriptor)
        try:
            for part in parts[:-1]:
                inner = _open_at(part, _FOLDER, folder)
                os.close(folder)
                folder = inner
            return _open_at(parts[-1], _FILE, folder)
        finally:
            os.close(folder)


def _split(name: str) -> list[str]:
    parts = name.replace("\\", "/").split("/")
    if parts[0] == "" or ":" in parts[0] or ".." in parts or "\0" in name:
        raise UnfitError(Fault.OUTSIDE)
    parts = [part for part in parts if part not in ("", ".")]
    if not parts or len(name) > _MAX_NAME:
        raise UnfitError(Fault.MISSING)
    return parts


def _open_at(name: str, flags: int, folder: int) -> int:
    try:
        # Looked at before it is opened: to open a device can have effects of its own.
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if flags == _FILE and not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise UnfitError(Fault.NO_FILE)
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in _LINK_ERRORS or _is_link(name, folder):
            raise UnfitError(Fault.LINK) from None
        missing = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
        if error.errno in missing:
            raise UnfitError(Fault.MISSING) from None
        raise UnfitError(Fault.UNREADABLE) from None
    except ValueError:
        raise UnfitError(Fault.MISSING) from None


def _is_link(name: str, folder: int) -> bool:
    # A link that should be a folder is told as one that is not a folder.
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _size(descriptor: int, max_bytes: int) -> int:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise UnfitError(Fault.NO_FILE)
    if status.st_size > max_bytes:
        raise UnfitError(Fault.TOO_LARGE)
    return status.st_size
