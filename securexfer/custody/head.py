"""The register's head: a small signed file beside the log that counts its entries.

A chain of hashes shows every change in the middle, but not that its end was cut off. The head does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.keys import PrivateKeys, PublicKeys
from securexfer.errors import RegisterDamagedError, SignatureInvalidError

_MAX_HEAD_BYTES = 64 * 1024
_MEMBERS = {"count", "head_sha256", "securexfer_register_head"}


@dataclass(frozen=True)
class Head:
    """How many entries there are, and the hash of the last line; not verified yet."""

    count: int
    sha256: str
    _document: SignedDocument = field(repr=False)

    def check_signature(self, keys: Mapping[str, PublicKeys]) -> None:
        """Check that this identity signed it.

        Args:
            keys: its current and former public keys, by fingerprint.

        Raises:
            RegisterDamagedError: if it did not.
        """
        try:
            (signer,) = self._document.signers("register")
            self._document.verified("register", keys[signer])
        except (SignatureInvalidError, ValueError, KeyError):
            raise RegisterDamagedError(
                "The register's head has no valid signature of this identity.",
                hint="Restore register.head from its backup. If this is a new identity, give it a "
                "home of its own with --home.",
            ) from None


def sign_head(count: int, sha256: str, keys: PrivateKeys) -> bytes:
    """The head file's bytes."""
    payload = {"count": count, "head_sha256": sha256, "securexfer_register_head": 1}
    return sign_document(payload, ("register", keys)).encode() + b"\n"


def decode_head(data: bytes) -> Head:
    """Read a head; its signatures are not checked.

    Raises:
        RegisterDamagedError: if it is none.
    """
    try:
        if data[-1:] != b"\n":
            raise ValueError("end")
        document = SignedDocument.decode(data[:-1], max_bytes=_MAX_HEAD_BYTES)
        payload = document.claimed()
        if set(payload) != _MEMBERS or payload["securexfer_register_head"] != 1:
            raise ValueError("members")
        count, sha256 = payload["count"], payload["head_sha256"]
        if not isinstance(count, int) or not isinstance(sha256, str):
            raise ValueError("types")
    except (ValueError, TypeError):
        raise RegisterDamagedError(
            "The register's head file is damaged.",
            hint="Restore register.head from its backup.",
        ) from None
    return Head(count, sha256, document)


def read_head(path: Path) -> Head | None:
    """The head beside a log; None if there is none.

    Raises:
        RegisterDamagedError: if it is damaged.
        OSError: if it can't be read.
    """
    try:
        with path.open("rb") as file:
            return decode_head(file.read(_MAX_HEAD_BYTES + 1))
    except FileNotFoundError:
        return None
