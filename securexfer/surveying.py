"""Surveying: what is there of a bundle that was unpacked here, and what speaks against deleting it.

Nothing is touched. Nobody may say that a file is gone whose drive is only not plugged in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from securexfer.custody.foreign import object_in
from securexfer.custody.register import Entry
from securexfer.errors import OutputChangedError, OutputError
from securexfer.leftovers import find_leftovers
from securexfer.medium.medium import FindMedium
from securexfer.place import is_absent
from securexfer.reporting import Reporter
from securexfer.residue import (
    UnpackedFile,
    find_change,
    find_replaced,
    find_told,
    find_unpacked,
    since_destroyed,
)
from securexfer.wording import plural

# Photographs taken out of an archive may be thousands; so many are named.
MOST_COPIES = 10
# Of what is known of the kind of a medium, in its order.
_TITLES = ("kind", "file system")


@dataclass(frozen=True)
class Survey:
    """What there is before anything is touched.

    Attributes:
        bundle_id: of the bundle.
        since: unpacks of it, begun and done, since it was last destroyed.
        files: that they wrote.
        there: those that are still there, and this bundle's.
        changes: what some of these have become, in words.
        replaced: in whose place another bundle was unpacked.
        removed, changed: deleted by a run that could not delete all; which of these were not as
            they had been written.
    """

    bundle_id: str
    since: Sequence[Entry]
    files: Sequence[UnpackedFile]
    there: Sequence[UnpackedFile]
    changes: Mapping[Path, str]
    replaced: set[Path]
    removed: set[Path]
    changed: set[Path]

    @property
    def unpacks(self) -> list[Entry]:
        """Unpacks that were done."""
        return [entry for entry in self.since if entry.event == "unpacked"]


def survey(entries: Sequence[Entry], bundle_id: str, reporter: Reporter) -> Survey:
    """What there is to delete; every file is read.

    Raises:
        OutputError: if a file can't be read.
    """
    files = find_unpacked(entries, bundle_id)
    replaced = find_replaced(entries, bundle_id)
    there = [f for f in files if f.path not in replaced and not is_absent(f.path)]
    return Survey(
        bundle_id,
        since_destroyed(entries, bundle_id),
        files,
        there,
        {f.path: change for f in there if (change := find_change(f, reporter))},
        replaced,
        find_told(entries, bundle_id, "removed"),
        find_told(entries, bundle_id, "changed"),
    )


def check_folders(entries: Sequence[Entry], found: Survey) -> None:
    """Check that the folders are there in which files of the bundle, or unfinished ones, may be.

    Raises:
        OutputError: if one is not.
    """
    folders = [file.path.parent for file in found.files]
    folders += [one.folder for one in find_leftovers(entries) if one.bundle_id == found.bundle_id]
    away = [folder for folder in folders if is_absent(folder)]
    if away:
        raise OutputError(
            f"The folder {away[0]} is not there, so nobody can say that the files in it are gone. "
            "Nothing was deleted.",
            hint="Plug in its drive, or move the folder back if you moved it. If you deleted it "
            "yourself, add --force, and -o FOLDER for the certificate.",
        )


def check_media(entries: Sequence[Entry], found: Survey, find_medium: FindMedium) -> None:
    """Check that what is not there could be: a drive that is away leaves an empty folder, often.

    Raises:
        OutputError: if a folder is on another medium now.
    """
    known = {*(file.path for file in found.there), *found.replaced, *found.removed}
    lacking = {file.path.parent for file in found.files if file.path not in known}
    told = [(Path(e.details["folder"]), object_in(e.details.get("medium"))) for e in found.unpacks]
    told = [(folder, medium) for folder, medium in told if folder in lacking]
    for one in find_leftovers(entries):
        if one.bundle_id == found.bundle_id and not one.remaining():
            told.append((one.folder, one.medium))
    for folder, medium in told:
        now = find_medium(folder)
        if not now.may_be(medium):
            differing = [
                f"{title} {found_now}, not {medium.get(name)}"
                for (name, found_now), title in zip(now.classify().items(), _TITLES, strict=True)
                if found_now != medium.get(name)
            ]
            raise OutputError(
                f"Files in {folder} are not there, and it is on another medium than when they were "
                f"unpacked ({'; '.join(differing)}). So nobody can say that they are gone. Nothing "
                "was deleted.",
                hint="Plug in its drive, or connect its share. If you deleted them yourself, or "
                "moved the folder to another disk, add --force.",
            )


def check_changes(found: Survey) -> None:
    """Check that every file that is there is as it was written.

    Raises:
        OutputChangedError: if one is not.
    """
    for path, change in found.changes.items():
        raise OutputChangedError(
            f"{path} {change}. {len(found.changes)} of {plural(len(found.there), 'file')} changed; "
            "nothing was deleted."
        )


def check_copies(copies: Sequence[Path], reporter: Reporter) -> None:
    """Check that nothing beside the files holds the same: it would stay, and be certified as gone.

    Raises:
        OutputError: if there is such a file.
    """
    if not copies:
        return
    for path in copies[1:MOST_COPIES]:
        reporter.note(f"Another copy: {path}")
    raise OutputError(
        f"{copies[0]} is a copy of what was unpacked, or was taken out of its archive "
        f"({plural(len(copies), 'such file')} in these folders). Nothing was deleted.",
        hint="Delete what you copied, renamed or took out, then run the command again. If it is "
        "another person's, or has to stay, add --keep-copies; the certificate says nothing of it.",
    )


def check_unfinished(entries: Sequence[Entry], bundle_id: str) -> None:
    """Check that no unfinished plaintext of the bundle is left: it would be certified as gone.

    Raises:
        OutputError: if there is.
    """
    for leftover in find_leftovers(entries):
        remaining = leftover.remaining() if leftover.bundle_id == bundle_id else ()
        if remaining and not is_absent(leftover.folder):
            raise OutputError(
                f"{remaining[0]} holds unfinished plaintext of the bundle and could not be "
                "deleted. The unpacked files are still there.",
                hint="If the bundle is being unpacked now, wait for the end of that. Else delete "
                "this file yourself. Then run the command again.",
            )
