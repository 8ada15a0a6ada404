"""What a check shows of the output: its form, and never a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from securexfer.planning import Input, open_extracts, try_extracts
from securexfer.privacy.form import VARIED, form_of
from securexfer.recipe.field import FIELD_TYPES
from securexfer.reporting import SilentReporter
from tests.world import csv_bytes, minimise_table, read, recipe_text


def forms(tmp_path: Path, cells: list[str], spec: str) -> str:
    path = tmp_path / "t.csv"
    path.write_bytes(csv_bytes([["a", "b"], *([cell, "x"] for cell in cells)]))
    recipe = read(recipe_text({"t": {"out": spec, "b": '{ action = "keep" }'}})).recipe
    with open_extracts(recipe, [Input("t", path)]) as opened:
        return try_extracts(opened, SilentReporter()).forms["t"]["out"]


KEEP = '{ from = "a", action = "keep" }'


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["Ann 7", "Bob 9"] * 10, "Aaa 9"),
        (["É-1"] * 10 + ["x"] * 9, "A-9"),
        (["ß\u202e"] * 10, "a?"),
        (["x"] * 9, VARIED),
        ([], VARIED),
        (["a" * 30] * 10, "a" * 24 + "…"),
    ],
)
def test_the_commonest_form_is_shown_if_enough_cells_share_it(
    cells: list[str], form: str, tmp_path: Path
) -> None:
    assert forms(tmp_path, cells, KEEP) == form


CLOSED = {
    "pseudonymise": ('domain = "d"', "K1"),
    "year": ('format = "%Y-%m-%d"', "1980-02-03"),
    "month": ('format = "%Y-%m-%d"', "1980-02-03"),
    "age-band": ('format = "%Y-%m-%d", on = "2026-01-01"', "1980-02-03"),
    "postcode-district": ("", "SW1 1AA"),
    "band": ("width = 10", "57"),
    "round": ("to = 100", "512"),
    "map": ('values = { "1" = "one" }', "1"),
}


@pytest.mark.parametrize("action", CLOSED)
def test_a_fixed_form_is_that_of_what_comes_out(action: str) -> None:
    settings, cell = CLOSED[action]
    spec = ", ".join(part for part in ('from = "a"', f'action = "{action}"', settings) if part)
    recipe = recipe_text({"t": {"out": f"{{ {spec} }}"}})
    ((made,),) = minimise_table(csv_bytes([["a"], [cell]]), recipe).rows[1:]
    form = form_of(read(recipe).recipe.tables["t"].fields["out"])
    assert form is not None
    if action == "pseudonymise":
        assert form == made[:2] + "x" * 24
    elif action == "map":
        assert form == made
    else:
        same = [
            a == b or (a == "9" and b.isdigit()) or (a == "A" and b.isupper())
            for a, b in zip(form, made, strict=True)
        ]
        assert all(same), (form, made)


def test_every_action_has_one_or_shows_the_commonest() -> None:
    shown = {*CLOSED, "attach", "constant", "date-shift"}
    assert set(FIELD_TYPES) - shown == {"keep", "truncate", "redact-text", "category"}
