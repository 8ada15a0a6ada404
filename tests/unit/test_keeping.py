"""The identity, kept: another passphrase, a backup, new keys; and what each leaves when cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer.crypto.identity import Identity, create_identity, rotate_identity
from securexfer.custody.entry import public_keys
from securexfer.custody.register import Register
from securexfer.custody.succession import describe_rotation, former_cards
from securexfer.errors import (
    BackupInvalidError,
    BackupOlderError,
    IdentityChangedError,
    IdentityExistsError,
    KeyringLockedError,
    OutputError,
    PassphraseWrongError,
    RegisterError,
)
from securexfer.home.desk import Desk
from securexfer.home.keystore import Keystore
from securexfer.keeping import (
    change_passphrase,
    check_import,
    export_identity,
    import_identity,
    keep_new_identity,
    read_export,
    rotate,
)
from tests.world import START, Person, World

SECRET, OTHER = "the passphrase", "another passphrase"


class Drawer(Keystore):
    """A keyring in memory, with the real one's way to replace."""

    def __init__(self) -> None:
        object.__setattr__(self, "kept", {})
        object.__setattr__(self, "is_locked", False)

    kept: dict[str, str]
    is_locked: bool

    def lock(self) -> None:
        object.__setattr__(self, "is_locked", True)

    def read(self, account: str) -> str | None:
        return self.kept.get(account)

    def store(self, account: str, secret: str) -> None:
        if self.is_locked:
            raise KeyringLockedError("The keyring is locked.")
        self.kept[account] = secret

    def remove(self, account: str) -> None:
        self.kept.pop(account, None)


@pytest.fixture
def ann(world: World) -> Person:
    desk_of(world.ann).save_new_identity(world.ann.identity, SECRET)
    return world.ann


def desk_of(person: Person) -> Desk:
    return Desk(person.home)


def turn(person: Person, keystore: Keystore | None = None) -> Identity:
    return rotate(
        person.identity, SECRET, desk_of(person), keystore, person.register, clock=person.clock
    )


class TestAnotherPassphrase:
    def test_opens_and_the_old_one_does_not(self, ann: Person) -> None:
        desk, before = desk_of(ann), desk_of(ann).identity_path.read_bytes()
        change_passphrase(ann.identity, OTHER, desk, None)
        assert desk.unlock(OTHER) == ann.identity
        with pytest.raises(PassphraseWrongError):
            desk.unlock(SECRET)
        assert desk.identity_path.read_bytes() != before

    def test_is_not_set_on_an_identity_that_has_changed_meanwhile(self, ann: Person) -> None:
        turn(ann)
        with pytest.raises(IdentityChangedError):
            change_passphrase(ann.identity, OTHER, desk_of(ann), None)
        assert desk_of(ann).unlock(SECRET)

    def test_that_the_keyring_can_not_keep_changes_nothing(self, ann: Person) -> None:
        drawer = Drawer()
        drawer.lock()
        with pytest.raises(KeyringLockedError):
            change_passphrase(ann.identity, OTHER, desk_of(ann), drawer)
        assert desk_of(ann).unlock(SECRET) == ann.identity


def test_a_new_identity_that_can_not_be_written_leaves_nothing_in_the_keyring(
    ann: Person,
) -> None:
    drawer = Drawer()
    made = create_identity(name="x", organisation="", email="", created_at=START)
    with pytest.raises(IdentityExistsError):
        keep_new_identity(made, SECRET, desk_of(ann), drawer)
    assert drawer.kept == {}


