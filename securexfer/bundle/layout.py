"""The one layout that a bundle's bytes can have (APPNOTE 6.3.10, WinZip AE-2).

Everything in a ZIP file but the members' contents follows from their names and sizes. So nothing
is parsed and judged: the expected bytes are built and compared. What can't be said in these
functions can't be in a bundle: no second directory, no gap, no overlap, no odd flag or name.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from securexfer.errors import BundleFormatError

READ_ME = "READ-ME.txt"
ENVELOPE = "envelope.json"
MANIFEST = "manifest.json"
PROVENANCE = "provenance.json"
CLEAR_MEMBERS = frozenset({READ_ME, ENVELOPE})
MAX_MEMBERS = 4000
MAX_READ_ME_BYTES = 64 * 1024

COMMENT_BYTES = 6144
END_BYTES = 22
# Fixed: a time would tell when, to two seconds, and the bundle says so inside.
DATE_TIME = (1980, 1, 1, 0, 0, 0)
_DOS_DATE, _DOS_TIME = 0x21, 0
CREATE_SYSTEM = 3
EXTERNAL_ATTRIBUTES = 0o600 << 16
AES_STRENGTH = 3
AES_OVERHEAD = 16 + 2 + 10  # salt, password check, authentication code

_ENCRYPTED, _HAS_DESCRIPTOR = 0x1, 0x8
_STORED, _AES = 0, 99
_VERSION, _VERSION_ZIP64 = 20, 45
_AES_EXTRA = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", AES_STRENGTH, _STORED)
_LOCAL_ZIP64 = struct.pack("<HHQQ", 1, 16, 0, 0)
_ZIP64_LIMIT = 2**31 - 1  # from here on our writer uses the wide fields
DESCRIPTOR_BYTES = 24
_CENTRAL = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_END64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR = struct.Struct("<4sLQL")

MAX_END_BYTES = END_BYTES + _LOCATOR.size + _END64.size
_MAX_ENTRY_BYTES = _CENTRAL.size + 64 + 28 + 11
MAX_DIRECTORY_BYTES = (MAX_MEMBERS + 1) * _MAX_ENTRY_BYTES + MAX_END_BYTES

_TABLE = re.compile(r"tables/(\d{4})\.csv\.gz")
_ATTACHMENT = re.compile(r"attachments/(\d{4})\.tar")


@dataclass(frozen=True)
class Extent:
    """Where a member lies, from its local header to the end of its descriptor, in bytes."""

    name: str
    offset: int
    length: int
    crc: int = 0

    @property
    def is_encrypted(self) -> bool:
        """Whether its content is encrypted; only the two clear members are not."""
        return self.name not in CLEAR_MEMBERS

    @property
    def content_offset(self) -> int:
        """Where its content starts in the file."""
        return self.offset + len(local_header(self.name))

    @property
    def stored_bytes(self) -> int:
        """Content as it lies there, the encryption's overhead included."""
        return self.length - len(local_header(self.name)) - DESCRIPTOR_BYTES

    @property
    def content_bytes(self) -> int:
        """Content as the writer was given it."""
        return self.stored_bytes - (AES_OVERHEAD if self.is_encrypted else 0)


def table_member(number: int) -> str:
    """Name of the table member with this number, counted from 1."""
    return f"tables/{number:04}.csv.gz"


def attachment_member(number: int) -> str:
    """Name of the member with the attached files of this number, counted from 1."""
    return f"attachments/{number:04}.tar"


def check_names(names: Sequence[str]) -> None:
    """Check the members but the envelope: known names, in the one order, numbered without gaps.

    Raises:
        BundleFormatError: otherwise.
    """
    tables = [n for n in names if _TABLE.fullmatch(n)]
    attachments = [n for n in names if _ATTACHMENT.fullmatch(n)]
    provenance = [PROVENANCE] if PROVENANCE in names else []
    expected = [
        READ_ME,
        *(table_member(i + 1) for i in range(len(tables))),
        *(attachment_member(i + 1) for i in range(len(attachments))),
        *provenance,
        MANIFEST,
    ]
    if list(names) != expected or not tables or len(names) > MAX_MEMBERS:
        raise BundleFormatError("The bundle's members are not those of a bundle.")


def check_contiguous(extents: Sequence[Extent]) -> None:
    """Check that members follow each other from byte 0, each long enough to be one.

    Raises:
        BundleFormatError: otherwise.
    """
    offset = 0
    for extent in extents:
        if extent.offset != offset or extent.content_bytes < 0:
            raise BundleFormatError("The bundle's members do not follow each other without gaps.")
        offset += extent.length


