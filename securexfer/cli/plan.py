"""Showing plans: what becomes of every column, before or after it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from securexfer.cli.console import Console, plain
from securexfer.errors import UsageError

if TYPE_CHECKING:
    from securexfer.bundle.manifest import FieldRecord, TableRecord
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


def describe_field(field: FieldRecord, table: TableRecord) -> str:
    """What was done to a field, and how much of it could not be read."""
    done = WHAT_IS_DONE.get(field.action, field.action)
    n_unread = table.n_unparsed.get(field.name, 0)
    if not n_unread:
        return done
    return f"{done} ({n_unread:,} of {table.n_rows_out:,} cells could not be read and are blank)"


def warn_of_nothing(console: Console, tables: Sequence[TableRecord]) -> None:
    """Say so where a table, or a whole field, came out empty: usually a mistake."""
    for table in tables:
        if not table.n_rows_out:
            console.note(f"Table {table.name} has no rows.")
        for name, n_unread in table.n_unparsed.items():
            if n_unread == table.n_rows_out > 0:
                console.note(
                    f"Not one cell of the field {name} could be read: check its settings in the "
                    "recipe."
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


def print_plan(console: Console, plans: Sequence[TablePlan]) -> None:
    """Plans for people: a line for every field that leaves, then what stays."""
    for plan in plans:
        rows = [(f.name, f.source or "", WHAT_IS_DONE[f.spec.action]) for f in plan.fields]
        console.table(("field", "from column", "what is done"), rows, title=f"Table {plan.table}")
        console.line(f"Withheld: {plain(', '.join(plan.withheld)) or 'nothing'}\n")
