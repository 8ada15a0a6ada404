"""Bytes of an extract to UTF-8, and what its first bytes say of it: byte order, or no text."""

from __future__ import annotations

import codecs

from securexfer.errors import EncodingError, HeaderError

_MARK_BYTES = 5
# What files begin with that are no text, and what they are called.
_OTHER_FILES = {
    b"PK\x03\x04": "a workbook or an archive",
    b"\xd0\xcf\x11\xe0": "a workbook of an old kind",
    b"PAR1\x15": "a Parquet file",
    b"\x1f\x8b": "compressed (gzip)",
    b"\xfd7zXZ": "compressed (xz)",
    b"\x28\xb5\x2f\xfd": "compressed (zstd)",
    b"7z\xbc\xaf": "a 7z archive",
}


class Decoder:
    """Bytes of any supported encoding to UTF-8 bytes, block by block."""

    def __init__(self, table: str, encoding: str) -> None:
        self._table = table
        self._encoding = encoding
        self._started = False
        self._n_lines = 0
        self._held = b""
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)()

    def decode(self, read: bytes) -> bytes:
        """The next bytes, or `b""` at the end."""
        if not self._started and read:
            # The first bytes decide about the byte order mark, and whether it is text at all.
            self._held += read
            if len(self._held) < _MARK_BYTES:
                return b""
            read, self._held = self._start(self._held), b""
        elif not self._started:
            read, self._held = self._start(self._held), b""
            return self._decode(read, final=False) + self._decode(b"", final=True)
        return self._decode(read, final=not read)

    def _start(self, read: bytes) -> bytes:
        self._started = True
        for start, kind in _OTHER_FILES.items():
            if read.startswith(start):
                raise HeaderError(
                    f"Table {self._table}: the extract is {kind}, not a CSV file.",
                    hint="Unpack it, or open it in its own program and save the sheet as CSV.",
                )
        marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        if not self._encoding.startswith("utf-16") and (order := _likely_order(read)):
            raise EncodingError(
                f"Table {self._table}: the extract looks like UTF-16, the recipe says "
                f"{self._encoding}.",
                hint=f'Set encoding = "utf-16-{order}" in the table\'s csv settings.',
            )
        if self._encoding == "utf-8":
            if read.startswith(marks):
                raise EncodingError(
                    f"Table {self._table}: the extract is UTF-16, the recipe says utf-8.",
                    hint='Set encoding = "utf-16" in the table\'s csv settings.',
                )
            return read.removeprefix(codecs.BOM_UTF8)
        if self._encoding in ("utf-16-le", "utf-16-be"):
            return read.removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE)
        if self._encoding == "utf-16" and read and not read.startswith(marks):
            raise EncodingError(
                f"Table {self._table}: the extract has no UTF-16 byte order mark.",
                hint='State the byte order: encoding = "utf-16-le" or "utf-16-be".',
            )
        return read

    def _decode(self, read: bytes, *, final: bool) -> bytes:
        if self._decoder is None:
            return read
        try:
            text = self._decoder.decode(read, final)
        except UnicodeDecodeError as error:
            line = self._n_lines + error.object[: error.start].count(b"\n") + 1
            raise EncodingError(
                f"Table {self._table}: bytes that are not {self._encoding} near line {line}."
            ) from None
        try:
            encoded = text.encode("utf-8")
        except UnicodeEncodeError:
            raise EncodingError(
                f"Table {self._table}: characters that are no text after line {self._n_lines}."
            ) from None
        self._n_lines += encoded.count(b"\n")
        return encoded


def _likely_order(read: bytes) -> str:
    """Byte order of UTF-16 without a mark: every other byte of Latin text is zero."""
    if len(read) < 4:
        return ""
    even, odd = set(read[0:4:2]), set(read[1:4:2])
    if odd == {0} and 0 not in even:
        return "le"
    return "be" if even == {0} and 0 not in odd else ""
