"""The pipeline: an extract's blocks through worker threads, in order, to compressed chunks.

Each worker checks the shape of a block, parses only the columns that are needed, minimises, writes
CSV and compresses it as a gzip member of its own (RFC 1952 allows members in sequence). The
consumer takes chunks in the extract's order, whatever order the workers finish in.
"""

from __future__ import annotations

import codecs
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl
from isal import igzip

from securexfer.errors import EncodingError, ExtractError, RecordTooLongError, ShapeError
from securexfer.privacy.extract import Extract, RecordBlock
from securexfer.privacy.formulas import count_formulas
from securexfer.privacy.minimise import MinimisedFrame, minimise, source_name
from securexfer.privacy.plan import TablePlan
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.privacy.shape import (
    MISPLACED_QUOTE,
    CheckedRecords,
    MisshapenError,
    check_records,
)

N_WORKERS = 2
_IN_FLIGHT = N_WORKERS + 1
_COMPRESSION = 1
_TOO_LONG = "it is longer than the maximum for one record"


@dataclass(frozen=True)
class Chunk:
    """One piece of a table's output.

    Attributes:
        plaintext: CSV bytes, UTF-8, comma, LF. Never written anywhere as they are.
        compressed: the same as one gzip member.
        n_rows_in, n_blank_lines, n_lines: what was read for it.
        n_rows_out: rows in it.
        n_unparsed: cells that a generalising action could not read, by field name.
        n_formulas: cells, names of fields among them, that a spreadsheet would run, by field.
        n_bytes_in: bytes of the extract (as UTF-8) that it was made from.
    """

    plaintext: bytes = field(repr=False)
    compressed: bytes = field(repr=False)
    n_rows_in: int = 0
    n_rows_out: int = 0
    n_blank_lines: int = 0
    n_lines: int = 0
    n_bytes_in: int = 0
    n_unparsed: Counter[str] = field(default_factory=Counter)
    n_formulas: Counter[str] = field(default_factory=Counter)


@dataclass
class Findings:
    """What was counted in a table, summed over its chunks."""

    n_rows_in: int = 0
    n_rows_out: int = 0
    n_blank_lines: int = 0
    n_unparsed: Counter[str] = field(default_factory=Counter)
    n_formulas: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk) -> None:
        """Count one more chunk."""
        self.n_rows_in += chunk.n_rows_in
        self.n_rows_out += chunk.n_rows_out
        self.n_blank_lines += chunk.n_blank_lines
        self.n_unparsed.update(chunk.n_unparsed)
        self.n_formulas.update(chunk.n_formulas)


class _BlockError(Exception):
    """A fault in a block, on its way to the thread that knows how many lines came before it."""

    def __init__(self, kind: type[ExtractError], line: int, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.line = line
        self.reason = reason


def minimise_extract(
    extract: Extract, plan: TablePlan, scope: ScopeKey, *, n_workers: int = N_WORKERS
) -> Iterator[Chunk]:
    """Yield the table's chunks in order, the header first.

    Raises:
        ShapeError, EncodingError, RecordTooLongError: naming table and line, never the content.
        ExtractError: for anything else that the extract makes impossible.
    """
    n_lines_before = extract.n_header_lines
    yield _header_chunk(plan)
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="securexfer")
    pending: deque[Future[Chunk]] = deque()
    blocks = extract.blocks()
    ended = False
    try:
        while pending or not ended:
            while not ended and len(pending) < _IN_FLIGHT:
                block = next(blocks, None)
                if block is None:
                    ended = True
                else:
                    pending.append(pool.submit(_make_chunk, block, plan, scope))
            if not pending:
                break
            try:
                chunk = pending.popleft().result()
            except _BlockError as fault:
                line = n_lines_before + fault.line + 1
                raise fault.kind(
                    f"Table {plan.table}, line {line}: the record can't be used: {fault.reason}."
                ) from None
            n_lines_before += chunk.n_lines
            yield chunk
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _header_chunk(plan: TablePlan) -> Chunk:
    # By the same writer as the rows, so that names are quoted by the same rules.
    names = pl.DataFrame([pl.Series(str(i), [f.name]) for i, f in enumerate(plan.fields)])
    header = names.write_csv(include_header=False).encode("utf-8")
    found = count_formulas(names, names.columns)
    n_formulas = Counter({plan.fields[int(i)].name: n for i, n in found.items()})
    return Chunk(header, _compress(header), n_formulas=n_formulas)


def _make_chunk(block: RecordBlock, plan: TablePlan, scope: ScopeKey) -> Chunk:
    dialect = plan.spec.csv
    try:
        records = check_records(
            block.data,
            n_fields=len(plan.header),
            delimiter=ord(dialect.delimiter),
            quote=ord(dialect.quote),
        )
    except MisshapenError as fault:
        if block.is_cut and fault.reason != MISPLACED_QUOTE:
            raise _BlockError(RecordTooLongError, 0, _TOO_LONG) from None
        raise _BlockError(ShapeError, fault.line, fault.reason) from None
    if block.is_cut:
        raise _BlockError(RecordTooLongError, 0, _TOO_LONG)
    if not records.n_rows:
        return _counted(b"", b"", records, block)
    try:
        minimised = minimise(_parse(records, plan), plan, scope)
        frame = minimised.frame
        if frame.width == 1:
            frame = frame.fill_null("")  # as "", lest an empty cell look like a blank line
        plaintext = frame.write_csv(include_header=False).encode("utf-8")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeError):
        # Their texts quote cells.
        raise _explain(block.data) from None
    if frame.height != records.n_rows:
        raise _BlockError(ExtractError, 0, "the rows read are not the rows counted")
    return _counted(plaintext, _compress(plaintext), records, block, minimised)


def _parse(records: CheckedRecords, plan: TablePlan) -> pl.DataFrame:
    """The needed columns as text, named by `source_name`."""
    data = records.data
    # The parser drops a byte order mark at the start of whatever it is given; in the middle of
    # an extract those bytes are part of a cell. One more is dropped, and this one stays.
    if data.startswith(codecs.BOM_UTF8):
        data = codecs.BOM_UTF8 + data
    frame = pl.read_csv(
        data,
        has_header=False,
        columns=list(plan.columns),
        separator=plan.spec.csv.delimiter,
        quote_char=plan.spec.csv.quote,
        infer_schema=False,
        empty_string_is_null=False,
    )
    frame.columns = [source_name(column) for column in plan.columns]
    return frame


def _explain(data: bytes) -> _BlockError:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        return _BlockError(EncodingError, line, "it holds bytes that are not UTF-8 text")
    return _BlockError(ExtractError, 0, "the block that starts there can't be parsed")


def _compress(data: bytes) -> bytes:
    return igzip.compress(data, compresslevel=_COMPRESSION, mtime=0)


def _counted(
    plaintext: bytes,
    compressed: bytes,
    records: CheckedRecords,
    block: RecordBlock,
    minimised: MinimisedFrame | None = None,
) -> Chunk:
    return Chunk(
        plaintext=plaintext,
        compressed=compressed,
        n_rows_in=records.n_rows,
        n_rows_out=records.n_rows,
        n_blank_lines=records.n_blank,
        n_lines=records.n_lines,
        n_bytes_in=len(block.data),
        n_unparsed=Counter(minimised.n_unparsed if minimised else {}),
        n_formulas=Counter(minimised.n_formulas if minimised else {}),
    )
