"""Cards, and the people who have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.vectors.format1.edit import Changes, Edit, nothing, same
from tests.vectors.format1.encoding import b64, canonical, seeded
from tests.vectors.format1.key import Keys


@dataclass(frozen=True)
class CardDraft:
    """A card, made step by step."""

    keys: Keys
    name: str
    follows: Keys | None = None
    generation: int = 1
    created_at: str = "2026-11-12T09:30:00Z"
    expires_at: str = "2028-11-12T09:30:00Z"
    change: Changes = nothing
    change_payload: Edit = same
    change_document: Changes = nothing
    change_text: Edit = same

    @property
    def payload(self) -> bytes:
        members: dict[str, Any] = {
            "securexfer_card": 1,
            "name": self.name,
            "organisation": "Office of Examples",
            "email": "someone@example.org",
            "keys": {name: b64(key) for name, key in self.keys.public.items()},
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "generation": self.generation,
            "previous_fingerprint": self.follows.fingerprint if self.follows else "",
        }
        self.change(members)
        return self.change_payload(canonical(members))

    def write(self) -> bytes:
        payload = self.payload
        signatures = [self.keys.signature("card", payload)]
        if self.follows:
            signatures.append(self.follows.signature("rotation", payload))
        document: dict[str, Any] = {"payload": payload.decode("utf-8"), "signatures": signatures}
        self.change_document(document)
        return self.change_text(canonical(document) + b"\n")


@dataclass(frozen=True)
class Person:
    """Somebody with keys and a card."""

    name: str
    keys: Keys
    card: bytes
    former: tuple[Keys, ...] = ()

    @property
    def fingerprint(self) -> str:
        return self.keys.fingerprint

    @property
    def pseudonym_secret(self) -> bytes:
        return seeded(32, "pseudonyms", self.name)


def person(name: str) -> Person:
    keys = Keys.seeded(name)
    return Person(name, keys, CardDraft(keys, name).write())
