"""The desk: contacts are pinned and never silently replaced; the passphrase has one order."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from securexfer.crypto.identity import create_identity, rotate_identity
from securexfer.errors import (
    CardInvalidError,
    ContactChangedError,
    ContactExistsError,
    ContactUnknownError,
    IdentityExistsError,
    IdentityFileError,
    IdentityMissingError,
    PassphraseMissingError,
    RotationInvalidError,
    SecretFileError,
    SenderRetiredError,
    UsageError,
    VerificationError,
)
from securexfer.home.contacts import ContactBook, suggest_name
from securexfer.home.desk import Desk
from securexfer.home.secrets import SecretSource, generate_passphrase
from tests.world import START, World, csv_bytes, csv_rows, recipe_text

TOKEN = '{ action = "pseudonymise", domain = "person" }'


class TestContacts:
    @pytest.fixture
    def book(self, tmp_path: Path) -> ContactBook:
        return ContactBook(tmp_path / "contacts")

    def test_what_is_pinned_is_found_again(self, book: ContactBook, world: World) -> None:
        card = world.eve.identity.card
        pinned = book.pin(card, "eve", pinned_at=START)
        assert book.get("eve") == pinned
        assert book.list() == [pinned]
        assert pinned.origin_fingerprint == card.fingerprint

    def test_another_key_under_a_known_name_is_refused(
        self, book: ContactBook, world: World
    ) -> None:
        book.pin(world.bob.identity.card, "bob", pinned_at=START)
        with pytest.raises(ContactChangedError):
            book.pin(world.eve.identity.card, "bob", pinned_at=START)
        assert book.get("bob").fingerprint == world.bob.identity.fingerprint

    def test_a_known_key_under_any_name_is_refused(self, book: ContactBook, world: World) -> None:
        book.pin(world.bob.identity.card, "bob", pinned_at=START)
        for name in ("bob", "robert"):
            with pytest.raises(ContactExistsError):
                book.pin(world.bob.identity.card, name, pinned_at=START)

    def test_a_rotated_card_replaces_and_keeps_the_origin(
        self, book: ContactBook, world: World
    ) -> None:
        first = world.bob.identity
        second = rotate_identity(first, rotated_at=START)
        third = rotate_identity(second, rotated_at=START)
        book.pin(first.card, "bob", pinned_at=START)
        book.pin(second.card, "", pinned_at=START, replaces="bob")
        contact = book.pin(third.card, "", pinned_at=START, replaces="bob")
        assert contact == book.get("bob")
        assert contact.origin_fingerprint == first.fingerprint
        assert [c.fingerprint for c in contact.former] == [second.fingerprint, first.fingerprint]

    def test_a_second_successor_of_one_key_is_refused(
        self, book: ContactBook, world: World
    ) -> None:
        first = world.bob.identity
        second, rival = (rotate_identity(first, rotated_at=START) for _ in range(2))
        book.pin(first.card, "bob", pinned_at=START)
        book.pin(second.card, "", pinned_at=START, replaces="bob")
        with pytest.raises(RotationInvalidError, match="already"):
            book.pin(rival.card, "", pinned_at=START, replaces="bob")

    def test_a_card_that_follows_nobody_or_another_can_not_replace(
        self, book: ContactBook, world: World
    ) -> None:
        book.pin(world.bob.identity.card, "bob", pinned_at=START)
        stranger = create_identity(name="x", organisation="", email="", created_at=START)
        for card in (stranger.card, rotate_identity(stranger, rotated_at=START).card):
            with pytest.raises(RotationInvalidError):
                book.pin(card, "", pinned_at=START, replaces="bob")

    def test_removing_forgets(self, book: ContactBook, world: World) -> None:
        book.pin(world.bob.identity.card, "bob", pinned_at=START)
        book.remove("bob")
        assert book.list() == []
        for call in (book.get, book.remove):
            with pytest.raises(ContactUnknownError):
                call("bob")

    @pytest.mark.parametrize("name", ["", "../bob", "Bob", "a/b", "-x", ".x", "a" * 65, "a\n", "ä"])
    def test_a_name_is_safe_as_a_file_name(
        self, book: ContactBook, world: World, name: str
    ) -> None:
        with pytest.raises(UsageError):
            book.pin(world.bob.identity.card, name, pinned_at=START)

    def test_a_damaged_contact_file_is_named_not_quoted(
        self, book: ContactBook, world: World, tmp_path: Path
    ) -> None:
        book.pin(world.bob.identity.card, "bob", pinned_at=START)
        path = tmp_path / "contacts" / "bob.json"
        path.write_bytes(path.read_bytes().replace(b'"generation', b'"CANARY'))
        with pytest.raises(CardInvalidError, match=r"bob\.json is damaged") as caught:
            book.list()
        assert "CANARY" not in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "suggested"), [("Acme Research Ltd.", "acme-research-ltd"), ("Ünïté", "n-t")]
    )
    def test_a_name_is_suggested(self, world: World, name: str, suggested: str) -> None:
        made = create_identity(name=name, organisation="", email="", created_at=START)
        assert suggest_name(made.card) == suggested


class TestRotatedKeysInUse:
    def test_a_bundle_for_the_former_key_still_opens(self, world: World) -> None:
        path = world.ann.pack(
            {"t": b"x\n1\n"}, recipe_text({"t": {"x": TOKEN}}), [world.bob], world.drive
        ).path
        world.bob.identity = rotate_identity(world.bob.identity, rotated_at=START)
        with world.bob.verify(path) as verified:
            assert verified.sender.name == "ann"

    def test_a_former_key_verifies_archives_only(self, world: World) -> None:
        recipe = recipe_text({"t": {"x": TOKEN}})
        archive = world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive).path
        world.clock.move(hours=1)
        rotated = rotate_identity(world.ann.identity, rotated_at=world.clock())
        world.bob.contacts.pin(rotated.card, "", pinned_at=world.clock(), replaces="ann")
        with pytest.raises(SenderRetiredError), world.bob.verify(archive):
            pass
        world.bob.unpack(archive, world.folder / "archive", older=True)
        with world.bob.verify(archive) as verified:
            assert "opened here before" in verified.notes[0]
        world.clock.move(hours=1)
        stolen = world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive).path
        with (
            pytest.raises(VerificationError, match="by then"),
            world.bob.verify(stolen, older=True),
        ):
            pass

    def test_a_recipients_rotation_keeps_the_tokens_of_an_agreement(self, world: World) -> None:
        recipe = recipe_text({"t": {"x": TOKEN}}, before='[pseudonyms]\nlinkage = "agreement"')
        rows = csv_bytes([["x"], ["one"], ["two"]])

        def tokens(to: Any, folder: str) -> list[list[str]]:
            drive = world.folder / folder
            drive.mkdir()
            path = world.ann.pack({"t": rows}, recipe, [to], drive).path
            out = to.unpack(path, world.folder / f"out-{folder}")
            return csv_rows(out.files[0].read_bytes())[1:]

        before = tokens(world.bob, "before")
        others = tokens(world.cat, "others")
        world.bob.identity = rotate_identity(world.bob.identity, rotated_at=world.clock())
        world.ann.contacts.pin(world.bob.identity.card, "", pinned_at=world.clock(), replaces="bob")
        assert tokens(world.bob, "after") == before
        assert not {t for row in others for t in row} & {t for row in before for t in row}


class TestIdentityOnDisk:
    @pytest.mark.parametrize("umask", [0o000, 0o077])
    def test_the_key_file_is_0600_in_a_0700_folder(self, tmp_path: Path, umask: int) -> None:
        desk = Desk(tmp_path / "home")
        before = os.umask(umask)
        try:
            made = create_identity(name="a", organisation="", email="", created_at=START)
            desk.save_new_identity(made, "passphrase")
        finally:
            os.umask(before)
        assert stat.S_IMODE(desk.identity_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(desk.root.stat().st_mode) == 0o700
        assert desk.unlock("passphrase") == made
        assert desk.own_card() == made.card

    def test_it_is_never_overwritten(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        made = create_identity(name="a", organisation="", email="", created_at=START)
        desk.save_new_identity(made, "passphrase")
        with pytest.raises(IdentityExistsError):
            desk.save_new_identity(made, "passphrase")

    def test_none_and_a_damaged_one_are_told_apart(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        with pytest.raises(IdentityMissingError):
            desk.own_card()
        desk.identity_path.write_bytes(b"{}")
        with pytest.raises(IdentityFileError):
            desk.own_card()


class TestPassphraseOrder:
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret"
        path.write_text("from the file\n")
        path.chmod(0o600)
        return path

    def test_the_named_file_comes_first(self, secret: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_text("other")
        other.chmod(0o600)
        source = SecretSource(secret, {"SECUREXFER_PASSPHRASE_FILE": str(other)}, lambda: "typed")
        assert source.passphrase("").text == "from the file"

    def test_then_the_environments_file_then_the_services_credential(
        self, secret: Path, tmp_path: Path
    ) -> None:
        credential = tmp_path / "securexfer-passphrase"
        credential.write_text("credential")
        credential.chmod(0o400)
        environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
        assert SecretSource(None, environment).passphrase("").text == "credential"
        environment["SECUREXFER_PASSPHRASE_FILE"] = str(secret)
        assert SecretSource(None, environment).passphrase("").text == "from the file"

    def test_then_a_person_is_asked_where_there_is_one(self) -> None:
        assert SecretSource(None, {}, lambda: "typed").passphrase("").text == "typed"
        with pytest.raises(PassphraseMissingError):
            SecretSource(None, {}).passphrase("")

    def test_a_generated_one_is_long_and_never_the_same(self) -> None:
        made = {generate_passphrase() for _ in range(100)}
        assert len(made) == 100
        assert {len(one) for one in made} == {32}

    def test_a_named_source_that_fails_is_an_error_not_a_reason_to_try_the_next(
        self, tmp_path: Path
    ) -> None:
        missing = tmp_path / "missing"
        for source in (
            SecretSource(missing, {}, lambda: "typed"),
            SecretSource(None, {"SECUREXFER_PASSPHRASE_FILE": str(missing)}, lambda: "typed"),
        ):
            with pytest.raises(SecretFileError):
                source.passphrase("")

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
    def test_a_file_that_others_can_read_is_refused(self, secret: Path, mode: int) -> None:
        secret.chmod(mode)
        with pytest.raises(SecretFileError, match="read by others"):
            SecretSource(secret, {}).passphrase("")

    @pytest.mark.parametrize("content", [b"", b"\n", b"CANARY\nCANARY", b"\xff", b"C" * 5000])
    def test_a_file_without_one_line_of_text_is_refused_and_not_quoted(
        self, secret: Path, content: bytes
    ) -> None:
        secret.write_bytes(content)
        with pytest.raises(SecretFileError) as caught:
            SecretSource(secret, {}).passphrase("")
        assert "CANARY" not in str(caught.value)

    def test_nothing_shows_the_passphrase(self, secret: Path) -> None:
        source = SecretSource(secret, {"X": "CANARY"})
        assert "from the file" not in repr(source.passphrase(""))
        assert "CANARY" not in repr(source)


def test_a_bundle_of_ones_own_is_from_a_pinned_sender(world: World) -> None:
    path = world.ann.pack(
        {"t": b"x\n1\n"}, recipe_text({"t": {"x": TOKEN}}), [world.bob], world.drive
    ).path
    from securexfer.reporting import SilentReporter
    from securexfer.verifying import pinned_senders, verify_outside

    find = pinned_senders([], world.ann.identity.card)
    with verify_outside(
        path, find, world.ann.register, clock=world.clock, reporter=SilentReporter()
    ) as outside:
        assert outside.sender is not None
    assert world.clock() - START < timedelta(days=1)
