"""What is said of a recipe that can't be one."""

from __future__ import annotations

import pytest

from securexfer.errors import RecipeError
from securexfer.recipe.reading import parse_recipe
from tests.world import AGREEMENT

CANARY = "canary-7f3a"
KEEP = '[tables.t.fields]\na = { action = "keep" }\n'
VALID = AGREEMENT + KEEP


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text.encode())
    assert (caught.value.exit_code, caught.value.code) == (10, "recipe_invalid")
    return caught.value.problems


def field(spec: str) -> str:
    return f"{AGREEMENT}[tables.t.fields]\na = {{ {spec} }}\n"


def field_problems(spec: str) -> list[str]:
    return [problem.removeprefix("tables.t.fields.a") for problem in problems(field(spec))]


def refusal(data: bytes) -> str:
    """Message and hint of a file that is no recipe at all."""
    with pytest.raises(RecipeError) as caught:
        parse_recipe(data)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert CANARY not in f"{error!r} {error.hint} {error.problems}"
    return error.message
