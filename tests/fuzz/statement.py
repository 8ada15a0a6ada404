"""Receipts, certificates and extensions."""

from __future__ import annotations

import json
import re
import unicodedata

from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.keys import PublicKeys
from securexfer.crypto.sealing import seal
from securexfer.custody.destruction import open_destruction
from securexfer.custody.extension import Extension, read_extension
from securexfer.custody.receipt import open_receipt
from securexfer.custody.statement import Statement, StatementKind
from securexfer.instant import parse_instant
from tests.fuzz.outside import VECTORS
from tests.fuzz.signer import FORMER, KEYS, VECTOR_KEYS, signed
from tests.vectors import format1
from tests.vectors.cases.statement import Draft


def check_statement(data: bytes) -> None:
    """A file of any kind, or the payload of one, which is then signed and sealed."""
    kind, payload = kind_of(data), None
    if data.startswith(b'{"payload"') or b'"sealed":"' in data:
        file = data
    else:
        payload, file = data, signed(data, kind, kind) + b"\n"
        file = file if kind == "extension" else seal_line(file, kind)
    statement = open_statement(file, kind)
    again = statement.model_dump(exclude_none=True)
    if payload is not None:
        assert format1.canonical(again) == payload.decode("utf-8", "replace").encode()
    assert format1.canonical(json.loads(file)) == file.removesuffix(b"\n")
    texts = [again["tool"], again.get("remark", ""), again.get("medium_reason", "")]
    assert all(len(text) <= 500 for text in texts)
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not hidden & {unicodedata.category(c) for text in texts for c in text}
    for name in ("made_at", "opened_at", "destroyed_at", "expires_at", "created_at"):
        assert name not in again or parse_instant(again[name]).tzinfo is not None
    for table in again.get("tables", []):
        assert re.fullmatch("[A-Za-z0-9_-]{1,64}", table["name"])
        assert 0 <= table["n_rows"] < 2**53
    if isinstance(statement, Extension):
        assert again["created_at"] <= again["previous_expires_at"] < again["expires_at"]


def kind_of(data: bytes) -> StatementKind:
    """What a file or payload is to be read as."""
    if b'"kind":"destruction"' in data or b'"destroyed_at"' in data:
        return "destruction"
    is_receipt = b'"kind":"receipt"' in data or b'"opened_at"' in data
    return "receipt" if is_receipt else "extension"


def seal_line(line: bytes, kind: StatementKind) -> bytes:
    """Sealed to the former keys, as if they were the addressee's."""
    info = length_prefixed("securexfer/1/statement", kind, FORMER.fingerprint)
    outside = {
        "addressee": FORMER.fingerprint,
        "kind": kind,
        "sealed": format1.b64(seal(line, FORMER.public, info)),
        "securexfer_sealed": 1,
    }
    return format1.canonical(outside) + b"\n"


def open_statement(file: bytes, kind: StatementKind) -> Statement:
    people = {keys.fingerprint: keys for keys in (KEYS, FORMER, *VECTOR_KEYS)}

    def find(fingerprint: str) -> PublicKeys | None:
        return people[fingerprint].public if fingerprint in people else None

    if kind == "extension":
        return read_extension(file, find=find).statement
    if kind == "receipt":
        return open_receipt(file, keys_for=people.get, find=find).statement
    return open_destruction(file, keys_for=people.get, find=find).statement


def statements() -> list[bytes]:
    """Of vectors, and payloads by our own keys: those can get through every check."""
    folder = VECTORS.parent / "statements"
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    keys = [format1.Keys({n: getattr(one, n) for n in format1.KEY_NAMES}) for one in (KEYS, FORMER)]
    drafts = [
        Draft(kind, keys[0], addressee=keys[1]) for kind in ("receipt", "destruction", "extension")
    ]
    payloads = [draft.payload for draft in drafts]
    payloads.append({**payloads[0], "medium_reason": "no other disk"})
    return [*files, *map(format1.canonical, payloads)]
