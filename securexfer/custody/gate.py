"""Gates in words: what a disclosure gate found, from its record in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from securexfer.custody.foreign import count_in, object_in, objects_in, text_in, texts_in
from securexfer.wording import plural

_TITLES = {
    "residual": "Identifiers left in fields",
    "echo": "Values of identifying columns, repeated in fields",
    "never_together": "Fields that must not leave together",
    "max_rows": "Number of rows",
    "max_subjects": "Number of data subjects",
    "min_group_size": "Size of groups that look alike",
}
_ABOUT = {"approximate": "about ", "upper bound": "up to "}


@dataclass(frozen=True)
class SizeBand:
    """Groups of about one size: how many there are from `at_least` rows on, and their rows."""

    at_least: int
    n_groups: int
    n_rows: int


@dataclass(frozen=True)
class Gate:
    """What one gate said.

    Attributes:
        gate: its key in a recipe.
        result: in one word, as a manifest has it.
        found: in words.
        reason: that the recipe gave, or empty.
    """

    gate: str
    result: str
    found: str
    reason: str

    @property
    def title(self) -> str:
        """What it looks at, for people."""
        return _TITLES.get(self.gate, self.gate)

    @property
    def said(self) -> str:
        """What it found, and the reason that the recipe gave for letting it be."""
        if self.gate == "never_together" and self.result == "passed":
            return f"they do not: {self.found}"
        if self.reason and self.reason not in self.found:
            return f"{self.found}{'; ' if self.found else ''}the reason given: {self.reason}"
        return self.found or "nothing"


@dataclass(frozen=True)
class Groups:
    """The groups of people who look alike in a table.

    Attributes:
        by: fields that make them, the quasi-identifiers.
        k: rows in the smallest.
        min_group_size: what the recipe asked for; 0 if nothing.
        n_unique_rows: rows that are alone.
        sizes: bands by `at_least`; empty if nobody recorded them.
    """

    by: tuple[str, ...]
    k: int
    min_group_size: int
    n_unique_rows: int
    sizes: tuple[SizeBand, ...]


def read_gate(record: Mapping[str, Any]) -> Gate:
    """A gate from its record."""
    name, result = text_in(record.get("gate")), text_in(record.get("result"))
    return Gate(name, result, describe_gate(record), text_in(record.get("reason")))


def read_groups(records: list[Mapping[str, Any]]) -> Groups | None:
    """The groups of a table, from its gates; None if it has none, or too many to be counted."""
    for record in records:
        if record.get("gate") == "min_group_size" and "k" in record:
            bands = {
                count_in(one.get("at_least")): SizeBand(
                    count_in(one.get("at_least")),
                    count_in(one.get("n_groups")),
                    count_in(one.get("n_rows")),
                )
                for one in objects_in(record.get("group_sizes"))
            }
            return Groups(
                by=tuple(texts_in(record.get("quasi_identifiers"))),
                k=count_in(record.get("k")),
                min_group_size=count_in(record.get("min_group_size")),
                n_unique_rows=count_in(record.get("n_unique_rows")),
                sizes=tuple(bands[start] for start in sorted(bands) if start),
            )
    return None


def describe_gate(record: Mapping[str, Any]) -> str:
    """What a gate found, in words and counts."""
    gate = record.get("gate")
    if gate == "never_together":
        fields = ", ".join(texts_in(record.get("fields")))
        return f"{fields} together ({text_in(record.get('reason'))})"
    if gate in ("max_rows", "max_subjects"):
        what = "row" if gate == "max_rows" else "data subject"
        about = _ABOUT.get(text_in(record.get("n_is")), "")
        n = plural(count_in(record.get("n")), what)
        return f"{about}{n}, at most {_count(record, 'limit')}"
    if gate == "min_group_size":
        return _describe_groups(record)
    field, n_cells = text_in(record.get("field")), count_in(record.get("n_cells"))
    cells = plural(n_cells, "cell")
    if gate == "residual":
        if "kind" in record:
            return f"{field}: {cells} with {text_in(record.get('kind'))}"
        if "field" in record:
            return f"{field}: {cells} had identifiers"
        n_fields = count_in(record.get("n_fields"))
        searched = f"{plural(n_fields, 'field')} searched"
        return searched if "n_fields" in record else ""
    if "field" in record:
        repeat = plural(n_cells, "cell repeats", "cells repeat")
        return f"{field}: {repeat} {text_in(record.get('source'))}"
    return ""


def _describe_groups(record: Mapping[str, Any]) -> str:
    if "k" not in record:
        return "more groups than can be counted"
    wanted = ""
    if "min_group_size" in record:
        wanted = f", at least {_count(record, 'min_group_size')} wanted"
    parts = [
        f"by {', '.join(texts_in(record.get('quasi_identifiers')))}: the smallest group has "
        f"{_rows(record, 'k')}{wanted}; {_rows(record, 'n_unique_rows', ' is', ' are')} alone"
    ]
    for name, n in object_in(record.get("n_distinct")).items():
        parts.append(f"{name} has {count_in(n):,} values or more in each group")
    if record.get("n_small_rows"):
        small = _rows(record, "n_small_rows", " is", " are")
        parts.append(f"{small} in groups that are too small")
    if record.get("n_suppressed"):
        parts.append(f"{_rows(record, 'n_suppressed', ' was', ' were')} left out")
    return "; ".join(parts)


def _count(record: Mapping[str, Any], name: str) -> str:
    return f"{count_in(record.get(name)):,}"


def _rows(record: Mapping[str, Any], name: str, one: str = "", many: str = "") -> str:
    """`1 row is`, `3 rows are`."""
    n = count_in(record.get(name))
    return plural(n, f"row{one}", f"rows{many}")
