"""macOS: what `df`, `mount` and `diskutil info -plist` say.

Written from their documentation and tested on texts of their form; not yet run on a Mac.
"""

from __future__ import annotations

import plistlib
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from securexfer.medium.medium import UNKNOWN, Drive, Kind, Medium, describe_medium

Run = Callable[[Sequence[str]], bytes]
_SECONDS = 10.0
_NETWORK = frozenset({"afpfs", "cifs", "ftp", "nfs", "smbfs", "webdav"})
# Busses that a disk hangs on outside of the case; cards in a slot of the case call it internal.
_PLUGGED = frozenset({"FireWire", "Secure Digital", "Thunderbolt", "USB"})
_REMOVABLE_KEYS = ("Removable", "RemovableMedia", "RemovableMediaOrExternalDevice")
_DF_LINE = re.compile(r"(?P<device>.+?)\s+\d+\s+\d+\s+-?\d+\s+\d+%\s+(?P<place>/.*)")
_MOUNT_LINE = re.compile(r"(?P<device>.+?) on (?P<place>/.*) \((?P<type>[^,)]+)[^()]*\)")


def run_program(arguments: Sequence[str]) -> bytes:
    """What a program of the system prints.

    Raises:
        OSError: if it can't be run, fails, or takes too long.
    """
    try:
        # No shell, an absolute path, and nothing of the caller's but the path that is asked about.
        run = subprocess.run(  # noqa: S603
            arguments, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=True
        )
    except subprocess.SubprocessError:
        raise OSError(f"{arguments[0]} failed") from None
    return run.stdout


class MacMedia:
    """The media of a Mac.

    Args:
        run: runs a program of the system.
    """

    def __init__(self, run: Run = run_program) -> None:
        self._run = run

    def find(self, path: Path) -> Medium:
        """The medium of a path that is there.

        Raises:
            OSError: if the system's programs can't be asked.
        """
        device, place = read_df(self._run(["/bin/df", "-P", "--", str(path)]))
        kinds = {place: kind for _, place, kind in read_mount(self._run(["/sbin/mount"]))}
        return self._describe(device, kinds.get(place, ""))

    def drives(self) -> list[Drive]:
        """The start volume, and what is mounted beside it.

        Raises:
            OSError: if the system's programs can't be asked.
        """
        return [
            Drive(Path(place), self._describe(device, kind))
            for device, place, kind in read_mount(self._run(["/sbin/mount"]))
            if place == "/" or place.startswith("/Volumes/") or kind in _NETWORK
        ]

    def _describe(self, device: str, file_system: str) -> Medium:
        if file_system in _NETWORK or device.startswith("//"):
            share = re.sub(r"//[^/]*@", "//", device)
            return describe_medium(Kind.NETWORK, share, file_system=file_system)
        if file_system == "tmpfs":
            return describe_medium(Kind.MEMORY, file_system=file_system)
        if not device.startswith("/dev/"):
            return describe_medium(Kind.UNKNOWN, file_system=file_system)
        return read_diskutil(self._run(["/usr/sbin/diskutil", "info", "-plist", device]))


def read_df(output: bytes) -> tuple[str, str]:
    """Device and mount point of the one path that `df -P` was asked about; empty if it is odd."""
    lines = output.decode("utf-8", "replace").splitlines()
    found = _DF_LINE.fullmatch(lines[-1]) if len(lines) > 1 else None
    return (found["device"], found["place"]) if found else ("", "")


def read_mount(output: bytes) -> list[tuple[str, str, str]]:
    """Device, mount point and file system of each line of `mount` that has them."""
    lines = output.decode("utf-8", "replace").splitlines()
    found = [match for line in lines if (match := _MOUNT_LINE.fullmatch(line))]
    return [(match["device"], match["place"], match["type"]) for match in found]


def read_diskutil(output: bytes) -> Medium:
    """The medium that a property list of `diskutil info` describes."""
    try:
        told = plistlib.loads(output)
    except (plistlib.InvalidFileException, ExpatError, ValueError, OverflowError, LookupError):
        return UNKNOWN
    except (TypeError, AttributeError, RecursionError):  # it trusts the shape of what it reads
        return UNKNOWN
    if not isinstance(told, dict):
        return UNKNOWN
    # Of the hardware's own number it says nothing.
    serial = _text(told, "VolumeUUID") or _text(told, "DiskUUID")
    name = _text(told, "FilesystemType")
    return describe_medium(_judge(told), _text(told, "VolumeName"), serial, name)


def _judge(told: dict[str, Any]) -> Kind:
    bus, is_internal = _text(told, "BusProtocol"), told.get("Internal")
    if _text(told, "OpticalDeviceType") or _text(told, "OpticalMediaType"):
        return Kind.OPTICAL
    if bus == "Disk Image":
        return Kind.UNKNOWN  # what the image lies on, it does not say
    if is_internal is False or bus in _PLUGGED:
        return Kind.REMOVABLE
    if any(told.get(key) is True for key in _REMOVABLE_KEYS):
        return Kind.REMOVABLE
    return Kind.INTERNAL if is_internal is True else Kind.UNKNOWN


def _text(told: dict[str, Any], key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""
