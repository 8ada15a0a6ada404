"""Members of a ZIP file: encrypted as AE-2, with their headers, descriptors and entries."""

from __future__ import annotations

import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from tests.vectors.format1.edit import Edit, same


def ae2(password: bytes, salt: bytes, content: bytes) -> bytes:
    """WinZip AE-2 with AES-256: the counter is little-endian and starts at 1."""
    derived = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 66)
    key, mac_key, check = derived[:32], derived[32:64], derived[64:]
    counters = (i.to_bytes(16, "little") for i in range(1, -(-len(content) // 16) + 1))
    encryptor = Cipher(AES(key), ECB()).encryptor()
    stream = encryptor.update(b"".join(counters))[: len(content)]
    mixed = int.from_bytes(content, "little") ^ int.from_bytes(stream, "little")
    data = mixed.to_bytes(len(content), "little")
    return salt + check + data + hmac.digest(mac_key, data, "sha1")[:10]


@dataclass
class Entry:
    """A member: its content, how it is stored, and edits to its bytes of structure."""

    name: str
    content: bytes
    encrypted: bool = True
    salt: bytes = b""
    password: bytes | None = None
    header: Edit = same
    stored: Edit = same
    descriptor: Edit = same
    listed: Edit = same
    before: bytes = b""
    after: bytes = b""
    in_directory: bool = True
    in_envelope: bool = True
    crc: int | None = None

    offset: int = 0
    sizes: tuple[int, int] = (0, 0)

    @property
    def ae2_extra(self) -> bytes:
        return struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 0) if self.encrypted else b""

    @property
    def fields(self) -> bytes:
        """Flags, method, time, date."""
        shape = (9, 99) if self.encrypted else (8, 0)
        return struct.pack("<HHHH", *shape, 0, 0x21)

    @property
    def checksum(self) -> int:
        if self.crc is not None:
            return self.crc
        return 0 if self.encrypted else zlib.crc32(self.content)

    def write(self, offset: int, password: bytes) -> bytes:
        """Local header to descriptor."""
        self.offset = offset
        data = self.content
        if self.encrypted:
            data = ae2(self.password or password, self.salt, data)
        data = self.stored(data)
        self.sizes = (len(data), len(self.content))
        name = self.name.encode("utf-8")
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) + self.ae2_extra
        header = struct.pack("<4sH", b"PK\x03\x04", 20) + self.fields
        header += struct.pack("<IIIHH", 0, 0, 0, len(name), len(extra)) + name + extra
        descriptor = struct.pack("<4sIQQ", b"PK\x07\x08", self.checksum, *self.sizes)
        return self.header(header) + data + self.descriptor(descriptor)

    def directory_entry(self) -> bytes:
        name = self.name.encode("utf-8")
        made = struct.pack("<4sBBH", b"PK\x01\x02", 20, 3, 20) + self.fields
        made += struct.pack("<III", self.checksum, *self.sizes)
        made += struct.pack("<HHHHH", len(name), len(self.ae2_extra), 0, 0, 0)
        made += struct.pack("<II", 0x01800000, self.offset)
        return self.listed(made + name + self.ae2_extra)
