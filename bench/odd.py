"""The rate of `pack` for tables that are not like the reference, for each byte of them."""

from __future__ import annotations

import statistics
from pathlib import Path

from bench.measure import Job, Run, Runs, remove, run_in_turns
from bench.record import Ratio, Series, make_series
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene, bundle_of
from bench.shape import GATES, REFERENCE, SHAPES, Shape
from bench.size import ROW_BYTES

MOST = 3.0
_EMPTY = "pack, a few rows"
_FEW_BYTES = 20_000


def measure(bench: Bench, options: Options) -> Outcome:
    """All of them and the reference, with gates off and then on."""
    n_bytes = options.n_rows * ROW_BYTES // 4
    folder = bench.folder / "odd"
    series: list[Series] = []
    ratios: list[Ratio] = []
    for gates in GATES:
        if folder.exists():
            remove(folder)
        jobs = [_job(bench, folder / "few", REFERENCE, gates, _FEW_BYTES, _EMPTY)]
        jobs += [
            _job(bench, folder / str(number), shape, gates, n_bytes, shape.name)
            for number, shape in enumerate((REFERENCE, *SHAPES))
        ]
        runs = run_in_turns(jobs, min(options.n_rounds, 3), warms_up=False)
        remove(folder)
        series += [
            make_series(f"{job.name}, gates {gates}", runs[job.name], job.n_bytes_in)
            for job in jobs[1:]
        ]
        times = {job.name: _times(runs, job.name, job.n_bytes_in) for job in jobs[1:]}
        for shape in SHAPES:
            pairs = zip(times[shape.name], times[REFERENCE.name], strict=True)
            value = statistics.median(odd / own for odd, own in pairs)
            name = f"{shape.name} / {REFERENCE.name}, gates {gates}"
            ratios.append(Ratio(name=name, value=round(value, 2), at_most=MOST))
    return Outcome(series, ratios)


def _job(bench: Bench, folder: Path, shape: Shape, gates: str, n_bytes: int, name: str) -> Job:
    folder.mkdir(parents=True)
    extracts = shape.write(folder, n_bytes)
    recipe = folder / "odd.toml"
    recipe.write_text(shape.recipe(gates))
    bundle = bundle_of(bench)
    command = bench.command(
        *("pack", *map(str, extracts), "--recipe", str(recipe), "--to", "acme"),
        *("-o", str(bundle), "--force", "--quiet", "--no-input"),
    )
    size = sum(path.stat().st_size for path in extracts)
    return Job(name, command, bench.environment("ann"), bundle, size)


def _times(runs: Runs, name: str, n_bytes: int) -> list[float]:
    """Seconds for each byte, without what a run of a few rows takes in the same round."""
    few: list[Run] = runs[_EMPTY]
    pairs = zip(runs[name], few, strict=True)
    return [max(run.wall - empty.wall, 1e-3) / n_bytes for run, empty in pairs]


SCENE = Scene(
    "odd",
    "Odd tables",
    "Each has a quarter of the reference's bytes, and all its fields are kept as they are. What a "
    "run of a few rows takes is taken off, and seconds for each byte of the extract are compared "
    "with those of the reference in the same round.",
    ("rows",),
    measure,
    "A column of numbers is slow before any gate looks at it: a cell has eight bytes, and all "
    "leave. In the reference it has eleven, and two of five leave. The search for identifiers "
    "adds 0.02 µs for each number, and 0.02 to 0.06 for each date, amount or name: what cells "
    "can hold is asked once for all that have the same outline (`privacy/outline.py`), and for "
    "all columns of a block together. Slower for each byte than three times the reference are "
    "columns that no table here has: those in which most cells look like an identifier. Whole "
    "numbers of ten digits and more take 0.1 to 0.3 µs each, codes of letters and digits 0.2 to "
    "0.4, order numbers with a word before them 0.5, UUIDs and phone numbers 2.7: what looks "
    "like an identifier that is not of digits alone is judged one by one, in Python.",
)
