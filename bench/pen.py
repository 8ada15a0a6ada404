"""`pack` onto drives that are as slow as pen drives, against copying its bundle there."""

from __future__ import annotations

import importlib.util
import os
import shlex
import statistics
import tempfile
from pathlib import Path

from bench.measure import Job, Runs, run_in_turns
from bench.noise import NOISE_RECIPE, write_noise
from bench.record import Ratio, Series, make_series, ratio_of
from bench.reference import AGREEMENT, Bench
from bench.scene import Options, Outcome, Scene
from bench.slow import slow_drive

# They read about so many times as fast as they write.
READS_FASTER = 3
MOST = 1.05
_FEW_ROWS = 1000
# What can't be made smaller is so much that the drive writes for so long.
_SECONDS = 6
_COPIED, _COMPARED = "cp, sync", "cp, sync, cmp"
_FEW, _FAST, _AUTO = "pack, a few rows", "pack --compress fast", "pack --compress auto"
_REFERENCE, _NOISE = "the reference", "noise"


def measure(bench: Bench, options: Options) -> Outcome:
    """At each rate, two extracts: copied, copied and read back, packed."""
    if os.geteuid() or importlib.util.find_spec("mfusepy") is None:
        return Outcome([], [], ["Not measured: it wants root, FUSE and mfusepy."])
    (bench.folder / "noise.toml").write_text(AGREEMENT + NOISE_RECIPE)
    noise = bench.folder / "noise.csv"
    series: list[Series] = []
    ratios: list[Ratio] = []
    for rate in options.rates:
        write_noise(noise, round(rate * _SECONDS))
        for what, extract in ((_REFERENCE, bench.extract(options.n_rows)), (_NOISE, noise)):
            runs, jobs = _run(bench, options, what, extract, rate)
            at = f"{what}, {rate:g} MB/s"
            series += [
                make_series(f"{job.name}: {at}", runs[job.name], job.n_bytes_in) for job in jobs
            ]
            ratios += _ratios(runs, at)
    noise.unlink()
    return Outcome(series, ratios)


def _run(
    bench: Bench, options: Options, what: str, extract: Path, rate: float
) -> tuple[Runs, list[Job]]:
    local = bench.folder / "to-copy.zip"
    bench.run("ann", *_pack(bench, what, extract, local)[3:])
    with (
        tempfile.TemporaryDirectory(dir=bench.folder) as name,
        slow_drive(Path(name), rate, rate * READS_FASTER) as drive,
    ):
        jobs = _jobs(bench, what, extract, local, drive)
        runs = run_in_turns(jobs, min(options.n_rounds, 3), warms_up=False)
    local.unlink()
    return runs, jobs


def _pack(bench: Bench, what: str, extract: Path, bundle: Path) -> list[str]:
    if what == _REFERENCE:
        return bench.pack("off", extract, bundle)
    return [
        argument.replace("offenders=", "noise=")
        for argument in bench.pack("noise", extract, bundle)
    ]


def _jobs(bench: Bench, what: str, extract: Path, local: Path, drive: Path) -> list[Job]:
    bundle, copy = drive / "bundle.zip", drive / "copy.zip"
    there, here = shlex.quote(str(copy)), shlex.quote(str(local))
    copied = f"cp {here} {there}; sync {there}"
    # Past the page cache, as `pack` reads its bundle back.
    compared = f"{copied}; dd if={there} iflag=nocache count=0 status=none; cmp {here} {there}"
    n_bytes = local.stat().st_size
    few = bench.pack("off", bench.extract(_FEW_ROWS), bundle)
    whole = _pack(bench, what, extract, bundle)
    packed = [(_FEW, few, "fast"), (_FAST, whole, "fast"), (_AUTO, whole, "auto")]
    return [
        Job(_COPIED, copied, None, copy, n_bytes),
        Job(_COMPARED, compared, None, copy, n_bytes),
        *(
            Job(
                name,
                [*command, "--compress", effort],
                bench.environment("ann"),
                bundle,
                0 if name == _FEW else extract.stat().st_size,
            )
            for name, command, effort in packed
        ),
    ]


def _ratios(runs: Runs, at: str) -> list[Ratio]:
    """Against copying a file of that size, without what a run of a few rows takes."""

    def against(name: str, to: str) -> float:
        rounds = zip(runs[name], runs[to], runs[_FEW], strict=True)
        return statistics.median(
            (run.wall - few.wall) / (copy.wall * run.n_bytes_out / copy.n_bytes_out)
            for run, copy, few in rounds
        )

    ratios = [
        Ratio(name=f"{name} / {to}: {at}", value=round(against(name, to), 3), at_most=at_most)
        for name in (_FAST, _AUTO)
        for to, at_most in ((_COPIED, None), (_COMPARED, MOST))
    ]
    whole = ratio_of(runs, _AUTO, _FAST, name=f"{_AUTO} / {_FAST}, all of it: {at}")
    return [*ratios, whole]


SCENE = Scene(
    "carriers",
    "Slow drives",
    "A drive that writes so many megabytes a second, and reads three times as many, one thing at "
    "a time (`bench/slow.py`). `pack` reads its bundle back past the page cache before it counts, "
    "which a drive can't do while it writes; so it is compared with copying a file of that size "
    "there, and with copying it, reading it back and comparing. What a run of a few rows takes is "
    "taken off, and is shown; the last figure of each rate is of whole runs. Two extracts: the "
    "reference, which packs to an eighth of its size, and noise, which packs to all but its size.",
    ("rows", "rates"),
    measure,
    "Where the drive is slower than the work, the drive alone is waited for. The bundle of the "
    "reference grows by some 20 MB a second: a drive of 20 MB/s is no slower than the work, and "
    "one of 40 waits for it.",
)
