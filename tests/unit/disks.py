"""Disks of a machine, and things that are plugged in."""

from __future__ import annotations

from pathlib import Path

from tests.unit.machine import CARD, NVME, USB, Machine, plug_in
from tests.unit.situation import INTERNAL, OPTICAL, REMOVABLE, situation


@situation("the machine's own disk", INTERNAL, serial="INSIDE1")
def _(machine: Machine) -> Path:
    return machine.tree


@situation("an NVMe disk", INTERNAL, "xfs", serial="S4NVME")
def _(machine: Machine) -> Path:
    machine.disk(NVME, "259:0", files={"device/transport": "pcie", "device/serial": "S4NVME   "})
    return machine.mount("data", "259:0", "xfs", "/dev/nvme0n1")


def nvme_behind_subsystem(machine: Machine, controller: str, transport: str) -> Path:
    """As the kernel shows drives that could be reached in several ways."""
    place = machine.roots.sys / "devices" / controller
    machine.write(place / "transport", transport + "\n")
    machine.write(place / "serial", "S4NVME\n")
    disk = machine.disk("virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "259:0")
    machine.link(disk.parent / "nvme0", place)
    return machine.mount("data", "259:0", "xfs", "/dev/nvme0n1")


@situation("an NVMe disk that could have several ways to it", INTERNAL, "xfs", serial="S4NVME")
def _(machine: Machine) -> Path:
    return nvme_behind_subsystem(machine, "pci0000:00/0000:02:00.0/nvme/nvme0", "pcie")


@situation("an NVMe disk over Fibre Channel", INTERNAL, "xfs", serial="S4NVME")
def _(machine: Machine) -> Path:
    return nvme_behind_subsystem(machine, "virtual/nvme-fabrics/ctl/nvme0", "fc")


@situation("a disk of a virtual machine", INTERNAL, serial="VIRT7")
def _(machine: Machine) -> Path:
    machine.disk("pci0000:00/0000:00:02.0/virtio1/block/vda", "254:0", files={"serial": "VIRT7"})
    return machine.mount("data", "254:0", "ext4", "/dev/vda")


@situation("a disk that says its number in a page of its own", INTERNAL, serial="WD-PAGE80")
def _(machine: Machine) -> Path:
    page = "\x00\x80\x00\x0c   WD-PAGE80"
    path = "pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdc"
    machine.disk(path, "8:32", files={"device/vpd_pg80": page})
    return machine.mount("data", "8:32", "ext4", "/dev/sdc")


@situation("a chip that is soldered in", INTERNAL)
def _(machine: Machine) -> Path:
    machine.disk(CARD, "179:0", files={"device/type": "MMC"})
    return machine.mount("data", "179:0", "ext4", "/dev/mmcblk0")


@situation("a bind mount of a folder of the disk", INTERNAL, serial="INSIDE1")
def _(machine: Machine) -> Path:
    return machine.mount("data", "8:2", "ext4", "/dev/sda2", root="/home/ann")


@situation("a pen drive", REMOVABLE, "vfat", "PEN DRIVE", "4C530001")
def _(machine: Machine) -> Path:
    return plug_in(machine)


@situation("a USB disk that calls itself not removable", REMOVABLE, "vfat", "PEN DRIVE", "4C530001")
def _(machine: Machine) -> Path:
    return plug_in(machine, removable="0")


@situation(
    "a folder of a pen drive that is not there yet", REMOVABLE, "vfat", "PEN DRIVE", "4C530001"
)
def _(machine: Machine) -> Path:
    return plug_in(machine) / "new" / "folder"


@situation("a folder of a pen drive, mounted elsewhere", REMOVABLE, "vfat", "PEN DRIVE", "4C530001")
def _(machine: Machine) -> Path:
    plug_in(machine)
    return machine.mount("home/ann/work", "8:17", "vfat", "/dev/sdb1", root="/work")


@situation("a link into a pen drive", REMOVABLE, "vfat", "PEN DRIVE", "4C530001")
def _(machine: Machine) -> Path:
    link = machine.tree / "work"
    link.symlink_to(plug_in(machine))
    return link / "new"


@situation("a link to what is not on a pen drive yet", REMOVABLE, "vfat", "PEN DRIVE", "4C530001")
def _(machine: Machine) -> Path:
    link = machine.tree / "work"
    link.symlink_to(plug_in(machine) / "new")
    return link


@situation("up and out of a pen drive by a path", INTERNAL, serial="INSIDE1")
def _(machine: Machine) -> Path:
    return plug_in(machine) / ".." / ".." / "home"


@situation("a pen drive that is mounted at a name with spaces", REMOVABLE, "exfat")
def _(machine: Machine) -> Path:
    machine.disk(USB, "8:16", removable="1")
    return machine.mount("media/Ann's pen\tdrive \\ #1", "8:16", "exfat", "/dev/sdb")


@situation("a pen drive that is mounted over another disk", REMOVABLE, "exfat")
def _(machine: Machine) -> Path:
    machine.disk(USB, "8:16", removable="1")
    machine.mount("media/stick", "8:2", "ext4", "/dev/sda2")
    return machine.mount("media/stick", "8:16", "exfat", "/dev/sdb")


@situation("a pen drive over FUSE, of which udev knows", REMOVABLE, "exfat", "STICK")
def _(machine: Machine) -> Path:
    machine.disk(USB, "8:16", removable="1")
    machine.udev("8:16", ID_FS_TYPE="exfat", ID_FS_LABEL="STICK")
    return machine.mount("media/stick", "8:16", "fuseblk", "/dev/sdb")


@situation("a pen drive over FUSE, of which nobody knows more", REMOVABLE, "fuseblk")
def _(machine: Machine) -> Path:
    machine.disk(USB, "8:16", removable="1")
    return machine.mount("media/stick", "8:16", "fuseblk", "/dev/sdb")


@situation("a pen drive over FUSE without a number", REMOVABLE, "exfat")
def _(machine: Machine) -> Path:
    machine.disk(USB, "8:16", removable="1")
    return machine.mount("media/stick", "0:50", "fuse.exfat", "/dev/sdb")


@situation("a pen drive whose label is a link only", REMOVABLE, "vfat", "ÄRZTE 1")
def _(machine: Machine) -> Path:
    machine.disk(USB, "8:16", removable="1")
    machine.link(
        machine.roots.dev / "disk" / "by-label" / "\\xc3\\x84RZTE\\x201",
        machine.roots.dev / "sdb",
    )
    return machine.mount("media/stick", "8:16", "vfat", "/dev/sdb")


@situation("a volume that has a number and its drive none", REMOVABLE, "vfat", serial="1234-ABCD")
def _(machine: Machine) -> Path:
    machine.disk(USB, "8:16", removable="1")
    machine.udev("8:16", ID_FS_UUID="1234-ABCD")
    return machine.mount("media/stick", "8:16", "vfat", "/dev/sdb")


@situation("a drive that a remote console lends", REMOVABLE, "vfat")
def _(machine: Machine) -> Path:
    machine.disk("pci0000:00/0000:00:1f.0/host9/block/sdx", "65:112", removable="1")
    return machine.mount("media/lent", "65:112", "vfat", "/dev/sdx")


@situation("a FireWire disk", REMOVABLE, "hfsplus")
def _(machine: Machine) -> Path:
    machine.disk("pci0000:00/0000:06:00.0/fw1/fw1.0/host4/block/sdd", "8:48")
    return machine.mount("media/old", "8:48", "hfsplus", "/dev/sdd")


def thunderbolt(machine: Machine) -> None:
    port = machine.roots.sys / "devices" / "pci0000:00/0000:00:1d.0"
    machine.write(port / "removable", "removable\n")


@situation("an NVMe disk at a Thunderbolt port", REMOVABLE, "exfat")
def _(machine: Machine) -> Path:
    machine.disk(NVME, "259:0", files={"device/transport": "pcie"})
    thunderbolt(machine)
    return machine.mount("media/fast", "259:0", "exfat", "/dev/nvme0n1")


@situation("a SATA disk at a Thunderbolt port", REMOVABLE, "exfat")
def _(machine: Machine) -> Path:
    machine.disk("pci0000:00/0000:00:1d.0/0000:05:00.0/ata9/block/sde", "8:64")
    thunderbolt(machine)
    return machine.mount("media/fast", "8:64", "exfat", "/dev/sde")


@situation("a card that calls itself not removable", REMOVABLE, "vfat", serial="0x1234")
def _(machine: Machine) -> Path:
    disk = machine.disk(CARD, "179:0", files={"device/type": "SD", "device/serial": "0x1234"})
    machine.partition(disk, "mmcblk0p1", "179:1")
    return machine.mount("media/card", "179:1", "vfat", "/dev/mmcblk0p1")


@situation("a card or a chip, nobody says which", REMOVABLE, "vfat")
def _(machine: Machine) -> Path:
    machine.disk(CARD, "179:0")
    return machine.mount("media/card", "179:0", "vfat", "/dev/mmcblk0")


@situation("a telephone", REMOVABLE, "fuse.jmtpfs")
def _(machine: Machine) -> Path:
    return machine.mount("media/phone", "0:51", "fuse.jmtpfs", "jmtpfs")


@situation("a disc", OPTICAL, "udf", "BACKUP")
def _(machine: Machine) -> Path:
    machine.disk("pci0000:00/0000:00:17.0/ata3/host2/block/sr0", "11:0", removable="1")
    machine.udev("11:0", ID_FS_LABEL="BACKUP")
    return machine.mount("media/disc", "11:0", "udf", "/dev/sr0")


@situation("a disc in a USB drive", OPTICAL, "iso9660")
def _(machine: Machine) -> Path:
    machine.disk(USB.replace("sdb", "sr1"), "11:1", removable="1")
    return machine.mount("media/disc", "11:1", "iso9660", "/dev/sr1")
