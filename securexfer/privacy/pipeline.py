"""The pipeline: an extract's blocks through worker threads, in order, to compressed chunks.

Each worker checks the shape of a block, parses only the columns that are needed, minimises, writes
CSV and compresses it as a gzip member of its own (RFC 1952 allows members in sequence). The
consumer takes chunks in the extract's order, whatever order the workers finish in.
"""

from __future__ import annotations

import io
import os
from collections import Counter, deque
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from securexfer.privacy.compression import FAST, Compression
from securexfer.privacy.extract import N_WORKERS, Extract, RecordBlock
from securexfer.privacy.formulas import count_formulas
from securexfer.privacy.heap import share_heap
from securexfer.privacy.minimise import NO_RULINGS, MinimisedFrame, Rulings, minimise
from securexfer.privacy.parsing import BlockError, explain, parse_block
from securexfer.privacy.plan import TablePlan
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.privacy.shape import CheckedRecords


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
        observed: what an observer saw in it.
        attached: files that its rows name; see `MinimisedFrame`.
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
    observed: Any = None
    attached: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)


class Observer(Protocol):
    """Looks at a table's output, block by block."""

    def observe(self, minimised: MinimisedFrame) -> Any:
        """What is to be remembered of one block; any thread may ask."""

    def add(self, observed: Any) -> None:
        """Remember it; asked in the extract's order."""


class Together:
    """Several observers as one."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def observe(self, minimised: MinimisedFrame) -> tuple[Any, ...]:
        """What each is to remember of one block."""
        return tuple(one.observe(minimised) for one in self._observers)

    def add(self, observed: tuple[Any, ...]) -> None:
        """Have each remember it."""
        for one, seen in zip(self._observers, observed, strict=True):
            one.add(seen)


@dataclass(frozen=True)
class Work:
    """What is done to each block of a table.

    Attributes:
        plan: the table's.
        scope: the key for its tokens.
        watch: looks at the output, if anybody does.
        rulings: of a first pass.
        is_trial: nothing is written or compressed; only counts come out.
        compression: how hard.
    """

    plan: TablePlan
    scope: ScopeKey
    watch: Observer | None = None
    rulings: Rulings = NO_RULINGS
    is_trial: bool = False
    compression: Compression = FAST


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


def minimise_extract(
    extract: Extract,
    plan: TablePlan,
    scope: ScopeKey,
    *,
    watch: Observer | None = None,
    rulings: Rulings = NO_RULINGS,
    is_trial: bool = False,
    compression: Compression = FAST,
    n_workers: int = N_WORKERS,
) -> Generator[Chunk, None, None]:
    """Yield the table's chunks in order, the header first.

    Raises:
        ShapeError, EncodingError, RecordTooLongError: naming table and line, never the content.
        ExtractError: for anything else that the extract makes impossible.
    """
    work = Work(plan, scope, watch, rulings, is_trial, compression)
    n_lines_before = extract.n_header_lines
    yield _header_chunk(plan)
    share_heap()
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="securexfer")
    pending: deque[Future[Chunk]] = deque()
    blocks = extract.blocks()
    ended = False
    try:
        while pending or not ended:
            while not ended and len(pending) < n_workers:
                block = next(blocks, None)
                if block is None:
                    ended = True
                else:
                    pending.append(pool.submit(_make_chunk, block, work))
            if not pending:
                break
            try:
                chunk = pending.popleft().result()
            except BlockError as fault:
                raise fault.at(plan.table, n_lines_before) from None
            n_lines_before += chunk.n_lines
            if watch is not None and chunk.observed is not None:
                watch.add(chunk.observed)
            yield chunk
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _header_chunk(plan: TablePlan) -> Chunk:
    # By the same writer as the rows, so that names are quoted by the same rules.
    names = pl.DataFrame([pl.Series(str(i), [f.name]) for i, f in enumerate(plan.fields)])
    header = _write(names)
    found = count_formulas(names, names.columns)
    n_formulas = Counter({plan.fields[int(i)].name: n for i, n in found.items()})
    return Chunk(header, FAST.compress(header), n_formulas=n_formulas)


def _make_chunk(block: RecordBlock, work: Work) -> Chunk:
    plan = work.plan
    parsed = parse_block(block, plan.spec.csv, len(plan.header), plan.columns)
    records = parsed.records
    if not records.n_rows:
        return _counted(b"", b"", records, block)
    try:
        minimised = minimise(parsed.frame, plan, work.scope, work.rulings)
        del parsed  # what comes next needs the room
        observed = work.watch.observe(minimised) if work.watch else None
        if work.is_trial:
            return _counted(b"", b"", records, block, minimised, observed)
        frame = minimised.frame
        if plan.spec.row_order == "shuffle":
            frame = frame.sample(fraction=1, shuffle=True, seed=int.from_bytes(os.urandom(8)))
        if frame.width == 1:
            frame = frame.fill_null("")  # as "", lest an empty cell look like a blank line
        plaintext = _write(frame)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeError):
        # Their texts quote cells.
        raise explain(block.data) from None
    return _counted(
        plaintext, work.compression.compress(plaintext), records, block, minimised, observed
    )


def _write(frame: pl.DataFrame) -> bytes:
    memory = io.BytesIO()
    frame.write_csv(memory, include_header=False)
    return memory.getvalue()


def _counted(
    plaintext: bytes,
    compressed: bytes,
    records: CheckedRecords,
    block: RecordBlock,
    minimised: MinimisedFrame | None = None,
    observed: Any = None,
) -> Chunk:
    return Chunk(
        plaintext=plaintext,
        compressed=compressed,
        n_rows_in=records.n_rows,
        n_rows_out=minimised.frame.height if minimised else 0,
        n_blank_lines=records.n_blank,
        n_lines=records.n_lines,
        n_bytes_in=len(block.data),
        n_unparsed=Counter(minimised.n_unparsed if minimised else {}),
        n_formulas=Counter(minimised.n_formulas if minimised else {}),
        observed=observed,
        attached=minimised.attached if minimised else {},
    )
