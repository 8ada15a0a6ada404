"""What an extension changes at the recipient's, before a bundle is opened and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from securexfer.bundle import layout
from securexfer.bundle.outside import Outside
from securexfer.custody.retention import find_held
from securexfer.errors import BundleExpiredError, StatementMismatchError
from securexfer.expiry import find_extended
from securexfer.filing import import_extension
from securexfer.verifying import pinned_senders
from tests.attack.extender import DAY, DUE, SHORT, expire, said, signed
from tests.attack.notary import RECIPE, TABLE, Exchange, last
from tests.world import START, World, allow_forwarding


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


class TestABundleThatWasExtended:
    def test_it_opens_until_the_new_day_and_no_longer(self, exchange: Exchange) -> None:
        clock = exchange.world.clock
        data = exchange.extend(exchange.packed).path.read_bytes()
        assert import_extension(data, exchange.cabinet(exchange.bob)).is_new
        clock.now = DUE + 30 * DAY
        exchange.unpack(exchange.bob, exchange.packed, "at last")
        clock.move(seconds=1)
        with pytest.raises(BundleExpiredError, match="expired on 2027-03-22"):
            exchange.unpack(exchange.bob, exchange.packed, "too late")

    def test_both_registers_have_the_new_day(self, exchange: Exchange) -> None:
        exchange.unpack(exchange.bob, exchange.packed, "held")
        extended = exchange.extend(exchange.packed)
        import_extension(extended.path.read_bytes(), exchange.cabinet(exchange.bob))
        for person, event in ((exchange.ann, "extended"), (exchange.bob, "extension-imported")):
            assert last(person).event == event
            assert last(person).details["expires_at"] == "2027-03-22T09:30:00Z"
            about = exchange.packed.bundle_sha256
            held = find_held(person.register.entries())
            (found,) = (one for one in held if one.bundle_sha256 == about)
            assert found.destroy_by == DUE + 30 * DAY

    def test_it_can_be_imported_after_the_bundle_has_expired(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        expire(exchange)
        import_extension(data, exchange.cabinet(exchange.bob))
        exchange.unpack(exchange.bob, exchange.packed, "late")

    def test_what_is_unpacked_then_is_to_be_destroyed_by_the_new_day(
        self, exchange: Exchange
    ) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        exchange.unpack(exchange.bob, exchange.packed, "again")
        assert last(exchange.bob).details["expires_at"] == "2027-03-22T09:30:00Z"

    def test_the_password_is_released_until_the_new_day(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        expire(exchange)
        with exchange.bob.verify(exchange.packed.path) as verified:
            assert verified.inside.outside.extended_until == DUE + 30 * DAY

    def test_the_sender_sees_it_too(self, exchange: Exchange) -> None:
        exchange.extend(exchange.packed)
        outside = self.outside(exchange, exchange.packed.path)
        find_sender = pinned_senders([], exchange.ann.identity.card)
        entries = exchange.ann.register.entries()
        assert find_extended(outside, entries, find_sender) == DUE + 30 * DAY

    def test_no_other_bundle_lives_longer(self, exchange: Exchange) -> None:
        second = exchange.pack(exchange.bob)
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        expire(exchange)
        with pytest.raises(BundleExpiredError):
            exchange.unpack(exchange.bob, second, "other")

    def test_a_file_that_lies_about_does_not_count(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        receipts = exchange.bob.home / "receipts"
        receipts.mkdir()
        name = f"sx-{exchange.packed.manifest.bundle_id[:12]}.extension"
        for folder in (exchange.world.drive, receipts, exchange.world.folder):
            (folder / name).write_bytes(data)
        expire(exchange)
        with pytest.raises(BundleExpiredError):
            exchange.unpack(exchange.bob, exchange.packed, "again")

    def test_a_forwarded_bundle_is_never_extended(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        outside = self.outside(exchange, exchange.packed.path)
        entries = exchange.bob.register.entries()
        find = pinned_senders(exchange.bob.contacts.list(), None)
        assert find_extended(outside, entries, find) == DUE + 30 * DAY
        member = outside.envelope.members[0].model_copy(update={"name": layout.PROVENANCE})
        envelope = outside.envelope.model_copy(
            update={"members": [*outside.envelope.members, member]}
        )
        passed_on = Outside(
            outside.file, outside.claimed, envelope, outside.read_me, outside.sender
        )
        assert find_extended(passed_on, entries, find) is None

    def outside(self, exchange: Exchange, path: Path) -> Outside:
        with exchange.bob.verify(path) as verified:
            return verified.inside.outside


def test_whoever_passed_a_bundle_on_can_not_extend_it(exchange: Exchange) -> None:
    """Neither for the program that opens it nor for the list of what is overdue."""
    world = exchange.world
    packed = exchange.ann.pack(TABLE, allow_forwarding(RECIPE), [exchange.bob], world.drive)
    passed_on = exchange.bob.forward(packed.path, [exchange.cat], world.drive)
    exchange.cat.unpack(passed_on.path, world.folder / "passed-on")
    exchange.packed = packed
    about = {
        "bundle_id": passed_on.envelope.bundle_id,
        "bundle_sha256": passed_on.bundle_sha256,
        "created_at": passed_on.envelope.created_at,
        "previous_expires_at": passed_on.envelope.expires_at,
    }
    data = signed(said(exchange, **about), exchange.bob)
    with pytest.raises(StatementMismatchError, match="was forwarded"):
        import_extension(data, exchange.cabinet(exchange.cat))
    (held,) = find_held(exchange.cat.register.entries())
    assert held.destroy_by == DUE


def test_what_was_extended_is_not_forwarded_after_its_own_day(exchange: Exchange) -> None:
    """Nor by a clock that is set back before that day."""
    world = exchange.world
    packed = exchange.ann.pack(TABLE, allow_forwarding(RECIPE), [exchange.bob], world.drive)
    data = exchange.extend(packed).path.read_bytes()
    world.clock.now = DUE + DAY
    import_extension(data, exchange.cabinet(exchange.bob))
    for now in (DUE + DAY, DUE - DAY):
        world.clock.now = now
        with pytest.raises(BundleExpiredError, match="can't be forwarded any more"):
            exchange.bob.forward(packed.path, [exchange.cat], world.drive)


class TestABundleThatWasNotOpenedYet:
    """The register does not know who sent it. So that is compared when it is opened."""

    @pytest.fixture
    def unopened(self, exchange: Exchange) -> Exchange:
        exchange.packed = exchange.pack(exchange.bob)
        return exchange

    def test_it_can_be_extended_all_the_same(self, unopened: Exchange) -> None:
        data = unopened.extend(unopened.packed).path.read_bytes()
        result = import_extension(data, unopened.cabinet(unopened.bob))
        assert result.notes[0].startswith("No such bundle was opened here yet.")
        expire(unopened)
        unopened.unpack(unopened.bob, unopened.packed, "late")

    @pytest.mark.parametrize(
        ("who", "edits"),
        [
            ("cat", {}),
            ("bob", {}),
            ("ann", {"bundle_sha256": "0" * 64}),
            ("ann", {"bundle_id": "0" * 32}),
            ("ann", {"previous_expires_at": SHORT[0], "expires_at": SHORT[1]}),
        ],
    )
    def test_what_is_not_its_senders_for_its_content_has_no_effect(
        self, unopened: Exchange, who: str, edits: dict[str, str]
    ) -> None:
        data = signed(said(unopened, **edits), getattr(unopened, who))
        import_extension(data, unopened.cabinet(unopened.bob))
        expire(unopened)
        with pytest.raises(BundleExpiredError):
            unopened.unpack(unopened.bob, unopened.packed, "late")

    def test_it_lives_no_longer_than_any_bundle_may(self, unopened: Exchange) -> None:
        """A sender who invents when it was made, to get beyond ten years."""
        invented = {
            "created_at": "2027-01-01T00:00:00Z",
            "previous_expires_at": "2027-02-20T09:30:00Z",
            "expires_at": "2036-12-01T00:00:00Z",
        }
        data = signed(said(unopened, **invented), unopened.ann)
        import_extension(data, unopened.cabinet(unopened.bob))
        expire(unopened)
        with pytest.raises(BundleExpiredError):
            unopened.unpack(unopened.bob, unopened.packed, "late")

    def test_its_very_last_day_is_one(self, unopened: Exchange) -> None:
        data = unopened.extend(unopened.packed, 3560).path.read_bytes()
        import_extension(data, unopened.cabinet(unopened.bob))
        unopened.world.clock.now = START + 3650 * DAY
        unopened.unpack(unopened.bob, unopened.packed, "late")

    def test_an_earlier_day_does_not_shorten_its_life(self, unopened: Exchange) -> None:
        edits = {"previous_expires_at": SHORT[0], "expires_at": SHORT[1]}
        data = signed(said(unopened, **edits), unopened.ann)
        import_extension(data, unopened.cabinet(unopened.bob))
        unopened.world.clock.now = DUE
        unopened.unpack(unopened.bob, unopened.packed, "on its day")

    def test_a_later_day_replaces_an_earlier_and_not_the_other_way_round(
        self, unopened: Exchange
    ) -> None:
        first, second = unopened.extend(unopened.packed, 10), unopened.extend(unopened.packed, 10)
        cabinet = unopened.cabinet(unopened.bob)
        assert import_extension(second.path.read_bytes(), cabinet).is_new
        with pytest.raises(StatementMismatchError, match="until 2027-03-12 already"):
            import_extension(first.path.read_bytes(), cabinet)
