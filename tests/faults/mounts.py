"""Mounting things for a test, and making sure that none of it outlives the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.drive import CUT_NOW, Faults

_PROJECT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 20.0


def check_can_mount(*, fuse: bool = True) -> None:
    """Skip the test where file systems can't be mounted."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting needs root on Linux")
    if fuse:
        if not Path("/dev/fuse").exists():
            pytest.skip("/dev/fuse is not there")
        try:
            import mfusepy  # noqa: F401
        except (ImportError, OSError):
            pytest.skip("mfusepy or libfuse is not installed")


@contextmanager
def tmpfs(folder: Path, n_bytes: int) -> Iterator[Path]:
    """A file system in memory that holds so many bytes."""
    check_can_mount(fuse=False)
    folder.mkdir(exist_ok=True)
    _call("mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        unmount(folder)


class BadDrive:
    """A drive of `tests.faults.drive`: what it stores outlives being plugged in."""

    def __init__(self, folder: Path) -> None:
        check_can_mount()
        self.mount = folder / "drive"
        self.image = folder / "stored"
        self.mount.mkdir()
        self.image.mkdir()

    @contextmanager
    def plugged_in(self, faults: Faults | None = None) -> Iterator[Path]:
        """The mount point. At the end it is unmounted, which stores everything."""
        faults = faults or Faults()
        command = [sys.executable, "-m", "tests.faults.drive", self.image, self.mount]
        process = subprocess.Popen([*map(str, command), faults.encode()], cwd=_PROJECT)
        try:
            wait_until(lambda: self.mount.is_mount() or process.poll() is not None)
            assert self.mount.is_mount(), "the drive did not come up"
            yield self.mount
        finally:
            unmount(self.mount)
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def cut_now(self) -> None:
        """Power cut."""
        with suppress(OSError):
            (self.mount / CUT_NOW).mkdir()

    def changes(self) -> list[str]:
        """What was changed while it was plugged in the last time."""
        return self.image.with_name(self.image.name + ".log").read_text().splitlines()


class ExfatStick:
    """A pen drive: exFAT on a loop device, served by a process that can be killed."""

    def __init__(self, folder: Path, n_bytes: int, tool: Callable[[str], str]) -> None:
        check_can_mount(fuse=False)
        if not Path("/dev/fuse").exists():
            pytest.skip("/dev/fuse is not there")
        self._serve, self._check = tool("mount.exfat-fuse"), tool("fsck.exfat")
        self.mount, self._image = folder / "pendrive", folder / "pendrive.img"
        self.mount.mkdir()
        with self._image.open("wb") as file:
            file.truncate(n_bytes)
        _call(tool("mkfs.exfat"), str(self._image))
        self._process: subprocess.Popen[bytes] | None = None
        self._loop = ""

    @contextmanager
    def plugged_in(self) -> Iterator[Path]:
        """The mount point."""
        self._loop = loop = _call("losetup", "--find", "--show", str(self._image)).strip()
        try:
            with subprocess.Popen(
                [self._serve, "-d", loop, str(self.mount)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as self._process:
                try:
                    wait_until(self.mount.is_mount)
                    yield self.mount
                finally:
                    unmount(self.mount)
                    with suppress(subprocess.TimeoutExpired):
                        self._process.wait(_PATIENCE_SECONDS)
                    self._process.kill()
        finally:
            _call("losetup", "--detach", loop)

    @property
    def bytes_read(self) -> int:
        """How much was ever read from its device, by whomever."""
        return bytes_read(self._loop)

    def move_image(self, path: Path) -> None:
        """Keep what is stored somewhere else, while it is not plugged in."""
        self._image = Path(shutil.move(self._image, path))

    def unplug(self) -> None:
        """Tear it out: nothing that its process still had in hand is written."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def repair(self) -> None:
        """What the next computer does first."""
        subprocess.run(
            [self._check, "-y", str(self._image)], capture_output=True, timeout=60, check=False
        )


class Ext4Disk:
    """A disk that the kernel itself reads and writes: ext4 on a loop device, the image in `store`.

    What it stores is allocated as it comes. If there is no room for it in `store`, the disk has
    taken it already, and fails later.
    """

    def __init__(self, folder: Path, store: Path, n_bytes: int, tool: Callable[[str], str]) -> None:
        check_can_mount(fuse=False)
        self.mount, self._image = folder / "disk", store / "disk.img"
        self.mount.mkdir()
        with self._image.open("wb") as file:
            file.truncate(n_bytes)
        # No journal: a disk that fails is not at once one that nothing can be written to.
        _call(tool("mkfs.ext4"), "-q", "-O", "^has_journal", str(self._image))
        self._loop = ""

    @contextmanager
    def plugged_in(self) -> Iterator[Path]:
        """The mount point."""
        self._loop = _call("losetup", "--find", "--show", str(self._image)).strip()
        try:
            _call("mount", "-t", "ext4", self._loop, str(self.mount))
            try:
                yield self.mount
            finally:
                unmount(self.mount)
        finally:
            _call("losetup", "--detach", self._loop)

    @property
    def bytes_read(self) -> int:
        """How much was ever read from its device, by whomever."""
        return bytes_read(self._loop)


def bytes_read(device: str) -> int:
    """How much was ever read from a block device, past all memory."""
    fields = (Path("/sys/block") / Path(device).name / "stat").read_text().split()
    return 512 * int(fields[2])


def wait_until(ready: Callable[[], bool]) -> None:
    """Wait for something that takes a moment; goes on all the same when patience ends."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not ready() and time.monotonic() < end:
        time.sleep(0.005)


def unmount(folder: Path) -> None:
    """Unmount it, whatever state it is in."""
    for command in (["umount", str(folder)], ["umount", "-l", str(folder)]):
        if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0:
            return


def _call(*command: str) -> str:
    run = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode()
