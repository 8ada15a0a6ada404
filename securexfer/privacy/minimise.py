"""Minimising: from a frame of source columns to a frame of fields that may leave.

A pure function of a plan, a scope key and a frame: no files, no state. Blocks are independent of
each other, so the same function can serve any engine that maps over batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from securexfer.errors import InternalError
from securexfer.privacy.actions import (
    ACTIONS,
    COUNTED_ACTIONS,
    PERSON_ACTIONS,
    Person,
    attach,
    constant,
)
from securexfer.privacy.echoes import EchoPair, count_echoes, redact_echoes
from securexfer.privacy.formulas import count_formulas
from securexfer.privacy.parsing import source_name
from securexfer.privacy.plan import PlannedField, TablePlan
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.recipe.field import (
    AttachField,
    ConstantField,
    KeepField,
    PseudonymiseField,
    RedactTextField,
)


@dataclass(frozen=True)
class MinimisedFrame:
    """Fields in the recipe's order, named `f0`, `f1`, …; and cells that could not be read.

    Attributes:
        frame: text columns; blank cells are null.
        n_suppressed: rows that the rulings kept back.
        n_unparsed: by field name, how many cells held something that the action can't read.
        n_formulas: by field name, how many cells a spreadsheet would run.
        n_redacted: by field name, how many cells of text had identifiers replaced.
        n_echoes: by source column and field name, how many cells repeat the row's value.
        attached: by field name, the files that its cells name: number of the row from 0, the cell,
            and the name that leaves in its place (null for a kind that nobody knows).
    """

    frame: pl.DataFrame
    n_suppressed: int
    n_unparsed: Mapping[str, int]
    n_formulas: Mapping[str, int]
    n_redacted: Mapping[str, int]
    n_echoes: Mapping[tuple[str, str], int]
    attached: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Rulings:
    """What a first pass over the whole extract decided about its rows.

    Attributes:
        small_groups: a row for each group that must not leave, over the output columns of the
            quasi-identifiers; None where all may.
        common: by field name, the values of a category that enough rows have.
    """

    small_groups: pl.DataFrame | None = field(default=None, repr=False)
    common: Mapping[str, pl.Series] = field(default_factory=dict, repr=False)


NO_RULINGS = Rulings()


def field_names(plan: TablePlan) -> dict[str, str]:
    """Name under which each field stands in the output frame."""
    return {planned.name: f"f{i}" for i, planned in enumerate(plan.fields)}


def minimise(
    frame: pl.DataFrame, plan: TablePlan, scope: ScopeKey, rulings: Rulings = NO_RULINGS
) -> MinimisedFrame:
    """Apply every action of a table to a frame of text columns named by `source_name`.

    Rows that the rulings keep back are left out and not counted.
    """
    names = list(field_names(plan).values())
    outputs = [
        _output(field, plan, scope, rulings).alias(name)
        for name, field in zip(names, plan.fields, strict=True)
    ]
    # Lazily, so that what several expressions share is computed once.
    both = frame.with_columns_seq(outputs)
    if rulings.small_groups is not None:
        # Groups were counted over what leaves, so after redaction; what is counted below, over the
        # rows that leave.
        redacted, _ = _echoes(both, plan)
        both = both[_rows_without(redacted, rulings.small_groups)]
    n_redacted = _count_redacted(both, plan)
    both, n_echoes = _echoes(both, plan)
    generalised = {
        name: field
        for name, field in zip(names, plan.fields, strict=True)
        if not isinstance(field.spec, KeepField | PseudonymiseField | ConstantField)
    }
    n_unparsed = _count_unparsed(both, generalised, plan)
    output = both.select(names)
    may_run = {
        name: field
        for name, field in zip(names, plan.fields, strict=True)
        if not field.spec.is_never_formula
    }
    n_formulas = count_formulas(output, may_run)
    return MinimisedFrame(
        output,
        frame.height - output.height,
        n_unparsed,
        {field.name: n_formulas[name] for name, field in may_run.items()},
        n_redacted,
        n_echoes,
        {
            planned.name: _attached(both, planned, name, plan)
            for name, planned in zip(names, plan.fields, strict=True)
            if isinstance(planned.spec, AttachField)
        },
    )


def _count_unparsed(
    both: pl.DataFrame, generalised: Mapping[str, PlannedField], plan: TablePlan
) -> dict[str, int]:
    """Cells that held something and came out as nothing; most blocks have none to look at."""
    counts = dict.fromkeys((planned.name for planned in generalised.values()), 0)
    for name, planned in generalised.items():
        if both[name].null_count():
            held = both.filter(pl.col(name).is_null()).select(
                _cell(planned, plan).str.strip_chars()
            )
            counts[planned.name] = int((held.to_series() != "").sum())
    return counts


def _attached(
    both: pl.DataFrame, planned: PlannedField, name: str, plan: TablePlan
) -> pl.DataFrame:
    cell = _cell(planned, plan).str.strip_chars()
    named = both.select(cell.alias("cell"), pl.col(name).alias("name")).with_row_index("row")
    return named.filter(pl.col("cell") != "")


def _echoes(both: pl.DataFrame, plan: TablePlan) -> tuple[pl.DataFrame, dict[tuple[str, str], int]]:
    """Where a field repeats an identifying value of its row; redacted, if the recipe says so."""
    titles = {
        EchoPair(source_name(column), name): (column, field)
        for column in plan.identifying
        for name, field in zip(field_names(plan).values(), plan.fields, strict=True)
        if not field.spec.is_closed and field.column != column and "echo" not in field.allow
    }
    redacted = [pair for pair, (_, field) in titles.items() if redacts_echoes(field, plan)]
    both, counts = redact_echoes(both, redacted)
    if plan.limits.echo != "off":
        counts |= count_echoes(both, [pair for pair in titles if pair not in counts])
    return both, {
        (plan.header[column], field.name): counts[pair]
        for pair, (column, field) in titles.items()
        if counts.get(pair)
    }


def redacts_echoes(field: PlannedField, plan: TablePlan) -> bool:
    """Whether a field loses what it repeats of its row's withheld values."""
    return plan.limits.echo == "redact" or isinstance(field.spec, RedactTextField)


