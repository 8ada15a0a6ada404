"""macOS and Windows, by what their programs and calls are documented to say.

These texts and bytes were written by hand. Nobody has held them against a real machine.
"""

from __future__ import annotations

import plistlib
import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from securexfer.medium.macos import MacMedia, read_df, read_diskutil, read_mount
from securexfer.medium.medium import FAT_MAX_FILE_BYTES, Kind, Medium, describe_medium
from securexfer.medium.windows import (
    DRIVE_CDROM,
    DRIVE_FIXED,
    DRIVE_RAMDISK,
    DRIVE_REMOTE,
    DRIVE_REMOVABLE,
    Volume,
    WindowsMedia,
    read_descriptor,
)
from tests.assurance import Tally

MOUNT = b"""\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
/dev/disk4s1 on /Volumes/PEN DRIVE (1) (msdos, local, nodev, nosuid, noowners)
//ann:secret@server/Shared on /Volumes/Shared (smbfs, nodev, nosuid, mounted by ann)
server:/export on /Volumes/export (nfs, nodev, nosuid, automounted)
tmpfs on /private/ram (tmpfs, local)
somefs@macfuse0 on /Volumes/fuse (macfuse, local, synchronous)
"""
DF = """\
Filesystem   512-blocks      Used Available Capacity  Mounted on
{device}  1942700360 943832776 966612424    50%    {place}
"""
INTERNAL: dict[str, Any] = {
    "BusProtocol": "Apple Fabric",
    "DeviceIdentifier": "disk3s5",
    "Ejectable": False,
    "FilesystemType": "apfs",
    "FreeSpace": 0,
    "Internal": True,
    "MountPoint": "/System/Volumes/Data",
    "ParentWholeDisk": "disk3",
    "Removable": False,
    "RemovableMedia": False,
    "RemovableMediaOrExternalDevice": False,
    "VirtualOrPhysical": "Virtual",
    "VolumeName": "Data",
    "VolumeUUID": "9A6F0E4C-0000-4C2E-9F1E-5B2E6F3C1A77",
}
STICK: dict[str, Any] = {
    "BusProtocol": "USB",
    "DeviceIdentifier": "disk4s1",
    "DiskUUID": "00000000-0000-0000-0000-000000000001",
    "Ejectable": True,
    "FilesystemType": "msdos",
    "FilesystemUserVisibleName": "MS-DOS (FAT32)",
    "Internal": False,
    "MountPoint": "/Volumes/PEN DRIVE (1)",
    "Removable": True,
    "RemovableMedia": True,
    "RemovableMediaOrExternalDevice": True,
    "VirtualOrPhysical": "Physical",
    "VolumeName": "PEN DRIVE",
    "VolumeUUID": "",
    "WritableMedia": True,
}


class Programs:
    """`df`, `mount` and `diskutil`, for one path and one disk."""

    def __init__(self, device: str, place: str, told: dict[str, Any] | None = None) -> None:
        self._df = DF.format(device=device, place=place).encode()
        self._told = told
        self.asked: list[str] = []

    def __call__(self, arguments: Sequence[str]) -> bytes:
        self.asked.append(arguments[-1])
        match arguments[0]:
            case "/bin/df":
                return self._df
            case "/sbin/mount":
                return MOUNT
            case "/usr/sbin/diskutil":
                if self._told is None:
                    raise OSError("could not find disk")
                return plistlib.dumps(self._told)
        raise AssertionError(arguments)


