"""What was measured, with the machine it was measured on: the figures of `docs/performance.md`."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench.measure import Job, Run, Runs, median_ratio

FIGURES = Path(__file__).parents[1] / "docs" / "performance.json"
_LIBRARIES = ("securexfer", "polars", "polars-hash", "cryptography", "pyzipper", "isal")
_PROGRAMS = {
    "age": ("age", "--version"),
    "zstd": ("zstd", "--version"),
    "gpg": ("gpg", "--version"),
    "7zz": ("7zz",),
    "sett": ("sett", "--version"),
}


class Frozen(BaseModel):
    """Figures do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Series(Frozen):
    """All runs of one command: seconds, bytes.

    A `peak_bytes` of 0 is not known: each run was over before the first look at it.
    """

    name: str
    walls: list[float]
    cpus: list[float]
    peak_bytes: int
    n_bytes_in: int
    n_bytes_out: int

    @property
    def wall(self) -> float:
        """Median seconds."""
        return statistics.median(self.walls)

    @property
    def cpu(self) -> float:
        """Median seconds of all processors."""
        return statistics.median(self.cpus)


class Ratio(Frozen):
    """One figure that does not depend on the machine as much as seconds do.

    Attributes:
        name: what was divided by what.
        value: the quotient.
        at_most, at_least: the goal; None where there is none.
        unit: for the few that are no ratio.
    """

    name: str
    value: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.at_most is None and self.at_least is None:
            return None
        over = self.at_most is not None and self.value > self.at_most
        under = self.at_least is not None and self.value < self.at_least
        return not (over or under)


class Record(Frozen):
    """One scene, measured once."""

    taken_on: str
    machine: dict[str, str]
    versions: dict[str, str]
    options: dict[str, str]
    series: list[Series]
    ratios: list[Ratio]
    notes: list[str] = []


Records = dict[str, Record]


def series_of(jobs: Iterable[Job], runs: Runs) -> list[Series]:
    """The runs of several jobs as series, in the jobs' order."""
    return [make_series(job.name, runs[job.name], job.n_bytes_in) for job in jobs]


def make_series(name: str, runs: Sequence[Run], n_bytes_in: int = 0) -> Series:
    """Runs of one command as a series."""
    return Series(
        name=name,
        walls=[round(run.wall, 4) for run in runs],
        cpus=[round(run.cpu, 4) for run in runs],
        peak_bytes=max(run.peak for run in runs),
        n_bytes_in=n_bytes_in,
        n_bytes_out=round(statistics.median(run.n_bytes_out for run in runs)),
    )


def ratio_of(
    runs: Runs,
    of: str,
    to: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    inverse: bool = False,
    name: str = "",
) -> Ratio:
    """The median ratio of two jobs' seconds in the same round; the other way round if `inverse`."""
    value = median_ratio(runs[to], runs[of]) if inverse else median_ratio(runs[of], runs[to])
    return Ratio(
        name=name or f"{of} / {to}",
        value=round(value, 3),
        at_most=at_most,
        at_least=at_least,
    )


def describe_machine() -> dict[str, str]:
    """What it runs on; nothing that names it."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": model,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": f"{os.getloadavg()[0]:.2f}",
    }


def list_versions() -> dict[str, str]:
    """Of Python, the libraries and the peers that are here."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for name, command in _PROGRAMS.items():
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except FileNotFoundError:
            continue
        number = re.search(r"\d+(\.\d+)+", run.stdout)
        if number:
            found[name] = number.group(0)
    return found


def load_records(path: Path = FIGURES) -> Records:
    """The saved records, by scene."""
    if not path.exists():
        return {}
    saved = json.loads(path.read_text(encoding="utf-8"))
    return {name: Record.model_validate(record) for name, record in saved.items()}


def save_records(records: Records, path: Path = FIGURES) -> None:
    """Save them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Figures are read again from here before a page is made of them, so that their order is one.
    plain = {name: record.model_dump() for name, record in records.items()}
    path.write_text(json.dumps(plain, indent=1, sort_keys=True) + "\n", encoding="utf-8")
