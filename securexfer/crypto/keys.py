"""The four key pairs of an identity, public and private half side by side.

X25519 (RFC 7748) and ML-KEM-768 (FIPS 203) together receive sealed passwords; Ed25519 (RFC 8032)
and ML-DSA-65 (FIPS 204) together sign. Private keys are kept as their seeds.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)

from securexfer.crypto.framing import framed_sha256

ALGORITHMS = ("x25519", "ml_kem_768", "ed25519", "ml_dsa_65")
PUBLIC_BYTES = {"x25519": 32, "ml_kem_768": 1184, "ed25519": 32, "ml_dsa_65": 1952}
SEED_BYTES = {"x25519": 32, "ml_kem_768": 64, "ed25519": 32, "ml_dsa_65": 32}


@dataclass(frozen=True)
class PublicKeys:
    """Four public keys in their raw standard encodings (32, 1184, 32 and 1952 bytes)."""

    x25519: bytes
    ml_kem_768: bytes
    ed25519: bytes
    ml_dsa_65: bytes

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over LP of the label and the four keys: 64 hex digits."""
        return framed_sha256(
            "securexfer/1/fingerprint",
            self.x25519,
            self.ml_kem_768,
            self.ed25519,
            self.ml_dsa_65,
        )

    def encode(self) -> dict[str, str]:
        """As JSON members, base64."""
        return {name: encode_base64(getattr(self, name)) for name in ALGORITHMS}

    @classmethod
    def decode(cls, members: Mapping[str, str]) -> PublicKeys:
        """Read JSON members back, and check that each is a usable key.

        Raises:
            ValueError: for a wrong member, encoding, length or key.
        """
        keys = cls(**_decode_members(members, PUBLIC_BYTES))
        # With a key of small order any exchange fails (RFC 7748, section 6.1): nothing can be
        # sealed to it. Which private key is tried does not matter.
        X25519PrivateKey.from_private_bytes(bytes(32)).exchange(
            X25519PublicKey.from_public_bytes(keys.x25519)
        )
        MLKEM768PublicKey.from_public_bytes(keys.ml_kem_768)
        Ed25519PublicKey.from_public_bytes(keys.ed25519)
        MLDSA65PublicKey.from_public_bytes(keys.ml_dsa_65)
        return keys


@dataclass(frozen=True)
class PrivateKeys:
    """Four private keys as seeds (32, 64, 32 and 32 bytes); never shown by `repr`."""

    x25519: bytes = field(repr=False)
    ml_kem_768: bytes = field(repr=False)
    ed25519: bytes = field(repr=False)
    ml_dsa_65: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> PrivateKeys:
        """Fresh keys from the operating system's random numbers."""
        return cls(**{name: os.urandom(size) for name, size in SEED_BYTES.items()})

    @cached_property
    def public(self) -> PublicKeys:
        """The public half."""
        return PublicKeys(
            x25519=X25519PrivateKey.from_private_bytes(self.x25519).public_key().public_bytes_raw(),
            ml_kem_768=MLKEM768PrivateKey.from_seed_bytes(self.ml_kem_768)
            .public_key()
            .public_bytes_raw(),
            ed25519=Ed25519PrivateKey.from_private_bytes(self.ed25519)
            .public_key()
            .public_bytes_raw(),
            ml_dsa_65=MLDSA65PrivateKey.from_seed_bytes(self.ml_dsa_65)
            .public_key()
            .public_bytes_raw(),
        )

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the public half."""
        return self.public.fingerprint

    def encode(self) -> dict[str, str]:
        """As JSON members, base64. Only ever inside an encrypted identity file."""
        return {name: encode_base64(getattr(self, name)) for name in ALGORITHMS}

    @classmethod
    def decode(cls, members: Mapping[str, str]) -> PrivateKeys:
        """Read JSON members back.

        Raises:
            ValueError: for a wrong member, encoding or length.
        """
        return cls(**_decode_members(members, SEED_BYTES))


def encode_base64(raw: bytes) -> str:
    """Base64 (RFC 4648 section 4) as text."""
    return base64.b64encode(raw).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Strict base64 (RFC 4648 section 4): one spelling for each value.

    Raises:
        ValueError: for anything else.
    """
    raw = base64.b64decode(text, validate=True)
    if encode_base64(raw) != text:
        raise ValueError("base64 that is not in its one canonical spelling")
    return raw


def _decode_members(members: Mapping[str, str], sizes: Mapping[str, int]) -> dict[str, bytes]:
    if set(members) != set(sizes):
        raise ValueError("not exactly the four keys")
    decoded = {name: decode_base64(members[name]) for name in sizes}
    for name, size in sizes.items():
        if len(decoded[name]) != size:
            raise ValueError(f"the {name} key has a wrong length")
    return decoded
