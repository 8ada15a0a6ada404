"""Measuring whole commands in turns: A B A B, so that a machine that changes speed changes both."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_BETWEEN_LOOKS_SECONDS = 0.01


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes:
        wall, cpu: seconds; of the processors, those of all its processes.
        peak: the most bytes of memory that all its processes had at one time; 0 if it was over
            before they were looked at.
        n_bytes_out: size of what it wrote.
    """

    wall: float
    cpu: float
    peak: int
    n_bytes_out: int = 0


@dataclass(frozen=True)
class Job:
    """A command to be measured.

    Attributes:
        name: of it, in tables.
        command: what is run; a text is given to bash.
        environment: None for that of this process.
        output: what it writes, removed before each run; a folder or a file.
        n_bytes_in: what it reads, to tell its rate.
        n_rounds: at most so many, for a command that takes long.
        before: is called before each run, and not measured.
    """

    name: str
    command: Sequence[str] | str
    environment: Mapping[str, str] | None = None
    output: Path | None = None
    n_bytes_in: int = 0
    n_rounds: int | None = None
    before: Callable[[], None] | None = None


Runs = dict[str, list[Run]]


def run_in_turns(jobs: Sequence[Job], n_rounds: int, *, warms_up: bool = True) -> Runs:
    """Run every quick job once to warm up, then all of them in turn, so many times."""
    runs: Runs = {job.name: [] for job in jobs}
    for job in jobs:
        if warms_up and job.n_rounds is None:
            run_job(job)
    for turn in range(n_rounds):
        for job in jobs:
            if job.n_rounds is None or turn < job.n_rounds:
                run = run_job(job)
                print(f"  {job.name}: {run.wall:.2f} s", file=sys.stderr, flush=True)
                runs[job.name].append(run)
    return runs


def median_ratio(
    of: Sequence[Run], to: Sequence[Run], what: Literal["wall", "cpu"] = "wall"
) -> float:
    """The median over the rounds of how much more one took than the other in the same round."""
    pairs = zip(of, to, strict=False)
    if what == "cpu":
        return statistics.median(a.cpu / b.cpu for a, b in pairs)
    return statistics.median(a.wall / b.wall for a, b in pairs)


def run_job(job: Job) -> Run:
    """Run it once.

    Raises:
        SystemExit: if it fails: what did not do its job has no speed.
    """
    if job.output is not None:
        remove(job.output)
    if job.before is not None:
        job.before()
    command = job.command
    if isinstance(command, str):
        command = ["/bin/bash", "-c", f"set -euo pipefail; {command}"]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(job.environment or os.environ), stdout=subprocess.DEVNULL
    )
    with _Watcher(process.pid) as watcher:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{job.name} failed with exit code {process.returncode}")
    n_bytes = size_of(job.output) if job.output is not None else 0
    return Run(wall, usage.ru_utime + usage.ru_stime, watcher.peak, n_bytes)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size


def remove(path: Path) -> None:
    """Remove a file, or a folder of files."""
    if path.is_dir():
        for one in path.iterdir():
            remove(one)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


class _Watcher:
    """Looks from time to time how much memory a process and all below it have."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def __enter__(self) -> _Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        ended = False
        while not ended:
            now, most = _memory_of(self._pid)
            self.peak = max(self.peak, now, most)
            ended = self._ended.wait(_BETWEEN_LOOKS_SECONDS)


def _memory_of(pid: int) -> tuple[int, int]:
    """Resident bytes of a process and all below it, and the most that any of them ever had.

    What they share counts for each. The kernel's own account at the end would also count what this
    process had when it started them.
    """
    folder = Path("/proc") / str(pid)
    try:
        status = (folder / "status").read_text()
        children = [
            child
            for thread in (folder / "task").iterdir()
            for child in (thread / "children").read_text().split()
        ]
    except OSError:
        return 0, 0  # it has ended
    below = [_memory_of(int(child)) for child in children]
    now = _kilobytes(status, "VmRSS:") * 1024 + sum(one for one, _ in below)
    most = max([_kilobytes(status, "VmHWM:") * 1024, *(one for _, one in below)])
    return now, most


def _kilobytes(status: str, name: str) -> int:
    _, _, rest = status.partition(name)
    return int(rest.split(maxsplit=1)[0]) if rest else 0
