"""Measuring whole commands in turns: A B A B, so that a machine that changes speed changes both."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Run:
    """One run: wall and processor seconds, and the largest memory of a process, in bytes."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Job:
    """A command to be measured."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None


def run_in_turns(jobs: Sequence[Job], n_rounds: int) -> dict[str, list[Run]]:
    """Run every job once to warm up, then all of them in turn, so many times."""
    runs: dict[str, list[Run]] = {job.name: [] for job in jobs}
    for turn in range(n_rounds + 1):
        for job in jobs:
            run = _run(job)
            if turn:
                runs[job.name].append(run)
    return runs


def median_ratio(
    of: Sequence[Run], to: Sequence[Run], what: Literal["wall", "cpu"] = "wall"
) -> float:
    """The median over the rounds of how much more one took than the other in the same round."""
    pairs = zip(of, to, strict=True)
    if what == "cpu":
        return statistics.median(a.cpu / b.cpu for a, b in pairs)
    return statistics.median(a.wall / b.wall for a, b in pairs)


def median_wall(runs: Sequence[Run]) -> float:
    """Median wall seconds."""
    return statistics.median(run.wall for run in runs)


def _run(job: Job) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen(
        job.command, env=dict(job.environment or os.environ), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{job.name} failed with exit code {process.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
