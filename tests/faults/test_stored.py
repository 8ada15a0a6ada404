"""What a drive has stored, and what the system merely keeps in its memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer.carrier import PartialFile
from securexfer.custody.register import Register
from securexfer.errors import DiskFullError, OutputError
from securexfer.reporting import SilentReporter
from tests.assurance import Tally
from tests.faults.mounts import ExfatStick, Ext4Disk, tmpfs
from tests.world import World, allow_forwarding, keep_all

MIB = 1024 * 1024
# Small enough for no thread, for one, with an end that fills no page, and in pieces of any size.
SHAPES = [[100_000], [300_000] * 2, [MIB] * 9 + [5], [70_000] * 60]
WRITEBACK_SECONDS = 0.5


def write(target: Path, sizes: list[int]) -> PartialFile:
    file = PartialFile(target)
    for size in sizes:
        file.write(os.urandom(size))
    file.sync()
    return file


@pytest.mark.parametrize("sizes", SHAPES, ids=lambda sizes: f"{len(sizes)} x {sizes[0]}")
def test_all_is_read_back_from_the_disk_itself(
    sizes: list[int], tmp_path: Path, tool: Callable[[str], str], tally: Tally
) -> None:
    disk = Ext4Disk(tmp_path, tmp_path, 64 * MIB, tool)
    with disk.plugged_in() as mount:
        file = write(mount / "a", sizes)
        # Whatever else looks at new files has read it meanwhile.
        assert len((mount / "a.partial").read_bytes()) == sum(sizes)
        before = disk.bytes_read
        file.read_back(SilentReporter())
        assert disk.bytes_read - before >= sum(sizes)
        assert file.discard()
    tally.count("crash", "files read back from the disk itself")


def test_a_pen_drive_that_a_process_serves_is_read_back_from_memory(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    """A limit, in the threat model: such a process reads its device through the system's memory."""
    stick = ExfatStick(tmp_path, 64 * MIB, tool)
    with stick.plugged_in() as mount:
        file = write(mount / "a", [MIB] * 9)
        before = stick.bytes_read
        file.read_back(SilentReporter())
        assert stick.bytes_read - before < MIB
        assert file.discard()


@pytest.mark.parametrize("n_pieces", [1, 12])
@pytest.mark.parametrize("size", [100_000, 600_000])
def test_what_fails_after_the_system_took_it_is_told_when_it_is_synced(
    size: int, n_pieces: int, tmp_path: Path, tool: Callable[[str], str], tally: Tally
) -> None:
    """Also if it failed before anybody asked, because storing was begun at once."""
    with tmpfs(tmp_path / "store", 16 * MIB) as store:
        disk = Ext4Disk(tmp_path, store, 64 * MIB, tool)
        with disk.plugged_in() as mount:
            file = PartialFile(mount / "a")
            fill(store / "filler")

            def write_all() -> None:
                for _ in range(n_pieces):
                    file.write(os.urandom(size))
                time.sleep(WRITEBACK_SECONDS)
                file.sync()

            with pytest.raises((DiskFullError, OutputError)):
                write_all()
            assert file.discard()
            assert [path.name for path in mount.iterdir()] == ["lost+found"]
    tally.count("crash", "failures told after the system took what was written")


@pytest.mark.parametrize("sizes", SHAPES, ids=lambda sizes: f"{len(sizes)} x {sizes[0]}")
def test_nothing_is_written_after_the_drive_was_told_to_store_it(
    sizes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, synced = os.fsync, []

    def listen(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        honest(descriptor)

    monkeypatch.setattr(os, "fsync", listen)
    file = write(tmp_path / "a", sizes)
    assert synced[-1] == sum(sizes) == file.n_bytes
    file.discard()


def test_what_is_still_being_written_reaches_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is given up is closed, and the next that is opened has its number."""
    honest, delays = os.write, iter([0.5])

    def dawdle(descriptor: int, data: memoryview) -> int:
        time.sleep(next(delays, 0))
        return honest(descriptor, data[:100_000])

    monkeypatch.setattr(os, "write", dawdle)
    file = PartialFile(tmp_path / "a")
    for _ in range(3):
        file.write(os.urandom(300_000))
    number = file._descriptor
    assert file.discard()
    with (tmp_path / "register").open("wb", buffering=0) as other:
        assert other.fileno() == number
        time.sleep(0.7)
    assert (tmp_path / "register").read_bytes() == b""


@pytest.mark.parametrize("command", ["pack", "forward"])
def test_a_bundle_is_stored_then_read_back_then_recorded_and_only_then_named(
    command: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = allow_forwarding(keep_all("t", ["x"]))

    def pack() -> Path:
        return world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive).path

    path = pack()
    steps: list[str] = []

    def listen(kind: type, name: str) -> None:
        honest = getattr(kind, name)

        def call(self: Any, *args: Any, **named: Any) -> Any:
            if kind is Register or self.target.suffix == ".zip":
                steps.append(name)
            return honest(self, *args, **named)

        monkeypatch.setattr(kind, name, call)

    for name in ("_store", "sync", "read_back", "publish"):
        listen(PartialFile, name)
    listen(Register, "append")
    if command == "pack":
        pack()
    else:
        world.bob.forward(path, [world.cat], world.folder)
    assert steps[0] == "_store"
    assert steps[steps.index("sync") :] == ["sync", "read_back", "append", "publish"]


def fill(path: Path) -> None:
    """Leave no room beside this file."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(MIB)):
                pass
        except OSError:
            return
