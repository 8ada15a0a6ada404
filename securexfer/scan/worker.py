"""A worker: a process of its own that inspects files, one after the other, within bounds.

What strangers wrote is read here and nowhere else. A file that makes a library run wild ends this
process and not the program: memory and time are limited by the kernel where it can.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from securexfer.confinement import confine_process, limit_time
from securexfer.scan.bound import seconds_for_bytes

if TYPE_CHECKING:
    from securexfer.scan.ledger import Ledger

# Of what a process has for itself, code and what it shares left out.
MAX_MEMORY = 1024 * 1024 * 1024
_SPARE_SECONDS = 5


@dataclass(frozen=True)
class Job:
    """A file, or a piece of a large text.

    Attributes:
        path: as the operating system has it.
        name: the path below what is checked.
        n_bytes: of the file.
        start, end: of the piece; the whole file if `end` is 0.
    """

    path: str
    name: str
    n_bytes: int
    start: int = 0
    end: int = 0

    @property
    def size(self) -> int:
        """Bytes to be read."""
        return (self.end or self.n_bytes) - self.start


@dataclass(frozen=True)
class Report:
    """What a worker says of a job: a ledger, taken apart so that nothing else can be in it."""

    found: Mapping[str, int]
    unjudged: Mapping[str, int]
    is_bundle: bool = False
    is_opaque: bool = False
    is_hidden: bool = False


def work(connection: Connection) -> None:
    """Take jobs from the other end until it is closed."""
    confine_process(MAX_MEMORY)
    # Before polars is loaded: other workers use the other cores.
    os.putenv("POLARS_MAX_THREADS", "1")
    with contextlib.suppress(EOFError, OSError):
        while True:
            job: Job = connection.recv()
            limit_time(seconds_for_bytes(job.size) + _SPARE_SECONDS)
            connection.send(inspect_file(job))


def inspect_file(job: Job) -> Report:
    """Inspect one file."""
    from securexfer.scan.inspection import inspect, inspect_piece
    from securexfer.scan.ledger import FILE_NAME, Ledger
    from securexfer.scan.name import count_in_name
    from securexfer.scan.source import Bounds, Source

    ledger = Ledger()
    if not job.start:
        ledger.note({FILE_NAME: count_in_name(job.name)})
    try:
        descriptor = _open(job.path)
    except PermissionError:
        ledger.doubt("permission")
        return _report(ledger)
    except OSError:
        ledger.doubt("changed")
        return _report(ledger)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            ledger.doubt("changed")
        elif job.end:
            inspect_piece(file, job.start, job.end, ledger, Bounds(job.size))
        else:
            source = Source(file, Bounds(job.n_bytes), Path(job.path).name, file=file)
            inspect(source, ledger, Path(job.path))
    return _report(ledger)


def _report(ledger: Ledger) -> Report:
    return Report(
        dict(ledger.found),
        dict(ledger.unjudged),
        ledger.is_bundle,
        ledger.is_opaque,
        ledger.is_hidden,
    )


def _open(path: str) -> int:
    """Never a link; and never waiting for what is at the other end of a pipe."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags)
