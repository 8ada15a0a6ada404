"""Devices: what Linux says of a block device in /sys, and udev in /run/udev and /dev.

A partition is judged by its disk, and whatever is made of other devices (encrypted volumes, logical
volumes, arrays) by those: one removable one is enough.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from securexfer.medium.medium import Kind, Medium, Roots

_MAX_BYTES = 64 * 1024
# Volumes on volumes: more floors than anybody builds, and an end to those that go round.
MAX_DEPTH = 8
_SERIAL_PAGE = 0x80
# From what decides first to what decides last, where there are several.
_ORDER = (
    Kind.REMOVABLE,
    Kind.NETWORK,
    Kind.OPTICAL,
    Kind.UNKNOWN,
    Kind.MEMORY,
    Kind.INTERNAL,
)
_NETWORK_NAME = re.compile(r"(nbd|rbd|drbd)\d+|etherd!.*")
_MEMORY_NAME = re.compile(r"(zram|ram)\d+")
_OPTICAL_NAME = re.compile(r"sr\d+")
_CARD_NAME = re.compile(r"mmcblk\d+.*")
# Busses that things are plugged into while a machine runs, as they stand in a device's path.
_PLUG = re.compile(r"usb\d+|fw\d+|memstick.*")
_ISCSI = re.compile(r"session\d+")
# How a controller of NVMe drives is reached: Fibre Channel is the data centre's own cabling.
_NVME = {
    "fc": Kind.INTERNAL,
    "rdma": Kind.NETWORK,
    "tcp": Kind.NETWORK,
}


@dataclass(frozen=True)
class Device:
    """A block device.

    Attributes:
        kind: of medium.
        label: of the volume on it.
        serial: its own number, else that of the volume on it.
        file_system: on it, where udev has looked.
        is_image: it is, or rests on, a file that stands for a disk.
    """

    kind: Kind
    label: str = ""
    serial: str = ""
    file_system: str = ""
    is_image: bool = False


NO_DEVICE = Device(Kind.UNKNOWN)


class Devices:
    """The block devices of this machine.

    Args:
        roots: of /sys, /dev and /run.
        find_backing: finds the medium of a file that stands for a device, at a depth.
    """

    def __init__(self, roots: Roots, find_backing: Callable[[Path, int], Medium]) -> None:
        self._sys = Path(os.path.realpath(roots.sys))
        self._dev = roots.dev
        self._udev = roots.run / "udev" / "data"
        self._find_backing = find_backing

    def by_number(self, number: str, depth: int = 0) -> Device:
        """The device with a major and minor number, as `8:17`."""
        return self._describe(self._sys / "dev" / "block" / number, depth)

    def by_source(self, source: str, depth: int = 0) -> Device:
        """The device that a mount names as its source, as `/dev/sda2` or `/dev/mapper/home`."""
        path = Path(os.path.realpath(self._dev / source.removeprefix("/dev/")))
        try:
            status = path.stat()
        except (OSError, ValueError):
            return NO_DEVICE
        if stat.S_ISBLK(status.st_mode):
            number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
            return self.by_number(number, depth)
        return self._describe(self._sys / "class" / "block" / path.name, depth)

    def of_btrfs(self, source: str, depth: int = 0) -> Device:
        """All devices together of the btrfs that one of them is named of."""
        name = os.path.basename(os.path.realpath(self._dev / source.removeprefix("/dev/")))  # noqa: PTH119
        for folder in _listed(self._sys / "fs" / "btrfs"):
            members = _listed(folder / "devices")
            if any(member.name == name for member in members):
                one = self.by_source(source, depth)
                return replace(self._join(members, depth), label=one.label)
        return self.by_source(source, depth)

    def _describe(self, link: Path, depth: int) -> Device:
        place = self._within(link)
        if place is None or depth > MAX_DEPTH:
            return NO_DEVICE
        disk = place.parent if (place / "partition").exists() else place
        below = self._judge(disk, depth)
        told = self._told(place)
        serial = (
            told.get("ID_SERIAL_SHORT")
            or self._told(disk).get("ID_SERIAL_SHORT")
            or self._serial(disk)
            or below.serial
            or told.get("ID_FS_UUID", "")
        )
        return Device(
            kind=below.kind,
            label=self._label(place, told),
            serial=serial,
            file_system=told.get("ID_FS_TYPE", ""),
            is_image=below.is_image,
        )

    def _within(self, link: Path) -> Path | None:
        """Where a link of /sys leads, if it leads to a device there."""
        place = Path(os.path.realpath(link))
        if place.is_relative_to(self._sys / "devices") and place.is_dir():
            return place
        return None

    # -- kinds -----------------------------------------------------------------------------------

    def _judge(self, disk: Path, depth: int) -> Device:
        """The kind of a disk; and the serial number of what decided, where that is another."""
        name, parts = disk.name, disk.relative_to(self._sys).parts
        if _OPTICAL_NAME.fullmatch(name):
            return Device(Kind.OPTICAL)
        if _MEMORY_NAME.fullmatch(name):
            return Device(Kind.MEMORY)
        if _NETWORK_NAME.fullmatch(name):
            return Device(Kind.NETWORK)
        if (backing := _read(disk / "loop" / "backing_file")).startswith("/"):
            return self._judge_file(Path(backing), depth)
        if below := _listed(disk / "slaves"):
            return self._join(below, depth)
        if controllers := list(self._controllers(disk)):
            return _first(controllers)
        if parts[:2] == ("devices", "virtual"):
            return NO_DEVICE
        return Device(self._judge_path(disk))

    def _judge_path(self, disk: Path) -> Kind:
        """The kind of a disk that is a thing, by how it is attached."""
        parts = disk.relative_to(self._sys).parts
        flag = _read(disk / "removable")
        if flag == "1" or any(_PLUG.fullmatch(part) for part in parts):
            # USB disks say 0 of themselves as often as not.
            return Kind.REMOVABLE
        if any(_ISCSI.fullmatch(part) for part in parts):
            return Kind.NETWORK
        if _CARD_NAME.fullmatch(disk.name):
            # Cards that can be pulled say 0 too; only chips that are soldered in are `MMC`.
            is_chip = _read(disk / "device" / "type") == "MMC"
            return Kind.INTERNAL if is_chip and flag == "0" else Kind.REMOVABLE
        if self._is_outside(disk):
            return Kind.REMOVABLE
        return Kind.INTERNAL if flag == "0" else Kind.UNKNOWN

    def _is_outside(self, disk: Path) -> bool:
        """Whether something on the way to it can be unplugged, a Thunderbolt port for example."""
        above = disk.parent
        while above != self._sys / "devices" and above != above.parent:
            if _read(above / "removable") == "removable":
                return True
            above = above.parent
        return False

    def _judge_file(self, path: Path, depth: int) -> Device:
        """A file that stands for a disk is on a medium itself, and that is what is carried."""
        if not path.is_file():
            return NO_DEVICE
        medium = self._find_backing(Path(os.path.realpath(path)), depth + 1)
        return Device(medium.kind, serial=medium.serial, is_image=True)

    def _controllers(self, disk: Path) -> Iterator[Device]:
        """What the controllers of an NVMe drive say; there can be several ways to one drive."""
        ways = [disk / "device"]
        if disk.parent.name.startswith("nvme-subsys"):
            ways += _listed(disk.parent)
        for way in ways:
            transport, place = _read(way / "transport"), self._within(way)
            if not transport or place is None:
                continue
            kind = _NVME.get(transport, Kind.UNKNOWN)
            if transport == "pcie":
                kind = Kind.REMOVABLE if self._is_outside(place) else Kind.INTERNAL
            yield Device(kind, serial=_read(way / "serial").strip())

    def _join(self, links: Sequence[Path], depth: int) -> Device:
        return _first([self._describe(link, depth + 1) for link in links])

    # -- names -----------------------------------------------------------------------------------

    def _label(self, place: Path, told: dict[str, str]) -> str:
        label = told.get("ID_FS_LABEL_ENC") or told.get("ID_FS_LABEL")
        if label is not None:
            return _unescape(label)
        for link in _listed(self._dev / "disk" / "by-label"):
            if os.path.basename(os.path.realpath(link)) == place.name:  # noqa: PTH119
                return _unescape(link.name)
        return ""

    def _serial(self, disk: Path) -> str:
        for path in (disk / "serial", disk / "device" / "serial"):
            if serial := _read(path).strip():
                return serial
        page = _read_bytes(disk / "device" / "vpd_pg80")
        if len(page) > 4 and page[1] == _SERIAL_PAGE:
            length = int.from_bytes(page[2:4], "big")
            return page[4 : 4 + length].decode("ascii", "replace").strip(" \0")
        above = disk.parent
        while above != self._sys / "devices" and above != above.parent:
            if (above / "idVendor").exists():
                return _read(above / "serial")
            above = above.parent
        return ""

    def _told(self, place: Path) -> dict[str, str]:
        """What udev remembers of a device: lines such as `E:ID_FS_TYPE=vfat`."""
        number = _read(place / "dev")
        if not re.fullmatch(r"\d{1,10}:\d{1,10}", number, re.ASCII):
            return {}
        pairs = {}
        for line in _read(self._udev / f"b{number}").splitlines():
            key, equals, value = line.partition("=")
            if equals and key.startswith("E:"):
                pairs[key[2:]] = value
        return pairs


def _first(devices: Sequence[Device]) -> Device:
    return min(devices, key=lambda device: _ORDER.index(device.kind))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _read(path: Path) -> str:
    return os.fsdecode(_read_bytes(path)).strip("\n")


def _read_bytes(path: Path) -> bytes:
    """The start of a small file; nothing if it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except (OSError, ValueError):
        return b""


def _unescape(label: str) -> str:
    """udev writes what it does not trust in a name as `\\x20`, byte by byte of UTF-8."""
    raw = re.sub(
        rb"\\x([0-9a-fA-F]{2})",
        lambda found: bytes([int(found[1], 16)]),
        label.encode("utf-8", "surrogateescape"),
    )
    return raw.decode("utf-8", "replace")
