"""Deriving keys from a secret: HKDF-SHA-256 (RFC 5869), no salt, LP of the parts as info."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from securexfer.crypto.framing import length_prefixed

KEY_BYTES = 32


def derive_key(secret: bytes, *parts: str) -> bytes:
    """A 32-byte key from a secret of 32 bytes or more and the labels that set it apart."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=length_prefixed(*parts)).derive(secret)
