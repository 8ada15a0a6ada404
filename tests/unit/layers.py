"""Memory, layers over something else, and what nobody can tell."""

from __future__ import annotations

from pathlib import Path

from tests.unit.machine import Machine, plug_in
from tests.unit.situation import INTERNAL, MEMORY, REMOVABLE, UNKNOWN, situation
from tests.unit.volumes import image


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
