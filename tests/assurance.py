"""What a run of the tests has shown, counted: the figures of `docs/assurance.md`.

A test that stands for many cases says how many it ran. `--tally FOLDER` keeps the counts, one
file for each process, and this module makes the page of them:

    python -m tests.assurance sample FOLDER   take the figures of a run of the tests
    python -m tests.assurance soak FOLDER     take the figures of the full matrices
    python -m tests.assurance check FOLDER    fail if a run showed less than the page says
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "assurance.md"
FIGURES = PAGE.with_suffix(".json")
Saved = dict[str, dict[str, dict[str, list[float | str]]]]
# The rows of the page, in its order.
ROWS = {
    "tamper": "Tampering",
    "identity": "Identity",
    "statements": "Receipts, certificates and extensions",
    "archives": "Malicious archives",
    "crash": "Crashes and failing drives",
    "media": "Kinds of media",
    "stories": "The two losses, as tests",
    "register": "The register",
    "hygiene": "Plaintext hygiene",
    "gates": "Leaks planted in tables",
    "drives": "Drives with things in clear on them",
    "input": "Hostile input",
    "desk": "Where nobody is to be asked, and at a terminal",
    "fuzzing": "Fuzzing and properties",
    "checks": "Every check counts",
    "vectors": "Frozen vectors",
    "answers": "Known answers",
}


HEAD = """# Assurance

What has been tried against securexfer, and how often. Nobody typed the numbers: the tests count
their cases, and `python -m tests.assurance` writes this page. The first column is what each run of
the tests shows, and a run that shows less fails. The second is what `make soak` showed the last
time: the full matrices, an hour or two long. A dash: not counted in that run.

No case was accepted that should not have been, nothing was lost, and nothing leaked: a case that
fails is a failed test, and then there is no page. What is not defended at all is in the
[threat model](threat-model.md).
"""


@dataclass(frozen=True)
class Figure:
    """One number: how many cases of a kind ran, or the worst that was measured."""

    row: str
    what: str
    value: float
    unit: str

    @property
    def is_count(self) -> bool:
        """Counts of several tests add up; of measurements the largest stands."""
        return not self.unit


class Tally:
    """Collects figures, in a folder if there is one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def count(self, row: str, what: str, n: int = 1) -> None:
        """Say that `n` cases of a kind were run and held."""
        self._add(Figure(row, what, n, ""))

    def worst(self, row: str, what: str, value: float, unit: str) -> None:
        """Say what was measured; the page shows the largest."""
        self._add(Figure(row, what, round(value, 3), unit))

    def _add(self, figure: Figure) -> None:
        if figure.row not in ROWS:
            raise ValueError(f"{figure.row} is not a row of the assurance page")
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            line = [figure.row, figure.what, figure.value, figure.unit]
            with (self._folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def read_tally(folder: Path) -> dict[tuple[str, str], Figure]:
    """The figures of a run, by row and kind."""
    figures: dict[tuple[str, str], Figure] = {}
    for figure in _lines(folder):
        key = figure.row, figure.what
        before = figures.get(key)
        if before is not None:
            join = sum if figure.is_count else max
            value = join((before.value, figure.value))
            figure = Figure(*key, value, figure.unit)
        figures[key] = figure
    return figures


def _lines(folder: Path) -> Iterator[Figure]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Figure(*json.loads(line))


def load() -> Saved:
    """The saved figures: column, row, kind to value and unit."""
    if not FIGURES.exists():
        return {"sample": {}, "soak": {}}
    saved: Saved = json.loads(FIGURES.read_text(encoding="utf-8"))
    return saved


def take(saved: Saved, column: str, figures: dict[tuple[str, str], Figure]) -> None:
    """Replace a column."""
    rows: dict[str, dict[str, list[float | str]]] = {}
    for (row, what), figure in sorted(figures.items()):
        rows.setdefault(row, {})[what] = [figure.value, figure.unit]
    saved[column] = rows


def render(saved: Saved) -> str:
    """The page."""
    parts = [HEAD]
    if not saved["sample"] and not saved["soak"]:
        parts.append("\nNo figures have been taken yet.\n")
    elif not saved["soak"]:
        parts.append("\nThe full matrices have not been run to their end yet.\n")
    for row, title in ROWS.items():
        sample, soak = saved["sample"].get(row, {}), saved["soak"].get(row, {})
        if not sample and not soak:
            continue
        parts.append(f"\n## {title}\n\n| | each run | full matrix |\n|---|---:|---:|\n")
        parts.extend(
            f"| {what} | {_cell(sample.get(what))} | {_cell(soak.get(what))} |\n"
            for what in sorted(sample.keys() | soak.keys())
        )
    return "".join(parts)


def shortfalls(saved: Saved, figures: dict[tuple[str, str], Figure]) -> list[str]:
    """What the page says of each run and this run has not shown, or has shown anew."""
    found = []
    for row, kinds in saved["sample"].items():
        for what, (value, unit) in kinds.items():
            figure = figures.get((row, what))
            if figure is None or (not unit and figure.value < float(value)):
                found.append(f"{row}: {what}: {figure and figure.value} of {value}")
    known = {(row, what) for row, kinds in saved["sample"].items() for what in kinds}
    found += [f"{row}: {what}: not on the page" for row, what in sorted(figures.keys() - known)]
    return found


def _cell(figure: list[float | str] | None) -> str:
    if figure is None:
        return "-"
    value, unit = figure
    return f"{value:,} {unit}".strip()


def main() -> None:
    """Take, or check, the figures of one run."""
    command, folder = sys.argv[1], Path(sys.argv[2])
    saved, figures = load(), read_tally(folder)
    if command == "check" and not saved["sample"]:
        return  # the page claims nothing yet
    if command == "check":
        sys.exit("\n".join(shortfalls(saved, figures)) or None)
    take(saved, command, figures)
    FIGURES.write_text(json.dumps(saved, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(render(saved), encoding="utf-8")


if __name__ == "__main__":
    main()
