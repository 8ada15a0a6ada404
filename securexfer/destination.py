"""Where a bundle is unpacked to: which files, and whether they may lie there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from securexfer.bundle.file import BundleFile
from securexfer.bundle.manifest import ArchiveRecord, Manifest, TableRecord
from securexfer.crypto.identity import Identity
from securexfer.custody.refusal import try_to_record
from securexfer.custody.register import Register
from securexfer.errors import MediumRefusedError, OutputError, OutputExistsError, UsageError
from securexfer.history import name_bundle
from securexfer.instant import Clock
from securexfer.medium.medium import FindMedium, Medium, find_medium
from securexfer.medium.rule import check_file_size, check_plaintext
from securexfer.partial import partial_path
from securexfer.place import check_path, check_target
from securexfer.verifying import Verified

DESCRIPTOR_NAME = "datapackage.json"


@dataclass(frozen=True)
class Destination:
    """A folder, and what is to be written there.

    Attributes:
        folder: need not be there yet.
        tables: in the bundle's order.
        is_compressed: they stay as they are in the bundle: `TABLE.csv.gz`.
    """

    folder: Path
    tables: tuple[TableRecord, ...]
    is_compressed: bool = False

    @property
    def paths(self) -> dict[str, str]:
        """Each table's file."""
        suffix = ".csv.gz" if self.is_compressed else ".csv"
        return {table.name: f"{table.name}{suffix}" for table in self.tables}

    @property
    def archives(self) -> dict[str, str]:
        """The file that takes a table's attached files, of those that have any."""
        return {table.name: f"{table.name}-attachments.tar" for table, _ in self.attached()}

    @property
    def names(self) -> list[str]:
        """All files but the receipt, which finds a name that is free."""
        return [*self.paths.values(), *self.archives.values(), DESCRIPTOR_NAME]

    @property
    def n_bytes(self) -> int:
        """Room that is known to be needed."""
        tables = 0 if self.is_compressed else sum(table.n_bytes for table in self.tables)
        return tables + sum(archive.n_bytes for _, archive in self.attached())

    def attached(self) -> Iterator[tuple[TableRecord, ArchiveRecord]]:
        """Tables with attached files, and their archive."""
        return ((table, table.attachments) for table in self.tables if table.attachments)

    def check_sizes(self, medium: Medium) -> None:
        """Check that the medium can hold each in one file.

        Raises:
            FileTooLargeError: if it can't.
        """
        if not self.is_compressed:
            for table in self.tables:
                check_file_size(medium, self.folder / self.paths[table.name], table.n_bytes)
        for table, archive in self.attached():
            check_file_size(medium, self.folder / self.archives[table.name], archive.n_bytes)

    def check_apart(self, bundle: BundleFile) -> None:
        """Check that nothing is written over the bundle.

        Raises:
            OutputExistsError: if something would be.
        """
        for name in self.names:
            path = self.folder / name
            if bundle.is_file(path) or bundle.is_file(partial_path(path)):
                raise OutputExistsError(
                    "The bundle would be replaced by its own content.",
                    hint="Choose another folder.",
                )


def plan_destination(
    manifest: Manifest,
    folder: Path,
    tables: Sequence[str] = (),
    *,
    is_compressed: bool = False,
    force: bool = False,
) -> Destination:
    """What will be written, after checking that it can be.

    Args:
        manifest: of the bundle.
        folder: where to.
        tables: only these; all if there are none.
        is_compressed: tables stay compressed.
        force: files that are there may be replaced.

    Raises:
        UsageError: if the bundle lacks a table that was asked for.
        OutputError: if the folder is no folder, or holds one of the files.
    """
    check_path(folder)
    planned = Destination(folder, tuple(_choose_tables(manifest, tables)), is_compressed)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is no folder.", hint="Name a folder with -o.")
    if folder.is_dir():
        for name in planned.names:
            check_target(folder / name, force=force)
    return planned


def _choose_tables(manifest: Manifest, names: Sequence[str]) -> list[TableRecord]:
    known = [table.name for table in manifest.tables]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"The bundle has no table {unknown[0]!r}.", hint=f"It has: {', '.join(known)}."
        )
    return [table for table in manifest.tables if not names or table.name in names]


def check_medium(
    verified: Verified,
    folder: Path,
    medium_reason: str | None,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    find_medium: FindMedium = find_medium,
) -> Medium:
    """The medium of a folder that tables are to be written to, after checking that they may be.

    That they may not is recorded; where it can't be, they may not all the same.

    Raises:
        UsageError: if the reason is none.
        MediumRefusedError: if it is removable or a network's, and there is no reason.
    """
    medium = find_medium(folder)
    try:
        check_plaintext(medium, folder, medium_reason)
    except MediumRefusedError as error:
        named, kind = name_bundle(verified.inside), medium.classify()
        try_to_record(register, identity, error, named, clock(), medium=kind)
        raise
    return medium
