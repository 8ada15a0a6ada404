"""The provenance of a forwarded bundle, as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA
from tests.vectors.cases.change import member, with_member
from tests.vectors.cases.forward import forward, packed, passed
from tests.vectors.cases.hop import drop_lines, only, signed_by_cat
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Changes, Edit, Entry, Forward, poke


def provenances() -> Iterator[Vector]:
    """M47: `provenance.json` itself, behind a valid signature and the right password."""

    def bad(name: str, about: str, outcome: str = "provenance_invalid", **changes: Any) -> Vector:
        return forward(f"provenance-{name}", f"provenance: {about}", "M47", outcome, **changes)

    def hop(**edits: Edit) -> Changes:
        def change(hops: Any) -> None:
            for key, edit in edits.items():
                hops[0][key] = edit(hops[0][key].encode("utf-8")).decode("utf-8")

        return change

    def origin(name: str, about: str, **changes: Any) -> Vector:
        made = Forward(
            f"provenance-{name}", BOB, [CAT], source=packed(f"{name}-0", ANN, [BOB], **changes)
        )
        return forward(
            f"provenance-{name}", f"provenance: {about}", "M47", "provenance_invalid", made
        )

    yield bundle(
        "provenance",
        "an empty object, in a bundle that nobody forwarded",
        "M47",
        "provenance_invalid",
        change_members=with_member(2, Entry("provenance.json", b"{}")),
    )
    yield bad("not-json", "no JSON", change_provenance_text=lambda _: b"[")
    yield bad("space", "a space within", change_provenance_text=lambda old: b"{ " + old[1:])
    yield bad(
        "padding-letter",
        "a letter within the padding",
        change_provenance_text=lambda old: old + b"X",
    )
    yield bad("line-end", "a line end behind", change_provenance_text=lambda old: old + b"\n")
    yield bad("list", "a list of hops alone", change_provenance_text=lambda _: b"[]")
    yield bad("no-hops", "no hops", change_hops=only())
    yield bad("no-list", "hops that are text", change_provenance=lambda made: made.update(hops="x"))
    yield bad("unknown", "a member that is not known", change_provenance=lambda m: m.update(x=1))
    yield bad(
        "version-2",
        "another version",
        change_provenance=lambda made: made.update(securexfer_provenance=2),
    )
    yield bad(
        "without-version",
        "no version",
        change_provenance=lambda made: made.pop("securexfer_provenance"),
    )
    yield bad("without-padding", "no padding", pad_provenance=False)
    yield bad(
        "short-padding",
        "a space too few",
        pad_provenance=False,
        change_provenance_text=lambda old: old.ljust(65_535),
    )
    yield bad(
        "long-padding",
        "a space too many",
        pad_provenance=False,
        change_provenance_text=lambda old: old.ljust(65_537),
    )
    yield bad(
        "large",
        "more than 16 MiB",
        pad_provenance=False,
        change_provenance_text=lambda old: old.ljust(16 * 1024 * 1024 + 1),
    )
    yield bad(
        "password",
        "encrypted under another password",
        change_members=member(-2, password=b"x" * 43),
    )
    yield bad("hop-list", "a hop that is a list", change_provenance=lambda m: m.update(hops=[[]]))
    yield bad("hop-unknown", "a hop that says more", change_hops=lambda h: h[0].update(x="1"))
    yield bad("hop-without-comment", "no comment", change_hops=lambda h: h[0].pop("comment"))
    yield bad("hop-without-envelope", "no envelope", change_hops=lambda h: h[0].pop("envelope"))
    yield bad(
        "hop-number", "a comment that is a number", change_hops=lambda h: h[0].update(comment=1)
    )
    yield bad(
        "hop-object",
        "an envelope that is an object",
        change_hops=lambda h: h[0].update(envelope={}),
    )
    yield bad(
        "comment-byte",
        "a byte in the padding of a comment",
        change_hops=hop(comment=poke(-3, b"x")),
    )
    yield bad(
        "comment-short",
        "a comment without its last byte",
        change_hops=hop(comment=lambda old: old[:-1]),
    )
    yield bad(
        "comment-beyond-ascii",
        "a comment beyond ASCII",
        change_hops=hop(comment=lambda old: "\u00e9".encode() + old[2:]),
    )
    yield bad(
        "comment-without-signature", "a hop without signatures", change_hops=hop(comment=drop_lines)
    )
    yield bad(
        "envelope-altered",
        "an envelope with another expiry",
        change_hops=hop(envelope=lambda old: old.replace(b"2027-02-20T", b"2027-02-21T")),
    )
    yield bad(
        "envelope-space",
        "an envelope with a space",
        change_hops=hop(envelope=lambda old: b"{ " + old[1:]),
    )
    yield bad(
        "envelope-not-json",
        "an envelope that is none",
        change_hops=hop(envelope=lambda old: old[1:]),
    )
    yield bad(
        "other-signer",
        "a hop whose envelope names another sender than its comment",
        change_hops=signed_by_cat,
    )
    yield origin(
        "envelope-format-2", "a hop of another format", change_envelope=lambda e: e.update(format=2)
    )
    yield origin(
        "envelope-unknown", "a hop that says more", change_envelope=lambda e: e.update(x=1)
    )
    yield origin(
        "envelope-names",
        "a hop with a table of another name",
        change_envelope=lambda e: e["members"][1].update(name="people.csv.gz"),
    )
    yield origin(
        "envelope-gap",
        "a hop with a gap between members",
        change_envelope=lambda e: e["members"][2].update(offset=e["members"][2]["offset"] + 1),
    )
    twice = passed("y1", ANN, BOB, CAT, DORA)
    yield forward(
        "provenance-origin-left-out",
        "provenance: without the first hop",
        "M47",
        "provenance_invalid",
        Forward(
            "provenance-origin-left-out",
            DORA,
            [CAT],
            source=twice,
            change_hops=lambda hops: hops.pop(0),
        ),
    )
    yield forward(
        "provenance-out-of-order",
        "provenance: the newest hop first",
        "M47",
        "provenance_invalid",
        Forward(
            "provenance-out-of-order",
            DORA,
            [CAT],
            source=twice,
            change_hops=lambda hops: hops.reverse(),
        ),
    )
    yield forward(
        "provenance-two-origins",
        "provenance: a hop behind the first that was packed",
        "M47",
        "provenance_invalid",
        Forward(
            "provenance-two-origins",
            DORA,
            [CAT],
            source=twice,
            change_hops=lambda hops: hops.insert(1, packed("y2", BOB, [BOB]).hop),
        ),
    )
