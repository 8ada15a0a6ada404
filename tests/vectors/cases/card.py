"""Cards of somebody new: keys and signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA, DORA_FIRST, EVE
from tests.vectors.cases.vector import Vector
from tests.vectors.format1 import KEY_NAMES, CardDraft, Changes, Edit, Keys

FRED, FRED_SECOND, FRED_THIRD = (Keys.seeded("fred", i) for i in (1, 2, 3))
FIRST = CardDraft(FRED, "fred")
SECOND = CardDraft(
    FRED_SECOND, "fred", follows=FRED, generation=2, created_at="2026-11-20T09:30:00Z"
)
THIRD = CardDraft(
    FRED_THIRD, "fred", follows=FRED_SECOND, generation=3, created_at="2026-11-21T09:30:00Z"
)


def card(
    name: str,
    about: str,
    rules: str,
    draft: CardDraft,
    outcome: str = "card_invalid",
    follows: list[str] | None = None,
) -> Vector:
    """A vector of a card."""
    facts: dict[str, Any] = {"kind": "card", "follows": follows or []}
    if outcome == "ok":
        facts["card"] = {
            "name": draft.name,
            "fingerprint": draft.keys.fingerprint,
            "spoken": draft.keys.spoken,
            "generation": draft.generation,
        }
    return Vector(f"card-{name}.card", about, rules.split(), outcome, draft.write, facts)


def sets(**changes: Any) -> CardDraft:
    """The first card, saying something else."""
    return replace(FIRST, change=lambda card: card.update(changes))


def key(name: str, edit: Callable[[str], str]) -> CardDraft:
    """The first card, with another key in writing."""

    def change(card: dict[str, Any]) -> None:
        card["keys"][name] = edit(card["keys"][name])

    return replace(FIRST, change=change)


def document(change: Changes, of: CardDraft = FIRST) -> CardDraft:
    """A card that is changed after signing."""
    return replace(of, change_document=change)


def text(edit: Edit) -> CardDraft:
    """The first card, as a file that is spelled in another way."""
    return replace(FIRST, change_text=edit)


def payload(edit: Edit) -> CardDraft:
    """The first card, signed in another spelling."""
    return replace(FIRST, change_payload=edit)


def cards() -> Iterator[Vector]:
    """Cards of somebody new, and cards that follow a pinned one."""
    yield card("ok", "a card of generation 1", "", FIRST, "ok")
    yield card("ok-short", "no organisation, no address", "", sets(organisation="", email=""), "ok")
    yield card(
        "ok-long-name", "200 characters beyond ASCII", "", replace(FIRST, name="\u540d" * 200), "ok"
    )
    yield card(
        "ok-rotated",
        "generation 2, signed by both key sets",
        "M15",
        SECOND,
        "ok",
        ["card-ok.card"],
    )
    yield card(
        "ok-rotated-twice",
        "generation 3",
        "M15",
        THIRD,
        "ok",
        ["card-ok.card", "card-ok-rotated.card"],
    )
    yield card("ok-rotated-new", "generation 2, pinned as somebody new", "M15", SECOND, "ok")

    for name in KEY_NAMES:
        short = CardDraft(FRED.showing(name, FRED.public[name][:-1]), "fred")
        yield card(
            f"key-{name.replace('_', '-')}",
            f"a key {name} without its last byte, signed as it is",
            "M8",
            short,
        )
    yield card(
        "key-missing",
        "no ML-DSA-65 key",
        "M8",
        replace(FIRST, change=lambda c: c["keys"].pop("ml_dsa_65")),
    )
    yield card(
        "key-unknown",
        "a fifth key",
        "M8",
        replace(FIRST, change=lambda c: c["keys"].update(rsa="")),
    )
    yield card(
        "key-unpadded",
        "a key in base64 without padding",
        "M8",
        key("ed25519", lambda old: old.rstrip("=")),
    )
    yield card(
        "key-newline",
        "a key in base64 with a newline",
        "M8",
        key("ed25519", lambda old: old[:20] + "\n" + old[20:]),
    )
    yield card(
        "key-ml-kem-encoding",
        "an ML-KEM-768 key with numbers beyond its modulus",
        "M8",
        CardDraft(FRED.showing("ml_kem_768", b"\xff" * 1184), "fred"),
    )

    eve = EVE.keys
    own = FIRST.payload
    yield card("unsigned", "no signatures", "M12", document(lambda d: d.update(signatures=[])))
    yield card(
        "signed-by-other",
        "signed by another key set",
        "M12",
        document(lambda d: d.update(signatures=[eve.signature("card", own)])),
    )
    yield card(
        "signed-as-bundle",
        "a signature of the kind bundle",
        "M2 M12",
        document(lambda d: d.update(signatures=[FRED.signature("bundle", own)])),
    )
    other = FRED.signature("card", replace(FIRST, name="ann").payload)

    def other_signature(name: str) -> Changes:
        return lambda d: d["signatures"][0].update({name: other[name]})

    for name in ("ed25519", "ml_dsa_65"):
        yield card(
            f"signature-{name.replace('_', '-')}",
            f"a {name} signature of another card",
            "M9 M12",
            document(other_signature(name)),
        )
    yield card(
        "altered",
        "another name than was signed",
        "M12",
        document(lambda d: d.update(payload=d["payload"].replace('"fred"', '"ann"'))),
    )
    yield card(
        "signed-twice",
        "the same signature twice",
        "M12",
        document(lambda d: d["signatures"].append(d["signatures"][0])),
    )


def cards_of_people() -> Iterator[Vector]:
    """The cards that the tests pin."""
    who = {"ann": ANN, "bob": BOB, "cat": CAT, "dora-first": DORA_FIRST, "dora": DORA}
    for name, one in who.items():
        facts = {
            "kind": "card",
            "follows": ["dora-first.card"] if name == "dora" else [],
            "card": {
                "name": one.name,
                "fingerprint": one.fingerprint,
                "spoken": one.keys.spoken,
                "generation": 1 + len(one.former),
            },
        }
        yield Vector(
            f"{name}.card", f"the card of {name}", [], "ok", partial(bytes, one.card), facts
        )
