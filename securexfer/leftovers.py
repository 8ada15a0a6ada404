"""Leftovers: unfinished plaintext of an unpack that was cut off, and how it goes away.

The register knows where: each unpack is recorded before it is begun. The next unpack, `destroy`
and `doctor` remove what is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from securexfer.crypto.identity import Identity
from securexfer.custody.foreign import object_in, texts_in
from securexfer.custody.register import Entry, Register
from securexfer.errors import SecurexferError
from securexfer.instant import Clock
from securexfer.medium.medium import find_medium
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
        files: the names of what it was to write.
        medium: that the folder was on, as the register has it.
    """

    bundle_id: str
    folder: Path
    files: tuple[str, ...]
    medium: Mapping[str, str]

    @property
    def partials(self) -> tuple[Path, ...]:
        """The unfinished files that it may have left."""
        return tuple(partial_path(self.folder / name) for name in self.files)

    def remaining(self) -> tuple[Path, ...]:
        """Those that are there, or may be: a failing drive can't say."""
        return tuple(path for path in self.partials if not is_absent(path))

    def is_gone(self) -> bool:
        """Whether nothing is left. Of a drive that is not plugged in nobody knows."""
        return not self.remaining() and not self.is_away()

    def is_away(self) -> bool:
        """Whether its folder is not there, or an empty one where its drive or share was."""
        if is_absent(self.folder):
            return True
        return not self.remaining() and not find_medium(self.folder).may_be(self.medium)

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
    begun: list[Entry] = []
    for entry in entries:
        if entry.event == "unpack-started":
            begun.append(entry)
        elif entry.event in ("unpacked", "unpack-failed", "unpack-swept"):
            begun = [one for one in begun if not _ends(entry, one)]
    return [_read_leftover(entry) for entry in begun]


def _ends(entry: Entry, begun: Entry) -> bool:
    """Whether it says how an unpack ended: of two in one folder at once, the one of its files."""
    names = ["bundle_id", "folder", *(["files"] if "files" in entry.details else [])]
    return all(entry.details.get(name) == begun.details.get(name) for name in names)


def _read_leftover(begun: Entry) -> Leftover:
    details = begun.details
    return Leftover(
        details["bundle_id"],
        Path(details["folder"]),
        tuple(texts_in(details["files"])),
        {k: v for k, v in object_in(details.get("medium")).items() if isinstance(v, str)},
    )


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
            details = {
                "bundle_id": leftover.bundle_id,
                "files": list(leftover.files),
                "folder": str(leftover.folder),
            }
            register.append(identity, "unpack-swept", details, clock())
    if n_removed:
        reporter.note(
            f"Removed {plural(n_removed, 'unfinished file')} of an earlier run that was cut off."
        )
    return n_removed