def _count_redacted(both: pl.DataFrame, plan: TablePlan) -> dict[str, int]:
    texts: Sequence[tuple[str, PlannedField]] = [
        (name, field)
        for name, field in zip(field_names(plan).values(), plan.fields, strict=True)
        if isinstance(field.spec, RedactTextField)
    ]
    changed = [(pl.col(name) != _cell(field, plan)).sum().alias(name) for name, field in texts]
    counts = both.select(changed).row(0, named=True) if texts else {}
    return {field.name: counts[name] for name, field in texts}


def _rows_without(frame: pl.DataFrame, groups: pl.DataFrame) -> pl.Series:
    """Numbers of the rows that are in none of these groups."""
    by = groups.columns
    cells = frame.select(pl.col(name).fill_null("") for name in by).with_row_index("row")
    return cells.join(groups, on=by, how="anti", maintain_order="left")["row"]


def _cell(field: PlannedField, plan: TablePlan) -> pl.Expr:
    cell = pl.col(source_name(field.position))
    return cell.str.strip_chars(" \t") if plan.spec.csv.trim else cell


def _output(field: PlannedField, plan: TablePlan, scope: ScopeKey, rulings: Rulings) -> pl.Expr:
    if isinstance(field.spec, ConstantField):
        return constant(field.spec)
    if isinstance(field.spec, AttachField):
        whose = _person(field, plan) if field.person else None
        return attach(_cell(field, plan), field.spec, scope, field.name, whose)
    if type(field.spec) in PERSON_ACTIONS:
        person = _person(field, plan)
        return PERSON_ACTIONS[type(field.spec)](_cell(field, plan), field.spec, scope, person)
    if type(field.spec) in COUNTED_ACTIONS:
        common = rulings.common.get(field.name)
        if common is None:
            raise InternalError("The values of a category were not counted.")
        return COUNTED_ACTIONS[type(field.spec)](_cell(field, plan), field.spec, scope, common)
    return ACTIONS[type(field.spec)](_cell(field, plan), field.spec, scope)


def _person(field: PlannedField, plan: TablePlan) -> Person:
    if field.person is None or not isinstance(field.person.spec, PseudonymiseField):
        raise InternalError("No pseudonymised field names the person.")
    return Person(_cell(field.person, plan), field.person.spec)
