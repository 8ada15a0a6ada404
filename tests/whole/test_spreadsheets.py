"""Cells that a spreadsheet would run: told of on the way out, escaped on the way in if asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.whole.cli import Desk, two_desks
from tests.world import csv_bytes, csv_rows, recipe_text

NOTE = '{ from = "text", action = "keep" }'
RECIPE = recipe_text(
    {
        "notes": {
            "person": '{ from = "id", action = "pseudonymise", domain = "person" }',
            "@note": NOTE,
            "number": '{ action = "keep" }',
        }
    }
)
ROWS = [
    ["id", "text", "number"],
    ["=1", "=1+1", "-1"],
    ["=2", "plain", "-2.5"],
    ["=3", '@SUM("x",1)', ""],
]
N_FORMULAS = {"person": 0, "@note": 3, "number": 0}


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    desks = two_desks(tmp_path)
    (tmp_path / "notes.csv").write_bytes(csv_bytes(ROWS))
    (tmp_path / "notes.toml").write_text(RECIPE)
    return desks


def test_recipe_check_and_pack_count_them_and_change_nothing(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    checked = ann.run("recipe", "check", "notes.toml", "notes.csv")
    assert b"3 rows" in checked.stdout
    (note,) = [line for line in checked.stdout.splitlines() if line.strip().startswith(b"@note")]
    assert b"kept as it is (3 cells are formulas to a spreadsheet)" in note
    assert b"--escape-formulas" in checked.stderr
    (table,) = ann.json("recipe", "check", "notes.toml", "notes.csv")["tables"]
    assert (table["n_rows_out"], table["n_formulas"]) == (3, N_FORMULAS)
    packing = ["pack", "notes.csv", "--recipe", "notes.toml", "--to", "bob", "-o", "stick"]
    assert b"--escape-formulas" in ann.run(*packing).stderr
    packed = ann.json(*packing)
    assert packed["tables"][0]["n_formulas"] == N_FORMULAS
    entry = ann.json("register", "list")["entries"][-1]
    assert entry["details"]["tables"][0]["n_formulas"] == N_FORMULAS
    shown = bob.run("unpack", packed["path"], "-o", "out", "--older")
    assert b"3 cells are formulas" in shown.stdout.replace(b"\n", b" ")
    rows = csv_rows((ann.folder / "out" / "notes.csv").read_bytes())
    assert [row[1:] for row in rows] == [["@note", "number"], *(row[1:] for row in ROWS[1:])]


def test_recipe_check_finds_what_only_the_rows_show(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    (ann.folder / "notes.csv").write_bytes(csv_bytes([*ROWS, ["short"]]))
    run = ann.run("recipe", "check", "notes.toml", "notes.csv", check=20)
    assert b"line 5" in run.stderr


def test_unpack_escapes_them_if_asked_and_records_it(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    packing = ["pack", "notes.csv", "--recipe", "notes.toml", "--to", "bob", "-o", "stick"]
    path = ann.json(*packing)["path"]
    result = bob.json("unpack", path, "-o", "out", "--escape-formulas")
    assert result["n_escaped"] == {"notes": 3}
    rows = csv_rows((ann.folder / "out" / "notes.csv").read_bytes())
    assert [row[1] for row in rows] == ["'@note", "'=1+1", "plain", '\'@SUM("x",1)']
    assert [row[2] for row in rows[1:]] == ["-1", "-2.5", ""]
    details = bob.json("register", "list")["entries"][-1]["details"]
    assert details["n_escaped"] == {"notes": 3}
    assert details["files_sha256"]["notes.csv"] != details["tables"][0]["sha256"]
    bob.run("unpack", path, "-o", "raw")
    assert "n_escaped" not in bob.json("register", "list")["entries"][-1]["details"]
    from frictionless import Package

    for folder in ("out", "raw"):
        report = Package(str(ann.folder / folder / "datapackage.json")).validate()
        assert report.valid, report.flatten(["code"])
    both = bob.run("unpack", path, "-o", "b", "--escape-formulas", "--keep-compressed", check=2)
    assert b"Leave out one of" in both.stderr
    assert not (ann.folder / "b").exists()
