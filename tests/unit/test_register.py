"""The register: append-only, chained, signed; a cut or an edit shows, a crash does not lose."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.identity import Identity, rotate_identity
from securexfer.crypto.keys import PublicKeys
from securexfer.custody.entry import decode_entry, encode_entry, follows, hash_line
from securexfer.custody.head import sign_head
from securexfer.custody.register import START as NOTHING
from securexfer.custody.register import Actor, Entry, Register, head_sha256
from securexfer.errors import (
    DiskFullError,
    RegisterDamagedError,
    RegisterError,
    SecurexferError,
    UsageError,
)
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


def head_of(world: World) -> Path:
    return world.ann.home / "register.head"


def write_behind(world: World, identity: Identity, n_lines: int = 1) -> None:
    """Add lines that chain, as somebody would who does not have the program write the head."""
    path = path_of(world)
    lines = path.read_bytes().splitlines()
    for _ in range(n_lines):
        lines.append(
            encode_entry(
                identity,
                "drill",
                {},
                START,
                actor=Actor("ann", "desk"),
                number=len(lines) + 1,
                previous=hash_line(lines[-1]),
            )
        )
    path.write_bytes(b"".join(line + b"\n" for line in lines))


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
    with pytest.raises(RegisterDamagedError, match="signature of this identity"):
        filled.append(world.eve.identity, "drill", {}, START)
    write_behind(world, world.eve.identity)
    with pytest.raises(RegisterDamagedError, match="Entry 6"):
        filled.verify(keys_of(world))
    with pytest.raises(RegisterDamagedError, match="Entry 6"):
        filled.append(world.ann.identity, "drill", {}, START)


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


def test_a_last_line_that_was_stored_in_part_is_repaired_unless_the_head_counts_it(
    world: World, filled: Register
) -> None:
    path, head = path_of(world), world.ann.home / "register.head"
    before, counted = path.read_bytes(), head.read_bytes()
    filled.append(world.ann.identity, "drill", {}, START)
    whole, line = path.read_bytes(), len(before)
    torn = whole[:line] + bytes(4096) + whole[line + 4096 :]
    assert torn.endswith(b"\n")
    path.write_bytes(torn)
    with pytest.raises(RegisterError, match="Entry 6"):
        filled.entries()
    head.write_bytes(counted)
    assert len(filled.verify(keys_of(world))) == 5
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


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize(
    ("error", "kind"), [(errno.EIO, RegisterError), (errno.ENOSPC, DiskFullError)]
)
def test_an_entry_that_can_not_be_stored_is_taken_back_unless_the_head_counts_it(
    world: World,
    filled: Register,
    call: int,
    error: int,
    kind: type[SecurexferError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The line, the head, the folder that the head was renamed in.
    calls = iter(range(1, 100))

    def sync(_: int) -> None:
        if next(calls) == call:
            raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sync)
        with pytest.raises(kind):
            filled.append(world.ann.identity, "drill", {}, START)
    assert len(filled.verify(keys_of(world))) == (6 if call == 3 else 5)
    assert (world.ann.home / "register.head").exists()
    filled.append(world.ann.identity, "drill", {}, START)
    filled.verify(keys_of(world))


def test_a_register_that_can_not_be_written_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ann.register.append(world.ann.identity, "drill", {}, START)
    path_of(world).unlink()
    path_of(world).mkdir()
    with pytest.raises(RegisterError):
        world.ann.register.append(world.ann.identity, "drill", {}, START)


class TestTheHead:
    def test_it_is_there_before_the_first_entry(self, world: World) -> None:
        """So that a head that is gone is never what a crash left."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Register, "_store", lambda *_: None)
            world.ann.register.append(world.ann.identity, "drill", {}, START)
        assert SignedDocument.decode(head_of(world).read_bytes()[:-1]).claimed()["count"] == 0
        assert not path_of(world).exists()
        assert Register(path_of(world), Actor("ann", "desk")).entries() == []

    @pytest.mark.parametrize("n_lines", [1, 5])
    def test_without_it_nobody_can_say_whether_the_end_was_cut_off(
        self, world: World, filled: Register, n_lines: int
    ) -> None:
        lines = path_of(world).read_bytes().splitlines(keepends=True)
        path_of(world).write_bytes(b"".join(lines[:n_lines]))
        head_of(world).unlink()
        for use in (
            filled.entries,
            lambda: filled.verify(keys_of(world)),
            lambda: filled.append(world.ann.identity, "drill", {}, START),
            lambda: filled.check_writable(world.ann.identity),
        ):
            with pytest.raises(RegisterDamagedError, match="head is missing"):
                use()

    def test_a_cut_is_not_covered_up_by_the_next_entry(
        self, world: World, filled: Register
    ) -> None:
        """Who has no keys can cut the log and make up a head; it must not be signed over then."""
        lines = path_of(world).read_bytes().splitlines()
        path_of(world).write_bytes(b"".join(line + b"\n" for line in lines[:3]))
        head_of(world).write_bytes(sign_head(3, hash_line(lines[2]), world.eve.identity.keys))
        assert len(filled.entries()) == 3
        before = path_of(world).read_bytes()
        with pytest.raises(RegisterDamagedError, match="signature of this identity"):
            filled.append(world.ann.identity, "drill", {}, START)
        with pytest.raises(RegisterDamagedError, match="signature of this identity"):
            filled.verify(keys_of(world))
        assert path_of(world).read_bytes() == before

    @pytest.mark.parametrize("n_lines", [1, 4])
    def test_an_old_head_is_accepted_over_entries_that_are_signed(
        self, world: World, filled: Register, n_lines: int
    ) -> None:
        old = head_of(world).read_bytes()
        for _ in range(n_lines):
            filled.append(world.ann.identity, "drill", {}, START)
        head_of(world).write_bytes(old)
        assert filled.audit(keys_of(world)).n_uncounted == n_lines
        filled.append(world.ann.identity, "drill", {}, START)
        assert filled.audit(keys_of(world)).n_uncounted == 0
        assert len(filled.entries()) == 6 + n_lines

    @pytest.mark.parametrize(
        "edit",
        [
            lambda data: data[:-1],
            lambda data: data + b"\n",
            lambda data: data.replace(b'count\\":5', b'count\\":4'),
            lambda data: b"{}\n",
            lambda data: b"[]\n",
            lambda data: b"",
        ],
    )
    def test_any_edit_of_it_shows(self, world: World, filled: Register, edit: Any) -> None:
        head_of(world).write_bytes(edit(head_of(world).read_bytes()))
        with pytest.raises(RegisterDamagedError):
            filled.verify(keys_of(world))

    @pytest.mark.parametrize(
        "payload",
        [
            {"count": "5", "head_sha256": NOTHING, "securexfer_register_head": 1},
            {"count": 5, "head_sha256": 5, "securexfer_register_head": 1},
            {"count": 5, "head_sha256": NOTHING, "securexfer_register_head": 2},
            {"count": 5, "head_sha256": NOTHING},
            [],
            7,
        ],
    )
    def test_a_head_of_another_form_is_none(
        self, world: World, filled: Register, payload: Any
    ) -> None:
        document = sign_document(payload, ("register", world.ann.identity.keys))
        head_of(world).write_bytes(document.encode() + b"\n")
        with pytest.raises(RegisterDamagedError, match="head file is damaged"):
            filled.entries()

    def test_a_former_key_may_have_signed_it(self, world: World, filled: Register) -> None:
        rotated = rotate_identity(world.ann.identity, rotated_at=START)
        filled.append(rotated, "drill", {}, START)
        keys = {**keys_of(world), rotated.fingerprint: rotated.keys.public}
        assert len(filled.verify(keys)) == 6

    def test_but_not_behind_entries_of_the_present_one(
        self, world: World, filled: Register
    ) -> None:
        """Whoever stole a former key, and not the present one, writes on in the register."""
        rotated = rotate_identity(world.ann.identity, rotated_at=START)
        filled.append(rotated, "drill", {}, START)
        keys = {**keys_of(world), rotated.fingerprint: rotated.keys.public}
        assert len(filled.verify(keys)) == 6
        write_behind(world, world.ann.identity)
        lines = path_of(world).read_bytes().splitlines()
        head_of(world).write_bytes(
            sign_head(len(lines), hash_line(lines[-1]), world.ann.identity.keys)
        )
        with pytest.raises(RegisterDamagedError, match=r"Entry 7 .* signed with a former key"):
            filled.verify(keys)


