"""Fields that name each other.

They are looked at as they stand in the file, beside the models and not by them: a model says
nothing of the whole while a part of it is wrong, and all problems are told at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def find_unlinked(members: dict[str, Any]) -> list[str]:
    """Problems of `date-shift` fields with the fields that they name, each with its path.

    What is wrong by itself is left to the models.
    """
    problems = []
    days_of: dict[str, int] = {}
    for table, fields, name in _date_shifts(members):
        path = f"tables.{table}.fields.{name}"
        per, days = fields[name].get("per"), fields[name].get("days")
        if not isinstance(per, str):
            continue
        person = fields.get(per)
        if not isinstance(person, dict) or person.get("action") != "pseudonymise":
            problems.append(f"{path}.per: must name a pseudonymised field of the same table")
            continue
        domain = person.get("domain")
        if not isinstance(domain, str) or not isinstance(days, int):
            continue
        # One person's dates under two ranges would tell more of either shift than one does.
        if days_of.setdefault(domain, days) != days:
            problems.append(f"{path}.days: must be the same wherever dates of a domain are shifted")
    return problems


def _date_shifts(members: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    tables = members.get("tables")
    for table, spec in tables.items() if isinstance(tables, dict) else ():
        fields = spec.get("fields") if isinstance(spec, dict) else None
        if not isinstance(fields, dict):
            continue
        for name, field in fields.items():
            if isinstance(field, dict) and field.get("action") == "date-shift":
                yield table, fields, name
