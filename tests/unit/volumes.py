"""Volumes on volumes: encrypted, logical, arrays, images."""

from __future__ import annotations

from pathlib import Path

from tests.unit.machine import USB, Machine, plug_in
from tests.unit.situation import INTERNAL, NETWORK, REMOVABLE, UNKNOWN, situation


def own_partition(machine: Machine, name: str = "sda3", number: str = "8:3") -> Path:
    disk = machine.roots.sys / "class" / "block" / "sda"
    return machine.partition(disk.resolve(), name, number)


def stick(machine: Machine) -> Path:
    return machine.partition(machine.disk(USB, "8:16", removable="1"), "sdb1", "8:17")


@situation("an encrypted volume on the disk", INTERNAL, "ext4", "home", "INSIDE1")
def _(machine: Machine) -> Path:
    machine.volume("dm-0", "253:0", own_partition(machine))
    machine.udev("253:0", ID_FS_LABEL="home", DM_NAME="luks-home")
    return machine.mount("home", "253:0", "ext4", "/dev/mapper/luks-home")


@situation("an encrypted volume on a pen drive", REMOVABLE, "ext4", "secret", "STICK9")
def _(machine: Machine) -> Path:
    machine.volume("dm-0", "253:0", stick(machine))
    machine.udev("8:16", ID_SERIAL_SHORT="STICK9")
    machine.udev("253:0", ID_FS_LABEL="secret")
    return machine.mount("media/stick", "253:0", "ext4", "/dev/mapper/luks-1")


@situation("a logical volume on an encrypted one", INTERNAL, serial="INSIDE1")
def _(machine: Machine) -> Path:
    crypt = machine.volume("dm-0", "253:0", own_partition(machine))
    machine.volume("dm-1", "253:1", crypt)
    return machine.mount("home", "253:1", "ext4", "/dev/mapper/vg-home")


@situation("a logical volume that a USB disk was added to", REMOVABLE, serial="STICK9")
def _(machine: Machine) -> Path:
    machine.volume("dm-0", "253:0", own_partition(machine), stick(machine))
    machine.udev("8:17", ID_SERIAL_SHORT="STICK9")
    return machine.mount("home", "253:0", "ext4", "/dev/mapper/vg-home")


@situation("an array of two disks", INTERNAL, serial="INSIDE1")
def _(machine: Machine) -> Path:
    parts = [own_partition(machine), own_partition(machine, "sda4", "8:4")]
    machine.volume("md127", "9:127", *parts)
    return machine.mount("data", "9:127", "ext4", "/dev/md127")


@situation("a btrfs, whose volumes have no numbers of devices", INTERNAL, "btrfs", "own", "INSIDE1")
def _(machine: Machine) -> Path:
    own_partition(machine)
    machine.udev("8:3", ID_FS_LABEL="own")
    return machine.mount("home", "0:31", "btrfs", "/dev/sda3", root="/@home")


@situation("a btrfs that a USB disk was added to", REMOVABLE, "btrfs", "own", "STICK9")
def _(machine: Machine) -> Path:
    members = machine.roots.sys / "fs" / "btrfs" / "0a1b" / "devices"
    machine.link(members / "sda3", own_partition(machine))
    machine.link(members / "sdb1", stick(machine))
    machine.udev("8:3", ID_FS_LABEL="own")
    machine.udev("8:17", ID_SERIAL_SHORT="STICK9")
    return machine.mount("home", "0:31", "btrfs", "/dev/sda3")


@situation("a btrfs on an encrypted volume", INTERNAL, "btrfs", serial="INSIDE1")
def _(machine: Machine) -> Path:
    machine.volume("dm-0", "253:0", own_partition(machine))
    machine.link(machine.roots.dev / "mapper" / "home", machine.roots.dev / "dm-0")
    return machine.mount("home", "0:31", "btrfs", "/dev/mapper/home")


def image(machine: Machine, folder: Path) -> str:
    machine.write(folder / "disk image.img", "")
    return str(folder / "disk image.img")


@situation("an image of a drive, on the disk", INTERNAL, "exfat", serial="INSIDE1")
def _(machine: Machine) -> Path:
    machine.loop("loop0", "7:0", image(machine, machine.tree))
    return machine.mount("mnt", "7:0", "exfat", "/dev/loop0")


@situation("an image of a drive, on a pen drive", REMOVABLE, "ext4", serial="4C530001")
def _(machine: Machine) -> Path:
    machine.loop("loop0", "7:0", image(machine, plug_in(machine)))
    return machine.mount("mnt", "7:0", "ext4", "/dev/loop0")


@situation("an image of a drive, on a share", NETWORK)
def _(machine: Machine) -> Path:
    share = machine.mount("share", "0:40", "nfs4", "server:/share")
    machine.loop("loop0", "7:0", image(machine, share))
    return machine.mount("mnt", "7:0", "ext4", "/dev/loop0")


@situation("a partition in an image", REMOVABLE, "vfat", serial="4C530001")
def _(machine: Machine) -> Path:
    disk = machine.loop("loop0", "7:0", image(machine, plug_in(machine)))
    machine.partition(disk, "loop0p1", "259:1")
    return machine.mount("mnt", "259:1", "vfat", "/dev/loop0p1")


@situation("an encrypted container in a file on a pen drive", REMOVABLE, serial="4C530001")
def _(machine: Machine) -> Path:
    loop = machine.loop("loop0", "7:0", image(machine, plug_in(machine)))
    machine.volume("dm-0", "253:0", loop)
    return machine.mount("mnt", "253:0", "ext4", "/dev/mapper/container")


@situation("an image whose file was deleted", UNKNOWN)
def _(machine: Machine) -> Path:
    machine.loop("loop0", "7:0", f"{machine.tree}/gone.img (deleted)")
    return machine.mount("mnt", "7:0", "ext4", "/dev/loop0")
