"""What may be written to which medium, and what is recorded of it."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from securexfer.carrier import PartialFile
from securexfer.errors import (
    FileTooLargeError,
    MediumRefusedError,
    RegisterError,
    ShapeError,
    UsageError,
)
from securexfer.medium.medium import FindMedium, Kind, Limits, Medium, describe_medium, find_medium
from securexfer.medium.rule import (
    MAX_REASON,
    REFUSED,
    check_file_size,
    name_limit,
    warn_of_plaintext,
)
from securexfer.order import PackOrder
from securexfer.packing import pack
from securexfer.planning import Input, forecast_bytes, open_extracts
from securexfer.reporting import SilentReporter
from tests.unit.machine import desktop, plug_in
from tests.world import World, csv_bytes, keep_all, read, recipe_text

NO_SCAN = '[limits]\nresidual = "off"\ngate_reason = "made-up cells"\n'
RECIPE = keep_all("t", ["x"], before=NO_SCAN)
EXTRACT = b"x\n1\n2\n"
STICK = describe_medium(Kind.REMOVABLE, "STICK", "4C530001", "exfat")
REASON = "encrypted USB disk, agreed on 2026-11-20"
KIB = 1024


def all_is(medium: Medium) -> FindMedium:
    """A machine that has one medium only."""
    return lambda _: medium


def small_fat(n_bytes: int) -> Medium:
    """FAT32, if its files could have so many bytes only."""
    fat = describe_medium(Kind.REMOVABLE, file_system="vfat")
    return replace(fat, limits=replace(fat.limits, max_file_bytes=n_bytes))


def random_extract(n_bytes: int) -> bytes:
    """An extract of about that size that hardly compresses."""
    chance = random.Random(n_bytes)
    rows = [[base64.b64encode(chance.randbytes(600)).decode()] for _ in range(n_bytes // 800)]
    return csv_bytes([["x"], *rows])


class TestUnpacking:
    @pytest.fixture
    def bundle(self, world: World) -> Path:
        return world.ann.pack({"t": EXTRACT}, RECIPE, [world.bob], world.drive).path

    @pytest.mark.parametrize(
        "options", [{}, {"force": True}, {"keep_compressed": True}, {"escape_formulas": True}]
    )
    @pytest.mark.parametrize("kind", sorted(REFUSED))
    def test_a_medium_that_is_carried_or_shared_is_refused(
        self, kind: Kind, options: dict[str, Any], world: World, bundle: Path
    ) -> None:
        out = world.folder / "new" / "out"
        with pytest.raises(
            MediumRefusedError, match=f"plaintext does not go to: {kind.value}, exfat"
        ) as caught:
            world.bob.unpack(bundle, out, find_medium=all_is(replace(STICK, kind=kind)), **options)
        assert caught.value.exit_code == 80
        assert not out.parent.exists()
        self.check_refused(world, 1)

    @pytest.mark.parametrize("kind", sorted(REFUSED))
    def test_for_a_reason_it_is_used_and_both_are_recorded(
        self, kind: Kind, world: World, bundle: Path
    ) -> None:
        medium = replace(STICK, kind=kind)
        result = world.bob.unpack(
            bundle, world.folder / "out", find_medium=all_is(medium), medium_reason=REASON
        )
        assert (result.medium, result.medium_reason) == (medium, REASON)
        started, unpacked = world.bob.register.entries()
        for entry in (started, unpacked):
            # Before the first byte is there, and after the last.
            assert entry.details["medium"] == {"kind": kind.value, "file_system": "exfat"}
            assert entry.details["medium_reason"] == REASON
            assert "4C530001" not in str(entry.details)

    @pytest.mark.parametrize("kind", sorted(set(Kind) - REFUSED))
    def test_other_media_need_no_reason(self, kind: Kind, world: World, bundle: Path) -> None:
        reporter = SilentReporter()
        medium = describe_medium(kind, file_system="ext4")
        result = world.bob.unpack(
            bundle, world.folder / "out", find_medium=all_is(medium), reporter=reporter
        )
        assert result.medium_reason == ""
        details = world.bob.register.entries()[-1].details
        assert details["medium"] == {"kind": kind.value, "file_system": "ext4"}
        assert "medium_reason" not in details
        # What nobody knows is never passed over in silence.
        said = any("Nobody can tell what kind of medium" in note for note in reporter.notes)
        assert said is (kind is Kind.UNKNOWN)

    @pytest.mark.parametrize(("kind", "recorded"), [(Kind.INTERNAL, ""), (Kind.UNKNOWN, REASON)])
    def test_a_reason_is_recorded_where_it_was_one(
        self, kind: Kind, recorded: str, world: World, bundle: Path
    ) -> None:
        result = world.bob.unpack(
            bundle, world.folder / "out", find_medium=all_is(Medium(kind)), medium_reason=REASON
        )
        assert result.medium_reason == recorded

    @pytest.mark.parametrize(
        "reason", ["", "  ", "x" * (MAX_REASON + 1), "two\nlines", "\x1b[2J", "\ud800"]
    )
    @pytest.mark.parametrize("kind", [Kind.REMOVABLE, Kind.INTERNAL])
    def test_what_is_no_reason(self, reason: str, kind: Kind, world: World, bundle: Path) -> None:
        out = world.folder / "out"
        with pytest.raises(UsageError, match="one line"):
            world.bob.unpack(bundle, out, find_medium=all_is(Medium(kind)), medium_reason=reason)
        assert not out.exists()
        assert world.bob.register.entries() == []

    def test_a_stick_by_what_linux_says_of_it(self, world: World, bundle: Path) -> None:
        machine = desktop(world.folder / "machine")
        stick = plug_in(machine)
        link = world.folder / "link"
        link.symlink_to(stick)

        def look(path: Path) -> Medium:
            return find_medium(path, machine.roots)

        for out in (stick, stick / "new", link, link / "a" / "b", stick / ".." / stick.name):
            with pytest.raises(MediumRefusedError, match=r"removable.*vfat.*PEN DRIVE"):
                world.bob.unpack(bundle, out, find_medium=look)
        assert list(stick.iterdir()) == []
        self.check_refused(world, 5)
        world.bob.unpack(bundle, machine.tree / "desk", find_medium=look)

    def check_refused(self, world: World, n_times: int) -> None:
        """That somebody tried is recorded, and nothing of where."""
        entries = world.bob.register.entries()
        assert [entry.event for entry in entries] == ["unpack-refused"] * n_times
        for entry in entries:
            assert entry.details["reason"] == "medium_refused"
            assert set(entry.details) == {
                "bundle_id",
                "bundle_sha256",
                "medium",
                "reason",
                "sender",
            }
            assert str(world.folder) not in str(entry.details)

    def test_a_refusal_that_can_not_be_recorded_is_one(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise RegisterError("The register can't be written.")

        monkeypatch.setattr(world.bob.register, "append", fail)
        with pytest.raises(MediumRefusedError):
            world.bob.unpack(bundle, world.folder / "out", find_medium=all_is(STICK))

    def test_a_table_that_can_not_be_one_file_is_refused_before_anything_is_recorded(
        self, world: World
    ) -> None:
        data = random_extract(100 * KIB)
        bundle = world.ann.pack({"t": data}, RECIPE, [world.bob], world.drive).path
        out = world.folder / "out"
        with pytest.raises(FileTooLargeError, match="FAT32 allows no file of more than 65,536"):
            world.bob.unpack(
                bundle, out, find_medium=all_is(small_fat(64 * KIB)), medium_reason=REASON
            )
        assert not out.exists()
        assert world.bob.register.entries() == []

    def test_a_table_that_turns_out_to_be_too_large_leaves_nothing(self, world: World) -> None:
        data = random_extract(100 * KIB)
        bundle = world.ann.pack({"t": data}, RECIPE, [world.bob], world.drive).path
        out = world.folder / "out"
        with pytest.raises(FileTooLargeError, match="FAT32"):
            world.bob.unpack(
                bundle,
                out,
                find_medium=all_is(small_fat(64 * KIB)),
                medium_reason=REASON,
                keep_compressed=True,
            )
        assert not out.exists()
        assert [e.event for e in world.bob.register.entries()] == [
            "unpack-started",
            "unpack-failed",
        ]


class TestPacking:
    def test_the_carrier_is_recorded_by_the_sender_alone(self, world: World) -> None:
        result = world.ann.pack(
            {"t": EXTRACT}, RECIPE, [world.bob], world.drive, find_medium=all_is(STICK)
        )
        carrier = {
            "kind": "removable",
            "file_system": "exfat",
            "label": "STICK",
            "serial": "4C530001",
        }
        assert result.carrier == STICK
        assert result.entry.details["carrier"] == carrier
        told = result.manifest.model_dump_json().encode() + result.path.read_bytes()
        for text in (b"STICK", b"4C530001", b"exfat", b"carrier"):
            assert text not in told
        world.bob.unpack(result.path, world.folder / "out")
        assert "4C530001" not in str(world.bob.register.entries())

    def test_the_folder_of_the_bundle_is_what_is_asked_about(self, world: World) -> None:
        asked: list[Path] = []

        def look(path: Path) -> Medium:
            asked.append(path)
            return STICK

        world.ann.pack({"t": EXTRACT}, RECIPE, [world.bob], world.drive, find_medium=look)
        world.ann.pack({"t": EXTRACT}, RECIPE, [world.bob], world.drive / "a.zip", find_medium=look)
        assert asked == [world.drive] * 2

    def test_a_bundle_that_reaches_the_limit_leaves_nothing(self, world: World) -> None:
        with pytest.raises(FileTooLargeError, match="FAT32 allows no file of more than 71,680"):
            # Too little too large to be sure of it before.
            self.pack(world, random_extract(100 * KIB), 70 * KIB)
        self.check_nothing(world)

    def test_a_bundle_that_surely_does_not_fit_is_refused_before_it_is_begun(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("securexfer.packing.PartialFile", None)
        with pytest.raises(
            FileTooLargeError, match=r"would need at least 1[0-9]{2},[0-9]{3} bytes"
        ):
            self.pack(world, random_extract(300 * KIB), 64 * KIB)
        self.check_nothing(world)

    @pytest.mark.parametrize(("room", "warned"), [(70, True), (140, False), (1000, False)])
    def test_a_bundle_that_may_not_fit_is_told_of_before(
        self, room: int, warned: bool, world: World
    ) -> None:
        reporter = SilentReporter()
        try:
            self.pack(world, random_extract(100 * KIB), room * KIB, reporter)
        except FileTooLargeError:
            assert warned
        notes = [note for note in reporter.notes if "may not fit into one file" in note]
        assert bool(notes) is warned

    def attach(
        self, world: World, n_files: int, room: int, reporter: SilentReporter, more: str = ""
    ) -> None:
        """Pack so many photographs of 17 kB to a drive with files of at most `room` KiB."""
        photos = world.folder / "source" / "photos"
        photos.mkdir(parents=True)
        chance = random.Random(7)
        picture = Image.frombytes("RGB", (128, 128), chance.randbytes(128 * 128 * 3))
        for n in range(n_files):
            picture.save(photos / f"{n}.jpg", quality=90)
        recipe = recipe_text(
            {"t": {"x": f'{{ action = "attach", from = "x", root = "photos"{more} }}'}}
        )
        rows = "".join(f"{n}.jpg\n" for n in range(n_files))
        source = photos.parent / "t.csv"
        source.write_text("x\n" + rows)
        world.ann.pack_files(
            [Input("t", source)],
            recipe,
            [world.bob],
            world.drive,
            reporter=reporter,
            find_medium=all_is(small_fat(room * KIB)),
        )

    def test_files_that_surely_do_not_fit_are_refused_before_one_is_read(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("securexfer.attaching.Makers", None)
        with pytest.raises(FileTooLargeError, match="FAT32 allows no file of more than 65,536"):
            self.attach(world, 8, 64, SilentReporter())
        self.check_nothing(world)

    def test_files_that_may_not_fit_are_told_of(self, world: World) -> None:
        reporter = SilentReporter()
        with pytest.raises(FileTooLargeError):
            self.attach(world, 8, 100, reporter)
        assert any("may not fit into one file" in note for note in reporter.notes)

    def test_files_that_are_made_smaller_may_fit(self, world: World) -> None:
        reporter = SilentReporter()
        self.attach(world, 8, 64, reporter, ", resize = 16")
        assert any("may not fit into one file" in note for note in reporter.notes)

    def test_of_files_that_fit_nothing_is_told(self, world: World) -> None:
        reporter = SilentReporter()
        self.attach(world, 2, 1000, reporter)
        assert reporter.notes == []

    def test_what_compresses_well_is_no_reason_to_refuse(self, world: World) -> None:
        self.pack(world, b"x\n" + b"the same again\n" * 40_000, 64 * KIB)

    def test_of_a_pipe_nothing_is_known_before(self, world: World) -> None:
        data = random_extract(300 * KIB)
        stream = io.BufferedReader(io.BytesIO(data))
        recipe = read(RECIPE)
        with open_extracts(recipe.recipe, [Input("t", None)], stream) as opened:
            assert forecast_bytes(opened) is None
            order = PackOrder(recipe, [world.ann.contacts.get("bob")], world.drive)
            with pytest.raises(FileTooLargeError, match="FAT32"):
                pack(
                    order,
                    opened,
                    world.ann.identity,
                    world.ann.register,
                    clock=world.clock,
                    reporter=SilentReporter(),
                    find_medium=all_is(small_fat(64 * KIB)),
                )
        assert world.ann.register.entries() == []

    def test_where_rows_may_be_left_out_nobody_is_sure(self, world: World) -> None:
        recipe = recipe_text(
            {"t": {"x": '{ action = "keep" }', "g": '{ action = "keep" }'}},
            before=NO_SCAN + 'min_group_size = 2\non_small_group = "suppress"\n',
        ).replace("[tables.t.fields]", '[tables.t]\nquasi_identifiers = ["g"]\n[tables.t.fields]')
        # Every row but two is alone in its group.
        lines = random_extract(800 * KIB).decode().splitlines()[1:]
        rows = [[line, f"group {n}"] for n, line in enumerate(lines)]
        data = csv_bytes([["x", "g"], *rows, ["a", "b"], ["a", "b"]])
        reporter = SilentReporter()
        result = self.pack(world, data, 64 * KIB, reporter, recipe)
        assert result.n_bytes < 64 * KIB
        assert any("may not fit" in note for note in reporter.notes)

    def test_a_first_block_that_is_misshapen_is_called_that(self, world: World) -> None:
        with pytest.raises(ShapeError, match="line 3"):
            self.pack(world, b"x\na\n1,2\n" + random_extract(300 * KIB), 64 * KIB)
        self.check_nothing(world)

    def test_a_forecast_is_about_right(self, world: World) -> None:
        recipe = recipe_text(
            {
                "t": {"person": '{ from = "x", action = "pseudonymise", domain = "person" }'},
                "u": {"y": '{ action = "keep" }'},
            },
            before=NO_SCAN,
        )
        numbers = csv_bytes([["x"], *([str(n)] for n in range(60_000))])
        other = random_extract(200 * KIB).replace(b"x\n", b"y\n", 1)
        paths = {name: world.folder / f"{name}.csv" for name in ("t", "u")}
        for path, data in zip(paths.values(), (numbers, other), strict=True):
            path.write_bytes(data)
        inputs = [Input(name, path) for name, path in paths.items()]
        with open_extracts(read(recipe).recipe, inputs) as opened:
            forecast = forecast_bytes(opened)
        assert forecast is not None
        result = world.ann.pack_files(inputs, recipe, [world.bob], world.drive)
        assert 0.85 < forecast / result.n_bytes < 1.15

    def pack(
        self,
        world: World,
        data: bytes,
        room: int,
        reporter: SilentReporter | None = None,
        recipe: str = RECIPE,
    ) -> Any:
        path = world.folder / "t.csv"
        path.write_bytes(data)
        return world.ann.pack_files(
            [Input("t", path)],
            recipe,
            [world.bob],
            world.drive,
            reporter=reporter,
            find_medium=all_is(small_fat(room)),
        )

    def check_nothing(self, world: World) -> None:
        assert list(world.drive.iterdir()) == []
        assert world.ann.register.entries() == []


class TestTheRules:
    def test_the_limit_is_held_to_the_byte(self, tmp_path: Path) -> None:
        fat = describe_medium(Kind.REMOVABLE, file_system="vfat")
        check_file_size(fat, tmp_path, 2**32 - 1)
        with pytest.raises(FileTooLargeError, match=r"FAT32 .* 4,294,967,295 bytes \(4 GiB - 1\)"):
            check_file_size(fat, tmp_path, 2**32)
        check_file_size(STICK, tmp_path, 2**62)
        assert name_limit(STICK) == ""

    @pytest.mark.parametrize("pieces", [[100], [64, 36, 0], [64, 36, 1], [101]])
    def test_a_file_is_as_large_as_it_may_be_and_no_larger(
        self, pieces: Sequence[int], tmp_path: Path
    ) -> None:
        file = PartialFile(tmp_path / "a", medium=small_fat(100))
        try:
            for n in pieces:
                file.write(bytes(n))
            assert sum(pieces) == 100
        except FileTooLargeError:
            assert sum(pieces) == 101
        # Not one byte of what would not fit.
        assert (tmp_path / "a.partial").stat().st_size <= 100
        file.discard()

    def test_what_keeps_no_modes_is_said_where_it_is_carried(self, tmp_path: Path) -> None:
        assert "exfat keeps no access rights" in warn_of_plaintext(STICK, tmp_path)[0]
        assert warn_of_plaintext(replace(STICK, limits=Limits()), tmp_path) == []
        assert warn_of_plaintext(replace(STICK, kind=Kind.INTERNAL), tmp_path) == []
