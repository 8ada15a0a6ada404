"""What a person waits for whatever the size: `--help`, and a small extract."""

from __future__ import annotations

import sys

from bench.measure import Job, run_in_turns
from bench.record import Ratio, series_of
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene, bundle_of

HELP, SMALL, BARE = "securexfer --help", "pack, 1,000 rows", "python -I -c pass"
_SMALL_ROWS = 1000
_HELP_SECONDS, _SMALL_SECONDS = 0.12, 0.8


def measure(bench: Bench, options: Options) -> Outcome:
    """Many rounds, because they are short."""
    extract, bundle = bench.extract(_SMALL_ROWS), bundle_of(bench)
    pack = bench.pack("on", extract, bundle)
    jobs = [
        Job(HELP, bench.command("--help"), bench.environment("ann")),
        Job(SMALL, pack, bench.environment("ann"), bundle, extract.stat().st_size),
        Job(BARE, [sys.executable, "-I", "-c", "pass"]),
    ]
    runs = run_in_turns(jobs, options.n_rounds * 2)
    series = series_of(jobs, runs)
    seconds = {one.name: one.wall for one in series}
    ratios = [
        Ratio(name=HELP, value=round(seconds[HELP], 3), at_most=_HELP_SECONDS, unit="s"),
        Ratio(name=SMALL, value=round(seconds[SMALL], 3), at_most=_SMALL_SECONDS, unit="s"),
    ]
    return Outcome(series, ratios)


SCENE = Scene(
    "start",
    "Starting",
    "The two seconds on this page that are goals, for a person at a terminal; an interpreter that "
    "does nothing stands beside them.",
    ("rounds",),
    measure,
)