def local_header(name: str) -> bytes:
    """A member's local header; sizes and CRC follow in the descriptor."""
    encrypted = name not in CLEAR_MEMBERS
    raw = name.encode("ascii")
    extra = _LOCAL_ZIP64 + (_AES_EXTRA if encrypted else b"")
    flags = _HAS_DESCRIPTOR | (_ENCRYPTED if encrypted else 0)
    method = _AES if encrypted else _STORED
    fixed = struct.pack(
        "<4sBBHHHHLLLHH",
        b"PK\x03\x04",
        _VERSION,
        0,
        flags,
        method,
        _DOS_TIME,
        _DOS_DATE,
        0,
        0,
        0,
        len(raw),
        len(extra),
    )
    return fixed + raw + extra


def descriptor(extent: Extent) -> bytes:
    """The data descriptor behind a member's content, in its ZIP64 form."""
    return struct.pack(
        "<4sLQQ", b"PK\x07\x08", extent.crc, extent.stored_bytes, extent.content_bytes
    )


def directory(extents: Sequence[Extent]) -> bytes:
    """Central directory and end record(s) up to the comment, envelope included in `extents`."""
    entries = b"".join(_central_entry(extent) for extent in extents)
    offset = extents[-1].offset + extents[-1].length
    return entries + _end_records(len(extents), len(entries), offset)


def find_directory(tail: bytes, tail_offset: int) -> int:
    """Offset of the central directory, from the last bytes of the file before its comment.

    Only a claim: the reader builds the whole directory from the envelope and compares.

    Raises:
        BundleFormatError: if there is no end record exactly at the end.
    """
    if len(tail) < END_BYTES:
        raise BundleFormatError("The file is too short to be a bundle.")
    magic, _, _, _, _, _, offset, comment = _END.unpack(tail[-END_BYTES:])
    if magic != b"PK\x05\x06" or comment != COMMENT_BYTES:
        raise BundleFormatError("The file has no end record where a bundle has it.")
    if offset == 0xFFFFFFFF:
        wide = tail[-END_BYTES - _LOCATOR.size - _END64.size : -END_BYTES - _LOCATOR.size]
        if len(wide) != _END64.size or not wide.startswith(b"PK\x06\x06"):
            raise BundleFormatError("The file has no wide end record where a bundle has it.")
        offset = _END64.unpack(wide)[-1]
    if not 0 < offset < tail_offset + len(tail):
        raise BundleFormatError("The file's directory lies outside the file.")
    return int(offset)


def member_offsets(entries: bytes) -> list[int]:
    """Offsets of the members, as the directory's entries claim them; at least one.

    Raises:
        BundleFormatError: if these are not entries of a directory.
    """
    position, offsets = 0, []
    while entries[position : position + 4] == b"PK\x01\x02":
        if position + _CENTRAL.size > len(entries):
            break
        fields = _CENTRAL.unpack_from(entries, position)
        name, extra, comment = fields[11:14]
        offset = fields[-1]
        end = position + _CENTRAL.size + name + extra + comment
        if offset == 0xFFFFFFFF:
            # The wide offset is the last of the wide values, which come first among the extras.
            start = position + _CENTRAL.size + name
            header = entries[start : start + 4]
            if len(header) < 4:
                break
            kind, size = struct.unpack("<HH", header)
            if kind != 1 or size not in (8, 16, 24) or start + 4 + size > len(entries):
                raise BundleFormatError("The bundle's directory is not well-formed.")
            (offset,) = struct.unpack_from("<Q", entries, start + 4 + size - 8)
        position = end
        offsets.append(int(offset))
    if not offsets:
        raise BundleFormatError("The bundle's directory is not well-formed.")
    return offsets


def _central_entry(extent: Extent) -> bytes:
    raw = extent.name.encode("ascii")
    wide = [
        v for v in (extent.content_bytes, extent.stored_bytes, extent.offset) if v > _ZIP64_LIMIT
    ]
    zip64 = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    encrypted = extent.is_encrypted
    extra = zip64 + (_AES_EXTRA if encrypted else b"")
    version = _VERSION_ZIP64 if wide else _VERSION
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        version,
        CREATE_SYSTEM,
        version,
        _HAS_DESCRIPTOR | (_ENCRYPTED if encrypted else 0),
        _AES if encrypted else _STORED,
        _DOS_TIME,
        _DOS_DATE,
        extent.crc,
        _narrow(extent.stored_bytes),
        _narrow(extent.content_bytes),
        len(raw),
        len(extra),
        0,
        0,
        0,
        EXTERNAL_ATTRIBUTES,
        _narrow(extent.offset),
    )
    return fixed + raw + extra


def _narrow(value: int) -> int:
    return 0xFFFFFFFF if value > _ZIP64_LIMIT else value


def _end_records(count: int, size: int, offset: int) -> bytes:
    wide = b""
    if offset > _ZIP64_LIMIT:
        wide = _END64.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
        wide += _LOCATOR.pack(b"PK\x06\x07", 0, offset + size, 1)
    # Here, unlike in an entry, our writer keeps the narrow value as long as it fits.
    narrow = min(offset, 0xFFFFFFFF)
    return wide + _END.pack(b"PK\x05\x06", 0, 0, count, count, size, narrow, COMMENT_BYTES)
