"""Bundles, cards and identity files that were made without securexfer, read by it.

`generate_bundles.py` writes them from `docs/format.md` alone; `bundles.json` says what a reader
must find in each.
"""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from securexfer import errors
from securexfer.bundle.sender import FindSender
from securexfer.crypto.card import read_card
from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.crypto.identity import Identity, decrypt_identity
from securexfer.custody.register import Actor, Register
from securexfer.errors import SecurexferError
from securexfer.home.contacts import ContactBook
from securexfer.instant import format_instant, parse_instant
from securexfer.reporting import SilentReporter
from securexfer.unpacking import UnpackResult, unpack
from securexfer.verifying import Verified, check_tables, pinned_senders, verify
from tests.assurance import Tally
from tests.vectors.cases.cast import people
from tests.vectors.cases.vector import NOT_KEPT, Vector
from tests.vectors.generate_bundles import all_vectors
from tests.world import SetClock

HERE = Path(__file__).parent
FOLDER = HERE / "bundles"
FILE: dict[str, Any] = json.loads((HERE / "bundles.json").read_text("utf-8"))
VECTORS: dict[str, dict[str, Any]] = {vector["file"]: vector for vector in FILE["vectors"]}
MADE = list(all_vectors())
# Those that the folder does not keep, made from the same page whenever the tests run.
FRESH: dict[str, Vector] = {vector.file: vector for vector in MADE if not vector.kept}
FACTS = VECTORS | {name: vector.described() for name, vector in FRESH.items()}
PINNED_AT = datetime.fromisoformat("2026-11-21T09:30:00Z")
SLUGS = {
    one.code
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, SecurexferError)
}


def names(kind: str) -> list[str]:
    return [name for name, vector in FACTS.items() if vector["kind"] == kind]


def each(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names(kind), ids=lambda name: name.split(".")[0])


@cache
def identity_of(name: str) -> Identity:
    file = FILE["people"][name]["identity"]
    return decrypt_identity((FOLDER / file).read_bytes(), VECTORS[file]["passphrase"])


def bytes_of(name: str) -> bytes:
    return FRESH[name].make() if name in FRESH else (FOLDER / name).read_bytes()


def path_of(name: str, folder: Path) -> Path:
    """The file itself, or a fresh one."""
    if name not in FRESH:
        return FOLDER / name
    path = folder / "fresh" / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(FRESH[name].make())
    return path


@pytest.fixture(scope="session")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FindSender]:
    """For each of the people, whom they know: all others, pinned in the order of their cards."""
    found = {}
    for name in FILE["people"]:
        contacts = ContactBook(tmp_path_factory.mktemp(name))
        for other, facts in FILE["people"].items():
            if other != name:
                pin_in_turn(contacts, other, facts["cards"])
        found[name] = pinned_senders(contacts.list(), identity_of(name).card)
    return found


class Reader:
    """One of the people at a desk where nothing was opened yet."""

    def __init__(self, folder: Path, name: str, senders: FindSender) -> None:
        self.identity = identity_of(name)
        self.register = Register(folder / "register.jsonl", Actor(name, "desk"))
        self.senders = senders

    def unpack(self, path: Path, output: Path, now: str, *, older: bool = False) -> UnpackResult:
        clock = SetClock(parse_instant(now))
        reporter = SilentReporter()
        with verify(
            path,
            self.senders,
            lambda: self.identity,
            self.register,
            clock=clock,
            reporter=reporter,
            older=older,
        ) as verified:
            self.compare(verified, path.name)
            try:
                check_tables(verified, reporter)
            except SecurexferError as error:
                checked = error.code
            else:
                checked = "ok"
            # Checking without writing and unpacking must agree.
            assert checked == FACTS[path.name]["outcome"]
            return unpack(
                verified, output, self.identity, self.register, clock=clock, reporter=reporter
            )

    def compare(self, verified: Verified, name: str) -> None:
        """The manifest, as it was read, and the hands, with the facts of the vector."""
        facts = FACTS[name].get("manifest")
        if facts is None:
            return
        chain = verified.inside.chain
        assert [hop.envelope.sender for hop in chain] == FACTS[name]["hands"]
        unverified = [hop.envelope.sender for hop in chain if hop.sender is None]
        assert unverified == FACTS[name]["unverified"]
        assert verified.inside.is_origin_verified == (not unverified)
        manifest = verified.manifest
        assert facts == {
            "bundle_id": manifest.bundle_id,
            "sender": manifest.sender,
            "recipients": list(manifest.recipients),
            "created_at": manifest.created_at,
            "expires_at": manifest.expires_at,
            "sequence": manifest.sequence,
            "n_rows_out": [table.n_rows_out for table in manifest.tables],
        }


def pin_in_turn(contacts: ContactBook, name: str, cards: Iterable[str]) -> None:
    """Pin the first card, then replace it by each that follows."""
    replaces = None
    for file in cards:
        card = read_card(bytes_of(file))
        contacts.pin(card, name, pinned_at=PINNED_AT, replaces=replaces)
        replaces = name


def outcome_of(reader: Reader, path: Path, output: Path, vector: dict[str, Any]) -> str:
    try:
        reader.unpack(path, output, vector["now"], older=vector["older"])
    except SecurexferError as error:
        return error.code
    return "ok"


def count(tally: Tally, vector: dict[str, Any]) -> None:
    """One file that came out as the list says."""
    kind = {"bundle": "Bundles", "card": "Cards", "identity": "Identity files"}[vector["kind"]]
    outcome = "read" if vector["outcome"] == "ok" else f"refused: {vector['outcome']}"
    tally.count("vectors", f"{kind} {outcome}")
    if vector["kind"] == "bundle":
        what = "read" if vector["outcome"] == "ok" else "refused"
        n_tables = vector["n_plaintext_tables"]
        tally.count("vectors", f"Plaintext tables released by bundles {what}", n_tables)


