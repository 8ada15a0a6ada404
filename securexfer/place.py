"""Places to write to: what can be said of them beforehand, and making them last.

Checks of a path and of the room there is, folders for their owner only, and the operating system's
errors in our words.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from securexfer.errors import DiskFullError, FileTooLargeError, OutputError, OutputExistsError

FOLDER_MODE = 0o700


def is_absent(path: Path) -> bool:
    """Whether nothing is there, for certain: a drive that fails can't say so."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except ValueError:
        return True  # no file has such a name
    except OSError:
        return False
    return False


def check_target(target: Path, *, force: bool, is_own: bool = False) -> None:
    """Check that a file may be written at this path; `is_own`: of a home, which backups may link.

    Raises:
        OutputExistsError: if something is there and `force` is not set, or it is no plain file.
        OutputError: if its folder is not there, or the system does not let one look.
    """
    check_path(target)
    try:
        _check_what_is_there(target, force=force, is_own=is_own)
    except OSError as error:
        raise translate(error, target) from None


def is_folder(path: Path) -> bool:
    """Whether it is a folder, as far as the system lets one look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _check_what_is_there(target: Path, *, force: bool, is_own: bool) -> None:
    if not target.parent.is_dir():
        raise OutputError(f"The folder {target.parent} does not exist.", hint="Create it first.")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise OutputExistsError(
            f"{target} is not a plain file and can't be replaced.", hint="Choose another place."
        )
    if target.exists() and not force:
        raise OutputExistsError(f"{target} is there already.")
    if not is_own and target.exists() and target.stat().st_nlink > 1:
        raise OutputExistsError(
            f"{target} has another name too (a hard link) and can't be replaced.",
            hint="Choose another place.",
        )


def check_path(path: Path) -> None:
    """Check that a path can be written down, in the register and on a terminal.

    Raises:
        OutputError: if it is not text.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise OutputError(
            "The output's path is not UTF-8 text.", hint="Choose another name for it."
        ) from None


def make_folder(folder: Path) -> bool:
    """Make a folder, and those above it, for its owner only, durably.

    Returns:
        Whether it was not there before.

    Raises:
        OutputError: if it can't be made.
    """
    try:
        if folder.is_dir():
            return False
        # One by one: `parents=True` would leave those above open to whom the umask lets in.
        for missing in reversed([folder, *folder.parents]):
            if not missing.is_dir():
                # Another run may have made it since.
                missing.mkdir(mode=FOLDER_MODE, exist_ok=True)
                sync_folder(missing.parent)
    except OSError as error:
        raise translate(error, folder) from None
    return True


def check_space(folder: Path, needed_bytes: int) -> None:
    """Refuse where there is certainly too little room.

    Raises:
        DiskFullError: if fewer than `needed_bytes` are free.
    """
    free = free_bytes(folder)
    if free is not None and free < needed_bytes:
        raise DiskFullError(
            f"{folder} has {free:,} bytes free; at least {needed_bytes:,} are needed."
        )


def free_bytes(folder: Path) -> int | None:
    """Bytes that can still be written there, None where the system doesn't say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def sync_folder(folder: Path) -> None:
    """Have the drive store the folder's entries, where the system can."""
    if os.name == "nt":
        return  # Windows has no fsync for folders; its renames are journalled
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems (FUSE drives among them) can't sync a folder; they say so.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)


def translate(error: OSError, path: Path) -> OutputError:
    """Our error for one of the operating system's."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"There is no room left where {path} should be written.")
    if error.errno == errno.EFBIG:
        return FileTooLargeError(
            f"{path} has become as large as a file may be there. FAT32, which many drives have, "
            "allows no file of more than 4,294,967,295 bytes (4 GiB - 1); this account may have a "
            "limit of its own."
        )
    return OutputError(f"{path} can't be written: {error.strerror or 'unknown reason'}.")
