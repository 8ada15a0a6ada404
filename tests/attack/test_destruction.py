"""Destruction and what is certified of it: never more than was done, to whom it belongs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from securexfer.carrier import PartialFile
from securexfer.custody.receipt import record_medium
from securexfer.errors import OutputChangedError, OutputError, RegisterError
from securexfer.filing import import_certificate, import_receipt
from securexfer.medium.medium import Kind, Medium
from securexfer.reporting import SilentReporter
from tests.attack.notary import RECIPE, TABLE, Exchange, events, last
from tests.world import World


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_unpacked_meanwhile_is_not_certified_as_gone(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run unpacks after `destroy` has looked, and before it records."""
    bob = exchange.bob
    exchange.unpack(bob, exchange.packed, "one")
    entries, honest = bob.register.entries(), bob.register.entries
    exchange.unpack(bob, exchange.packed, "two")
    turns = iter([entries])
    monkeypatch.setattr(bob.register, "entries", lambda: next(turns, None) or honest())
    with pytest.raises(RegisterError, match="unpacked again at the same time"):
        exchange.destroy(bob, exchange.packed)
    assert events(bob)[-1] == "unpacked"
    monkeypatch.undo()
    result = exchange.destroy(bob, exchange.packed)
    assert len(result.removed) == 2
    assert len(result.missing) == 2


