"""What was destroyed, and where: one place by several names, drives away, runs that fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer.custody.retention import find_held
from securexfer.errors import OutputError
from securexfer.filing import import_certificate, import_receipt
from securexfer.leftovers import find_leftovers, sweep_leftovers
from securexfer.medium.medium import Kind, Medium
from securexfer.pinning import revoke_contact
from securexfer.reporting import SilentReporter
from securexfer.residue import place_of
from tests.attack.notary import Exchange, events, last
from tests.faults.mounts import ExfatStick
from tests.world import START, World

SHARE = Medium(Kind.NETWORK, file_system="cifs")
DISK = Medium(Kind.INTERNAL, file_system="ext4")


@pytest.fixture
def exchange(world: World) -> Exchange:
    exchange = Exchange(world)
    exchange.packed = exchange.pack(exchange.bob)
    return exchange


@pytest.fixture
def folder(exchange: Exchange) -> Path:
    return exchange.unpack(exchange.bob, exchange.packed, "out").parent


def begin(exchange: Exchange, folder: Path, files: list[str], **more: Any) -> dict[str, Any]:
    """Have the register say that another unpack was begun; what it says of it."""
    bob = exchange.bob
    begun = [e for e in bob.register.entries() if e.event == "unpack-started"][-1]
    details = {**begun.details, "files": files, "folder": str(folder), **more}
    bob.register.append(bob.identity, "unpack-started", details, exchange.world.clock())
    return details


class TestOnePlaceByTwoNames:
    @pytest.fixture
    def link(self, exchange: Exchange, folder: Path) -> Path:
        link = exchange.world.folder / "link"
        link.symlink_to(folder)
        return link

    def test_a_folder_and_a_link_to_it_hold_each_file_once(
        self, exchange: Exchange, folder: Path, link: Path
    ) -> None:
        exchange.bob.unpack(exchange.packed.path, link, force=True)
        roundabout = folder / ".." / folder.name
        exchange.bob.unpack(exchange.packed.path, roundabout, force=True)
        result = exchange.destroy(exchange.bob, exchange.packed)
        assert (len(result.removed), result.missing) == (2, ())
        assert list(folder.glob("*.csv")) == []

    def test_what_was_deleted_elsewhere_is_missed_once(
        self, exchange: Exchange, folder: Path, link: Path
    ) -> None:
        exchange.bob.unpack(exchange.packed.path, link, force=True)
        (folder / "people.csv").unlink()
        result = exchange.destroy(exchange.bob, exchange.packed)
        assert (len(result.removed), len(result.missing)) == (1, 1)

    def test_what_another_bundle_put_there_by_a_link_stays(
        self, exchange: Exchange, folder: Path, link: Path
    ) -> None:
        newer = exchange.pack(exchange.bob)
        exchange.bob.unpack(newer.path, link, force=True)
        result = exchange.destroy(exchange.bob, exchange.packed, force=True)
        assert (result.removed, len(result.replaced)) == ((), 2)
        assert (folder / "people.csv").exists()
        assert len(exchange.destroy(exchange.bob, newer).removed) == 2


def test_on_a_drive_to_which_case_is_nothing_a_folder_has_many_names(
    exchange: Exchange, tool: Callable[[str], str]
) -> None:
    stick, bob = ExfatStick(exchange.world.folder, 4 * 2**20, tool), exchange.bob
    newer = exchange.pack(bob)
    with stick.plugged_in() as mount:
        for name, packed in (("In", exchange.packed), ("in", exchange.packed), ("IN", newer)):
            bob.unpack(packed.path, mount / name, force=True, medium_reason="agreed")
        result = exchange.destroy(bob, exchange.packed, force=True)
        assert (result.removed, result.missing, len(result.replaced)) == ((), (), 2)
        assert len(exchange.destroy(bob, newer).removed) == 2
        for name in ("in", "iN"):
            bob.unpack(newer.path, mount / name, force=True, medium_reason="agreed")
        result = exchange.destroy(bob, newer)
        assert (len(result.removed), result.missing) == (2, ())


def test_where_case_is_something_two_files_are_two(exchange: Exchange, folder: Path) -> None:
    (folder / "People.csv").write_text("mine")
    assert place_of(folder / "People.csv") != place_of(folder / "people.csv")
    assert place_of(folder / "PEOPLE.csv") == (str(folder), "PEOPLE.csv")


class TestDrivesThatAreAway:
    """Where a share is not connected there is an empty folder, and nothing in it is gone."""

    @pytest.fixture
    def share(self, exchange: Exchange) -> Path:
        folder = exchange.world.folder / "share"
        exchange.bob.unpack(
            exchange.packed.path, folder, find_medium=lambda _: SHARE, medium_reason="agreed"
        )
        for path in folder.iterdir():
            path.unlink()
        return folder

    def test_nobody_takes_what_is_on_it_for_deleted(self, exchange: Exchange, share: Path) -> None:
        before = events(exchange.bob)
        with pytest.raises(OutputError, match="on another medium") as caught:
            exchange.destroy(exchange.bob, exchange.packed, find_medium=lambda _: DISK)
        assert "(kind internal, not network; file system ext4, not cifs)" in caught.value.message
        assert str(share) in caught.value.message
        assert events(exchange.bob) == before

    @pytest.mark.parametrize("medium", [SHARE, Medium(Kind.UNKNOWN)])
    def test_where_it_is_there_or_nobody_knows_they_are_missed(
        self, exchange: Exchange, share: Path, medium: Medium
    ) -> None:
        result = exchange.destroy(exchange.bob, exchange.packed, find_medium=lambda _: medium)
        assert len(result.missing) == len(("people.csv", "datapackage.json"))
        assert result.certificates[0].parent == share

    def test_whoever_deleted_them_says_so(self, exchange: Exchange, share: Path) -> None:
        assert share.exists()
        result = exchange.destroy(
            exchange.bob, exchange.packed, force=True, find_medium=lambda _: DISK
        )
        assert len(result.missing) == len(("people.csv", "datapackage.json"))

    def test_what_is_unfinished_on_it_is_not_swept(self, exchange: Exchange, folder: Path) -> None:
        away = exchange.world.folder / "away"
        away.mkdir()
        begin(exchange, away, ["people.csv"], medium={"kind": "optical", "file_system": "udf"})
        bob = exchange.bob
        sweep_leftovers(
            bob.identity, bob.register, clock=exchange.world.clock, reporter=SilentReporter()
        )
        (leftover,) = find_leftovers(bob.register.entries())
        assert leftover.is_away()
        with pytest.raises(OutputError, match="away are not there, and it is on another medium"):
            exchange.destroy(bob, exchange.packed)
        assert (folder / "people.csv").exists()


class TestTwoUnpacksInOneFolder:
    def test_the_end_of_one_is_not_the_end_of_the_other(
        self, exchange: Exchange, folder: Path
    ) -> None:
        bob = exchange.bob
        begin(exchange, folder, ["one.csv"])
        ended = begin(exchange, folder, ["two.csv"])
        bob.register.append(bob.identity, "unpack-failed", {**ended, "reason": "x"}, START)
        (leftover,) = find_leftovers(bob.register.entries())
        assert [path.name for path in leftover.partials] == ["one.csv.partial"]

    def test_what_is_swept_of_one_is_not_swept_of_the_other(
        self, exchange: Exchange, folder: Path
    ) -> None:
        bob = exchange.bob
        begin(exchange, folder, ["one.csv"])
        begin(exchange, folder, ["two.csv"])
        (folder / "two.csv.partial").mkdir()  # in the way, and can't be removed
        sweep_leftovers(bob.identity, bob.register, clock=lambda: START, reporter=SilentReporter())
        (leftover,) = find_leftovers(bob.register.entries())
        assert leftover.files == ("two.csv",)


class TestRunsThatCouldNotDeleteAll:
    def test_what_they_deleted_though_it_had_changed_is_certified_as_changed(
        self, exchange: Exchange, folder: Path
    ) -> None:
        """Two in a row: one deletes a file that had changed, the other nothing."""
        (folder / "datapackage.json").write_text("mine")
        (folder / "people.csv").unlink()
        (folder / "people.csv").mkdir()
        for _ in range(2):
            with pytest.raises(OutputError, match="could not be deleted"):
                exchange.destroy(exchange.bob, exchange.packed, force=True)
            assert last(exchange.bob).details["changed"] == [str(folder / "datapackage.json")]
        (folder / "people.csv").rmdir()
        (path,) = exchange.destroy(exchange.bob, exchange.packed).certificates
        said = import_certificate(path.read_bytes(), exchange.cabinet(exchange.ann)).statement
        assert (said.n_removed, said.n_changed, said.n_missing) == (1, 1, 1)
        assert last(exchange.bob).details["changed"] == [str(folder / "datapackage.json")]


class TestAgain:
    def test_an_unpack_that_failed_since_makes_no_certificate_of_nothing(
        self, exchange: Exchange, folder: Path
    ) -> None:
        """Or the one that got lost could not be written again."""
        (first,) = exchange.destroy(exchange.bob, exchange.packed).certificates
        details = {**begin(exchange, folder, ["people.csv"]), "reason": "disk_full"}
        bob = exchange.bob
        bob.register.append(bob.identity, "unpack-failed", details, exchange.world.clock())
        before = events(bob)
        result = exchange.destroy(bob, exchange.packed)
        assert (events(bob), result.is_new) == (before, False)
        (again,) = result.certificates
        assert exchange.payload(again.read_bytes()) == exchange.payload(first.read_bytes())

    def test_what_was_only_begun_is_recorded_as_destroyed_once(
        self, exchange: Exchange, folder: Path
    ) -> None:
        other = exchange.pack(exchange.bob)
        digest = {"bundle_id": other.manifest.bundle_id, "bundle_sha256": other.bundle_sha256}
        begin(exchange, folder, ["people.csv"], **digest)
        result = exchange.destroy(exchange.bob, other)
        assert (result.removed, result.missing, result.is_new) == ((), (), True)
        assert not exchange.destroy(exchange.bob, other).is_new

    def test_a_receipt_goes_only_where_a_certificate_takes_its_place(
        self, exchange: Exchange, folder: Path
    ) -> None:
        bob, ann = exchange.bob, exchange.ann
        (receipt,) = folder.glob("*.receipt")
        import_receipt(receipt.read_bytes(), exchange.cabinet(ann))
        bob.contacts.remove("ann")
        first = exchange.destroy(bob, exchange.packed)
        assert (first.certificates, first.receipts_kept) == ((), (receipt,))
        bob.contacts.pin(ann.identity.card, "ann", pinned_at=START)
        exchange.unpack(bob, exchange.packed, "two")
        second = exchange.destroy(bob, exchange.packed)
        assert second.receipts_kept == (receipt,), "no certificate names it"
        assert second.receipts_changed == ()
        third = exchange.destroy(bob, exchange.packed)
        assert third.receipts_removed == (receipt,)
        assert len(third.certificates) == 2
        for path in third.certificates:
            import_certificate(path.read_bytes(), exchange.cabinet(ann))
        held = {one.bundle_id: one for one in find_held(ann.register.entries())}
        assert not held[exchange.packed.manifest.bundle_id].is_open


class TestStops:
    def test_none_comes_between_deleting_and_recording(
        self, exchange: Exchange, folder: Path
    ) -> None:
        class Shielded(SilentReporter):
            there: bool | None = None

            def shield(self) -> None:
                self.there = (folder / "people.csv").exists()

        reporter = Shielded()
        exchange.destroy(exchange.bob, exchange.packed, reporter=reporter)
        assert reporter.there is True


def test_whoever_sent_it_with_a_key_that_was_stolen_is_given_the_word_in_person(
    exchange: Exchange, folder: Path
) -> None:
    bob, clock = exchange.bob, exchange.world.clock
    revoke_contact(bob.contacts, "ann", "a laptop is gone", bob.identity, bob.register, clock=clock)
    reporter = SilentReporter()
    exchange.destroy(exchange.bob, exchange.packed, reporter=reporter)
    (note,) = reporter.notes
    assert note.startswith("The keys of ann were revoked here on 2026-11-22.")
    assert note.endswith("hand it over in person.")
