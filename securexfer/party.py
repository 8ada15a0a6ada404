"""Parties: one contact by whichever of their keys."""

from __future__ import annotations

from securexfer.bundle.sender import FindSender, PinnedSender
from securexfer.crypto.keys import PublicKeys


def answer_keys(sender: PinnedSender) -> PublicKeys:
    """The keys to seal an answer to: whoever stole a former key must not read it."""
    return sender.current_keys or sender.keys


def is_same_party(one: str, other: str, find_sender: FindSender) -> bool:
    """Whether two fingerprints are keys of one contact, present or former."""
    parties = [find_sender(fingerprint) for fingerprint in (one, other)]
    found = [answer_keys(party).fingerprint for party in parties if party is not None]
    return one == other or (len(found) == 2 and found[0] == found[1])
