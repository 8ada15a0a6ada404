"""Situations that a path can be in, each on a machine that is built for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from securexfer.medium.medium import Kind
from tests.unit.machine import CARD, NVME, USB, Machine, plug_in

Build = Callable[[Machine], Path]
REMOVABLE, INTERNAL, NETWORK = Kind.REMOVABLE, Kind.INTERNAL, Kind.NETWORK
MEMORY, OPTICAL, UNKNOWN = Kind.MEMORY, Kind.OPTICAL, Kind.UNKNOWN


@dataclass(frozen=True)
class Situation:
    """A desktop to which something is added, and what must be found of the path it gives."""

    build: Build
    kind: Kind
    file_system: str
    label: str
    serial: str


SITUATIONS: dict[str, Situation] = {}


def situation(
    name: str, kind: Kind, file_system: str = "ext4", label: str = "", serial: str = ""
) -> Callable[[Build], Build]:
    def add(build: Build) -> Build:
        assert name not in SITUATIONS
        SITUATIONS[name] = Situation(build, kind, file_system, label, serial)
        return build

    return add


# -- disks of the machine ------------------------------------------------------------------------


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


# -- things that are plugged in ------------------------------------------------------------------


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


# -- volumes on volumes --------------------------------------------------------------------------


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


# -- shares --------------------------------------------------------------------------------------

for minor, (name, source) in enumerate(
    {
        "nfs": "server:/export",
        "nfs4": "[fe80::1]:/export",
        "cifs": "//server/share",
        "smb3": "//server/share",
        "9p": "drvfs",
        "virtiofs": "shared",
        "vboxsf": "Documents",
        "davfs": "https://server/dav",
        "ceph": "10.0.0.1:6789:/",
        "afs": "AFS",
        "lustre": "10.0.0.1@tcp:/scratch",
        "fuse.sshfs": "ann@server:/home/ann",
        "fuse.glusterfs": "server:/volume",
        "fuse.rclone": "cloud:bucket",
        "fuse.s3fs": "s3fs",
        "fuse.gvfsd-fuse": "gvfsd-fuse",
        "fuse.vmhgfs-fuse": "vmhgfs-fuse",
        "fuse": "https://server/dav",
        "fuse.newcloud": "cloud:bucket",
    }.items()
):

    @situation(f"a share by {name}", NETWORK, name, source)
    def _(machine: Machine, name: str = name, source: str = source, minor: int = minor) -> Path:
        return machine.mount("share", f"0:{60 + minor}", name, source) / "new"


@situation("a share with a password in its address", NETWORK, "fuse.curlftpfs", "ftp://server/x")
def _(machine: Machine) -> Path:
    return machine.mount("share", "0:50", "fuse.curlftpfs", "ftp://ann:secret@server/x")


@situation("a disk over iSCSI", NETWORK)
def _(machine: Machine) -> Path:
    machine.disk("platform/host3/session1/target3:0:0/3:0:0:1/block/sdf", "8:80")
    return machine.mount("data", "8:80", "ext4", "/dev/sdf")


@situation("a disk over Fibre Channel", INTERNAL)
def _(machine: Machine) -> Path:
    machine.disk("pci0000:00/0000:41:00.0/host5/rport-5:0-1/target5:0:1/block/sdg", "8:96")
    return machine.mount("data", "8:96", "ext4", "/dev/sdg")


@situation("an NVMe disk over TCP", NETWORK, "xfs")
def _(machine: Machine) -> Path:
    machine.disk("virtual/nvme-fabrics/ctl/nvme1/nvme1n1", "259:1")
    controller = machine.roots.sys / "devices/virtual/nvme-fabrics/ctl/nvme1"
    machine.write(controller / "transport", "tcp\n")
    machine.link(controller / "nvme1n1" / "device", controller)
    return machine.mount("data", "259:1", "xfs", "/dev/nvme1n1")


@situation(
    "an NVMe disk over TCP that could have several ways to it", NETWORK, "xfs", serial="S4NVME"
)
def _(machine: Machine) -> Path:
    return nvme_behind_subsystem(machine, "virtual/nvme-fabrics/ctl/nvme0", "tcp")


for name, number in {
    "nbd0": "43:0",
    "rbd0": "251:0",
    "drbd1": "147:1",
    "etherd!e1.0": "152:16",
}.items():

    @situation(f"a disk of another machine, {name}", NETWORK)
    def _(machine: Machine, name: str = name, number: str = number) -> Path:
        machine.disk(f"virtual/block/{name}", number)
        return machine.mount("data", number, "ext4", "/dev/other")


# -- memory, and layers --------------------------------------------------------------------------


@situation("memory", MEMORY, "tmpfs")
def _(machine: Machine) -> Path:
    return machine.mount("run", "0:24", "tmpfs", "tmpfs")


@situation("memory, compressed", MEMORY)
def _(machine: Machine) -> Path:
    machine.disk("virtual/block/zram1", "252:1")
    return machine.mount("run", "252:1", "ext4", "/dev/zram1")


@situation("an overlay over memory, as of a live system", MEMORY, "overlay")
def _(machine: Machine) -> Path:
    upper = machine.mount("cow", "0:24", "tmpfs", "tmpfs") / "up per"
    upper.mkdir()
    options = f"rw,lowerdir=/rofs,upperdir={upper},workdir=/cow/work"
    return machine.mount("live", "0:25", "overlay", "overlay", options=options)


@situation("an overlay over a pen drive", REMOVABLE, "overlay", "PEN DRIVE", "4C530001")
def _(machine: Machine) -> Path:
    options = f"rw,lowerdir=/rofs,upperdir={plug_in(machine)}"
    return machine.mount("live", "0:25", "overlay", "overlay", options=options)


@situation("an overlay over what is outside, as in a container", UNKNOWN, "overlay")
def _(machine: Machine) -> Path:
    options = "rw,lowerdir=/outside/l,upperdir=/outside/u,workdir=/outside/w"
    return machine.mount("inside", "0:25", "overlay", "overlay", options=options)


@situation("an encrypted folder on the disk", INTERNAL, "ecryptfs", serial="INSIDE1")
def _(machine: Machine) -> Path:
    (machine.tree / ".private").mkdir()
    return machine.mount("private", "0:45", "ecryptfs", str(machine.tree / ".private"))


@situation(
    "an encrypted folder on a pen drive", REMOVABLE, "fuse.gocryptfs", "PEN DRIVE", "4C530001"
)
def _(machine: Machine) -> Path:
    return machine.mount("private", "0:45", "fuse.gocryptfs", str(plug_in(machine)))


# -- what nobody can tell ------------------------------------------------------------------------


@situation("an encrypted folder that does not say where it is", UNKNOWN, "fuse.encfs")
def _(machine: Machine) -> Path:
    return machine.mount("private", "0:45", "fuse.encfs", "encfs")


@situation("a pool of disks", UNKNOWN, "zfs")
def _(machine: Machine) -> Path:
    return machine.mount("pool", "0:26", "zfs", "rpool/data")


@situation("a virtual machine that runs from a folder of its host", UNKNOWN, "virtiofs")
def _(machine: Machine) -> Path:
    machine.mount("/", "0:22", "virtiofs", "rootfs")
    return machine.tree


@situation("a device that is not in /sys", UNKNOWN)
def _(machine: Machine) -> Path:
    return machine.mount("data", "77:1", "ext4", "/dev/new")


@situation("a source that is no device", UNKNOWN, "fuse.portal")
def _(machine: Machine) -> Path:
    machine.write(machine.roots.dev / "fuse", "")
    return machine.mount("data", "0:47", "fuse.portal", "/dev/fuse")


@situation("a device that does not say whether it is removable", UNKNOWN)
def _(machine: Machine) -> Path:
    machine.disk("pci0000:00/0000:00:09.0/host7/block/sdh", "8:112", removable="maybe")
    return machine.mount("data", "8:112", "ext4", "/dev/sdh")


@situation("a virtual device that is made of nothing", UNKNOWN)
def _(machine: Machine) -> Path:
    machine.volume("dm-9", "253:9")
    return machine.mount("data", "253:9", "ext4", "/dev/mapper/nothing")


@situation("volumes that go round in a circle", UNKNOWN)
def _(machine: Machine) -> Path:
    one, two = machine.volume("dm-0", "253:0"), machine.volume("dm-1", "253:1")
    machine.link(one / "slaves" / "dm-1", two)
    machine.link(two / "slaves" / "dm-0", one)
    return machine.mount("data", "253:0", "ext4", "/dev/mapper/round")


@situation("an image that lies on itself", UNKNOWN)
def _(machine: Machine) -> Path:
    folder = machine.mount("mnt", "7:0", "ext4", "/dev/loop0")
    machine.loop("loop0", "7:0", image(machine, folder))
    return folder


@situation("a device that is a link out of /sys", UNKNOWN)
def _(machine: Machine) -> Path:
    (machine.folder / "elsewhere").mkdir()
    machine.write(machine.folder / "elsewhere" / "removable", "0\n")
    machine.link(machine.roots.sys / "dev" / "block" / "8:200", machine.folder / "elsewhere")
    return machine.mount("data", "8:200", "ext4", "/dev/sdz")


@situation("what is mounted when somebody goes in", UNKNOWN, "autofs")
def _(machine: Machine) -> Path:
    return machine.mount("net/server", "0:48", "autofs", "/etc/auto.net")
