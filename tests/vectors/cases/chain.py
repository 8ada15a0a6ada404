"""Hops that do not make a transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA, DORA_FIRST
from tests.vectors.cases.change import member, with_member
from tests.vectors.cases.forward import allows_without_number, forward, numbered, packed, passed
from tests.vectors.cases.hop import claimed_by_bob, comment_of, joined
from tests.vectors.cases.vector import NOW, Vector
from tests.vectors.format1 import Bundle, Entry, Forward, Table, b64, compress, lp, seeded


def broken_chains() -> Iterator[Vector]:
    """M47 to M50: hops that do not make a transfer, behind a valid signature."""

    def bad(name: str, about: str, rule: str, outcome: str, *made: Forward, **more: Any) -> Vector:
        return forward(f"forwarded-{name}", f"forwarded: {about}", rule, outcome, *made, **more)

    # What is handed on.
    def changed(name: str, about: str, **changes: Any) -> Vector:
        return bad(name, about, "M49", "forwarded_changed", **changes)

    other = compress(b"id,year\nperson_1,1981\nperson_2,1991\n")
    extra = Entry("tables/0002.csv.gz", compress(b"id\n"), salt=bytes(16))
    yield changed("table", "another table", change_members=member(1, content=other))
    yield changed("table-salt", "a table, encrypted anew", change_members=member(1, salt=bytes(16)))
    yield changed("table-added", "an invented table", change_members=with_member(2, extra))
    yield changed(
        "read-me", "another note for the finder", change_members=member(0, content=b"Keep it.\n")
    )
    yield changed(
        "manifest", "another manifest", change_members=member(-1, content=b'{"securexfer":{}}')
    )
    source = packed(
        "forwarded-table-left-out-0", ANN, [BOB], tables=[Table("people"), Table("cases")]
    )
    left_out = Forward("forwarded-table-left-out", BOB, [CAT], source=source)
    left_out.change_members = lambda entries: entries.pop(2)
    yield bad("table-left-out", "a table less", "M49", "forwarded_changed", left_out)
    bent = passed("forwarded-changed-between-1", ANN, BOB, CAT)
    bent.change_members = member(1, content=other)
    salt = seeded(16, "salt", bent.origin.label, 1)
    mended = Forward("forwarded-changed-between", CAT, [DORA], source=bent)
    mended.change_members = member(1, content=Table().member_content, salt=salt)
    yield bad("changed-between", "changed and changed back", "M49", "forwarded_changed", mended)

    # By whom and until when.
    stolen = packed("forwarded-never-given-0", ANN, [DORA])
    yield bad(
        "never-given",
        "by somebody it was never sealed to",
        "M48",
        "forwarder_not_recipient",
        Forward("forwarded-never-given", BOB, [CAT], source=stolen),
    )
    middle = Forward("x1", BOB, [DORA], source=stolen)
    yield bad(
        "never-given-before",
        "somebody on the way had it from nobody",
        "M48",
        "forwarder_not_recipient",
        Forward("forwarded-never-given-before", DORA, [CAT], source=middle),
    )
    later = "2027-02-20T09:30:01Z"
    yield bad("longer", "a second longer", "M51", "forwarded_longer", expires_at=later)
    middle = passed("x2", ANN, BOB, DORA, expires_at=later)
    yield bad(
        "longer-before",
        "longer on the way",
        "M51",
        "forwarded_longer",
        Forward("forwarded-longer-before", DORA, [CAT], source=middle),
    )
    shorter = passed("x3", ANN, BOB, DORA, expires_at="2026-12-01T09:30:00Z")
    yield bad(
        "longer-again",
        "as long as at first, after it had been for less",
        "M51",
        "forwarded_longer",
        Forward("forwarded-longer-again", DORA, [CAT], source=shorter),
    )
    yield bad(
        "nine-times",
        "nine hops",
        "M51",
        "forwarded_too_often",
        passed("forwarded-nine-times", ANN, *[BOB, CAT] * 5),
    )
    forbidden = Bundle("forwarded-forbidden-0", ANN, [BOB])
    yield bad(
        "forbidden",
        "against the agreement",
        "M52",
        "forwarding_forbidden",
        Forward("forwarded-forbidden", BOB, [CAT], source=forbidden),
    )

    # Signatures of the hops.
    def resigned(hops: list[dict[str, str]]) -> None:
        lines = hops[0]["comment"].splitlines()
        ed25519, ml_dsa_65 = CAT.keys.sign("bundle", lp(*lines[1:4]), signer=ANN.fingerprint)
        lines[4:6] = b64(ed25519), b64(ml_dsa_65)
        hops[0]["comment"] = comment_of(lines[:6])

    def half_resigned(line: int) -> Callable[[list[dict[str, str]]], None]:
        def change(hops: list[dict[str, str]]) -> None:
            kept = hops[0]["comment"].splitlines()[:6]
            resigned(hops)
            lines = hops[0]["comment"].splitlines()[:6]
            lines[line] = kept[line]
            hops[0]["comment"] = comment_of(lines)

        return change

    for name, change in (
        ("", resigned),
        ("-ml-dsa", half_resigned(4)),
        ("-ed25519", half_resigned(5)),
    ):
        yield bad(
            f"not-signed{name}",
            "the first hop is not signed by its sender",
            "M47",
            "signature_invalid",
            change_hops=change,
        )
    yield bad(
        "packed-with-former-key",
        "packed with a former key, and nobody said that an old bundle is wanted",
        "M17 M47",
        "sender_retired",
        Forward(
            "forwarded-packed-with-former-key",
            BOB,
            [CAT],
            source=packed("x4", DORA_FIRST, [BOB], created_at="2026-11-20T09:30:00Z"),
        ),
    )
    yield bad(
        "packed-with-replaced-key",
        "packed with a former key, a second after the rotation",
        "M17 M47",
        "provenance_invalid",
        Forward(
            "forwarded-packed-with-replaced-key",
            BOB,
            [CAT],
            source=packed("x5", DORA_FIRST, [BOB], created_at="2026-11-20T09:30:01Z"),
        ),
        older=True,
    )

    # One transfer.
    yield bad(
        "joined",
        "the hops of another bundle",
        "M50",
        "password_mismatch",
        change_hops=joined,
    )
    yield bad(
        "commitment-other-id",
        "the first hop committed to the password under another id",
        "M50",
        "password_mismatch",
        Forward(
            "forwarded-commitment-other-id",
            BOB,
            [CAT],
            source=packed("x7", ANN, [BOB], commitment_id="0" * 32),
        ),
    )
    yield bad(
        "twice-the-same-id",
        "under the id that it was packed under",
        "M50",
        "provenance_invalid",
        id_label="forwarded-twice-the-same-id-0",
    )
    looped = passed("x8", ANN, BOB, CAT, BOB)
    yield bad(
        "hop-twice",
        "the last hop twice",
        "M50",
        "provenance_invalid",
        Forward(
            "forwarded-hop-twice",
            BOB,
            [CAT],
            source=looped,
            change_hops=lambda hops: hops.append(hops[-1]),
        ),
    )
    yield bad(
        "own-envelope",
        "a first hop that the forwarder made",
        "M52",
        "manifest_mismatch",
        change_hops=claimed_by_bob,
    )
    yield bad(
        "manifest-none",
        "a manifest that is none",
        "M52",
        "manifest_mismatch",
        Forward(
            "forwarded-manifest-none",
            BOB,
            [CAT],
            source=Bundle("x9", ANN, [BOB], change_manifest=allows_without_number),
        ),
    )
    yield bad(
        "without-provenance",
        "as if the forwarder had packed it",
        "M30",
        "manifest_mismatch",
        change_members=lambda entries: entries.pop(-2),
    )

    # What is known at this desk.
    yield bad(
        "older",
        "a lower sequence than one that came before",
        "M38",
        "bundle_older",
        numbered("forwarded-older", 4),
        before=[{"file": "ok-forwarded-newer.sxfer.zip", "now": NOW}],
    )
    yield bad(
        "replayed-origin",
        "something else, packed under an id that came here before",
        "M38",
        "bundle_replayed",
        Forward(
            "forwarded-replayed-origin",
            BOB,
            [CAT],
            source=packed("x10", ANN, [BOB], sequence=2, id_label="ok-forwarded-once-0"),
        ),
        before=[{"file": "ok-forwarded-once.sxfer.zip", "now": NOW}],
    )
    yield bad(
        "expired", "past its own day", "M38", "bundle_expired", expires_at="2026-11-22T10:00:00Z"
    )
