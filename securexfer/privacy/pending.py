"""Pending bytes: what was read of an extract and not yet cut into whole records.

They stay in the pieces in which they came, and are put together once, when they are taken. Their
quotes are counted as they come, while they are still in the processor's cache.
"""

from __future__ import annotations

import numpy as np

from securexfer.privacy.shape import first_record_end, last_record_end


class Pending:
    """UTF-8 bytes that start at the start of a record.

    Attributes:
        n_bytes: how many there are.
    """

    def __init__(self, quote: int) -> None:
        self._quote = quote
        self._pieces: list[bytes] = []
        self._n_quotes = 0
        self.n_bytes = 0

    def add(self, piece: bytes) -> None:
        """What was read next."""
        if piece:
            self._pieces.append(piece)
            self._n_quotes += _count(piece, self._quote)
            self.n_bytes += len(piece)

    def first_end(self) -> int:
        """Offset just after the first record; 0 if it does not end here."""
        return first_record_end(b"".join(self._pieces), self._quote)

    def last_end(self) -> int:
        """Offset just after the last record that ends here; 0 if there is none."""
        if not self._pieces:
            return 0
        last = self._pieces[-1]
        newline = last.rfind(b"\n") + 1
        # In most places a line end is the end of a record: as many quotes opened as closed.
        if newline and (self._n_quotes - _count(last[newline:], self._quote)) % 2 == 0:
            return self.n_bytes - len(last) + newline
        return last_record_end(b"".join(self._pieces), self._quote)

    def take(self, n_bytes: int) -> bytes:
        """The first so many bytes, which are pending no more."""
        *before, last = self._pieces or [b""]
        n_last = n_bytes - (self.n_bytes - len(last))
        if n_last < 0:
            before, last, n_last = [], b"".join(self._pieces), n_bytes
        taken = b"".join([*before, memoryview(last)[:n_last]])
        rest = last[n_last:]
        self._pieces, self._n_quotes, self.n_bytes = [], 0, 0
        self.add(rest)
        return taken


def _count(piece: bytes, quote: int) -> int:
    return int(np.count_nonzero(np.frombuffer(piece, np.uint8) == quote))