def test_two_bundles_of_one_id_are_certified_each_to_its_own_sender(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cat` is malicious, and gives hers the id of ann's bundle."""
    exchange = Exchange(world)
    packed = exchange.pack(world.bob)
    chosen = bytes.fromhex(packed.manifest.bundle_id)
    with monkeypatch.context() as patch:
        patch.setattr(os, "urandom", lambda n, real=os.urandom: chosen if n == 16 else real(n))
        false = world.cat.pack(TABLE, RECIPE, [world.bob], world.drive / "false.zip")
    assert false.manifest.bundle_id == packed.manifest.bundle_id
    for number, one in enumerate((packed, false)):
        exchange.unpack(world.bob, one, f"{number}")
    result = exchange.destroy(world.bob, packed)
    assert len(result.removed) == 4
    first, second = result.certificates
    for path, person in ((first, world.ann), (second, world.cat)):
        filed = import_certificate(path.read_bytes(), exchange.cabinet(person))
        assert (filed.statement.n_removed, len(filed.statement.openings)) == (2, 1)


@pytest.mark.parametrize(
    "harm",
    [
        {"tables": [{"name": "../x", "n_rows": 1}]},
        {"tables": [{"name": "x"}]},
        {"tables": "x"},
        {"receipt": {"file": "x"}},
        {"receipt": {"opened_at": "soon", "statement_id": "0" * 32}},
        {"bundle_sha256": "x"},
        {"sender": "x"},
    ],
)
def test_a_register_that_is_damaged_stops_it_before_anything_is_deleted(
    exchange: Exchange, harm: dict[str, Any]
) -> None:
    bob = exchange.bob
    exchange.unpack(bob, exchange.packed, "held")
    details = {**last(bob).details, **harm}
    bob.register.append(bob.identity, "unpacked", details, exchange.world.clock())
    with pytest.raises(RegisterError, match="damaged"):
        exchange.destroy(bob, exchange.packed)
    assert "people.csv" in names(exchange.world.folder / "held-of-bob")


def test_entries_of_an_older_version_are_destroyed_and_have_no_certificate(
    exchange: Exchange,
) -> None:
    bob = exchange.bob
    exchange.unpack(bob, exchange.packed, "held")
    kept = ("bundle_id", "files_sha256", "folder")
    details = {name: last(bob).details[name] for name in kept}
    other = {**details, "bundle_id": "9" * 32}
    bob.register.append(bob.identity, "unpacked", other, exchange.world.clock())
    exchange.packed = _named(exchange, "9" * 32)
    result = exchange.destroy(bob, exchange.packed)
    assert (len(result.removed), result.certificates) == (2, ())


def _named(exchange: Exchange, bundle_id: str) -> Any:
    from dataclasses import replace

    manifest = exchange.packed.manifest.model_copy(update={"bundle_id": bundle_id})
    return replace(exchange.packed, manifest=manifest)


def test_a_certificate_that_can_not_be_written_says_what_was_done_and_what_to_do(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = exchange.bob
    exchange.unpack(bob, exchange.packed, "held")

    def fail(*_: Any, **__: Any) -> None:
        raise OutputError("The drive is gone.")

    with monkeypatch.context() as patch:
        patch.setattr("securexfer.certifying.write_small", fail)
        with pytest.raises(OutputError, match="were destroyed, and that was recorded") as caught:
            exchange.destroy(bob, exchange.packed)
    assert "Run the command again" in caught.value.hint
    # The receipt is kept as long as there is nothing to send in its place.
    (receipt,) = names(exchange.world.folder / "held-of-bob")
    path = exchange.world.folder / "held-of-bob" / receipt
    assert import_receipt(path.read_bytes(), exchange.cabinet(exchange.ann)).is_new
    # It had been destroyed before, too: certificates of both are written, the newest first.
    result = exchange.destroy(bob, exchange.packed)
    assert names(path.parent) == sorted(one.name for one in result.certificates)
    said = [exchange.payload(one.read_bytes()) for one in result.certificates]
    assert said[0]["openings"] != said[1]["openings"]
    assert said[1] == exchange.payload(exchange.certificate)
    assert (events(bob)[-1], result.is_new) == ("destroyed", False)


class TestPlaintextThatWouldStay:
    """Nothing is certified as deleted that lies elsewhere too, or that nobody could look at."""

    @pytest.fixture
    def folder(self, exchange: Exchange) -> Path:
        exchange.packed = exchange.pack(exchange.bob)
        return exchange.unpack(exchange.bob, exchange.packed, "stay").parent

    def certified(self, exchange: Exchange, **options: Any) -> tuple[int, int, int]:
        (path,) = exchange.destroy(exchange.bob, exchange.packed, **options).certificates
        said = import_certificate(path.read_bytes(), exchange.cabinet(exchange.ann)).statement
        return said.n_removed, said.n_changed, said.n_missing

    def test_a_second_name_is_called_that_and_certified_as_a_change(
        self, exchange: Exchange, folder: Path
    ) -> None:
        other = exchange.world.folder / "other-name"
        other.hardlink_to(folder / "people.csv")
        with pytest.raises(OutputChangedError, match=r"people\.csv has another name too"):
            exchange.destroy(exchange.bob, exchange.packed)
        assert (folder / "datapackage.json").exists()
        reporter = SilentReporter()
        assert self.certified(exchange, force=True, reporter=reporter) == (2, 1, 0)
        assert other.exists()
        (note,) = reporter.notes
        assert note.startswith("Deleted all the same: ")
        assert note.endswith("has another name too (a hard link), under which it would stay.")

    def test_a_link_in_a_files_place_is_not_the_file(
        self, exchange: Exchange, folder: Path
    ) -> None:
        moved = exchange.world.folder / "moved.csv"
        (folder / "people.csv").rename(moved)
        (folder / "people.csv").symlink_to(moved)
        with pytest.raises(OutputChangedError, match=r"people\.csv is a link now"):
            exchange.destroy(exchange.bob, exchange.packed)
        assert self.certified(exchange, force=True) == (1, 0, 1)
        assert moved.exists()
        assert not (folder / "people.csv").is_symlink()

    def test_what_a_failed_run_deleted_is_not_called_missing(
        self, exchange: Exchange, folder: Path
    ) -> None:
        (folder / "people.csv").unlink()
        (folder / "people.csv").mkdir()
        with pytest.raises(OutputError, match=r"people\.csv could not be deleted \(1 of 2 files\)"):
            exchange.destroy(exchange.bob, exchange.packed, force=True)
        assert last(exchange.bob).event == "destroy-failed"
        (folder / "people.csv").rmdir()
        assert self.certified(exchange) == (1, 0, 1)

    def test_what_another_bundle_put_in_its_place_stays(
        self, exchange: Exchange, folder: Path
    ) -> None:
        newer = exchange.pack(exchange.bob)
        exchange.bob.unpack(newer.path, folder, force=True)
        for name in ("people.csv", "datapackage.json"):
            assert (folder / name).exists()
        result = exchange.destroy(exchange.bob, exchange.packed, force=True)
        assert (result.removed, result.missing) == ((), ())
        assert [path.name for path in result.replaced] == ["datapackage.json", "people.csv"]
        assert self.certified(exchange) == (0, 0, 2)
        assert len(exchange.destroy(exchange.bob, newer).removed) == 2

    def test_unfinished_plaintext_that_a_run_is_writing_keeps_it_from_being_certified(
        self, exchange: Exchange, folder: Path
    ) -> None:
        self.begin(exchange, folder)
        writing = PartialFile(folder / "more.csv")
        with pytest.raises(OutputError, match=r"more\.csv\.partial holds unfinished plaintext"):
            exchange.destroy(exchange.bob, exchange.packed, force=True)
        assert (folder / "people.csv").exists()
        writing.discard()
        assert self.certified(exchange) == (2, 0, 0)

    def test_unfinished_plaintext_may_be_on_a_drive_that_is_not_there(
        self, exchange: Exchange, folder: Path
    ) -> None:
        self.begin(exchange, exchange.world.folder / "unplugged")
        with pytest.raises(OutputError, match="unplugged is not there"):
            exchange.destroy(exchange.bob, exchange.packed)
        assert (folder / "people.csv").exists()
        assert self.certified(exchange, force=True) == (2, 0, 0)

    def test_the_certificate_is_not_looked_for_where_an_unpack_failed(
        self, exchange: Exchange, folder: Path
    ) -> None:
        self.begin(exchange, exchange.world.folder / "failed")
        details = {"bundle_id": exchange.packed.manifest.bundle_id, "reason": "disk_full"}
        details["folder"] = str(exchange.world.folder / "failed")
        bob = exchange.bob
        bob.register.append(bob.identity, "unpack-failed", details, exchange.world.clock())
        (path,) = exchange.destroy(bob, exchange.packed).certificates
        assert path.parent == folder

    def test_a_clock_that_was_set_back_makes_no_certificate_that_nobody_believes(
        self, exchange: Exchange, folder: Path
    ) -> None:
        clock = exchange.world.clock
        clock.move(days=-3)
        (path,) = exchange.destroy(exchange.bob, exchange.packed).certificates
        clock.move(days=3)
        assert import_certificate(path.read_bytes(), exchange.cabinet(exchange.ann)).is_new

    def begin(self, exchange: Exchange, folder: Path) -> None:
        """Have the register say that another unpack was begun."""
        bob = exchange.bob
        begun = [e for e in bob.register.entries() if e.event == "unpack-started"][-1]
        details = {**begun.details, "files": ["more.csv"], "folder": str(folder)}
        bob.register.append(bob.identity, "unpack-started", details, exchange.world.clock())


def test_a_receipt_that_is_somebody_elses_file_now_stays(exchange: Exchange) -> None:
    receipt = exchange.unpack(exchange.bob, exchange.packed, "held")
    receipt.write_text("my notes")
    exchange.destroy(exchange.bob, exchange.packed)
    assert receipt.read_text() == "my notes"


def test_a_certificate_rests_on_the_entry_that_records_the_deletion(exchange: Exchange) -> None:
    payload = exchange.payload(exchange.certificate)
    entry = last(exchange.bob)
    assert entry.event == "destroyed"
    assert payload["register_head"] == entry.sha256
    assert payload["destroyed_at"] == payload["made_at"] == "2026-11-22T09:30:00Z"


STICK = Medium(Kind.REMOVABLE, file_system="exfat", label="STICK", serial="4711")


class TestMedia:
    """What the receipt says of the place where the tables were put."""

    def test_it_is_the_kind_that_was_found_and_the_reason_that_was_given(
        self, exchange: Exchange
    ) -> None:
        result = exchange.bob.unpack(
            exchange.packed.path,
            exchange.world.folder / "stick",
            find_medium=lambda _: STICK,
            medium_reason="the laptop has no other disk",
        )
        payload = exchange.payload(result.receipt.read_bytes())
        assert payload["medium"] == {"kind": "removable", "file_system": "exfat"}
        assert payload["medium_reason"] == "the laptop has no other disk"
        details = last(exchange.bob).details
        assert details["medium"] == payload["medium"]
        assert details["medium_reason"] == payload["medium_reason"]
        filed = import_receipt(result.receipt.read_bytes(), exchange.cabinet(exchange.ann))
        assert filed.entry.details["medium_reason"] == "the laptop has no other disk"

    def test_without_a_reason_there_is_none(self, exchange: Exchange) -> None:
        disk = Medium(Kind.INTERNAL, file_system="ext4")
        result = exchange.bob.unpack(
            exchange.packed.path, exchange.world.folder / "disk", find_medium=lambda _: disk
        )
        payload = exchange.payload(result.receipt.read_bytes())
        assert payload["medium"] == {"kind": "internal", "file_system": "ext4"}
        assert "medium_reason" not in payload

    def test_which_drive_it_was_is_nobodys_business(self, exchange: Exchange) -> None:
        result = exchange.bob.unpack(
            exchange.packed.path,
            exchange.world.folder / "stick",
            find_medium=lambda _: STICK,
            medium_reason="agreed",
        )
        payload = repr(exchange.payload(result.receipt.read_bytes()))
        assert "STICK" not in payload
        assert "4711" not in payload

    @pytest.mark.parametrize("name", ["\n", "x" * 501, "\u202e"])
    def test_a_file_system_whose_name_can_not_be_shown_is_left_out(self, name: str) -> None:
        told = record_medium({"kind": "unknown", "file_system": name})
        assert told.model_dump() == {"kind": "unknown", "file_system": ""}
