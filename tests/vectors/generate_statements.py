"""Published vectors for receipts, certificates, extensions and scope keys, made without securexfer.

Run `PYTHONPATH=. python -m tests.vectors.generate_statements`. It writes `statements/` and
`statements.json` anew, after `docs/format.md`. Signers are malicious where the rule that is broken
lies behind the signature. Only some files are kept; the rest is made whenever the tests run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.vectors.format1 import (
    Changes,
    Edit,
    Keys,
    b64,
    canonical,
    lp,
    nothing,
    same,
    seal,
    sha256,
)
from tests.vectors.generate_bundles import ANN, BOB, CAT, DORA, DORA_FIRST, EVE

HERE = Path(__file__).parent
NOW = "2026-11-23T09:30:00Z"
CREATED = "2026-11-22T09:30:00Z"
EXPIRES = "2027-02-20T09:30:00Z"
PADDING = 8192
ZEROS = "0" * 64


@dataclass(frozen=True)
class Sent:
    """A bundle, as registers have it: from ann unless something else is said."""

    name: str
    recipients: Sequence[str]
    sender: str = ANN.fingerprint

    @property
    def bundle_id(self) -> str:
        return sha256(self.name.encode())[:32]

    @property
    def bundle_sha256(self) -> str:
        return sha256(b"bundle " + self.name.encode())

    def described(self) -> dict[str, Any]:
        return {
            "bundle_id": self.bundle_id,
            "bundle_sha256": self.bundle_sha256,
            "created_at": CREATED,
            "expires_at": EXPIRES,
            "recipients": list(self.recipients),
            "sender": self.sender,
            "sequence": 1,
        }


FIRST = Sent("first", [BOB.fingerprint, DORA_FIRST.fingerprint])
SECOND = Sent("second", [CAT.fingerprint])


SCOPE = {"reference": "DSA-2026-014", "epoch": "2026", "audience": [CAT.fingerprint]}


@dataclass(frozen=True)
class Draft:
    """A statement, made step by step."""

    kind: str
    signer: Keys = BOB.keys
    about: Sent = FIRST
    addressee: Keys = ANN.keys
    signed_as: str = ""
    change: Changes = nothing
    change_document: Changes = nothing
    change_content: Edit = same
    seal_to: Keys | None = None
    info: bytes = b""
    change_outside: Changes = nothing
    change_text: Edit = same
    number: int = 1

    @property
    def payload(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "securexfer_statement": 1,
            "statement_id": sha256(f"{self.kind} {self.number}".encode())[:32],
            **self._about(),
            "made_at": "2026-11-22T10:00:00Z",
            "register_head": ZEROS,
            "tool": "another program 1.0",
            **self._more(),
        }
        if self.kind != "extension":
            made["addressee"] = self.addressee.fingerprint
        self.change(made)
        return made

    def about_whom(self) -> dict[str, Any]:
        """What the register must say that it is about."""
        return SCOPE if self.kind == "scope-key" else self._about()

    def _about(self) -> dict[str, Any]:
        if self.kind == "scope-key":
            return {}
        return {"bundle_id": self.about.bundle_id, "bundle_sha256": self.about.bundle_sha256}

    def _more(self) -> dict[str, Any]:
        if self.kind == "scope-key":
            return {**SCOPE, "key": b64(bytes(range(32)))}
        tables = [{"name": "people", "n_rows": 2}, {"name": "cases", "n_rows": 0}]
        if self.kind == "receipt":
            medium = {"kind": "fixed", "file_system": "ext4"}
            return {"opened_at": "2026-11-22T09:59:00Z", "tables": tables, "medium": medium}
        if self.kind == "destruction":
            return {
                "destroyed_at": "2026-11-22T10:00:00Z",
                "n_removed": 3,
                "n_changed": 0,
                "n_missing": 1,
                "tables": tables,
                "openings": [{"opened_at": "2026-11-22T09:59:00Z", "statement_id": "0" * 32}],
                "remark": "Copies are not known here.",
            }
        return {
            "created_at": CREATED,
            "previous_expires_at": EXPIRES,
            "expires_at": "2027-03-22T09:30:00Z",
        }

    def document(self) -> bytes:
        payload = canonical(self.payload)
        kind = self.signed_as or self.kind
        signature = self.signer.signature(kind, payload)
        made: dict[str, Any] = {"payload": payload.decode("utf-8"), "signatures": [signature]}
        self.change_document(made)
        return canonical(made) + b"\n"

    def write(self) -> bytes:
        if self.kind == "extension":
            return self.change_text(self.document())
        content = self.document()
        content = self.change_content(content + b" " * (-len(content) % PADDING))
        to = self.seal_to or self.addressee
        info = self.info or lp("securexfer/1/statement", self.kind, self.addressee.fingerprint)
        outside = {
            "addressee": self.addressee.fingerprint,
            "kind": self.kind,
            "sealed": b64(seal(content, to.public, info)),
            "securexfer_sealed": 1,
        }
        self.change_outside(outside)
        return self.change_text(canonical(outside) + b"\n")


@dataclass(frozen=True)
class Vector:
    """A file, and what a reader must say to it."""

    file: str
    make: Callable[[], bytes]
    facts: Mapping[str, Any]
    kept: bool = False


def statement(
    name: str,
    about: str,
    rules: str,
    outcome: str,
    draft: Draft,
    *,
    now: str = NOW,
    older: bool = False,
    before: Sequence[str] = (),
    opened: Sequence[Sent] = (FIRST,),
    kept: bool | None = None,
    recorded: Mapping[str, Any] | None = None,
    wanted: str = "",
) -> Vector:
    """Read by whom it is for: ann has sent the two bundles; bob has opened the first."""
    kind = wanted or draft.kind
    is_extension = kind == "extension"
    suffix = {"destruction": "certificate"}.get(kind, kind)
    facts: dict[str, Any] = {
        "about": about,
        "kind": kind,
        "rules": rules.split(),
        "outcome": outcome,
        "reader": "bob" if is_extension else "ann",
        "now": now,
        "older": older,
        "sent": []
        if kind in ("extension", "scope-key")
        else [FIRST.described(), SECOND.described()],
        "opened": [one.described() for one in opened] if is_extension else [],
        "before": list(before),
    }
    if outcome == "ok":
        event = {"receipt": "receipt-imported", "destruction": "certificate-imported"}
        facts["recorded"] = {
            "event": event.get(kind, f"{kind}-imported"),
            **draft.about_whom(),
            "signer": draft.signer.fingerprint,
            "statement_id": draft.payload["statement_id"],
            **(recorded or {}),
        }
    is_kept = outcome == "ok" if kept is None else kept
    return Vector(f"{name}.{suffix}", draft.write, facts, is_kept)


def set_to(**members: Any) -> Changes:
    return lambda made: made.update(members)


def without(*names: str) -> Changes:
    def change(made: dict[str, Any]) -> None:
        for name in names:
            del made[name]

    return change


def second_signature(made: dict[str, Any]) -> None:
    made["signatures"].append(CAT.keys.signature("bundle", made["payload"].encode()))


def other_payload(made: dict[str, Any]) -> None:
    made["payload"] = made["payload"].replace("another program", "an other program")


def half_by_cat(made: dict[str, Any]) -> None:
    false = CAT.keys.sign(made["signatures"][0]["kind"], made["payload"].encode())
    made["signatures"][0]["ml_dsa_65"] = b64(false[1])


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


def certificates() -> Iterator[Vector]:
    yield from sealed_statements("destruction")
    yield statement(
        "certificate-nothing",
        "of a bundle that was never opened",
        "",
        "ok",
        Draft("destruction", change=set_to(tables=[], openings=[], n_removed=0), number=2),
        recorded={"receipts": []},
        kept=False,
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


def all_vectors() -> Iterator[Vector]:
    yield from receipts()
    yield from certificates()
    yield from extensions()
    yield from scope_keys()


def write_all(folder: Path) -> None:
    """`statements/` and `statements.json`, anew."""
    shutil.rmtree(folder / "statements", ignore_errors=True)
    (folder / "statements").mkdir()
    described = []
    for vector in all_vectors():
        if not vector.kept:
            continue
        data = vector.make()
        (folder / "statements" / vector.file).write_bytes(data)
        described.append({"file": vector.file, **vector.facts, "sha256": sha256(data)})
    text = json.dumps({"version": 1, "vectors": described}, indent=1)
    (folder / "statements.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    write_all(HERE)
