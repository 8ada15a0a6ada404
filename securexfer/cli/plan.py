"""Showing plans: what becomes of every column, before or after it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from securexfer.cli.console import Console, plain
from securexfer.errors import UsageError
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.attachment.archive import Gathered
    from securexfer.planning import Input, Trial
    from securexfer.privacy.plan import TablePlan
    from securexfer.recipe.model import Agreement

WHAT_IS_DONE = {
    "keep": "kept as it is",
    "pseudonymise": "pseudonymised",
    "year": "generalised to the year",
    "month": "generalised to the month",
    "age-band": "generalised to the age in bands",
    "date-shift": "shifted, by the same days for all dates of a person",
    "postcode-district": "generalised to the district",
    "band": "generalised to bands",
    "round": "rounded",
    "truncate": "cut to the first characters",
    "map": "replaced by the table of codes",
    "redact-text": "free text; what was recognised in it is taken out",
    "category": "kept where it is common",
    "attach": "the file, without metadata, under another name",
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
        remarks.append(
            f"{n_unread:,} of {plural(counts.n_rows_out, 'cell')} could not be read: blank"
        )
    if n_formulas := (counts.n_formulas or {}).get(name, 0):
        remarks.append(
            f"{plural(n_formulas, 'cell is a formula', 'cells are formulas')} to a spreadsheet"
        )
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


def warn_of_draft(console: Console, agreement: Agreement) -> None:
    """Say what nobody has filled in since the recipe was drafted."""
    if agreement.unstated:
        console.note(
            f"The recipe still has what a draft says in: {', '.join(agreement.unstated)}. The "
            "manifest, the register and every report repeat it: fill it in."
        )


def warn_of_archives(console: Console, files: Sequence[Path]) -> None:
    """Say what nobody will know of, where files can be taken out of an archive."""
    if any(path.suffix == ".tar" for path in files):
        console.note(
            "What is taken out of an archive of attached files is not recorded: securexfer destroy "
            "deletes the archive, and whoever took files out has to delete those."
        )


def print_gates(console: Console, title: str, records: Sequence[Mapping[str, Any]]) -> None:
    """What the gates found, a line for each of their records; nothing where there are none."""
    from securexfer.custody.gate import read_gate

    if gates := [read_gate(record) for record in records]:
        rows = [(gate.gate, gate.result, gate.said) for gate in gates]
        console.table(("gate", "result", "what was found"), rows, title=title)


def print_trial(console: Console, plans: Sequence[TablePlan], trial: Trial) -> None:
    """The plan, with what was counted and what each gate says, for people."""
    for plan in plans:
        _print_plan(console, plan, trial.found[plan.table], trial.forms[plan.table])
        gathered = trial.attached.get(plan.table)
        if gathered and gathered.n_files:
            files = plural(gathered.n_files, "file")
            console.line(f"Attached: {files}, {gathered.n_bytes:,} bytes before they are made anew")
    for name, findings in trial.gates.items():
        print_gates(console, f"Gates of table {name}", [one.record() for one in findings])
    print_gates(console, "Gates of the bundle", [one.record() for one in trial.bundle_gates])


def show_trial(
    console: Console,
    document: dict[str, Any],
    plans: Sequence[TablePlan],
    trial: Trial,
    epilogue: Callable[[], None] = lambda: None,
) -> None:
    """The result of a trial; a refusal behind it, or instead of it where only one thing is told.

    Raises:
        GateError: if a gate refused.
    """
    if console.settings.json:
        trial.refuse()

    def human() -> None:
        print_trial(console, plans, trial)
        epilogue()

    console.result({**document, **trial_document(plans, trial)}, human)
    for name, counts in trial.found.items():
        warn_of(console, name, counts)
    trial.refuse()


def trial_document(plans: Sequence[TablePlan], trial: Trial) -> dict[str, Any]:
    """The same in JSON results."""
    return {
        "tables": [
            {
                **_plan_document(plan, trial.forms[plan.table]),
                **vars(trial.found[plan.table]),
                "gates": [one.record() for one in trial.gates[plan.table]],
                **_attached_document(trial.attached.get(plan.table)),
            }
            for plan in plans
        ],
        "gates": [one.record() for one in trial.bundle_gates],
    }


def _attached_document(gathered: Gathered | None) -> dict[str, Any]:
    if gathered is None or not gathered.n_files:
        return {}
    return {"attached": {"n_files": gathered.n_files, "n_bytes": gathered.n_bytes}}


def _plan_document(plan: TablePlan, forms: Mapping[str, str]) -> dict[str, Any]:
    fields = [
        {
            "name": f.name,
            "action": f.spec.action,
            "source": f.source or "",
            "looks_like": forms[f.name],
        }
        for f in plan.fields
    ]
    return {"name": plan.table, "fields": fields, "withheld": list(plan.withheld)}


def _print_plan(
    console: Console, plan: TablePlan, counts: Counts, forms: Mapping[str, str]
) -> None:
    """A line for every field that leaves, then what stays."""
    rows = [
        (
            f.name,
            f.source or "",
            describe_field(f.name, f.spec.action, counts),
            forms[f.name],
        )
        for f in plan.fields
    ]
    columns = ("field", "from column", "what is done", "looks like")
    console.table(columns, rows, title=f"Table {plan.table}: {plural(counts.n_rows_out, 'row')}")
    console.line(f"Withheld: {plain(', '.join(plan.withheld)) or 'nothing'}")
