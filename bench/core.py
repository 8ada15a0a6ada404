"""One core and two: how much of a run is serial, and what more cores would bring."""

from __future__ import annotations

import os
import shutil

from bench.measure import Job, run_in_turns
from bench.record import Ratio, ratio_of, series_of
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene, bundle_of

_MORE_CORES = 4


def measure(bench: Bench, options: Options) -> Outcome:
    """Both recipes on the first core and on the first two."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        return Outcome([], [], ["Not measured: it wants two cores and taskset."])
    extract, bundle = bench.extract(options.n_rows), bundle_of(bench)
    jobs = [
        Job(
            _name(recipe, n_cores),
            ["taskset", "-c", ",".join(map(str, cores[:n_cores])), *command],
            bench.environment("ann"),
            bundle,
            extract.stat().st_size,
        )
        for recipe in ("off", "on")
        for command in (bench.pack(recipe, extract, bundle),)
        for n_cores in (1, 2)
    ]
    runs = run_in_turns(jobs, min(options.n_rounds, 3))
    ratios: list[Ratio] = []
    for recipe in ("off", "on"):
        speedup = ratio_of(runs, _name(recipe, 1), _name(recipe, 2))
        # Amdahl: T(n) = T(1) (s + (1 - s) / n), so with n = 2: s = 2 T(2) / T(1) - 1.
        serial = min(max(2 / speedup.value - 1, 0.0), 1.0)
        more = 1 / (serial + (1 - serial) / _MORE_CORES)
        ratios += [
            speedup,
            Ratio(name=f"serial part, gates {recipe}", value=round(serial, 3)),
            Ratio(
                name=f"four cores against one by that part, gates {recipe}, not measured",
                value=round(more, 2),
            ),
        ]
    return Outcome(series_of(jobs, runs), ratios)


def _name(recipe: str, n_cores: int) -> str:
    return f"pack, gates {recipe}, {n_cores} core{'s' * (n_cores > 1)}"


SCENE = Scene(
    "cores",
    "Cores",
    "The same run bound to one core and to two by `taskset`. The serial part follows by Amdahl's "
    "law from both. There is one worker more than cores; how four of them would fare has not been "
    "measured.",
    ("rows",),
    measure,
)