MAC: dict[str, tuple[str, str, dict[str, Any] | None, Medium]] = {
    "the start volume": (
        "/dev/disk3s5",
        "/System/Volumes/Data",
        INTERNAL,
        describe_medium(Kind.INTERNAL, "Data", INTERNAL["VolumeUUID"], "apfs"),
    ),
    "a pen drive": (
        "/dev/disk4s1",
        "/Volumes/PEN DRIVE (1)",
        STICK,
        describe_medium(Kind.REMOVABLE, "PEN DRIVE", STICK["DiskUUID"], "msdos"),
    ),
    "a USB disk that says it is fixed": (
        "/dev/disk4s1",
        "/Volumes/PEN DRIVE (1)",
        {**INTERNAL, "Internal": False, "BusProtocol": "USB", "FilesystemType": "exfat"},
        describe_medium(Kind.REMOVABLE, "Data", INTERNAL["VolumeUUID"], "exfat"),
    ),
    "a card in a slot of the case": (
        "/dev/disk4s1",
        "/Volumes/PEN DRIVE (1)",
        {**INTERNAL, "BusProtocol": "Secure Digital"},
        describe_medium(Kind.REMOVABLE, "Data", INTERNAL["VolumeUUID"], "apfs"),
    ),
    "a disc": (
        "/dev/disk4s1",
        "/Volumes/PEN DRIVE (1)",
        {**STICK, "OpticalDeviceType": "CD-ROM, DVD-ROM"},
        describe_medium(Kind.OPTICAL, "PEN DRIVE", STICK["DiskUUID"], "msdos"),
    ),
    "a disk image": (
        "/dev/disk4s1",
        "/Volumes/PEN DRIVE (1)",
        {**INTERNAL, "BusProtocol": "Disk Image", "Internal": False},
        describe_medium(Kind.UNKNOWN, "Data", INTERNAL["VolumeUUID"], "apfs"),
    ),
    "a disk that says nothing": ("/dev/disk9", "/Volumes/x", {}, Medium(Kind.UNKNOWN)),
    "a disk that is not found": ("/dev/disk9", "/Volumes/x", None, Medium(Kind.UNKNOWN)),
    "a share": (
        "//ann:secret@server/Shared",
        "/Volumes/Shared",
        None,
        describe_medium(Kind.NETWORK, "//server/Shared", file_system="smbfs"),
    ),
    "an export": (
        "server:/export",
        "/Volumes/export",
        None,
        describe_medium(Kind.NETWORK, "server:/export", file_system="nfs"),
    ),
    "memory": ("tmpfs", "/private/ram", None, describe_medium(Kind.MEMORY, file_system="tmpfs")),
    "a program's": (
        "somefs@macfuse0",
        "/Volumes/fuse",
        None,
        describe_medium(Kind.UNKNOWN, file_system="macfuse"),
    ),
}


class TestMac:
    @pytest.mark.parametrize("name", MAC)
    def test_a_medium(self, name: str, tally: Tally) -> None:
        device, place, told, wanted = MAC[name]
        media = MacMedia(Programs(device, place, told))
        try:
            found = media.find(Path("/somewhere"))
        except OSError:
            found = Medium(Kind.UNKNOWN)  # as `find_medium` does
        assert found == wanted
        tally.count("media", "situations by what macOS and Windows are documented to say")

    def test_a_path_is_never_an_option(self) -> None:
        programs = Programs("/dev/disk4s1", "/Volumes/x", STICK)
        MacMedia(programs).find(Path("-h"))
        assert programs.asked[0] == "-h"

    def test_the_drives(self) -> None:
        drives = MacMedia(Programs("", "", STICK)).drives()
        assert [str(drive.mount_point) for drive in drives] == [
            "/",
            "/Volumes/PEN DRIVE (1)",
            "/Volumes/Shared",
            "/Volumes/export",
            "/Volumes/fuse",
        ]
        assert drives[1].medium.limits.max_file_bytes == FAT_MAX_FILE_BYTES

    def test_odd_texts_are_unknown(self, tally: Tally) -> None:
        chance = random.Random(3)
        data = plistlib.dumps(STICK)
        n_cases = 400
        for _ in range(n_cases):
            place = chance.randrange(len(data))
            put = chance.choice([b"", b"<", b"<true/>", b"\xff", b"</dict>", chance.randbytes(4)])
            read_diskutil(data[:place] + put + data[place + chance.randrange(30) :])
        for odd in (b"", b"bplist00", b"<plist/>", plistlib.dumps([1]), chance.randbytes(200)):
            assert read_diskutil(odd) == Medium(Kind.UNKNOWN)
            assert read_mount(odd) == []
            assert read_df(odd) == ("", "")
        tally.count("media", "damaged answers of macOS and Windows, survived", n_cases)

    def test_a_property_of_another_type_counts_as_missing(self) -> None:
        odd = {**STICK, "VolumeName": 7, "Internal": "no", "BusProtocol": ["USB"]}
        odd |= dict.fromkeys(("Removable", "RemovableMedia", "RemovableMediaOrExternalDevice"), 1)
        assert read_diskutil(plistlib.dumps(odd)).kind is Kind.UNKNOWN


def descriptor(bus: int, *, removable: int = 0, serial: bytes = b"4C530001") -> bytes:
    """STORAGE_DEVICE_DESCRIPTOR of winioctl.h, its texts behind it."""
    texts = b"SanDisk \0Ultra\0" + b"1.00\0" + serial + b"\0"
    head = struct.pack(
        "<IIBBBBIIIIII", 40, 36 + len(texts), 0, 0, removable, 1, 36, 45, 51, 56, bus, len(texts)
    )
    return head + texts


