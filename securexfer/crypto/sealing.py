"""Sealing a small secret to one recipient: HPKE, RFC 9180, base mode, single shot.

Suite: ML-KEM-768 + X25519, HKDF-SHA-256, AES-256-GCM. Base mode does not say who sealed; the
bundle's signature does, and `info` names both ends so that a sealed password can't be moved to
another bundle, sender or recipient.
"""

from __future__ import annotations

import contextlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from securexfer.crypto.keys import PrivateKeys, PublicKeys
from securexfer.errors import PasswordMismatchError

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal(secret: bytes, recipient: PublicKeys, info: bytes) -> bytes:
    """Seal a secret to a recipient; about 1.2 kB longer than the secret."""
    public = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(recipient.ml_kem_768),
        X25519PublicKey.from_public_bytes(recipient.x25519),
    )
    return _SUITE.encrypt(secret, public, info)


def unseal(sealed: bytes, recipient: PrivateKeys, info: bytes) -> bytes:
    """Open what was sealed to this recipient under the same `info`.

    Raises:
        PasswordMismatchError: if it was not, or was altered.
    """
    private = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(recipient.ml_kem_768),
        X25519PrivateKey.from_private_bytes(recipient.x25519),
    )
    # `cryptography` runs a little Python on the way, and takes whatever that raises, an interrupt
    # too, for a tag that does not fit. Asked once more it can only say what is so.
    with contextlib.suppress(InvalidTag, ValueError):
        return _SUITE.decrypt(sealed, private, info)
    try:
        return _SUITE.decrypt(sealed, private, info)
    except (InvalidTag, ValueError):
        raise PasswordMismatchError(
            "The sealed password does not open: it was not sealed by this sender, for this "
            "recipient, in this bundle."
        ) from None
