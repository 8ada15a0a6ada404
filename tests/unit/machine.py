"""A machine that is not there: the files in which Linux tells of mounts and devices."""

from __future__ import annotations

import os
from pathlib import Path

from securexfer.medium.medium import Medium, Roots, find_medium

SATA = "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"
USB = "pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
USB_PORT = "pci0000:00/0000:00:14.0/usb1/1-2"
NVME = "pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1"
CARD = "pci0000:00/0000:00:1c.0/0000:03:00.0/rtsx_pci_sdmmc.0/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0"


class Machine:
    """Its /proc, /sys, /dev and /run, and a tree of real folders to mount things in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roots = Roots(*(folder / name for name in ("proc", "sys", "dev", "run")))
        self.tree = folder / "tree"
        self._lines: list[str] = []
        for made in (self.roots.proc / "self", self.roots.sys / "devices", self.tree):
            made.mkdir(parents=True)

    def disk(
        self, path: str, number: str, *, removable: str = "0", files: dict[str, str] | None = None
    ) -> Path:
        """A block device at a path below /sys/devices."""
        place = self.roots.sys / "devices" / path
        for name, text in {"dev": number, "removable": removable, **(files or {})}.items():
            self.write(place / name, text + "\n")
        (place / "slaves").mkdir(exist_ok=True)
        self.link(self.roots.sys / "dev" / "block" / number, place)
        self.link(self.roots.sys / "class" / "block" / place.name.replace("!", "_"), place)
        self.write(self.roots.dev / place.name, "")
        return place

    def partition(self, disk: Path, name: str, number: str) -> Path:
        """A partition of a disk."""
        place = self.disk(
            str(disk.relative_to(self.roots.sys / "devices") / name),
            number,
            files={"partition": "1"},
        )
        (place / "removable").unlink()
        return place

    def volume(self, name: str, number: str, *slaves: Path) -> Path:
        """A device that is made of others."""
        place = self.disk(f"virtual/block/{name}", number)
        for slave in slaves:
            self.link(place / "slaves" / slave.name, slave)
        return place

    def loop(self, name: str, number: str, backing: str) -> Path:
        """A device that is a file."""
        return self.disk(f"virtual/block/{name}", number, files={"loop/backing_file": backing})

    def udev(self, number: str, **told: str) -> None:
        """What udev remembers of a device."""
        lines = ["S:disk/by-path/x", "I:123", *(f"E:{key}={text}" for key, text in told.items())]
        self.write(self.roots.run / "udev" / "data" / f"b{number}", "\n".join(lines) + "\n")

    def mount(
        self,
        place: str,
        device: str,
        file_system: str,
        source: str,
        *,
        root: str = "/",
        options: str = "rw",
        fields: str = " shared:1",
    ) -> Path:
        """Mount something at a folder of the tree, which is made. `/` is the whole machine's."""
        folder = self.tree / place if place != "/" else Path("/")
        folder.mkdir(parents=True, exist_ok=True)
        texts = [escape(str(text)) for text in (folder, source, options, root)]
        self._lines.append(
            f"{20 + len(self._lines)} 1 {device} {texts[3]} {texts[0]} rw,relatime{fields} - "
            f"{file_system} {texts[1]} {texts[2]}"
        )
        self.write(self.roots.proc / "self" / "mountinfo", "\n".join(self._lines) + "\n")
        return folder

    def find(self, path: Path) -> Medium:
        """What is found here."""
        return find_medium(path, self.roots)

    def write(self, path: Path, text: str) -> None:
        """A file, and the folders above it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))

    def link(self, link: Path, target: Path) -> None:
        """A link as /sys has them: relative."""
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(target, link.parent))


def escape(text: str) -> str:
    """As the kernel writes what would not stand in one field."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in text)


def desktop(folder: Path) -> Machine:
    """A machine with a disk of its own, nothing plugged in."""
    machine = Machine(folder)
    disk = machine.disk(SATA, "8:0", files={"device/model": "Inside"})
    machine.partition(disk, "sda2", "8:2")
    machine.udev("8:0", ID_SERIAL_SHORT="INSIDE1")
    machine.mount("/", "8:2", "ext4", "/dev/sda2")
    return machine


def plug_in(machine: Machine, *, removable: str = "1") -> Path:
    """A pen drive of one FAT32 partition; what it is mounted at."""
    disk = machine.disk(USB, "8:16", removable=removable)
    machine.write(machine.roots.sys / "devices" / USB_PORT / "idVendor", "0781\n")
    machine.write(machine.roots.sys / "devices" / USB_PORT / "serial", "4C530001\n")
    machine.partition(disk, "sdb1", "8:17")
    machine.udev("8:17", ID_FS_LABEL_ENC="PEN\\x20DRIVE", ID_FS_UUID="1234-ABCD", ID_FS_TYPE="vfat")
    return machine.mount("media/stick", "8:17", "vfat", "/dev/sdb1")
