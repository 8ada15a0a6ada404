"""Recipes."""

from __future__ import annotations

from pathlib import Path

from securexfer.recipe.reading import parse_recipe
from tests.vectors import format1
from tests.world import toml_value


def check_recipe(data: bytes) -> None:
    file = parse_recipe(data)
    assert file.recipe_sha256 == format1.sha256(data)
    members = file.recipe.model_dump(by_alias=True, exclude_none=True)
    again = "".join(f"{name} = {toml_value(value)}\n" for name, value in members.items())
    assert parse_recipe(again.encode()).recipe == file.recipe
    assert list(parse_recipe(again.encode()).recipe.tables) == list(file.recipe.tables)


EXAMPLE = Path(__file__).parents[2] / "examples" / "offenders.toml"


def recipes() -> list[bytes]:
    return [EXAMPLE.read_bytes(), *RECIPES]


RECIPES = [
    b'version = 1\n[agreement]\nreference = "r"\npurpose = "p"\ncontroller = "c"\n'
    b'regime = "uk-gdpr"\nlawful_basis = "l"\nretention_days = 9\nrecipients = ["acme"]\n'
    b'[pseudonyms]\nlinkage = "agreement"\nepoch = "2026"\n[tables.t]\ncolumns = "refuse"\n'
    b'csv = { delimiter = ";", quote = "\'", encoding = "cp1252", trim = true }\n'
    b'[tables.t.fields]\na = { from = "x", action = "pseudonymise", domain = "person" }\n'
    b'b = { action = "year", format = ["%d/%m/%Y", "%d/%m/%y"], pivot = 30 }\n'
    b'c = { action = "month", format = "%d %b %Y %H:%M" }\nd = { action = "postcode-district" }\n'
    b'e = { action = "band", width = 5, bottom = -5, top = 20 }\nf = { action = "keep" }\n'
    b'g = { action = "constant", value = "" }\n',
    # The validator's own word for a wrong key, as the name of a field.
    b'[tables.t.fields]\n"[key]" = { action = "keep", band = 1 }\nkeep = 5\n',
]
