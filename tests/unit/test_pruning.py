"""Pruning an outbox: bundles of this register that are old enough go, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from securexfer.errors import OutputError, RegisterError
from securexfer.pruning import PruneResult, prune
from securexfer.reporting import SilentReporter
from tests.world import World, keep_all


@pytest.fixture
def outbox(world: World) -> Path:
    folder = world.folder / "outbox"
    folder.mkdir()
    return folder


def send(world: World, outbox: Path) -> Path:
    table = {"t": b"x\n1\n"}
    name = outbox / f"{len(world.ann.register.entries()):02}.zip"
    path = world.ann.pack(table, keep_all("t", ["x"]), [world.bob], name).path
    (outbox / "t.csv").unlink(missing_ok=True)
    return path


def prune_now(world: World, outbox: Path, days: int = 30, *, dry_run: bool = False) -> PruneResult:
    ann = world.ann
    return prune(
        outbox,
        days,
        None if dry_run else ann.identity,
        ann.register,
        clock=world.clock,
        reporter=SilentReporter(),
    )


class TestPruning:
    def test_what_is_old_goes_and_is_on_record(self, world: World, outbox: Path) -> None:
        old = send(world, outbox)
        world.clock.move(days=31)
        new = send(world, outbox)
        result = prune_now(world, outbox)
        assert [one.path for one in result.removed] == [old]
        assert (result.n_kept, result.n_altered, result.n_others) == (1, 0, 0)
        assert list(outbox.iterdir()) == [new]
        entry = world.ann.register.entries()[-1]
        assert entry.event == "bundle-removed"
        assert entry.details["file_name"] == old.name
        assert entry.details["bundle_id"] == result.removed[0].entry.details["bundle_id"]

    def test_a_dry_run_removes_nothing(self, world: World, outbox: Path) -> None:
        path = send(world, outbox)
        world.clock.move(days=31)
        n_entries = len(world.ann.register.entries())
        assert len(prune_now(world, outbox, dry_run=True).removed) == 1
        assert path.exists()
        assert len(world.ann.register.entries()) == n_entries

    def test_the_age_is_that_in_the_register(self, world: World, outbox: Path) -> None:
        send(world, outbox)
        world.clock.move(days=30)
        assert prune_now(world, outbox).removed != ()
        send(world, outbox)
        world.clock.move(days=29)
        assert prune_now(world, outbox).removed == ()

    def test_files_that_are_not_exactly_ours_stay(self, world: World, outbox: Path) -> None:
        altered, other, linked = (send(world, outbox) for _ in range(3))
        altered.write_bytes(altered.read_bytes() + b"x")
        strange = other.rename(outbox / "renamed.zip")
        elsewhere = world.folder / "elsewhere.zip"
        linked.rename(elsewhere)
        linked.symlink_to(elsewhere)
        (outbox / "folder").mkdir()
        kept = sorted(outbox.iterdir())
        world.clock.move(days=365)
        result = prune_now(world, outbox)
        assert (result.removed, result.n_altered, result.n_others) == ((), 1, 1)
        assert sorted(outbox.iterdir()) == kept
        assert strange.exists()
        assert elsewhere.exists()

    def test_bundles_of_somebody_else_stay(self, world: World, outbox: Path) -> None:
        path = send(world, outbox)
        world.clock.move(days=365)
        bob = world.bob
        bob.pack({"t": b"x\n1\n"}, keep_all("t", ["x"]), [world.cat], world.drive)
        result = prune(
            outbox, 0, bob.identity, bob.register, clock=world.clock, reporter=SilentReporter()
        )
        assert (result.removed, result.n_others) == ((), 1)
        assert path.exists()

    def test_nothing_goes_that_can_not_be_recorded(
        self, world: World, outbox: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = send(world, outbox)
        world.clock.move(days=365)

        def refuse(*_: object) -> None:
            raise RegisterError("The register can't be written.")

        monkeypatch.setattr(world.ann.register, "check_writable", refuse)
        with pytest.raises(RegisterError):
            prune_now(world, outbox)
        assert path.exists()

    def test_a_folder_that_is_not_there_is_called_that(self, world: World, outbox: Path) -> None:
        send(world, outbox)
        with pytest.raises(OutputError, match="can't be read"):
            prune_now(world, outbox / "away")
