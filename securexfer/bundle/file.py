"""The bundle as a file: opened once, hashed once, and held to that hash ever after.

A drive can give other bytes the second time. So the hashing pass keeps a tag of every block, and
every later read goes through blocks that still match.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from securexfer.ahead import one_ahead
from securexfer.bundle.layout import COMMENT_BYTES, END_BYTES
from securexfer.crypto.tag import BlockTags
from securexfer.errors import BundleAlteredError, BundleFormatError, BundleMissingError, OutputError

if TYPE_CHECKING:
    from hashlib import _Hash

BLOCK_BYTES = 1024 * 1024
# So many blocks are hashed at once: fewer hand-overs between threads.
_STRIDE = 4
# What may lie behind the last table takes less: see the bounds of manifest, provenance, envelope
# and directory.
_MAX_MARKS = 9
_WRONG_FILE = "Name the bundle itself: a file that ends in .sxfer.zip."


class BundleFile:
    """An open file that may be a bundle. Use as a context manager.

    Attributes:
        size: in bytes.
        comment: its last 6,144 bytes, as they were when it was opened.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._block_tags = BlockTags()
        self._tags: list[bytes] = []
        self._ranges: dict[range, str] = {}
        self._marks: Iterable[tuple[int, _Hash]] = ()
        self._cached = (-1, b"")
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BundleFormatError(
                "A bundle is a regular file; this is something else.", hint=_WRONG_FILE
            )
        self.size = status.st_size
        self.signed_bytes = self.size - COMMENT_BYTES
        if self.signed_bytes < END_BYTES:
            raise BundleFormatError("The file is too short to be a bundle.", hint=_WRONG_FILE)
        self.comment = self._read_raw(self.signed_bytes, COMMENT_BYTES)

    @classmethod
    def open(cls, path: Path) -> BundleFile:
        """Open a file for reading; links are not followed.

        Raises:
            BundleFormatError: if it can't be a bundle.
            BundleMissingError: if it can't be read at all.
        """
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise BundleFormatError(
                    f"{path} is a link; links are not followed.", hint="Name the file itself."
                ) from None
            raise _missing(path, error) from None
        try:
            return cls(descriptor)
        except OSError as error:
            _close(descriptor)
            raise _missing(path, error) from None
        except BaseException:
            _close(descriptor)
            raise

    def __enter__(self) -> BundleFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close(self._descriptor)

    def is_file(self, path: Path) -> bool:
        """Whether it reads this very file, under whatever name."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), path.stat())
        except OSError:
            return False

    def peek(self, offset: int, n_bytes: int) -> bytes:
        """Bytes that nobody has vouched for yet: only to tell what kind of file this is."""
        return self._read_raw(offset, n_bytes)

    def hash_all(self, advance: Callable[[int], None], ranges: Iterable[range] = ()) -> str:
        """SHA-256 (hex) of every byte before the comment; remembers a tag of each block.

        Args:
            advance: is told of so many more bytes.
            ranges: of which `hash_range` will be asked; hashed on the way.
        """
        whole = hashlib.sha256()
        parts = {part: hashlib.sha256() for part in ranges}

        def hash_parts(chunk: bytes, start: int) -> None:
            view = memoryview(chunk)
            for part, digest in parts.items():
                digest.update(view[max(part.start - start, 0) : max(part.stop - start, 0)])

        tags: list[bytes] = []
        marks: deque[tuple[int, _Hash]] = deque(maxlen=_MAX_MARKS)
        n_read = 0
        chunks = one_ahead(self._read_chunk, range(0, self._n_blocks, _STRIDE))
        with ThreadPoolExecutor(1) as helper:
            for chunk, its_tags in chunks:
                beside = helper.submit(hash_parts, chunk, n_read)
                whole.update(chunk)
                beside.result()
                tags += its_tags
                n_read += len(chunk)
                marks.append((n_read, whole.copy()))
                advance(len(chunk))
        self._tags, self._marks = tags, marks
        self._ranges = {part: digest.hexdigest() for part, digest in parts.items()}
        return whole.hexdigest()

    def hash_start(self, n_bytes: int) -> _Hash:
        """SHA-256 of the first `n_bytes`, to go on from; `hash_all` has done most of it.

        Raises:
            BundleAlteredError, BundleFormatError: as `read`.
        """
        n_done, digest = 0, hashlib.sha256()
        for n_marked, mark in self._marks:
            if n_marked <= n_bytes:
                n_done, digest = n_marked, mark.copy()
        for piece in self.pieces(n_done, n_bytes - n_done):
            digest.update(piece)
        return digest

    def read(self, offset: int, n_bytes: int) -> bytes:
        """Bytes before the comment, each from a block that is as it was when it was hashed.

        Raises:
            BundleAlteredError: if the file gives other bytes now.
            BundleFormatError: if the range lies outside the signed bytes.
        """
        self._check_inside(offset, n_bytes)
        parts = []
        while n_bytes:
            number, start = divmod(offset, BLOCK_BYTES)
            part = self._block(number)[start : start + n_bytes]
            parts.append(part)
            offset += len(part)
            n_bytes -= len(part)
        return b"".join(parts)

    def hash_range(self, offset: int, n_bytes: int) -> str:
        """SHA-256 (hex) of a range, as it was when all was hashed.

        Raises:
            BundleAlteredError, BundleFormatError: as `read`.
        """
        part = range(offset, offset + n_bytes)
        if part in self._ranges:
            self._check_inside(offset, n_bytes)
            return self._ranges[part]
        digest = hashlib.sha256()
        for piece in self.pieces(offset, n_bytes):
            digest.update(piece)
        return digest.hexdigest()

    def pieces(self, offset: int, n_bytes: int) -> Iterator[bytes]:
        """A range, a few blocks at a time.

        Raises:
            BundleAlteredError, BundleFormatError: as `read`.
        """
        self._check_inside(offset, n_bytes)
        first, end = offset // BLOCK_BYTES, offset + n_bytes
        numbers = range(first, -(-end // BLOCK_BYTES), _STRIDE) if n_bytes else ()

        def read(number: int) -> bytes:
            start = number * BLOCK_BYTES
            return self._read_again(number, _STRIDE)[max(offset - start, 0) : end - start]

        yield from one_ahead(read, numbers)

    def view(self) -> BundleView:
        """The whole file, comment included, as a stream for the ZIP reader."""
        return BundleView(self)

    def _check_inside(self, offset: int, n_bytes: int) -> None:
        if offset < 0 or n_bytes < 0 or offset + n_bytes > self.signed_bytes:
            raise BundleFormatError("The bundle refers to bytes outside of itself.")

    @property
    def _n_blocks(self) -> int:
        return -(-self.signed_bytes // BLOCK_BYTES)

    def _block(self, number: int) -> bytes:
        at_hand, block = self._cached
        if at_hand != number:
            block = self._read_again(number, 1)
            self._cached = (number, block)
        return block

    def _read_again(self, first: int, n_blocks: int) -> bytes:
        chunk, tags = self._read_chunk(first, n_blocks)
        if tags != self._tags[first : first + n_blocks]:
            raise BundleAlteredError("The file changed while it was being read.")
        return chunk

    def _read_chunk(self, first: int, n_blocks: int = _STRIDE) -> tuple[bytes, list[bytes]]:
        chunk = self._read_blocks(first, n_blocks)
        view = memoryview(chunk)
        starts = range(0, len(chunk), BLOCK_BYTES)
        tags = [
            self._block_tags.tag(first + index, view[start : start + BLOCK_BYTES])
            for index, start in enumerate(starts)
        ]
        return chunk, tags

    def _read_blocks(self, first: int, n_blocks: int) -> bytes:
        offset = first * BLOCK_BYTES
        return self._read_raw(offset, min(n_blocks * BLOCK_BYTES, self.signed_bytes - offset))

    def _read_raw(self, offset: int, n_bytes: int) -> bytes:
        parts = []
        try:
            while n_bytes:
                part = os.pread(self._descriptor, n_bytes, offset)
                if not part:
                    raise BundleAlteredError("The file became shorter while it was being read.")
                parts.append(part)
                offset += len(part)
                n_bytes -= len(part)
        except OSError as error:
            raise OutputError(
                f"Reading the bundle failed: {error.strerror}.",
                hint="The drive may be faulty: copy the bundle elsewhere and try again.",
            ) from None
        return b"".join(parts)


def _missing(path: Path, error: OSError) -> BundleMissingError:
    return BundleMissingError(f"The bundle {path} can't be read: {error.strerror}.")


def _close(descriptor: int) -> None:
    # A drive that has gone says so here too, when all was read or the failure is known already.
    with contextlib.suppress(OSError):
        os.close(descriptor)


class BundleView(io.RawIOBase):
    """A seekable read-only stream over a `BundleFile`; releases only bytes that still match."""

    def __init__(self, file: BundleFile) -> None:
        super().__init__()
        self._file = file
        self._position = 0

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; positions before the start are an error, as for any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise OSError("position before the start")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes; all that is left by default."""
        left = max(self._file.size - self._position, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        end = self._position + wanted
        signed = self._file.signed_bytes
        data = b""
        if self._position < signed:
            data = self._file.read(self._position, min(end, signed) - self._position)
        if end > signed:
            data += self._file.comment[max(self._position - signed, 0) : end - signed]
        self._position = end
        return data
