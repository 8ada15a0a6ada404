"""Drafts: from a header and a sample to a recipe that is safe as it stands."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import pytest

from securexfer.errors import HeaderError
from securexfer.planning import Input, open_extracts, try_extracts
from securexfer.privacy.drafting import draft_recipe, table_name
from securexfer.privacy.sampling import guess_dialect, sample
from securexfer.recipe.model import Recipe, is_table_name
from securexfer.reporting import SilentReporter
from tests.unit import leaks
from tests.whole.cli import Desk
from tests.world import World, csv_bytes, csv_rows, read


def draft(path: Path, table: str = "t") -> tuple[str, Recipe]:
    text = draft_recipe([sample(table, path)])
    return text, read(text).recipe


def actions(recipe: Recipe, table: str = "t") -> dict[str, str]:
    return {name: spec.action for name, spec in recipe.tables[table].fields.items()}


def written(tmp_path: Path, header: list[str], rows: list[list[str]], **dialect: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(csv_bytes([header, *rows], **dialect))
    return path


def test_real_dirty_data_go_from_draft_to_bundle_unedited(
    febrl: Path, world: World, tmp_path: Path
) -> None:
    path = febrl / "dataset3.csv"
    text, recipe = draft(path, "dataset3")
    assert actions(recipe, "dataset3") == {"person": "pseudonymise", "birth_year": "year"}
    with open_extracts(recipe, [Input("dataset3", path)]) as opened:
        try_extracts(opened, SilentReporter()).refuse()
    packed = world.ann.pack_files([Input("dataset3", path)], text, [world.bob], world.drive)
    (table,) = packed.manifest.tables
    assert set(table.withheld) >= {
        *("given_name", "surname", "street_number", "address_1", "address_2", "suburb"),
        *("postcode", "soc_sec_id"),
    }
    world.bob.unpack(packed.path, tmp_path / "out")
    rows = csv_rows((tmp_path / "out" / "dataset3.csv").read_bytes())
    assert rows[0] == ["person", "birth_year"]
    with path.open(encoding="utf-8", newline="") as file:
        cells = {cell.strip() for row in csv.reader(file) for cell in row} - {""}
    assert not cells & {row[0] for row in rows}


def test_each_column_is_placed_and_nothing_else_leaves(tmp_path: Path) -> None:
    chance = random.Random(2008)
    header = ["NHS No", "fullName", "DOB", "Post Code", "email", "mobile", "notes", "grade", "seen"]
    rows = [
        [
            leaks.nhs(chance),
            f"{chance.choice(leaks.FORENAMES)} {chance.choice(leaks.SURNAMES)}",
            f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(1940, 2000)}",
            leaks.postcode(chance),
            leaks.email(chance),
            leaks.phone(chance),
            leaks.prose(chance),
            chance.choice("ABC"),
            f"{chance.randint(2000, 2020)}-03-{chance.randint(1, 28):02}",
        ]
        for _ in range(200)
    ]
    text, recipe = draft(written(tmp_path, header, rows))
    assert actions(recipe) == {
        "person": "pseudonymise",
        "birth_year": "year",
        "district": "postcode-district",
    }
    fields = recipe.tables["t"].fields
    assert fields["person"].model_dump()["identifier"] == "nhs"
    assert recipe.tables["t"].quasi_identifiers == ["birth_year", "district"]
    assert "200 of 200 non-empty cells are valid: NHS number" in text
    assert "# seen = { from = " in text
    assert '"month"' in text
    # No cell of the extract is in the draft.
    words = set(text.replace('"', " ").split())
    assert not {cell for row in rows for cell in row[:7]} & words


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ({"delimiter": ";"}, "delimiter = "),
        ({"delimiter": "\t"}, r'delimiter = "\t"'),
        ({"delimiter": "|"}, "delimiter = "),
    ],
)
def test_the_dialect_is_found(tmp_path: Path, dialect: dict[str, str], expected: str) -> None:
    path = written(tmp_path, ["id", "a,b", "dob"], [["1", "x", "1980-02-03"]], **dialect)
    text, recipe = draft(path)
    assert expected in text
    assert recipe.tables["t"].csv.delimiter == dialect["delimiter"]


def test_encodings_are_found(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for encoding in ("utf-16", "cp1252", "utf-8"):
        path.write_bytes("id,n\u00e9\n1,\u00e9\n".encode(encoding))
        assert guess_dialect(path).encoding == encoding


@pytest.mark.parametrize(
    "name", ['a"b', "a\\b", "a\nb", "a]b", "# a", "a = 1", "\u202ea", "a\x7fb", "a'''b", " "]
)
def test_no_name_of_a_column_breaks_the_draft(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, ["id", name], [["1", "x"], ["2", "y"]])
    text, recipe = draft(path)
    assert actions(recipe) == {"person": "pseudonymise"}
    assert all(line.isprintable() for line in text.split("\n"))


def test_something_leaves_even_where_nothing_can_be_placed(tmp_path: Path) -> None:
    _, recipe = draft(written(tmp_path, ["x", "y"], [["1", "a"], ["2", "a"]]))
    assert actions(recipe) == {"record": "pseudonymise"}
    _, recipe = draft(written(tmp_path, ["x", "y"], []))
    assert list(actions(recipe).values()) == ["pseudonymise"]


def test_a_first_line_of_values_is_refused_and_not_shown(tmp_path: Path) -> None:
    first = ["9434765919", "Margaret", "Zbrowski", "03/02/1980", "SW1A 1AA"]
    path = written(tmp_path, first, [["9434765870", "Ann", "Smith", "04/02/1980", "M1 1AE"]])
    with pytest.raises(HeaderError) as caught:
        draft(path)
    assert not [value for value in first if value in caught.value.message]


def test_years_over_columns_are_names(tmp_path: Path) -> None:
    draft(written(tmp_path, ["area", "unit", "2024", "2025"], [["x", "y", "1", "2"]]))


def test_a_draft_of_very_many_columns_can_be_read(tmp_path: Path) -> None:
    header = [f"column_number_{i}" for i in range(1500)]
    text, _ = draft(written(tmp_path, header, [["x"] * 1500]))
    assert "# Withheld: 1,499 columns." in text


def test_a_line_that_is_uncommented_clashes_with_no_other(tmp_path: Path) -> None:
    text, _ = draft(written(tmp_path, ["person", "nhs"], [["x", "9434765919"]]))
    whole = re.sub(r"^# (\w+ = \{)", r"\1", text, flags=re.MULTILINE)
    assert set(read(whole).recipe.tables["t"].fields) == {"person", "person_2"}


@pytest.mark.parametrize("stem", ["a b", "con", "\u00e9", "", "-x-", "a" * 100, "2026 Q4 (final)"])
def test_a_file_gives_its_table_a_name(stem: str) -> None:
    assert is_table_name(table_name(stem))


def test_from_the_command_line(tmp_path: Path) -> None:
    ann = Desk(tmp_path, "ann")
    (ann.folder / "new people.csv").write_bytes(b"id,dob\n1,1980-02-03\n2,1981-02-03\n")
    shown = ann.run("recipe", "draft", "new people.csv", "-o", "new.toml").stdout
    assert b"new.toml" in shown
    assert (
        "new_people"
        in ann.json("recipe", "check", "new.toml", "new people.csv")["tables"][0]["name"]
    )
    recipe = ann.folder / "new.toml"
    said = " ".join(ann.run("recipe", "check", "new.toml").stderr.decode().split())
    assert "what a draft says in: reference, purpose, controller, lawful_basis." in said
    recipe.write_text(recipe.read_text().replace("DRAFT", "A-1").replace("to be stated", "known"))
    assert ann.run("recipe", "check", "new.toml").stderr == b""
    found = ann.json("recipe", "draft", "t=new people.csv")
    assert found["tables"][0]["columns"][1]["role"] == "birth"
    assert ann.json("recipe", "draft", "-", check=2)["error"]["code"] == "usage"
    assert ann.json("recipe", "draft", "none.csv", check=20)["error"]["exit_code"] == 20
