"""The schemas in docs/schemas/, as validators."""

from __future__ import annotations

import json
from functools import cache

from jsonschema import Draft202012Validator

from docs.generate_schemas import file_name
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "schemas"


@cache
def validator(command: str) -> Draft202012Validator:
    """What the JSON result of a command must fit; `error` for errors."""
    text = (FOLDER / file_name(command)).read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))