class TestABackup:
    def export(self, person: Person, path: Path) -> Path:
        export_identity(person.identity, OTHER, path, person.register, clock=person.clock)
        return path

    def bring(self, identity: Identity, person: Person, desk: Desk) -> None:
        import_identity(identity, SECRET, desk, None, person.register, clock=person.clock)

    def test_holds_everything_and_is_recorded(self, ann: Person, tmp_path: Path) -> None:
        path = self.export(ann, tmp_path / "ann.identity")
        assert read_export(path, OTHER) == ann.identity
        assert path.stat().st_mode & 0o077 == 0
        (entry,) = ann.register.entries()
        assert (entry.event, entry.details["file_name"]) == ("identity-exported", "ann.identity")

    def test_opens_with_its_own_passphrase_only(self, ann: Person, tmp_path: Path) -> None:
        path = self.export(ann, tmp_path / "ann.identity")
        with pytest.raises(PassphraseWrongError, match=r"ann\.identity"):
            read_export(path, SECRET)

    def test_that_can_not_be_recorded_is_not_written(
        self, ann: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise RegisterError("no")

        monkeypatch.setattr(Register, "append", refuse)
        with pytest.raises(RegisterError):
            self.export(ann, tmp_path / "ann.identity")
        assert not (tmp_path / "ann.identity").exists()

    def test_that_can_not_be_written_is_taken_back(self, ann: Person, tmp_path: Path) -> None:
        with pytest.raises(OutputError):
            self.export(ann, tmp_path / "none" / "ann.identity")
        done, undone = ann.register.entries()
        assert (done.event, undone.event) == ("identity-exported", "identity-export-failed")
        assert undone.details["reason"] == "output_failed"

    def test_makes_another_home(self, ann: Person, world: World) -> None:
        path = self.export(ann, world.folder / "ann.identity")
        server = Person(world.folder, "server", world.clock)
        self.bring(read_export(path, OTHER), server, desk_of(server))
        assert desk_of(server).unlock(SECRET) == ann.identity
        (entry,) = server.register.verify(public_keys(ann.identity))
        assert (entry.event, entry.details["generation"]) == ("identity-imported", 1)

    def test_never_replaces_another_identity(self, ann: Person, world: World) -> None:
        other = read_export(self.export(ann, world.folder / "ann.identity"), OTHER)
        desk_of(world.bob).save_new_identity(world.bob.identity, SECRET)
        with pytest.raises(IdentityExistsError):
            self.bring(other, world.bob, desk_of(world.bob))
        assert desk_of(world.bob).unlock(SECRET) == world.bob.identity

    def test_never_replaces_newer_keys(self, ann: Person, tmp_path: Path) -> None:
        path = self.export(ann, tmp_path / "ann.identity")
        rotated = turn(ann)
        with pytest.raises(BackupOlderError):
            self.bring(read_export(path, OTHER), ann, desk_of(ann))
        ann.identity = rotated
        twice = turn(ann)
        with pytest.raises(BackupOlderError):
            check_import(read_export(path, OTHER), desk_of(ann), ann.register)
        assert desk_of(ann).unlock(SECRET) == twice

    def test_with_newer_keys_replaces_older_ones(self, ann: Person) -> None:
        newer = rotate_identity(ann.identity, rotated_at=ann.clock())
        self.bring(newer, ann, desk_of(ann))
        assert desk_of(ann).unlock(SECRET) == newer

    @pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 99, None])
    def test_that_is_none_is_called_that(self, tmp_path: Path, data: bytes | None) -> None:
        path = tmp_path / "x"
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(BackupInvalidError):
            read_export(path, OTHER)


