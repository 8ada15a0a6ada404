"""The parts that every result is made of: objects, lists, and kinds of values."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def members(fields: Schema, optional: Schema | None = None, *, more: bool = False) -> Schema:
    """An object with these members, those that may be missing, and others only if `more`."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": sorted(fields),
        "additionalProperties": more,
    }


def listed(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def empty_or(schema: Schema) -> Schema:
    """One of these, or the empty text where there is none."""
    return {"anyOf": [schema, {"const": ""}]}


def null_or(schema: Schema) -> Schema:
    """One of these, or null where nobody knows."""
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*texts: str) -> Schema:
    """One of these texts."""
    return {"enum": list(texts)}


TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
TIME: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
YES_NO = one_of("yes", "no")
ANYTHING: Schema = {"type": "object"}
KIND = {"kind": TEXT, "file_system": TEXT}
MEDIUM = members(KIND)
CARRIER = members({**KIND, "label": TEXT, "serial": TEXT})
ERROR = members(
    {
        "error": members(
            {
                "code": {"type": "string", "pattern": "^[a-z_]+$"},
                "exit_code": {"type": "integer", "minimum": 1, "maximum": 130},
                "hint": TEXT,
                "message": TEXT,
            },
            {"problems": listed(TEXT)},
        )
    }
)