class TestAppending:
    def test_it_decodes_no_old_line(
        self, world: World, filled: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What makes it quick, however long the log is."""
        decoded: list[int] = []

        def decode(line: bytes, number: int, previous: str) -> Entry:
            decoded.append(number)
            return decode_entry(line, number, previous)

        monkeypatch.setattr("securexfer.custody.chain.decode_entry", decode)
        fresh = Register(path_of(world), Actor("ann", "desk"))
        fresh.append(world.ann.identity, "drill", {}, START)
        assert decoded == []
        assert len(fresh.entries()) == 6
        assert decoded == [1, 2, 3, 4, 5, 6]
        fresh.append(world.ann.identity, "drill", {}, START, check=lambda entries: None)
        filled.append(world.ann.identity, "drill", {}, START)
        assert len(fresh.entries()) == 8
        assert decoded == [1, 2, 3, 4, 5, 6, 8]

    def test_it_sees_an_old_line_that_changed_since_it_was_read(
        self, world: World, filled: Register
    ) -> None:
        path = path_of(world)
        honest = path.read_bytes()
        assert len(filled.entries()) == 5
        for offset in range(0, len(honest), 997):
            altered = bytearray(honest)
            altered[offset] ^= 1
            path.write_bytes(altered)
            with pytest.raises(RegisterDamagedError):
                filled.append(world.ann.identity, "drill", {}, START)
            assert path.read_bytes() == altered
        path.write_bytes(honest)
        assert len(filled.verify(keys_of(world))) == 5

    def test_a_check_sees_what_others_added_since_it_was_read(
        self, world: World, filled: Register
    ) -> None:
        other = Register(path_of(world), Actor("nightly", "server"))
        assert len(other.entries()) == 5
        filled.append(world.ann.identity, "drill", {"n": 5}, START)
        seen: list[Entry] = []
        other.append(world.ann.identity, "drill", {}, START, check=seen.extend)
        assert [entry.details.get("n") for entry in seen] == [0, 1, 2, 3, 4, 5]

    def test_a_check_that_refuses_leaves_everything_as_it_was(
        self, world: World, filled: Register
    ) -> None:
        def refuse(_: object) -> None:
            raise UsageError("no")

        before = path_of(world).read_bytes(), head_of(world).read_bytes()
        with pytest.raises(UsageError):
            filled.append(world.ann.identity, "drill", {}, START, check=refuse)
        assert (path_of(world).read_bytes(), head_of(world).read_bytes()) == before

    @pytest.mark.parametrize("details", [{"x": None}, {"x": 1.5}, {"x": "\ud800"}, {"x": True}])
    def test_what_can_not_be_written_down_is_not(
        self, world: World, filled: Register, details: dict[str, Any]
    ) -> None:
        with pytest.raises(RegisterError, match="can't hold"):
            filled.append(world.ann.identity, "drill", details, START)
        assert len(filled.verify(keys_of(world))) == 5

    def test_text_in_an_entry_can_not_pass_for_its_place_in_the_chain(
        self, world: World, filled: Register
    ) -> None:
        last = filled.entries()[-1]
        words = f'"number":7,"previous_sha256":"{last.sha256}","user":"'
        filled.append(world.ann.identity, "drill", {"note": words}, START)
        (line,) = path_of(world).read_bytes().splitlines()[5:]
        assert words.replace('"', '\\\\\\"').encode() in line
        assert follows(line, 6, last.sha256)
        assert not follows(line, 7, last.sha256)

    def test_a_line_that_is_longer_than_any_entry_is_damage_and_no_half_line(
        self, world: World, filled: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in ("chain", "log"):
            monkeypatch.setattr(f"securexfer.custody.{module}.MAX_LINE_BYTES", 10_000)
        with path_of(world).open("ab") as file:
            file.write(b"x" * 10_001)
        with pytest.raises(RegisterDamagedError, match="Entry 6"):
            filled.entries()

    def test_a_folder_that_can_not_lock_is_said_to_be_one(
        self, world: World, filled: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rather than a lock that is none: two runs at once would lose entries."""
        for error in (errno.ENOSYS, errno.ENOLCK):

            def flock(*_: object, error: int = error) -> None:
                raise OSError(error, os.strerror(error))

            with monkeypatch.context() as patch:
                patch.setattr("fcntl.flock", flock)
                with pytest.raises(RegisterError, match="can't lock"):
                    filled.append(world.ann.identity, "drill", {}, START)
        assert len(filled.verify(keys_of(world))) == 5

    def test_it_is_said_beforehand_whether_it_can_be_done(
        self, world: World, filled: Register
    ) -> None:
        before = path_of(world).read_bytes(), head_of(world).read_bytes()
        filled.check_writable(world.ann.identity)
        assert (path_of(world).read_bytes(), head_of(world).read_bytes()) == before
        with pytest.raises(RegisterDamagedError):
            filled.check_writable(world.eve.identity)
        path_of(world).rename(path_of(world).with_name("away"))
        with pytest.raises(RegisterDamagedError, match="lost entries"):
            filled.check_writable(world.ann.identity)


def test_a_half_written_line_is_reported_by_a_check(world: World, filled: Register) -> None:
    with path_of(world).open("ab") as file:
        file.write(b'{"payload":"{')
    assert filled.audit(keys_of(world)).n_torn_bytes == 13
    filled.append(world.ann.identity, "drill", {}, START)
    assert filled.audit(keys_of(world)).n_torn_bytes == 0


def test_others_can_add_while_signatures_are_checked(world: World, filled: Register) -> None:
    other = Register(path_of(world), Actor("nightly", "server"))
    added: list[Entry] = []

    class Keys(dict[str, PublicKeys]):
        def __getitem__(self, name: str) -> PublicKeys:
            if not added:
                added.append(other.append(world.ann.identity, "drill", {}, START))
            return super().__getitem__(name)

    assert len(filled.verify(Keys(keys_of(world)))) == 5
    assert len(filled.verify(keys_of(world))) == 6


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
