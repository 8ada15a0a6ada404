"""The page about the recipe is true: every action, every key, every example."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import polars as pl
import pytest

from securexfer.errors import RecipeError
from securexfer.privacy.actions import ACTIONS, COUNTED_ACTIONS, PERSON_ACTIONS
from securexfer.privacy.census import Census, categories_of
from securexfer.privacy.minimise import MinimisedFrame, Rulings, minimise
from securexfer.privacy.plan import plan_tables
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.recipe.field import FIELD_TYPES, AttachField, ConstantField
from securexfer.recipe.limits import Combination, Limits
from securexfer.recipe.model import Agreement, Dialect, Pseudonyms, Recipe, Table
from tests.docs.pages import ROOT, blocks, code, page, rows, sections
from tests.world import AGREEMENT, read, recipe_text

TEXT = page("docs/recipe.md")
SECTIONS = sections(TEXT)
SCOPE = ScopeKey(bytes(range(32)))


def examples(action: str) -> list[tuple[str, list[list[str]]]]:
    """Recipe lines of an action's section, each with the input -> output table behind it."""
    parts = re.split(r"(?=^```toml$)", SECTIONS[action], flags=re.MULTILINE)[1:]
    found = []
    for part in parts:
        (block,) = blocks(part)
        table = re.search(r"^\| input \| output \|\n(?:\|.*\n)+", part, flags=re.MULTILINE)
        assert table, f"no example behind {block.text}"
        pairs = [[code(cell) for cell in exact(line)] for line in table.group(0).splitlines()[2:]]
        found.append((block.text.strip(), pairs))
    return found


def exact(line: str) -> list[str]:
    """The cells of a row, spaces inside the code marks kept."""
    cells = re.fullmatch(r"\| (`[^`]*`|\(blank\)) \| (`[^`]*`|\(blank\)) \|", line)
    assert cells, line
    return list(cells.groups())


def run(lines: str, cells: list[str]) -> MinimisedFrame:
    """What the program makes of cells under one line of a recipe, and lines before that it needs.

    The column of an earlier line is about one person in all rows.
    """
    specs = dict(line.split(" = ", 1) for line in reversed(lines.splitlines()))
    sources = [spec.get("from", name) for name, spec in tomllib.loads(lines).items()][::-1]
    kept = '{ from = "another", action = "keep" }'
    recipe = read(recipe_text({"t": {**specs, "another field": kept}})).recipe
    (plan,) = plan_tables(recipe, {"t": (*sources, "another")})
    columns = [cells, *([["ab 1"] * len(cells)] * (len(sources) - 1)), [""] * len(cells)]
    frame = pl.DataFrame(
        {f"c{i}": pl.Series(cells, dtype=pl.String) for i, cells in enumerate(columns)}
    )
    if not categories_of(plan):
        return minimise(frame, plan, SCOPE)
    census = Census(plan)
    census.add(census.observe(minimise(frame, census.plan, SCOPE)))
    return minimise(frame, plan, SCOPE, Rulings(common=census.common()))


ALL = [(action, line, pairs) for action in FIELD_TYPES for line, pairs in examples(action)]


def test_every_action_has_a_section_with_an_example() -> None:
    assert {action for action, _, _ in ALL} == set(FIELD_TYPES)
    # A constant has no source column.
    listed = {*ACTIONS, *PERSON_ACTIONS, *COUNTED_ACTIONS, AttachField, ConstantField}
    assert set(FIELD_TYPES.values()) == listed


@pytest.mark.parametrize(("action", "line", "pairs"), ALL, ids=[line for _, line, _ in ALL])
def test_every_example_is_what_the_program_gives(
    action: str, line: str, pairs: list[list[str]]
) -> None:
    *_, spec = tomllib.loads(line).values()
    assert spec["action"] == action
    made = run(line, [given for given, _ in pairs])
    assert [cell or "" for cell in made.frame["f0"]] == [expected for _, expected in pairs]
    n_blanked = sum(given.strip() != "" and not expected for given, expected in pairs)
    assert sum(made.n_unparsed.values()) == n_blanked


