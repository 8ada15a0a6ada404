"""Files that are not whole yet: where they lie, who writes them, and which nobody does any more."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from securexfer.errors import OutputExistsError

PARTIAL_SUFFIX = ".partial"
NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def partial_path(target: Path) -> Path:
    """Where a file is while it is being written."""
    return target.with_name(target.name + PARTIAL_SUFFIX)


def remove_leftover(partial: Path, *, if_locked_only: bool = False) -> bool:
    """Remove an unfinished file of ours that no run is writing any more; True if it did.

    Args:
        partial: its path.
        if_locked_only: keep it where the drive can't tell whether a run is writing it.

    Raises:
        OutputExistsError: if a run is writing it now.
    """
    try:
        descriptor = os.open(partial, os.O_RDWR | NO_LINKS | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        # Nothing there, a link, or no name at all: a link is no leftover of ours, and O_EXCL
        # refuses it later.
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or (
            os.name == "posix" and status.st_uid != os.geteuid()
        ):
            return False
        locked = lock_file(descriptor)
        if locked is False:
            raise OutputExistsError(
                f"Another run is writing {partial}.", hint="Wait for it to end, then try again."
            )
        if locked is None and if_locked_only:
            return False
        if inode_of(partial.lstat()) != inode_of(status):
            return False  # another run has put its own there meanwhile
        partial.unlink()
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)


def inode_of(status: os.stat_result) -> tuple[int, int]:
    """What a file is, by whatever name it goes."""
    return status.st_dev, status.st_ino


def lock_file(descriptor: int) -> bool | None:
    """Lock an open file for this run: False if another one holds it, None if the drive can't."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True
