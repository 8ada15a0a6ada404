"""Extracts: a file or a stream, decoded to UTF-8, its header read, cut into whole records.

Nothing is parsed here but the header. Memory is bounded: one block of records at a time, and a
record that is longer than the maximum is an error, not a reason to read on.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from securexfer.errors import (
    EncodingError,
    ExtractChangedError,
    HeaderError,
    RecordTooLongError,
)
from securexfer.privacy.command import RunningCommand, SourceCommand
from securexfer.privacy.encoding import Decoder
from securexfer.privacy.pending import Pending
from securexfer.privacy.shape import MisshapenError, check_records
from securexfer.privacy.source import Source, open_source
from securexfer.privacy.threads import count_cores, count_workers, size_blocks
from securexfer.recipe.model import Dialect
from securexfer.reporting import Reporter, SilentReporter

# Each has a block, and none waits.
N_WORKERS = count_workers(count_cores())
BLOCK_BYTES = size_blocks(N_WORKERS)
# Towards the end of a file they get smaller, so that no worker is left alone with the last one.
_LEAST_BLOCK_BYTES = 2 * 1024 * 1024
MAX_RECORD_BYTES = 16 * 1024 * 1024
MAX_HEADER_BYTES = 1024 * 1024
_READ_BYTES = 1024 * 1024
_FIRST_READ_BYTES = 64 * 1024
_CHANGED = "Table {}: the extract changed while it was read."


@dataclass(frozen=True)
class RecordBlock:
    """Whole records, as UTF-8 bytes; `is_cut` if a record was too long to be taken whole."""

    data: bytes
    is_cut: bool = False


class Extract:
    """One open extract of one table. Use as a context manager. A pipe must not be read before.

    Attributes:
        table: name of the table it feeds.
        header: names of its columns, trimmed where the dialect says so.
        n_bytes: size where it is a file, else None.
        n_header_lines: line ends in the header record.
        path: where it was opened from, None for a stream.
    """

    def __init__(
        self,
        table: str,
        stream: BinaryIO,
        dialect: Dialect,
        *,
        path: Path | None = None,
        reporter: Reporter | None = None,
        command: RunningCommand | None = None,
        block_bytes: int = BLOCK_BYTES,
        max_record_bytes: int = MAX_RECORD_BYTES,
    ) -> None:
        self.table = table
        self.path = path
        self._source = Source(table, stream, reporter or SilentReporter(), command)
        self._dialect = dialect
        self._quote = ord(dialect.quote)
        self._block_bytes = block_bytes
        self._max_record_bytes = max_record_bytes
        self.n_bytes = self._source.n_bytes
        self._decoder = Decoder(table, dialect.encoding)
        self._pending = Pending(self._quote)
        self._n_read = 0
        self._ended = False
        self.header, self.n_header_lines = self._read_header()

    @classmethod
    def open(
        cls, table: str, path: Path, dialect: Dialect, reporter: Reporter | None = None
    ) -> Extract:
        """Open a file or a named pipe.

        Raises:
            ExtractMissingError: if it can't be read, or is neither.
            HeaderError: if its header can't be used.
            EncodingError: if its first bytes are not in the stated encoding.
        """
        stream = open_source(path)
        try:
            return cls(table, stream, dialect, path=path, reporter=reporter)
        except BaseException:
            stream.close()
            raise

    @classmethod
    def run(
        cls, table: str, command: SourceCommand, dialect: Dialect, reporter: Reporter | None = None
    ) -> Extract:
        """Run a command that writes the extract. It is ended with the extract at the latest.

        Raises:
            SourceFailedError, SourceTimeoutError: if it fails before it has written a header.
            HeaderError, EncodingError: as `open`.
        """
        running = RunningCommand(table, command)
        try:
            return cls(table, running.stream, dialect, reporter=reporter, command=running)
        except BaseException:
            running.stop()
            raise

    def __enter__(self) -> Extract:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.close()

    def is_file(self, path: Path) -> bool:
        """Whether it reads this very file, under whatever name."""
        return self._source.is_file(path)

    @property
    def can_rewind(self) -> bool:
        """Whether it can be read a second time: a file can, a pipe can't."""
        return self._source.can_rewind

    def rewind(self) -> None:
        """Go back to the first record, for another pass over the same file.

        Raises:
            ExtractChangedError: if it has another header now.
        """
        self._source.rewind()
        self._decoder = Decoder(self.table, self._dialect.encoding)
        self._pending = Pending(self._quote)
        self._n_read = 0
        self._ended = False
        if self._read_header() != (self.header, self.n_header_lines):
            raise ExtractChangedError(_CHANGED.format(self.table))

    def blocks(self) -> Iterator[RecordBlock]:
        """Cut all records after the header into blocks, in order.

        Raises:
            EncodingError: where the bytes are not in the stated encoding.
            ExtractChangedError: if a file changed meanwhile.
            ExtractMissingError: if reading fails.
        """
        pending = self._pending
        while not self._ended:
            n_bytes = self._next_bytes()
            self._fill(n_bytes)
            while not (end := self._end()) and not self._ended and self._may_wait():
                self._fill(pending.n_bytes + n_bytes)
            if pending.n_bytes and not end:
                yield RecordBlock(pending.take(pending.n_bytes), is_cut=True)
                return
            if end:
                yield RecordBlock(pending.take(end))
        if pending.n_bytes:
            yield RecordBlock(pending.take(pending.n_bytes))
        if self._source.has_changed():
            raise ExtractChangedError(_CHANGED.format(self.table))

    def _read_header(self) -> tuple[tuple[str, ...], int]:
        end, wanted = 0, _FIRST_READ_BYTES
        while not end and not self._ended and self._pending.n_bytes <= MAX_HEADER_BYTES:
            self._fill(wanted)
            end = self._pending.first_end()
            wanted *= 4
        record = self._pending.take(end or self._pending.n_bytes)
        if len(record) > MAX_HEADER_BYTES:
            raise RecordTooLongError(f"Table {self.table}: the header, line 1, is over 1 MiB long.")
        names = _parse_header(self.table, record, self._dialect)
        return names, max(record.count(b"\n"), 1)

    def _next_bytes(self) -> int:
        """How large the next block is to be, as far as records let it."""
        if self.n_bytes is None:
            return max(self._block_bytes, 1)
        n_left = self.n_bytes - self._n_read + self._pending.n_bytes
        share = max(n_left // N_WORKERS, _LEAST_BLOCK_BYTES)
        return max(min(share, self._block_bytes), 1)

    def _end(self) -> int:
        """Where to cut: the last record may lack its line end."""
        return self._pending.n_bytes if self._ended else self._pending.last_end()

    def _may_wait(self) -> bool:
        """Whether the record that does not end here may go on."""
        return self._pending.n_bytes <= self._max_record_bytes

    def _fill(self, wanted: int) -> None:
        while self._pending.n_bytes < wanted and not self._ended:
            read = self._source.read_some(min(_READ_BYTES, wanted) or 1)
            self._ended = not read
            self._n_read += len(read or b"")
            if self.n_bytes is not None and self._n_read > self.n_bytes:
                # At once: a file can grow as fast as it is read.
                raise ExtractChangedError(_CHANGED.format(self.table))
            self._pending.add(self._decoder.decode(read or b""))


def _parse_header(table: str, record: bytes, dialect: Dialect) -> tuple[str, ...]:
    if not record:
        raise HeaderError(f"Table {table}: the extract is empty, it has no header.")
    if not record.strip(b"\r\n"):
        raise HeaderError(f"Table {table}: line 1 is blank, where the header should be.")
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingError(f"Table {table}: the header is not {dialect.encoding}.") from None
    try:
        rows = list(
            csv.reader(
                io.StringIO(text, newline=""),
                delimiter=dialect.delimiter,
                quotechar=dialect.quote,
                strict=True,
            )
        )
        (names,) = rows
        check_records(
            record,
            n_fields=len(names),
            delimiter=ord(dialect.delimiter),
            quote=ord(dialect.quote),
        )
    except MisshapenError as fault:
        raise HeaderError(
            f"Table {table}: the header, line 1, can't be used: {fault.reason}."
        ) from None
    except (csv.Error, ValueError):
        raise HeaderError(
            f"Table {table}: the header, line 1, can't be read as one line of CSV."
        ) from None
    if dialect.trim:
        names = [name.strip(" \t") for name in names]
    times = Counter(names)
    if len(times) < len(names):
        # By position: in a file without a header, what stands here are values.
        places = [str(i + 1) for i, name in enumerate(names) if times[name] > 1]
        raise HeaderError(
            f"Table {table}: {len(places)} columns of the header share a name "
            f"(columns {', '.join(places[:20])})."
        )
    return tuple(names)