@pytest.mark.parametrize("action", FIELD_TYPES)
def test_every_key_of_an_action_is_in_its_section(action: str) -> None:
    section = SECTIONS[action]
    for name, field in FIELD_TYPES[action].model_fields.items():
        assert (
            f"{field.alias or name} = " in section
            or f"`{field.alias or name}`" in section
            or f"`{field.alias or name}`" in SECTIONS["[tables.NAME.fields]"]
        )


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("[agreement]", Agreement),
        ("[pseudonyms]", Pseudonyms),
        ("[tables.NAME]", Table),
        ("[tables.NAME]", Dialect),
        ("[limits]", Limits),
    ],
)
def test_every_key_of_a_part_has_its_row(title: str, model: Any) -> None:
    listed = {row[0].strip("`") for row in rows(SECTIONS[title])}
    assert set(model.model_fields) <= listed


def test_every_key_of_the_top_level_has_its_row() -> None:
    listed = " ".join(row[0] for row in rows(TEXT.split("## ")[0]))
    assert all(name in listed for name in Recipe.model_fields)


def refused() -> list[tuple[str, str]]:
    found = []
    for where, keys in rows(SECTIONS["Keys that are refused for now"]):
        names = re.findall(r"`([^`]+)`", keys) or re.findall(r"`([^`]+)`", where)
        found += [(where, name) for name in names]
    return found


def test_the_examples_of_the_gates_are_valid() -> None:
    names = ["birth_year", "sex", "district", "convictions", "name", "photo", "vetting_level"]
    fields = {"offenders": dict.fromkeys(names, '{ action = "keep" }')}
    shown = blocks(SECTIONS["[limits]"])
    assert len(shown) >= 3
    for block in shown:
        whole = AGREEMENT + block.text
        if "[tables.offenders.fields]" not in block.text:
            whole = recipe_text(fields, before=block.text)
        recipe = read(whole).recipe
        assert recipe.limits != Limits() or recipe.tables["offenders"].fields["notes"]
    keys = set(Combination.model_fields)
    assert all(f"{key} = " in SECTIONS["[limits]"] for key in keys)


DIRECTIVES = sorted(set(re.findall(r"`%(.)`", SECTIONS["year"])))
TIMES = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%T"]


@pytest.mark.parametrize("directive", DIRECTIVES)
def test_every_directive_of_the_table_is_accepted(directive: str) -> None:
    form = "%y" if directive == "y" else f"%Y %{directive}" if directive != "Y" else "%Y"
    pivot = ", pivot = 30" if directive == "y" else ""
    read(recipe_text({"t": {"x": f'{{ action = "year", format = "{form}"{pivot} }}'}}))


@pytest.mark.parametrize("time", TIMES)
def test_a_time_of_day_is_read_whole_and_dropped(time: str) -> None:
    assert f"`{time}`" in SECTIONS["year"]
    cell = {"%H:%M": "10:11", "%H:%M:%S.%f": "10:11:12.131415"}.get(time, "10:11:12")
    line = f'x = {{ action = "year", format = "%Y-%m-%d {time}" }}'
    assert run(line, [f"1980-02-03 {cell}"]).frame["f0"].to_list() == ["1980"]


@pytest.mark.parametrize("directive", sorted(set("HMSfaAcCDFgGhIjklLnNpPqrRstuUvVwWxXzZ+-")))
def test_other_directives_are_refused_as_the_page_says(directive: str) -> None:
    assert directive not in DIRECTIVES
    with pytest.raises(RecipeError):
        read(recipe_text({"t": {"x": f'{{ action = "year", format = "%Y %{directive}" }}'}}))


def test_the_example_recipe_is_valid() -> None:
    recipe = read((ROOT / "examples/offenders.toml").read_bytes()).recipe
    assert list(recipe.tables) == ["offenders"]
