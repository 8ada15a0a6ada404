"""Mounts: what Linux has mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MAX_BYTES = 16 * 1024 * 1024
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_FIELDS_BEFORE, _FIELDS_BEHIND = 6, 3


@dataclass(frozen=True)
class Mount:
    """One line.

    Attributes:
        number: of the mount, as file descriptors name it.
        device: major and minor number, as `8:17`; a major of 0 is no device.
        root: which folder of the file system is mounted, `/` for all of it.
        mount_point: where.
        file_system: its type, as `ext4` or `fuse.sshfs`.
        source: a device, a share, or any text.
        options: of the file system.
    """

    number: int
    device: str
    root: str
    mount_point: str
    file_system: str
    source: str
    options: str

    def covers(self, path: str) -> bool:
        """Whether a path is under the mount point, or it."""
        return path == self.mount_point or path.startswith(self.mount_point.rstrip("/") + "/")

    def option(self, name: str) -> str:
        """The value of an option, "" without one."""
        for option in self.options.split(","):
            key, _, value = option.partition("=")
            if key == name:
                return value
        return ""


def read_mounts(proc: Path) -> list[Mount]:
    """All mounts that this process sees, in the kernel's order; lines that are none left out."""
    try:
        with (proc / "self" / "mountinfo").open("rb") as file:
            data = file.read(_MAX_BYTES)
    except OSError:
        return []
    return [mount for line in data.split(b"\n") if (mount := parse_mount(line)) is not None]


def parse_mount(line: bytes) -> Mount | None:
    """One line of mountinfo, or None if it is none."""
    fields = line.split(b" ")
    try:
        # Between the options and the dash there is any number of fields, also none.
        dash = fields.index(b"-", _FIELDS_BEFORE)
        number, _, device, root, mount_point = map(_unescape, fields[:5])
        file_system, source, options = map(_unescape, fields[dash + 1 : dash + 1 + _FIELDS_BEHIND])
        if not re.fullmatch(r"\d{1,10}:\d{1,10}", device, re.ASCII):
            return None
        if not mount_point.startswith("/") or not file_system:
            return None
        return Mount(int(number), device, root, mount_point, file_system, source, options)
    except ValueError:
        return None


def mount_of(path: Path, mounts: Sequence[Mount], proc: Path) -> Mount | None:
    """The mount that a path, which is there and has no links in it, is on."""
    number = _mount_number(path, proc)
    for mount in mounts:
        if mount.number == number:
            return mount
    covering = [mount for mount in mounts if mount.covers(os.fspath(path))]
    # Of two at one place the later hides the earlier.
    return max(reversed(covering), key=lambda mount: len(mount.mount_point), default=None)


def _mount_number(path: Path, proc: Path) -> int | None:
    """What the kernel itself says: right also for bind mounts, and for mounts that hide others."""
    if not hasattr(os, "O_PATH"):
        return None
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = (proc / "self" / "fdinfo" / str(descriptor)).read_text("ascii", "replace")
        found = re.search(r"^mnt_id:\s*(\d{1,10})$", text, re.MULTILINE)
        return int(found[1]) if found else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _unescape(field: bytes) -> str:
    """Spaces, tabs, line ends, backslashes and hashes are written as three octal digits."""
    return os.fsdecode(_OCTAL.sub(lambda found: bytes([int(found[1], 8)]), field))
