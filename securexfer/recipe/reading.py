"""Reading a recipe from TOML: every problem at once, each with its path in the file."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from securexfer.errors import RecipeError
from securexfer.recipe.field import FIELD_TYPES
from securexfer.recipe.links import find_unlinked
from securexfer.recipe.model import Recipe

MAX_RECIPE_BYTES = 256 * 1024
# The TOML parser takes quadratic time for dotted keys.
_MAX_DOTS = 500
# Each of thousands of problems repeats the names on its path.
_MAX_NAME = 1000


_WORDINGS = {
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number, without quotes",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list, in brackets",
    "literal_error": "must be one of {expected}",
    "string_type": "must be text, in quotes",
}


@dataclass(frozen=True)
class RecipeFile:
    """A valid recipe and the SHA-256 (hex) of the file it was read from."""

    recipe: Recipe
    recipe_sha256: str


def read_recipe(path: Path) -> RecipeFile:
    """Read and check a recipe file.

    Raises:
        RecipeError: with all problems found.
    """
    try:
        if path.exists() and not path.is_file():
            raise RecipeError(f"The recipe {path} is not a file.", hint="Check the path.")
        with path.open("rb") as file:
            data = file.read(MAX_RECIPE_BYTES + 1)
    except OSError as error:
        raise RecipeError(
            f"The recipe {path} can't be read: {error.strerror}.",
            hint="Check the path.",
        ) from None
    return parse_recipe(data)


def parse_recipe(data: bytes) -> RecipeFile:
    """Check the text of a recipe.

    Raises:
        RecipeError: with all problems found.
    """
    if len(data) > MAX_RECIPE_BYTES:
        raise RecipeError("The recipe is larger than 256 KiB.")
    if any(line.count(b".") > _MAX_DOTS for line in data.splitlines()):
        raise RecipeError(f"The recipe has a line with more than {_MAX_DOTS} dots.")
    try:
        members = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise RecipeError("The recipe is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        # The parser's own text may quote the file, which by mistake may be an extract.
        place = re.search(r"at line \d+, column \d+|at end of document", str(error))
        where = place.group(0) if place else "somewhere"
        twice = "Cannot declare" in str(error) or "Cannot overwrite" in str(error)
        reason = "the same name is used twice" if twice else "not valid TOML"
        raise RecipeError(f"The recipe can't be read: {reason}, {where}.") from None
    except (ValueError, RecursionError):
        raise RecipeError("The recipe has a number or a nesting without end.") from None
    if _has_long_name(members):
        raise RecipeError(f"The recipe has a name of more than {_MAX_NAME:,} characters.")
    recipe = None
    problems = set(find_unlinked(members))
    try:
        recipe = Recipe.model_validate(members)
    except ValidationError as error:
        problems |= {_describe(detail, members) for detail in error.errors()}
    except RecursionError:
        raise RecipeError("The recipe is nested too deeply.") from None
    if recipe is None or problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise RecipeError(f"The recipe has {count}.", problems=sorted(problems))
    return RecipeFile(recipe, hashlib.sha256(data).hexdigest())


def _describe(detail: ErrorDetails, members: dict[str, Any]) -> str:
    path = _path(detail["loc"], members)
    if detail["type"] == "extra_forbidden":
        return f"{path}: unknown key"
    if detail["type"] == "missing":
        return f"{path}: missing"
    if detail["type"] == "union_tag_not_found":
        return f"{path}.action: missing"
    if detail["type"] == "union_tag_invalid":
        return f"{path}.action: must be one of {', '.join(FIELD_TYPES)}"
    if detail["type"] in _WORDINGS:
        return f"{path}: {_WORDINGS[detail['type']].format(**detail.get('ctx', {}))}"
    return f"{path}: {detail['msg'].removeprefix('Value error, ')}"


def _path(loc: tuple[int | str, ...], members: dict[str, Any]) -> str:
    """The path as it stands in the file: without the tags that the validator puts between."""
    parts: list[str] = []
    place: Any = members
    for i, part in enumerate(loc):
        inside_field = len(parts) == 4 and parts[0] == "tables" and parts[2] == "fields"
        is_tag = inside_field and part in FIELD_TYPES and isinstance(place, dict)
        is_tag = is_tag and not (part in place and i + 1 == len(loc))
        if is_tag and place.get("action") == part:
            continue
        # Stands behind a key that is itself what is wrong; a field may be named so, too.
        if part == "[key]" and not (isinstance(place, dict) and part in place):
            continue
        parts.append(str(part))
        place = place.get(part, {}) if isinstance(place, dict) else {}
    return ".".join(parts) or "recipe"


def _has_long_name(members: dict[str, Any]) -> bool:
    pending: list[Any] = [members]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if any(len(name) > _MAX_NAME for name in item):
                return True
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return False
