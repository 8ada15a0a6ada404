"""Checking a drive: what lies on it in clear, what can't be judged, and what follows from it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from securexfer.errors import DriveMissingError, DriveNotCleanError, DriveNotJudgedError, GateError
from securexfer.instant import format_instant
from securexfer.privacy.threads import count_cores
from securexfer.reporting import Reporter
from securexfer.scan.crew import run_jobs
from securexfer.scan.kind import find_encoding, find_kind
from securexfer.scan.ledger import BESIDE, KEYS, REASONS, TITLES, Ledger
from securexfer.scan.name import hide_in_name
from securexfer.scan.source import HEAD_BYTES, MIB
from securexfer.scan.walk import Seen, walk
from securexfer.scan.worker import Job, Report
from securexfer.wording import plural

# A text this large is read in pieces, by as many workers as there are.
_LARGE, _PIECE = 48 * MIB, 32 * MIB
_MAX_WORKERS = 8
_MAX_PROBLEMS = 20


@dataclass(frozen=True)
class CheckedFile:
    """A file in which something was found, or which could not be judged.

    Attributes:
        path: below what was checked; what its names hold of people is left out.
        found: places by kind.
        unjudged: parts by reason.
        is_hidden: whether it has hidden sheets, rows or columns.
    """

    path: str
    found: Mapping[str, int]
    unjudged: Mapping[str, int]
    is_hidden: bool = False


@dataclass(frozen=True)
class DriveCheck:
    """What was found on a drive. Nowhere in it is a value.

    Attributes:
        checked_at: when it began.
        files: with findings, or that could not be judged; by path.
        n_files: looked at.
        n_bytes: of these.
        n_opaque: of these, pictures, programs and others that hold no text.
        n_bundles: of these, securexfer bundles.
        n_passed_over: links, devices, pipes.
        n_keys: private keys and passphrases.
    """

    checked_at: datetime
    files: Sequence[CheckedFile]
    n_files: int
    n_bytes: int
    n_opaque: int
    n_bundles: int
    n_passed_over: int
    n_keys: int

    @property
    def findings(self) -> list[CheckedFile]:
        """Files with findings."""
        return [file for file in self.files if file.found]

    @property
    def unjudged(self) -> list[CheckedFile]:
        """Files that could not be judged, or not to their end."""
        return [file for file in self.files if file.unjudged]

    def record(self) -> dict[str, Any]:
        """For the register: counts alone, and no path."""
        kinds: Counter[str] = Counter()
        for file in self.files:
            kinds.update(file.found)
        return {
            "checked_at": format_instant(self.checked_at),
            "keys_found": self.n_keys,
            "kinds": dict(kinds),
            "n_bytes": self.n_bytes,
            "n_files": self.n_files,
            "n_findings": len(self.findings),
            "n_unjudged": len(self.unjudged),
        }

    def refusal(self) -> GateError | None:
        """Why nothing more should be written to this drive; None if it is clean."""
        if self.findings:
            hold = "holds" if len(self.findings) == 1 else "hold"
            return DriveNotCleanError(
                f"{len(self.findings):,} of {plural(self.n_files, 'file')} {hold} personal data or "
                "secrets in clear.",
                problems=_problems(self.findings),
            )
        if self.unjudged:
            return DriveNotJudgedError(
                "Nothing was found, but not all could be judged: "
                f"{plural(len(self.unjudged), 'file or folder', 'files or folders')} could not.",
                problems=_problems(self.unjudged),
            )
        return None


def check_drive(
    root: Path, *, now: datetime, reporter: Reporter, n_workers: int | None = None
) -> DriveCheck:
    """Look at every file of a drive, or below a folder.

    Args:
        root: the drive's or folder's path, or one file's.
        now: the time.
        reporter: progress.
        n_workers: processes; one for each core without it.

    Raises:
        DriveMissingError: if it is not there or can't be read at all.
    """
    try:
        root = root.resolve(strict=True)
        reporter.begin("Listing files")
        seen = list(walk(root))
    except OSError:
        raise DriveMissingError(f"{root} is not there, or can't be read.") from None
    ledgers: dict[str, Ledger] = {}
    for one in seen:
        if one.what in REASONS:
            ledgers.setdefault(one.name, Ledger()).doubt(one.what)
    files = [one for one in seen if one.what == "file"]
    n_bytes = sum(one.n_bytes for one in files)
    reporter.begin("Checking the drive", n_bytes)
    jobs = sorted((job for one in files for job in _split(one)), key=lambda job: -job.size)
    n_workers = n_workers or min(count_cores(), _MAX_WORKERS)
    for job, report in run_jobs(jobs, n_workers, lambda: reporter.advance(0)):
        ledgers.setdefault(job.name, Ledger()).add(_ledger(report))
        reporter.advance(job.size)
    return _conclude(now, files, ledgers, len(seen) - len(files), n_bytes)


def _conclude(
    now: datetime, files: Sequence[Seen], ledgers: Mapping[str, Ledger], n_others: int, n_bytes: int
) -> DriveCheck:
    n_keys = sum(one.found[kind] for one in ledgers.values() for kind in KEYS)
    if n_keys:
        # Wherever on the drive: who finds the one finds the other.
        for one in ledgers.values():
            if one.is_bundle:
                one.note({BESIDE: 1})
    listed = [
        CheckedFile(hide_in_name(name), dict(one.found), dict(one.unjudged), one.is_hidden)
        for name, one in sorted(ledgers.items())
        if any(one.found.values()) or any(one.unjudged.values())
    ]
    n_refused = sum(1 for one in listed if set(one.unjudged) & {"elsewhere"})
    return DriveCheck(
        checked_at=now,
        files=listed,
        n_files=len(files),
        n_bytes=n_bytes,
        n_opaque=sum(one.is_opaque for one in ledgers.values()),
        n_bundles=sum(one.is_bundle for one in ledgers.values()),
        n_passed_over=max(n_others - n_refused, 0),
        n_keys=n_keys,
    )


def _split(one: Seen) -> Iterator[Job]:
    if one.n_bytes >= _LARGE and _is_plain(one.path):
        for start in range(0, one.n_bytes, _PIECE):
            yield Job(one.path, one.name, one.n_bytes, start, min(start + _PIECE, one.n_bytes))
    else:
        yield Job(one.path, one.name, one.n_bytes)


def _is_plain(path: str) -> bool:
    """Whether a file is a text whose lines end in one byte."""
    try:
        with open(path, "rb", opener=_open_plainly) as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False
    return (
        find_kind(head) == "text" and not find_encoding(head).startswith("utf-16") and b"\n" in head
    )


def _open_plainly(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _ledger(report: Report) -> Ledger:
    return Ledger(
        Counter(report.found),
        Counter(report.unjudged),
        report.is_bundle,
        report.is_opaque,
        report.is_hidden,
    )


def _problems(files: Sequence[CheckedFile]) -> list[str]:
    listed = [f"{file.path or '.'}: {describe(file)}" for file in files[:_MAX_PROBLEMS]]
    if len(files) > _MAX_PROBLEMS:
        listed.append(f"and {len(files) - _MAX_PROBLEMS:,} more")
    return listed


def describe(file: CheckedFile) -> str:
    """What was found in a file, or why it could not be judged, in words and counts."""
    said = [f"{TITLES[kind]} ({n:,})" for kind, n in sorted(file.found.items()) if n]
    said += [REASONS[reason] for reason, n in sorted(file.unjudged.items()) if n]
    return ", ".join(said)
