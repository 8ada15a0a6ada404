"""Shares: by name of their kind, and disks that are far away."""

from __future__ import annotations

from pathlib import Path

from tests.unit.disks import nvme_behind_subsystem
from tests.unit.machine import Machine
from tests.unit.situation import INTERNAL, NETWORK, situation

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
