"""Hybrid signatures: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204), always both.

Whoever breaks one of the two has gained nothing. Every signature is bound to a kind and to its
signer's fingerprint, so that none can be lifted from one use, or one key set, to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.keys import PrivateKeys, PublicKeys
from securexfer.errors import SignatureInvalidError

Kind = Literal[
    "bundle",
    "card",
    "rotation",
    "register",
    "receipt",
    "destruction",
    "extension",
    "scope-key",
]

ED25519_BYTES = 64
ML_DSA_65_BYTES = 3309


@dataclass(frozen=True)
class Signature:
    """Both signatures over one message: 64 and 3,309 bytes."""

    ed25519: bytes
    ml_dsa_65: bytes

    def __post_init__(self) -> None:
        """Refuse what can't be both signatures.

        Raises:
            ValueError: if one is missing or of a wrong length.
        """
        if len(self.ed25519) != ED25519_BYTES:
            raise ValueError("the Ed25519 signature is missing or of a wrong length")
        if len(self.ml_dsa_65) != ML_DSA_65_BYTES:
            raise ValueError("the ML-DSA-65 signature is missing or of a wrong length")


def sign(keys: PrivateKeys, kind: Kind, payload: bytes) -> Signature:
    """Sign a payload as one kind of statement."""
    message = _message(kind, keys.fingerprint, payload)
    return Signature(
        ed25519=Ed25519PrivateKey.from_private_bytes(keys.ed25519).sign(message),
        ml_dsa_65=MLDSA65PrivateKey.from_seed_bytes(keys.ml_dsa_65).sign(message),
    )


def verify(keys: PublicKeys, kind: Kind, payload: bytes, signature: Signature) -> bytes:
    """Check both signatures and return the payload, now verified.

    Raises:
        SignatureInvalidError: if either of the two is missing or wrong.
    """
    message = _message(kind, keys.fingerprint, payload)
    try:
        Ed25519PublicKey.from_public_bytes(keys.ed25519).verify(signature.ed25519, message)
    except InvalidSignature:
        raise SignatureInvalidError("The Ed25519 signature is not valid.") from None
    try:
        MLDSA65PublicKey.from_public_bytes(keys.ml_dsa_65).verify(signature.ml_dsa_65, message)
    except InvalidSignature:
        raise SignatureInvalidError("The ML-DSA-65 signature is not valid.") from None
    return payload


def _message(kind: Kind, fingerprint: str, payload: bytes) -> bytes:
    return length_prefixed(f"securexfer/1/{kind}", fingerprint, payload)
