"""Cards: the public half of an identity, signed by itself, to be handed over.

A card proves nothing about who holds it; that is what reading the fingerprint over the phone is
for. Its own signature shows that the private keys exist and that name and keys belong together;
after a rotation, the former key's signature shows who it follows.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.fingerprint import is_fingerprint
from securexfer.crypto.keys import PrivateKeys, PublicKeys
from securexfer.crypto.signing import Kind
from securexfer.errors import CardInvalidError, SignatureInvalidError
from securexfer.instant import format_instant, parse_instant

MAX_CARD_BYTES = 64 * 1024
MAX_TEXT = 200
MAX_GENERATION = 10_000
_MEMBERS = {
    "created_at",
    "email",
    "expires_at",
    "generation",
    "keys",
    "name",
    "organisation",
    "previous_fingerprint",
    "securexfer_card",
}


@dataclass(frozen=True)
class Card:
    """A verified card.

    Attributes:
        name, organisation, email: who it says it is; the last two may be empty.
        keys: the four public keys.
        created_at, expires_at: aware UTC; after the latter nothing is packed for it.
        generation: 1, and one more after each rotation.
        previous_fingerprint: of the key it follows; empty in generation 1.
        document: the signed line it was read from.
    """

    name: str
    organisation: str
    email: str
    keys: PublicKeys
    created_at: datetime
    expires_at: datetime
    generation: int
    previous_fingerprint: str
    document: SignedDocument

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the keys: 64 hex digits."""
        return self.keys.fingerprint

    def days_left(self, now: datetime) -> int:
        """Whole days until it expires; negative once it has."""
        return (self.expires_at - now).days

    def encode(self) -> bytes:
        """The card file's bytes."""
        return self.document.encode() + b"\n"

    def check_succession(self, former: PublicKeys) -> None:
        """Check that the former keys signed this card as their successor.

        Raises:
            SignatureInvalidError: if they did not.
        """
        if self.previous_fingerprint != former.fingerprint:
            raise SignatureInvalidError("The card does not name that key as the one it follows.")
        self.document.verified("rotation", former)


def issue_card(
    keys: PrivateKeys,
    *,
    name: str,
    organisation: str,
    email: str,
    created_at: datetime,
    expires_at: datetime,
    former: PrivateKeys | None = None,
    generation: int = 1,
) -> Card:
    """Make and sign a card; with `former`, as the successor of those keys.

    Raises:
        CardInvalidError: for a name, organisation or e-mail that a card can't carry.
    """
    payload = {
        "created_at": format_instant(created_at),
        "email": email,
        "expires_at": format_instant(expires_at),
        "generation": generation,
        "keys": keys.public.encode(),
        "name": name,
        "organisation": organisation,
        "previous_fingerprint": former.fingerprint if former else "",
        "securexfer_card": 1,
    }
    signings: list[tuple[Kind, PrivateKeys]] = [("card", keys)]
    if former is not None:
        signings.append(("rotation", former))
    try:
        document = sign_document(payload, *signings)
    except ValueError:
        raise CardInvalidError("A card can't hold text that is not valid Unicode.") from None
    return read_card(document.encode())


def read_card(data: bytes) -> Card:
    """Read a card file and check everything that can be checked without knowing its owner.

    Raises:
        CardInvalidError: if it is not a whole, unaltered card. The text never echoes the file.
    """
    if len(data) > MAX_CARD_BYTES:
        raise CardInvalidError("The file is too large to be a card.")
    try:
        document = SignedDocument.decode(data.removesuffix(b"\n"))
        return _read_members(document)
    except SignatureInvalidError:
        raise CardInvalidError("The card's own signature is not valid.") from None
    except (ValueError, TypeError, KeyError):
        raise CardInvalidError("The file is not a card, or a damaged one.") from None


def _read_members(document: SignedDocument) -> Card:
    claimed = document.claimed()
    keys = PublicKeys.decode(claimed["keys"])
    if keys.fingerprint not in document.signers("card"):
        raise CardInvalidError("The card is not signed by the keys that it shows.")
    members: dict[str, Any] = document.verified("card", keys)
    if set(members) != _MEMBERS or members["securexfer_card"] != 1:
        raise ValueError("not a card of version 1")
    generation, previous = members["generation"], members["previous_fingerprint"]
    if not isinstance(generation, int) or not 1 <= generation <= MAX_GENERATION:
        raise ValueError("generation")
    if previous != "" and not is_fingerprint(previous):
        raise ValueError("previous fingerprint")
    if (generation == 1) != (previous == "") or previous == keys.fingerprint:
        raise ValueError("generation and previous fingerprint disagree")
    created_at = parse_instant(members["created_at"])
    expires_at = parse_instant(members["expires_at"])
    if expires_at < created_at:
        raise ValueError("expires before it was created")
    expected = {("card", keys.fingerprint)} | ({("rotation", previous)} if previous else set())
    found = {("card", s) for s in document.signers("card")}
    found |= {("rotation", s) for s in document.signers("rotation")}
    if found != expected:
        raise ValueError("signatures")
    return Card(
        name=_check_text(members["name"], required=True),
        organisation=_check_text(members["organisation"]),
        email=_check_text(members["email"]),
        keys=keys,
        created_at=created_at,
        expires_at=expires_at,
        generation=generation,
        previous_fingerprint=previous,
        document=document,
    )


def _check_text(text: Any, *, required: bool = False) -> str:
    if not isinstance(text, str) or len(text) > MAX_TEXT or (required and not text.strip()):
        raise ValueError("text")
    # Control and formatting characters could repaint the terminal where a person compares cards.
    # Halves of surrogate pairs never come here: canonical JSON has none.
    if any(unicodedata.category(c) in {"Cc", "Cf", "Co", "Zl", "Zp"} for c in text):
        raise ValueError("text")
    return text
