"""The way in: the mirror of `packing`. What was verified is written, all tables or none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer.bundle.manifest import (
    Manifest,
    TableRecord,
    describe_archives,
    describe_package,
)
from securexfer.carrier import PartialFile
from securexfer.content import counted_files, counted_rows
from securexfer.crypto.canonical import encode_pretty
from securexfer.crypto.identity import Identity
from securexfer.custody.refusal import try_to_record
from securexfer.custody.register import Entry, Register
from securexfer.custody.statement import choose_name
from securexfer.errors import (
    MediumRefusedError,
    OutputError,
    OutputExistsError,
    SecurexferError,
    UsageError,
)
from securexfer.history import name_bundle, tell_content
from securexfer.instant import Clock
from securexfer.leftovers import sweep_leftovers
from securexfer.medium.medium import FindMedium, Medium, find_medium
from securexfer.medium.rule import (
    check_file_size,
    check_plaintext,
    needs_reason,
    warn_of_plaintext,
)
from securexfer.partial import partial_path
from securexfer.place import check_path, check_space, check_target, make_folder
from securexfer.privacy.formulas import FormulaEscaper, escape_cell
from securexfer.receipting import describe_receipt, make_receipt, seal_receipt
from securexfer.reporting import Reporter
from securexfer.verifying import Verified, recheck
from securexfer.wording import plural

DESCRIPTOR_NAME = "datapackage.json"


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
    manifest = verified.manifest
    if escape_formulas and keep_compressed:
        raise UsageError(
            "Formulas can't be escaped in tables that stay compressed.",
            hint="Leave out one of --escape-formulas and --keep-compressed.",
        )
    sweep_leftovers(identity, register, clock=clock, reporter=reporter)
    chosen, paths = plan_output(manifest, folder, tables, keep_compressed, force=force)
    medium = check_medium(
        verified, folder, medium_reason, identity, register, clock=clock, find_medium=find_medium
    )
    if not keep_compressed:
        for table in chosen:
            check_file_size(medium, folder / paths[table.name], table.n_bytes)
    archives = {t.name: archive_name(t) for t in chosen if t.attachments}
    for table in chosen:
        if table.attachments:
            place = folder / archives[table.name]
            check_file_size(medium, place, table.attachments.n_bytes)
    recorded_reason = medium_reason or "" if needs_reason(medium) else ""
    bundle = verified.inside.outside.file
    bundle_id = verified.inside.outside.envelope.bundle_id
    for name in (*paths.values(), *archives.values(), DESCRIPTOR_NAME):
        if bundle.is_file(folder / name) or bundle.is_file(partial_path(folder / name)):
            raise OutputExistsError(
                "The bundle would be replaced by its own content.", hint="Choose another folder."
            )
    receipt_name = choose_name(folder, "receipt", bundle_id)
    details = {
        **name_bundle(verified.inside),
        "files": sorted([*paths.values(), *archives.values(), DESCRIPTOR_NAME, receipt_name]),
        "folder": str(folder.absolute()),
        "medium": medium.classify(),
    }
    if recorded_reason:
        details["medium_reason"] = recorded_reason
    for note in warn_of_plaintext(medium, folder):
        reporter.note(note)
    is_new = make_folder(folder)
    written: list[PartialFile] = []
    n_escaped: dict[str, int] = {}
    started = False
    try:
        check_space(folder, _needed_bytes(chosen, keep_compressed))
        begun = register.append(
            identity,
            "unpack-started",
            details,
            clock(),
            check=lambda entries: recheck(verified, entries),
        )
        started = True
        for table in chosen:
            written.append(PartialFile(folder / paths[table.name], force=force, medium=medium))
            if escape_formulas:
                n_escaped[table.name] = _write_escaped(verified, table, written[-1], reporter)
            else:
                _write_table(verified, table, written[-1], keep_compressed, reporter)
        compression = "gz" if keep_compressed else ""
        descriptor = describe_package(manifest, paths, compression=compression)
        if escape_formulas:
            _describe_escaped(descriptor, written, n_escaped)
        for table in chosen:
            if table.attachments:
                place = folder / archives[table.name]
                written.append(PartialFile(place, force=force, medium=medium))
                for piece in counted_files(verified.inside, table, reporter):
                    written[-1].write(piece)
        descriptor["resources"] += describe_archives(chosen, archives)
        written.append(PartialFile(folder / DESCRIPTOR_NAME, force=force))
        written[-1].write(encode_pretty(descriptor))
        data_files = tuple(written)
        receipt = make_receipt(verified, chosen, begun, medium, recorded_reason, clock=clock)
        written.append(PartialFile(folder / receipt_name))
        written[-1].write(seal_receipt(receipt, verified, identity))
        for file in written:
            file.sync()
        for file in written:
            file.publish()
        if escape_formulas:
            details["n_escaped"] = n_escaped
        entry = register.append(
            identity,
            "unpacked",
            {
                **details,
                **tell_content(manifest, chosen),
                "files_sha256": {file.target.name: file.sha256 for file in data_files},
                "receipt": describe_receipt(receipt, written[-1]),
            },
            clock(),
        )
        reporter.shield()
    except BaseException as error:
        reporter.shield()
        left = [file for file in written if not file.discard()]
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        if left:
            # Not recorded as ended, so that the next run tries again.
            reporter.note(
                f"{plural(len(left), 'unfinished file')} could not be removed from {folder}: "
                "plaintext is in there. Delete what is left."
            )
        elif started:
            reason = error.code if isinstance(error, SecurexferError) else "interrupted"
            with suppress(SecurexferError):
                register.append(identity, "unpack-failed", {**details, "reason": reason}, clock())
        else:
            try_to_record(register, identity, error, name_bundle(verified.inside), clock())
        raise
    for file in written:
        file.finish()
    return UnpackResult(
        folder,
        tuple(file.target for file in data_files),
        tuple(chosen),
        n_escaped if escape_formulas else None,
        folder / receipt_name,
        entry,
        medium,
        recorded_reason,
    )


def plan_output(
    manifest: Manifest,
    folder: Path,
    tables: Sequence[str] = (),
    keep_compressed: bool = False,
    *,
    force: bool = False,
) -> tuple[list[TableRecord], dict[str, str]]:
    """Which tables will be written, and under which names, after checking that they can be.

    Raises:
        UsageError: if the bundle lacks a table that was asked for.
        OutputError: if the folder is no folder, or holds one of the files.
    """
    check_path(folder)
    chosen = _choose_tables(manifest, tables)
    suffix = ".csv.gz" if keep_compressed else ".csv"
    paths = {table.name: f"{table.name}{suffix}" for table in chosen}
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is no folder.", hint="Name a folder with -o.")
    if folder.is_dir():
        archives = [archive_name(table) for table in chosen if table.attachments]
        for name in (*paths.values(), *archives, DESCRIPTOR_NAME):
            check_target(folder / name, force=force)
    return chosen, paths


def archive_name(table: TableRecord) -> str:
    """The file that a table's attached files are written to, as an archive."""
    return f"{table.name}-attachments.tar"


def _needed_bytes(chosen: Sequence[TableRecord], keep_compressed: bool) -> int:
    """Room that is known to be needed."""
    tables = 0 if keep_compressed else sum(table.n_bytes for table in chosen)
    return tables + sum(t.attachments.n_bytes for t in chosen if t.attachments)


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


def _choose_tables(manifest: Manifest, names: Sequence[str]) -> list[TableRecord]:
    known = [table.name for table in manifest.tables]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"The bundle has no table {unknown[0]!r}.", hint=f"It has: {', '.join(known)}."
        )
    return [table for table in manifest.tables if not names or table.name in names]


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
