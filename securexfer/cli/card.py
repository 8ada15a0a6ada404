"""A card as it is shown: to people, to programs, and when it will soon be of no use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securexfer.crypto.card import Card

# How long before a card expires it is told of.
WARNING_DAYS = 30


def card_document(card: Card) -> dict[str, Any]:
    """A card in JSON results."""
    from securexfer.crypto.fingerprint import format_fingerprint
    from securexfer.instant import format_instant

    return {
        "created_at": format_instant(card.created_at),
        "email": card.email,
        "expires_at": format_instant(card.expires_at),
        "fingerprint": card.fingerprint,
        "fingerprint_spoken": format_fingerprint(card.fingerprint),
        "generation": card.generation,
        "name": card.name,
        "organisation": card.organisation,
    }


def card_facts(card: Card) -> list[tuple[str, str]]:
    """A card for people."""
    from securexfer.crypto.fingerprint import format_fingerprint

    facts = [("Name", card.name)]
    if card.organisation:
        facts.append(("Organisation", card.organisation))
    if card.email:
        facts.append(("E-mail", card.email))
    facts.append(("Fingerprint", format_fingerprint(card.fingerprint)))
    facts.append(("Valid until", f"{card.expires_at:%Y-%m-%d}"))
    return facts


def remark_on_cards(own: Card | None, others: Mapping[str, Card], now: datetime) -> Iterator[str]:
    """Which cards will soon be of no use: one's own, and those of contacts by their names."""
    if own is not None and own.days_left(now) < WARNING_DAYS:
        yield f"Your own card {_ends(own, now)}. Make new keys with: securexfer identity rotate"
    for name, card in others.items():
        if card.days_left(now) < WARNING_DAYS:
            yield (
                f"The card of {name} {_ends(card, now)}; then nothing can be packed for it. "
                "Ask its owner for new keys: securexfer identity rotate"
            )


def _ends(card: Card, now: datetime) -> str:
    """When a card expires, or that it has."""
    n_days = card.days_left(now)
    if n_days < 0:
        return f"expired on {card.expires_at:%Y-%m-%d}"
    return f"expires on {card.expires_at:%Y-%m-%d}, in {n_days} days"
