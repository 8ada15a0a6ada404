"""Forwarding: what is refused before it is begun, and what fails later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from securexfer import forwarding, place
from securexfer.carrier import PartialFile
from securexfer.crypto.identity import rotate_identity
from securexfer.custody.refusal import is_refusal
from securexfer.custody.register import Register
from securexfer.errors import (
    BundleExpiredError,
    BundleOlderError,
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
    UsageError,
)
from securexfer.forwarding import ForwardOrder, ForwardResult, forward
from securexfer.medium.medium import FindMedium, Kind, Limits, Medium, find_medium
from securexfer.reporting import SilentReporter
from securexfer.verifying import Verified
from tests.unit.forwards import away, events, pack
from tests.world import World, keep_all


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
