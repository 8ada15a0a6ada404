"""Showing plans: what becomes of every column, before or after it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from securexfer.cli.console import Console, plain
from securexfer.errors import UsageError

if TYPE_CHECKING:
    from securexfer.planning import Input
    from securexfer.privacy.plan import TablePlan

WHAT_IS_DONE = {
    "keep": "kept as it is",
    "pseudonymise": "pseudonymised",
    "year": "generalised to the year",
    "month": "generalised to the month",
    "postcode-district": "generalised to the district",
    "band": "generalised to bands",
    "constant": "the same text in every row",
}


def parse_inputs(arguments: Sequence[str]) -> list[Input]:
    """Read `PATH`, `TABLE=PATH`, `TABLE=-` and `-`.

    Raises:
        UsageError: for an empty one.
    """
    from securexfer.planning import Input
    from securexfer.recipe.model import is_table_name

    inputs = []
    for argument in arguments:
        table, separator, path = argument.partition("=")
        # A file whose own name holds "=" is still a file.
        if not separator or not is_table_name(table) or Path(argument).exists():
            table, path = "", argument
        if not path:
            raise UsageError(f"The input {argument!r} names no file.")
        inputs.append(Input(table or None, None if path == "-" else Path(path)))
    return inputs


class Counts(Protocol):
    """What was counted in a table, by `pack` or by `recipe check`."""

    @property
    def n_rows_out(self) -> int:
        """Rows."""

    @property
    def n_unparsed(self) -> Mapping[str, int]:
        """Cells that could not be read, by field."""

    @property
    def n_formulas(self) -> Mapping[str, int] | None:
        """Cells that a spreadsheet would run, by field; None if nobody counted."""


def describe_field(name: str, action: str, counts: Counts) -> str:
    """What was done to a field, how much of it could not be read, and what to be careful with."""
    done = WHAT_IS_DONE.get(action, action)
    remarks = []
    if n_unread := counts.n_unparsed.get(name, 0):
        remarks.append(f"{n_unread:,} of {counts.n_rows_out:,} cells could not be read: blank")
    if n_formulas := (counts.n_formulas or {}).get(name, 0):
        remarks.append(f"{n_formulas:,} cells are formulas to a spreadsheet")
    return f"{done} ({'; '.join(remarks)})" if remarks else done


def warn_of(console: Console, table: str, counts: Counts) -> None:
    """Say so where a table, or a whole field, came out empty, or would run in a spreadsheet."""
    if not counts.n_rows_out:
        console.note(f"Table {table} has no rows.")
    for name, n_unread in counts.n_unparsed.items():
        if n_unread == counts.n_rows_out > 0:
            console.note(
                f"Not one cell of the field {name} could be read: check its settings in the recipe."
            )
    if n_formulas := sum((counts.n_formulas or {}).values()):
        console.note(
            f"{n_formulas:,} cells of table {table} are formulas to a spreadsheet. They leave as "
            "they are. Recipients who use a spreadsheet should unpack with --escape-formulas."
        )


def plan_document(plans: Sequence[TablePlan]) -> list[dict[str, Any]]:
    """Plans in JSON results."""
    return [
        {
            "name": plan.table,
            "fields": [
                {"name": f.name, "action": f.spec.action, "source": f.source or ""}
                for f in plan.fields
            ],
            "withheld": list(plan.withheld),
        }
        for plan in plans
    ]


def print_plan(
    console: Console, plans: Sequence[TablePlan], found: Mapping[str, Counts] | None = None
) -> None:
    """Plans for people: a line for every field that leaves, then what stays.

    Args:
        console: where to.
        plans: of the tables.
        found: what was counted in them, if they were read.
    """
    for plan in plans:
        counts = (found or {}).get(plan.table)
        title = f"Table {plan.table}"
        if counts is not None:
            title += f": {counts.n_rows_out:,} rows"
        rows = [
            (
                f.name,
                f.source or "",
                describe_field(f.name, f.spec.action, counts)
                if counts is not None
                else WHAT_IS_DONE[f.spec.action],
            )
            for f in plan.fields
        ]
        console.table(("field", "from column", "what is done"), rows, title=title)
        console.line(f"Withheld: {plain(', '.join(plan.withheld)) or 'nothing'}\n")
