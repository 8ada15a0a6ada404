"""A statement about a bundle, as a draft, and what a reader must say to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA_FIRST
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
