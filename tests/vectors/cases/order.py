"""The reading order: what is looked at after the structure, and which of two faults is named."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA_FIRST, EVE
from tests.vectors.cases.change import member, with_member
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import CREATED, Bundle, Entry, flip, poke


def reading_order() -> Iterator[Vector]:
    """Steps 5 to 7 of the reading order."""
    yield bundle(
        "expired", "a second after expiry", "M38", "bundle_expired", now="2027-02-20T09:30:01Z"
    )
    yield bundle(
        "expired-by-register",
        "expired by the newest entry of the register, while the clock was set back",
        "M38",
        "bundle_expired",
        expires_at="2026-12-01T00:00:00Z",
        before=[{"file": "ok-one-table.sxfer.zip", "now": "2026-12-01T00:00:01Z"}],
    )
    yield bundle(
        "from-future",
        "created a day and a second ahead",
        "M38",
        "bundle_from_future",
        now="2026-11-21T09:29:59Z",
    )
    yield bundle(
        "not-for-me", "sealed to somebody else", "M38", "not_a_recipient", Bundle("x1", ANN, [CAT])
    )
    yield bundle(
        "not-for-sender",
        "opened by its sender, who is no recipient",
        "M38",
        "not_a_recipient",
        reader="ann",
    )
    yield bundle(
        "ok-sealed-to-former-key",
        "sealed to keys that the recipient has replaced since",
        "M38",
        "ok",
        Bundle("ok-sealed-to-former-key", ANN, [DORA_FIRST]),
        reader="dora",
    )
    yield bundle(
        "ok-to-oneself",
        "from ann to ann",
        "M38",
        "ok",
        Bundle("ok-to-oneself", ANN, [ANN]),
        reader="ann",
    )
    # Two faults: the earlier step decides.
    yield bundle(
        "order-signature-first",
        "wrongly signed and expired",
        "M38",
        "signature_invalid",
        sign=lambda keys, payload: keys.sign("card", payload),
        expires_at=CREATED,
    )
    yield bundle(
        "order-sender-first",
        "by a stranger, and altered",
        "M38",
        "sender_unknown",
        Bundle("order-sender-first", EVE, [BOB], change_file=flip(300)),
    )
    yield bundle(
        "order-structure-first",
        "malformed and expired",
        "M38",
        "bundle_malformed",
        change_members=member(1, header=poke(10, b"\1")),
        expires_at=CREATED,
    )
    yield bundle(
        "order-expiry-before-recipient",
        "expired, and for somebody else",
        "M38",
        "bundle_expired",
        Bundle("order-expiry-before-recipient", ANN, [CAT], expires_at=CREATED),
    )
    yield bundle(
        "order-password-before-parts",
        "a wrong commitment, and a provenance that is none",
        "M38",
        "password_mismatch",
        change_envelope=lambda envelope: envelope.update(password_commitment="0" * 64),
        change_members=with_member(2, Entry("provenance.json", b"{}")),
    )
