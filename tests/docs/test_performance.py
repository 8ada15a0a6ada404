"""The performance page is what its figures say, and the benchmarks run to their end.

No time is asserted anywhere: only that everything is measured that the page shows.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from bench.__main__ import SCENES, main
from bench.page import ORIGINS, ratio_cells, render, series_cells
from bench.record import FIGURES, Ratio, Record, load_records
from bench.scene import Scene
from bench.shape import REFERENCE, SHAPES, Shape, _cut
from tests.docs.pages import page, rows, sections

TINY = ["--rows", "2000", "--rounds", "1", "--sizes", "1,2", "--rates", "40", "--outside", "2"]


def test_the_page_is_rendered_from_the_saved_figures() -> None:
    assert page("docs/performance.md") == render(load_records(), SCENES)


def test_the_page_shows_every_scene_and_every_figure_of_it() -> None:
    shown = sections(page("docs/performance.md"))
    records = load_records()
    assert list(shown) == [*(scene.title for scene in SCENES), ORIGINS]
    for scene in SCENES:
        record = records[scene.name]
        # A bar that stands in a name is escaped, and the reader of tables cuts there all the same.
        cells = {row[0].removesuffix("\\").strip() for row in rows(shown[scene.title])}
        names = [*(one.name for one in record.series), *(one.name for one in record.ratios)]
        for name in names:
            assert name.split("|")[0].strip() in cells
        assert record.series, f"{scene.name} was not measured"
        for name in ("python", "securexfer"):
            assert f"{name} {record.versions[name]}" in " ".join(shown[ORIGINS].split())


def test_the_saved_figures_are_complete() -> None:
    saved = json.loads(FIGURES.read_text(encoding="utf-8"))
    for record in saved.values():
        assert set(record) == set(Record.model_fields)
        assert {"processor", "cores", "memory", "system"} <= set(record["machine"])


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_runs_to_its_end_and_saves_all_of_it(
    scene: Scene,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.odd.SHAPES", SHAPES[-1:])
    monkeypatch.setattr("bench.odd.GATES", ["on"])
    kept = tmp_path / "figures.json"
    main([*TINY, "--only", scene.name, "--folder", str(tmp_path / "bench"), "--json", str(kept)])
    saved = json.loads(kept.read_text(encoding="utf-8"))
    assert list(saved) == [scene.name]
    record = Record.model_validate(saved[scene.name])
    assert record.series or record.notes
    for one in record.series:
        assert len(one.walls) == len(one.cpus) >= 1
        # What is over within a few looks may have been seen by none.
        assert one.peak_bytes > 0 or max(one.walls) < 0.1
        assert all(wall > 0 for wall in one.walls)
    told = capsys.readouterr().out
    assert all(one.name.split()[0] in told for one in record.series)


@pytest.mark.parametrize(
    ("ratio", "goal", "holds"),
    [
        (Ratio(name="a", value=1.0, at_most=1.0), "≤ 1", "yes"),
        (Ratio(name="a", value=1.01, at_most=1.0), "≤ 1", "**no**"),
        (Ratio(name="a", value=7.9, at_least=8), "≥ 8", "**no**"),
        (Ratio(name="a", value=1.0, at_most=1.1, at_least=0.9), "≥ 0.9 and ≤ 1.1", "yes"),
        (Ratio(name="a", value=1.0), "-", "-"),
    ],
)
def test_a_goal_that_does_not_hold_says_so(ratio: Ratio, goal: str, holds: str) -> None:
    assert ratio_cells(ratio)[2:] == (goal, holds)


def test_of_several_runs_the_median_is_shown_and_the_most_memory() -> None:
    record = load_records()["peers"]
    first = record.series[0].model_copy(
        update={"walls": [1.0, 9.0, 2.0], "peak_bytes": 7_000_000, "n_bytes_in": 4_000_000}
    )
    assert series_cells(first)[1::2] == ("2.00", "7", first_size(first.n_bytes_out))
    assert series_cells(first)[4] == "2"


def test_memory_that_nobody_saw_is_not_shown_as_none() -> None:
    unseen = load_records()["peers"].series[0].model_copy(update={"peak_bytes": 0})
    assert series_cells(unseen)[3] == "-"


def first_size(n_bytes: int) -> str:
    return f"{n_bytes / 1_000_000:,.1f}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_odd_tables_are_cut_between_rows(encoding: str) -> None:
    rows = ['a,"b\nc"\n', "d,\u0a0ae\n", 'f,"""\n"\n']
    encoded = [row.encode(encoding) for row in rows]
    ends = [sum(map(len, encoded[: n + 1])) for n in range(3)]
    whole = b"".join(encoded)
    found = {_cut(whole, at, "\n".encode(encoding)) for at in range(len(whole) - 1)}
    assert sorted(found) == ends


@pytest.mark.parametrize("shape", [REFERENCE, *SHAPES], ids=lambda shape: shape.name)
def test_odd_tables_are_as_odd_as_they_say(shape: Shape, tmp_path: Path) -> None:
    paths = shape.write(tmp_path, 400_000)
    assert len(paths) == shape.n_tables
    assert 400_000 <= sum(path.stat().st_size for path in paths) <= 400_000 * 1.2
    for path in paths[:2]:
        text = path.read_bytes().decode(shape.encoding)
        header, *table = csv.reader(io.StringIO(text), strict=True)
        assert tuple(header) == shape.columns
        assert {len(row) for row in table} == {len(shape.columns)}
        assert text.endswith("\n")
        if "quotes" in shape.name:
            assert text.count('","') >= 17 * len(table)
        if "100 characters" in shape.name:
            assert {len(cell) for row in table for cell in row} == {100}
        if shape.encoding != "utf-8":
            assert path.read_bytes().startswith((b"\xff\xfe", b"\xfe\xff"))
