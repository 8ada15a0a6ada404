"""The figures as tables: on a terminal, and as `docs/performance.md`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.record import Ratio, Record, Records, Series
from bench.scene import Scene

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
SERIES_HEAD = ("", "wall, s", "cpu, s", "memory, MB", "read, MB/s", "written, MB")
RATIOS_HEAD = ("", "measured", "goal", "holds")
_MEGABYTE = 1_000_000
_LINE = 100
ORIGINS = "When, where and with what"
_REPEAT_COMMANDS = """\
    make bench                              # everything, then build/bench/performance.json
    make bench BENCH_ARGS="--rows 400000"   # short
    make bench BENCH_ARGS="--only peers"    # a part
    make bench BENCH_ARGS="--page"          # and these figures become this page
"""
HEAD = f"""# Performance

How long things take, beside what others take for less on the same machine, in the same run and in
turns: A B A B. Nobody typed the numbers: `make bench` measures, and this page is written from
`docs/performance.json`. Seconds depend on the machine and what else it does; so goals are ratios,
each the median over the rounds, and no test asserts a time. A goal that does not hold says so.

To repeat it:

{_REPEAT_COMMANDS}
The peers are measured where they are installed: age, zstd, gpg and 7zz as Debian has them; sett
with `pip install sett 'paramiko<4'` into an environment of its own, whose `sett` is put on the
`PATH`. The extract is synthetic and the same each time: 4,000,000 rows of 20 columns are 960 MB, of
which 8 fields leave, one pseudonymised and two generalised. Memory is the most that all processes
of a command had at one time. Slow drives want root and FUSE.
"""


def series_cells(one: Series) -> tuple[str, ...]:
    """A row of a table of runs."""
    rate = f"{one.n_bytes_in / one.wall / _MEGABYTE:,.0f}" if one.n_bytes_in else "-"
    written = f"{one.n_bytes_out / _MEGABYTE:,.1f}" if one.n_bytes_out else "-"
    memory = f"{one.peak_bytes / _MEGABYTE:,.0f}" if one.peak_bytes else "-"
    return (
        one.name,
        f"{one.wall:.2f}",
        f"{one.cpu:.2f}",
        memory,
        rate,
        written,
    )


def ratio_cells(one: Ratio) -> tuple[str, ...]:
    """A row of a table of ratios."""
    bounds = []
    if one.at_least is not None:
        bounds.append(f"≥ {one.at_least:g}")
    if one.at_most is not None:
        bounds.append(f"≤ {one.at_most:g}")
    goal = " and ".join(bounds) or "-"
    holds = {True: "yes", False: "**no**", None: "-"}[one.holds]
    unit = f" {one.unit}" if one.unit else ""
    return one.name, f"{one.value:,g}{unit}", goal, holds


def render(records: Records, scenes: Sequence[Scene]) -> str:
    """The page."""
    parts = [HEAD]
    shown = [(scene, records[scene.name]) for scene in scenes if scene.name in records]
    for scene, record in shown:
        parts.append(f"\n## {scene.title}\n\n{fill(scene.text, _LINE)}\n")
        parts.append(_render_record(record))
        if scene.why:
            parts.append(f"\n{fill(scene.why, _LINE)}\n")
    parts.append(_render_origins(shown))
    return "".join(parts)


def _render_record(record: Record) -> str:
    parts = []
    if record.series:
        parts += ["\n", _table(SERIES_HEAD, [series_cells(one) for one in record.series])]
    if record.ratios:
        parts += ["\n", _table(RATIOS_HEAD, [ratio_cells(one) for one in record.ratios])]
    parts += [f"\n{fill(note, _LINE)}\n" for note in record.notes]
    return "".join(parts)


def _render_origins(shown: Sequence[tuple[Scene, Record]]) -> str:
    """When, on what and with what each scene was measured."""
    rows = [
        (
            scene.title,
            record.taken_on,
            ", ".join(f"{name} {value}" for name, value in record.options.items()),
            record.machine["load_before"],
            _machine(record),
        )
        for scene, record in shown
    ]
    versions = {_versions(record): scene.title for scene, record in shown}
    head = ("", "measured on", "with", "load before", "machine")
    parts = [f"\n## {ORIGINS}\n\n", _table(head, rows)]
    for text, title in versions.items():
        which = "Versions" if len(versions) == 1 else f"Versions, {title}"
        parts.append(f"\n{fill(f'{which}: {text}.', _LINE, break_on_hyphens=False)}\n")
    return "".join(parts)


def _machine(record: Record) -> str:
    machine = record.machine
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}"
    )


def _versions(record: Record) -> str:
    return ", ".join(f"{name} {value}" for name, value in record.versions.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [head, rule, *[[cell.replace("|", "\\|") for cell in row] for row in rows]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(console: Console, title: str, record: Record) -> None:
    """The same on a terminal."""
    for head, rows in (
        (SERIES_HEAD, [series_cells(one) for one in record.series]),
        (RATIOS_HEAD, [ratio_cells(one) for one in record.ratios]),
    ):
        table = Table(title=title, title_justify="left")
        for number, name in enumerate(head):
            table.add_column(name, justify="right" if number else "left")
        for row in rows:
            table.add_row(*(Text(cell.strip("*")) for cell in row))
        if rows:
            console.print(table)
    for note in record.notes:
        console.print(Text(note))
