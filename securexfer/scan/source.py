"""Sources: bytes to be judged, wherever they are, and the bounds within which they are unpacked."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from securexfer.scan.bound import seconds_for_bytes

HEAD_BYTES = 64 * 1024
MIB = 1024 * 1024
# Of what is unpacked from one file: so much in any case, and so many times what it takes.
FREE_BYTES, MAX_RATIO, MAX_BYTES = 64 * MIB, 200, 4096 * MIB
MAX_DEPTH, MAX_MEMBERS = 8, 200_000
# What has to be in memory as a whole, as a database within an archive.
MAX_WHOLE = 128 * MIB
_TICK = 0.2


class BoundError(Exception):
    """A bound is reached. Holds the slug of a reason, and no data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Readable(Protocol):
    """Whatever gives bytes."""

    def read(self, n: int = -1, /) -> bytes:
        """At most so many; fewer only at the end, or where a library likes to."""


@dataclass
class Bounds:
    """What unpacking one file may cost, shared by all that is packed in it."""

    n_bytes_on_drive: int
    n_left: int = field(init=False)
    n_members: int = 0
    ends_at: float = field(init=False)
    _asked_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._asked_at = time.monotonic()
        self.n_left = min(MAX_BYTES, FREE_BYTES + MAX_RATIO * self.n_bytes_on_drive)
        self.ends_at = time.process_time() + seconds_for_bytes(self.n_bytes_on_drive)

    def take(self, n: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            BoundError: if they are too many, or it took too long.
        """
        self.n_left -= n
        if self.n_left < 0:
            raise BoundError("too-large")
        self.check_time()

    def enter(self, depth: int) -> None:
        """Count something packed.

        Raises:
            BoundError: if there is too much, or too deep within.
        """
        self.n_members += 1
        if self.n_members > MAX_MEMBERS:
            raise BoundError("too-large")
        if depth > MAX_DEPTH:
            raise BoundError("too-deep")
        self.check_time()

    def check_time(self) -> None:
        """See whether there is time left.

        Raises:
            BoundError: if not.
        """
        # The time of the processor is slow to ask for.
        now = time.monotonic()
        if now - self._asked_at < _TICK:
            return
        self._asked_at = now
        if time.process_time() > self.ends_at:
            raise BoundError("too-long")


class Source:
    """Bytes that come in their order, after a look at the first of them.

    Args:
        stream: where they come from.
        bounds: of the file on the drive.
        name: as the file, or the member of an archive, is called; for what it is never for where.
        depth: how deep it is packed; 0 on the drive itself.
        file: the same as a file one can move about in, if it is one.
    """

    def __init__(
        self,
        stream: Readable,
        bounds: Bounds,
        name: str = "",
        *,
        depth: int = 0,
        file: BinaryIO | None = None,
    ) -> None:
        self._stream = stream
        self._head = b""
        self.bounds = bounds
        self.name = name
        self.depth = depth
        self._file = file

    def peek(self, n: int = HEAD_BYTES) -> bytes:
        """The first bytes, which stay to be read."""
        while len(self._head) < n:
            read = self._take(n - len(self._head))
            if not read:
                break
            self._head += read
        return self._head[:n]

    def read(self, n: int = -1, /) -> bytes:
        """The next bytes; b"" at the end."""
        if n < 0:
            return self.whole()
        if self._head:
            read, self._head = self._head[:n], self._head[n:]
            return read
        return self._take(n)

    def whole(self, limit: int = MAX_WHOLE) -> bytes:
        """All bytes that are left.

        Raises:
            BoundError: if they are more than may be in memory.
        """
        parts = io.BytesIO()
        while read := self.read(MIB):
            parts.write(read)
            if parts.tell() > limit:
                raise BoundError("too-large")
        return parts.getvalue()

    def seekable(self) -> BinaryIO:
        """All of it as a file, from its start.

        Raises:
            BoundError: if that would have to be in memory, and is too large.
        """
        if self._file is not None:
            self._file.seek(0)
            return self._file
        return io.BytesIO(self.whole())

    def inner(self, stream: Readable, name: str = "") -> Source:
        """A source that is packed in this one.

        Raises:
            BoundError: if it is one too many.
        """
        self.bounds.enter(self.depth + 1)
        return Source(stream, self.bounds, name, depth=self.depth + 1)

    def _take(self, n: int) -> bytes:
        read = self._stream.read(n)
        if self.depth:
            self.bounds.take(len(read))
        else:
            self.bounds.check_time()
        return read
