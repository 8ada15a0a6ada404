"""What the gates cost: `pack` with all of them, against the same `pack` with none.

python -m bench.gates [--rows N] [--rounds N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from bench.measure import Job, median_ratio, median_wall, run_in_turns
from bench.reference import REFERENCE_ROWS, Bench


def main() -> None:
    """Measure, and print one line for each, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=REFERENCE_ROWS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    bench = Bench.prepare(given.folder.absolute())
    extract = bench.extract(given.rows)
    bundle = bench.folder / "bundle.zip"
    jobs = [
        Job(name, bench.pack(name, extract, bundle), bench.environment("ann"))
        for name in ("on", "off")
    ]
    runs = run_in_turns(jobs, given.rounds)
    for name, measured in runs.items():
        cpu = statistics.median(run.cpu for run in measured)
        peak = max(run.peak for run in measured)
        print(
            f"gates {name:3}  {median_wall(measured):6.2f} s wall  {cpu:6.2f} s cpu  "
            f"{peak / 1e6:4.0f} MB"
        )
    on, off = runs["on"], runs["off"]
    print(
        f"with / without: {median_ratio(on, off):.2f} wall, {median_ratio(on, off, 'cpu'):.2f} cpu"
    )


if __name__ == "__main__":
    main()
