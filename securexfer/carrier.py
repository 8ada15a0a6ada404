"""The drive: writing that lasts, or leaves nothing under the final name.

Bytes go to a `.partial` file that only its owner may read; after fsync they are read back past
the page cache and compared; only then does a rename give the file its name, and the folder is
synced too, lest a power cut undo the rename.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from pathlib import Path

from securexfer.errors import (
    DiskFullError,
    OutputError,
    OutputExistsError,
    ReadBackError,
    SecurexferError,
)
from securexfer.reporting import Reporter

PARTIAL_SUFFIX = ".partial"
FILE_MODE = 0o600
FOLDER_MODE = 0o700
_READ_BYTES = 1024 * 1024
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class PartialFile:
    """One file being written. `publish` gives it its name; `discard` removes every trace.

    The descriptor is locked and its inode remembered, so that two runs with one target can't
    take each other's file for their own.

    Attributes:
        target: the final path.
        n_bytes: written so far.
        sha256: hex digest of what was written so far.
    """

    def __init__(self, target: Path, *, force: bool = False, is_own: bool = False) -> None:
        self.target = target
        self._partial = partial_path(target)
        self._force = force
        self._is_own = is_own
        self._digest = hashlib.sha256()
        self.n_bytes = 0
        check_target(target, force=force, is_own=is_own)
        if force:
            remove_leftover(self._partial)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS
        try:
            self._descriptor = os.open(self._partial, flags, FILE_MODE)
        except FileExistsError:
            raise OutputExistsError(
                f"{self._partial} is there already: another run is writing it, or one was cut off.",
                hint="If no other run is at work, delete that file or add --force.",
            ) from None
        except OSError as error:
            raise translate(error, target) from None
        _lock(self._descriptor)
        self._inode = _inode(os.fstat(self._descriptor))

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the bytes written so far."""
        return self._digest.hexdigest()

    def write(self, data: bytes | memoryview) -> int:
        """Write all of it.

        Raises:
            DiskFullError: if there is no room left.
            OutputError: for any other failure of the drive.
        """
        view = memoryview(data)
        self._digest.update(view)
        try:
            while view:
                n_written = os.write(self._descriptor, view)
                self.n_bytes += n_written
                view = view[n_written:]
        except OSError as error:
            raise translate(error, self.target) from None
        return len(data)

    def sync(self) -> None:
        """Have the drive store it.

        Raises:
            OutputError: if it reports a failure.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise translate(error, self.target) from None

    def read_back(self, reporter: Reporter) -> None:
        """Read everything again, past the page cache, and compare.

        Raises:
            ReadBackError: if other bytes come back.
        """
        reporter.begin("Reading back", self.n_bytes)
        digest, n_read = hashlib.sha256(), 0
        try:
            with open(self._partial, "rb", buffering=0) as file:
                if hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                while piece := file.read(_READ_BYTES):
                    digest.update(piece)
                    n_read += len(piece)
                    reporter.advance(len(piece))
        except OSError as error:
            raise translate(error, self.target) from None
        if n_read != self.n_bytes or digest.digest() != self._digest.digest():
            raise ReadBackError(f"{self.target.parent} gave back other bytes than were written.")

    def publish(self) -> None:
        """Rename to the final name, sync the folder.

        Raises:
            OutputExistsError: if something has come to be there meanwhile, or another run has
                taken this file's place.
            OutputError: if the drive fails.
        """
        if not self._is_ours(self._partial):
            raise OutputExistsError(
                f"Another run has replaced {self._partial}.", hint="Run one at a time."
            )
        check_target(self.target, force=self._force, is_own=self._is_own)
        try:
            if os.name == "nt":
                self._close()  # an open file can't be renamed there
            self._partial.replace(self.target)
            # Some drives number a file anew when it is renamed.
            self._inode = _inode(self.target.lstat())
            self._close()
            sync_folder(self.target.parent)
        except OSError as error:
            raise translate(error, self.target) from None

    def discard(self, *, keep_named: bool = False) -> bool:
        """Remove it, also when it has its name already; False if it is still there.

        Args:
            keep_named: let it stay once it has its name, where it has replaced what was there.
        """
        for path in (self._partial,) if keep_named else (self._partial, self.target):
            if self._is_ours(path):
                with contextlib.suppress(OSError):
                    path.unlink()
        with contextlib.suppress(SecurexferError):
            self._close()
        return not (self._is_ours(self._partial) or self._is_ours(self.target))

    def finish(self) -> None:
        """Let go of a published file: from here on `discard` does nothing."""
        self._inode = (-1, -1)
        self._close()

    def _is_ours(self, path: Path) -> bool:
        try:
            return _inode(path.lstat()) == self._inode
        except OSError:
            return False

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                os.close(descriptor)
            except OSError as error:
                raise translate(error, self.target) from None


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
        descriptor = os.open(partial, os.O_RDWR | _NO_LINKS | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        # Nothing there, or a link: a link is no leftover of ours, and O_EXCL refuses it later.
        return False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or (
            os.name == "posix" and status.st_uid != os.geteuid()
        ):
            return False
        locked = _lock(descriptor)
        if locked is False:
            raise OutputExistsError(
                f"Another run is writing {partial}.", hint="Wait for it to end, then try again."
            )
        if locked is None and if_locked_only:
            return False
        if _inode(partial.lstat()) != _inode(status):
            return False  # another run has put its own there meanwhile
        partial.unlink()
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)


def check_target(target: Path, *, force: bool, is_own: bool = False) -> None:
    """Check that a file may be written at this path.

    Args:
        target: the path.
        force: whether a file that is there may be replaced.
        is_own: it is a file of a home, which a backup may have linked.

    Raises:
        OutputExistsError: if something is there and `force` is not set, or it is no plain file.
        OutputError: if its folder is not there.
    """
    check_path(target)
    if not target.parent.is_dir():
        raise OutputError(f"The folder {target.parent} does not exist.", hint="Create it first.")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise OutputExistsError(
            f"{target} is not a plain file and can't be replaced.", hint="Choose another place."
        )
    if target.exists() and not force:
        raise OutputExistsError(f"{target} is there already.")
    if not is_own and target.exists() and target.stat().st_nlink > 1:
        # Only this name would be replaced, and the other would keep what nobody expects there.
        raise OutputExistsError(
            f"{target} has another name too (a hard link) and can't be replaced.",
            hint="Choose another place.",
        )


def check_apart(target: Path, source: Path | None) -> None:
    """Check that writing a file replaces nothing that it is made from.

    Raises:
        OutputExistsError: if it would.
    """
    for written in (target, partial_path(target)):
        with contextlib.suppress(OSError):
            if source is not None and written.samefile(source):
                raise OutputExistsError(
                    f"{source} is needed to write {target} and can't be replaced by it.",
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
    """Make a folder, and those above it, for its owner only; True if it was not there before.

    Raises:
        OutputError: if it can't be made.
    """
    try:
        if folder.is_dir():
            return False
        # One by one: `parents=True` would leave those above open to whom the umask lets in.
        for missing in reversed([folder, *folder.parents]):
            if not missing.is_dir():
                missing.mkdir(mode=FOLDER_MODE)
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


def write_small(target: Path, data: bytes, *, force: bool = True, is_own: bool = True) -> None:
    """Replace a small file, of our own unless said otherwise, whole or not at all, mode 0600.

    A drive that fails when the new one is in place leaves that: the old one is gone by then.

    Raises:
        OutputError: if it can't be written.
    """
    file = PartialFile(target, force=force, is_own=is_own)
    try:
        file.write(data)
        file.sync()
        file.publish()
    except BaseException:
        file.discard(keep_named=force)
        raise
    file.finish()


def translate(error: OSError, path: Path) -> OutputError:
    """Our error for one of the operating system's."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"There is no room left where {path} should be written.")
    return OutputError(f"{path} can't be written: {error.strerror or 'unknown reason'}.")


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _lock(descriptor: int) -> bool | None:
    """Lock an open file for this run: False if another one holds it, None if the drive can't."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True
