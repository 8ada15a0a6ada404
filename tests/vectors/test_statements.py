"""Receipts, certificates, extensions and scope keys made without securexfer, imported by it.

`generate_statements.py` writes them from `docs/format.md` alone; `statements.json` says what a
reader must find in each. Those that are not kept are made anew, and held to the same.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from securexfer.custody.register import Actor, Register
from securexfer.errors import SecurexferError
from securexfer.filing import Cabinet, import_certificate, import_extension, import_receipt
from securexfer.home.contacts import ContactBook
from securexfer.instant import parse_instant
from securexfer.ring import Ring
from securexfer.sharing import import_scope_key
from securexfer.verifying import pinned_senders
from tests.assurance import Tally
from tests.vectors.cases.statement import Vector
from tests.vectors.generate_statements import all_vectors
from tests.vectors.test_bundles import FILE as PEOPLE
from tests.vectors.test_bundles import SLUGS, identity_of, pin_in_turn
from tests.world import SetClock

HERE = Path(__file__).parent
FOLDER = HERE / "statements"
LISTED: dict[str, dict[str, Any]] = {
    vector["file"]: vector
    for vector in json.loads((HERE / "statements.json").read_text("utf-8"))["vectors"]
}
FRESH: dict[str, Vector] = {vector.file: vector for vector in all_vectors()}
NAMES = sorted({*LISTED, *FRESH})


def facts_of(name: str) -> dict[str, Any]:
    return LISTED.get(name) or dict(FRESH[name].facts)


def bytes_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes() if name in LISTED else FRESH[name].make()


class Desk:
    """The desk of one of the people, with what the vector says of its register."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.identity = identity_of(facts["reader"])
        self.register = Register(folder / "register.jsonl", Actor(facts["reader"], "desk"))
        contacts = ContactBook(folder / "contacts")
        for name, person in PEOPLE["people"].items():
            if name != facts["reader"]:
                pin_in_turn(contacts, name, person["cards"])
        self.contacts = contacts.list()
        senders = pinned_senders(self.contacts, self.identity.card)
        for event, sent in [("packed", facts["sent"]), ("unpack-started", facts["opened"])]:
            for details in sent:
                more = {"files": [], "folder": "/x"} if event != "packed" else {}
                at = parse_instant(details["created_at"])
                self.register.append(self.identity, event, {**details, **more}, at)
        clock = SetClock(parse_instant(facts["now"]))
        self.cabinet = Cabinet(self.identity, senders, self.register, folder / "receipts", clock)

    def take(self, data: bytes, kind: str, *, older: bool) -> str:
        """Import a file; `ok`, or the code of the refusal."""
        try:
            if kind == "extension":
                import_extension(data, self.cabinet)
            elif kind == "scope-key":
                cabinet, own = self.cabinet, self.identity
                ring = Ring(cabinet.register, cabinet.folder, cabinet.find_sender, lambda: own)
                import_scope_key(data, self.contacts, [own.fingerprint], ring, clock=cabinet.clock)
            else:
                take = import_receipt if kind == "receipt" else import_certificate
                take(data, self.cabinet, older=older)
        except SecurexferError as error:
            return error.code
        return "ok"


@pytest.mark.parametrize("name", NAMES)
def test_a_statement(name: str, tmp_path: Path, tally: Tally) -> None:
    facts = facts_of(name)
    desk = Desk(tmp_path, facts)
    for before in facts["before"]:
        assert desk.take(bytes_of(before), facts["kind"], older=False) == "ok"
    entries = desk.register.entries()
    outcome = desk.take(bytes_of(name), facts["kind"], older=facts["older"])
    assert outcome == facts["outcome"]
    now = desk.register.entries()
    if outcome == "ok":
        assert len(now) == len(entries) + (not facts["before"])
        entry = now[-1]
        recorded = facts["recorded"]
        found = {"event": entry.event, **entry.details}
        assert {name: found[name] for name in recorded} == recorded
    else:
        assert now == entries
    kinds = {"receipt": "Receipts", "destruction": "Certificates", "extension": "Extensions"}
    kinds["scope-key"] = "Scope keys"
    said = "imported" if outcome == "ok" else f"refused: {outcome}"
    tally.count("vectors", f"{kinds[facts['kind']]} {said}")


def test_the_folder_and_the_list_agree() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()}
    assert found == {name: vector["sha256"] for name, vector in LISTED.items()}
    assert {name for name, vector in FRESH.items() if vector.kept} == set(LISTED)


def test_what_is_listed_is_what_the_generator_says() -> None:
    for name, vector in LISTED.items():
        said = {"file": name, **FRESH[name].facts, "sha256": vector["sha256"]}
        assert json.loads(json.dumps(said)) == vector


def test_the_words_are_known_and_every_rule_has_a_vector() -> None:
    page = (HERE.parent.parent / "docs" / "format.md").read_text("utf-8")
    rules = set()
    for name in NAMES:
        facts = facts_of(name)
        assert facts["outcome"] in SLUGS | {"ok"}
        assert datetime.fromisoformat(facts["now"])
        rules |= set(facts["rules"])
    assert all(f"- **{rule}.**" in page for rule in rules)
    # M54, M67 and M68 are about what is not there, and have tests of their own.
    assert {f"M{n}" for n in range(53, 67)} - rules == {"M54"}
    # M77 and M78 are about what comes later.
    assert {f"M{n}" for n in range(72, 77)} <= rules
