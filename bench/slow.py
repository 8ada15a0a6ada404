"""A drive that is as slow as a pen drive: a folder, passed through at a set rate.

    PYTHONPATH=. .venv/bin/python -m bench.slow FOLDER MOUNT WRITE_MB READ_MB

The kernel keeps what was read and written, as for any drive; what it has to ask for, and all that
is written, takes its time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MEGABYTE = 1_000_000
_PATIENCE_SECONDS = 20.0
_LEAST_SECONDS = 0.005


class SlowDrive:
    """The operations that libfuse calls."""

    use_ns = True

    def __init__(self, root: Path, write_mb: float, read_mb: float) -> None:
        self._root = root
        self._write_rate = write_mb * _MEGABYTE
        self._read_rate = read_mb * _MEGABYTE
        self._idle_from = 0.0

    def _take(self, n_bytes: int, rate: float) -> None:
        """Be busy for as long as so many bytes take."""
        begun = max(time.monotonic(), self._idle_from)
        self._idle_from = begun + n_bytes / rate
        ahead = self._idle_from - time.monotonic()
        if ahead > _LEAST_SECONDS:  # shorter sleeps take longer than asked for
            time.sleep(ahead)

    def _at(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def getattr(self, path: str, handle: int | None = None) -> dict[str, Any]:
        status = os.lstat(self._at(path)) if handle is None else os.fstat(handle)
        names = ("st_mode", "st_size", "st_nlink", "st_uid", "st_gid", "st_ino")
        return {name: getattr(status, name) for name in names}

    def readdir(self, path: str, handle: int) -> list[str]:
        return [".", "..", *os.listdir(self._at(path))]

    def statfs(self, path: str) -> dict[str, int]:
        room = os.statvfs(self._root)
        names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail")
        return {name: getattr(room, name) for name in names}

    def open(self, path: str, flags: int) -> int:
        return os.open(self._at(path), flags & ~(os.O_CREAT | os.O_EXCL))

    def create(self, path: str, mode: int, flags: int) -> int:
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT, mode)

    def read(self, path: str, size: int, offset: int, handle: int) -> bytes:
        data = os.pread(handle, size, offset)
        self._take(len(data), self._read_rate)
        return data

    def write(self, path: str, data: bytes, offset: int, handle: int) -> int:
        self._take(len(data), self._write_rate)
        return os.pwrite(handle, data, offset)

    def truncate(self, path: str, length: int, handle: int | None = None) -> None:
        os.truncate(self._at(path) if handle is None else handle, length)

    def fsync(self, path: str, datasync: int, handle: int) -> None:
        """All of it is stored already."""

    def fsyncdir(self, path: str, datasync: int, handle: int) -> None:
        """As for files."""

    def flush(self, path: str, handle: int) -> None:
        """As for files."""

    def release(self, path: str, handle: int) -> None:
        os.close(handle)

    def rename(self, old: str, new: str) -> None:
        self._at(old).rename(self._at(new))

    def unlink(self, path: str) -> None:
        self._at(path).unlink()

    def mkdir(self, path: str, mode: int) -> None:
        self._at(path).mkdir(mode)

    def rmdir(self, path: str) -> None:
        self._at(path).rmdir()

    def chmod(self, path: str, mode: int) -> None:
        self._at(path).chmod(mode)

    def utimens(self, path: str, times: Any = None) -> None:
        """It keeps no times."""


@contextmanager
def slow_drive(folder: Path, write_mb: float, read_mb: float) -> Iterator[Path]:
    """A mounted slow drive, in a process of its own; wants root.

    Args:
        folder: takes what is stored and the place where it is mounted.
        write_mb: so many million bytes a second are written.
        read_mb: and so many read.
    """
    stored, mount = folder / "stored", folder / "slow"
    stored.mkdir()
    mount.mkdir()
    program = [sys.executable, "-m", "bench.slow", str(stored), str(mount)]
    with subprocess.Popen([*program, str(write_mb), str(read_mb)]) as process:
        try:
            given_up_at = time.monotonic() + _PATIENCE_SECONDS
            while not mount.is_mount():
                if process.poll() is not None or time.monotonic() > given_up_at:
                    raise SystemExit("The slow drive can't be mounted.")
                time.sleep(0.05)
            yield mount
        finally:
            subprocess.run(["/bin/umount", str(mount)], check=False)
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> None:
    """Serve until it is unmounted."""
    import mfusepy

    drive = SlowDrive(Path(sys.argv[1]), float(sys.argv[3]), float(sys.argv[4]))
    mfusepy.FUSE(
        drive, sys.argv[2], foreground=True, nothreads=True, hard_remove=True, kernel_cache=True
    )


if __name__ == "__main__":
    main()