class TestNewKeys:
    def test_keep_the_old_ones_and_the_secret_of_the_pseudonyms(self, ann: Person) -> None:
        rotated = turn(ann)
        assert desk_of(ann).unlock(SECRET) == rotated
        assert rotated.keys_for(ann.identity.fingerprint) == ann.identity.keys
        assert rotated.pseudonym_secret == ann.identity.pseudonym_secret
        rotated.card.check_succession(ann.identity.keys.public)

    def test_are_recorded_under_the_old_ones_and_sign_what_follows(self, ann: Person) -> None:
        ann.register.append(ann.identity, "identity-created", {"fingerprint": "x"}, START)
        before = ann.identity
        ann.identity = turn(ann)
        ann.register.append(ann.identity, "drive-checked", {}, START)
        ann.identity = turn(ann)
        ann.register.append(ann.identity, "drive-checked", {}, START)
        entries = ann.register.verify(public_keys(ann.identity))
        assert [entry.event for entry in entries[1:]] == [
            "identity-rotated",
            "drive-checked",
            "identity-rotated",
            "drive-checked",
        ]
        assert entries[1].identity == before.fingerprint
        assert entries[2].identity == entries[3].identity == ann.identity.former[0].fingerprint
        assert entries[4].identity == ann.identity.fingerprint
        # Without the passphrase, the register itself proves who signed what.
        chain = former_cards(ann.identity.card, entries)
        assert [card.fingerprint for card in chain] == [
            keys.fingerprint for keys in ann.identity.former
        ]
        ann.register.verify({c.fingerprint: c.keys for c in (ann.identity.card, *chain)})

    def test_of_somebody_else_are_no_part_of_the_chain(self, ann: Person, world: World) -> None:
        """An entry names a card as the former one that the new card does not follow."""
        rotated = turn(ann)
        forged = {
            **describe_rotation(world.eve.identity, rotated),
            "previous_fingerprint": world.eve.identity.fingerprint,
        }
        ann.register.append(ann.identity, "identity-rotated", forged, START)
        assert former_cards(rotated.card, ann.register.entries()) == ()

    def test_move_the_passphrase_in_the_keyring(self, ann: Person) -> None:
        drawer = Drawer()
        drawer.store(ann.identity.fingerprint, SECRET)
        rotated = turn(ann, drawer)
        assert drawer.kept == {rotated.fingerprint: SECRET}

    def test_that_the_keyring_can_not_keep_are_not_made(self, ann: Person) -> None:
        drawer = Drawer()
        drawer.lock()
        with pytest.raises(KeyringLockedError):
            turn(ann, drawer)
        assert desk_of(ann).unlock(SECRET) == ann.identity
        assert ann.register.entries() == []

    @pytest.mark.parametrize(
        ("error", "reason"),
        [(OutputError("no"), "output_failed"), (KeyboardInterrupt(), "interrupted")],
    )
    def test_that_can_not_be_written_are_taken_back(
        self, ann: Person, error: BaseException, reason: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any) -> None:
            raise error

        drawer = Drawer()
        drawer.store(ann.identity.fingerprint, SECRET)
        with monkeypatch.context() as patch:
            patch.setattr(Desk, "save_identity", refuse)
            with pytest.raises(type(error)):
                turn(ann, drawer)
        assert desk_of(ann).unlock(SECRET) == ann.identity
        assert drawer.kept == {ann.identity.fingerprint: SECRET}
        done, undone = ann.register.verify(public_keys(ann.identity))
        assert (done.event, undone.event) == ("identity-rotated", "identity-rotate-failed")
        assert undone.details["reason"] == reason
        assert turn(ann, drawer).card.generation == 2

    def test_are_not_made_of_keys_that_are_not_in_use_any_more(self, ann: Person) -> None:
        rotated = turn(ann)
        with pytest.raises(IdentityChangedError):
            turn(ann)
        assert desk_of(ann).unlock(SECRET) == rotated


Change = Callable[[Person], Any]


@pytest.mark.parametrize(
    "change",
    [
        turn,
        lambda ann: change_passphrase(ann.identity, SECRET, desk_of(ann), None),
    ],
    ids=["rotate", "passphrase"],
)
def test_a_power_cut_leaves_a_file_that_opens(
    ann: Person, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever call of the system is the last one."""
    import os

    calls = ("open", "write", "fsync", "replace")
    n_calls, last = 0, 0

    class PowerCutError(BaseException):
        pass

    def cut(name: str) -> None:
        honest = getattr(os, name)

        def call(*arguments: Any, **more: Any) -> Any:
            nonlocal n_calls
            n_calls += 1
            if n_calls >= last:
                raise PowerCutError
            return honest(*arguments, **more)

        monkeypatch.setattr(os, name, call)

    for last in range(1, 200):  # noqa: B007
        n_calls = 0
        with monkeypatch.context():
            for name in calls:
                cut(name)
            try:
                change(ann)
                is_done = True
            except PowerCutError:
                is_done = False
            finally:
                monkeypatch.undo()
        opened = desk_of(ann).unlock(SECRET)
        assert opened.keys_for(ann.identity.fingerprint) == ann.identity.keys
        assert opened.pseudonym_secret == ann.identity.pseudonym_secret
        ann.identity = opened
        if is_done:
            break
    assert is_done
    assert last > 5
    ann.register.verify(public_keys(ann.identity))
