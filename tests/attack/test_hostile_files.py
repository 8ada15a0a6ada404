"""Files that somebody else wrote, damaged in their structure and signed all the same.

Whoever signs them may be malicious, so the damage lies behind valid signatures and hash chains
where there are any. Whatever comes: it is read, or refused by an error of the right family.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from securexfer.bundle import reader
from securexfer.crypto import identity as identity_module
from securexfer.crypto import passphrase
from securexfer.crypto.canonical import encode_canonical
from securexfer.crypto.card import read_card
from securexfer.crypto.document import SignedDocument
from securexfer.crypto.identity import (
    decrypt_identity,
    encrypt_identity,
    read_identity_card,
    rotate_identity,
)
from securexfer.crypto.keys import PrivateKeys
from securexfer.crypto.signing import Kind, sign
from securexfer.errors import RegisterError, SecurexferError
from securexfer.filing import import_certificate, import_extension, import_receipt
from securexfer.leftovers import sweep_leftovers
from securexfer.reporting import SilentReporter
from tests.assurance import Tally
from tests.attack.face import Face
from tests.attack.face import face as face
from tests.attack.impostor import Scene
from tests.attack.mutation import cut_up, damage, spell, toml
from tests.attack.notary import Exchange, document_of, seal_content
from tests.world import AGREEMENT, START, World, minimise_table, read

SEED = 20261124


@pytest.fixture
def n_cases(soak: bool) -> int:
    return 3000 if soak else 300


def put_in_place(content: bytes, _: bytes) -> bytes:
    """An edit that leaves nothing of what was there."""
    return content


def signed(payload: bytes, kind: Kind, keys: PrivateKeys) -> bytes:
    """Any bytes as a signed document; what is no text can't be one."""
    signature = sign(keys, kind, payload)
    document = SignedDocument(payload, {(kind, keys.fingerprint): signature})
    try:
        return document.encode()
    except ValueError:
        return payload


class Outcomes:
    """How many cases were read, and how many refused by which class."""

    def __init__(self, *families: int) -> None:
        self.families = families
        self.n_read = 0
        self.refused: dict[str, int] = {}

    def take(self, case: Callable[[], object]) -> bool:
        """Run a case; whether it was read. Anything but a refusal of these families is raised."""
        try:
            case()
        except SecurexferError as error:
            if error.exit_code not in self.families:
                raise
            self.refused[error.code] = self.refused.get(error.code, 0) + 1
            return False
        self.n_read += 1
        return True

    def check(self, tally: Tally, what: str, n_cases: int) -> None:
        n_refused = sum(self.refused.values())
        assert self.n_read + n_refused == n_cases
        # Most damage shows; without any that doesn't, nothing was tried behind the first check.
        assert n_refused > n_cases / 2
        tally.count("input", f"{what} damaged in structure: read, or refused as such", n_cases)


def test_cards(world: World, n_cases: int, tally: Tally) -> None:
    random, outcomes = Random(SEED), Outcomes(30)
    cards = [world.eve.identity.card, rotate_identity(world.eve.identity, rotated_at=START).card]
    for number in range(n_cases):
        card = cards[number % 2]
        data = spell(damage(card.document.claimed(), random), random)
        data = signed(data, "card", world.eve.identity.keys)
        if number % 5 == 0:
            data = spell(damage(json.loads(card.document.encode()), random), random)
        path = world.folder / "eve.card"
        path.write_bytes(data)

        def pin(path: Path = path) -> None:
            pinned = world.bob.contacts.pin(read_card(path.read_bytes()), "eve", pinned_at=START)
            assert world.bob.contacts.get("eve") == pinned

        outcomes.take(pin)
        with suppress(SecurexferError):
            world.bob.contacts.remove("eve")
    outcomes.check(tally, "cards", n_cases)


def test_contact_files(world: World, face: Face, n_cases: int, tally: Tally) -> None:
    random, outcomes = Random(SEED), Outcomes(30)
    path = world.bob.home / "contacts" / "ann.json"
    honest = json.loads(path.read_bytes())
    for _ in range(n_cases):
        path.write_bytes(spell(damage(honest, random), random))
        outcomes.take(world.bob.contacts.list)
    outcomes.check(tally, "files of contacts", n_cases)