class Answers:
    """A Windows of one volume."""

    def __init__(self, kind: int, answer: bytes | None, volume: Volume | None = None) -> None:
        self._kind, self._answer = kind, answer
        self._volume = volume

    def root_of(self, path: str) -> str:
        return "E:\\"

    def drive_type(self, root: str) -> int:
        return self._kind

    def volume(self, root: str) -> Volume:
        if self._volume is None:
            raise OSError("not ready")
        return self._volume

    def descriptor(self, root: str) -> bytes:
        if self._answer is None:
            raise OSError("access denied")
        return self._answer

    def roots(self) -> Sequence[str]:
        return ["E:\\"]


FAT = Volume("STICK", 0x1234ABCD, "FAT32")
WINDOWS: dict[str, tuple[int, bytes | None, Kind]] = {
    "a pen drive": (DRIVE_REMOVABLE, descriptor(7, removable=1), Kind.REMOVABLE),
    "a large USB disk that is called fixed": (DRIVE_FIXED, descriptor(7), Kind.REMOVABLE),
    "a FireWire disk": (DRIVE_FIXED, descriptor(4), Kind.REMOVABLE),
    "a card": (DRIVE_FIXED, descriptor(12), Kind.REMOVABLE),
    "a SATA disk": (DRIVE_FIXED, descriptor(11), Kind.INTERNAL),
    "an NVMe disk": (DRIVE_FIXED, descriptor(17), Kind.INTERNAL),
    "a SATA frame that can be pulled": (DRIVE_FIXED, descriptor(11, removable=1), Kind.REMOVABLE),
    "iSCSI": (DRIVE_FIXED, descriptor(9), Kind.NETWORK),
    "a virtual disk in a file": (DRIVE_FIXED, descriptor(15), Kind.UNKNOWN),
    "a pool": (DRIVE_FIXED, descriptor(16), Kind.UNKNOWN),
    "a bus of tomorrow": (DRIVE_FIXED, descriptor(99), Kind.UNKNOWN),
    "a disk that may not be asked": (DRIVE_FIXED, None, Kind.UNKNOWN),
    "a disk whose answer is cut": (DRIVE_FIXED, descriptor(11)[:20], Kind.UNKNOWN),
    "a share": (DRIVE_REMOTE, None, Kind.NETWORK),
    "a disc": (DRIVE_CDROM, descriptor(2, removable=1), Kind.OPTICAL),
    "memory": (DRIVE_RAMDISK, None, Kind.MEMORY),
    "no root": (1, None, Kind.UNKNOWN),
}


class TestWindows:
    @pytest.mark.parametrize("name", WINDOWS)
    def test_a_medium(self, name: str, tally: Tally) -> None:
        kind, answer, wanted = WINDOWS[name]
        media = WindowsMedia(Answers(kind, answer, FAT))
        found = media.find(Path("somewhere"))
        assert found.kind is wanted
        assert found.file_system == "fat32"
        assert found.limits.max_file_bytes == FAT_MAX_FILE_BYTES
        assert found.label == ("E:\\" if wanted is Kind.NETWORK else "STICK")
        whole = answer is not None and len(answer) > 40
        assert found.serial == ("4C530001" if whole else "1234-ABCD")
        assert [drive.medium for drive in media.drives()] == [found]
        tally.count("media", "situations by what macOS and Windows are documented to say")

    def test_a_drive_that_is_not_ready_still_has_its_kind(self) -> None:
        found = WindowsMedia(Answers(DRIVE_REMOVABLE, None)).find(Path("x"))
        assert found == Medium(Kind.REMOVABLE)

    def test_odd_bytes_are_survived(self, tally: Tally) -> None:
        chance = random.Random(5)
        data = descriptor(7)
        n_cases = 400
        for _ in range(n_cases):
            place = chance.randrange(len(data))
            odd = data[:place] + chance.randbytes(4) + data[place + 4 :]
            found = read_descriptor(odd[: chance.randrange(len(odd) + 1)])
            assert (
                found is None
                or found.serial.isascii()
                or "\N{REPLACEMENT CHARACTER}" in (found.serial)
            )
        tally.count("media", "damaged answers of macOS and Windows, survived", n_cases)

    def test_it_is_not_asked_where_it_is_not(self) -> None:
        with pytest.raises(OSError, match="not Windows"):
            WindowsMedia()
