"""Compressing a table: how hard is chosen for each block, by what the drive can take.

Each block is a gzip member of its own (RFC 1952), and readers join members however they were made.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from isal import igzip

Effort = Literal["auto", "fast", "small"]
# More makes a table no smaller, and takes twice as long.
_FAST_LEVEL = 1
# On tables some 8 % smaller than fast, at a tenth of its speed; 9 gains one more in a hundred.
_SMALL_LEVEL = 6
_GZIP = 16 + zlib.MAX_WBITS
# A part of a block tells what trying harder would save; less than this is not worth the heat.
_SAMPLE_BYTES = 64 * 1024
_LEAST_SAVING = 0.03
# Of what may wait for a drive, so much says that it is slower than we are.
_WAITING = 0.5


def _no_backlog() -> float:
    return 0.0


@dataclass(frozen=True)
class Compression:
    """How hard a table is compressed.

    Attributes:
        effort: `fast`; `small`; or `auto`, which is `small` while the drive is what all waits for,
            so that processors which have nothing to do spare it some bytes, if there are any to
            spare.
        backlog: how much waits for the drive, from 0 to 1; asked for each block, by any thread.
    """

    effort: Effort = "fast"
    backlog: Callable[[], float] = _no_backlog

    def compress(self, data: bytes) -> bytes:
        """One gzip member."""
        if self.effort == "small" or (self.effort == "auto" and self._pays(data)):
            return _compress_small(data)
        return _compress_fast(data)

    def _pays(self, data: bytes) -> bool:
        if self.backlog() < _WAITING:
            return False
        sample = data[:_SAMPLE_BYTES]
        saved = 1 - len(_compress_small(sample)) / len(_compress_fast(sample))
        return saved >= _LEAST_SAVING


def _compress_small(data: bytes) -> bytes:
    return zlib.compress(data, _SMALL_LEVEL, wbits=_GZIP)


def _compress_fast(data: bytes) -> bytes:
    return igzip.compress(data, compresslevel=_FAST_LEVEL, mtime=0)


FAST = Compression()
