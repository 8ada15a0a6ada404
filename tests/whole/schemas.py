"""The schemas in docs/schemas/, as validators, and the module that writes them."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from types import ModuleType

from jsonschema import Draft202012Validator

from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "schemas"


@cache
def generator() -> ModuleType:
    """`docs/generate_schemas.py`."""
    spec = importlib.util.spec_from_file_location("schemas", ROOT / "docs/generate_schemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def validator(command: str) -> Draft202012Validator:
    """What the JSON result of a command must fit; `error` for errors."""
    text = (FOLDER / generator().file_name(command)).read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))
