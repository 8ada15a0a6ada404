"""Leaks planted in realistic tables are found, and tables without one pass."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from typing import Any

import pytest

from securexfer.privacy.disclosure import Finding, check_combinations, check_totals, judge_table
from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import minimise_extract
from securexfer.privacy.plan import plan_tables
from securexfer.privacy.watch import Watch
from tests.assurance import Tally
from tests.unit import leaks
from tests.unit.leaks import KINDS, WEAK, Table, around, clean_table, plant, plant_column
from tests.world import SCOPE, csv_bytes, read, recipe_text

KEEP = '{ action = "keep" }'
N_CLEAN = 300
N_ROWS = 120


def recipe_for(table: Table, *, limits: str = "", more: str = "") -> str:
    """Pseudonymise the id, hold the names back, keep everything else."""
    fields = {"person": '{ from = "person_id", action = "pseudonymise", domain = "person" }'}
    fields |= dict.fromkeys(table.header[3:], KEEP)
    before = f'{limits}\n[tables.t]\nidentifying = ["forename", "surname"]\n{more}\n'
    return recipe_text({"t": fields}, before=before)


def findings_of(table: Table, recipe: str) -> list[Finding]:
    """What all gates say."""
    parsed = read(recipe).recipe
    data = csv_bytes([table.header, *table.rows])
    with Extract("t", io.BytesIO(data), parsed.tables["t"].csv) as extract:
        (plan,) = plan_tables(parsed, {"t": extract.header})
        watch = Watch(plan)
        for _ in minimise_extract(extract, plan, SCOPE, watch=watch, is_trial=True):
            pass
    totals = check_totals(parsed.limits, watch.n_rows, [watch])
    return [*judge_table(watch), *check_combinations([plan], parsed.limits), *totals]


def refusals(table: Table, recipe: str | None = None) -> list[dict[str, Any]]:
    found = findings_of(table, recipe or recipe_for(table))
    return [one.record() for one in found if one.result == "refused"]


def table_of(seed: str) -> tuple[random.Random, Table]:
    chance = random.Random(seed)
    return chance, clean_table(chance, N_ROWS)


def name_column(table: Table, name: str) -> None:
    """Make sure that there is a column of that name."""
    if name not in table.header:
        table.header[4] = name


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("kind", KINDS)
def test_an_identifier_inside_a_note_is_found(kind: str, number: int, tally: Tally) -> None:
    chance, table = table_of(f"inside {kind} {number}")
    plant(table, "notes", chance.randrange(N_ROWS), around(chance, KINDS[kind](chance)))
    found = refusals(table)
    assert [(one["gate"], one["field"], one["kind"], one["n_cells"]) for one in found] == [
        ("residual", "notes", kind, 1)
    ]
    tally.count("gates", "tables with one planted leak, found")


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WEAK])
def test_one_identifier_typed_as_a_reference_is_found(kind: str, number: int, tally: Tally) -> None:
    chance, table = table_of(f"whole {kind} {number}")
    name_column(table, "reference")
    plant_column(table, "reference", [leaks.COLUMNS["reference"](chance) for _ in table.rows])
    plant(table, "reference", chance.randrange(N_ROWS), KINDS[kind](chance))
    found = refusals(table)
    assert ("reference", kind) in {(one["field"], one["kind"]) for one in found}
    assert {one["field"] for one in found} == {"reference"}
    tally.count("gates", "tables with one planted leak, found")


@pytest.mark.parametrize("kind", [*KINDS, "passport"])
def test_a_whole_column_of_them_is_found(kind: str, tally: Tally) -> None:
    chance, table = table_of(f"column {kind}")
    make = KINDS.get(kind, leaks.passport)
    name = "passport_no" if kind == "passport" else "reference"
    name_column(table, name)
    plant_column(table, name, [make(chance) for _ in table.rows])
    assert (name, kind) in {(one["field"], one["kind"]) for one in refusals(table)}
    tally.count("gates", "tables with one planted leak, found")


ECHOES: dict[str, Callable[[str, str, str], tuple[str, str]]] = {
    # form: (id, forename, surname) -> what is typed, and the column it comes from
    "surname": lambda i, f, s: (s, "surname"),
    "surname in capitals": lambda i, f, s: (s.upper(), "surname"),
    "surname in small letters": lambda i, f, s: (s.lower(), "surname"),
    "possessive": lambda i, f, s: (f"{s}'s", "surname"),
    "forename": lambda i, f, s: (f, "forename"),
    "part of a double name": lambda i, f, s: (s.replace("-", " ").split(" ")[-1], "surname"),
    "id": lambda i, f, s: (i, "person_id"),
    "id in small letters": lambda i, f, s: (i.lower(), "person_id"),
}


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("form", ECHOES)
def test_a_value_of_the_row_that_is_repeated_is_found(form: str, number: int, tally: Tally) -> None:
    chance, table = table_of(f"echo {form} {number}")
    row = chance.randrange(N_ROWS)
    if form == "part of a double name":
        table.rows[row][2] = "Fortescue-Blythe"
    typed, source = ECHOES[form](*table.rows[row][:3])
    plant(table, "notes", row, around(chance, typed))
    found = refusals(table)
    assert [(one["gate"], one["field"], one["source"], one["n_cells"]) for one in found] == [
        ("echo", "notes", source, 1)
    ]
    tally.count("gates", "tables with one planted leak, found")


@pytest.mark.parametrize("number", range(6))
def test_combinations_and_totals_are_found(number: int, tally: Tally) -> None:
    chance, table = table_of(f"together {number}")
    some = chance.sample(table.header[3:], 3)
    limits = f"[[limits.never_together]]\nfields = {some!r}\nreason = 'x'\n".replace("'", '"')
    (one,) = refusals(table, recipe_for(table, limits=limits))
    assert one["gate"] == "never_together"
    people = len({row[0] for row in table.rows})
    (one,) = refusals(table, recipe_for(table, limits=f"[limits]\nmax_subjects = {people - 1}\n"))
    assert (one["gate"], one["n"]) == ("max_subjects", people)
    table.header[4:6] = ["sex", "district"]
    plant_column(table, "sex", ["F", "M"] * (N_ROWS // 2))
    plant_column(table, "district", ["M1"] * N_ROWS)
    plant(table, "district", chance.randrange(N_ROWS), "N1")
    groups = 'quasi_identifiers = ["sex", "district"]'
    recipe = recipe_for(table, limits="[limits]\nmin_group_size = 5\n", more=groups)
    (one,) = refusals(table, recipe)
    assert (one["gate"], one["k"], one["n_small_rows"]) == ("min_group_size", 1, 1)
    tally.count("gates", "tables with one planted leak, found", 3)


def test_clean_tables_pass(tally: Tally) -> None:
    alarms = []
    for number in range(N_CLEAN):
        _, table = table_of(f"clean {number}")
        alarms += [(number, one) for one in refusals(table)]
    n_tables = len({number for number, _ in alarms})
    assert n_tables < 0.02 * N_CLEAN, alarms
    tally.count("gates", "clean tables searched", N_CLEAN)
    tally.worst("gates", "of these, false alarms", n_tables, "tables")
