"""The schemas are those of the table, there is one for each command, and they say something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from docs.generate_schemas import RESULTS, generate
from securexfer import errors
from securexfer.cli.console import describe_error
from tests.docs.pages import ROOT
from tests.docs.test_errors import CLASSES
from tests.docs.test_errors import TABLE as ERRORS
from tests.whole.scenarios import commands
from tests.whole.schemas import FOLDER, validator

FILES = sorted(FOLDER.glob("*.json"))


def test_the_files_are_what_the_generator_makes() -> None:
    made = generate()
    assert {path.name for path in FILES} == set(made)
    for path in FILES:
        assert path.read_text(encoding="utf-8") == made[path.name], "run: make docs"


def test_every_command_has_a_schema() -> None:
    assert set(RESULTS) == {name for name, _ in commands()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_schema_is_one_and_refuses_something(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    others: list[object] = [{}, {"nonsense": 1}, [], None]
    for wrong in others:
        assert not Draft202012Validator(schema).is_valid(wrong)


@pytest.mark.parametrize("kind", CLASSES, ids=[kind.__name__ for kind in CLASSES])
def test_every_error_fits_the_schema_of_errors(kind: type[errors.SecurexferError]) -> None:
    described = describe_error(kind("What happened.", problems=["one"]))
    validator("error").validate({"error": described})
    exit_code, code, *_ = ERRORS[kind.__name__]
    assert (described["exit_code"], described["code"]) == (int(exit_code), code.strip("`"))


def test_an_error_that_is_none_does_not_fit() -> None:
    described = describe_error(errors.UsageError("What happened."))
    for name in described:
        lacking = {key: value for key, value in described.items() if key != name}
        assert not validator("error").is_valid({"error": lacking})
    assert not validator("error").is_valid({"error": {**described, "exit_code": 0}})


def test_make_docs_writes_them() -> None:
    assert "docs.generate_schemas" in (ROOT / "Makefile").read_text(encoding="utf-8")