def released(output: Path) -> dict[str, str]:
    """Tables in the output folder: name to SHA-256."""
    return {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in output.rglob("*.csv")
    }


@each("bundle")
def test_a_bundle(name: str, tmp_path: Path, pinned: dict[str, FindSender], tally: Tally) -> None:
    vector = FACTS[name]
    reader = Reader(tmp_path / "home", vector["reader"], pinned[vector["reader"]])
    for i, before in enumerate(vector["before"]):
        reader.unpack(path_of(before["file"], tmp_path), tmp_path / f"before-{i}", before["now"])
    output = tmp_path / "output"
    assert outcome_of(reader, path_of(name, tmp_path), output, vector) == vector["outcome"]
    tables = released(output)
    assert len(tables) == vector["n_plaintext_tables"]
    assert tables == vector.get("tables", {})
    if vector["outcome"] != "ok":
        assert [path for path in output.rglob("*") if path.is_file()] == []
        left = {path.name for path in tmp_path.iterdir()} - {"home", "output", "fresh"}
        assert left == {f"before-{i}" for i in range(len(vector["before"]))}
    count(tally, vector)


@each("card")
def test_a_card(name: str, tmp_path: Path, tally: Tally) -> None:
    vector = FACTS[name]
    contacts = ContactBook(tmp_path / "contacts")
    pin_in_turn(contacts, "fred", vector["follows"])
    pinned = [contact.fingerprint for contact in contacts.list()]
    card_outcome = "ok"
    try:
        contacts.pin(
            read_card(bytes_of(name)),
            "fred",
            pinned_at=PINNED_AT,
            replaces="fred" if vector["follows"] else None,
        )
    except SecurexferError as error:
        card_outcome = error.code
    assert card_outcome == vector["outcome"]
    count(tally, vector)
    if card_outcome != "ok":
        assert [contact.fingerprint for contact in contacts.list()] == pinned
        return
    (contact,) = contacts.list()
    assert vector["card"] == {
        "name": contact.card.name,
        "fingerprint": contact.fingerprint,
        "spoken": format_fingerprint(contact.fingerprint),
        "generation": contact.card.generation,
    }
    assert [one.fingerprint for one in contact.former] == [
        VECTORS[file]["card"]["fingerprint"] for file in reversed(vector["follows"])
    ]


@each("identity")
def test_an_identity_file(name: str, tally: Tally) -> None:
    vector = FACTS[name]
    identity, outcome = None, "ok"
    try:
        identity = decrypt_identity(bytes_of(name), vector["passphrase"])
    except SecurexferError as error:
        outcome = error.code
    assert outcome == vector["outcome"]
    count(tally, vector)
    if identity is None:
        return
    assert vector["identity"] == {
        "fingerprint": identity.fingerprint,
        "former": [keys.fingerprint for keys in identity.former],
        "pseudonym_secret_sha256": hashlib.sha256(identity.pseudonym_secret).hexdigest(),
    }


def test_the_folder_and_the_list_agree() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()}
    assert found == {name: vector["sha256"] for name, vector in VECTORS.items()}
    assert len(VECTORS) == len(FILE["vectors"])


def test_what_is_listed_is_what_the_generator_says() -> None:
    listed = [{**vector, "sha256": ""} for vector in FILE["vectors"]]
    said = [{**vector.described(), "sha256": ""} for vector in MADE if vector.kept]
    assert json.loads(json.dumps(said)) == listed
    assert people() == FILE["people"]


def test_the_words_of_the_list_are_known() -> None:
    for vector in VECTORS.values():
        assert vector["outcome"] in SLUGS | {"ok"}
        assert vector["kind"] in {"bundle", "card", "identity"}
        expected = {"file", "about", "rules", "outcome", "kind", "sha256"}
        if vector["kind"] == "bundle":
            assert (vector["n_plaintext_tables"] > 0) == (vector["outcome"] == "ok")
            expected |= {"reader", "now", "older", "before", "n_plaintext_tables"}
            if vector["outcome"] == "ok":
                expected |= {"tables", "manifest", "hands", "unverified"}
            assert format_instant(parse_instant(vector["now"])) == vector["now"]
        elif vector["kind"] == "card":
            expected |= {"follows"} | ({"card"} if vector["outcome"] == "ok" else set())
        else:
            expected |= {"passphrase"} | ({"identity"} if vector["outcome"] == "ok" else set())
        assert set(vector) == expected


def test_the_rules_that_are_named_exist() -> None:
    page = (HERE.parent.parent / "docs" / "format.md").read_text("utf-8")
    for vector in FACTS.values():
        for rule in vector["rules"]:
            assert f"- **{rule}.**" in page


def test_the_files_are_small() -> None:
    files = [path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) < 3_600_000
    assert {name.split(".")[0] for name in FRESH} == NOT_KEPT


def test_the_generators_do_without_securexfer() -> None:
    sources = [*HERE.glob("generate_*.py"), *(HERE / "cases").glob("*.py")]
    for path in [*sources, *(HERE / "format1").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("securexfer") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("securexfer")
    code = "import sys; import tests.vectors.generate_bundles, tests.vectors.generate_statements; "
    code += "sys.exit(any(name.split('.')[0] == 'securexfer' for name in sys.modules))"
    subprocess.run([sys.executable, "-c", code], cwd=HERE.parent.parent, check=True)
