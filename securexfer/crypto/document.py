"""A signed statement as one line of JSON: the exact signed text, and the signatures beside it.

The payload travels as the very text that was signed, so nothing is ever encoded again to check a
signature. Verification returns the payload; there is no other way to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.keys import PrivateKeys, PublicKeys, decode_base64, encode_base64
from securexfer.crypto.signing import (
    Kind,
    Signature,
    sign,
    verify,
)
from securexfer.errors import SignatureInvalidError

MAX_DOCUMENT_BYTES = 1024 * 1024
_MAX_SIGNATURES = 2


@dataclass(frozen=True)
class SignedDocument:
    """A payload that is not verified yet, with its signatures by (kind, signer)."""

    _payload: bytes
    _signatures: dict[tuple[str, str], Signature]

    def verified(self, kind: Kind, signer: PublicKeys) -> Any:
        """The decoded payload, after the signature of that kind and signer was checked.

        Raises:
            SignatureInvalidError: if there is none, or it does not verify.
            ValueError: if the payload is not canonical JSON.
        """
        signature = self._signatures.get((kind, signer.fingerprint))
        if signature is None:
            raise SignatureInvalidError(f"A {kind} signature of the expected signer is missing.")
        payload = verify(signer, kind, self._payload, signature)
        return decode_canonical(payload, max_bytes=len(payload))

    def claimed(self) -> Any:
        """The decoded payload, unverified: only for choosing which key to verify with.

        Raises:
            ValueError: if the payload is not canonical JSON.
        """
        return decode_canonical(self._payload, max_bytes=len(self._payload))

    def signers(self, kind: Kind) -> list[str]:
        """Fingerprints that claim a signature of that kind."""
        return [signer for (of, signer) in self._signatures if of == kind]

    @property
    def n_signatures(self) -> int:
        """How many signatures there are, of whatever kind."""
        return len(self._signatures)

    def encode(self) -> bytes:
        """One line of canonical JSON, without the newline."""
        return encode_canonical(
            {
                "payload": self._payload.decode("utf-8"),
                "signatures": [
                    {
                        "ed25519": encode_base64(signature.ed25519),
                        "kind": kind,
                        "ml_dsa_65": encode_base64(signature.ml_dsa_65),
                        "signer": signer,
                    }
                    for (kind, signer), signature in self._signatures.items()
                ],
            }
        )

    @classmethod
    def decode(cls, line: bytes, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> SignedDocument:
        """Read one line back; its payload is bounded with it.

        Raises:
            ValueError: if it is not exactly such a line.
        """
        members = decode_canonical(line, max_bytes=max_bytes)
        if not isinstance(members, dict) or set(members) != {"payload", "signatures"}:
            raise ValueError("not a signed document")
        payload, listed = members["payload"], members["signatures"]
        if not isinstance(payload, str) or not isinstance(listed, list):
            raise ValueError("not a signed document")
        if not 1 <= len(listed) <= _MAX_SIGNATURES:
            raise ValueError("a wrong number of signatures")
        signatures = dict(_decode_signature(item) for item in listed)
        if len(signatures) != len(listed):
            raise ValueError("the same signature twice")
        return cls(payload.encode("utf-8"), signatures)


def sign_document(payload: Any, *signings: tuple[Kind, PrivateKeys]) -> SignedDocument:
    """Encode a payload canonically and sign it, once for each kind and key set."""
    text = encode_canonical(payload)
    return SignedDocument(
        text,
        {(kind, keys.fingerprint): sign(keys, kind, text) for kind, keys in signings},
    )


def _decode_signature(item: Any) -> tuple[tuple[str, str], Signature]:
    names = {"ed25519", "kind", "ml_dsa_65", "signer"}
    if not isinstance(item, dict) or set(item) != names:
        raise ValueError("not a signature")
    if not all(isinstance(value, str) for value in item.values()):
        raise ValueError("not a signature")
    signature = Signature(decode_base64(item["ed25519"]), decode_base64(item["ml_dsa_65"]))
    return (item["kind"], item["signer"]), signature
