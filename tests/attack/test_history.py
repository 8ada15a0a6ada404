"""What was opened before, and when: replay, series, clocks and replaced keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from securexfer.errors import (
    BundleExpiredError,
    BundleFutureError,
    BundleOlderError,
    BundleReplayError,
    CardExpiredError,
    RecipeError,
    RegisterError,
    UsageError,
)
from securexfer.reporting import SilentReporter
from securexfer.unpacking import unpack
from tests.attack.forge import Forgery
from tests.world import World, keep_all

RECIPE = keep_all("t", ["x"])


def pack(world: World, n: int = 1) -> Path:
    folder = world.drive / str(len(list(world.drive.iterdir())))
    folder.mkdir()
    return world.ann.pack({"t": f"x\n{n}\n".encode()}, RECIPE, [world.bob], folder).path


class TestTime:
    def test_an_expired_bundle_is_not_opened(self, world: World) -> None:
        path = pack(world)
        world.clock.move(days=90)
        with world.bob.verify(path):
            pass
        world.clock.move(seconds=1)
        with pytest.raises(BundleExpiredError), world.bob.verify(path):
            pass

    def test_a_clock_that_was_set_back_does_not_revive_it(self, world: World) -> None:
        old = pack(world)
        world.clock.move(days=80)
        new = pack(world)
        world.clock.move(days=20)
        world.bob.unpack(new, world.folder / "new")
        world.clock.move(days=-30)
        # Not even after something was recorded with the false time.
        world.bob.register.append(world.bob.identity, "drill", {}, world.clock())
        with (
            pytest.raises(BundleExpiredError, match="the clock was set back"),
            world.bob.verify(old, older=True),
        ):
            pass

    def test_a_register_of_the_last_day_there_is_makes_everything_expired(
        self, world: World
    ) -> None:
        path = pack(world)
        last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
        world.bob.register.append(world.bob.identity, "drill", {}, last)
        with pytest.raises(BundleExpiredError, match="9999-12-31"), world.bob.verify(path):
            pass

    def test_a_bundle_from_the_future_is_refused_beyond_a_day(self, world: World) -> None:
        path = pack(world)
        world.clock.move(hours=-24)
        with world.bob.verify(path):
            pass
        world.clock.move(seconds=-1)
        with pytest.raises(BundleFutureError), world.bob.verify(path):
            pass

    def test_nothing_is_packed_for_an_expired_card(self, world: World) -> None:
        world.clock.move(days=1000)
        with pytest.raises(CardExpiredError):
            pack(world)


class TestReplay:
    def test_the_same_bundle_again_is_reported_with_the_date_of_the_first_time(
        self, world: World
    ) -> None:
        path = pack(world)
        world.bob.unpack(path, world.folder / "one")
        world.clock.move(days=3)
        with world.bob.verify(path) as verified:
            assert verified.notes == (
                "This bundle was opened here before, first on 2026-11-22T09:30:00Z.",
            )

    def test_another_bundle_under_the_same_id_is_refused(self, world: World) -> None:
        path = pack(world)
        forgery = Forgery.take_apart(path, world.ann.identity.keys)
        world.bob.unpack(path, world.folder / "one")
        forgery.envelope["register_head"] = "1" * 64
        path.write_bytes(forgery.assemble())
        with pytest.raises(BundleReplayError, match="2026-11-22"), world.bob.verify(path):
            pass

    def test_two_that_were_verified_at_once_are_not_both_opened(self, world: World) -> None:
        path = pack(world)
        twin = path.with_name("twin.zip")
        forgery = Forgery.take_apart(path, world.ann.identity.keys)
        forgery.envelope["register_head"] = "1" * 64
        twin.write_bytes(forgery.assemble())
        with world.bob.verify(path) as one, world.bob.verify(twin) as two:
            for name, verified in (("one", one), ("two", two)):
                try:
                    unpack(
                        verified,
                        world.folder / name,
                        world.bob.identity,
                        world.bob.register,
                        clock=world.clock,
                        reporter=SilentReporter(),
                    )
                except BundleReplayError:
                    assert name == "two"
        assert not (world.folder / "two").exists()


class TestSeries:
    def test_numbers_rise_and_a_gap_is_reported(self, world: World) -> None:
        paths = [pack(world, n) for n in range(3)]
        world.bob.unpack(paths[0], world.folder / "0")
        with world.bob.verify(paths[2]) as verified:
            assert verified.manifest.sequence == 3
            assert "are missing between" in verified.notes[0]

    def test_an_older_one_is_refused_without_the_word(self, world: World) -> None:
        paths = [pack(world, n) for n in range(2)]
        world.bob.unpack(paths[1], world.folder / "1")
        with pytest.raises(BundleOlderError), world.bob.verify(paths[0]):
            pass
        with world.bob.verify(paths[0], older=True):
            pass

    def test_each_set_of_recipients_has_a_series_of_its_own(self, world: World) -> None:
        pack(world)
        both = world.ann.pack({"t": b"x\n1\n"}, RECIPE, [world.bob, world.cat], world.drive)
        assert both.manifest.sequence == 1
        assert pack(world).exists()
        again = world.ann.pack({"t": b"x\n1\n"}, RECIPE, [world.bob], world.drive)
        assert again.manifest.sequence == 3

    def test_two_packs_at_once_do_not_share_a_number(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = world.ann.register.entries
        before = honest()
        pack(world)
        monkeypatch.setattr(world.ann.register, "entries", lambda: before)
        with pytest.raises(RegisterError, match="at the same time"):
            pack(world)


class TestOrders:
    def test_the_recipe_may_name_its_only_recipients(self, world: World) -> None:
        recipe = RECIPE.replace("retention_days = 90", 'retention_days = 90\nrecipients = ["cat"]')
        with pytest.raises(RecipeError, match="bob"):
            world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive)
        world.ann.pack({"t": b"x\n1\n"}, recipe, [world.cat], world.drive)

    def test_a_bundle_needs_a_recipient(self, world: World) -> None:
        with pytest.raises(UsageError):
            world.ann.pack({"t": b"x\n1\n"}, RECIPE, [], world.drive)

    def test_only_chosen_tables_are_written(self, world: World) -> None:
        recipe = RECIPE + '[tables.u.fields]\ny = { action = "keep" }\n'
        path = world.ann.pack(
            {"t": b"x\n1\n", "u": b"y\n2\n"}, recipe, [world.bob], world.drive
        ).path
        world.bob.unpack(path, world.folder / "out", tables=["u"])
        assert sorted(p.name for p in (world.folder / "out").iterdir()) == [
            "datapackage.json",
            f"{path.name.split('.')[0]}.receipt",
            "u.csv",
        ]
        with pytest.raises(UsageError, match="no table"):
            world.bob.unpack(path, world.folder / "other", tables=["v"])
        assert not (world.folder / "other").exists()
