"""The way in: the mirror of `packing`. What was verified is written, all tables or none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer.bundle.manifest import TableRecord, describe_archives, describe_package
from securexfer.carrier import PartialFile
from securexfer.content import counted_files, counted_rows
from securexfer.crypto.canonical import encode_pretty
from securexfer.crypto.identity import Identity
from securexfer.custody.refusal import try_to_record
from securexfer.custody.register import Entry, Register
from securexfer.custody.statement import choose_name
from securexfer.destination import DESCRIPTOR_NAME, Destination, check_medium, plan_destination
from securexfer.errors import SecurexferError, UsageError
from securexfer.history import name_bundle, tell_content
from securexfer.instant import Clock
from securexfer.leftovers import sweep_leftovers
from securexfer.medium.medium import FindMedium, Medium, find_medium
from securexfer.medium.rule import needs_reason, warn_of_plaintext
from securexfer.place import check_space, make_folder
from securexfer.privacy.formulas import FormulaEscaper, escape_cell
from securexfer.receipting import describe_receipt, make_receipt, seal_receipt
from securexfer.reporting import Reporter
from securexfer.verifying import Verified, recheck
from securexfer.wording import plural


@dataclass(frozen=True)
class UnpackResult:
    """What was written, and where.

    Attributes:
        folder: where.
        files: everything that was written there.
        tables: as the manifest describes them.
        n_escaped: formulas that were escaped, by table; None if that was not asked for.
        receipt: the signed file that is to go back to the sender.
        entry: of the register.
        medium: that the folder is on.
        medium_reason: why plaintext is there; "" where nobody needed to say.
    """

    folder: Path
    files: tuple[Path, ...]
    tables: tuple[TableRecord, ...]
    n_escaped: dict[str, int] | None
    receipt: Path
    entry: Entry
    medium: Medium
    medium_reason: str


def unpack(
    verified: Verified,
    folder: Path,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    tables: Sequence[str] = (),
    keep_compressed: bool = False,
    force: bool = False,
    escape_formulas: bool = False,
    medium_reason: str | None = None,
    find_medium: FindMedium = find_medium,
) -> UnpackResult:
    """Write tables, a Data Package descriptor and a receipt for the sender, all of them or none.

    Args:
        verified: the bundle.
        folder: where to; made if it is not there.
        identity: signs the register's entries.
        register: hears of it before anything is written, and after.
        clock: now.
        reporter: progress.
        tables: only these; all if there are none.
        keep_compressed: write `TABLE.csv.gz`.
        force: replace files that are there.
        escape_formulas: put an apostrophe before whatever a spreadsheet would run.
        medium_reason: why plaintext may be on a removable or network medium; None: it may not.
        find_medium: finds the medium of a path.

    Raises:
        SecurexferError: for any reason not to; then no table is left behind.
    """
    if escape_formulas and keep_compressed:
        raise UsageError(
            "Formulas can't be escaped in tables that stay compressed.",
            hint="Leave out one of --escape-formulas and --keep-compressed.",
        )
    sweep_leftovers(identity, register, clock=clock, reporter=reporter)
    there = plan_destination(
        verified.manifest, folder, tables, is_compressed=keep_compressed, force=force
    )
    medium = check_medium(
        verified, folder, medium_reason, identity, register, clock=clock, find_medium=find_medium
    )
    there.check_sizes(medium)
    there.check_apart(verified.inside.outside.file)
    recorded_reason = medium_reason or "" if needs_reason(medium) else ""
    receipt_name = choose_name(folder, "receipt", verified.envelope.bundle_id)
    details = _describe(verified, there, receipt_name, medium, recorded_reason)
    for note in warn_of_plaintext(medium, folder):
        reporter.note(note)
    files = _Files(folder, medium)
    begun = None
    try:
        check_space(folder, there.n_bytes)
        begun = register.append(
            identity,
            "unpack-started",
            details,
            clock(),
            check=lambda entries: recheck(verified, entries),
        )
        n_escaped = _write_content(verified, there, files, reporter, force, escape_formulas)
        digests = files.digests()
        receipt = make_receipt(verified, there.tables, begun, medium, recorded_reason, clock=clock)
        receipt_file = files.open(receipt_name)
        receipt_file.write(seal_receipt(receipt, verified, identity))
        files.publish()
        if n_escaped is not None:
            details["n_escaped"] = n_escaped
        entry = register.append(
            identity,
            "unpacked",
            {
                **details,
                **tell_content(verified.manifest, there.tables),
                "files_sha256": digests,
                "receipt": describe_receipt(receipt, receipt_file),
            },
            clock(),
        )
        reporter.shield()
    except BaseException as error:
        reporter.shield()
        n_left = files.discard()
        if n_left:
            # Not recorded as ended, so that the next run tries again.
            reporter.note(
                f"{plural(n_left, 'unfinished file')} could not be removed from {folder}: "
                "plaintext is in there. Delete what is left."
            )
        elif begun is not None:
            reason = error.code if isinstance(error, SecurexferError) else "interrupted"
            with suppress(SecurexferError):
                register.append(identity, "unpack-failed", {**details, "reason": reason}, clock())
        else:
            try_to_record(register, identity, error, name_bundle(verified.inside), clock())
        raise
    files.finish()
    return UnpackResult(
        folder,
        tuple(folder / name for name in digests),
        there.tables,
        n_escaped,
        folder / receipt_name,
        entry,
        medium,
        recorded_reason,
    )


class _Files:
    """The files of one run: all of them get their names, or none stays."""

    def __init__(self, folder: Path, medium: Medium) -> None:
        self._folder = folder
        self._medium = medium
        self._is_new = make_folder(folder)
        self._files: list[PartialFile] = []

    def open(self, name: str, *, force: bool = False) -> PartialFile:
        """The next file."""
        file = PartialFile(self._folder / name, force=force, medium=self._medium)
        self._files.append(file)
        return file

    def digests(self) -> dict[str, str]:
        """SHA-256 (hex) of each that was written so far, by its name."""
        return {file.target.name: file.sha256 for file in self._files}

    def publish(self) -> None:
        """Have all of them stored, and only then named."""
        for file in self._files:
            file.sync()
        for file in self._files:
            file.publish()

    def discard(self) -> int:
        """Remove all of them, and the folder if it is new; how many may still be there."""
        n_left = sum(not file.discard() for file in self._files)
        if self._is_new:
            with suppress(OSError):
                self._folder.rmdir()
        return n_left

    def finish(self) -> None:
        """Let go of them."""
        for file in self._files:
            file.finish()


def _describe(
    verified: Verified,
    there: Destination,
    receipt_name: str,
    medium: Medium,
    medium_reason: str,
) -> dict[str, Any]:
    """The register's details: of which bundle, which files lie where."""
    details = {
        **name_bundle(verified.inside),
        "files": sorted([*there.names, receipt_name]),
        "folder": str(there.folder.absolute()),
        "medium": medium.classify(),
    }
    return {**details, "medium_reason": medium_reason} if medium_reason else details


