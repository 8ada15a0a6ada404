"""HPKE (RFC 9180) a second time, base mode and one message, from the text of the standards.

X25519, AES-GCM and ChaCha20-Poly1305 come from another library than securexfer's. ML-KEM-768 comes
from the same one, which `test_known_answers.py` holds against FIPS 203's answers.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from typing import Any

from Cryptodome.Cipher import AES, ChaCha20_Poly1305
from Cryptodome.Protocol import DH
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey

MODE_BASE = 0
KDF_HKDF_SHA256 = 1
AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305 = 1, 2, 3
KEY_BYTES = {AES_128_GCM: 16, AES_256_GCM: 32, CHACHA20_POLY1305: 32}
ML_KEM_CIPHERTEXT_BYTES = 1088
TAG_BYTES = 16
# The label of the hybrid KEM 0x647A.
X_WING_LABEL = bytes.fromhex("5c2e2f2f5e5c")


@dataclass(frozen=True)
class Suite:
    """Numbers of KEM, KDF and AEAD, as in the IANA registry."""

    kem_id: int
    kdf_id: int
    aead_id: int

    @property
    def suite_id(self) -> bytes:
        return b"HPKE" + struct.pack(">HHH", self.kem_id, self.kdf_id, self.aead_id)

    def extract(self, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        labelled = b"HPKE-v1" + self.suite_id + label + ikm
        return hmac.digest(salt or bytes(32), labelled, "sha256")

    def expand(self, prk: bytes, label: bytes, info: bytes, n_bytes: int) -> bytes:
        labelled = struct.pack(">H", n_bytes) + b"HPKE-v1" + self.suite_id + label + info
        return hmac.digest(prk, labelled + b"\x01", "sha256")[:n_bytes]

    def schedule(self, shared_secret: bytes, info: bytes) -> tuple[bytes, bytes]:
        """Key and nonce of the first message (section 5.1, without a PSK)."""
        context = bytes([MODE_BASE])
        context += self.extract(b"", b"psk_id_hash", b"") + self.extract(b"", b"info_hash", info)
        secret = self.extract(shared_secret, b"secret", b"")
        key = self.expand(secret, b"key", context, KEY_BYTES[self.aead_id])
        return key, self.expand(secret, b"base_nonce", context, 12)

    def _cipher(self, shared_secret: bytes, info: bytes, aad: bytes) -> Any:
        key, nonce = self.schedule(shared_secret, info)
        if self.aead_id == CHACHA20_POLY1305:
            cipher: Any = ChaCha20_Poly1305.new(key=key, nonce=nonce)
        else:
            cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
        cipher.update(aad)
        return cipher

    def encrypt(self, shared_secret: bytes, info: bytes, text: bytes, aad: bytes = b"") -> bytes:
        ciphertext, tag = self._cipher(shared_secret, info, aad).encrypt_and_digest(text)
        return bytes(ciphertext + tag)

    def decrypt(self, shared_secret: bytes, info: bytes, data: bytes, aad: bytes = b"") -> bytes:
        cipher = self._cipher(shared_secret, info, aad)
        return bytes(cipher.decrypt_and_verify(data[:-TAG_BYTES], data[-TAG_BYTES:]))


OURS = Suite(0x647A, KDF_HKDF_SHA256, AES_256_GCM)


def x25519(private: bytes, public: bytes) -> bytes:
    """The shared secret; the library refuses points that give zero."""
    secret: bytes = DH.key_agreement(
        static_priv=DH.import_x25519_private_key(private),
        static_pub=DH.import_x25519_public_key(public),
        kdf=bytes,
    )
    return secret


def x25519_public(private: bytes) -> bytes:
    return DH.import_x25519_private_key(private).public_key().export_key(format="raw")


def combine(of_ml_kem: bytes, of_x25519: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    """The shared secret of the hybrid KEM."""
    return hashlib.sha3_256(of_ml_kem + of_x25519 + ephemeral + recipient + X_WING_LABEL).digest()


def open_sealed(sealed: bytes, ml_kem_seed: bytes, x25519_private: bytes, info: bytes) -> bytes:
    """What `seal` sealed."""
    ciphertext, rest = sealed[:ML_KEM_CIPHERTEXT_BYTES], sealed[ML_KEM_CIPHERTEXT_BYTES:]
    ephemeral, data = rest[:32], rest[32:]
    of_ml_kem = MLKEM768PrivateKey.from_seed_bytes(ml_kem_seed).decapsulate(ciphertext)
    of_x25519 = x25519(x25519_private, ephemeral)
    recipient = x25519_public(x25519_private)
    shared = combine(of_ml_kem, of_x25519, ephemeral, recipient)
    return OURS.decrypt(shared, info, data)


def make_sealed(text: bytes, ml_kem_public: bytes, recipient: bytes, info: bytes) -> bytes:
    """What `unseal` opens."""
    private = os.urandom(32)
    ephemeral = x25519_public(private)
    key = MLKEM768PublicKey.from_public_bytes(ml_kem_public)
    of_ml_kem, ciphertext = key.encapsulate()
    shared = combine(of_ml_kem, x25519(private, recipient), ephemeral, recipient)
    return ciphertext + ephemeral + OURS.encrypt(shared, info, text)
