"""The people of the vectors, with keys that are the same in each run."""

from __future__ import annotations

from typing import Any

from tests.vectors.format1 import CardDraft, Keys, Person, person

ANN, BOB, CAT, EVE = (person(name) for name in ("ann", "bob", "cat", "eve"))
DORA_FIRST = person("dora")
DORA_KEYS = Keys.seeded("dora", 2)
DORA = Person(
    "dora",
    DORA_KEYS,
    CardDraft(
        DORA_KEYS,
        "dora",
        follows=DORA_FIRST.keys,
        generation=2,
        created_at="2026-11-20T09:30:00Z",
    ).write(),
    former=(DORA_FIRST.keys,),
)


def people() -> dict[str, dict[str, Any]]:
    """Who is who; the tests pin the cards at each reader, in order."""
    return {
        "ann": {"cards": ["ann.card"], "identity": "ann.identity.json"},
        "bob": {"cards": ["bob.card"], "identity": "bob.identity.json"},
        "cat": {"cards": ["cat.card"], "identity": "cat.identity.json"},
        "dora": {"cards": ["dora-first.card", "dora.card"], "identity": "dora.identity.json"},
    }
