"""Linux: the mount that a path is on, and what stands behind it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from securexfer.medium.device import MAX_DEPTH, NO_DEVICE, Devices
from securexfer.medium.medium import UNKNOWN, Drive, Kind, Medium, Roots, describe_medium
from securexfer.medium.mount import Mount, mount_of, read_mounts

NETWORK = frozenset(
    "9p afpfs afs auristorfs beegfs blobfuse blobfuse2 ceph ceph-fuse cifs coda curlftpfs cvmfs2 "
    "davfs davfs2 fakeowner ftp fuse_dfs gcsfuse gfs gfs2 glusterfs google-drive-ocamlfuse goofys "
    "gpfs grpcfuse gvfsd-fuse hdfs httpdirfs juicefs kbfs kio-fuse lustre mfs moosefs mount-s3 ncp "
    "ncpfs nfs nfs4 ocfs2 onedriver orangefs osxfs prl_fs pvfs2 rclone s3fs seaweedfs smb2 smb3 "
    "smbfs smbnetfs sshfs vboxsf virtiofs vmhgfs vmhgfs-fuse webdav".split()
)
_MEMORY = frozenset({"devtmpfs", "hugetlbfs", "ramfs", "rootfs", "tmpfs"})
# Telephones and cameras on a cable.
_PLUGGED = frozenset(
    "aft-mtp-mount android-file-transfer go-mtpfs gphotofs ifuse jmtpfs mtpfs simple-mtpfs".split()
)
# Folders of the host in a virtual machine. If the machine itself runs from one, it is its disk.
_OF_HOST = frozenset({"9p", "virtiofs"})
# What no drive stands behind, or each package of a system.
_NO_DRIVES = _MEMORY | frozenset(
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts efivarfs fusectl fuse.lxcfs "
    "fuse.portal fuse.snapfuse mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs squashfs "
    "sysfs tracefs".split()
)
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.*|//[^/].*|[^/\s:]+:.*|\[[0-9A-Fa-f:]+\]:.*")
_USER_OF_URL = re.compile(r"//[^/]*@")


class LinuxMedia:
    """The media of a Linux machine."""

    def __init__(self, roots: Roots) -> None:
        self._proc = roots.proc
        self._mounts = read_mounts(roots.proc)
        self._devices = Devices(roots, self.find)

    def find(self, path: Path, depth: int = 0) -> Medium:
        """The medium of a path that is there and has no links in it."""
        mount = mount_of(path, self._mounts, self._proc)
        if mount is not None and mount.file_system == "autofs":
            # It is mounted when somebody goes in, which writing would, and looking at it does not.
            with suppress(OSError):
                os.stat(f"{path}/.")  # noqa: PTH116
            self._mounts = read_mounts(self._proc)
            mount = mount_of(path, self._mounts, self._proc)
        if mount is None or depth > MAX_DEPTH:
            return UNKNOWN
        return self._describe(mount, depth)

    def drives(self) -> list[Drive]:
        """Every medium that is mounted, once, at its shortest place."""
        found: dict[tuple[str, str], Mount] = {}
        for mount in self._mounts:
            if mount.file_system in _NO_DRIVES:
                continue
            if mount.file_system == "overlay" and mount.mount_point != "/":
                continue  # containers
            has_device = not mount.device.startswith("0:")
            key = (mount.device, "") if has_device else (mount.file_system, mount.source)
            best = found.setdefault(key, mount)
            if _prominence(mount) < _prominence(best):
                found[key] = mount
        return [Drive(Path(m.mount_point), self._describe(m, 0)) for m in found.values()]

    def _describe(self, mount: Mount, depth: int) -> Medium:
        name = mount.file_system
        bare = name.removeprefix("fuse.")
        if name in _MEMORY:
            return describe_medium(Kind.MEMORY, file_system=name)
        if name in _OF_HOST and mount.mount_point == "/":
            return describe_medium(Kind.UNKNOWN, file_system=name)
        if bare in NETWORK:
            return describe_medium(Kind.NETWORK, _without_user(mount.source), file_system=name)
        if bare in _PLUGGED:
            return describe_medium(Kind.REMOVABLE, file_system=name)
        if not mount.device.startswith("0:") or mount.source.startswith("/dev/"):
            return self._describe_device(mount, depth)
        return self._describe_layer(mount, depth)

    def _describe_device(self, mount: Mount, depth: int) -> Medium:
        name = mount.file_system
        if name == "btrfs":
            # Numbers that its volumes have are of no device.
            device = self._devices.of_btrfs(mount.source, depth)
        elif mount.device.startswith("0:"):
            device = self._devices.by_source(mount.source, depth)
        else:
            device = self._devices.by_number(mount.device, depth)
        # A process that serves a drive reads it through memory that nobody else can have dropped,
        # and so does the system where the drive is an image.
        is_a_drive = device.kind in (Kind.REMOVABLE, Kind.INTERNAL) and not device.is_image
        is_read_anew = is_a_drive and not name.startswith("fuse")
        if name.startswith("fuse") and device != NO_DEVICE:
            # Which file system a program serves, its name may say, and udev knows.
            name = name.partition(".")[2] or device.file_system or name
        return describe_medium(
            device.kind, device.label, device.serial, name, is_read_anew=is_read_anew
        )

    def _describe_layer(self, mount: Mount, depth: int) -> Medium:
        """A file system that rests on folders of another, or on nothing that can be seen."""
        name = mount.file_system
        lower = mount.option("upperdir") if name == "overlay" else mount.source
        # In a container the folders below are outside, where a path means something else.
        if lower.startswith("/") and Path(lower).is_dir():
            below = self.find(Path(os.path.realpath(lower)), depth + 1)
            is_read_anew = name == "overlay" and below.is_read_anew
            return describe_medium(
                below.kind, below.label, below.serial, name, is_read_anew=is_read_anew
            )
        if name.startswith("fuse") and _REMOTE.fullmatch(mount.source):
            return describe_medium(Kind.NETWORK, _without_user(mount.source), file_system=name)
        return describe_medium(Kind.UNKNOWN, file_system=name)


def _prominence(mount: Mount) -> tuple[bool, int]:
    return mount.root != "/", len(mount.mount_point)


def _without_user(source: str) -> str:
    """A share without the name, and perhaps password, that stand in some addresses."""
    return _USER_OF_URL.sub("//", source)
