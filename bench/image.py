"""A pen drive's file system on this machine's disk: exFAT on a loop device."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_N_BYTES = 4 * 1024**3
_PROGRAMS = ("mkfs.exfat", "losetup", "mount.exfat-fuse", "umount")


def can_make_image() -> bool:
    """Whether the programs are there."""
    return all(map(shutil.which, _PROGRAMS))


@contextmanager
def exfat_image(folder: Path) -> Iterator[Path]:
    """A mounted image; wants root.

    Args:
        folder: takes the image and the place where it is mounted.
    """
    image, mount = folder / "drive.img", folder / "drive"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(_N_BYTES)
    _call("mkfs.exfat", str(image))
    loop = _call("losetup", "--find", "--show", str(image))
    try:
        _call("mount.exfat-fuse", loop, str(mount))
        try:
            yield mount
        finally:
            _call("umount", str(mount))
    finally:
        _call("losetup", "--detach", loop)


def _call(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return done.stdout.decode().strip()
