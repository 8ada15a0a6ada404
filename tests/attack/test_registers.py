"""Registers that somebody changed who has no keys: each change is found."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.crypto.document import sign_document
from securexfer.custody.entry import hash_line, public_keys
from securexfer.custody.refusal import record_refusal
from securexfer.custody.register import Actor, Register
from securexfer.errors import NotForThisIdentityError, RegisterDamagedError, RegisterError
from securexfer.pinning import pin_contact, remove_contact
from tests.assurance import Tally
from tests.world import World, keep_all

N_CHANGES, N_CHANGES_SOAK = 1_500, 10_000
SEED = 20261126
Change = Callable[[bytes, random.Random], bytes]


def edit(data: bytes, chance: random.Random) -> bytes:
    """A byte becomes another one, or a few do."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 3, 20))):
        offset = chance.randrange(len(changed))
        changed[offset] = (changed[offset] + chance.randrange(1, 256)) % 256
    return bytes(changed)


def edit_text(data: bytes, chance: random.Random) -> bytes:
    """A letter or digit becomes another one, so that all is well-formed."""
    offset = chance.choice([n for n in range(len(data)) if data[n : n + 1].isalnum()])
    other = chance.choice(b"abcdefghijklmnopqrstuvwxyz0123456789")
    return data[:offset] + bytes([other]) + data[offset + 1 :]


def delete(data: bytes, chance: random.Random) -> bytes:
    """Some bytes go."""
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.choice((1, 1, 10, 1000)) :]


def insert(data: bytes, chance: random.Random) -> bytes:
    """Some bytes come, before or between what is there."""
    start = chance.randrange(len(data))
    piece = chance.choice((b"\n", b"{}\n", chance.randbytes(chance.randrange(1, 100))))
    return data[:start] + piece + data[start:]


def drop_entry(data: bytes, chance: random.Random) -> bytes:
    """A whole line goes."""
    lines = data.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def repeat_entry(data: bytes, chance: random.Random) -> bytes:
    """A whole line comes a second time, somewhere."""
    lines = data.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"".join(lines)


def swap_entries(data: bytes, chance: random.Random) -> bytes:
    """Two lines change places."""
    lines = data.splitlines(keepends=True)
    one, other = chance.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def truncate(data: bytes, chance: random.Random) -> bytes:
    """The end goes: anywhere, or between two lines."""
    if chance.random() < 0.5:
        return data[: chance.randrange(len(data))]
    lines = data.splitlines(keepends=True)
    return b"".join(lines[: chance.randrange(len(lines))])


CHANGES: tuple[Change, ...] = (
    edit,
    edit_text,
    delete,
    insert,
    drop_entry,
    repeat_entry,
    swap_entries,
    truncate,
)


def fill(world: World) -> Path:
    """A register with an entry of each usual kind."""
    ann = world.ann
    who, clock = (ann.identity, ann.register), world.clock
    pin_contact(ann.contacts, world.eve.identity.card, "eve", *who, clock=clock)
    for recipient in (world.bob, world.cat):
        folder = world.drive / recipient.name
        folder.mkdir()
        packed = ann.pack({"t": b"x,y\n1,2\n"}, keep_all("t", ["x"]), [recipient], folder)
        error = NotForThisIdentityError("It is for others.")
        claims = {"bundle_id": packed.manifest.bundle_id}
        record_refusal(ann.register, ann.identity, error, claims, clock())
    remove_contact(ann.contacts, "eve", *who, clock=clock)
    return ann.home / "register.jsonl"


def test_every_random_change_is_found(world: World, tally: Tally, soak: bool) -> None:
    path = fill(world)
    log, head = path.read_bytes(), path.with_name("register.head").read_bytes()
    keys = public_keys(world.ann.identity)
    chance = random.Random(SEED)
    n_changes = N_CHANGES_SOAK if soak else N_CHANGES
    for number in range(n_changes):
        change = CHANGES[number % len(CHANGES)]
        # A tenth of them are of the head, which is one line.
        of_head = number % 10 == 9 and change in CHANGES[:4]
        before = head if of_head else log
        after = change(before, chance)
        while after == before:
            after = change(before, chance)
        path.write_bytes(log if of_head else after)
        path.with_name("register.head").write_bytes(after if of_head else head)
        try:
            Register(path, Actor("ann", "desk")).verify(keys)
        except RegisterError:
            continue
        pytest.fail(f"change {number}, {change.__name__}, was not found")
    tally.count("register", "random edits, deletions, swaps and truncations, all found", n_changes)
    path.write_bytes(log)
    path.with_name("register.head").write_bytes(head)
    Register(path, Actor("ann", "desk")).verify(keys)


def test_what_was_changed_before_is_not_added_to(world: World, tally: Tally, soak: bool) -> None:
    """`append` decodes nothing, and finds all the same what does not lead up to the head."""
    path = fill(world)
    log = path.read_bytes()
    chance = random.Random(SEED)
    n_changes = 2_000 if soak else 300
    for number in range(n_changes):
        change = CHANGES[number % len(CHANGES)]
        after = change(log, chance)
        while after == log:
            after = change(log, chance)
        path.write_bytes(after)
        with pytest.raises(RegisterDamagedError):
            Register(path, Actor("ann", "desk")).append(
                world.ann.identity, "drill", {}, world.clock()
            )
        assert path.read_bytes() == after
    tally.count("register", "changed registers that no entry was added to", n_changes)


def test_a_chain_that_was_made_anew_is_found_by_its_signatures(world: World) -> None:
    """Hashes anybody can compute, and head and lines too: only not sign them."""
    path = fill(world)
    lines = path.read_bytes().splitlines()
    previous, remade = "0" * 64, []
    for number, entry in enumerate(world.ann.register.entries(), start=1):
        payload = {
            "at": "2026-11-22T09:30:00Z",
            "details": {**entry.details, "name": "mallory"},
            "event": entry.event,
            "host": entry.actor.host,
            "identity": entry.identity,
            "number": number,
            "previous_sha256": previous,
            "user": entry.actor.user,
        }
        remade.append(sign_document(payload, ("register", world.eve.identity.keys)).encode())
        previous = hash_line(remade[-1])
    assert len(remade) == len(lines)
    path.write_bytes(b"".join(line + b"\n" for line in remade))
    head = {"count": len(remade), "head_sha256": previous, "securexfer_register_head": 1}
    document = sign_document(head, ("register", world.eve.identity.keys))
    path.with_name("register.head").write_bytes(document.encode() + b"\n")
    register = Register(path, Actor("ann", "desk"))
    assert len(register.entries()) == len(lines)
    with pytest.raises(RegisterDamagedError, match="Entry 1"):
        register.verify(public_keys(world.ann.identity))
    with pytest.raises(RegisterDamagedError, match="signature"):
        register.append(world.ann.identity, "drill", {}, world.clock())
