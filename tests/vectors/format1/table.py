"""Tables: as CSV, in gzip with padding, and in the words of the manifest."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.vectors.format1.edit import Changes, nothing
from tests.vectors.format1.encoding import padme, sha256


def gzip_member(data: bytes, level: int = 9) -> bytes:
    return gzip.compress(data, level, mtime=0)


def empty_member(n_zeros: int) -> bytes:
    extra = b"SX" + struct.pack("<H", n_zeros) + bytes(n_zeros)
    head = bytes.fromhex("1f8b08040000000000ff")
    return head + struct.pack("<H", len(extra)) + extra + b"\x03\0" + bytes(8)


def gzip_padding(n_compressed: int) -> bytes:
    gap = padme(n_compressed + 26) - n_compressed
    members = b""
    while gap > 16_022:
        step = min(16_022, gap - 26)
        members += empty_member(step - 26)
        gap -= step
    return members + empty_member(gap - 26)


def compress(data: bytes, *, chunk: int = 0, level: int = 9) -> bytes:
    """As gzip members of `chunk` bytes each (0: one), and padding."""
    step = chunk or max(len(data), 1)
    cut = b"".join(
        gzip_member(data[i : i + step], level) for i in range(0, max(len(data), 1), step)
    )
    return cut + gzip_padding(len(cut))


@dataclass
class Table:
    """A table, and what the manifest says about it."""

    name: str = "people"
    rows: Sequence[Sequence[str]] = (("id", "year"), ("person_1", "1980"), ("person_2", "1991"))
    csv: bytes = b""
    content: bytes | None = None
    change: Changes = nothing

    @property
    def plaintext(self) -> bytes:
        lines = (",".join(map(quoted, row)) + "\n" for row in self.rows)
        return self.csv or "".join(lines).encode("utf-8")

    @property
    def member_content(self) -> bytes:
        return compress(self.plaintext) if self.content is None else self.content

    def record(self, member: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": self.name,
            "member": member,
            "fields": [
                {"name": name, "action": "keep", "source": f"{name}_source"}
                for name in self.rows[0]
            ],
            "withheld": ["surname"],
            "n_rows_in": len(self.rows) - 1,
            "n_rows_out": len(self.rows) - 1,
            "n_blank_lines": 0,
            "n_unparsed": {},
            "n_subjects": len(self.rows) - 1,
            "n_subjects_is": "upper bound",
            "plaintext_sha256": sha256(self.plaintext),
            "n_bytes": len(self.plaintext),
            "gates": [],
        }
        self.change(made)
        return made


def quoted(cell: str) -> str:
    if any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell
