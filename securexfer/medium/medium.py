"""Media: what kind of medium a path is on, which one it is, and what it can hold.

Nothing here raises. What can't be found out is `unknown`, and it is for the caller to say so: an
unknown medium is never taken for a safe one silently.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

# FAT has 32 bits for the size of a file.
FAT_MAX_FILE_BYTES = 2**32 - 1
_MAX_TEXT = 128
_FAT = frozenset({"vfat", "msdos", "fat", "fat12", "fat16", "fat32", "fusefat"})
_WITHOUT_MODES = _FAT | {"exfat", "ntfs", "fuseblk", "cifs", "smb3", "smbfs", "vboxsf"}
_WITHOUT_CASE = _FAT | {"exfat", "ntfs", "refs", "apfs", "hfs", "cifs", "smb3", "smbfs"}


def _clean(text: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text.strip())
    return shown[:_MAX_TEXT].strip()


class Kind(StrEnum):
    """Kinds of media."""

    REMOVABLE = "removable"
    INTERNAL = "internal"
    NETWORK = "network"
    MEMORY = "memory"
    OPTICAL = "optical"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Limits:
    """What a file system can't do.

    Attributes:
        max_file_bytes: of one file; None where no bundle comes near it.
        keeps_modes: whether it keeps who may read a file.
        is_case_sensitive: whether `A` and `a` are two files.
    """

    max_file_bytes: int | None = None
    keeps_modes: bool = True
    is_case_sensitive: bool = True


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Medium:
    """A medium, as far as the operating system tells.

    Whoever formats a drive chooses its label, so that texts are cut to one printable line each.

    Attributes:
        kind: removable, internal, network, memory, optical, or unknown.
        label: the volume's name; of a network share, where it is. "" if it has none.
        serial: the device's own number, else the volume's. "" if there is none to be had.
        file_system: as the operating system calls it, in lower case. "" if that is not known.
        limits: of the file system.
        is_read_anew: whether the system forgets a file when asked to, and reads it from the medium
            again; if not, what is read back may come from memory.
    """

    kind: Kind
    label: str = ""
    serial: str = ""
    file_system: str = ""
    limits: Limits = NO_LIMITS
    is_read_anew: bool = False

    def __post_init__(self) -> None:
        for name in ("label", "serial", "file_system"):
            object.__setattr__(self, name, _clean(getattr(self, name)))

    @property
    def is_fat(self) -> bool:
        """Whether it has one of the older file systems of Windows, FAT32 above all."""
        return self.file_system in _FAT

    def identify(self) -> dict[str, str]:
        """Which medium it is, for the register: what a bundle left on."""
        return {**self.classify(), "label": self.label, "serial": self.serial}

    def classify(self) -> dict[str, str]:
        """What kind of medium it is, for the register and for others: not which one."""
        return {"kind": self.kind.value, "file_system": self.file_system}

    def may_be(self, told: Mapping[str, str]) -> bool:
        """Whether it may be the one of which `classify` told that; what nobody knows may be any."""
        mine = self.classify()
        pairs = [(mine[name], told.get(name, "")) for name in mine]
        unknown = ("", Kind.UNKNOWN.value)
        return all(now == then or now in unknown or then in unknown for now, then in pairs)

    def describe(self) -> str:
        """It in a few words, for people."""
        words = [self.kind.value, self.file_system or "unknown file system"]
        words += [f"label {self.label}"] if self.label else []
        words += [f"serial {self.serial}"] if self.serial else []
        return ", ".join(words)

    def describe_reading(self) -> str:
        """From where a file is read that was just written there, for people."""
        return "from the drive" if self.is_read_anew else "perhaps from memory"


UNKNOWN = Medium(Kind.UNKNOWN)
FindMedium = Callable[[Path], Medium]


@dataclass(frozen=True)
class Drive:
    """A medium that is there now, and where in the tree of folders."""

    mount_point: Path
    medium: Medium


class Media(Protocol):
    """The media of a machine, as one operating system tells of them; each may raise OSError."""

    def find(self, path: Path) -> Medium:
        """The medium of a path that is there and has no links in it."""

    def drives(self) -> Sequence[Drive]:
        """What is there now."""


@dataclass(frozen=True)
class Roots:
    """Where Linux tells of its devices; others than its own for tests, and for what is mounted."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    run: Path = Path("/run")


def describe_medium(
    kind: Kind,
    label: str = "",
    serial: str = "",
    file_system: str = "",
    *,
    is_read_anew: bool = False,
) -> Medium:
    """A medium with the limits of its file system."""
    name = file_system.lower()
    limits = Limits(
        max_file_bytes=FAT_MAX_FILE_BYTES if name in _FAT else None,
        keeps_modes=name not in _WITHOUT_MODES,
        is_case_sensitive=name not in _WITHOUT_CASE,
    )
    return Medium(kind, label, serial, name, limits, is_read_anew)


def find_medium(path: Path, roots: Roots | None = None) -> Medium:
    """The medium that a path is on, or would be on if it were made.

    Links are followed. Of a path that is not there the nearest folder above it counts.

    Args:
        path: a file or folder.
        roots: where to look instead, laid out as Linux does.
    """
    try:
        return _media(roots).find(_nearest(path))
    except (OSError, ValueError):
        return UNKNOWN


def list_drives(roots: Roots | None = None) -> Sequence[Drive]:
    """The drives and shares that are there now, each once; nothing of them is touched.

    Args:
        roots: where to look instead, laid out as Linux does.
    """
    try:
        return _media(roots).drives()
    except (OSError, ValueError):
        return ()


def _media(roots: Roots | None) -> Media:
    """This system's way to tell; the code for it is read on that system only."""
    system = sys.platform if roots is None else "linux"
    if system == "linux":
        from securexfer.medium.linux import LinuxMedia

        return LinuxMedia(roots or Roots())
    if system == "darwin":
        from securexfer.medium.macos import MacMedia

        return MacMedia()
    if system == "win32":
        from securexfer.medium.windows import WindowsMedia

        return WindowsMedia()
    raise OSError(f"nobody has written this for {system}")


def _nearest(path: Path) -> Path:
    place = Path(os.path.realpath(path))
    # `os.path`, because it takes a folder that can't be looked into for one that is not there.
    while not os.path.exists(place) and place != place.parent:  # noqa: PTH110
        place = place.parent
    return place
