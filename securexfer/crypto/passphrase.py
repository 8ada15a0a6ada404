"""Encryption under a passphrase: Argon2id (RFC 9106), then AES-256-GCM (NIST SP 800-38D).

Parameters are RFC 9106's second recommendation (64 MiB, t = 3, p = 4). The reader bounds what it
accepts, so that a planted file can't make it use unlimited memory or time.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from securexfer.errors import IdentityFileError, PassphraseWrongError

SALT_BYTES = 16
NONCE_BYTES = 12
KEY_BYTES = 32
MAX_MEMORY_KIB = 1024 * 1024
MAX_ITERATIONS = 16
MAX_LANES = 16


@dataclass(frozen=True)
class Argon2Parameters:
    """Memory in KiB, passes, lanes, and a salt of 16 bytes."""

    memory_kib: int = 65536
    iterations: int = 3
    lanes: int = 4
    salt: bytes = field(default_factory=lambda: os.urandom(SALT_BYTES))

    def __post_init__(self) -> None:
        """Refuse parameters weaker or far costlier than ours.

        Raises:
            IdentityFileError: outside the bounds.
        """
        within = (
            65536 <= self.memory_kib <= MAX_MEMORY_KIB
            and 3 <= self.iterations <= MAX_ITERATIONS
            and 1 <= self.lanes <= MAX_LANES
            and len(self.salt) == SALT_BYTES
        )
        if not within:
            raise IdentityFileError("The identity file states Argon2id parameters out of bounds.")


def encrypt(
    plaintext: bytes,
    passphrase: str,
    parameters: Argon2Parameters,
    nonce: bytes,
    aad: bytes,
) -> bytes:
    """Ciphertext with its 16-byte tag. The nonce must be fresh; so is the key, by its salt."""
    return AESGCM(_key(passphrase, parameters)).encrypt(nonce, plaintext, aad)


def decrypt(
    ciphertext: bytes,
    passphrase: str,
    parameters: Argon2Parameters,
    nonce: bytes,
    aad: bytes,
) -> bytes:
    """The plaintext.

    Raises:
        PassphraseWrongError: if the passphrase is wrong or anything was altered; AES-GCM can't
            tell the two apart.
    """
    try:
        return AESGCM(_key(passphrase, parameters)).decrypt(nonce, ciphertext, aad)
    except InvalidTag:
        raise PassphraseWrongError(
            "The passphrase does not open the identity, or the identity file was altered."
        ) from None


def _key(passphrase: str, parameters: Argon2Parameters) -> bytes:
    # One passphrase can be typed as different code points on different keyboards.
    typed = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return Argon2id(
        salt=parameters.salt,
        length=KEY_BYTES,
        iterations=parameters.iterations,
        lanes=parameters.lanes,
        memory_cost=parameters.memory_kib,
    ).derive(typed)
