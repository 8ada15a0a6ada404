"""Decompressing gzip, bzip2 and xz step by step, never more at once than is asked for."""

from __future__ import annotations

import bz2
import lzma
import zlib

from securexfer.scan.source import MIB, Readable

_READ_BYTES = MIB // 4
# xz lets a file say how much memory reading it takes.
_XZ_MEMORY = 256 * MIB


class _Gzip:
    """zlib's object with the manners of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _make(kind: str) -> _Gzip | bz2.BZ2Decompressor | lzma.LZMADecompressor:
    if kind == "gzip":
        return _Gzip()
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_XZ_MEMORY)


class Unpacked:
    """What a compressed stream, or several in a row, becomes.

    Args:
        stream: compressed.
        kind: gzip, bzip2 or xz.
    """

    def __init__(self, stream: Readable, kind: str) -> None:
        self._stream = stream
        self._kind = kind
        self._one = _make(kind)
        self._held = b""

    def read(self, n: int = -1, /) -> bytes:
        """The next bytes; b"" at the end.

        Raises:
            ValueError: if the stream is cut off or has something else behind it.
        """
        n = n if n >= 0 else MIB
        while True:
            if self._one.eof:
                self._held = (self._one.unused_data or self._held).lstrip(b"\0")
                if not self._held:
                    self._held = self._stream.read(_READ_BYTES).lstrip(b"\0")
                if not self._held:
                    return b""
                self._one = _make(self._kind)
            if self._one.needs_input and not self._held:
                self._held = self._stream.read(_READ_BYTES)
                if not self._held:
                    raise ValueError("cut off")
            data, self._held = self._held, b""
            read = self._one.decompress(data, n)
            if read:
                return read
