"""Windows: the type of a drive, and the bus that it hangs on.

`GetDriveTypeW` calls large USB disks fixed, so that the storage driver is asked for the bus
(STORAGE_DEVICE_DESCRIPTOR of winioctl.h). Written from the documentation and tested on bytes of
that form; not yet run on Windows.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from securexfer.medium.medium import Drive, Kind, Medium, describe_medium

# GetDriveTypeW
DRIVE_REMOVABLE, DRIVE_FIXED, DRIVE_REMOTE, DRIVE_CDROM, DRIVE_RAMDISK = 2, 3, 4, 5, 6
_BY_TYPE = {
    DRIVE_REMOVABLE: Kind.REMOVABLE,
    DRIVE_REMOTE: Kind.NETWORK,
    DRIVE_CDROM: Kind.OPTICAL,
    DRIVE_RAMDISK: Kind.MEMORY,
}
# STORAGE_BUS_TYPE. What is not here (virtual disks, pools of disks) may be anywhere.
_BY_BUS = {
    1: Kind.INTERNAL,  # SCSI
    2: Kind.INTERNAL,  # ATAPI
    3: Kind.INTERNAL,  # ATA
    4: Kind.REMOVABLE,  # IEEE 1394
    5: Kind.INTERNAL,  # SSA
    6: Kind.INTERNAL,  # Fibre Channel
    7: Kind.REMOVABLE,  # USB
    8: Kind.INTERNAL,  # RAID
    9: Kind.NETWORK,  # iSCSI
    10: Kind.INTERNAL,  # SAS
    11: Kind.INTERNAL,  # SATA
    12: Kind.REMOVABLE,  # SD
    13: Kind.INTERNAL,  # MMC, soldered in
    17: Kind.INTERNAL,  # NVMe
    18: Kind.INTERNAL,  # storage class memory
    19: Kind.INTERNAL,  # UFS
}
# Version, size, two types, removable, queueing, four offsets (the last is the serial's), bus.
_DESCRIPTOR = struct.Struct("<IIBBBBIIIII")


@dataclass(frozen=True)
class Descriptor:
    """What the storage driver says of a device.

    Attributes:
        bus: number of STORAGE_BUS_TYPE.
        is_removable: whether its medium can be taken out.
        serial: its own number.
    """

    bus: int
    is_removable: bool
    serial: str


@dataclass(frozen=True)
class Volume:
    """What the system says of a volume: name, number, file system."""

    label: str
    number: int
    file_system: str


class System(Protocol):
    """What is asked of Windows; each may raise OSError."""

    def root_of(self, path: str) -> str:
        """Root of the volume that a path is on, as `E:\\` (GetVolumePathNameW)."""

    def drive_type(self, root: str) -> int:
        """GetDriveTypeW."""

    def volume(self, root: str) -> Volume:
        """GetVolumeInformationW."""

    def descriptor(self, root: str) -> bytes:
        """IOCTL_STORAGE_QUERY_PROPERTY, StorageDeviceProperty."""

    def roots(self) -> Sequence[str]:
        """GetLogicalDriveStringsW."""


class WindowsMedia:
    """The media of a Windows machine.

    Args:
        system: answers; Windows itself without one.
    """

    def __init__(self, system: System | None = None) -> None:
        self._system = system or _this_system()

    def find(self, path: Path) -> Medium:
        """The medium of a path that is there.

        Raises:
            OSError: if the system does not say on which volume it is.
        """
        return self._describe(self._system.root_of(str(path)))

    def drives(self) -> list[Drive]:
        """All drives that have a letter.

        Raises:
            OSError: if the system does not say.
        """
        return [Drive(Path(root), self._describe(root)) for root in self._system.roots()]

    def _describe(self, root: str) -> Medium:
        kind_of_drive = self._system.drive_type(root)
        kind, serial = _BY_TYPE.get(kind_of_drive, Kind.UNKNOWN), ""
        try:
            descriptor = read_descriptor(self._system.descriptor(root))
        except OSError:
            descriptor = None
        if descriptor is not None:
            serial = descriptor.serial
            if kind_of_drive == DRIVE_FIXED:
                kind = _BY_BUS.get(descriptor.bus, Kind.UNKNOWN)
                if descriptor.is_removable:
                    kind = Kind.REMOVABLE
        try:
            volume = self._system.volume(root)
        except OSError:
            return describe_medium(kind, serial=serial)
        number = f"{volume.number >> 16:04X}-{volume.number & 0xFFFF:04X}"
        label = root if kind is Kind.NETWORK else volume.label
        return describe_medium(kind, label, serial or number, volume.file_system)


def read_descriptor(data: bytes) -> Descriptor | None:
    """A STORAGE_DEVICE_DESCRIPTOR; None if the bytes are none."""
    if len(data) < _DESCRIPTOR.size:
        return None
    _, size, _, _, removable, _, _, _, _, serial_at, bus = _DESCRIPTOR.unpack_from(data)
    if size < _DESCRIPTOR.size:
        return None
    serial = b""
    if _DESCRIPTOR.size <= serial_at < min(size, len(data)):
        serial = data[serial_at:].split(b"\0", 1)[0]
    return Descriptor(bus, bool(removable), serial.decode("ascii", "replace").strip())


def _this_system() -> System:
    if sys.platform == "win32":
        from securexfer.medium.win32 import Win32

        return Win32()
    raise OSError("this is not Windows")
