"""The register: append-only, chained, signed; a cut or an edit shows, a crash does not lose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.keys import PublicKeys
from securexfer.custody.register import START as NOTHING
from securexfer.custody.register import Actor, Register, head_sha256
from securexfer.errors import RegisterError
from tests.world import START, World


@pytest.fixture
def filled(world: World) -> Register:
    for number in range(5):
        world.ann.register.append(world.ann.identity, "drill", {"n": number}, START)
    return world.ann.register


def path_of(world: World) -> Path:
    return world.ann.home / "register.jsonl"


def keys_of(world: World) -> dict[str, PublicKeys]:
    return {world.ann.identity.fingerprint: world.ann.identity.keys.public}


def test_entries_are_chained_numbered_and_signed(world: World, filled: Register) -> None:
    entries = filled.verify(keys_of(world))
    assert [e.number for e in entries] == [1, 2, 3, 4, 5]
    assert [e.previous_sha256 for e in entries] == [NOTHING, *(e.sha256 for e in entries[:-1])]
    assert head_sha256(entries) == entries[-1].sha256
    assert entries[0].actor.user == "ann"


def test_every_changed_byte_shows(world: World, filled: Register) -> None:
    path = path_of(world)
    data = path.read_bytes()
    for offset in range(0, len(data), 211):
        altered = bytearray(data)
        altered[offset] ^= 1
        path.write_bytes(altered)
        with pytest.raises(RegisterError):
            filled.verify(keys_of(world))


def test_a_dropped_swapped_or_repeated_entry_shows(world: World, filled: Register) -> None:
    path = path_of(world)
    lines = path.read_bytes().splitlines(keepends=True)
    for altered in (
        lines[1:],
        lines[:2] + lines[3:],
        lines[:-1],
        [],
        [lines[1], lines[0], *lines[2:]],
        [*lines, lines[-1]],
    ):
        path.write_bytes(b"".join(altered))
        with pytest.raises(RegisterError):
            filled.verify(keys_of(world))
        with pytest.raises(RegisterError):
            filled.append(world.ann.identity, "drill", {}, START)


def test_somebody_elses_signature_does_not_count(world: World, filled: Register) -> None:
    filled.append(world.eve.identity, "drill", {}, START)
    with pytest.raises(RegisterError, match="Entry 6"):
        filled.verify(keys_of(world))


def test_a_half_written_last_line_is_repaired_without_losing_an_entry(
    world: World, filled: Register
) -> None:
    path = path_of(world)
    whole = path.read_bytes()
    for cut in (1, 100, 5000):
        path.write_bytes(whole + whole[:cut].replace(b"\n", b""))
        assert len(filled.entries()) == 5
    filled.append(world.ann.identity, "drill", {}, START)
    assert len(filled.verify(keys_of(world))) == 6


def test_a_crash_between_entry_and_head_loses_nothing(world: World, filled: Register) -> None:
    head = world.ann.home / "register.head"
    before = head.read_bytes()
    filled.append(world.ann.identity, "drill", {}, START)
    head.write_bytes(before)
    assert len(filled.entries()) == 6
    filled.append(world.ann.identity, "drill", {}, START)
    assert len(filled.verify(keys_of(world))) == 7


def test_a_register_that_can_not_be_written_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ann.register.append(world.ann.identity, "drill", {}, START)
    path_of(world).unlink()
    path_of(world).mkdir()
    with pytest.raises(RegisterError):
        world.ann.register.append(world.ann.identity, "drill", {}, START)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from securexfer.crypto.identity import create_identity
from securexfer.custody.register import Actor, Register
now = datetime.now(UTC)
identity = create_identity(name="x", organisation="", email="", created_at=now)
register = Register(Path(sys.argv[1]), Actor("x", "y"))
for n in range(5):
    register.append(identity, "drill", {"n": n}, now)
"""


def test_several_writers_at_once_lose_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "register.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) for _ in range(6)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 6
    entries = Register(path, Actor("x", "y")).entries()
    assert [e.number for e in entries] == list(range(1, 31))


OPENED = {
    "bundle_id": "a",
    "bundle_sha256": "b",
    "recipients": ["c"],
    "sender": "d",
    "sequence": 1,
}


@pytest.mark.parametrize(
    ("event", "details"),
    [
        ("packed", {"recipients": ["c"]}),
        ("packed", {"recipients": ["c"], "sequence": "1"}),
        ("packed", {"recipients": [["c"]], "sequence": 1}),
        ("password-released", {**OPENED, "sender": ["d"]}),
        ("unpack-started", OPENED),
        ("unpack-started", {**OPENED, "files": "t.csv", "folder": "."}),
        ("unpacked", {"folder": {}}),
        ("drill", {"bundle_id": 1}),
    ],
)
def test_an_entry_that_others_could_not_act_on_is_neither_written_nor_read(
    world: World, event: str, details: dict[str, Any]
) -> None:
    register = world.ann.register
    with pytest.raises(RegisterError):
        register.append(world.ann.identity, event, details, START)
    assert register.entries() == []
    payload = {
        "at": "2026-11-22T09:30:00Z",
        "details": details,
        "event": event,
        "host": "desk",
        "identity": world.ann.identity.fingerprint,
        "number": 1,
        "previous_sha256": NOTHING,
        "user": "ann",
    }
    line = sign_document(payload, ("register", world.ann.identity.keys)).encode()
    path_of(world).write_bytes(line + b"\n")
    with pytest.raises(RegisterError, match="Entry 1 of the register is damaged"):
        register.entries()


@pytest.mark.parametrize(
    ("name", "value"), [("identity", []), ("event", 7), ("user", {}), ("host", 1), ("details", "x")]
)
def test_an_entry_of_wrong_types_is_damaged(world: World, name: str, value: Any) -> None:
    """Even signed and chained: what follows relies on texts."""
    world.ann.register.append(world.ann.identity, "drill", {}, START)
    path = path_of(world)
    payload = SignedDocument.decode(path.read_bytes().rstrip(b"\n")).claimed()
    line = sign_document({**payload, name: value}, ("register", world.ann.identity.keys)).encode()
    path.write_bytes(line + b"\n")
    path.with_name("register.head").unlink()
    with pytest.raises(RegisterError, match="Entry 1 of the register is damaged"):
        world.ann.register.verify(keys_of(world))
