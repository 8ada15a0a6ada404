"""Every number of a bundle's structure: where it stands and how wide it is.

Walks the bytes as APPNOTE 6.3.10 describes them, without `securexfer.bundle.layout`, so that a
field which that module forgot would be found here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LOCAL = "signature:4 version:2 flags:2 method:2 time:2 date:2 crc:4 stored:4 size:4 name:2 extra:2"
DESCRIPTOR = "signature:4 crc:4 stored:8 size:8"
CENTRAL = (
    "signature:4 made:1 system:1 version:2 flags:2 method:2 time:2 date:2 crc:4 stored:4 size:4 "
    "name:2 extra:2 comment:2 disk:2 internal:2 external:4 offset:4"
)
END64 = (
    "signature:4 length:8 made:2 version:2 disk:4 start:4 here:8 entries:8 size:8 offset:8 "
    "locator:4 locator-disk:4 locator-offset:8 disks:4"
)
END = "signature:4 disk:2 start:2 here:2 entries:2 size:4 offset:4 comment:2"
AES_EXTRA = "aes-version:2 aes-vendor:2 aes-strength:1 aes-method:2"


@dataclass(frozen=True)
class Field:
    """A little-endian number in a bundle."""

    name: str
    offset: int
    width: int

    def edits(self, data: bytes) -> Iterator[bytes]:
        """The bundle with this number as 0, 1, its maximum, one more and one less."""
        end, limit = self.offset + self.width, 1 << 8 * self.width
        value = int.from_bytes(data[self.offset : end], "little")
        for other in sorted({0, 1, limit - 1, (value + 1) % limit, (value - 1) % limit} - {value}):
            yield data[: self.offset] + other.to_bytes(self.width, "little") + data[end:]


def fields_of(signed: bytes, members: Iterable[tuple[int, int]]) -> list[Field]:
    """All fields.

    Args:
        signed: the bundle without its comment.
        members: offset and length of each, that of the envelope last.
    """
    found: list[Field] = []
    end = 0
    for number, (offset, length) in enumerate(members):
        end = offset + length
        found += _header(signed, f"member {number}", LOCAL, offset)
        found += _record(f"member {number} descriptor", DESCRIPTOR, end - 24)
    entry = 0
    while signed[end : end + 4] == b"PK\x01\x02":
        found += (header := _header(signed, f"entry {entry}", CENTRAL, end))
        comment = next(field for field in header if field.name.endswith("comment"))
        assert signed[comment.offset : comment.offset + 2] == b"\0\0"
        name, extra = struct.unpack_from("<HH", signed, end + 28)
        end, entry = end + 46 + name + extra, entry + 1
    if signed[end : end + 4] == b"PK\x06\x06":
        found += _record("wide end", END64, end)
        end += 76
    found += _record("end", END, end)
    assert end + 22 == len(signed)
    return found


def _record(name: str, shape: str, offset: int) -> Iterator[Field]:
    for part in shape.split():
        label, width = part.split(":")
        yield Field(f"{name} {label}", offset, int(width))
        offset += int(width)


def _header(signed: bytes, name: str, shape: str, offset: int) -> list[Field]:
    """A local header or an entry, with its extra fields."""
    found = list(_record(name, shape, offset))
    lengths = {field.name.rsplit(" ", 1)[1]: field for field in found}
    n_name, n_extra = (
        int.from_bytes(signed[field.offset : field.offset + 2], "little")
        for field in (lengths["name"], lengths["extra"])
    )
    position = found[-1].offset + found[-1].width + n_name
    end = position + n_extra
    while position < end:
        kind, size = struct.unpack_from("<HH", signed, position)
        inside = " ".join(f"wide-{i}:8" for i in range(size // 8)) if kind == 1 else AES_EXTRA
        found += _record(name, f"kind:2 length:2 {inside}", position)
        position += 4 + size
    return found
