"""Key sets: what they are called, what they sign, and what is sealed to them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite

from tests.vectors.format1.encoding import b64, lp, seeded, sha256

KEY_NAMES = ("x25519", "ml_kem_768", "ed25519", "ml_dsa_65")
SEED_BYTES = {"x25519": 32, "ml_kem_768": 64, "ed25519": 32, "ml_dsa_65": 32}


@dataclass(frozen=True)
class Keys:
    """A key set from its four seeds."""

    seeds: Mapping[str, bytes]

    @classmethod
    def seeded(cls, *labels: str | int) -> Keys:
        return cls({name: seeded(SEED_BYTES[name], "keys", *labels, name) for name in KEY_NAMES})

    @cached_property
    def public(self) -> dict[str, bytes]:
        kem = MLKEM768PrivateKey.from_seed_bytes(self.seeds["ml_kem_768"])
        dsa = MLDSA65PrivateKey.from_seed_bytes(self.seeds["ml_dsa_65"])
        ed25519 = Ed25519PrivateKey.from_private_bytes(self.seeds["ed25519"])
        x25519 = X25519PrivateKey.from_private_bytes(self.seeds["x25519"])
        return {
            "x25519": x25519.public_key().public_bytes_raw(),
            "ml_kem_768": kem.public_key().public_bytes_raw(),
            "ed25519": ed25519.public_key().public_bytes_raw(),
            "ml_dsa_65": dsa.public_key().public_bytes_raw(),
        }

    def showing(self, name: str, key: bytes) -> Keys:
        """The same private keys, with another public key of that name on show."""
        shown = Keys(self.seeds)
        shown.__dict__["public"] = {**self.public, name: key}
        return shown

    @cached_property
    def fingerprint(self) -> str:
        return sha256(lp("securexfer/1/fingerprint", *(self.public[name] for name in KEY_NAMES)))

    @property
    def spoken(self) -> str:
        text = base64.b32encode(bytes.fromhex(self.fingerprint)[:20]).decode("ascii")
        return "-".join(text[i : i + 4] for i in range(0, 32, 4))

    def sign(
        self, kind: str, payload: bytes, *, signer: str | None = None, context: bytes | None = None
    ) -> tuple[bytes, bytes]:
        message = lp(f"securexfer/1/{kind}", signer or self.fingerprint, payload)
        return (
            Ed25519PrivateKey.from_private_bytes(self.seeds["ed25519"]).sign(message),
            MLDSA65PrivateKey.from_seed_bytes(self.seeds["ml_dsa_65"]).sign(message, context),
        )

    def signature(self, kind: str, payload: bytes) -> dict[str, str]:
        ed25519, ml_dsa_65 = self.sign(kind, payload)
        return {
            "kind": kind,
            "signer": self.fingerprint,
            "ed25519": b64(ed25519),
            "ml_dsa_65": b64(ml_dsa_65),
        }


def seal(password: bytes, public: Mapping[str, bytes], info: bytes) -> bytes:
    key = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public["ml_kem_768"]),
        X25519PublicKey.from_public_bytes(public["x25519"]),
    )
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    return suite.encrypt(password, key, info)
