"""The crew: workers that share the jobs, and what becomes of a job whose worker dies."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from securexfer.scan.bound import seconds_for_bytes
from securexfer.scan.worker import Job, Report, work

# A drive may be slow, and a machine busy; the kernel counts the processor's time by itself.
_PATIENCE, _SPARE_SECONDS = 10.0, 60.0
_TICK = 0.25
_START_SECONDS = 10.0


@dataclass
class _Hand:
    """One worker: its process, our end of the line to it, and what it is at."""

    process: BaseProcess
    line: Connection
    job: Job | None = None
    ends_at: float = 0.0


def run_jobs(
    jobs: Sequence[Job], n_workers: int, tick: Callable[[], None]
) -> Iterator[tuple[Job, Report]]:
    """Have all jobs done, in any order; each gives a report, whatever becomes of its worker.

    When the iteration ends, for whatever reason, no worker is left.

    Args:
        jobs: largest first takes the least time.
        n_workers: processes.
        tick: called now and then, and may raise to stop.
    """
    waiting = list(reversed(jobs))
    hands: list[_Hand] = []
    try:
        while waiting or any(hand.job for hand in hands):
            while waiting and len(hands) < min(n_workers, len(jobs)):
                hands.append(_start())
            for hand in hands:
                if hand.job is None and waiting:
                    _give(hand, waiting.pop())
            ready = wait([hand.line for hand in hands if hand.job], timeout=_TICK)
            tick()
            for hand in list(hands):
                report = _hear(hand) if hand.line in ready else _judge_delay(hand)
                if report is None or hand.job is None:
                    continue
                job, hand.job = hand.job, None
                if not hand.process.is_alive():
                    hands.remove(hand)
                yield job, report
    finally:
        for hand in hands:
            _end(hand)


def _start() -> _Hand:
    # Not forked: threads of this process hold locks that a copy of it would wait for.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs,), daemon=True)
    try:
        process.start()
    finally:
        theirs.close()
    return _Hand(process, ours)


def _give(hand: _Hand, job: Job) -> None:
    hand.job = job
    limit = seconds_for_bytes(job.size) * _PATIENCE + _SPARE_SECONDS
    hand.ends_at = time.monotonic() + limit
    with suppress(OSError):
        hand.line.send(job)


def _hear(hand: _Hand) -> Report | None:
    try:
        report: Report = hand.line.recv()
        return report
    except (EOFError, OSError):
        hand.process.join(_START_SECONDS)
        _end(hand)
        code = hand.process.exitcode
        too_long = code == -getattr(signal, "SIGXCPU", 0)
        return Report({}, {"too-long" if too_long else "failed": 1})


def _judge_delay(hand: _Hand) -> Report | None:
    if hand.job is None or time.monotonic() < hand.ends_at:
        return None
    _end(hand)
    return Report({}, {"too-long": 1})


def _end(hand: _Hand) -> None:
    if hand.process.is_alive():
        hand.process.kill()
    hand.process.join(_START_SECONDS)
    hand.line.close()
