"""A bad drive as a FUSE file system, in a process of its own:

    python -m tests.faults.drive IMAGE MOUNT FAULTS

IMAGE is a folder that holds what is stored; it is read when the drive is plugged in and replaced
when it is unmounted or cut off. FAULTS is a JSON object of the fields of `Faults`. Making the
folder `CUT_NOW` cuts the power at once. What was changed is listed in `IMAGE.log`, a line each.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tests.faults.volatile import File, Folder, choose_what_stays, load, save

CUT_NOW = ".cut-now"
_ROOM_BYTES = 2**30
_BLOCK_BYTES = 4096


@dataclass(frozen=True)
class Faults:
    """What is wrong with a drive. Offsets are in any of its files; -1 is nowhere.

    Attributes:
        cut_before: the power fails before the change of this number, from 1; 0 never.
        cut: what becomes of all that was not synced; see `choose_what_stays`.
        seed: for that.
        unreadable_at: reading this byte is an input/output error.
        flip_written_at: of this byte one bit is stored wrongly.
        flip_read_at: of this byte one bit is read wrongly, after `flip_read_after` times.
        true_bytes: what is written from here on is lost, and reads as zeros.
        full_at: the change of this number, from 1, finds no room; 0 none.
        close_fails: whether closing a file is an input/output error.
        stall_seconds: how long each operation on a file's content takes.
        page_cache: whether the kernel keeps what was read and written, even when it is reopened.
        program: what it says serves it, as `sshfs`; and `source`, from where.
    """

    cut_before: int = 0
    cut: str = "drop"
    seed: int = 0
    unreadable_at: int = -1
    flip_written_at: int = -1
    flip_read_at: int = -1
    flip_read_after: int = 0
    true_bytes: int = -1
    full_at: int = 0
    close_fails: bool = False
    stall_seconds: float = 0.0
    page_cache: bool = False
    program: str = ""
    source: str = "drive"

    def encode(self) -> str:
        return json.dumps(asdict(self))


class Drive:
    """The operations that libfuse calls; a handle is a number of an open file."""

    use_ns = True

    def __init__(self, image: Path, faults: Faults) -> None:
        self._image = image
        self._faults = faults
        self._root = load(image)
        self._open: dict[int, File] = {}
        self._log: list[str] = []
        self._n_reads = 0

    # -- looking ---------------------------------------------------------------------------------

    def getattr(self, path: str, handle: int | None = None) -> dict[str, int]:
        node = self._find(path) if handle is None else self._open[handle]
        kind = stat.S_IFREG if isinstance(node, File) else stat.S_IFDIR
        return {
            "st_mode": kind | node.mode,
            "st_size": len(node.seen),
            "st_nlink": 1,
            "st_uid": os.getuid(),
            "st_gid": os.getgid(),
        }

    def readdir(self, path: str, handle: int) -> list[str]:
        return [".", "..", *self._folder(path).seen]

    def statfs(self, path: str) -> dict[str, int]:
        n_blocks = _ROOM_BYTES // _BLOCK_BYTES
        return {
            "f_bsize": _BLOCK_BYTES,
            "f_frsize": _BLOCK_BYTES,
            "f_blocks": n_blocks,
            "f_bfree": n_blocks,
            "f_bavail": n_blocks,
        }

    def open(self, path: str, flags: int) -> int:
        node = self._find(path)
        if not isinstance(node, File):
            raise OSError(errno.EISDIR, "folder")
        return self._hand_out(node)

    def read(self, path: str, size: int, offset: int, handle: int) -> bytes:
        time.sleep(self._faults.stall_seconds)
        faults, end = self._faults, offset + size
        if offset <= faults.unreadable_at < end:
            raise OSError(errno.EIO, "bad sector")
        data = self._open[handle].seen[offset:end]
        if offset <= faults.flip_read_at < offset + len(data):
            self._n_reads += 1
            if self._n_reads > faults.flip_read_after:
                data[faults.flip_read_at - offset] ^= 1
        return bytes(data)

    def flush(self, path: str, handle: int) -> None:
        if self._faults.close_fails:
            raise OSError(errno.EIO, "too late")

    def release(self, path: str, handle: int) -> None:
        del self._open[handle]

    # -- changing: each may be where the power fails ---------------------------------------------

    def create(self, path: str, mode: int, flags: int) -> int:
        self._begin("create", path)
        file = File(stat.S_IMODE(mode))
        self._folder_of(path).change({PurePosixPath(path).name: file})
        return self._hand_out(file)

    def write(self, path: str, data: bytes, offset: int, handle: int) -> int:
        self._begin("write", path)
        time.sleep(self._faults.stall_seconds)
        faults, file = self._faults, self._open[handle]
        stored = bytearray(data)
        if offset <= faults.flip_written_at < offset + len(stored):
            stored[faults.flip_written_at - offset] ^= 1
        if 0 <= faults.true_bytes < offset + len(stored):
            kept = max(faults.true_bytes - offset, 0)
            stored[kept:] = bytes(len(stored) - kept)
        file.write(offset, bytes(stored))
        return len(data)

    def truncate(self, path: str, length: int, handle: int | None = None) -> None:
        self._begin("truncate", path)
        file = self._open[handle] if handle is not None else self._find(path)
        assert isinstance(file, File)
        file.resize(length)

    def fsync(self, path: str, datasync: int, handle: int) -> None:
        self._begin("fsync", path)
        self._open[handle].sync()

    def fsyncdir(self, path: str, datasync: int, handle: int) -> None:
        self._begin("fsyncdir", path)
        self._folder(path).sync()

    def rename(self, old: str, new: str) -> None:
        self._begin("rename", new)
        folder = self._folder_of(old)
        if folder is not self._folder_of(new):
            raise OSError(errno.EXDEV, "between folders")
        node = self._find(old)
        folder.change({PurePosixPath(old).name: None, PurePosixPath(new).name: node})

    def unlink(self, path: str) -> None:
        self._begin("unlink", path)
        self._folder_of(path).change({PurePosixPath(path).name: None})

    def mkdir(self, path: str, mode: int) -> None:
        if path == f"/{CUT_NOW}":
            self._cut()
        self._begin("mkdir", path)
        self._folder_of(path).change({PurePosixPath(path).name: Folder(stat.S_IMODE(mode))})

    def rmdir(self, path: str) -> None:
        self._begin("rmdir", path)
        if self._folder(path).seen:
            raise OSError(errno.ENOTEMPTY, "not empty")
        self._folder_of(path).change({PurePosixPath(path).name: None})

    def chmod(self, path: str, mode: int) -> None:
        self._find(path).mode = stat.S_IMODE(mode)

    def utimens(self, path: str, times: Any = None) -> None:
        """It keeps no times."""

    def destroy(self, path: str) -> None:
        self._root.sync_all()
        self._store()

    # -- within ----------------------------------------------------------------------------------

    def _begin(self, what: str, path: str) -> None:
        if len(self._log) + 1 == self._faults.cut_before:
            self._cut()
        self._log.append(f"{what} {path}")
        if len(self._log) == self._faults.full_at:
            raise OSError(errno.ENOSPC, "full")

    def _cut(self) -> None:
        """The kernel answers everything from now on with an error, as for a drive torn out."""
        self._root.cut(choose_what_stays(self._faults.cut, self._faults.seed))
        self._store()
        os._exit(0)

    def _store(self) -> None:
        new = self._image.with_name(self._image.name + ".new")
        save(self._root, new)
        shutil.rmtree(self._image)
        new.rename(self._image)
        self._image.with_name(self._image.name + ".log").write_text("\n".join(self._log))

    def _hand_out(self, file: File) -> int:
        handle = max(self._open, default=0) + 1
        self._open[handle] = file
        return handle

    def _find(self, path: str) -> File | Folder:
        node: File | Folder = self._root
        for name in PurePosixPath(path).parts[1:]:
            if not isinstance(node, Folder) or name not in node.seen:
                raise OSError(errno.ENOENT, "nothing there")
            node = node.seen[name]
        return node

    def _folder(self, path: str) -> Folder:
        node = self._find(path)
        if not isinstance(node, Folder):
            raise OSError(errno.ENOTDIR, "no folder")
        return node

    def _folder_of(self, path: str) -> Folder:
        return self._folder(str(PurePosixPath(path).parent))


def main() -> None:
    """Serve until unmounted or cut off."""
    import mfusepy

    image, mount, faults = Path(sys.argv[1]), sys.argv[2], Faults(**json.loads(sys.argv[3]))
    cache = {"kernel_cache": True} if faults.page_cache else {"direct_io": True}
    names = {"fsname": faults.source, **({"subtype": faults.program} if faults.program else {})}
    mfusepy.FUSE(
        Drive(image, faults),
        mount,
        foreground=True,
        nothreads=True,
        hard_remove=True,
        **cache,
        **names,
    )


if __name__ == "__main__":
    main()
