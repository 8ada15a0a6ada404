"""Whatever fails, and whenever: no half bundle, no plaintext left, nothing precious lost."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer import carrier, place
from securexfer.carrier import PartialFile
from securexfer.custody.register import Register
from securexfer.errors import (
    HeaderError,
    OutputError,
    OutputExistsError,
    RegisterError,
    SecurexferError,
    UsageError,
)
from securexfer.home.contacts import Contact
from securexfer.partial import partial_path
from securexfer.planning import Input
from tests.world import World, allow_forwarding, csv_bytes, keep_all, recipe_text

KEEP = '{ action = "keep" }'
TABLES = {"a": csv_bytes([["x"], ["one"]]), "b": csv_bytes([["y"], ["two"]])}
RECIPE = recipe_text({"a": {"x": KEEP}, "b": {"y": KEEP}})


@pytest.fixture
def bundle(world: World) -> Path:
    return world.ann.pack(TABLES, RECIPE, [world.bob], world.drive).path


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def receipt_of(bundle: Path) -> str:
    """The name of the first receipt for a bundle that still has its own name."""
    return f"{bundle.name.split('.')[0]}.receipt"


def fail_at(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, turn: int, error: BaseException
) -> None:
    """Make the given call fail the n-th time, once."""
    honest: Callable[..., Any] = getattr(place, name)
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == turn:
            raise error
        return honest(*args, **kwargs)

    monkeypatch.setattr(place, name, call)


EIO = OSError(errno.EIO, "Input/output error")
FULL = OSError(errno.ENOSPC, "No space left on device")


class TestPack:
    def test_a_folder_that_can_not_be_synced_leaves_no_bundle(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = place.sync_folder

        def sync(folder: Path) -> None:
            if folder == world.drive:
                raise EIO
            honest(folder)

        monkeypatch.setattr(carrier, "sync_folder", sync)
        with pytest.raises(OutputError):
            world.ann.pack(TABLES, RECIPE, [world.bob], world.drive)
        assert leftovers(world.drive) == ["extracts-of-ann"]
        events = [e.event for e in world.ann.register.entries()]
        assert events == ["packed", "pack-failed"]

    @pytest.mark.parametrize("error", [EIO, FULL], ids=["EIO", "ENOSPC"])
    def test_every_write_and_sync_may_fail(
        self, world: World, error: OSError, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("write", "fsync"):
            for turn in range(1, 60):
                with monkeypatch.context() as patch:
                    fail_at(patch, os, name, turn, error)
                    try:
                        world.ann.pack(TABLES, RECIPE, [world.bob], world.drive)
                        break
                    except (OutputError, RegisterError):
                        pass
                assert leftovers(world.drive) == ["extracts-of-ann"]
            else:
                pytest.fail("the faults never came to an end")
            (path,) = world.drive.glob("*.zip")
            path.unlink()
            assert turn > 3

    def test_a_register_that_can_not_be_written_releases_nothing(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise RegisterError("The register can't be written.")

        monkeypatch.setattr(Register, "append", refuse)
        with pytest.raises(RegisterError):
            world.ann.pack(TABLES, RECIPE, [world.bob], world.drive)
        assert leftovers(world.drive) == ["extracts-of-ann"]

    def test_it_never_replaces_or_deletes_its_own_extract(self, world: World) -> None:
        for name in ("b.zip", "b.zip.partial"):
            extract = world.drive / name
            extract.write_bytes(TABLES["a"])
            for path in (extract, Path(os.path.relpath(extract))):
                with pytest.raises(OutputExistsError):
                    world.ann.pack_files(
                        [Input("t", path)],
                        keep_all("t", ["x"]),
                        [world.bob],
                        world.drive / "b.zip",
                        force=True,
                    )
            assert extract.read_bytes() == TABLES["a"]
            extract.unlink()

    def test_two_runs_with_one_target_do_not_take_each_others_file(self, tmp_path: Path) -> None:
        one = PartialFile(tmp_path / "b.zip", force=True)
        one.write(b"one")
        with pytest.raises(OutputExistsError, match="Another run"):
            PartialFile(tmp_path / "b.zip", force=True)
        # Should somebody put another file in its place all the same, it is not published.
        partial = partial_path(one.target)
        partial.unlink()
        partial.write_bytes(b"two")
        with pytest.raises(OutputExistsError, match="replaced"):
            one.publish()
        one.discard()
        assert partial.read_bytes() == b"two"

    def test_a_leftover_that_nobody_writes_is_replaced_with_force(self, tmp_path: Path) -> None:
        partial_path(tmp_path / "a").write_bytes(b"leftover")
        with pytest.raises(OutputExistsError, match="cut off"):
            PartialFile(tmp_path / "a")
        file = PartialFile(tmp_path / "a", force=True)
        file.write(b"new")
        file.publish()
        file.finish()
        assert (tmp_path / "a").read_bytes() == b"new"

    @pytest.mark.parametrize("note", ["x" * 201, "a\nb", "\x1b[31m", "\udcff"])
    def test_a_note_for_finders_that_no_reader_accepts_is_refused_first(
        self, world: World, note: str
    ) -> None:
        with pytest.raises(UsageError):
            world.ann.pack(TABLES, RECIPE, [world.bob], world.drive, found_contact=note)
        path = world.ann.pack(
            TABLES, RECIPE, [world.bob], world.drive, found_contact="é" * 200
        ).path
        with world.bob.verify(path) as verified:
            assert "é" * 200 in verified.inside.outside.read_me

    def test_too_many_recipients_are_refused_first(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contact: Contact = world.ann.contacts.get("bob")
        monkeypatch.setattr(world.ann.contacts, "get", lambda _: contact)
        with pytest.raises(UsageError, match="at most 100"):
            world.ann.pack(TABLES, RECIPE, [world.bob] * 101, world.drive)

    def test_columns_that_can_not_be_recorded_are_refused_first(self, world: World) -> None:
        header = ",".join(["x", *(f"{n}{'é' * 12}" for n in range(30_000))])
        wide = {f"t{n}": header.encode() + b"\n" for n in range(5)}
        recipe = recipe_text({name: {"x": KEEP} for name in wide})
        with pytest.raises(HeaderError, match="too many or too long"):
            world.ann.pack(wide, recipe, [world.bob], world.drive)
        assert world.ann.register.entries() == []

    def test_a_very_wide_extract_keeps_the_register_readable(self, world: World) -> None:
        header = ",".join(["x", *(f"{n}{'é' * 12}" for n in range(30_000))])
        path = world.ann.pack(
            {"t": header.encode() + b"\n"}, keep_all("t", ["x"]), [world.bob], world.drive
        ).path
        assert len(world.ann.register.entries()) == 1
        world.ann.pack(TABLES, RECIPE, [world.bob], world.drive)
        world.bob.unpack(path, world.folder / "out")

    def test_a_pack_that_is_stopped_when_it_was_recorded_is_recorded_as_failed(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = Register.append

        def append(register: Register, identity: Any, event: str, *args: Any, **kw: Any) -> Any:
            entry = honest(register, identity, event, *args, **kw)
            if event == "packed":
                raise KeyboardInterrupt
            return entry

        monkeypatch.setattr(Register, "append", append)
        with pytest.raises(KeyboardInterrupt):
            world.ann.pack(TABLES, RECIPE, [world.bob], world.drive)
        assert leftovers(world.drive) == ["extracts-of-ann"]
        events = [e.event for e in world.ann.register.entries()]
        assert events == ["packed", "pack-failed"]


class TestForward:
    @pytest.mark.parametrize("error", [EIO, FULL, KeyboardInterrupt()], ids=["EIO", "FULL", "stop"])
    def test_every_write_sync_and_rename_may_fail(
        self, world: World, error: BaseException, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = world.ann.pack(TABLES, allow_forwarding(RECIPE), [world.bob], world.drive).path
        data = path.read_bytes()
        away = world.folder / "away"
        away.mkdir()
        for where, name in ((os, "write"), (os, "fsync"), (Path, "replace")):
            for turn in range(1, 60):
                before = len(world.bob.register.entries())
                with monkeypatch.context() as patch:
                    fail_at(patch, where, name, turn, error)
                    try:
                        world.bob.forward(path, [world.cat], away)
                        break
                    except (OutputError, RegisterError, KeyboardInterrupt):
                        pass
                assert leftovers(away) == []
                events = [e.event for e in world.bob.register.entries()[before:]]
                assert events in ([], ["forwarded", "forward-failed"])
            else:
                pytest.fail("the faults never came to an end")
            (made,) = away.glob("*.zip")
            world.cat.unpack(made, world.folder / f"out-{name}", force=True)
            made.unlink()
            assert turn > 2
        assert path.read_bytes() == data


class TestUnpack:
    def test_every_publishing_step_may_fail(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = world.folder / "out"
        interrupts: list[BaseException] = [EIO, KeyboardInterrupt()]
        for error in interrupts:
            for turn in range(1, 30):
                with monkeypatch.context() as patch:
                    fail_at(patch, carrier, "sync_folder", turn, error)
                    try:
                        world.bob.unpack(bundle, out)
                    except (SecurexferError, KeyboardInterrupt):
                        assert leftovers(out) == []
                    else:
                        break
            assert turn > 4
            assert leftovers(out) == ["a.csv", "b.csv", "datapackage.json", receipt_of(bundle)]
            for path in out.iterdir():
                path.unlink()

    @pytest.mark.parametrize("error", [EIO, FULL], ids=["EIO", "ENOSPC"])
    def test_every_write_and_sync_may_fail(
        self, world: World, bundle: Path, error: OSError, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = world.folder / "out"
        for name in ("write", "fsync"):
            for turn in range(1, 60):
                with monkeypatch.context() as patch:
                    fail_at(patch, os, name, turn, error)
                    try:
                        world.bob.unpack(bundle, out)
                        break
                    except (OutputError, RegisterError):
                        assert leftovers(out) == []
            assert turn > 4
            for path in out.iterdir():
                path.unlink()

    def test_a_register_that_fills_up_at_the_end_takes_the_plaintext_back(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = Register.append

        def append(register: Register, identity: Any, event: str, *args: Any, **kw: Any) -> Any:
            if event == "unpacked":
                raise RegisterError("The register can't be written.")
            return honest(register, identity, event, *args, **kw)

        monkeypatch.setattr(Register, "append", append)
        with pytest.raises(RegisterError):
            world.bob.unpack(bundle, world.folder / "out")
        assert not (world.folder / "out").exists()
        events = [e.event for e in world.bob.register.entries()]
        assert events == ["unpack-started", "unpack-failed"]

    def test_plaintext_that_a_killed_run_left_is_removed_by_the_next(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        killed, out = world.folder / "killed", world.folder / "out"
        with monkeypatch.context() as patch:
            # As a kill would have it: nothing is tidied up, nothing more is recorded.
            publish, honest = PartialFile.publish, Register.append

            def die(file: PartialFile) -> None:
                if file.target.parent == killed:
                    raise KeyboardInterrupt
                publish(file)

            def append(register: Register, identity: Any, event: str, *args: Any, **kw: Any) -> Any:
                if event == "unpack-failed":
                    raise RegisterError("dead")
                return honest(register, identity, event, *args, **kw)

            patch.setattr(PartialFile, "publish", die)
            patch.setattr(PartialFile, "discard", PartialFile._close)
            patch.setattr(Register, "append", append)
            with pytest.raises(KeyboardInterrupt):
                world.bob.unpack(bundle, killed)
        names = ["a.csv", "b.csv", "datapackage.json", receipt_of(bundle)]
        assert leftovers(killed) == [f"{name}.partial" for name in names]
        held = os.open(killed / "a.csv.partial", os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        world.bob.unpack(bundle, out)
        assert leftovers(killed) == ["a.csv.partial"]  # as if a run were still writing it
        os.close(held)
        world.bob.unpack(bundle, world.folder / "again")
        assert leftovers(killed) == []
        # Once swept, a file of that name is nobody's leftover.
        (killed / "a.csv.partial").write_text("somebody's")
        world.bob.unpack(bundle, world.folder / "once more")
        assert leftovers(killed) == ["a.csv.partial"]
        assert leftovers(out) == names

    def test_a_run_that_is_refused_removes_what_a_killed_one_left_too(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = world.folder / "out"
        with monkeypatch.context() as patch:
            # Killed between two renames: one table has its name, the rest has not.
            publish, honest = PartialFile.publish, Register.append

            def append(register: Register, identity: Any, event: str, *args: Any, **kw: Any) -> Any:
                if event == "unpack-failed":
                    raise RegisterError("dead")
                return honest(register, identity, event, *args, **kw)

            def die(file: PartialFile) -> None:
                if file.target.name == "b.csv":
                    raise KeyboardInterrupt
                publish(file)

            patch.setattr(PartialFile, "publish", die)
            patch.setattr(PartialFile, "discard", PartialFile._close)
            patch.setattr(Register, "append", append)
            with pytest.raises(KeyboardInterrupt):
                world.bob.unpack(bundle, out)
        rest = ["b.csv", "datapackage.json", receipt_of(bundle)]
        assert leftovers(out) == ["a.csv", *(f"{name}.partial" for name in rest)]
        with pytest.raises(OutputExistsError):
            world.bob.unpack(bundle, out)
        assert leftovers(out) == ["a.csv"]

    def test_existing_files_are_left_alone(self, world: World, bundle: Path) -> None:
        out = world.folder / "out"
        out.mkdir()
        (out / "b.csv").write_text("precious")
        with pytest.raises(OutputExistsError):
            world.bob.unpack(bundle, out)
        assert leftovers(out) == ["b.csv"]
        assert (out / "b.csv").read_text() == "precious"

    @pytest.mark.parametrize("rows", [1, 5, 20_000])
    def test_tables_can_be_kept_compressed(self, world: World, rows: int) -> None:
        import gzip

        data = csv_bytes([["x"], *([f"row {n}"] for n in range(rows))])
        path = world.ann.pack({"t": data}, keep_all("t", ["x"]), [world.bob], world.drive).path
        out = world.folder / "out"
        world.bob.unpack(path, out, keep_compressed=True)
        assert leftovers(out) == ["datapackage.json", receipt_of(path), "t.csv.gz"]
        assert gzip.decompress((out / "t.csv.gz").read_bytes()) == data
