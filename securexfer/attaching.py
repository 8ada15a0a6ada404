"""Attaching: the files that a table's rows name, gathered while the rows leave, then packed.

Every file is looked for before the first is opened, so that whoever mends an extract learns of all
that are missing at once. They are made anew by two workers, a few at a time, and lie in the archive
in the order of their new names, which says nothing about the order of the rows.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from securexfer.attachment.apart import Makers
from securexfer.attachment.archive import ArchiveWriter, Gathered
from securexfer.attachment.fault import Fault, UnfitError, tell_faults
from securexfer.attachment.making import check_kinds
from securexfer.attachment.root import Root
from securexfer.bundle.layout import attachment_member
from securexfer.bundle.manifest import ArchiveRecord
from securexfer.bundle.padding import padme
from securexfer.bundle.writer import BundleWriter
from securexfer.errors import AttachmentError
from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import Chunk
from securexfer.privacy.plan import TablePlan
from securexfer.recipe.field import KIND_OF_SUFFIX, AttachField, FileKind
from securexfer.reporting import Reporter
from securexfer.wording import plural

MAX_FILES = 1_000_000
_N_WORKERS = 2
_IN_FLIGHT = 2 * _N_WORKERS


@dataclass(frozen=True)
class _Named:
    """A file as a cell names it, and as it will be named; `repr` shows neither."""

    field_name: str
    row: int
    cell: str = field(repr=False)
    name: str | None = field(repr=False)

    def kind(self, spec: AttachField) -> FileKind:
        """What its name says that it is, if the recipe lists that.

        Raises:
            UnfitError: if it does not.
        """
        kind = KIND_OF_SUFFIX.get(self.cell.rpartition(".")[2].lower())
        if kind is None or kind not in spec.kinds:
            raise UnfitError(Fault.OTHER_KIND)
        return kind


class Attachments:
    """The files of one table.

    Raises:
        KindUnavailableError: if they can be of a kind for which nothing is installed.
    """

    def __init__(self, plan: TablePlan, extract: Extract) -> None:
        self._plan = plan
        # Beside the extract; where it comes through a pipe, where the program runs.
        self._folder = extract.path.parent if extract.path is not None else Path()
        self._specs = {f.name: f.spec for f in plan.fields if isinstance(f.spec, AttachField)}
        check_kinds({kind for spec in self._specs.values() for kind in spec.kinds})
        self._files: dict[str, _Named] = {}
        self._unnamed: list[_Named] = []
        self._n_rows = 0
        self._found: Gathered | None = None

    def add(self, chunk: Chunk) -> None:
        """Note the files that one more chunk names.

        Raises:
            AttachmentError: if there are too many.
        """
        for name, frame in chunk.attached.items():
            for row, cell, new_name in frame.iter_rows():
                named = _Named(name, self._n_rows + row + 1, cell, new_name)
                if new_name is None:
                    self._unnamed.append(named)
                elif self._files.setdefault(new_name, named).cell != cell:
                    # One in millions of millions; but one picture in place of another is too much.
                    raise AttachmentError(
                        f"Table {self._plan.table}, field {name}: two files would have one name.",
                        hint="Rename one of them, and pack again.",
                    )
        self._n_rows += chunk.n_rows_out
        if len(self._files) + len(self._unnamed) > MAX_FILES:
            raise AttachmentError(
                f"Table {self._plan.table} attaches more than {MAX_FILES:,} files.",
                hint="Pack it in parts.",
            )

    def write(self, writer: BundleWriter, reporter: Reporter) -> ArchiveRecord | None:
        """Find all files, if nobody has, make each anew, and write them as one archive.

        Returns:
            What the manifest says of it; None where the table attaches none.

        Raises:
            AttachmentError: for files that can't be attached; how many, and why.
        """
        if not self._specs:
            return None
        found = self._found or self.find(reporter)
        with self._roots() as roots:
            digest = hashlib.sha256()
            reporter.begin(f"Attaching to {self._plan.table}", found.n_bytes)
            with writer.attachments() as write:

                def put(data: bytes) -> None:
                    digest.update(data)
                    write(data)

                archive = ArchiveWriter(put, padme)
                for name, n_bytes_in, data in self._made_anew(roots):
                    archive.add(name, data)
                    reporter.advance(n_bytes_in)
                archive.finish()
        return ArchiveRecord(
            member=attachment_member(writer.n_archives),
            n_files=archive.n_files,
            plaintext_sha256=digest.hexdigest(),
            n_bytes=archive.n_bytes,
        )

    def find(self, reporter: Reporter) -> Gathered:
        """Find all files, and read none.

        Returns:
            How many they are, and how large.

        Raises:
            AttachmentError: for files that can't be attached, as far as can be known so.
        """
        if not self._specs:
            return Gathered(0, 0)
        with self._roots() as roots:
            n_bytes = self._check(roots, reporter)
        is_resized = any(spec.resize for spec in self._specs.values())
        self._found = Gathered(len(self._files), n_bytes, is_resized)
        return self._found

    @contextmanager
    def _roots(self) -> Iterator[dict[str, Root]]:
        with ExitStack() as stack:
            roots = {}
            for name, spec in self._specs.items():
                roots[name] = stack.enter_context(closing(Root(self._folder / spec.root)))
            yield roots

    def _check(self, roots: dict[str, Root], reporter: Reporter) -> int:
        faults: dict[str, list[tuple[int, Fault]]] = {}
        n_bytes = 0
        reporter.begin(f"Looking for the files of {self._plan.table}", None)
        for named in (*self._files.values(), *self._unnamed):
            try:
                spec = self._specs[named.field_name]
                named.kind(spec)
                n_bytes += roots[named.field_name].check(named.cell, spec.max_bytes)
            except UnfitError as fault:
                faults.setdefault(named.field_name, []).append((named.row, fault.fault))
        if faults:
            raise AttachmentError(" ".join(self._tell(*item) for item in faults.items()))
        return n_bytes

    def _made_anew(self, roots: dict[str, Root]) -> Iterator[tuple[str, int, bytes]]:
        makers = Makers(_N_WORKERS)

        def make(named: _Named) -> tuple[int, bytes]:
            spec = self._specs[named.field_name]
            kind = named.kind(spec)
            data = roots[named.field_name].read(named.cell, spec.max_bytes)
            pixels, resize = spec.max_pixels, spec.resize
            with makers.take() as maker:
                return len(data), maker.make(data, kind, max_pixels=pixels, resize=resize)

        pool = ThreadPoolExecutor(_N_WORKERS, thread_name_prefix="securexfer")
        waiting = iter(sorted(self._files.items()))
        running: deque[tuple[str, _Named, Future[tuple[int, bytes]]]] = deque()
        try:
            while True:
                while len(running) < _IN_FLIGHT and (item := next(waiting, None)):
                    running.append((*item, pool.submit(make, item[1])))
                if not running:
                    return
                name, named, future = running.popleft()
                try:
                    yield name, *future.result()
                except UnfitError as fault:
                    found = [(named.row, fault.fault)]
                    raise AttachmentError(self._tell(named.field_name, found)) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            makers.stop()
            pool.shutdown(wait=True)
            makers.close()

    def _tell(self, name: str, faults: list[tuple[int, Fault]]) -> str:
        first = min(row for row, _ in faults)
        named = (*self._files.values(), *self._unnamed)
        n_files = sum(one.field_name == name for one in named)
        told = tell_faults(Counter(fault for _, fault in faults))
        return (
            f"Table {self._plan.table}, field {name}: of {plural(n_files, 'file')} {told}. "
            f"The first is named in row {first:,} of those that leave."
        )