def _write_content(
    verified: Verified,
    there: Destination,
    files: _Files,
    reporter: Reporter,
    force: bool,
    escapes: bool,
) -> dict[str, int] | None:
    """Write tables, attached files and descriptor.

    Returns:
        Formulas that were escaped, by table; None if that was not asked for.
    """
    n_escaped: dict[str, int] = {}
    written = []
    for table in there.tables:
        written.append(file := files.open(there.paths[table.name], force=force))
        if escapes:
            n_escaped[table.name] = _write_escaped(verified, table, file, reporter)
        else:
            _write_table(verified, table, file, there.is_compressed, reporter)
    compression = "gz" if there.is_compressed else ""
    descriptor = describe_package(verified.manifest, there.paths, compression=compression)
    if escapes:
        _describe_escaped(descriptor, written, n_escaped)
    for table, _ in there.attached():
        file = files.open(there.archives[table.name], force=force)
        for piece in counted_files(verified.inside, table, reporter):
            file.write(piece)
    descriptor["resources"] += describe_archives(there.tables, there.archives)
    files.open(DESCRIPTOR_NAME, force=force).write(encode_pretty(descriptor))
    return n_escaped if escapes else None


def _write_table(
    verified: Verified, table: TableRecord, file: PartialFile, keep: bool, reporter: Reporter
) -> None:
    reporter.begin(f"Unpacking {table.name}", table.n_bytes)
    if keep:
        for _ in counted_rows(verified.inside, table, reporter, tee=file.write):
            pass
        return
    for piece in counted_rows(verified.inside, table, reporter):
        file.write(piece)


def _write_escaped(
    verified: Verified, table: TableRecord, file: PartialFile, reporter: Reporter
) -> int:
    reporter.begin(f"Unpacking {table.name}", table.n_bytes)
    escaper = FormulaEscaper(table.name, len(table.fields))
    for piece in escaper.escape(counted_rows(verified.inside, table, reporter)):
        file.write(piece)
    return escaper.n_escaped


def _describe_escaped(
    descriptor: dict[str, Any], files: Sequence[PartialFile], n_escaped: dict[str, int]
) -> None:
    """Have the descriptor tell of the files as they are now, and that they were changed."""
    for resource, file in zip(descriptor["resources"], files, strict=True):
        resource.update(bytes=file.n_bytes, hash=f"sha256:{file.sha256}")
        for field in resource["schema"]["fields"]:
            field["name"] = escape_cell(field["name"])
    descriptor["securexfer"] = {"n_escaped": n_escaped}
