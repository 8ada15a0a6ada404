"""Statements that are sealed to their addressee: what receipts and certificates share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA, DORA_FIRST, EVE
from tests.vectors.cases.statement import (
    SECOND,
    Draft,
    Sent,
    Vector,
    half_by_cat,
    other_payload,
    second_signature,
    set_to,
    statement,
    without,
)
from tests.vectors.format1 import lp


def sealed_statements(kind: str) -> Iterator[Vector]:
    """What receipts and certificates have in common."""
    draft = partial(Draft, kind)
    other = "destruction" if kind == "receipt" else "receipt"
    name = "receipt" if kind == "receipt" else "certificate"
    yield statement(
        f"{name}-ok", "as it should be", "", "ok", draft(), recorded={"recipient": BOB.fingerprint}
    )
    yield statement(
        f"{name}-unpadded",
        "without padding: nobody need check it",
        "M62",
        "ok",
        draft(change_content=lambda old: old.rstrip(b" ")),
        kept=False,
    )
    yield statement(
        f"{name}-former-key",
        "signed with a key that was replaced since, and nobody expects it",
        "M59",
        "sender_retired",
        draft(signer=DORA_FIRST.keys, change=set_to(made_at="2026-11-20T09:30:00Z")),
    )
    yield statement(
        f"{name}-former-key-later",
        "signed with a key after it was replaced",
        "M59",
        "verification_failed",
        draft(signer=DORA_FIRST.keys),
        older=True,
    )
    yield statement(
        f"{name}-new-key",
        "signed with the key that follows the one the bundle names",
        "M58",
        "ok",
        draft(signer=DORA.keys),
        recorded={"recipient": DORA_FIRST.fingerprint},
        kept=False,
    )
    yield statement(
        f"{name}-other-bundle",
        "about a bundle that was not sent to its signer",
        "M53 M58",
        "statement_mismatch",
        draft(about=SECOND),
        kept=kind == "receipt",
    )
    yield statement(
        f"{name}-other-digest",
        "another digest under the same id",
        "M53",
        "statement_mismatch",
        draft(change=set_to(bundle_sha256=SECOND.bundle_sha256)),
    )
    yield statement(
        f"{name}-unsent",
        "about a bundle that was never sent",
        "M53",
        "statement_mismatch",
        draft(about=Sent("third", [BOB.fingerprint])),
    )
    yield statement(
        f"{name}-no-recipient",
        "signed by a contact who was not given the bundle",
        "M58",
        "statement_mismatch",
        draft(signer=CAT.keys),
    )
    yield statement(
        f"{name}-stranger",
        "signed by nobody known",
        "M57",
        "sender_unknown",
        draft(signer=EVE.keys),
    )
    yield statement(
        f"{name}-sealed-on",
        "made for cat, who sealed it to ann",
        "M55",
        "statement_mismatch",
        draft(change=set_to(addressee=CAT.fingerprint)),
        kept=kind == "receipt",
    )
    yield statement(
        f"{name}-for-cat", "sealed to cat", "M56", "not_a_recipient", draft(addressee=CAT.keys)
    )
    yield statement(
        f"{name}-readdressed",
        "sealed to cat, and addressed to ann",
        "M56",
        "statement_altered",
        draft(seal_to=CAT.keys),
    )
    yield statement(
        f"{name}-info-kind",
        "sealed as the other kind",
        "M56",
        "statement_altered",
        draft(info=lp("securexfer/1/statement", other, ANN.fingerprint)),
        kept=kind == "receipt",
    )
    yield statement(
        f"{name}-info-label",
        "sealed under the label of passwords",
        "M2 M56",
        "statement_altered",
        draft(info=lp("securexfer/1/seal", kind, ANN.fingerprint)),
    )
    yield statement(
        f"{name}-signed-as-other",
        "signed as the other kind",
        "M57",
        "statement_malformed",
        draft(signed_as=other),
        kept=kind == "receipt",
    )
    yield statement(
        f"{name}-two-signatures",
        "a second signature, of another kind",
        "M57",
        "statement_malformed",
        draft(change_document=second_signature),
    )
    yield statement(
        f"{name}-other-payload",
        "another payload under the signatures",
        "M11",
        "signature_invalid",
        draft(change_document=other_payload),
    )
    yield statement(
        f"{name}-half-signed",
        "the ML-DSA-65 signature is another person's",
        "M9",
        "signature_invalid",
        draft(change_document=half_by_cat),
    )
    yield statement(
        f"{name}-padding",
        "something other than spaces behind it",
        "M62",
        "statement_malformed",
        draft(change_content=lambda old: old[:-1] + b"\n"),
    )
    yield statement(
        f"{name}-unknown-member",
        "an unknown member",
        "M63",
        "statement_malformed",
        draft(change=set_to(more="x")),
    )
    yield statement(
        f"{name}-missing-member",
        "no head",
        "M63",
        "statement_malformed",
        draft(change=without("register_head")),
    )
    yield statement(
        f"{name}-version-2",
        "of version 2",
        "M63",
        "statement_malformed",
        draft(change=set_to(securexfer_statement=2)),
    )
    yield statement(
        f"{name}-outside-member",
        "an unknown member outside",
        "M63",
        "statement_malformed",
        draft(change_outside=set_to(more="x")),
    )
    yield statement(
        f"{name}-outside-space",
        "not canonical outside",
        "M3",
        "statement_malformed",
        draft(change_text=lambda old: old.replace(b":", b": ", 1)),
    )
    yield statement(
        f"{name}-text",
        "a text that turns the terminal's writing round",
        "M13",
        "statement_malformed",
        draft(change=set_to(tool="\u202e")),
    )
    yield statement(
        f"{name}-table-name",
        "a table whose name is a path",
        "M31 M64",
        "statement_malformed",
        draft(change=set_to(tables=[{"name": "../people", "n_rows": 1}])),
    )
    yield statement(
        f"{name}-values",
        "more values than a statement can have",
        "M63",
        "statement_malformed",
        draft(change=set_to(tables=list(range(20_000)))),
    )
    yield statement(
        f"{name}-time-spelled",
        "a time in another spelling",
        "M5",
        "statement_malformed",
        draft(change=set_to(made_at="2026-11-22T10:00:00+00:00")),
    )
    name_of = {"receipt": "opened_at", "destruction": "destroyed_at"}[kind]
    yield statement(
        f"{name}-early",
        "more than a day before the bundle was sent",
        "M60",
        "statement_mismatch",
        draft(change=set_to(**{name_of: "2026-11-21T09:29:59Z"})),
    )
    yield statement(
        f"{name}-late",
        "more than a day ahead of now",
        "M60",
        "statement_mismatch",
        draft(
            change=set_to(**{name_of: "2026-11-24T09:30:01Z", "made_at": "2026-11-24T09:30:01Z"})
        ),
    )
    yield statement(
        f"{name}-again",
        "the same number, and another story",
        "M61",
        "statement_replayed",
        draft(change=set_to(tool="a third program")),
        before=[f"{name}-ok.{name}"],
    )
    yield statement(
        f"{name}-resealed",
        "the same statement, signed and sealed again: recorded once",
        "M61",
        "ok",
        draft(),
        before=[f"{name}-ok.{name}"],
        kept=False,
    )
    yield statement(
        f"{name}-large",
        "above 1 MiB",
        "M4 M63",
        "statement_malformed",
        draft(change_content=lambda old: old + b" " * (1 << 20)),
    )
