"""The assurance page is what its figures say, and notices a run that shows less."""

from __future__ import annotations

from pathlib import Path

from tests.assurance import Tally, load, read_tally, render, shortfalls, take
from tests.docs.pages import page


def test_the_page_is_rendered_from_the_saved_figures() -> None:
    assert page("docs/assurance.md") == render(load())


def test_counts_add_up_and_of_measurements_the_worst_stands(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    for n in (3, 4):
        tally.count("tamper", "flips", n)
        tally.worst("archives", "slowest", n / 8, "s")
    figures = read_tally(tmp_path)
    assert figures["tamper", "flips"].value == 7
    assert figures["archives", "slowest"].value == 0.5


def test_a_run_that_shows_less_or_something_else_is_noticed(tmp_path: Path) -> None:
    Tally(tmp_path / "full").count("tamper", "flips", 8)
    Tally(tmp_path / "less").count("tamper", "flips", 7)
    Tally(tmp_path / "other").count("tamper", "cuts", 8)
    saved = load()
    take(saved, "sample", read_tally(tmp_path / "full"))
    assert shortfalls(saved, read_tally(tmp_path / "full")) == []
    assert shortfalls(saved, read_tally(tmp_path / "less")) == ["tamper: flips: 7 of 8"]
    assert len(shortfalls(saved, read_tally(tmp_path / "other"))) == 2
