"""The drive: writing that lasts, or leaves nothing under the final name.

Bytes go to a `.partial` file that only its owner may read; after fsync they are read back past
the page cache and compared; only then does a rename give the file its name, and the folder is
synced too, lest a power cut undo the rename.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from securexfer.ahead import one_ahead
from securexfer.errors import (
    OutputExistsError,
    ReadBackError,
    SecurexferError,
)
from securexfer.medium.medium import UNKNOWN, Medium
from securexfer.medium.rule import check_file_size
from securexfer.place import check_target, sync_folder, translate
from securexfer.reporting import Reporter

if TYPE_CHECKING:
    from hashlib import _Hash

PARTIAL_SUFFIX = ".partial"
FILE_MODE = 0o600
_READ_BYTES = 4 * 1024 * 1024
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

    def __init__(
        self,
        target: Path,
        *,
        force: bool = False,
        is_own: bool = False,
        medium: Medium = UNKNOWN,
    ) -> None:
        self.target = target
        self._medium = medium
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
            FileTooLargeError: if the file system allows no such file.
            OutputError: for any other failure of the drive.
        """
        self._digest.update(data)
        self._store(data)
        return len(data)

    def write_first(self, pieces: Iterable[bytes], digest: _Hash) -> None:
        """Write what comes first and is known already, without hashing it once more.

        Args:
            pieces: in their order.
            digest: SHA-256 of all of them; `read_back` proves it.

        Raises:
            DiskFullError, OutputError: as `write`.
        """
        self._digest = digest
        for piece in pieces:
            self._store(piece)

    def _store(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        # Known beforehand, it is called by its name; the system's own word for it comes later.
        check_file_size(self._medium, self.target, self.n_bytes + len(view))
        try:
            while view:
                n_written = os.write(self._descriptor, view)
                self.n_bytes += n_written
                view = view[n_written:]
        except OSError as error:
            raise translate(error, self.target) from None

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
                # One piece more than there should be, to see that it ends there.
                n_pieces = self.n_bytes // _READ_BYTES + 2
                for piece in one_ahead(
                    lambda _: _read_piece(cast(BinaryIO, file)), range(n_pieces)
                ):
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
        """Remove it, also when it has its name already; False if it may still be there.

        Args:
            keep_named: let it stay once it has its name, where it has replaced what was there.
        """
        for path in (self._partial,) if keep_named else (self._partial, self.target):
            if self._is_ours(path):
                with contextlib.suppress(OSError):
                    path.unlink()
                    # Lest a power cut bring it back once nobody looks for it any more.
                    sync_folder(path.parent)
        with contextlib.suppress(SecurexferError):
            self._close()
        return not (self._may_be_at(self._partial) or self._may_be_at(self.target))

    def finish(self) -> None:
        """Let go of a published file: from here on `discard` does nothing."""
        self._inode = (-1, -1)
        self._close()

    def _is_ours(self, path: Path) -> bool:
        try:
            return _inode(path.lstat()) == self._inode
        except OSError:
            return False

    def _may_be_at(self, path: Path) -> bool:
        # A drive that has gone shows nothing, and whatever was on it comes back with it.
        try:
            return _inode(path.lstat()) == self._inode
        except FileNotFoundError:
            return not self._is_on_device(path.parent)
        except OSError:
            return True

    def _is_on_device(self, folder: Path) -> bool:
        try:
            return folder.stat().st_dev == self._inode[0]
        except OSError:
            return False

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                os.close(descriptor)
            except OSError as error:
                raise translate(error, self.target) from None


def _read_piece(file: BinaryIO) -> bytes:
    """The next bytes of an unbuffered file; fewer than `_READ_BYTES` only at its end."""
    piece = file.read(_READ_BYTES)
    while piece and len(piece) < _READ_BYTES and (more := file.read(_READ_BYTES - len(piece))):
        piece += more
    return piece


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file.

    Raises:
        FileNotFoundError: if there is none.
        OutputError: if it can't be read.
    """
    digest, n_bytes = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                digest.update(piece)
                n_bytes += len(piece)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise translate(error, path) from None
    return digest.hexdigest(), n_bytes


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


def write_small(target: Path, data: bytes, *, force: bool = True, is_own: bool = True) -> None:
    """Replace a small file, of our own unless said otherwise, whole or not at all, mode 0600.

    A drive that fails when the new one is in place leaves that: the old one is gone by then.

    Raises:
        OutputError: if it can't be written.
    """
    if is_own:
        # A run that was cut off must not keep the next one from writing it.
        remove_leftover(partial_path(target))
    file = PartialFile(target, force=force, is_own=is_own)
    try:
        file.write(data)
        file.sync()
        file.publish()
    except BaseException:
        file.discard(keep_named=force)
        raise
    file.finish()


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
