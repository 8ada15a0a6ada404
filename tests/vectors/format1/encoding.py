"""How everything is written down: lengths, digests, base64, JSON, and sizes to pad to."""

from __future__ import annotations

import base64
import hashlib
import json
import struct


def seeded(n: int, *labels: str | int) -> bytes:
    """Bytes that are random to look at, and the same in each run."""
    text = "/".join(["securexfer vectors", *map(str, labels)])
    return hashlib.shake_256(text.encode()).digest(n)


def utf8(part: str | bytes) -> bytes:
    return part.encode("utf-8") if isinstance(part, str) else part


def lp(*parts: str | bytes) -> bytes:
    return b"".join(struct.pack(">I", len(utf8(part))) + utf8(part) for part in parts)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def canonical(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def padme(size: int) -> int:
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    low = max(exponent - exponent.bit_length(), 0)
    return -(-size >> low) << low
