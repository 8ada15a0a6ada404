"""Leftovers: unfinished plaintext of an unpack that was cut off, and how it goes away.

The register knows where: each unpack is recorded before it is begun. The next unpack, `destroy`
and `doctor` remove what is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from securexfer.crypto.identity import Identity
from securexfer.custody.register import Entry, Register
from securexfer.errors import SecurexferError
from securexfer.instant import Clock
from securexfer.partial import partial_path, remove_leftover
from securexfer.place import is_absent, sync_folder
from securexfer.reporting import Reporter
from securexfer.wording import plural


@dataclass(frozen=True)
class Leftover:
    """An unpack that was begun and of whose end the register says nothing. Perhaps it still runs.

    Attributes:
        bundle_id: what it was unpacking.
        folder: where to.
        partials: the unfinished files that it may have left.
    """

    bundle_id: str
    folder: Path
    partials: tuple[Path, ...]

    def remaining(self) -> tuple[Path, ...]:
        """Those that are there, or may be: a failing drive can't say."""
        return tuple(path for path in self.partials if not is_absent(path))

    def is_gone(self) -> bool:
        """Whether nothing is left. Of a drive that is not plugged in nobody knows."""
        return not is_absent(self.folder) and not self.remaining()

    def remove(self) -> int:
        """Remove those that no run is writing any more; how many that were."""
        n_removed = 0
        for path in self.partials:
            with suppress(SecurexferError):
                n_removed += remove_leftover(path, if_locked_only=True)
        # What a power cut brings back after this was recorded, nobody would look for.
        with suppress(OSError):
            sync_folder(self.folder)
        return n_removed


def find_leftovers(entries: Sequence[Entry]) -> list[Leftover]:
    """Unpacks that have no end in the register."""
    begun: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        key = (entry.details.get("bundle_id", ""), entry.details.get("folder", ""))
        if entry.event == "unpack-started":
            begun[key] = entry.details["files"]
        elif entry.event in ("unpacked", "unpack-failed", "unpack-swept"):
            begun.pop(key, None)
    return [
        Leftover(bundle_id, Path(folder), tuple(partial_path(Path(folder) / n) for n in names))
        for (bundle_id, folder), names in begun.items()
    ]


def sweep_leftovers(
    identity: Identity, register: Register, *, clock: Clock, reporter: Reporter
) -> int:
    """Remove unfinished plaintext that an earlier run left behind when it was cut off.

    Files that a run is still writing are locked and left alone. What was swept is recorded, so
    that a file of that name which somebody puts there later is nobody's leftover.

    Returns:
        How many files were removed.

    Raises:
        RegisterError: if the register can't be read or written.
    """
    n_removed = 0
    for leftover in find_leftovers(register.entries()):
        n_removed += leftover.remove()
        if leftover.is_gone():
            details = {"bundle_id": leftover.bundle_id, "folder": str(leftover.folder)}
            register.append(identity, "unpack-swept", details, clock())
    if n_removed:
        reporter.note(
            f"Removed {plural(n_removed, 'unfinished file')} of an earlier run that was cut off."
        )
    return n_removed
