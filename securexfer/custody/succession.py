"""Succession: which keys this identity had before, as its own register proves.

Without the passphrase, the identity file shows its present card only. The entry of each rotation
holds both cards, and a card that follows another is signed by the keys that it follows. So whoever
trusts one fingerprint of the chain can follow it to all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from securexfer.crypto.card import Card, read_card
from securexfer.crypto.identity import Identity
from securexfer.custody.entry import Entry
from securexfer.errors import CardInvalidError, SignatureInvalidError

ROTATED, ROTATE_FAILED = "identity-rotated", "identity-rotate-failed"


def describe_rotation(before: Identity, after: Identity) -> dict[str, Any]:
    """What an entry says of a rotation."""
    return {
        "card": _text(after.card),
        "fingerprint": after.fingerprint,
        "former_card": _text(before.card),
        "generation": after.card.generation,
        "previous_fingerprint": before.fingerprint,
    }


def former_cards(card: Card, entries: Sequence[Entry]) -> tuple[Card, ...]:
    """The cards that a card follows, newest first, as far as the register proves.

    Args:
        card: the present one.
        entries: of the register of the same home.
    """
    pairs = {
        entry.details["fingerprint"]: (entry.details["former_card"], entry.details["card"])
        for entry in entries
        if entry.event == ROTATED
    }
    found: list[Card] = []
    while pair := pairs.pop(card.fingerprint, None):
        try:
            former = read_card(pair[0].encode("utf-8"))
            card.check_succession(former.keys)
        except (CardInvalidError, SignatureInvalidError):
            break
        found.append(former)
        card = former
    return tuple(found)


def _text(card: Card) -> str:
    return card.document.encode().decode("utf-8")
