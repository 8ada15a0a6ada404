"""LP: the unambiguous joining of parts that are hashed, signed or derived from.

Without lengths, ("ab", "c") and ("a", "bc") would sign alike.
"""

from __future__ import annotations

import hashlib


def length_prefixed(*parts: str | bytes) -> bytes:
    """Join parts, each after its length as 4 bytes big-endian; text is UTF-8."""
    framed = bytearray()
    for part in parts:
        raw = part.encode("utf-8") if isinstance(part, str) else part
        framed += len(raw).to_bytes(4, "big") + raw
    return bytes(framed)


def framed_sha256(*parts: str | bytes) -> str:
    """SHA-256 of LP(parts), as 64 lower-case hex digits."""
    return hashlib.sha256(length_prefixed(*parts)).hexdigest()
