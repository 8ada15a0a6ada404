"""Minimising: from a frame of source columns to a frame of fields that may leave.

A pure function of a plan, a scope key and a frame: no files, no state. Blocks are independent of
each other, so the same function can serve any engine that maps over batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from securexfer.privacy.actions import ACTIONS, constant
from securexfer.privacy.formulas import count_formulas
from securexfer.privacy.plan import PlannedField, TablePlan
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.recipe.field import ConstantField, KeepField, PseudonymiseField


@dataclass(frozen=True)
class MinimisedFrame:
    """Fields in the recipe's order, named `f0`, `f1`, …; and cells that could not be read.

    Attributes:
        frame: text columns; blank cells are null.
        n_unparsed: by field name, how many cells held something that the action can't read.
        n_formulas: by field name, how many cells a spreadsheet would run.
    """

    frame: pl.DataFrame
    n_unparsed: Mapping[str, int]
    n_formulas: Mapping[str, int]


def source_name(column: int) -> str:
    """Name under which the source column at this position stands in the frame."""
    return f"c{column}"


def minimise(frame: pl.DataFrame, plan: TablePlan, scope: ScopeKey) -> MinimisedFrame:
    """Apply every action of a table to a frame of text columns named by `source_name`."""
    names = [f"f{i}" for i in range(len(plan.fields))]
    outputs = [_output(f, plan, scope).alias(n) for n, f in zip(names, plan.fields, strict=True)]
    # Lazily, so that what several expressions share is computed once.
    both = frame.lazy().with_columns(outputs).collect()
    generalised = {
        name: field
        for name, field in zip(names, plan.fields, strict=True)
        if not isinstance(field.spec, KeepField | PseudonymiseField | ConstantField)
    }
    unparsed = [
        ((_cell(field, plan).str.strip_chars() != "") & pl.col(name).is_null()).sum().alias(name)
        for name, field in generalised.items()
    ]
    counts = both.select(unparsed).row(0, named=True) if unparsed else {}
    output = both.select(names)
    # Tokens are made of letters and digits.
    foreign = {
        name: field
        for name, field in zip(names, plan.fields, strict=True)
        if not isinstance(field.spec, PseudonymiseField)
    }
    n_formulas = count_formulas(output, foreign)
    return MinimisedFrame(
        output,
        {field.name: counts[name] for name, field in generalised.items()},
        {field.name: n_formulas[name] for name, field in foreign.items()},
    )


def _cell(field: PlannedField, plan: TablePlan) -> pl.Expr:
    cell = pl.col(source_name(field.position))
    return cell.str.strip_chars(" \t") if plan.spec.csv.trim else cell


def _output(field: PlannedField, plan: TablePlan, scope: ScopeKey) -> pl.Expr:
    if isinstance(field.spec, ConstantField):
        return constant(field.spec)
    return ACTIONS[type(field.spec)](_cell(field, plan), field.spec, scope)
