"""The structure of ZIP, behind the members."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.change import member, with_member
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Entry, flip, poke


def directories() -> Iterator[Vector]:
    """M26: directory and end record, and bytes that belong to no member, all validly signed."""

    def bad(name: str, about: str, rule: str = "M26", **changes: Any) -> Vector:
        return bundle(name, about, rule, "bundle_malformed", **changes)

    more = struct.pack("<HH", 0xCAFE, 0)

    # Directory entries.
    for name, about, edit in (
        ("made-by", "made by version 45", poke(4, b"\x2d")),
        ("system", "made on system 0", poke(5, b"\0")),
        ("version", "version needed 45", poke(6, b"\x2d")),
        ("flags", "clear", poke(8, b"\x08")),
        ("method", "method 8", poke(10, b"\x08\0")),
        ("time", "a time of day", poke(12, b"\1")),
        ("crc", "a checksum of an encrypted member", poke(16, b"\1")),
        ("stored-size", "another stored size", flip(20)),
        ("size", "another content size", flip(24)),
        ("disk", "disk 1", poke(34, b"\1")),
        ("internal", "internal attributes", poke(36, b"\1")),
        ("external", "a symbolic link by its attributes", poke(38, b"\0\0\xff\xa1")),
        ("offset", "the offset of another member", poke(42, bytes(4))),
        ("name", "a name that leads out of the folder", poke(46, b"../../0001.csv.gz")),
        ("no-extra", "no AE-2 extra field", lambda old: poke(30, b"\0")(old)[:-11]),
        ("comment", "a comment", lambda old: poke(32, b"\1")(old) + b"!"),
        (
            "more-extra",
            "one more extra field",
            lambda old: poke(30, struct.pack("<H", 15))(old) + more,
        ),
    ):
        change = member(1, listed=edit)
        yield bad(f"entry-{name}", f"directory entry: {about}", change_members=change)

    def zip64_entry(old: bytes) -> bytes:
        """An offset in a ZIP64 extra field where 4 bytes are enough."""
        wide = struct.pack("<HHQ", 1, 8, struct.unpack_from("<I", old, 42)[0])
        name = old[46:64]
        head = bytearray(old[:46])
        head[4], head[6], head[30] = 45, 45, 12 + 11
        head[42:46] = b"\xff" * 4
        return bytes(head) + name + wide + old[64:]

    yield bad(
        "entry-needless-zip64",
        "directory entry: an offset of 8 bytes where 4 are enough",
        change_members=member(1, listed=zip64_entry),
    )

    # The directory, and what is around it.
    def swap(directory: list[bytes]) -> None:
        directory[0], directory[1] = directory[1], directory[0]

    yield bad("directory-order", "two directory entries swapped", change_directory=swap)
    yield bad("directory-missing", "a member without an entry", change_directory=lambda d: d.pop(1))
    yield bad("directory-doubled", "an entry twice", change_directory=lambda d: d.insert(1, d[1]))
    yield bundle(
        "directory-without-envelope",
        "no entry of envelope.json: the last entry is the manifest's",
        "M26 M38",
        "bundle_altered",
        change_directory=lambda d: d.pop(),
    )
    yield bad(
        "hidden-member",
        "a member in neither directory nor envelope",
        change_members=with_member(
            1, Entry("tables/0009.csv.gz", b"x", in_directory=False, in_envelope=False)
        ),
    )
    yield bad(
        "unlisted-member",
        "a member in the directory that the envelope does not list",
        change_members=with_member(1, Entry("tables/0009.csv.gz", b"x", in_envelope=False)),
    )
    yield bad(
        "member-not-in-directory",
        "a member in the envelope that the directory does not list",
        change_members=with_member(2, Entry("tables/0002.csv.gz", b"x", in_directory=False)),
    )
    gap = b"between "
    yield bad(
        "bytes-at-start", "bytes before the first member", change_members=member(0, before=gap)
    )
    yield bad("bytes-between", "bytes between two members", change_members=member(1, before=gap))
    yield bad(
        "bytes-before-envelope",
        "bytes before envelope.json",
        change_envelope_entry=lambda entry: setattr(entry, "before", gap),
    )
    yield bundle(
        "bytes-before-directory",
        "bytes between envelope.json and the directory, so that its content is not the signed one",
        "M26 M38",
        "bundle_altered",
        change_envelope_entry=lambda entry: setattr(entry, "after", gap),
    )
    yield bad("bytes-before-end", "bytes between directory and end record", before_end=gap)
    zip64_end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 4, 4, 0, 0)
    zip64_end += struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    yield bad("needless-zip64-end", "ZIP64 end records in a small bundle", before_end=zip64_end)

    # The end record.
    for name, about, edit in (
        ("signature", "another signature", poke(0, b"PK\5\7")),
        ("disk", "disk 1", poke(4, b"\1")),
        ("count", "one entry fewer", poke(8, b"\3")),
        ("total", "one entry more in all", poke(10, b"\5")),
        ("size", "another size of the directory", flip(12)),
        ("offset", "another offset of the directory", flip(16)),
        ("comment-length", "a comment one byte shorter", poke(20, b"\xff\x17")),
    ):
        yield bad(f"end-{name}", f"end record: {about}", change_end=edit)
