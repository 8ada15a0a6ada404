"""Extensions of a bundle's life."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.vectors.cases.cast import ANN, CAT, DORA_FIRST, EVE
from tests.vectors.cases.statement import (
    EXPIRES,
    ZEROS,
    Draft,
    Vector,
    half_by_cat,
    other_payload,
    set_to,
    statement,
)


def extensions() -> Iterator[Vector]:
    draft = partial(Draft, "extension", signer=ANN.keys)
    new_end = {"expires_at": "2027-03-22T09:30:00Z"}
    yield statement("extension-ok", "by 30 days", "", "ok", draft(), recorded=new_end)
    yield statement(
        "extension-unopened",
        "of a bundle that was not opened yet",
        "M65",
        "ok",
        draft(),
        opened=(),
        recorded={**new_end, "sender": ANN.fingerprint},
        kept=False,
    )
    yield statement(
        "extension-longest",
        "3650 days after the bundle was made",
        "M66",
        "ok",
        draft(change=set_to(expires_at="2036-11-19T09:30:00Z")),
        kept=False,
    )
    cases: list[tuple[str, str, str, str, Draft]] = [
        ("too-long", "a second longer", "M66", "statement_mismatch",
         draft(change=set_to(expires_at="2036-11-19T09:30:01Z"))),
        ("shortens", "to an earlier day", "M66", "statement_mismatch",
         draft(change=set_to(expires_at="2027-01-01T00:00:00Z"))),
        ("same-day", "to the day that it has", "M66", "statement_mismatch",
         draft(change=set_to(expires_at=EXPIRES))),
        ("invented-day", "from an invented day", "M66", "statement_mismatch",
         draft(change=set_to(previous_expires_at="2026-12-01T00:00:00Z",
                             expires_at="2027-01-01T00:00:00Z"))),
        ("other-making", "of a bundle that was made at another time", "M53", "statement_mismatch",
         draft(change=set_to(created_at="2026-11-23T09:30:00Z"))),
        ("other-digest", "another digest under the same id", "M65", "statement_mismatch",
         draft(change=set_to(bundle_sha256=ZEROS))),
        ("by-cat", "by a contact who is not its sender", "M65", "statement_mismatch",
         draft(signer=CAT.keys)),
        ("stranger", "by nobody known", "M57", "sender_unknown", draft(signer=EVE.keys)),
        ("former-key", "by a key that was replaced", "M59", "verification_failed",
         draft(signer=DORA_FIRST.keys)),
        ("signed-as-receipt", "signed as a receipt", "M57", "statement_malformed",
         draft(signed_as="receipt")),
        ("other-payload", "another payload under the signatures", "M11", "signature_invalid",
         draft(change_document=other_payload)),
        ("half-signed", "the ML-DSA-65 signature is another person's", "M9", "signature_invalid",
         draft(change_document=half_by_cat)),
        ("unknown-member", "an unknown member", "M63", "statement_malformed",
         draft(change=set_to(more="x"))),
        ("addressee", "an addressee, which it has not", "M63", "statement_malformed",
         draft(change=set_to(addressee=ANN.fingerprint))),
        ("future", "made more than a day ahead of now", "M60", "statement_mismatch",
         draft(change=set_to(made_at="2026-11-24T09:30:01Z"))),
        ("space", "not canonical", "M3", "statement_malformed",
         draft(change_text=lambda old: old.replace(b":", b": ", 1))),
    ]  # fmt: skip
    for name, about, rules, outcome, made in cases:
        kept = name in ("by-cat", "shortens")
        yield statement(f"extension-{name}", about, rules, outcome, made, kept=kept)
    yield statement(
        "extension-of-receipt",
        "a receipt",
        "M57",
        "statement_malformed",
        Draft("receipt"),
        wanted="extension",
    )
    yield statement(
        "extension-again",
        "the same number, and another day",
        "M61",
        "statement_replayed",
        draft(change=set_to(expires_at="2027-03-23T09:30:00Z")),
        before=["extension-ok.extension"],
    )
