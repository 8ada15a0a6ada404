"""Contacts come, are replaced and go: the register tells it first, and truly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer import place
from securexfer.crypto.card import Card
from securexfer.crypto.identity import create_identity, rotate_identity
from securexfer.custody.register import Entry, Register
from securexfer.errors import (
    ContactChangedError,
    ContactExistsError,
    ContactUnknownError,
    OutputError,
    RegisterError,
)
from securexfer.home.contacts import Contact, ContactBook
from securexfer.pinning import (
    describe_contact,
    find_unrecorded,
    pin_contact,
    record_contacts,
    remove_contact,
)
from tests.world import World


def pin(world: World, name: str = "eve", **options: Any) -> Contact:
    card = options.pop("card", world.eve.identity.card)
    identity = options.pop("identity", world.bob.identity)
    return pin_contact(
        world.bob.contacts, card, name, identity, world.bob.register, clock=world.clock, **options
    )


def remove(world: World, name: str = "eve") -> Contact:
    return remove_contact(
        world.bob.contacts, name, world.bob.identity, world.bob.register, clock=world.clock
    )


def replace(world: World) -> Contact:
    card = rotate_identity(world.eve.identity, rotated_at=world.clock()).card
    return pin(world, "", card=card, replaces="eve")


def pin_somebody_new(world: World) -> Contact:
    return pin(world, "new", card=somebody(world))


def somebody(world: World) -> Card:
    return create_identity(name="new", organisation="", email="", created_at=world.clock()).card


def told(world: World) -> list[Entry]:
    return world.bob.register.entries()


def test_each_change_is_an_entry_that_says_which_key(world: World) -> None:
    added = pin(world)
    replaced = replace(world)
    removed = remove(world)
    entries = told(world)
    assert [entry.event for entry in entries] == [
        "contact-added",
        "contact-replaced",
        "contact-removed",
    ]
    assert [entry.details["name"] for entry in entries] == ["eve"] * 3
    fingerprints = [entry.details["fingerprint"] for entry in entries]
    assert fingerprints == [added.fingerprint, replaced.fingerprint, removed.fingerprint]
    assert entries[1].details["previous_fingerprint"] == added.fingerprint
    assert {entry.details["origin_fingerprint"] for entry in entries} == {added.fingerprint}
    assert entries[0].details["card_name"] == world.eve.identity.card.name
    assert world.bob.contacts.list() == [
        contact for contact in world.bob.contacts.list() if contact.name != "eve"
    ]


def test_what_may_not_be_pinned_is_no_entry(world: World) -> None:
    pin(world)
    before = told(world)
    with pytest.raises(ContactExistsError):
        pin(world, "eva")
    with pytest.raises(ContactChangedError):
        pin(world, "eve", card=world.bob.identity.card)
    with pytest.raises(ContactUnknownError):
        remove(world, "mallory")
    assert told(world) == before


def test_without_a_register_nothing_changes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(world)
    before = world.bob.contacts.list()

    def refuse(*_: Any, **__: Any) -> None:
        raise RegisterError("The register can't be written.")

    monkeypatch.setattr(Register, "append", refuse)
    changes: list[Callable[[World], Contact]] = [pin_somebody_new, replace, remove]
    for change in changes:
        with pytest.raises(RegisterError):
            change(world)
        assert world.bob.contacts.list() == before


def test_a_home_without_an_identity_pins_and_is_told_of_later(world: World) -> None:
    pin(world, identity=None)
    assert told(world) == []
    assert (
        remove_contact(world.bob.contacts, "cat", None, world.bob.register, clock=world.clock).name
        == "cat"
    )
    contacts = world.bob.contacts.list()
    record_contacts(contacts, world.bob.identity, world.bob.register, clock=world.clock)
    assert [(entry.event, entry.details["name"]) for entry in told(world)] == [
        ("contact-added", "ann"),
        ("contact-added", "eve"),
    ]
    assert find_unrecorded(contacts, told(world)) == []


class TestAChangeThatFails:
    """It was recorded before it was made, so the opposite is recorded after it."""

    def fail(self, patch: pytest.MonkeyPatch, call: str, error: BaseException) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise error

        patch.setattr(ContactBook, call, refuse)

    @pytest.mark.parametrize(
        ("error", "reason"),
        [(OutputError("no"), "output_failed"), (KeyboardInterrupt(), "interrupted")],
    )
    @pytest.mark.parametrize("change", ["add", "replace", "remove"])
    def test_is_taken_back(
        self,
        world: World,
        change: str,
        error: BaseException,
        reason: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        if change != "add":
            pin(world)
        before, n_before = world.bob.contacts.list(), len(told(world))
        act: Callable[[World], Contact] = {"add": pin, "replace": replace, "remove": remove}[change]
        with monkeypatch.context() as patch:
            self.fail(patch, "remove" if change == "remove" else "save", error)
            with pytest.raises(type(error)):
                act(world)
        assert world.bob.contacts.list() == before
        done, undone = told(world)[n_before:]
        assert undone.details["reason"] == reason
        assert "reason" not in done.details
        if change == "replace":
            assert undone.event == "contact-replaced"
            assert undone.details["fingerprint"] == done.details["previous_fingerprint"]
            assert undone.details["previous_fingerprint"] == done.details["fingerprint"]
        else:
            assert {done.event, undone.event} == {"contact-added", "contact-removed"}
        unrecorded = find_unrecorded(before, told(world))
        assert {contact.name for contact in unrecorded} == {"ann", "cat"}
        act(world)

    def test_is_not_taken_back_where_the_disk_has_it_all_the_same(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The file has gone, and only the folder could not be stored."""
        pin(world)
        with monkeypatch.context() as patch:

            def fail(folder: Path) -> None:
                if folder.name == "contacts":
                    raise OSError(5, "Input/output error")
                place.sync_folder(folder)

            patch.setattr("securexfer.home.contacts.sync_folder", fail)
            with pytest.raises(OutputError):
                remove(world)
        assert [entry.event for entry in told(world)] == ["contact-added", "contact-removed"]
        assert "eve" not in [contact.name for contact in world.bob.contacts.list()]


def test_a_change_by_another_run_is_met_under_the_lock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(world)
    honest = Register.append

    def append(register: Register, *arguments: Any, **options: Any) -> Entry:
        # Between the first look and the lock.
        world.bob.contacts.remove("eve")
        return honest(register, *arguments, **options)

    monkeypatch.setattr(Register, "append", append)
    with pytest.raises(ContactChangedError, match="another run"):
        remove(world)
    assert [entry.event for entry in told(world)] == ["contact-added"]


def test_a_contact_that_somebody_put_there_is_found(world: World) -> None:
    pin(world)
    planted = world.bob.contacts.pin(somebody(world), "ministry", pinned_at=world.clock())
    names = [contact.name for contact in find_unrecorded(world.bob.contacts.list(), told(world))]
    assert names == ["ann", "cat", "ministry"]
    path = world.bob.home / "contacts" / "eve.json"
    path.unlink()
    world.bob.contacts.pin(
        rotate_identity(world.eve.identity, rotated_at=world.clock()).card,
        "eve",
        pinned_at=world.clock(),
    )
    assert "eve" in [c.name for c in find_unrecorded(world.bob.contacts.list(), told(world))]
    assert describe_contact(planted)["name"] == "ministry"
