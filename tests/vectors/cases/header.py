"""The structure of ZIP, before and behind the content of a member."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.vectors.cases.change import member
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Edit, Entry, flip, poke


def headers() -> Iterator[Vector]:
    """M26: local headers and descriptors, all validly signed."""

    def bad(name: str, about: str, rule: str = "M26", **changes: Any) -> Vector:
        return bundle(name, about, rule, "bundle_malformed", **changes)

    # Local headers. The offsets are those of APPNOTE.
    for name, about, edit in (
        ("version", "version needed 45", poke(4, b"\x2d")),
        ("flags", "bit 11 of the flags: UTF-8 name", poke(6, b"\x09\x08")),
        ("no-descriptor-flag", "bit 3 of the flags is clear", poke(6, b"\x01")),
        ("method", "method 0 in the header of an encrypted member", poke(8, b"\0\0")),
        ("time", "a time of day", poke(10, b"\1")),
        ("date", "2 January 1980", poke(12, b"\x22")),
        ("crc", "a checksum before the content", poke(14, b"\1")),
        ("size", "a size before the content", poke(22, b"\1")),
        ("name", "another name than the directory's", poke(30, b"tables/0002")),
        ("zip64-size", "a size in the ZIP64 extra field", poke(30 + 18 + 4, b"\1")),
        ("ae-1", "vendor version 1", poke(-7, b"\1")),
        ("vendor", "another vendor", poke(-5, b"AX")),
        ("strength", "AES-128", poke(-3, b"\1")),
        ("ae-method", "deflated, says the AE-2 extra field", poke(-2, b"\x08")),
    ):
        change = member(1, header=edit)
        yield bad(f"header-{name}", f"local header: {about}", change_members=change)
    more = struct.pack("<HH", 0xCAFE, 0)
    yield bad(
        "header-more-extra",
        "local header: one more extra field",
        change_members=member(1, header=lambda old: poke(28, struct.pack("<H", 35))(old) + more),
    )

    def everywhere(change: Edit) -> Callable[[list[Entry]], object]:
        return member(1, header=change, listed=change)

    yield bad(
        "ae-1",
        "AE-1 throughout: vendor version 1 and the checksum of the content",
        change_members=lambda entries: member(
            1,
            header=poke(-7, b"\1"),
            listed=poke(-7, b"\1"),
            crc=zlib.crc32(entries[1].content),
        )(entries),
    )
    yield bad(
        "table-clear",
        "a table that is not encrypted",
        change_members=member(1, encrypted=False),
    )
    yield bad(
        "manifest-clear",
        "a manifest that is not encrypted",
        change_members=member(2, encrypted=False),
    )
    yield bad(
        "read-me-encrypted", "READ-ME.txt encrypted", change_members=member(0, encrypted=True)
    )

    def deflated_read_me(entries: list[Entry]) -> None:
        """Method 8 and deflated content, as any ZIP program writes it."""
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(entries[0].content) + packer.flush()
        entries[0].stored = lambda _: data
        entries[0].header = poke(8, b"\x08")
        entries[0].listed = poke(10, b"\x08")

    yield bad("read-me-deflated", "READ-ME.txt deflated", change_members=deflated_read_me)
    yield bad(
        "table-method-deflated",
        "AE-2 throughout, but deflated inside says the extra field",
        change_members=everywhere(poke(-2, b"\x08")),
    )

    # Descriptors.
    for name, about, edit in (
        ("signature", "without its signature", lambda old: old[4:]),
        ("crc", "a checksum of an encrypted member", poke(4, b"\1")),
        ("stored-size", "another stored size", flip(8)),
        ("size", "another content size", flip(16)),
        (
            "short",
            "sizes of four bytes",
            lambda old: old[:8] + old[8:12] + old[16:20],
        ),
    ):
        change = member(1, descriptor=edit)
        yield bad(f"descriptor-{name}", f"descriptor: {about}", change_members=change)
    yield bad(
        "crc-of-read-me",
        "a wrong checksum of READ-ME.txt, in descriptor and directory alike",
        change_members=member(0, crc=1),
    )
    yield bad(
        "crc-of-envelope",
        "a wrong checksum of envelope.json",
        change_envelope_entry=lambda entry: setattr(entry, "crc", 1),
    )
