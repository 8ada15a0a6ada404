"""Forwarding: what is remembered of it, by whoever forwards and whoever gets it."""

from __future__ import annotations

import pytest

from securexfer.crypto.identity import rotate_identity
from securexfer.errors import (
    BundleOlderError,
    BundleReplayError,
    RegisterError,
    SenderRetiredError,
)
from tests.attack.forge import Forgery
from tests.unit.forwards import EXTRACT, RECIPE, away, events, pack
from tests.world import World


class TestWhatIsRemembered:
    def test_a_forwarded_bundle_is_recorded_with_its_origin_when_it_is_opened(
        self, world: World
    ) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world), days=5)
        with world.bob.verify(path) as verified:
            envelope = verified.envelope
            digest = verified.inside.outside.claimed.bundle_sha256
        entry = world.cat.unpack(result.path, world.folder / "out").entry
        expected = {
            "bundle_id": result.envelope.bundle_id,
            "bundle_sha256": result.bundle_sha256,
            "expires_at": result.envelope.expires_at,
            "forwarders": [world.bob.identity.fingerprint],
            "origin_bundle_id": envelope.bundle_id,
            "origin_bundle_sha256": digest,
            "origin_recipients": [world.bob.identity.fingerprint],
            "origin_sender": world.ann.identity.fingerprint,
            "origin_verified": "yes",
            "recipients": [world.cat.identity.fingerprint],
            "sender": world.bob.identity.fingerprint,
            "sequence": 1,
        }
        assert {name: entry.details[name] for name in expected} == expected

    def test_an_origin_that_nobody_here_knows_is_shown_and_recorded(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        world.cat.contacts.remove("ann")
        with world.cat.verify(result.path) as verified:
            assert not verified.inside.is_origin_verified
            (note,) = verified.notes
            assert note.startswith("Origin not verified: ")
            assert verified.inside.origin.sender_name in note
            assert "only bob vouches" in note
        entry = world.cat.unpack(result.path, world.folder / "out").entry
        assert entry.details["origin_verified"] == "no"
        again = world.cat.forward(result.path, [world.bob], away(world)).entry
        assert again.details["origin_verified"] == "no"

    def test_that_it_was_forwarded_is_told_later(self, world: World) -> None:
        path = pack(world)
        world.bob.forward(path, [world.cat], away(world))
        world.clock.move(days=1)
        world.bob.unpack(path, world.folder / "out")
        world.clock.move(days=1)
        with world.bob.verify(path) as verified:
            assert verified.notes == (
                "This bundle was opened here before, first on 2026-11-23T09:30:00Z.",
                "This bundle was forwarded from here before, first on 2026-11-22T09:30:00Z.",
            )

    def test_what_came_by_two_ways_is_known_for_the_same(self, world: World) -> None:
        path = pack(world, world.bob, world.cat)
        result = world.bob.forward(path, [world.cat], away(world))
        world.cat.unpack(path, world.folder / "direct")
        with world.cat.verify(path) as verified:
            direct = verified.envelope.bundle_id
        with world.cat.verify(result.path) as verified:
            assert verified.notes == (f"What it holds came here before, as bundle {direct}.",)

    def test_something_else_under_the_id_it_was_packed_under_is_refused(self, world: World) -> None:
        path = pack(world, world.bob, world.cat)
        result = world.bob.forward(path, [world.cat], away(world))
        world.cat.unpack(result.path, world.folder / "forwarded")
        forgery = Forgery.take_apart(path, world.ann.identity.keys)
        forgery.envelope["register_head"] = "1" * 64
        path.write_bytes(forgery.assemble())
        with pytest.raises(BundleReplayError) as caught, world.cat.verify(path):
            pass
        assert caught.value.message == (
            "Another bundle that ann packed under the same id came here before, by another way."
        )

    def test_another_bundle_under_the_id_of_one_that_was_forwarded_is_refused(
        self, world: World
    ) -> None:
        path = pack(world)
        world.bob.forward(path, [world.cat], away(world))
        forgery = Forgery.take_apart(path, world.ann.identity.keys)
        forgery.envelope["register_head"] = "1" * 64
        path.write_bytes(forgery.assemble())
        with pytest.raises(BundleReplayError, match="2026-11-22"), world.bob.verify(path):
            pass

    def test_a_series_is_that_of_whoever_packed_it(self, world: World) -> None:
        first, second, third, fourth = (pack(world) for _ in range(4))
        forwarded = [
            world.bob.forward(path, [world.cat], away(world), older=True).path
            for path in (first, second, third, fourth)
        ]
        world.cat.unpack(forwarded[0], world.folder / "0")
        # Whoever forwards need not forward all: a gap is not worth a word.
        with world.cat.verify(forwarded[2]) as verified:
            assert verified.notes == ()
        world.cat.unpack(forwarded[2], world.folder / "2")
        with pytest.raises(BundleOlderError) as caught, world.cat.verify(forwarded[1]):
            pass
        assert caught.value.message == (
            "This is bundle 2 from ann; the newer bundle 3 was opened here already."
        )
        with world.cat.verify(forwarded[1], older=True):
            pass
        # What the forwarder packs is a series of its own.
        own = world.bob.pack({"t": EXTRACT}, RECIPE, [world.cat], away(world)).path
        with world.cat.verify(own) as verified:
            assert verified.notes == ()

    def test_forwarding_a_newer_one_counts_as_opening_it(self, world: World) -> None:
        first, second = pack(world), pack(world)
        world.bob.forward(second, [world.cat], away(world))
        with pytest.raises(BundleOlderError, match="newer bundle 2"):
            world.bob.forward(first, [world.cat], away(world))
        world.bob.forward(first, [world.cat], away(world), older=True)

    def test_nobody_can_spoil_a_series_with_an_origin_that_they_made_up(self, world: World) -> None:
        """`bob` forwards a bundle 3 "of ann", whom `cat` does not know yet, and ann sends hers."""
        bundles = [pack(world, world.bob, world.cat) for _ in range(3)]
        forged = world.bob.forward(bundles[2], [world.cat], away(world)).path
        ann = world.cat.contacts.remove("ann")
        world.cat.unpack(forged, world.folder / "forged")
        world.cat.contacts.pin(ann.card, "ann", pinned_at=world.clock())
        with world.cat.verify(bundles[0]) as verified:
            assert verified.notes == ()
        # The forwarder's own bundles are held to it all the same.
        world.cat.contacts.remove("ann")
        older = world.bob.forward(bundles[0], [world.cat], away(world), older=True).path
        with pytest.raises(BundleOlderError), world.cat.verify(older):
            pass

    def test_a_hop_by_a_former_key_needs_a_word(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        world.clock.move(days=1)
        old = world.ann.identity
        world.ann.identity = rotate_identity(old, rotated_at=world.clock())
        world.cat.contacts.pin(
            world.ann.identity.card, "ann", pinned_at=world.clock(), replaces="ann"
        )
        with pytest.raises(SenderRetiredError, match="former key of ann"):
            world.cat.unpack(result.path, world.folder / "out")
        assert events(world.cat) == []
        world.cat.unpack(result.path, world.folder / "out", older=True)
        # Once it was opened, it is known.
        with world.cat.verify(result.path):
            pass

    @pytest.mark.parametrize("left_out", ["origin_sender", "origin_recipients", "origin_verified"])
    def test_half_an_origin_is_no_entry(self, world: World, left_out: str) -> None:
        path = pack(world)
        details = dict(world.bob.forward(path, [world.cat], away(world)).entry.details)
        del details[left_out]
        with pytest.raises(RegisterError):
            world.bob.register.append(world.bob.identity, "forwarded", details, world.clock())
        with pytest.raises(RegisterError):
            world.bob.register.append(world.bob.identity, "any", details, world.clock())