def test_identity_files(
    world: World, n_cases: int, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Argon2id would take most of the time; its bounds are checked before it is run.
    monkeypatch.setattr(passphrase, "_key", lambda text, _: hashlib.sha256(text.encode()).digest())
    random, outcomes = Random(SEED), Outcomes(30)
    rotated = rotate_identity(world.ann.identity, rotated_at=START)
    honest = json.loads(encrypt_identity(rotated, "a passphrase"))
    for number in range(n_cases):
        if number % 2:
            data = spell(damage(honest, random), random)
        else:
            # What is inside, encrypted under the passphrase.
            def encode_damaged(value: Any) -> bytes:
                is_private = isinstance(value, dict) and "pseudonym_secret" in value
                return (
                    spell(damage(value, random), random) if is_private else encode_canonical(value)
                )

            with monkeypatch.context() as patch:
                patch.setattr(identity_module, "encode_canonical", encode_damaged)
                data = encrypt_identity(rotated, "a passphrase")

        def unlock(data: bytes = data) -> None:
            read_identity_card(data)
            assert decrypt_identity(data, "a passphrase").fingerprint == rotated.fingerprint

        outcomes.take(unlock)
    outcomes.check(tally, "identity files", n_cases)


def test_registers(world: World, face: Face, n_cases: int, tally: Tally) -> None:
    """The chain of hashes holds, and so do the signatures: only what an entry says is damaged."""
    random, outcomes = Random(SEED), Outcomes(60, 70)
    scene = Scene(world)
    bob = world.bob
    bob.unpack(scene.path, world.folder / "opened")
    lines = (bob.home / "register.jsonl").read_bytes().splitlines()
    keys = bob.identity.keys
    face.run(bob, "register", "list")
    for number in range(n_cases):
        payload = SignedDocument.decode(lines[number % 2]).claimed()
        payload = damage(payload if number % 3 else {**payload, "event": "packed"}, random)
        if isinstance(payload, dict) and number % 4:
            payload["previous_sha256"] = "0" * 64
            payload["number"] = 1
        line = signed(spell(payload, random), "register", keys)
        head = {
            "count": 1,
            "head_sha256": hashlib.sha256(line).hexdigest(),
            "securexfer_register_head": 1,
        }
        head = damage(head, random) if number % 7 == 0 else head
        (bob.home / "register.jsonl").write_bytes(line + b"\n")
        text = signed(spell(head, random), "register", keys)
        (bob.home / "register.head").write_bytes(text + b"\n")

        def use() -> None:
            bob.register.entries()
            with suppress(RegisterError):
                bob.register.verify({keys.fingerprint: keys.public})
            with bob.verify(scene.path, older=True):
                pass
            sweep_leftovers(
                bob.identity, bob.register, clock=world.clock, reporter=SilentReporter()
            )
            for command in (["list"], ["show", scene.forgery.envelope["bundle_id"]]):
                answer = face.run(bob, "register", *command)
                assert answer.exit_code in (0, 2, 70), answer.printed

        outcomes.take(use)
    outcomes.check(tally, "registers", n_cases)


def test_envelopes(world: World, n_cases: int, tally: Tally) -> None:
    random, outcomes = Random(SEED), Outcomes(40, 50, 60)
    scene = Scene(world)
    honest: dict[str, Any] = {}

    def remember(envelope: dict[str, Any]) -> None:
        honest.update(envelope)

    scene.forgery.edit_envelope = remember
    scene.forgery.assemble()
    for _ in range(n_cases):
        content = spell(damage(honest, random), random)
        scene.forgery.edit_envelope_bytes = partial(put_in_place, content)
        scene.write()

        def open_it() -> None:
            with world.bob.verify(scene.path):
                pass

        outcomes.take(open_it)
    outcomes.check(tally, "envelopes", n_cases)


def test_manifests(
    world: World, n_cases: int, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room of two gigabytes may be claimed and not be there: then the disk is called full."""
    random, outcomes = Random(SEED), Outcomes(60, 80)
    scene = Scene(world)
    with world.bob.verify(scene.path) as verified:
        honest = verified.manifest.descriptor()
    register = (world.bob.home / "register.jsonl", world.bob.home / "register.head")
    for number in range(n_cases):
        block = damage(honest["securexfer"], random)
        content = spell({**honest, "securexfer": block}, random)
        monkeypatch.setattr(reader, "_read_whole", lambda *_, content=content: content)
        output = world.folder / f"out-{number}"
        if outcomes.take(partial(world.bob.unpack, scene.path, output)):
            (table,) = output.glob("*.csv")
            assert table.read_bytes() == b"x\n1\n"
        else:
            assert not output.exists()
        for path in register:
            path.unlink(missing_ok=True)
    outcomes.check(tally, "manifests", n_cases)


def test_receipts_and_certificates(world: World, n_cases: int, tally: Tally) -> None:
    """Damaged in what was signed, in what was sealed, and in what stands outside."""
    random, outcomes = Random(SEED), Outcomes(40, 50, 60)
    exchange = Exchange(world)
    keys, addressee = world.bob.identity.keys, world.ann.identity.keys
    cabinet = exchange.cabinet(world.ann)
    files: list[tuple[Kind, bytes, Callable[..., Any]]] = [
        ("receipt", exchange.receipt, import_receipt),
        ("destruction", exchange.certificate, import_certificate),
    ]
    for number in range(n_cases):
        kind, honest, take = files[number % 2]
        document = document_of(honest, addressee)
        if number % 5 == 0:
            data = spell(damage(json.loads(honest), random), random)
        else:
            line = spell(damage(json.loads(document.encode()), random), random)
            if number % 5 > 1:
                line = signed(spell(damage(document.claimed(), random), random), kind, keys)
            data = seal_content(line + b"\n", kind, addressee.public)
        outcomes.take(partial(take, data, cabinet, older=True))
    outcomes.check(tally, "receipts and certificates", n_cases)


def test_extensions(world: World, n_cases: int, tally: Tally) -> None:
    random, outcomes = Random(SEED), Outcomes(50, 60)
    exchange = Exchange(world)
    honest = SignedDocument.decode(exchange.extend(exchange.packed).path.read_bytes()[:-1])
    cabinet = exchange.cabinet(world.bob)
    for number in range(n_cases):
        data = spell(damage(json.loads(honest.encode()), random), random)
        if number % 4:
            payload = spell(damage(honest.claimed(), random), random)
            data = signed(payload, "extension", world.ann.identity.keys)
        outcomes.take(partial(import_extension, data, cabinet))
        if number % 10 == 0:
            with suppress(SecurexferError), world.bob.verify(exchange.packed.path):
                pass
    outcomes.check(tally, "extensions", n_cases)


RECIPE = (
    AGREEMENT
    + """
recipients = ["bob"]
[pseudonyms]
linkage = "agreement"
epoch = "2026"
[tables.t]
columns = "withhold"
csv = { delimiter = ",", quote = '"', encoding = "utf-8", trim = false }
[tables.t.fields]
a = { action = "keep" }
b = { from = "a", action = "pseudonymise", domain = "person" }
c = { from = "d", action = "year", format = ["%Y", "%d/%m/%y"], pivot = 30 }
e = { from = "d", action = "month", format = "%Y-%m-%d" }
f = { from = "a", action = "band", width = 5, bottom = 0, top = 10 }
g = { action = "constant", value = "x" }
"""
)


def use_recipe(data: bytes) -> None:
    """Read it; damage may have given it a second table, and there is one extract."""
    if len(read(data).recipe.tables) == 1:
        minimise_table(b"a,d\n1,2026-01-02\n", data)


def test_recipes(n_cases: int, tally: Tally) -> None:
    random, outcomes = Random(SEED), Outcomes(10, 20)
    honest = tomllib.loads(RECIPE)
    for number in range(n_cases):
        data = toml(damage(honest, random))
        if number % 4 == 0:
            data = cut_up(RECIPE.encode(), random)
        outcomes.take(partial(use_recipe, data))
    outcomes.check(tally, "recipes", n_cases)
