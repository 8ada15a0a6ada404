"""`pack` onto drives that are as slow as pen drives, against copying its bundle there."""

from __future__ import annotations

import importlib.util
import os
import shlex
import statistics
import tempfile
from pathlib import Path

from bench.measure import Job, Runs, run_in_turns
from bench.record import Ratio, Series, make_series, ratio_of
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene
from bench.slow import slow_drive

# They read about so many times as fast as they write.
READS_FASTER = 3
MOST = 1.05
_FEW_ROWS = 1000
_COPIED, _COMPARED = "cp, sync", "cp, sync, cmp"
_FEW, _FAST, _AUTO = "pack, a few rows", "pack --compress fast", "pack --compress auto"


def measure(bench: Bench, options: Options) -> Outcome:
    """At each rate: copied, copied and read back, packed."""
    if os.geteuid() or importlib.util.find_spec("mfusepy") is None:
        return Outcome([], [], ["Not measured: it wants root, FUSE and mfusepy."])
    extract, local = bench.extract(options.n_rows), bench.folder / "to-copy.zip"
    bench.run("ann", *bench.pack("off", extract, local)[3:])
    series: list[Series] = []
    ratios: list[Ratio] = []
    for rate in options.rates:
        with (
            tempfile.TemporaryDirectory(dir=bench.folder) as name,
            slow_drive(Path(name), rate, rate * READS_FASTER) as drive,
        ):
            jobs = _jobs(bench, extract, local, drive)
            runs = run_in_turns(jobs, min(options.n_rounds, 3), warms_up=False)
        series += [
            make_series(f"{job.name}, {rate:g} MB/s", runs[job.name], job.n_bytes_in)
            for job in jobs
        ]
        ratios += _ratios(runs, rate)
    local.unlink()
    return Outcome(series, ratios)


def _jobs(bench: Bench, extract: Path, local: Path, drive: Path) -> list[Job]:
    bundle, copy = drive / "bundle.zip", drive / "copy.zip"
    there, here = shlex.quote(str(copy)), shlex.quote(str(local))
    copied = f"cp {here} {there}; sync {there}"
    # Past the page cache, as `pack` reads its bundle back.
    compared = f"{copied}; dd if={there} iflag=nocache count=0 status=none; cmp {here} {there}"
    n_bytes = local.stat().st_size
    few = bench.extract(_FEW_ROWS)
    packed = [(_FEW, few, "fast"), (_FAST, extract, "fast"), (_AUTO, extract, "auto")]
    return [
        Job(_COPIED, copied, None, copy, n_bytes),
        Job(_COMPARED, compared, None, copy, n_bytes),
        *(
            Job(
                name,
                [*bench.pack("off", source, bundle), "--compress", effort],
                bench.environment("ann"),
                bundle,
                source.stat().st_size,
            )
            for name, source, effort in packed
        ),
    ]


def _ratios(runs: Runs, rate: float) -> list[Ratio]:
    """Against copying a file of that size, without what a run of a few rows takes."""
    at = f"{rate:g} MB/s"

    def against(name: str, to: str) -> float:
        rounds = zip(runs[name], runs[to], runs[_FEW], strict=True)
        return statistics.median(
            (run.wall - few.wall) / (copy.wall * run.n_bytes_out / copy.n_bytes_out)
            for run, copy, few in rounds
        )

    ratios = [
        Ratio(name=f"{name} / {to}, {at}", value=round(against(name, to), 3), at_most=at_most)
        for name in (_FAST, _AUTO)
        for to, at_most in ((_COPIED, None), (_COMPARED, MOST))
    ]
    whole = ratio_of(runs, _AUTO, _FAST, name=f"{_AUTO} / {_FAST}, all of it, {at}")
    return [*ratios, whole]


SCENE = Scene(
    "carriers",
    "Slow drives",
    "A drive that writes so many megabytes a second, and reads three times as many, one thing at "
    "a time (`bench/slow.py`). `pack` reads its bundle back past the page cache before it counts, "
    "which a drive can't do while it writes; so it is compared with copying a file of that size "
    "there, and with copying it, reading it back and comparing. What a run of a few rows takes is "
    "taken off, and is shown; the last figure of each rate is of whole runs.",
    ("rows", "rates"),
    measure,
    "Where the drive is much slower than the work, the drive alone is waited for. The nearer the "
    "two are to each other, the more the work shows: reading back can't overlap it.",
)
