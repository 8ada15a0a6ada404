"""Whoever signs what is fuzzed: keys that are the same in each run."""

from __future__ import annotations

from securexfer.crypto.canonical import decode_canonical
from securexfer.crypto.document import SignedDocument
from securexfer.crypto.keys import PrivateKeys
from securexfer.crypto.signing import Kind, Signature, sign
from tests.vectors import format1

KEYS, FORMER = (
    PrivateKeys(**format1.Keys.seeded("fuzzing", name).seeds) for name in ("now", "before")
)
# Those who signed, and are addressed by, the vectors.
VECTOR_KEYS = [PrivateKeys(**format1.Keys.seeded(name).seeds) for name in ("ann", "bob", "cat")]
UNSIGNED = Signature(bytes(64), bytes(3309))


def signed(payload: bytes, kind: Kind, second: Kind) -> bytes:
    """A signed document of any payload; the signatures are real where they would be looked at."""
    text = payload.decode("utf-8", "replace")
    signature, former = UNSIGNED, None
    try:
        members = decode_canonical(text.encode(), max_bytes=2**20)
        signature = sign(KEYS, kind, text.encode())
        former = members["previous_fingerprint"]
    except (ValueError, TypeError, KeyError):
        pass
    signatures = {(kind, KEYS.fingerprint): signature}
    if former == FORMER.fingerprint:
        signatures[second, former] = sign(FORMER, second, text.encode())
    return SignedDocument(text.encode(), signatures).encode()  # type: ignore[arg-type]
