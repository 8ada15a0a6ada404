"""A forger's workshop: takes a bundle apart and puts it together again, signed or not.

It has the sender's keys where a test says so: the worst case is a sender who is pinned and
malicious. It builds ZIP bytes through `layout` where they are to be well-formed, and by hand where
not.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from securexfer.bundle import layout, reader
from securexfer.bundle.comment import Comment, SignedDigests, decode_comment, sign_comment
from securexfer.bundle.layout import Extent
from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.keys import PrivateKeys


@dataclass
class Forgery:
    """A bundle in pieces.

    Attributes:
        raw: the bytes of each member but the envelope, local header to descriptor.
        names: their names, as the directory will list them.
        envelope: its members; offsets, lengths and hashes are made to fit by `assemble`.
    """

    names: list[str]
    raw: list[bytes]
    envelope: dict[str, Any]
    keys: PrivateKeys
    edit_envelope: Callable[[dict[str, Any]], None] = field(default=lambda _: None)
    edit_envelope_bytes: Callable[[bytes], bytes] = field(default=lambda data: data)
    edit_directory: Callable[[bytes], bytes] = field(default=lambda data: data)

    @classmethod
    def take_apart(cls, path: Path, keys: PrivateKeys) -> Forgery:
        data = path.read_bytes()
        with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
            content = archive.read(layout.ENVELOPE)
        envelope = decode_canonical(content, max_bytes=10**7)
        members = envelope["members"]
        raw = [data[m["offset"] : m["offset"] + m["length"]] for m in members]
        return cls([m["name"] for m in members], raw, envelope, keys)

    def assemble(self) -> bytes:
        """The bundle's bytes, signed by `keys`, everything made to fit that was not edited."""
        extents, body = [], b""
        for name, raw in zip(self.names, self.raw, strict=True):
            extents.append(Extent(name, len(body), len(raw), self._crc(name, raw)))
            body += raw
        envelope = {
            **self.envelope,
            "members": [
                {
                    "length": e.length,
                    "name": e.name,
                    "offset": e.offset,
                    "sha256": hashlib.sha256(raw).hexdigest(),
                }
                for e, raw in zip(extents, self.raw, strict=True)
            ],
        }
        self.edit_envelope(envelope)
        content = self.edit_envelope_bytes(encode_canonical(envelope))
        member = clear_member(layout.ENVELOPE, content)
        extents.append(Extent(layout.ENVELOPE, len(body), len(member), zlib.crc32(content)))
        signed = body + member + self.edit_directory(layout.directory(extents))
        digests = SignedDigests(
            self.keys.fingerprint,
            hashlib.sha256(content).hexdigest(),
            hashlib.sha256(signed).hexdigest(),
        )
        return signed + sign_comment(digests, self.keys).encode()

    @staticmethod
    def _crc(name: str, raw: bytes) -> int:
        if name not in layout.CLEAR_MEMBERS:
            return 0
        return int.from_bytes(raw[-20:-16], "little")


def overwrite(path: Path, data: bytes | bytearray) -> None:
    """Replace a file's bytes in place: file systems flush a file that was emptied first."""
    with path.open("r+b", buffering=0) as file:
        file.write(data)
        file.truncate(len(data))


def clear_member(name: str, content: bytes) -> bytes:
    """A clear member as the writer makes the read-me, under any name."""
    header = layout.local_header(layout.READ_ME)
    fixed, extra = header[:26], header[30 + len(layout.READ_ME) :]
    sizes = struct.pack("<HH", len(name), len(extra))
    trailer = struct.pack("<4sLQQ", b"PK\x07\x08", zlib.crc32(content), len(content), len(content))
    return fixed + sizes + name.encode() + extra + content + trailer


def resign(data: bytes, keys: PrivateKeys, *, envelope_sha256: str | None = None) -> bytes:
    """Give edited bytes a fresh, valid signature block."""
    signed, comment = data[: -layout.COMMENT_BYTES], data[-layout.COMMENT_BYTES :]
    claimed = decode_comment(comment).claimed
    digests = SignedDigests(
        keys.fingerprint,
        envelope_sha256 or claimed.envelope_sha256,
        hashlib.sha256(signed).hexdigest(),
    )
    return signed + sign_comment(digests, keys).encode()


def comment_of(data: bytes) -> Comment:
    return decode_comment(data[-layout.COMMENT_BYTES :])


class DecryptedTooEarlyError(AssertionError):
    """Something was decrypted before the refusal."""


@contextmanager
def nothing_decrypted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if a sealed password or a member is opened."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise DecryptedTooEarlyError

    with monkeypatch.context() as patch:
        patch.setattr(reader, "unseal", refuse)
        patch.setattr(pyzipper, "AESZipFile", refuse)
        yield
