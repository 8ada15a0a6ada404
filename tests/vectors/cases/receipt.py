"""Receipts, as far as they are not like certificates."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.cases.cast import DORA_FIRST
from tests.vectors.cases.sealed import sealed_statements
from tests.vectors.cases.statement import Draft, Vector, set_to, statement


def receipts() -> Iterator[Vector]:
    yield from sealed_statements("receipt")
    reason = "The only disk with room for it"
    yield statement(
        "receipt-reason",
        "with a reason for the medium",
        "",
        "ok",
        Draft("receipt", change=set_to(medium_reason=reason), number=2),
        recorded={"medium_reason": reason},
        kept=False,
    )
    yield statement(
        "receipt-former-key-expected",
        "signed with a key that a person expects, and that was replaced before the bundle was sent",
        "M59 M60",
        "statement_mismatch",
        Draft("receipt", signer=DORA_FIRST.keys, change=set_to(made_at="2026-11-20T09:30:00Z")),
        older=True,
    )
