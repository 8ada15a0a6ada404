"""The chain: every line of the log hashed and held to the line before, the last one to the head.

Decoding is what takes time. So what was decoded once is kept, and used again for a line that still
has its hash; and whoever only adds a line need not decode the old ones at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from securexfer.crypto.keys import PublicKeys
from securexfer.custody.entry import (
    MAX_LINE_BYTES,
    START,
    Entry,
    broken_entry,
    check_signature,
    decode_entry,
    follows,
    hash_line,
)
from securexfer.custody.head import Head, read_head
from securexfer.custody.log import count_bytes, read_lines
from securexfer.errors import RegisterDamagedError


@dataclass(frozen=True)
class Extent:
    """How far a log goes.

    Attributes:
        n_entries, n_bytes: whole entries, and the bytes of their lines.
        sha256: of the last line, 64 zeros if there is none.
        n_torn_bytes: behind it, of a line that a crash cut short.
        head: the log's head, None if there is none.
    """

    n_entries: int
    n_bytes: int
    sha256: str
    n_torn_bytes: int
    head: Head | None


class Chain:
    """The lines of one log.

    Attributes:
        known: the first entries, as far as they were decoded.
    """

    def __init__(self, path: Path, head_path: Path) -> None:
        self._path = path
        self._head_path = head_path
        self.known: list[Entry] = []

    def follow(self, *, decode: bool, keys: Mapping[str, PublicKeys] | None = None) -> Extent:
        """Follow the chain from the first line to the last, and hold it to the head.

        Args:
            decode: make entries of all lines; else only of those that the head does not count.
            keys: who may have signed the head, and the lines that it does not count; without keys
                their word is taken for now.
        """
        # The head first: a log that grows meanwhile, where there is no lock, is none cut off.
        head = read_head(self._head_path)
        count = head.count if head is not None else 0
        if keys is not None and head is not None:
            head.check_signature(keys)
        number, n_bytes, previous, counted = 0, 0, START, START
        lines = read_lines(self._path)
        for line in lines:
            if line[-1:] != b"\n" and len(line) <= MAX_LINE_BYTES:
                break
            is_counted = number < count
            try:
                if is_counted and not decode:
                    previous = self._follow(line[:-1], number + 1, previous)
                else:
                    entry = self._decode(line[:-1], number + 1, previous)
                    if keys is not None and not is_counted:
                        check_signature(line[:-1], entry, keys)
                    previous = entry.sha256
            except RegisterDamagedError:
                # A power cut may store the end of a line without its beginning. That is a hole,
                # and holes read as zeros, which no line has.
                if number == count and b"\0" in line and next(lines, None) is None:
                    break
                raise
            number, n_bytes = number + 1, n_bytes + len(line)
            if number == count:
                counted = previous
        del self.known[number:]
        _compare(head, number, counted)
        return Extent(number, n_bytes, previous, count_bytes(self._path) - n_bytes, head)

    def _follow(self, line: bytes, number: int, previous: str) -> str:
        """The hash of a line that follows another, by its words alone."""
        if not follows(line, number, previous):
            raise broken_entry(number)
        return hash_line(line)

    def _decode(self, line: bytes, number: int, previous: str) -> Entry:
        """The entry of a line, which may be known already."""
        known = self.known[number - 1 : number]
        # What is known followed what was known before it, down to the first.
        if known and known[0].previous_sha256 == previous and known[0].sha256 == hash_line(line):
            return known[0]
        entry = decode_entry(line, number, previous)
        if len(self.known) >= number - 1:
            self.known[number - 1 :] = [entry]
        return entry

    def extend(self, entry: Entry) -> None:
        """Know an entry that was just written."""
        if len(self.known) == entry.number - 1:
            self.known.append(entry)


def _compare(head: Head | None, n_entries: int, counted_sha256: str) -> None:
    """Hold the log to its head."""
    if head is None:
        if n_entries:
            raise RegisterDamagedError(
                "The register's head is missing, and without it nobody can say whether entries "
                "were cut off.",
                hint="Restore register.head from its backup; nothing is released until then.",
            )
        return
    if n_entries < head.count:
        raise RegisterDamagedError(
            f"The register has lost entries: {n_entries} are there of {head.count}."
        )
    if counted_sha256 != head.sha256:
        raise broken_entry(head.count)
