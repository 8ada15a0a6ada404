"""Forwarding: what is made, what is refused before it is begun, and what is remembered of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from securexfer import forwarding, place
from securexfer.bundle import layout
from securexfer.carrier import PartialFile
from securexfer.crypto.identity import rotate_identity
from securexfer.custody.refusal import is_refusal
from securexfer.custody.register import Register
from securexfer.errors import (
    BundleExpiredError,
    BundleOlderError,
    BundleReplayError,
    CardExpiredError,
    DiskFullError,
    FileTooLargeError,
    ForwardedTooOftenError,
    ForwardingForbiddenError,
    NotForThisIdentityError,
    OutputError,
    OutputExistsError,
    RegisterError,
    SecurexferError,
    SenderRetiredError,
    UsageError,
)
from securexfer.forwarding import ForwardOrder, ForwardResult, forward
from securexfer.instant import format_instant
from securexfer.medium.medium import FindMedium, Kind, Limits, Medium, find_medium
from securexfer.reporting import SilentReporter
from securexfer.verifying import Verified
from tests.attack.forge import Forgery
from tests.world import START, Person, World, allow_forwarding, keep_all, recipe_text

KEEP = '{ action = "keep" }'
RECIPE = allow_forwarding(keep_all("t", ["x"]))
EXTRACT = b"x\n1\n2\n"


def pack(world: World, *to: Person, recipe: str = RECIPE, name: str = "") -> Path:
    folder = world.drive / (name or str(len(list(world.drive.iterdir()))))
    folder.mkdir()
    return world.ann.pack({"t": EXTRACT}, recipe, list(to) or [world.bob], folder).path


def away(world: World) -> Path:
    """An empty folder to forward to."""
    folder = world.folder / "away"
    folder.mkdir(exist_ok=True)
    return folder


def events(person: Person) -> list[str]:
    return [entry.event for entry in person.register.entries()]


class TestWhatIsMade:
    def test_the_colleague_gets_what_was_packed(self, world: World) -> None:
        recipe = allow_forwarding(recipe_text({"a": {"x": KEEP}, "b": {"y": KEEP}}))
        tables = {"a": b"x\n1\n", "b": b"y\n2\n"}
        path = world.ann.pack(tables, recipe, [world.bob], world.drive, found_contact="999").path
        world.clock.move(days=3)
        result = world.bob.forward(path, [world.cat], away(world))
        world.cat.unpack(result.path, world.folder / "out")
        assert (world.folder / "out" / "a.csv").read_bytes() == tables["a"]
        assert (world.folder / "out" / "b.csv").read_bytes() == tables["b"]
        with world.bob.verify(path) as before, world.cat.verify(result.path) as after:
            assert after.manifest == before.manifest
            assert after.inside.password == before.inside.password
            assert after.inside.outside.read_me == before.inside.outside.read_me
            assert "999" in after.inside.outside.read_me
            assert after.envelope == result.envelope
            assert after.envelope.bundle_id != before.envelope.bundle_id
            assert after.envelope.created == START + timedelta(days=3)
            assert after.envelope.expires == before.envelope.expires
            assert after.notes == (
                f"This bundle was opened here before, first on {format_instant(world.clock())}.",
            )

    def test_members_keep_their_bytes_and_only_the_last_ones_move(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        old, new = path.read_bytes(), result.path.read_bytes()
        with world.bob.verify(path) as verified:
            before = {m.name: m for m in verified.envelope.members}
        for member in result.envelope.members:
            raw = new[member.offset : member.offset + member.length]
            assert hashlib.sha256(raw).hexdigest() == member.sha256
            if member.name != layout.PROVENANCE:
                was = before[member.name]
                assert raw == old[was.offset : was.offset + was.length]
                assert (member.offset == was.offset) == (member.name != layout.MANIFEST)
        assert [m.name for m in result.envelope.members] == [
            layout.READ_ME,
            "tables/0001.csv.gz",
            layout.PROVENANCE,
            layout.MANIFEST,
        ]
        assert result.n_bytes == len(new)
        assert result.bundle_sha256 == hashlib.sha256(new[: -layout.COMMENT_BYTES]).hexdigest()

    def test_it_can_be_forwarded_again_and_again(self, world: World) -> None:
        path = pack(world)
        for number in range(3):
            here, there = (world.bob, world.cat) if number % 2 == 0 else (world.cat, world.bob)
            path = here.forward(path, [there], away(world)).path
        with world.cat.verify(path) as verified:
            names = [hop.sender_name for hop in verified.inside.chain]
            assert names == ["ann", "bob", "cat (this identity)", "bob"]
        world.cat.unpack(path, world.folder / "out")
        assert (world.folder / "out" / "t.csv").read_bytes() == EXTRACT

    def test_a_large_one_is_copied_a_few_blocks_at_a_time(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cells = "\n".join(
            hashlib.shake_256(bytes([i % 256, i // 256])).hexdigest(500) for i in range(14_000)
        )
        recipe = allow_forwarding(
            keep_all("t", ["x"], before='[limits]\nresidual = "off"\ngate_reason = "noise"')
        )
        extract = f"x\n{cells}\n".encode()
        path = world.ann.pack({"t": extract}, recipe, [world.bob], world.drive).path
        assert path.stat().st_size > 6 * 2**20
        pieces: list[int] = []
        honest = PartialFile._store

        def listen(file: PartialFile, data: bytes) -> None:
            if file.target.suffix == ".zip":
                pieces.append(len(data))
            honest(file, data)

        monkeypatch.setattr(PartialFile, "_store", listen)
        result = world.bob.forward(path, [world.cat], away(world))
        assert max(pieces) == 4 * 2**20
        assert sum(pieces) == result.n_bytes
        world.cat.unpack(result.path, world.folder / "out")
        assert (world.folder / "out" / "t.csv").read_bytes() == extract

    def test_it_is_sealed_to_each_recipient_and_to_nobody_else(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat, world.ann], away(world))
        listed = [one.fingerprint for one in result.envelope.recipients]
        assert listed == sorted(p.identity.fingerprint for p in (world.ann, world.cat))
        for person in (world.cat, world.ann):
            with person.verify(result.path):
                pass
        with pytest.raises(NotForThisIdentityError), world.bob.verify(result.path):
            pass

    def test_a_neutral_name_in_a_folder_or_the_name_that_was_given(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        assert result.path.name == f"sx-{result.envelope.bundle_id[:12]}.sxfer.zip"
        named = world.bob.forward(path, [world.cat], away(world) / "mine.zip")
        assert named.path == away(world) / "mine.zip"
        assert len(list(away(world).iterdir())) == 2

    def test_the_register_knows_what_is_on_it_and_where_it_came_from(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        with world.bob.verify(path) as verified:
            manifest, envelope = verified.manifest, verified.envelope
            digest = verified.inside.outside.claimed.bundle_sha256
        record = manifest.model_dump(exclude_none=True)
        assert dict(result.entry.details) == {
            **{
                name: record[name]
                for name in (
                    "agreement",
                    "forwarding",
                    "gates",
                    "linkage",
                    "recipe_sha256",
                    "sequence",
                    "tables",
                    "tool",
                )
            },
            "bundle_id": result.envelope.bundle_id,
            "bundle_sha256": result.bundle_sha256,
            "carrier": result.carrier.identify(),
            "created_at": result.envelope.created_at,
            "expires_at": result.envelope.expires_at,
            "file_name": result.path.name,
            "file_sha256": hashlib.sha256(result.path.read_bytes()).hexdigest(),
            "forwarders": [],
            "n_bytes": result.n_bytes,
            "origin_bundle_id": envelope.bundle_id,
            "origin_bundle_sha256": digest,
            "origin_recipients": [world.bob.identity.fingerprint],
            "origin_sender": world.ann.identity.fingerprint,
            "origin_verified": "yes",
            "previous_bundle_id": envelope.bundle_id,
            "previous_bundle_sha256": digest,
            "previous_sender": world.ann.identity.fingerprint,
            "recipient_names": ["cat"],
            "recipients": [world.cat.identity.fingerprint],
        }
        assert result.entry.event == "forwarded"
        assert events(world.bob) == ["forwarded"]
        again = world.cat.forward(result.path, [world.bob], away(world)).entry.details
        assert again["forwarders"] == [world.bob.identity.fingerprint]
        assert again["origin_bundle_id"] == envelope.bundle_id
        assert again["previous_bundle_id"] == result.envelope.bundle_id
        assert again["previous_sender"] == world.bob.identity.fingerprint

    def test_the_envelope_carries_the_registers_head(self, world: World) -> None:
        path = pack(world)
        first = world.bob.forward(path, [world.cat], away(world))
        second = world.bob.forward(path, [world.cat], away(world))
        assert first.envelope.register_head == "0" * 64
        assert second.envelope.register_head == first.entry.sha256

    def test_days_make_it_shorter(self, world: World) -> None:
        path = pack(world)
        world.clock.move(days=10)
        for days in (1, 79, 80):
            result = world.bob.forward(path, [world.cat], away(world), days=days)
            assert result.envelope.expires == world.clock() + timedelta(days=days)
            with world.cat.verify(result.path):
                pass


@dataclass(frozen=True)
class Refusal:
    """A forwarding that must not be."""

    error: type[SecurexferError]
    says: str
    order: Callable[[World, Path], dict[str, Any]] = lambda world, path: {}
    before: Callable[[World, Path], Any] = lambda world, path: None


def rotate_bob(world: World, path: Path) -> None:
    world.bob.identity = rotate_identity(world.bob.identity, rotated_at=world.clock())


REFUSALS = {
    "nobody to send it to": Refusal(
        UsageError, "needs a recipient", lambda world, path: {"to": []}
    ),
    "too many": Refusal(UsageError, "at most 100", lambda world, path: {"to": [world.cat] * 101}),
    "an expired card": Refusal(
        CardExpiredError, "'cat' expired", before=lambda world, path: world.clock.move(days=1000)
    ),
    "a former key": Refusal(NotForThisIdentityError, "a former key of this", before=rotate_bob),
    "expired meanwhile": Refusal(
        BundleExpiredError,
        "expired on 2027-02-20",
        before=lambda world, path: world.clock.move(days=90, seconds=1),
    ),
    "a day too long": Refusal(
        UsageError, "expires on 2027-02-20", lambda world, path: {"days": 91}
    ),
    "a folder that is not there": Refusal(
        OutputError, "does not exist", lambda world, path: {"output": world.folder / "none"}
    ),
    "itself": Refusal(
        OutputExistsError,
        "made from it",
        lambda world, path: {"output": path, "force": True},
    ),
    "what is there": Refusal(
        OutputExistsError, "is there already", lambda world, path: {"output": path}
    ),
    "a newer one, opened meanwhile": Refusal(
        BundleOlderError,
        "the newer bundle 2",
        before=lambda world, path: world.bob.unpack(pack(world), world.folder / "newer"),
    ),
}


def attempt(
    verified: Verified,
    world: World,
    find_medium: FindMedium = find_medium,
    **order: Any,
) -> ForwardResult:
    to = order.pop("to", [world.cat])
    contacts = [world.bob.contacts.get(person.name) for person in to]
    output = order.pop("output", away(world))
    return forward(
        verified,
        ForwardOrder(contacts, output, **order),
        world.bob.identity,
        world.bob.register,
        clock=world.clock,
        reporter=SilentReporter(),
        find_medium=find_medium,
    )


def always(medium: Medium) -> FindMedium:
    return lambda _: medium


class TestWhatIsRefused:
    @pytest.mark.parametrize("name", REFUSALS)
    def test_nothing_is_written_and_nothing_recorded(self, world: World, name: str) -> None:
        case = REFUSALS[name]
        path = pack(world)
        data = path.read_bytes()
        with world.bob.verify(path) as verified:
            case.before(world, path)
            entries = events(world.bob)
            with pytest.raises(case.error) as caught:
                attempt(verified, world, **case.order(world, path))
        assert case.says in caught.value.message
        assert list(away(world).iterdir()) == []
        assert path.read_bytes() == data
        # A refused bundle is on record as one; a wrong order is not.
        refused = ["unpack-refused"] if is_refusal(caught.value) else []
        assert events(world.bob) == entries + refused

    def test_the_last_second_is_not_too_late(self, world: World) -> None:
        path = pack(world)
        world.clock.move(days=90)
        assert world.bob.forward(path, [world.cat], away(world)).envelope.expires == world.clock()

    def test_the_partial_file_is_not_the_bundle_itself(self, world: World) -> None:
        path = pack(world)
        own = path.rename(away(world) / "mine.zip.partial")
        data = own.read_bytes()
        with pytest.raises(OutputExistsError, match="made from it"):
            world.bob.forward(own, [world.cat], away(world) / "mine.zip", force=True)
        assert own.read_bytes() == data

    def test_what_the_agreement_does_not_allow(self, world: World) -> None:
        path = pack(world, recipe=keep_all("t", ["x"]))
        with pytest.raises(ForwardingForbiddenError) as caught:
            world.bob.forward(path, [world.cat], away(world))
        assert caught.value.message == (
            "ann packed the bundle under an agreement that does not allow to forward it."
        )
        assert "allow forwarding in the recipe" in caught.value.hint
        assert caught.value.exit_code == 60
        assert list(away(world).iterdir()) == []
        (entry,) = world.bob.register.entries()
        assert entry.event == "unpack-refused"
        assert entry.details["reason"] == "forwarding_forbidden"
        assert entry.details["sender"] == world.ann.identity.fingerprint

    def test_a_ninth_hop(self, world: World) -> None:
        path = pack(world)
        people = [world.bob, world.cat]
        for number in range(8):
            here, there = people[number % 2], people[1 - number % 2]
            path = here.forward(path, [there], away(world), force=True).path
        with world.bob.verify(path) as verified:
            assert len(verified.inside.chain) == 9
        names = {p.name for p in away(world).iterdir()}
        with pytest.raises(ForwardedTooOftenError, match="forwarded 8 times"):
            world.bob.forward(path, [world.cat], away(world))
        assert {p.name for p in away(world).iterdir()} == names

    def test_a_member_too_many(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        path = pack(world)
        monkeypatch.setattr(forwarding, "MAX_MEMBERS", 4)
        path = world.bob.forward(path, [world.cat], away(world)).path
        # It has its provenance already.
        world.cat.forward(path, [world.bob], away(world))
        monkeypatch.setattr(forwarding, "MAX_MEMBERS", 3)
        with pytest.raises(ForwardedTooOftenError, match="too many members"):
            world.cat.forward(path, [world.bob], away(world))

    def test_a_drive_without_room(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        path = pack(world)
        needed = path.stat().st_size + 65_536
        monkeypatch.setattr(place, "free_bytes", lambda _: needed - 1)
        with pytest.raises(DiskFullError):
            world.bob.forward(path, [world.cat], away(world))
        assert list(away(world).iterdir()) == []
        monkeypatch.setattr(place, "free_bytes", lambda _: needed)
        world.bob.forward(path, [world.cat], away(world))

    def test_a_drive_that_allows_no_file_so_large(self, world: World) -> None:
        path = pack(world)
        n_bytes = path.stat().st_size + 65_536
        for room, error in ((-1, FileTooLargeError), (10_000, None)):
            limits = Limits(max_file_bytes=n_bytes + room)
            drive = Medium(Kind.REMOVABLE, "STICK", "12-34", "vfat", limits)
            with world.bob.verify(path) as verified:
                if error is None:
                    entry = attempt(verified, world, find_medium=always(drive)).entry
                    assert entry.details["carrier"] == drive.identify()
                    continue
                with pytest.raises(error):
                    attempt(verified, world, find_medium=always(drive))
                assert list(away(world).iterdir()) == []

    def test_a_bundle_that_is_for_somebody_else(self, world: World) -> None:
        path = pack(world, world.cat)
        with pytest.raises(NotForThisIdentityError):
            world.bob.forward(path, [world.cat], away(world))


class TestWhatFails:
    def test_a_drive_that_gives_back_other_bytes_has_no_bundle(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = pack(world)
        honest = PartialFile.sync

        def spoil(file: PartialFile) -> None:
            honest(file)
            with file._partial.open("r+b") as stored:
                stored.seek(200)
                stored.write(b"x")

        monkeypatch.setattr(PartialFile, "sync", spoil)
        with pytest.raises(SecurexferError, match="other bytes"):
            world.bob.forward(path, [world.cat], away(world))
        assert list(away(world).iterdir()) == []
        assert events(world.bob) == []

    def test_what_was_recorded_and_did_not_come_to_be_is_contradicted(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = pack(world)
        honest = PartialFile.publish

        def fail(file: PartialFile) -> None:
            if file.target.suffix == ".zip":
                raise OutputError("gone")
            honest(file)

        monkeypatch.setattr(PartialFile, "publish", fail)
        with pytest.raises(OutputError, match="gone"):
            world.bob.forward(path, [world.cat], away(world))
        assert list(away(world).iterdir()) == []
        assert events(world.bob) == ["forwarded", "forward-failed"]
        first, second = world.bob.register.entries()
        assert second.details == {
            "bundle_id": first.details["bundle_id"],
            "reason": "output_failed",
        }

    def test_what_can_not_be_recorded_is_not_released(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = pack(world)

        def fail(*_: Any, **__: Any) -> None:
            raise RegisterError("no room")

        monkeypatch.setattr(Register, "append", fail)
        with pytest.raises(RegisterError, match="no room"):
            world.bob.forward(path, [world.cat], away(world))
        assert list(away(world).iterdir()) == []

    def test_a_source_that_changes_while_it_is_copied_is_noticed(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = pack(world)
        with world.bob.verify(path) as verified:
            data = bytearray(path.read_bytes())
            data[200] ^= 1
            path.write_bytes(data)
            verified.inside.outside.file._cached = (-1, b"")
            with pytest.raises(SecurexferError, match="changed while it was being read"):
                attempt(verified, world)
        assert list(away(world).iterdir()) == []
        assert events(world.bob) == ["unpack-refused"]


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
