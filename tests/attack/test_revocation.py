"""A stolen key: once it is revoked, what the thief signs is refused, whatever they try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from securexfer.crypto.identity import create_identity, rotate_identity
from securexfer.errors import (
    ContactExistsError,
    ContactRevokedError,
    OutputError,
    RegisterError,
    RotationInvalidError,
    SenderRevokedError,
    SenderUnknownError,
    UsageError,
)
from securexfer.filing import import_certificate, import_extension, import_receipt
from securexfer.home.contacts import Contact, ContactBook
from securexfer.pinning import find_unrecorded, pin_contact, remove_contact, revoke_contact
from securexfer.reporting import SilentReporter
from securexfer.verifying import pinned_senders, verify_outside
from tests.assurance import Tally
from tests.attack.notary import RECIPE, TABLE, Exchange
from tests.world import Person, World, allow_forwarding

REASON = "laptop stolen on 3 March"


def revoke(world: World, by: Person, whom: str) -> Contact:
    return revoke_contact(by.contacts, whom, REASON, by.identity, by.register, clock=world.clock)


def pin(world: World, by: Person, card: Any, name: str, **options: Any) -> Contact:
    return pin_contact(
        by.contacts, card, name, by.identity, by.register, clock=world.clock, **options
    )


class TestBundles:
    @pytest.mark.parametrize("older", [False, True])
    def test_of_the_thief_are_refused_whatever_date_they_bear(
        self, world: World, older: bool, tally: Tally
    ) -> None:
        revoked = revoke(world, world.bob, "ann")
        assert revoked.revoked_at == world.clock()
        for days in (-30, 0, 30):
            world.clock.move(days=days)
            path = world.ann.pack(TABLE, RECIPE, [world.bob], world.drive).path
            world.clock.move(days=max(0, -days))
            with (
                pytest.raises(SenderRevokedError, match="revoked here on 2026-1"),
                world.bob.verify(path, older=older),
            ):
                pass
            tally.count("identity", "bundles signed with a revoked key, refused")

    def test_are_refused_from_outside_too(self, world: World) -> None:
        path = world.ann.pack(TABLE, RECIPE, [world.bob], world.drive).path
        revoke(world, world.bob, "ann")
        find = pinned_senders(world.bob.contacts.list(), world.bob.identity.card)
        with (
            pytest.raises(SenderRevokedError),
            verify_outside(
                path, find, world.bob.register, clock=world.clock, reporter=SilentReporter()
            ),
        ):
            pass

    def test_that_were_opened_before_still_open(self, world: World) -> None:
        path = world.ann.pack(TABLE, RECIPE, [world.bob], world.drive).path
        unseen = world.ann.pack(TABLE, RECIPE, [world.bob], world.drive).path
        world.bob.unpack(path, world.folder / "before")
        revoke(world, world.bob, "ann")
        assert world.bob.unpack(path, world.folder / "after").files
        with pytest.raises(SenderRevokedError), world.bob.verify(unseen, older=True):
            pass

    def test_of_a_former_key_are_refused_as_well(self, world: World) -> None:
        early = world.ann.pack(TABLE, RECIPE, [world.bob], world.drive).path
        world.clock.move(hours=1)
        rotated = rotate_identity(world.ann.identity, rotated_at=world.clock())
        pin(world, world.bob, rotated.card, "", replaces="ann")
        revoke(world, world.bob, "ann")
        with pytest.raises(SenderRevokedError), world.bob.verify(early, older=True):
            pass

    def test_that_came_through_the_thiefs_hands_are_refused(self, world: World) -> None:
        """`cat` forwards to `bob` what `ann`, whose key is stolen, has packed."""
        path = world.ann.pack(TABLE, allow_forwarding(RECIPE), [world.cat], world.drive).path
        forwarded = world.cat.forward(path, [world.bob], world.drive).path
        with world.bob.verify(forwarded):
            pass
        revoke(world, world.bob, "ann")
        with pytest.raises(SenderRevokedError, match="key of ann"), world.bob.verify(forwarded):
            pass

    def test_are_not_packed_or_forwarded_for_it(self, world: World) -> None:
        path = world.ann.pack(TABLE, allow_forwarding(RECIPE), [world.cat], world.drive).path
        revoke(world, world.ann, "bob")
        revoke(world, world.cat, "bob")
        with pytest.raises(ContactRevokedError, match=REASON):
            world.ann.pack(TABLE, RECIPE, [world.bob], world.drive)
        with pytest.raises(ContactRevokedError):
            world.cat.forward(path, [world.bob], world.drive)


def test_statements_of_the_thief_are_refused(world: World, tally: Tally) -> None:
    exchange = Exchange(world)
    extension = exchange.extend(exchange.packed).path.read_bytes()
    revoke(world, world.ann, "bob")
    revoke(world, world.bob, "ann")
    cabinet = exchange.cabinet(world.ann)
    for data, file in (
        (exchange.receipt, import_receipt),
        (exchange.certificate, import_certificate),
    ):
        for older in (False, True):
            with pytest.raises(SenderRevokedError):
                file(data, cabinet, older=older)
    with pytest.raises(SenderRevokedError):
        import_extension(extension, exchange.cabinet(world.bob))
    tally.count("statements", "statements signed with a revoked key, refused", 5)


class TestCards:
    def test_that_follow_the_stolen_key_are_refused(self, world: World) -> None:
        """The thief rotates, and calls with the new fingerprint."""
        revoke(world, world.bob, "ann")
        theirs = rotate_identity(world.ann.identity, rotated_at=world.clock())
        for options in ({"replaces": "ann"}, {}):
            with pytest.raises(ContactRevokedError, match="follows is that of 'ann'"):
                pin(world, world.bob, theirs.card, "ann-2", **options)

    def test_are_remembered_when_the_contact_is_gone(self, world: World) -> None:
        revoke(world, world.bob, "ann")
        remove_contact(
            world.bob.contacts, "ann", world.bob.identity, world.bob.register, clock=world.clock
        )
        theirs = rotate_identity(world.ann.identity, rotated_at=world.clock())
        for card in (world.ann.identity.card, theirs.card):
            with pytest.raises(ContactRevokedError, match="was revoked here"):
                pin(world, world.bob, card, "ann")
        path = world.ann.pack(TABLE, RECIPE, [world.bob], world.drive).path
        with pytest.raises(SenderUnknownError), world.bob.verify(path):
            pass

    def test_of_a_new_identity_are_welcome(self, world: World) -> None:
        revoke(world, world.bob, "ann")
        world.ann.identity = create_identity(
            name="ann", organisation="", email="", created_at=world.clock() - timedelta(1)
        )
        pin(world, world.bob, world.ann.identity.card, "ann-2")
        path = world.ann.pack(TABLE, RECIPE, [world.bob], world.drive).path
        with world.bob.verify(path) as verified:
            assert verified.sender.name == "ann-2"

    def test_that_follow_a_pinned_key_are_pinned_in_its_place_or_not_at_all(
        self, world: World
    ) -> None:
        """A second successor under a name of its own."""
        before = world.ann.identity
        first, second = (rotate_identity(before, rotated_at=world.clock()) for _ in range(2))
        with pytest.raises(RotationInvalidError, match="follows a key"):
            pin(world, world.bob, first.card, "new")
        pin(world, world.bob, first.card, "", replaces="ann")
        for options in ({"replaces": "ann"}, {}):
            with pytest.raises(RotationInvalidError, match="follows a key"):
                pin(world, world.bob, second.card, "new", **options)
        with pytest.raises(ContactExistsError):
            pin(world, world.bob, first.card, "new")


class TestTheRecord:
    def test_says_which_keys_when_and_why(self, world: World) -> None:
        rotated = rotate_identity(world.ann.identity, rotated_at=world.clock())
        pin(world, world.bob, rotated.card, "", replaces="ann")
        revoke(world, world.bob, "ann")
        entry = world.bob.register.entries()[-1]
        assert entry.event == "contact-revoked"
        assert entry.details["reason"] == REASON
        assert entry.details["fingerprints"] == [
            rotated.fingerprint,
            world.ann.identity.fingerprint,
        ]
        assert world.bob.contacts.get("ann").revoked_because == REASON
        names = [c.name for c in find_unrecorded(world.bob.contacts.list(), [entry])]
        assert "ann" in names  # it was not recorded when it was pinned: unchanged by this

    def test_comes_first(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise RegisterError("no")

        with monkeypatch.context() as patch:
            patch.setattr(type(world.bob.register), "append", refuse)
            with pytest.raises(RegisterError):
                revoke(world, world.bob, "ann")
        assert world.bob.contacts.get("ann").revoked_at is None

    def test_stays_where_the_contact_can_not_be_written(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any) -> None:
            raise OutputError("no")

        with monkeypatch.context() as patch:
            patch.setattr(ContactBook, "revoke", refuse)
            with pytest.raises(OutputError):
                revoke(world, world.bob, "ann")
        assert revoke(world, world.bob, "ann").revoked_at is not None

    def test_is_made_once_with_a_reason(self, world: World) -> None:
        for reason in ("", " ", "a\nb", "x" * 501):
            with pytest.raises(UsageError):
                revoke_contact(
                    world.bob.contacts,
                    "ann",
                    reason,
                    world.bob.identity,
                    world.bob.register,
                    clock=world.clock,
                )
        revoke(world, world.bob, "ann")
        with pytest.raises(ContactRevokedError, match="already"):
            revoke(world, world.bob, "ann")

    def test_of_a_home_without_an_identity_is_the_contact_alone(self, world: World) -> None:
        revoke_contact(
            world.bob.contacts, "ann", REASON, None, world.bob.register, clock=world.clock
        )
        assert world.bob.contacts.get("ann").revoked_at is not None
        assert world.bob.register.entries() == []
