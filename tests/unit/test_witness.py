"""Heads that lie elsewhere: they show what nobody can see who looks at the register alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer.auditing import read_witness
from securexfer.crypto.identity import rotate_identity
from securexfer.custody.entry import public_keys
from securexfer.custody.register import Actor, Register
from securexfer.custody.witness import Witness, compare_witness
from securexfer.errors import (
    BundleAlteredError,
    RegisterContradictedError,
    UsageError,
)
from securexfer.reporting import SilentReporter
from tests.world import START, Person, World, keep_all

RECIPE = keep_all("t", ["x"])


def pack(world: World, n: int) -> Path:
    folder = world.drive / f"{n}"
    folder.mkdir()
    return world.ann.pack({"t": b"x\n1\n"}, RECIPE, [world.bob], folder).path


def read(person: Person, path: Path) -> Witness:
    return read_witness(path, public_keys(person.identity), SilentReporter())


def compare(person: Person, path: Path) -> int:
    entries = Register(person.home / "register.jsonl", Actor("ann", "desk")).verify(
        public_keys(person.identity)
    )
    return compare_witness(entries, read(person, path))


def rewrite(person: Person, edit: Callable[[list[tuple[str, dict[str, Any]]]], None]) -> None:
    """What somebody can do who holds the identity: a new register, valid in itself."""
    told = [(entry.event, dict(entry.details)) for entry in person.register.entries()]
    edit(told)
    for name in ("register.jsonl", "register.head"):
        (person.home / name).unlink()
    register = Register(person.home / "register.jsonl", Actor("ann", "desk"))
    for event, details in told:
        register.append(person.identity, event, details, START)
    register.verify(public_keys(person.identity))


def export(person: Person, path: Path, first: int = 0) -> Path:
    entries = person.register.entries()
    listed = [{"number": e.number, "sha256": e.sha256} for e in entries[first:]]
    document = {
        "entries": listed,
        "head_sha256": entries[-1].sha256,
        "n_entries": len(entries),
    }
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def paths(world: World) -> dict[str, Path]:
    """A register of three entries, and all that can vouch for it; then two more entries."""
    ann = world.ann
    ann.register.append(ann.identity, "identity-created", {}, START)
    found = {"bundle": pack(world, 1)}
    ann.register.append(ann.identity, "drill", {"n": 1}, START)
    for name in ("register.head", "register.jsonl"):
        copy = world.folder / f"copy of {name}"
        copy.write_bytes((ann.home / name).read_bytes())
        found[name] = copy
    found["export"] = export(ann, world.folder / "export.json")
    found["later part"] = export(ann, world.folder / "part.json", 2)
    ann.register.append(ann.identity, "drill", {"n": 2}, START)
    pack(world, 2)
    return found


KINDS = {
    "bundle": ("bundle", 2),
    "register.head": ("head", 3),
    "register.jsonl": ("copy", 3),
    "export": ("export", 3),
    "later part": ("export", 3),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_was_taken_from_it_agrees(world: World, paths: dict[str, Path], name: str) -> None:
    kind, number = KINDS[name]
    assert read(world.ann, paths[name]).kind == kind
    assert compare(world.ann, paths[name]) == number


@pytest.mark.parametrize("name", KINDS)
def test_a_register_that_was_written_anew_is_contradicted(
    world: World, paths: dict[str, Path], name: str
) -> None:
    """Though every signature in it is valid."""
    rewrite(world.ann, lambda told: told[0][1].update(note="other"))
    with pytest.raises(RegisterContradictedError, match=paths[name].name):
        compare(world.ann, paths[name])


@pytest.mark.parametrize("name", KINDS)
def test_a_register_that_ends_earlier_now_is_contradicted(
    world: World, paths: dict[str, Path], name: str
) -> None:
    rewrite(world.ann, lambda told: told.__delitem__(slice(1, None)))
    with pytest.raises(RegisterContradictedError):
        compare(world.ann, paths[name])


def test_a_bundle_without_its_entry_is_named(world: World, paths: dict[str, Path]) -> None:
    world.clock.move(days=1)
    before = world.ann.register.entries()
    packed = pack(world, 3)
    entry = world.ann.register.entries()[-1]
    witness = read(world.ann, packed)
    with pytest.raises(RegisterContradictedError, match="no entry about that bundle"):
        compare_witness(before, witness)
    assert compare_witness([*before, entry], witness) == entry.number
    swapped = Witness("x", "bundle", witness.heads, witness.bundle_id, "0" * 64)
    with pytest.raises(RegisterContradictedError, match="other content"):
        compare_witness([*before, entry], swapped)
    late = Witness("x", "bundle", ((0, entry.sha256),), witness.bundle_id, witness.bundle_sha256)
    with pytest.raises(RegisterContradictedError, match="before others"):
        compare_witness([*before, entry], late)


def test_a_head_of_another_place_in_the_register_is_contradicted(world: World) -> None:
    for n in range(3):
        world.ann.register.append(world.ann.identity, "drill", {"n": n}, START)
    entries = world.ann.register.entries()
    right = Witness("x", "head", ((2, entries[1].sha256),))
    assert compare_witness(entries, right) == 2
    wrong = Witness("x", "head", ((3, entries[1].sha256),))
    with pytest.raises(RegisterContradictedError, match="its entry 3"):
        compare_witness(entries, wrong)


def test_an_empty_register_is_a_head_too(world: World) -> None:
    path = pack(world, 1)
    assert read(world.ann, path).heads == ((0, "0" * 64),)
    assert compare(world.ann, path) == 1


def test_a_former_key_may_have_signed_the_bundle(world: World, paths: dict[str, Path]) -> None:
    world.ann.identity = rotate_identity(world.ann.identity, rotated_at=START)
    assert compare(world.ann, paths["bundle"]) == 2
    assert compare(world.ann, paths["register.head"]) == 3


class TestWhatIsNoWitness:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"id,name\n",
            b"{}",
            b"[]",
            b'{"entries":7}',
            b'{"entries":[],"n_entries":0,"head_sha256":"x"}',
            b'{"entries":[{"number":0,"sha256":"' + b"0" * 64 + b'"}],"n_entries":1,"head_sha256":"'
            + b"0" * 64 + b'"}',
            b'{"entries":[{"number":1}],"n_entries":1,"head_sha256":"' + b"0" * 64 + b'"}',
            b"[" * 100_000,
            b'{"payload":"',
            b"\xff\xfe",
        ],
    )  # fmt: skip
    def test_another_file(self, world: World, content: bytes) -> None:
        path = world.folder / "file"
        path.write_bytes(content)
        with pytest.raises(UsageError):
            read(world.ann, path)

    def test_a_path_to_nothing(self, world: World) -> None:
        for path in (world.folder / "none", world.folder):
            with pytest.raises(UsageError, match=r"can't be read|is not a file"):
                read(world.ann, path)

    def test_somebody_elses_bundle_or_head(self, world: World, paths: dict[str, Path]) -> None:
        with pytest.raises(UsageError, match="not packed by this identity"):
            read(world.bob, paths["bundle"])
        with pytest.raises(UsageError, match="not signed by this identity"):
            read(world.bob, paths["register.head"])

    def test_a_bundle_that_was_altered(self, world: World, paths: dict[str, Path]) -> None:
        data = bytearray(paths["bundle"].read_bytes())
        data[100] ^= 1
        paths["bundle"].write_bytes(data)
        with pytest.raises(BundleAlteredError):
            read(world.ann, paths["bundle"])
