"""The drive: writing that lasts, or leaves nothing under the final name.

Bytes go to a `.partial` file that only its owner may read, hashed and stored by a thread while the
next are being made; after fsync they are read back past the page cache and held to a tag of what
was written; only then does a rename give the file its name, and the folder is synced too, lest a
power cut undo the rename.

Nothing is read back before all is written. A drive that lies about its size gives back what came
first until what came last has taken its place.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from securexfer.behind import WriteBehind
from securexfer.crypto.tag import TagMaker
from securexfer.errors import (
    OutputExistsError,
    ReadBackError,
    SecurexferError,
)
from securexfer.medium.medium import UNKNOWN, Medium
from securexfer.medium.rule import check_file_size
from securexfer.partial import NO_LINKS, inode_of, lock_file, partial_path, remove_leftover
from securexfer.place import check_target, sync_folder, translate
from securexfer.reporting import Reporter
from securexfer.stored import forget, read_again

if TYPE_CHECKING:
    from hashlib import _Hash

FILE_MODE = 0o600
# Less is not worth a thread: in a small file it is stored at once, in a large one kept for more.
_GATHERED_BYTES = 256 * 1024
_SMALL_FILE_BYTES = 1024 * 1024


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
        self._tags = TagMaker()
        self._tag = self._tags.begin()
        self._behind = WriteBehind(self._flush)
        self._gathered = bytearray()
        self._is_large = False
        self._n_stored = 0
        self.n_bytes = 0
        check_target(target, force=force, is_own=is_own)
        if force:
            remove_leftover(self._partial)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS
        try:
            self._descriptor = os.open(self._partial, flags, FILE_MODE)
        except FileExistsError:
            raise OutputExistsError(
                f"{self._partial} is there already: another run is writing it, or one was cut off.",
                hint="If no other run is at work, delete that file or add --force.",
            ) from None
        except OSError as error:
            raise translate(error, target) from None
        lock_file(self._descriptor)
        self._inode = inode_of(os.fstat(self._descriptor))

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the bytes written so far."""
        self._settle()
        return self._digest.hexdigest()

    @property
    def backlog(self) -> float:
        """How much waits for the drive, as a share of what may; near 1 if it is the slowest."""
        return self._behind.backlog

    def write(self, data: bytes | memoryview) -> int:
        """Write all of it, sooner or later; what fails later is raised by a later call.

        Raises:
            DiskFullError: if there is no room left.
            FileTooLargeError: if the file system allows no such file.
            OutputError: for any other failure of the drive.
        """
        n_bytes = len(data)
        self._count(n_bytes)
        self._is_large |= n_bytes >= _GATHERED_BYTES or self.n_bytes > _SMALL_FILE_BYTES
        if not self._is_large:
            self._hash_and_store(bytes(data))
            return n_bytes
        if n_bytes < _GATHERED_BYTES:
            self._gathered += data
            if len(self._gathered) < _GATHERED_BYTES:
                return n_bytes
            data = b""
        self._behind.put(self._take_gathered(), self._hash_and_store)
        if data:
            self._behind.put(bytes(data), self._hash_and_store)
        return n_bytes

    def write_first(self, pieces: Iterable[bytes], digest: _Hash) -> None:
        """Write what comes first and is known already, without hashing it once more.

        Args:
            pieces: in their order.
            digest: SHA-256 of all of them, from whoever has just read them.

        Raises:
            DiskFullError, OutputError: as `write`.
        """
        self._digest = digest
        for piece in pieces:
            self._count(len(piece))
            if len(piece) < _GATHERED_BYTES:
                self._behind.drain()
                self._store(piece)
            else:
                # What follows must not overtake it.
                self._is_large = True
                self._behind.put(piece, self._store)

    def _count(self, n_bytes: int) -> None:
        # Known beforehand, it is called by its name; the system's own word for it comes later.
        check_file_size(self._medium, self.target, self.n_bytes + n_bytes)
        self.n_bytes += n_bytes

    def _take_gathered(self) -> bytes:
        gathered, self._gathered = bytes(self._gathered), bytearray()
        return gathered

    def _settle(self) -> None:
        """All of it has been hashed and given to the system."""
        self._behind.drain()
        if self._gathered:
            self._hash_and_store(self._take_gathered())

    def _hash_and_store(self, data: bytes) -> None:
        self._digest.update(data)
        self._store(data)

    def _store(self, data: bytes) -> None:
        view = memoryview(data)
        self._tag.update(view)
        try:
            while view:
                n_taken = os.write(self._descriptor, view)
                if n_taken == 0:
                    # It would be asked for ever.
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                view = view[n_taken:]
            if len(data) >= _GATHERED_BYTES:
                # Storing begins now, and the next is given to the system meanwhile.
                forget(self._descriptor, self._n_stored, len(data))
        except OSError as error:
            raise translate(error, self.target) from None
        self._n_stored += len(data)

    def _flush(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise translate(error, self.target) from None
        # What is stored is read back past the page cache, and need not crowd it.
        forget(self._descriptor)

    def sync(self) -> None:
        """Have the drive store all of it.

        Raises:
            DiskFullError, OutputError: as `write`, or if the drive reports a failure.
        """
        self._settle()
        self._flush()

    def read_back(self, reporter: Reporter) -> None:
        """Read everything again, past the page cache, and compare.

        Raises:
            ReadBackError: if other bytes come back.
        """
        reporter.begin("Reading back", self.n_bytes)
        tag, n_read = self._tags.begin(), 0
        try:
            for piece in read_again(self._partial, self.n_bytes):
                tag.update(piece)
                n_read += len(piece)
                reporter.advance(len(piece))
        except OSError as error:
            raise translate(error, self.target) from None
        if n_read != self.n_bytes or tag.finish() != self._tag.finish():
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
        self._settle()
        check_target(self.target, force=self._force, is_own=self._is_own)
        try:
            if os.name == "nt":
                self._close()  # an open file can't be renamed there
            self._partial.replace(self.target)
            # Some drives number a file anew when it is renamed.
            self._inode = inode_of(self.target.lstat())
            self._close()
            sync_folder(self.target.parent)
        except OSError as error:
            raise translate(error, self.target) from None

    def discard(self, *, keep_named: bool = False) -> bool:
        """Remove it, also when it has its name already; False if it may still be there.

        Args:
            keep_named: let it stay once it has its name, where it has replaced what was there.
        """
        self._gathered.clear()
        self._behind.abandon()
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
            return inode_of(path.lstat()) == self._inode
        except OSError:
            return False

    def _may_be_at(self, path: Path) -> bool:
        # A drive that has gone shows nothing, and whatever was on it comes back with it.
        try:
            return inode_of(path.lstat()) == self._inode
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


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file.

    Raises:
        FileNotFoundError: if there is none.
        OutputError: if it can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise translate(error, path) from None


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
