"""Jobs: packs that are repeated, one run at a time, and what the register knows of their runs.

A run has a key, such as the day that it is for. Run again under the same key, a job must not send
the same thing twice; and where no run of a day is on record, somebody must hear of it.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from securexfer.custody.entry import Entry
from securexfer.custody.retention import UNSENT
from securexfer.errors import OutputError, RegisterError, RunBusyError
from securexfer.place import make_folder, translate

SKIPPED = "pack-skipped"
PERIODS = ("day", "weekday", "hour")
# A gap of more is told by its ends.
MAX_MISSED = 400
_FRIDAY = 4
_HOUR = "%Y-%m-%dT%HZ"
_CAN_NOT_LOCK = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


@dataclass(frozen=True)
class Run:
    """One run of a job.

    Attributes:
        job: the job's name.
        label: the key by which it is known: two with the same are the same run.
        period: `day`, `weekday` or `hour` where keys follow each other, else empty.
    """

    job: str
    label: str
    period: str = ""


def choose_key(period: str, local: datetime, utc: datetime) -> str:
    """The key of a run that begins now.

    Days are those of the machine's own time zone: a job at half past midnight would otherwise run
    twice on one day, and not at all on another, when summer time begins and ends. Hours are UTC,
    of which none is twice.
    """
    return utc.strftime(_HOUR) if period == "hour" else f"{local:%Y-%m-%d}"


def find_runs(entries: Sequence[Entry], job: str) -> list[Entry]:
    """What is on record of the runs of a job that led to something, in the register's order."""
    failed = {e.details.get("bundle_id") for e in entries if e.event in UNSENT}
    return [
        entry
        for entry in entries
        if entry.event in ("packed", SKIPPED)
        and entry.details.get("job") == job
        and entry.details.get("bundle_id", "") not in failed
    ]


def find_missed(runs: Sequence[Entry], run: Run) -> list[str]:
    """Keys between the newest run on record and this one, of which nothing is on record.

    Args:
        runs: of the same job, from `find_runs`.
        run: this one.

    Returns:
        At most `MAX_MISSED`, the oldest left out; nothing where keys don't follow each other.
    """
    keys = {entry.details.get("run", "") for entry in runs}
    before = [key for key in keys if _is_of(key, run.period) and key < run.label]
    if run.period not in PERIODS or not before:
        return []
    missed: list[str] = []
    key = _previous(run.label, run.period)
    while key > max(before) and len(missed) < MAX_MISSED:
        missed.append(key)
        key = _previous(key, run.period)
    return missed[::-1]


def describe_run(run: Run | None, missed: Sequence[str]) -> dict[str, Any]:
    """A run in the details of its entry; nothing where it is none of a job."""
    if run is None:
        return {}
    return {"job": run.job, "run": run.label, **({"missed": list(missed)} if missed else {})}


@contextmanager
def lock_job(folder: Path, job: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Keep every other run of this job in this home out. A run that is killed holds no lock.

    Args:
        folder: where the locks are.
        job: its name.
        wait_seconds: how long to wait for another run to end.

    Raises:
        RunBusyError: if it has not ended by then.
        RegisterError: if the folder can't lock files.
        OutputError: if it can't be written.
    """
    # By its hash: a name may hold what no file's name may.
    name = hashlib.sha256(job.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    lock = FileLock(
        folder / f"{name}.lock", timeout=wait_seconds, mode=0o600, fallback_to_soft=False
    )
    try:
        make_folder(folder)
        lock.acquire()
    except Timeout:
        raise RunBusyError(f"Another run of the job {job!r} is at work.") from None
    except (OSError, OutputError) as error:
        if isinstance(error, OSError) and error.errno in _CAN_NOT_LOCK:
            raise RegisterError(
                f"The folder {folder} can't lock files, and without a lock two runs could send the "
                "same.",
                hint="Keep the home on a local disk, or on a share that can lock.",
            ) from None
        if isinstance(error, OSError):
            raise translate(error, folder) from None
        raise
    try:
        yield
    finally:
        lock.release()


def _previous(key: str, period: str) -> str:
    if period == "hour":
        moment = datetime.strptime(key, _HOUR)  # noqa: DTZ007 - told apart by its spelling
        return (moment - timedelta(hours=1)).strftime(_HOUR)
    day = date.fromisoformat(key) - timedelta(days=1)
    while period == "weekday" and day.weekday() > _FRIDAY:
        day -= timedelta(days=1)
    return day.isoformat()


def _is_of(key: str, period: str) -> bool:
    """Whether a key from the register is one of this period."""
    try:
        if period == "hour":
            return datetime.strptime(key, _HOUR).strftime(_HOUR) == key  # noqa: DTZ007
        return date.fromisoformat(key).isoformat() == key
    except (ValueError, TypeError):
        return False
