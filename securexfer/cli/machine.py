"""What `doctor` looks at outside of the home: keyring, clock, libraries, drives."""

from __future__ import annotations

import ctypes
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires, version
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securexfer.home.keystore import Keystore
    from securexfer.medium.medium import Drive

MAX_DRIVES = 32
FREE_SECONDS = 2.0
_FLOOR = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")
_TIMEX_BYTES = 512  # the kernel fills 208 of them
_NOT_SYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        verdict: `ok`, `warning` or `problem`.
        remark: what was found.
        next: what to do about it; empty where there is nothing to do.
    """

    name: str
    verdict: str
    remark: str
    next: str = ""


def look_at_keyring(keystore: Keystore) -> Finding:
    """Which keyring there is, and whether it keeps secrets."""
    from securexfer.errors import KeyringAbsentError, KeyringError, KeyringNullError

    try:
        return Finding("keyring", "ok", keystore.describe())
    except (KeyringAbsentError, KeyringNullError):
        told = "There is none on this machine; the passphrase comes from a file or the terminal."
        return Finding("keyring", "ok", told)
    except KeyringError as error:
        return Finding("keyring", "warning", error.message, error.hint)


def look_at_clock(now: datetime, newest: datetime | None) -> Finding:
    """The clock against the register's newest entry, and what the kernel says of it.

    Args:
        now: by the clock.
        newest: time of the newest entry, if there is one.
    """
    told = f"{now:%Y-%m-%d %H:%M} UTC"
    if newest is not None and now < newest:
        return Finding(
            "clock",
            "warning",
            f"{told}, but the register has an entry of {newest:%Y-%m-%d %H:%M} UTC.",
            "Set the clock right: bundles expire by the later of the two.",
        )
    if _is_synchronised() is False:
        told += "; the system does not say that it is synchronised"
    return Finding("clock", "ok", told)


def look_at_libraries() -> Finding:
    """The libraries that are installed against the oldest that will do."""
    below = []
    floors = [found for one in requires("securexfer") or () if (found := _floor(one))]
    for name, floor in floors:
        try:
            if _numbers(version(name)) < _numbers(floor):
                below.append(f"{name} {version(name)}, at least {floor} is needed")
        except PackageNotFoundError:
            below.append(f"{name} is missing")
    if below:
        return Finding(
            "libraries",
            "warning",
            "; ".join(below),
            "Install securexfer again, in an environment of its own.",
        )
    python = ".".join(map(str, sys.version_info[:3]))
    shown = f"securexfer {version('securexfer')}, Python {python}, cryptography "
    return Finding("libraries", "ok", f"{shown}{version('cryptography')}, {len(floors)} in all")


def look_at_drives() -> list[dict[str, Any]]:
    """The drives that are there, those that can be carried about first."""
    from securexfer.medium.medium import list_drives
    from securexfer.medium.rule import REFUSED

    drives = sorted(list_drives(), key=lambda drive: drive.medium.kind not in REFUSED)
    return [
        {
            **drive.medium.identify(),
            "max_file_bytes": drive.medium.limits.max_file_bytes,
            "mount_point": str(drive.mount_point),
            "n_bytes_free": _free_bytes(drive),
        }
        for drive in drives[:MAX_DRIVES]
    ]


def describe_drive(drive: dict[str, Any]) -> Finding:
    """One of them, for people."""
    told = [drive["kind"], drive["file_system"] or "unknown file system"]
    told += [f"{name} {drive[name]}" for name in ("label", "serial") if drive[name]]
    if drive["n_bytes_free"] is not None:
        told.append(f"{drive['n_bytes_free']:,} bytes free")
    if drive["max_file_bytes"] is not None:
        told.append(f"no file of more than {drive['max_file_bytes']:,} bytes")
    return Finding("drive", "ok", f"{drive['mount_point']}: {', '.join(told)}")


def _free_bytes(drive: Drive) -> int | None:
    """Room on a drive; None of one that does not say, or does not answer: shares may hang."""
    from securexfer.place import free_bytes

    found: list[int | None] = []
    asking = Thread(target=lambda: found.append(free_bytes(drive.mount_point)), daemon=True)
    asking.start()
    asking.join(FREE_SECONDS)
    return found[0] if found else None


def _is_synchronised() -> bool | None:
    """Whether Linux says that its clock is synchronised; None where nobody says."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            # With no mode set, it tells and changes nothing.
            state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
            return None if state < 0 else state != _NOT_SYNCHRONISED
    return None


def _floor(requirement: str) -> tuple[str, str] | None:
    """A library and its floor; None of what only development needs."""
    found = _FLOOR.match(requirement)
    return (found[1], found[2]) if found and "extra ==" not in requirement else None


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version, to compare."""
    found = re.match(r"[0-9]+(\.[0-9]+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()
