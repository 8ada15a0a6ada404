"""The outside of a bundle: envelope, comment, and the ZIP structure as a whole."""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import zipfile

from securexfer.bundle import layout
from securexfer.bundle.comment import Comment, SignedDigests, decode_comment
from securexfer.bundle.envelope import Envelope, decode_envelope
from securexfer.bundle.file import BundleFile
from securexfer.bundle.outside import read_claims
from securexfer.errors import BundleFormatError, SecurexferError
from securexfer.reporting import SilentReporter
from tests.fuzz.mutation import envelope_of
from tests.fuzz.signer import UNSIGNED
from tests.vectors import format1
from tests.vectors.cases.vector import FOLDER


def check_envelope(data: bytes) -> None:
    envelope = decode_envelope(data)
    assert envelope.encode() == data == format1.canonical(json.loads(data))
    assert Envelope.model_validate_json(data) == envelope
    assert envelope.created <= envelope.expires


def check_comment(data: bytes) -> None:
    comment = decode_comment(data)
    assert comment.encode() == data
    facts = vars(comment.claimed).values()
    lines = ["securexfer-signature-1", *facts]
    lines += [format1.b64(part) for part in vars(comment.signature).values()]
    assert data == "".join(f"{line}\n" for line in lines).encode().ljust(6143) + b"\n"


def check_layout(data: bytes) -> None:
    """A bundle up to its comment, which is made to fit: all checks but who signed it."""
    try:
        content = envelope_of(data)
        sender = json.loads(content)["sender"]
        digests = SignedDigests(sender, format1.sha256(content), format1.sha256(data))
        comment = Comment(digests, UNSIGNED).encode()
        decode_comment(comment)
    except (SecurexferError, ValueError, TypeError, KeyError, struct.error):
        zeros = "0" * 64
        comment = Comment(SignedDigests(zeros, zeros, format1.sha256(data)), UNSIGNED).encode()
    with tempfile.TemporaryFile() as stream:
        stream.write(data + comment)
        stream.flush()
        with BundleFile(os.dup(stream.fileno())) as file:
            outside = read_claims(file, SilentReporter())
    names = [member.name for member in outside.envelope.members]
    assert write_again(data, outside.envelope) == data
    with zipfile.ZipFile(io.BytesIO(data + comment)) as archive:
        # Another program sees the same members, and the same text where it is in clear.
        assert archive.namelist() == [*names, layout.ENVELOPE]
        assert archive.read(layout.READ_ME).decode() == outside.read_me
        assert archive.read(layout.ENVELOPE) == outside.envelope.encode()


def write_again(data: bytes, envelope: Envelope) -> bytes:
    """All bytes of structure as the second writer makes them around the same contents."""
    clear = {layout.READ_ME: 20, layout.ENVELOPE: 20}
    end = envelope.members[-1].offset + envelope.members[-1].length
    n_content = len(envelope.encode()) + 30 + len(layout.ENVELOPE) + 20 + 24
    extents = [(m.name, m.offset, m.length) for m in envelope.members]
    body, entries = b"", []
    for name, offset, length in [*extents, (layout.ENVELOPE, end, n_content)]:
        start = offset + 30 + len(name) + clear.get(name, 31)
        stored = data[start : offset + length - 24]
        if name in clear:
            entry = format1.Entry(name, stored, encrypted=False)
        else:
            entry = format1.Entry(name, bytes(len(stored) - 28), salt=bytes(16))
            entry.stored = format1.poke(0, stored)
        body += entry.write(len(body), b"password")
        entries.append(entry)
    listed = b"".join(entry.directory_entry() for entry in entries)
    counts = (len(entries), len(entries), len(listed), len(body), 6144)
    return body + listed + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, *counts)


VECTORS = FOLDER / "bundles"


def bundles() -> list[bytes]:
    return [path.read_bytes() for path in sorted(VECTORS.glob("*.sxfer.zip"))]


def layouts() -> list[bytes]:
    return [data[: -layout.COMMENT_BYTES] for data in bundles() if len(data) < 20_000]


def comments() -> list[bytes]:
    return [data[-layout.COMMENT_BYTES :] for data in bundles()]


def envelopes() -> list[bytes]:
    found = []
    for data in layouts():
        try:
            found.append(envelope_of(data))
        except (BundleFormatError, ValueError, struct.error):
            continue
    return found
