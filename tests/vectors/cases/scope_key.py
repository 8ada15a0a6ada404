"""Keys of a scope, from one colleague to another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.vectors.cases.cast import ANN, CAT, DORA, DORA_FIRST, EVE
from tests.vectors.cases.statement import (
    Draft,
    Vector,
    half_by_cat,
    other_payload,
    second_signature,
    set_to,
    statement,
)
from tests.vectors.format1 import b64, lp


def scope_keys() -> Iterator[Vector]:
    """Bob exports, ann takes; cat gets the tables."""
    draft = partial(Draft, "scope-key")
    two = sorted([CAT.fingerprint, DORA_FIRST.fingerprint])
    cases: list[tuple[str, str, str, str, Draft]] = [
        ("ok", "as it should be", "M72", "ok", draft()),
        ("no-epoch", "of a recipe without an epoch", "", "ok", draft(change=set_to(epoch=""))),
        ("stranger", "by nobody known", "M72", "sender_unknown", draft(signer=EVE.keys)),
        ("by-audience", "by whoever gets the tables", "M74", "scope_key_audience",
         draft(signer=CAT.keys)),
        ("by-audience-since", "by whoever gets the tables, under a newer key", "M74",
         "scope_key_audience", draft(signer=DORA.keys, change=set_to(audience=two))),
        ("to-audience", "to whoever gets the tables", "M74", "scope_key_audience",
         draft(change=set_to(audience=[ANN.fingerprint]))),
        ("former-key", "by a key that was replaced", "M75", "verification_failed",
         draft(signer=DORA_FIRST.keys)),
        ("future", "made more than a day ahead of now", "M75", "statement_mismatch",
         draft(change=set_to(made_at="2026-11-24T09:30:01Z"))),
        ("sealed-on", "made for cat, who sealed it to ann", "M55 M72", "statement_mismatch",
         draft(change=set_to(addressee=CAT.fingerprint))),
        ("for-cat", "sealed to cat", "M56 M72", "not_a_recipient", draft(addressee=CAT.keys)),
        ("info-kind", "sealed as a receipt", "M56 M72", "statement_altered",
         draft(info=lp("securexfer/1/statement", "receipt", ANN.fingerprint))),
        ("signed-as-receipt", "signed as a receipt", "M57 M72", "statement_malformed",
         draft(signed_as="receipt")),
        ("two-signatures", "a second signature, of another kind", "M57 M72",
         "statement_malformed", draft(change_document=second_signature)),
        ("other-payload", "another payload under the signatures", "M11", "signature_invalid",
         draft(change_document=other_payload)),
        ("half-signed", "the ML-DSA-65 signature is another person's", "M9", "signature_invalid",
         draft(change_document=half_by_cat)),
        ("bundle", "a bundle, which it is not about", "M63 M72", "statement_malformed",
         draft(change=set_to(bundle_id="0" * 32))),
        ("short-key", "a key of 31 bytes", "M72", "statement_malformed",
         draft(change=set_to(key=b64(bytes(31))))),
        ("long-key", "a key of 33 bytes", "M73", "statement_malformed",
         draft(change=set_to(key=b64(bytes(33))))),
        ("no-audience", "for nobody", "M72", "statement_malformed",
         draft(change=set_to(audience=[]))),
        ("unsorted", "an audience that is not sorted", "M72", "statement_malformed",
         draft(change=set_to(audience=two[::-1]))),
        ("twice", "an audience with one of them twice", "M72", "statement_malformed",
         draft(change=set_to(audience=[CAT.fingerprint] * 2))),
        ("no-reference", "of no agreement", "M72", "statement_malformed",
         draft(change=set_to(reference=""))),
    ]  # fmt: skip
    for name, about, rules, outcome, made in cases:
        kept = name in ("ok", "by-audience", "to-audience", "signed-as-receipt")
        yield statement(
            f"scope-key-{name}",
            about,
            rules,
            outcome,
            made,
            kept=kept,
            recorded={"epoch": ""} if name == "no-epoch" else None,
        )
    yield statement(
        "scope-key-other-key",
        "another key for a scope of which there is one",
        "M76",
        "statement_mismatch",
        draft(number=2, change=set_to(key=b64(bytes(32)))),
        before=["scope-key-ok.scope-key"],
        kept=False,
    )
    yield statement(
        "scope-key-again",
        "the same number, and another epoch",
        "M61 M76",
        "statement_replayed",
        draft(change=set_to(epoch="2027")),
        before=["scope-key-ok.scope-key"],
        kept=False,
    )
