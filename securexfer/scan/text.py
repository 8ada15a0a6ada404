"""Texts of any encoding, block by block; and the texts within files that are none."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from securexfer.scan.kind import find_encoding
from securexfer.scan.ledger import Ledger
from securexfer.scan.secret import find_secrets
from securexfer.scan.source import MIB, Source

if TYPE_CHECKING:
    from securexfer.privacy.reading import TextLook

BLOCK_BYTES = 2 * MIB
_RUN = re.compile(rb"[\x20-\x7e\t]{8,}")
_WIDE_RUN = re.compile(rb"(?:[\x20-\x7e]\0){8,}")
_CARD = '{"payload":"{\\"created_at\\":'


def read_blocks(source: Source) -> Iterator[str]:
    """A text as blocks of whole lines that end in a newline each, or where a block is full."""
    encoding = find_encoding(source.peek())
    decoder = codecs.getincrementaldecoder(encoding or "cp1252")("replace")
    held = ""
    while True:
        read = source.read(BLOCK_BYTES)
        text = held + decoder.decode(read, final=not read)
        if not read:
            yield from filter(None, [_plain_ends(text)])
            return
        end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
        if not end and len(text) >= 2 * BLOCK_BYTES:
            # One line as long as this: cut where a word ends.
            end = text.rfind(" ") + 1 or len(text)
        held = text[end:]
        yield from filter(None, [_plain_ends(text[:end])])


class Lines:
    """The lines of a file that begin before a place; the last one whole.

    Args:
        file: at the start of a line.
        end: of the place.
    """

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file = file
        self._end = end

    def read(self, n: int = -1, /) -> bytes:
        """The next bytes; b"" at the end."""
        left = self._end - self._file.tell()
        if left <= 0:
            return b""
        read = self._file.read(min(n, left) if n >= 0 else left)
        if len(read) == left and not read.endswith(b"\n"):
            read += self._file.readline(BLOCK_BYTES)
        return read


def look_through(blocks: Iterator[str], ledger: Ledger, name: str = "", *, head: str = "") -> None:
    """Find what there is in a text that is no markup and no JSON.

    Args:
        blocks: of the text.
        ledger: hears of it.
        name: of the file.
        head: the beginning of the text, where these blocks are not from its beginning.
    """
    from securexfer.privacy.reading import TextLook

    look: TextLook | None = None
    for block in blocks:
        if block.isspace():
            continue
        if look is None:
            if _is_card(block):
                return  # a public card: it is there to be handed over
            look = TextLook(head or block)
            if head:
                look.skip_nothing()
            ledger.note(find_secrets(block, name))
        else:
            ledger.note(find_secrets(block))
        look.add(block)
    if look is not None:
        ledger.note(look.judge())


def look_for_runs(source: Source, ledger: Ledger) -> None:
    """Find texts within bytes that are none: runs of letters, of one byte each or of two."""
    from securexfer.privacy.prose import look_at_prose

    while read := source.read(BLOCK_BYTES):
        runs = [run.decode("ascii") for run in _RUN.findall(read)]
        if b"\0" in read:
            runs += [run[::2].decode("ascii") for run in _WIDE_RUN.findall(read)]
        if runs:
            ledger.note(look_at_prose(runs))
            ledger.note(find_secrets("\n".join(runs)))


def _plain_ends(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _is_card(text: str) -> bool:
    start = text[:200]
    return start.startswith(_CARD) and '\\"ml_kem_768\\"' in text and len(text) < 64 * 1024
