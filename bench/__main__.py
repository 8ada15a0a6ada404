"""Measures securexfer against others, in turns: `make bench`.

    python -m bench [--only NAME]... [--rows N] [--rounds N] [--sizes MB,MB] [--rates MB,MB]
                    [--outside MB] [--folder DIR] [--json FILE] [--page]

Each scene's figures are saved when it ends, so that parts can be measured one by one. `--page` also
writes what is saved to docs/performance.json and docs/performance.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from bench import contest, core, floor, forward, odd, opening, outside, pen, size, start
from bench.page import PAGE, render, show
from bench.record import load_records, save_records
from bench.reference import Bench
from bench.scene import Options, Scene

SCENES: tuple[Scene, ...] = (
    contest.SCENE,
    floor.SCENE,
    opening.SCENE,
    size.SCENE,
    outside.SCENE,
    start.SCENE,
    core.SCENE,
    pen.SCENE,
    forward.SCENE,
    odd.SCENE,
)


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for, print tables, save figures."""
    names = [scene.name for scene in SCENES]
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m bench", description="measure, in turns")
    parser.add_argument("--only", action="append", choices=names, help="a scene; repeat")
    parser.add_argument("--rows", type=int, default=default.n_rows)
    parser.add_argument("--rounds", type=int, default=default.n_rounds)
    parser.add_argument("--sizes", type=_numbers, default=default.sizes, help="megabytes")
    parser.add_argument("--rates", type=_rates, default=default.rates, help="megabytes a second")
    parser.add_argument("--outside", type=int, default=default.n_outside_megabytes)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--json", type=Path, help="where figures are kept")
    parser.add_argument("--page", action="store_true", help="take them into the documentation")
    given = parser.parse_args(arguments)
    options = Options(given.rows, given.rounds, given.sizes, given.rates, given.outside)
    kept = given.json or given.folder / "performance.json"
    records = load_records(kept)
    console = Console()
    if given.only or not given.page or not records:
        bench = Bench.prepare(given.folder.absolute())
        for scene in SCENES:
            if given.only is None or scene.name in given.only:
                records[scene.name] = scene.take(bench, options)
                save_records(records, kept)
                show(console, scene.title, records[scene.name])
    if given.page:
        save_records(load_records() | records)
        PAGE.write_text(render(load_records(), SCENES), encoding="utf-8")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(map(int, text.split(","))))


def _rates(text: str) -> tuple[float, ...]:
    return tuple(sorted(map(float, text.split(","))))


if __name__ == "__main__":
    main()
