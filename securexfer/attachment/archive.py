"""The archive of attached files: POSIX tar (IEEE 1003.1-2001, ustar) with nothing left open.

As of a bundle, there is one spelling of it: a header is compared with the one that would be written
for that name and size, so there are no links, devices, owners, times, long names or holes. At the
end the archive is filled up with zeros to a Padmé size, which every tar reader skips.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from securexfer.errors import ContentMismatchError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,89}\.(?:jpg|png|tif|pdf)")
BLOCK_BYTES = 512
_END_BYTES = 2 * BLOCK_BYTES
MAX_FILE_BYTES = 2**33 - 1


@dataclass(frozen=True)
class Gathered:
    """Files that are to be in an archive, as they were found.

    Attributes:
        n_files: how many.
        n_bytes: of all of them, before they are made anew.
        is_resized: whether some of them are made smaller, so that their size says little.
    """

    n_files: int
    n_bytes: int
    is_resized: bool = False

    @property
    def n_archive_bytes(self) -> int:
        """What an archive of them would have, without what fills it up."""
        return self.n_bytes + self.n_files * 2 * BLOCK_BYTES + _END_BYTES


class ArchiveWriter:
    """Writes files one after the other, then `finish`.

    Attributes:
        n_files: so far.
        n_bytes: of the archive, so far.
    """

    def __init__(self, write: Callable[[bytes], object], pad: Callable[[int], int]) -> None:
        self._write = write
        self._pad = pad
        self.n_files = 0
        self.n_bytes = 0

    def add(self, name: str, data: bytes) -> None:
        """Write one file."""
        self._put(header(name, len(data)))
        self._put(data)
        self._put(bytes(-len(data) % BLOCK_BYTES))
        self.n_files += 1

    def finish(self) -> None:
        """Write the end, and as many zeros as make its size say little."""
        self._put(bytes(_END_BYTES))
        left = self._pad(self.n_bytes) - self.n_bytes
        while left:
            piece = min(left, 1024 * 1024)
            self._put(bytes(piece))
            left -= piece

    def _put(self, data: bytes) -> None:
        self._write(data)
        self.n_bytes += len(data)


def header(name: str, n_bytes: int) -> bytes:
    """The one header that a file of this name and size can have."""
    info = tarfile.TarInfo(name)
    info.size = n_bytes
    info.mode = 0o600
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


class ArchiveChecker:
    """Holds an archive to its grammar as it goes by, whatever it is cut into; keeps only names.

    Attributes:
        n_files: that it must hold.
        n_bytes_largest: size of the largest file that began so far.
    """

    def __init__(self, n_files: int) -> None:
        self.n_files = n_files
        self.n_bytes_largest = 0
        self._names: set[str] = set()
        self._head = b""
        self._n_content = 0
        self._n_filling = 0
        self._n_end = 0

    def update(self, piece: bytes) -> None:
        """The next bytes of it.

        Raises:
            ContentMismatchError: if it is no archive as `ArchiveWriter` writes it.
        """
        left = memoryview(piece)
        while left:
            if self._n_end:
                # Zeros to the end, however many.
                if bytes(left).strip(b"\0"):
                    raise _damaged()
                self._n_end += len(left)
                return
            if self._n_content:
                n_bytes = min(self._n_content, len(left))
                self._n_content -= n_bytes
            elif self._n_filling:
                n_bytes = min(self._n_filling, len(left))
                self._n_filling -= n_bytes
                if bytes(left[:n_bytes]).strip(b"\0"):
                    raise _damaged()
            else:
                n_bytes = min(BLOCK_BYTES - len(self._head), len(left))
                self._head += left[:n_bytes]
                if len(self._head) == BLOCK_BYTES:
                    self._begin_file()
            left = left[n_bytes:]

    def finish(self) -> None:
        """That was all.

        Raises:
            ContentMismatchError: if it ends too early, or holds another number of files.
        """
        if self._n_end < _END_BYTES or len(self._names) != self.n_files:
            raise _damaged()

    def _begin_file(self) -> None:
        block, self._head = self._head, b""
        if not block.strip(b"\0"):
            self._n_end = BLOCK_BYTES
            return
        name, n_bytes = read_header(block)
        if name in self._names or len(self._names) == self.n_files:
            raise _damaged()
        self._names.add(name)
        self.n_bytes_largest = max(self.n_bytes_largest, n_bytes)
        self._n_content, self._n_filling = n_bytes, -n_bytes % BLOCK_BYTES


def read_files(pieces: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of an archive, name and content, one in memory at a time.

    Args:
        pieces: of the archive, which `ArchiveChecker` has seen; taken to their end, so that
            whatever their source checks there is checked.

    Raises:
        ContentMismatchError: if it is no archive.
    """
    held, name, n_bytes, is_over = bytearray(), "", 0, False
    for piece in pieces:
        held += piece
        while not is_over:
            if not name:
                if len(held) < BLOCK_BYTES:
                    break
                block = bytes(held[:BLOCK_BYTES])
                is_over = not block.strip(b"\0")
                if is_over:
                    break
                name, n_bytes = read_header(block)
                del held[:BLOCK_BYTES]
            n_filled = n_bytes + -n_bytes % BLOCK_BYTES
            if len(held) < n_filled:
                break
            with memoryview(held) as view, view[:n_bytes] as content:
                found = name, bytes(content)
            del held[:n_filled]
            yield found
            name, found = "", ("", b"")  # whoever took it has it alone
        if is_over:
            held.clear()
    if not is_over:
        raise _damaged()


def read_header(block: bytes) -> tuple[str, int]:
    """Name and size in bytes of the file that follows a header.

    Raises:
        ContentMismatchError: if it is none of this archive's spelling.
    """
    raw_name, raw_size = block[:100].rstrip(b"\0"), block[124:135]
    try:
        name, n_bytes = raw_name.decode("ascii"), int(raw_size.decode("ascii"), 8)
    except ValueError:
        raise _damaged() from None
    if not NAME.fullmatch(name) or n_bytes < 0 or block != header(name, n_bytes):
        raise _damaged()
    return name, n_bytes


def _damaged() -> ContentMismatchError:
    return ContentMismatchError("The archive of attached files is not as it must be.")
