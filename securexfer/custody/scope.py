"""Scope keys: what lets a colleague make the same tokens, under one agreement and for one audience.

Whoever has one can make the token of any identifier under that agreement, and so find out whose a
token is by trying. So it goes to colleagues of the sender, never to whoever gets the tables; and it
is one scope's key, from which neither the secret nor any other scope's key follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from securexfer.crypto.keys import decode_base64
from securexfer.custody.entry import Entry
from securexfer.custody.seal import FindSigner, KeysFor, Opened, open_sealed
from securexfer.custody.statement import Sha256, Signed, Text

EXPORTED, EXPORT_FAILED = "scope-key-exported", "scope-key-export-failed"
IMPORTED = "scope-key-imported"
KEY_BYTES = 32
MAX_AUDIENCE = 100


def _check_key(text: str) -> str:
    if len(decode_base64(text)) != KEY_BYTES:
        raise ValueError("key")
    return text


def _check_audience(audience: list[str]) -> list[str]:
    if audience != sorted(set(audience)):
        raise ValueError("audience")
    return audience


@dataclass(frozen=True)
class Scope:
    """How far shared tokens reach.

    Attributes:
        reference: of the agreement.
        epoch: of the recipe; empty if it names none.
        audience: origin fingerprints of all who get the tables, sorted.
    """

    reference: str
    epoch: str
    audience: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        """In the details of an entry."""
        return {
            "audience": list(self.audience),
            "epoch": self.epoch,
            "reference": self.reference,
        }


class ScopeKeyStatement(Signed):
    """What a scope key says.

    Attributes:
        addressee: fingerprint of whom it was sealed to.
        reference, epoch, audience: the scope, as in `Scope`.
        key: its 32 bytes, base64; never shown by `repr`.
    """

    addressee: Sha256
    reference: Annotated[Text, Field(min_length=1)]
    epoch: Text
    audience: Annotated[
        list[Sha256],
        Field(min_length=1, max_length=MAX_AUDIENCE),
        AfterValidator(_check_audience),
    ]
    key: Annotated[str, Field(repr=False, max_length=64), AfterValidator(_check_key)]

    @property
    def scope(self) -> Scope:
        """Which scope it is of."""
        return Scope(self.reference, self.epoch, tuple(self.audience))

    @property
    def key_bytes(self) -> bytes:
        """The key itself."""
        return decode_base64(self.key)


def open_scope_key(
    data: bytes, *, keys_for: KeysFor, find: FindSigner
) -> Opened[ScopeKeyStatement]:
    """Open a scope key and check who signed it.

    Raises:
        SecurexferError: as `open_sealed`.
    """
    return open_sealed(data, "scope-key", ScopeKeyStatement, keys_for=keys_for, find=find)


def imported_scope(entry: Entry) -> Scope | None:
    """The scope of a key that was imported; None for any other entry."""
    if entry.event != IMPORTED:
        return None
    details = entry.details
    return Scope(details["reference"], details["epoch"], tuple(details["audience"]))


def find_imported(entries: Sequence[Entry], scope: Scope) -> Entry | None:
    """The entry by which a scope's key came here first, if one did; later ones hold the same."""
    return next((entry for entry in entries if imported_scope(entry) == scope), None)
