"""Cards that follow others: generations, and signatures of the keys before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.vectors.cases.card import FIRST, FRED, FRED_THIRD, SECOND, card, document
from tests.vectors.cases.cast import EVE
from tests.vectors.cases.vector import Vector
from tests.vectors.format1 import CardDraft, Keys


def rotations() -> Iterator[Vector]:
    """M15 and M16."""
    eve = EVE.keys
    own = FIRST.payload
    yield card(
        "needless-rotation",
        "generation 1 with a rotation signature",
        "M15",
        document(lambda d: d["signatures"].append(eve.signature("rotation", own))),
    )
    yield card(
        "no-rotation",
        "generation 2 without the signature of the keys it follows",
        "M15",
        document(lambda d: d["signatures"].pop(), SECOND),
    )
    yield card(
        "rotation-by-other",
        "generation 2 with a rotation signature of other keys",
        "M15",
        document(
            lambda d: d["signatures"].__setitem__(1, eve.signature("rotation", SECOND.payload)),
            SECOND,
        ),
    )
    yield card(
        "rotation-as-card",
        "generation 2 where the keys it follows sign as card",
        "M2 M15",
        document(
            lambda d: d["signatures"].__setitem__(1, FRED.signature("card", SECOND.payload)),
            SECOND,
        ),
    )
    yield card(
        "third-signature",
        "generation 2 with a third signature",
        "M15",
        document(
            lambda d: d["signatures"].append(eve.signature("rotation", SECOND.payload)), SECOND
        ),
    )
    yield card("generation-0", "generation 0", "M15", replace(FIRST, generation=0))
    yield card(
        "generation-2-follows-none",
        "generation 2 that follows nothing",
        "M15",
        replace(FIRST, generation=2),
    )
    yield card(
        "generation-1-follows",
        "generation 1 that follows another key set",
        "M15",
        replace(SECOND, generation=1),
    )
    yield card("generation-10001", "generation 10,001", "M15", replace(SECOND, generation=10_001))
    yield card(
        "follows-itself",
        "generation 2 that follows its own keys",
        "M15",
        replace(SECOND, follows=SECOND.keys),
    )
    rotation = "rotation_invalid"
    yield card(
        "skips",
        "generation 3 that follows generation 1",
        "M15",
        replace(SECOND, generation=3),
        rotation,
        ["card-ok.card"],
    )
    yield card(
        "follows-other",
        "generation 2 of another chain, in place of a pinned contact",
        "M15",
        CardDraft(Keys.seeded("eve", 2), "fred", follows=eve, generation=2),
        rotation,
        ["card-ok.card"],
    )
    yield card(
        "not-rotated",
        "another card of generation 1, in place of a pinned contact",
        "M15",
        CardDraft(eve, "fred"),
        rotation,
        ["card-ok.card"],
    )
    yield card(
        "second-successor",
        "a second successor of generation 1",
        "M16",
        CardDraft(FRED_THIRD, "fred", follows=FRED, generation=2),
        rotation,
        ["card-ok.card", "card-ok-rotated.card"],
    )
