"""Memory and time of `pack` and `unpack` as extracts grow."""

from __future__ import annotations

from pathlib import Path

from bench.measure import Job, Run, run_job
from bench.record import Ratio, make_series
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene, bundle_of

MEGABYTE = 1_000_000
# A row of the synthetic extract has so many bytes, about.
ROW_BYTES = 229
_MOST_BYTES = 400 * MEGABYTE
# Below it what does not depend on size, as starting, weighs too much to tell about the rest.
_LEAST_MEGABYTES = 100


def measure(bench: Bench, options: Options) -> Outcome:
    """From the smallest up, a round after the other; each extract is deleted behind it."""
    runs: dict[tuple[str, int], list[Run]] = {}
    sizes: dict[int, int] = {}
    n_rounds = min(options.n_rounds, 3)
    for megabytes in options.sizes:
        extract = bench.extract(megabytes * MEGABYTE // ROW_BYTES)
        sizes[megabytes] = extract.stat().st_size
        for _ in range(n_rounds if megabytes <= 1000 else 1):
            for job in _jobs(bench, extract):
                runs.setdefault((job.name, megabytes), []).append(run_job(job))
        if megabytes > 1000:
            extract.unlink()
    series = [
        make_series(f"{name}, {megabytes:,} MB", found, sizes[megabytes])
        for (name, megabytes), found in runs.items()
    ]
    ratios: list[Ratio] = []
    for name in ("pack", "unpack"):
        found = {size: runs[name, size] for size in options.sizes}
        peaks = {size: max(run.peak for run in these) for size, these in found.items()}
        ratios += [
            Ratio(
                name=f"memory of {name}, the most over the least of any size",
                value=round(max(peaks.values()) / min(peaks.values()), 3),
                at_most=1.2,
            ),
            Ratio(
                name=f"memory of {name}, the most",
                value=round(max(peaks.values()) / MEGABYTE, 1),
                at_most=_MOST_BYTES / MEGABYTE,
                unit="MB",
            ),
        ]
        ratios += _linearity(name, found, sizes)
    return Outcome(series, ratios)


def _jobs(bench: Bench, extract: Path) -> list[Job]:
    bundle, out = bundle_of(bench), bench.folder / "out"
    unpack = bench.command("unpack", str(bundle), "-o", str(out), "--quiet", "--no-input")
    return [
        Job("pack", bench.pack("on", extract, bundle), bench.environment("ann"), bundle),
        Job("unpack", unpack, bench.environment("acme"), out),
    ]


def _linearity(name: str, found: dict[int, list[Run]], sizes: dict[int, int]) -> list[Ratio]:
    """Seconds a byte of each size against the largest, without what any run takes to start."""
    large = max(found)
    fit = [size for size in found if size >= _LEAST_MEGABYTES and size != large]
    walls = {
        size: sorted(run.wall for run in these)[len(these) // 2] for size, these in found.items()
    }
    if len(fit) < 1:
        return []
    small = min(fit)
    # Two sizes give the time to start and the time for each byte; a third shows whether they hold.
    each = (walls[large] - walls[small]) / (sizes[large] - sizes[small])
    begin = walls[small] - each * sizes[small]
    ratios = [Ratio(name=f"{name}: seconds before the first byte", value=round(begin, 2), unit="s")]
    ratios += [
        Ratio(
            name=f"{name}: time of {size:,} MB / what a straight line says",
            value=round(walls[size] / (begin + each * sizes[size]), 3),
            at_most=1.1,
            at_least=0.9,
        )
        for size in fit
        if size != small
    ]
    return ratios


SCENE = Scene(
    "sizes",
    "Size",
    "Extracts of several sizes, packed with all gates on and unpacked. Memory is of all processes "
    "of a command together. Time is linear if a middle size takes what a straight line through the "
    "smallest and the largest says.",
    ("sizes",),
    measure,
)
