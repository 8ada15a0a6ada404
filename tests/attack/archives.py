"""Malicious archives, each in one line or one small function. Every signature is valid.

`tests.vectors.format1` writes what ann would never pack but can sign. Two places give names: the
ZIP structure with its envelope, and the manifest, whose table names become file names.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.attack.victim import ANN, BOB
from tests.vectors.cases.change import member, renamed, with_member
from tests.vectors.format1 import (
    END_BYTES,
    Bundle,
    Changes,
    Edit,
    Entry,
    Table,
    compress,
    gzip_member,
    poke,
)

MALFORMED, ALTERED = "bundle_malformed", "bundle_altered"
MANIFEST, CONTENT = "manifest_mismatch", "content_mismatch"
MIB = 1024 * 1024
TABLE_MEMBER = "tables/0001.csv.gz"

NAMES = {
    "the folder above": "..",
    "out of the folder": "../evil",
    "out of it on a detour": "a/../../evil",
    "absolute": "/tmp/evil",
    "from the home folder": "~/evil",
    "hidden": ".bashrc",
    "a drive letter": "C:\\evil",
    "a drive letter alone": "C:evil",
    "a server": "\\\\server\\share\\evil",
    "a backslash": "..\\evil",
    "a device": "CON",
    "a device with an ending": "nul.csv",
    "a device with a number": "COM1",
    "a stream beside a file": "people.csv:hidden",
    "trailing dots": "people...",
    "trailing spaces": "people  ",
    "a zero byte": "people\0.csv",
    "a right-to-left override": "people\u202evsc.exe",
    "a terminal escape": "\x1b]0;owned\x07\x1b[2Jpeople",
    "a second line": "people\nError: all is well",
    "markup": "[bold red]people[/bold red]",
    "full-width letters": "\uff50\uff45\uff4f\uff50\uff4c\uff45",
    "300 bytes": "n" * 300,
    "nothing at all": "",
}


@dataclass(frozen=True)
class Archive:
    """A malicious archive, and the code of its refusal."""

    name: str
    code: str
    make: Callable[[], bytes]


def archive(name: str, code: str, **changes: Any) -> Archive:
    return Archive(name, code, lambda: Bundle(name, ANN, [BOB], **changes).write())


def all_archives() -> list[Archive]:
    return [
        *names(),
        *entries(),
        *encryption(),
        *directories(),
        *around(),
        *envelopes(),
        *manifests(),
        *contents(),
    ]


def names() -> Iterator[Archive]:
    for about, name in NAMES.items():
        change = renamed(t1=name)
        yield archive(f"member name: {about}", MALFORMED, change_members=change)
        yield archive(f"table name: {about}", MANIFEST, tables=[Table(name)])
    for about, raw in (("not UTF-8", b"tables/\xff\xfe\x80.csv.gz"), ("cut UTF-8", b"\xe2" * 18)):
        change = member(1, header=poke(30, raw[:18]), listed=poke(46, raw[:18]))
        yield archive(f"member name: {about}", MALFORMED, change_members=change)
    two = [Table("people"), Table("cases")]
    for about, second in (("twice", TABLE_MEMBER), ("in another case", TABLE_MEMBER.upper())):
        change = renamed(t2=second)
        yield archive(f"member name: {about}", MALFORMED, tables=two, change_members=change)
    for about, second in (("twice", "people"), ("in another case", "PEOPLE")):
        yield archive(f"table name: {about}", MANIFEST, tables=[two[0], Table(second)])
    yield archive("table name: a list", MANIFEST, tables=lying(name=["people"]))
    yield archive("table member: the manifest", MANIFEST, tables=lying(member="manifest.json"))
    yield archive("table member: out of it", MANIFEST, tables=lying(member="../people.csv.gz"))


def entries() -> Iterator[Archive]:
    """Attributes, flags and extra fields of a member."""
    for about, attributes in (
        ("a symbolic link", 0o120777 << 16),
        ("setuid", 0o104755 << 16),
        ("a device", 0o060666 << 16),
        ("writable for all", 0o100666 << 16),
        ("a folder by its bit", 0x10),
    ):
        change = member(1, listed=poke(38, struct.pack("<I", attributes)))
        yield archive(f"attributes: {about}", MALFORMED, change_members=change)
    folder = Entry("tables/", b"", encrypted=False)
    yield archive("a folder's entry", MALFORMED, change_members=with_member(1, folder))
    for about, flags in (
        ("the directory is encrypted", 0x2009),
        ("strong encryption", 0x0049),
        ("patched data", 0x0029),
        ("a UTF-8 name", 0x0809),
    ):
        raw = struct.pack("<H", flags)
        change = member(1, header=poke(6, raw), listed=poke(8, raw))
        yield archive(f"flags: {about}", MALFORMED, change_members=change)
    for about, kind, data in (
        ("a Unicode path", 0x7075, b"\x01" + bytes(4) + b"../evil"),
        ("an extended timestamp", 0x5455, b"\x01" + bytes(4)),
        ("an owner", 0x7875, b"\x01\x04" + bytes(4) + b"\x04" + bytes(4)),
        ("Windows times", 0x000A, bytes(32)),
        ("ZIP64 sizes that lie", 0x0001, struct.pack("<QQQ", 2**63, 2**63, 2**63)),
        ("its length runs out", 0xCAFE, b""),
    ):
        field = struct.pack("<HH", kind, len(data) or 60_000) + data
        change = member(1, listed=with_extra(30, field))
        yield archive(f"extra field, directory: {about}", MALFORMED, change_members=change)
        change = member(1, header=with_extra(28, field))
        yield archive(f"extra field, header: {about}", MALFORMED, change_members=change)
    change = member(1, listed=lambda old: poke(32, b"\xff\xff")(old) + b"!" * 0xFFFF)
    yield archive("a comment of 64 KiB on an entry", MALFORMED, change_members=change)


def encryption() -> Iterator[Archive]:
    def both(edit: Edit) -> Any:
        return member(1, header=edit, listed=edit)

    def zipcrypto(entries: list[Entry]) -> None:
        """Encrypted by the flag, without the AES extra field."""
        entries[1].header = lambda old: poke(28, b"\x14")(poke(8, b"\0\0")(old))[:-11]
        entries[1].listed = lambda old: poke(30, b"\0")(poke(10, b"\0\0")(old))[:-11]

    def deflated(entries: list[Entry]) -> None:
        packer = zlib.compressobj(wbits=-15)
        entries[1].content = packer.compress(bytes(10**6)) + packer.flush()
        entries[1].header = entries[1].listed = poke(-2, b"\x08")

    for about, change in (
        ("AE-1", both(poke(-7, b"\1"))),
        ("AES-128", both(poke(-3, b"\1"))),
        ("ZipCrypto", zipcrypto),
        ("deflated inside AES", deflated),
        ("a clear table", member(1, encrypted=False)),
        ("a clear manifest", member(2, encrypted=False)),
        ("a clear member more", with_member(1, Entry("notes.txt", b"plaintext", encrypted=False))),
        ("an encrypted read-me", member(0, encrypted=True)),
    ):
        yield archive(f"encryption: {about}", MALFORMED, change_members=change)


def directories() -> Iterator[Archive]:
    """Offsets, sizes and counts that lie."""
    two = [Table("people"), Table("cases")]
    yield archive(
        "overlap: two entries with one offset",
        MALFORMED,
        tables=two,
        change_directory=lambda d: d.__setitem__(2, poke(42, d[1][42:46])(d[2])),
        change_envelope=lambda e: e["members"][2].update(offset=e["members"][1]["offset"]),
    )
    yield archive(
        "overlap: a member that reaches into the next",
        MALFORMED,
        tables=two,
        change_envelope=lambda e: e["members"][1].update(length=e["members"][1]["length"] + 50),
    )
    yield archive(
        "overlap: all members are the first",
        MALFORMED,
        tables=two,
        change_envelope=lambda e: [m.update(e["members"][0], name=m["name"]) for m in e["members"]],
    )
    for about, at, size in (("stored size", 20, 4), ("content size", 24, 4), ("offset", 42, 4)):
        for value in (0, 2**31, 2**32 - 1):
            change = member(1, listed=poke(at, value.to_bytes(size, "little")))
            yield archive(f"entry: {about} {value:#x}", MALFORMED, change_members=change)
    for about, at in (("disk", 4), ("directory's disk", 6), ("entries here", 8), ("entries", 10)):
        for value in (1, 0xFFFF):
            change_end = poke(at, struct.pack("<H", value))
            yield archive(f"end record: {about} {value:#x}", MALFORMED, change_end=change_end)
    yield archive("entry: disk 1", MALFORMED, change_members=member(1, listed=poke(34, b"\1")))
    for about, disk, count, size, offset, disks in (
        ("nothing", 0, 0, 0, 0, 1),
        ("2^63 entries", 0, 2**63, 2**63, 100, 1),
        ("an offset of 2^64 - 1", 0, 4, 0, 2**64 - 1, 1),
        ("the first byte", 0, 4, 0, 1, 1),
        ("two disks", 1, 4, 0, 100, 2),
    ):
        records = wide_end(disk, count, size, offset, disks)
        yield archive(f"ZIP64: {about}", MALFORMED, before_end=records)
        hidden = poke(16, b"\xff" * 4)
        yield archive(
            f"ZIP64: {about}, the narrow offset gives way",
            MALFORMED,
            before_end=records,
            change_end=hidden,
        )
    yield Archive("65,536 members", MALFORMED, many_members)
    listed = [{"name": f"{i:06}", "offset": 0, "length": 0, "sha256": ""} for i in range(65_536)]
    yield archive(
        "65,536 members, says the envelope", MALFORMED, change_envelope=sets(members=listed)
    )


def around() -> Iterator[Archive]:
    """Bytes before, between and behind, and further directories."""
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as small:
        small.writestr("people.csv", b"another content")
    small_zip = other.getvalue()
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
    for about, junk in (
        ("a shell script", b"#!/bin/sh\nrm -rf ~\nexit\n"),
        ("a Windows program", b"MZ" + bytes(510)),
        ("the mark of a split archive", b"PK\x07\x08"),
        ("another archive", small_zip),
    ):
        yield archive(f"before: {about}", MALFORMED, change_members=member(0, before=junk))
    for about, junk in (("bytes", b"junk"), ("another archive", small_zip), ("an end record", end)):
        yield archive(f"between: {about}", MALFORMED, change_members=member(1, before=junk))
        yield archive(f"before the end: {about}", MALFORMED, before_end=junk)
        yield archive(f"behind: {about}", MALFORMED, change_file=appends(junk))
        edit = poke(-len(junk) - 1, junk)
        yield archive(f"in the comment: {about}", MALFORMED, change_comment=edit)
    yield archive("a signature of the directory", MALFORMED, before_end=b"PK\5\5\2\0xx")
    record = member_after(b"PK\6\x08\4\0\0\0junk")
    yield archive("a record of extra data", ALTERED, change_envelope_entry=record)
    shorter = poke(20, struct.pack("<H", 6144 - END_BYTES))
    yield archive("a comment that is announced shorter", MALFORMED, change_end=shorter)
    second = Entry(TABLE_MEMBER, compress(b"id\n9\n"), in_directory=False, in_envelope=False)
    yield archive("a second table of that name", MALFORMED, change_members=with_member(2, second))


def envelopes() -> Iterator[Archive]:
    stanza = {"fingerprint": "0" * 64, "sealed_password": ""}
    for n in (101, 30_000, 100_001):
        change = sets(recipients=[stanza | {"fingerprint": f"{i:064x}"} for i in range(n)])
        yield archive(f"envelope: {n:,} recipients", MALFORMED, change_envelope=change)
    for about, change in (
        ("a long id", sets(bundle_id="a" * 4_000_000)),
        ("a long sealed password", sets(recipients=[stanza | {"sealed_password": "A" * 10**6}])),
        ("a member of 2^53 bytes", lambda e: e["members"][1].update(length=2**53 - 1)),
    ):
        yield archive(f"envelope: {about}", MALFORMED, change_envelope=change)
    for about, text in bombs():
        yield archive(f"envelope: {about}", MALFORMED, change_envelope_text=becomes(text))
    huge = b"9" * 4_000_000
    for n in (5_000, 4_000_000):
        edit = replaces(b'"format":1', b'"format":' + huge[:n])
        yield archive(f"envelope: a number of {n:,} digits", MALFORMED, change_envelope_text=edit)


def manifests() -> Iterator[Archive]:
    for about, text in bombs():
        yield manifest(about, becomes(text))
        yield manifest(f"{about}, as gates", replaces(b'"gates": []', b'"gates": ' + text))
        unknown = replaces(b'"forwarding"', b'"later": ' + text + b', "forwarding"')
        yield manifest(f"{about}, in an unknown member", unknown)
    wrong = b"[" + b"{}," * 190_000 + b"{}]"
    for key in (b"withheld", b"fields", b"recipients"):
        yield manifest(f"190,000 objects as {key.decode()}", last_list(key, wrong))
    counts = b",".join(b'"%x":-1' % i for i in range(380_000))
    yield manifest(
        "380,000 negative counts", replaces(b'"n_unparsed": {', b'"n_unparsed": {' + counts)
    )
    yield manifest("a gzip bomb", lambda _: gzip.compress(bytes(10**9 // 4), mtime=0))
    yield manifest(
        "a number of 5,000 digits", replaces(b'"sequence": 1', b'"sequence": ' + b"9" * 5_000)
    )
    for word in (b"NaN", b"Infinity", b"1e999", b"1.0", b"true", b"-1", b"null"):
        yield manifest(word.decode(), replaces(b'"sequence": 1', b'"sequence": ' + word))
    yield manifest("a key twice", replaces(b'"forwarding"', b'"forwarding": "yes", "forwarding"'))
    yield manifest("4 MiB and a byte", lambda old: old.ljust(4 * MIB + 1))


def contents() -> Iterator[Archive]:
    """A table that is not what the manifest says, and gzip that lies."""
    plain = Table().plaintext
    packed = gzip_member(plain)
    for about, n_bytes, code in (
        ("0", 0, CONTENT),
        ("a byte fewer", len(plain) - 1, CONTENT),
        ("a byte more", len(plain) + 1, CONTENT),
        ("2^53 - 1", 2**53 - 1, "disk_full"),
        ("2^60", 2**60, MANIFEST),
        ("a fraction", 1.5, MANIFEST),
    ):
        yield archive(f"bytes: {about}", code, tables=lying(n_bytes=n_bytes))
    for about, n_rows in (("none", 0), ("one more", 3), ("2^53 - 1", 2**53 - 1)):
        yield archive(f"rows: {about}", CONTENT, tables=lying(n_rows_out=n_rows))
    yield archive("digest: zeros", CONTENT, tables=lying(plaintext_sha256="0" * 64))
    zeros = gzip.compress(bytes(MIB), 9, mtime=0)
    header = b"\x1f\x8b\x08%c\0\0\0\0\0\xff"
    for about, content in (
        ("1,000:1", gzip.compress(bytes(100 * MIB), 9, mtime=0)),
        ("1,000:1 behind the table", packed + gzip.compress(bytes(100 * MIB), 9, mtime=0)),
        ("1,000:1 in a thousand members", zeros * 1000),
        ("a bomb in a bomb", gzip.compress(zeros * 1000, 9, mtime=0)),
        ("other bytes behind", packed + b"junk"),
        ("zero bytes behind", packed + bytes(100) + b"x"),
        ("half a header behind", packed + b"\x1f\x8b\x08"),
        ("a name of 8 MiB without end", header % 8 + b"n" * 8 * MIB),
        ("a comment of 8 MiB without end", header % 16 + b"n" * 8 * MIB),
        ("an extra field longer than the file", header % 4 + b"\xff\xff" + bytes(100)),
        ("a header checksum that is missing", header % 2),
        ("another method", b"\x1f\x8b\x07" + packed[3:]),
        ("a size that lies", packed[:-4] + bytes(4)),
        ("200,000 empty members and an open one", gzip_member(b"") * 200_000 + packed[:-1]),
    ):
        yield archive(f"gzip: {about}", CONTENT, tables=[Table(content=content)])


# -- how ----------------------------------------------------------------------------------------


def lying(**changes: Any) -> list[Table]:
    """A table whose record says something else."""
    return [Table(change=lambda made: made.update(changes))]


def sets(**changes: Any) -> Changes:
    return lambda envelope: envelope.update(changes)


def replaces(old: bytes, new: bytes) -> Edit:
    return lambda text: text.replace(old, new, 1)


def appends(junk: bytes) -> Edit:
    return lambda old: old + junk


def becomes(text: bytes) -> Edit:
    return lambda _: text


def last_list(key: bytes, value: bytes) -> Edit:
    """Another value for the last list of that key, which is the one of `securexfer`."""

    def edit(text: bytes) -> bytes:
        before, name, after = text.rpartition(b'"%b": [' % key)
        return before + name[:-1] + value + b', "_": [' + after

    return edit


def manifest(about: str, edit: Edit) -> Archive:
    return archive(f"manifest: {about}", MANIFEST, change_manifest_text=edit, pad_manifest=False)


def bombs() -> Iterator[tuple[str, bytes]]:
    """JSON that is small to carry and large to read."""
    yield "brackets 500,000 deep", b"[" * 500_000 + b"]" * 500_000
    yield "objects 100,000 deep", b'{"":' * 100_000 + b"0" + b"}" * 100_000
    yield "a million lists", b"[" + b"[]," * 1_000_000 + b"[]]"
    yield "a million objects", b"[" + b"{}," * 1_000_000 + b"{}]"
    yield "a million filled lists", b"[" + b"[0]," * 1_000_000 + b"[]]"
    yield "500,000 filled objects", b"[" + b'{"":0},' * 500_000 + b"{}]"


def with_extra(at: int, extra: bytes) -> Edit:
    """One more extra field; `at` is where the length of all is."""

    def edit(old: bytes) -> bytes:
        (length,) = struct.unpack_from("<H", old, at)
        return poke(at, struct.pack("<H", length + len(extra)))(old) + extra

    return edit


def wide_end(disk: int, count: int, size: int, offset: int, disks: int) -> bytes:
    record = struct.pack(
        "<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, disk, disk, count, count, size, offset
    )
    return record + struct.pack("<4sIQI", b"PK\6\7", disk, offset, disks)


def member_after(junk: bytes) -> Callable[[Entry], object]:
    return lambda entry: setattr(entry, "after", junk)


def many_members() -> bytes:
    """65,536 clear members in the directory; its count is in wide records, as ZIP64 wants it."""

    def crowd(entries: list[Entry]) -> None:
        for i in range(65_536):
            one = Entry(f"{i:05}", b"", encrypted=False, in_envelope=False)
            entries.insert(-1, one)

    def join(directory: list[bytes]) -> None:
        directory[:] = [b"".join(directory)]

    return Bundle(
        "crowd",
        ANN,
        [BOB],
        change_members=crowd,
        change_directory=join,
        before_end=wide_end(0, 65_540, 0, 100, 1),
        change_end=poke(8, b"\xff" * 4),
    ).write()
