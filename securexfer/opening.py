"""Opening: a verified bundle whose tables are read into memory, and never written anywhere.

It passes every check that `unpack` makes, by the same code. A table is decrypted and held against
its digest, size and number of rows before any row of it is handed out, and that it was opened is
on record by then; so is the archive of its attached files. Rows and files are decrypted a second
time as they are handed out: the file's blocks are compared with what was signed whenever they are
read, so that they are the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from securexfer.attachment.archive import ArchiveChecker, read_files
from securexfer.bundle.manifest import Manifest, TableRecord
from securexfer.content import counted_files, counted_rows
from securexfer.crypto.identity import Identity
from securexfer.custody.refusal import try_to_record
from securexfer.custody.register import Register
from securexfer.errors import SecurexferError, UsageError
from securexfer.history import name_bundle
from securexfer.instant import Clock
from securexfer.medium.medium import Kind, Medium
from securexfer.privacy.frame import Frame, join_frames, read_frames
from securexfer.reporting import Reporter
from securexfer.verifying import Verified, recheck

MEMORY = Medium(Kind.MEMORY)
# A picture of 50 megapixels is less than this; the format itself allows eight gigabytes.
MAX_ATTACHED_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class OpenedTable:
    """One table that was checked and may be read, as often as wanted while its bundle is open.

    Attributes:
        record: what the manifest says of it.
    """

    record: TableRecord
    _rows: Callable[[], Iterator[bytes]] = field(repr=False)

    @property
    def name(self) -> str:
        """Its name."""
        return self.record.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its fields, in order."""
        return tuple(one.name for one in self.record.fields)

    @property
    def n_rows(self) -> int:
        """How many rows it has."""
        return self.record.n_rows_out

    def frame(self) -> Frame:
        """The whole table as a polars frame; memory grows with it.

        Raises:
            ContentMismatchError: if it is no table of these columns.
            OutputError: if the drive can't be read any more.
        """
        return join_frames(self.columns, self.batches())

    def batches(self) -> Iterator[Frame]:
        """The table as polars frames of about 7 MiB of text each, one in memory at a time.

        Each can be handed to whatever reads Arrow's C stream interface, such as
        `pyarrow.RecordBatchReader.from_stream`.

        Raises:
            ContentMismatchError, OutputError: as `frame`.
        """
        return read_frames(self.name, self.columns, self._rows())


class OpenedBundle:
    """A bundle that passed every check. A context manager: its file is closed at the end.

    Attributes:
        verified: what was checked, with notes on what to know all the same.
    """

    def __init__(
        self,
        verified: Verified,
        identity: Identity,
        register: Register,
        *,
        clock: Clock,
        reporter: Reporter,
        close: Callable[[], None],
    ) -> None:
        self.verified = verified
        self._identity = identity
        self._register = register
        self._clock = clock
        self._reporter = reporter
        self._close = close
        self._opened: dict[str, OpenedTable] = {}
        self._attached: dict[str, int] = {}

    def __enter__(self) -> OpenedBundle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its file; tables can't be read any more."""
        self._close()

    @property
    def manifest(self) -> Manifest:
        """The complete record, by whoever packed it."""
        return self.verified.manifest

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of its tables."""
        return tuple(table.name for table in self.manifest.tables)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know: a replay, a gap in the series, hands nobody vouches for."""
        return self.verified.notes

    def table(self, name: str) -> OpenedTable:
        """Check one table whole and record that it was opened; only then can it be read.

        Raises:
            UsageError: if there is no such table.
            ContentMismatchError: if it is not what was signed.
            RegisterError: if it can't be recorded; nothing is released then.
        """
        if name not in self._opened:
            record = self._find(name)
            self._check(record)
            self._opened[name] = OpenedTable(
                record, lambda: counted_rows(self.verified.inside, record, self._reporter)
            )
        return self._opened[name]

    def attachments(
        self, table: str, *, max_file_bytes: int = MAX_ATTACHED_BYTES
    ) -> Iterator[tuple[str, bytes]]:
        """The files attached to a table: names as its cells have them, each with its content.

        The archive is checked whole, against SHA-256, size and grammar, and that it was opened is
        recorded, before this returns. Then one file at a time is in memory.

        Args:
            table: its name; nothing where it has no files.
            max_file_bytes: how large a file may be.

        Raises:
            UsageError: if there is no such table, or a file is larger.
            ContentMismatchError: if the archive is not what was signed.
            RegisterError: if it can't be recorded; nothing is released then.
        """
        record = self._find(table)
        if record.attachments is None:
            return iter(())
        largest = self._attached.get(table)
        if largest is None:
            checker = ArchiveChecker(record.attachments.n_files)
            self._run(counted_files(self.verified.inside, record, self._reporter, checker))
            largest = checker.n_bytes_largest
        if largest > max_file_bytes:
            raise UsageError(
                f"A file attached to table {table} has {largest:,} bytes, and {max_file_bytes:,} "
                "may be taken into memory.",
                hint="Give a larger max_file_bytes, or write the files with unpack.",
            )
        if table not in self._attached:
            told = {
                "name": table,
                "n_files": record.attachments.n_files,
                "sha256": record.attachments.plaintext_sha256,
            }
            self._record(attachments=[told])
            self._attached[table] = largest
        return read_files(counted_files(self.verified.inside, record, self._reporter))

    def _find(self, name: str) -> TableRecord:
        for table in self.manifest.tables:
            if table.name == name:
                return table
        raise UsageError(
            f"The bundle has no table {name!r}.", hint=f"It has: {', '.join(self.tables)}."
        )

    def _check(self, table: TableRecord) -> None:
        self._reporter.begin(f"Checking {table.name}", table.n_bytes)
        self._run(counted_rows(self.verified.inside, table, self._reporter))
        told = {
            "name": table.name,
            "n_rows": table.n_rows_out,
            "sha256": table.plaintext_sha256,
        }
        self._record(tables=[told])

    def _run(self, pieces: Iterator[bytes]) -> None:
        """Check all pieces and keep none; a refusal is recorded."""
        try:
            for _ in pieces:
                pass
        except SecurexferError as error:
            named = name_bundle(self.verified.inside)
            try_to_record(self._register, self._identity, error, named, self._clock())
            raise

    def _record(self, **told: Any) -> None:
        """Put on record what was opened."""
        self._register.append(
            self._identity,
            "opened",
            {**name_bundle(self.verified.inside), "medium": MEMORY.classify(), **told},
            self._clock(),
            check=lambda entries: recheck(self.verified, entries),
        )
