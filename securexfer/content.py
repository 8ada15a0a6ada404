"""Content: the tables of an opened bundle and their files, in pieces, held to what was signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from securexfer.attachment.archive import ArchiveChecker
from securexfer.bundle.manifest import TableRecord
from securexfer.bundle.reader import Inside
from securexfer.errors import ContentMismatchError
from securexfer.reporting import Reporter


def counted_rows(
    inside: Inside,
    table: TableRecord,
    reporter: Reporter,
    tee: Callable[[bytes], Any] | None = None,
) -> Iterator[bytes]:
    """The table's CSV in pieces, held to its digest, size and number of rows.

    Args:
        inside: the opened bundle.
        table: which one.
        reporter: progress.
        tee: is given the compressed bytes too.

    Raises:
        ContentMismatchError: at the end at the latest, if it is not what was signed.
    """
    # With NumPy, which those who only copy a bundle do without.
    from securexfer.privacy.shape import RecordCounter

    counter = RecordCounter()
    for piece in inside.rows(table, tee):
        counter.update(piece)
        reporter.advance(len(piece))
        yield piece
    if counter.n_records != table.n_rows_out + 1:
        raise ContentMismatchError(
            f"Table {table.name} has {max(counter.n_records - 1, 0)} rows, its manifest says "
            f"{table.n_rows_out}."
        )


def counted_files(
    inside: Inside,
    table: TableRecord,
    reporter: Reporter,
    checker: ArchiveChecker | None = None,
) -> Iterator[bytes]:
    """The archive of a table's attached files in pieces, held to its digest, size and grammar.

    Nothing where the table has none.

    Args:
        inside: the opened bundle.
        table: which one.
        reporter: progress.
        checker: a new one, for what else it counts.

    Raises:
        ContentMismatchError: at the end at the latest, if it is not what was signed.
    """
    archive = table.attachments
    if archive is None:
        return
    reporter.begin(f"Files attached to {table.name}", archive.n_bytes)
    checker = checker or ArchiveChecker(archive.n_files)
    for piece in inside.attached(table, archive):
        checker.update(piece)
        reporter.advance(len(piece))
        yield piece
    checker.finish()
