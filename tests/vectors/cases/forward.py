"""Forwarded bundles, and those that a reader must take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA, DORA_FIRST, EVE
from tests.vectors.cases.vector import NOW, Vector, bundle
from tests.vectors.format1 import Bundle, Forward, Keys, Person, Table


def allows(made: dict[str, Any]) -> None:
    """Let recipients forward the bundle."""
    made["securexfer"]["forwarding"] = "yes"


def allows_without_number(made: dict[str, Any]) -> None:
    """Let recipients forward the bundle, which is none of a series."""
    allows(made)
    made["securexfer"].update(sequence=0)


def packed(label: str, sender: Person, recipients: Sequence[Person], **changes: Any) -> Bundle:
    """A bundle that may be forwarded."""
    return Bundle(label, sender, recipients, **{"change_manifest": allows, **changes})


def passed(name: str, *hands: Person, **changes: Any) -> Forward:
    """A bundle that goes from hand to hand; the last one reads. `changes` are to the last hop."""
    first, second, *others = hands
    made = packed(f"{name}-0", first, [second])
    for number, to in enumerate(others, start=1):
        last = number == len(others)
        label = name if last else f"{name}-{number}"
        sender = made.recipients[0]
        made = Forward(label, sender, [to], source=made, **(changes if last else {}))
    if not isinstance(made, Forward):
        raise TypeError("nobody forwards it")
    return made


def forward(
    name: str, about: str, rules: str, outcome: str, made: Forward | None = None, **more: Any
) -> Vector:
    """A vector of a forwarded bundle: from `ann` to `bob` to `cat`, if nothing else is said."""
    facts = {key: more.pop(key) for key in ("now", "before", "older") if key in more}
    draft = made or passed(name, ANN, BOB, CAT, **more)
    reader = draft.recipients[0].name
    vector = bundle(name, about, rules, outcome, draft, reader=reader, **facts)
    vector.make = lambda: draft.file
    return vector


def forwarded() -> Iterator[Vector]:
    """What a reader must accept."""

    def good(name: str, about: str, rules: str, *hands: Person, **more: Any) -> Vector:
        label = f"ok-forwarded-{name}"
        facts = {key: more.pop(key) for key in ("now", "before", "older") if key in more}
        made = more.pop("made", None) or passed(label, *(hands or (ANN, BOB, CAT)), **more)
        return forward(label, about, rules, "ok", made, **facts)

    steps = "M48 M49 M50 M51 M52"
    yield good("once", "from hand to hand, once", steps)
    yield good("twice", "from hand to hand, twice", steps, ANN, BOB, CAT, DORA)
    yield good(
        "eight-times",
        "as many hops as a bundle may have, between the same two people",
        "M51",
        *(ANN, *[BOB, CAT] * 4, BOB),
    )
    two = [Table("people"), Table("cases", [("case", "opened"), ("case_1", "2020")])]
    source = packed("ok-forwarded-two-tables-0", ANN, [BOB], tables=two)
    yield good(
        "two-tables",
        "two tables, and two recipients on the way",
        steps,
        made=Forward("ok-forwarded-two-tables", BOB, [CAT, DORA], source=source),
    )
    shorter = passed("ok-forwarded-shorter", ANN, BOB, CAT, expires_at="2026-11-23T09:30:00Z")
    yield good("shorter", "for less time than before", "M51", made=shorter)
    yield good("back", "back to whoever packed it", "M48", ANN, BOB, ANN)
    yield good("to-oneself", "forwarded to oneself", "M48", ANN, BOB, BOB)
    both = packed("ok-forwarded-to-a-recipient-0", ANN, [BOB, CAT])
    yield good(
        "to-a-recipient",
        "to somebody who could open the first bundle too",
        "M48",
        made=Forward("ok-forwarded-to-a-recipient", BOB, [CAT], source=both),
    )
    yield good("origin-unknown", "packed by nobody known", "M47", EVE, BOB, CAT)
    yield good("hand-unknown", "through the hands of nobody known", "M47", ANN, EVE, BOB, CAT)
    yield good(
        "former-key-older",
        "packed with a former key, and wanted",
        "M17 M47",
        *(DORA_FIRST, BOB, CAT),
        older=True,
        made=Forward(
            "ok-forwarded-former-key-older",
            BOB,
            [CAT],
            source=packed("x0", DORA_FIRST, [BOB], created_at="2026-11-20T09:30:00Z"),
        ),
    )
    many = [Person(f"p{i}", Keys.seeded("many", i), b"") for i in range(60)]
    source = packed("ok-forwarded-long-0", ANN, [BOB, *many])
    yield good(
        "long",
        "a provenance of more than 64 KiB",
        "M47",
        made=Forward("ok-forwarded-long", BOB, [CAT], source=source),
    )
    again = {"file": "ok-forwarded-once.sxfer.zip", "now": NOW}
    yield good("after-another", "another origin than before", "M38", before=[again])
    yield good(
        "same-origin",
        "what it holds came here before, in another bundle",
        "M38",
        made=Forward("ok-forwarded-same-origin", BOB, [CAT], source=shorter.source),
        before=[{"file": "ok-forwarded-shorter.sxfer.zip", "now": NOW}],
    )
    newer = {"file": "ok-forwarded-newer.sxfer.zip", "now": NOW}
    yield good("newer", "the fifth of a series", "M38", made=numbered("ok-forwarded-newer", 5))
    yield good(
        "older-wanted",
        "a lower sequence, and a person allows it",
        "M38",
        made=numbered("ok-forwarded-older-wanted", 4),
        before=[newer],
        older=True,
    )
    yield good(
        "lower-from-unknown",
        "nobody vouches for a lower sequence of the same origin by somebody else",
        "M38",
        made=Forward(
            "ok-forwarded-lower-from-unknown",
            DORA,
            [CAT],
            source=packed("u2", EVE, [DORA, BOB], sequence=1),
        ),
        before=[{"file": "ok-forwarded-unknown-newer.sxfer.zip", "now": NOW}],
    )
    yield good(
        "unknown-newer",
        "the fifth of a series that nobody vouches for",
        "M38",
        made=Forward(
            "ok-forwarded-unknown-newer",
            BOB,
            [CAT],
            source=packed("u1", EVE, [DORA, BOB], sequence=5),
        ),
    )


def numbered(label: str, sequence: int) -> Forward:
    """One of a series of `ann` for `bob`, forwarded to `cat`."""
    return Forward(label, BOB, [CAT], source=packed(f"{label}-0", ANN, [BOB], sequence=sequence))
