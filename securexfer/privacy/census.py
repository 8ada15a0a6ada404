"""Census: which values of a category enough rows have, counted over a whole extract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from securexfer.errors import GateError
from securexfer.privacy.minimise import MinimisedFrame
from securexfer.privacy.plan import PlannedField, TablePlan
from securexfer.recipe.field import CategoryField, KeepField
from securexfer.recipe.limits import Limits

MAX_VALUES = 200_000
_COUNT = "count"


class Census:
    """Counts the values of every category of a table.

    Attributes:
        plan: a plan that leaves nothing of the table but these columns, to count them by.
    """

    def __init__(self, plan: TablePlan) -> None:
        self._fields = categories_of(plan)
        bare = [
            replace(field, spec=KeepField.model_validate({"action": "keep"}), person=None)
            for field in self._fields
        ]
        self.plan = replace(plan, fields=tuple(bare), identifying=(), limits=Limits())
        self._counts: list[pl.DataFrame] = []

    def observe(self, minimised: MinimisedFrame) -> Sequence[pl.DataFrame]:
        """Values and counts of one block, for each field."""
        frame = minimised.frame
        return [_count(frame[name].rename("value").str.strip_chars()) for name in frame.columns]

    def add(self, observed: Sequence[pl.DataFrame]) -> None:
        """Count one more block.

        Raises:
            GateError: if a column has too many different values.
        """
        known = self._counts or [frame.clear() for frame in observed]
        self._counts = [
            pl.concat(both).group_by("value").sum() for both in zip(known, observed, strict=True)
        ]
        for field, counts in zip(self._fields, self._counts, strict=True):
            if counts.height > MAX_VALUES:
                raise GateError(
                    f"Table {self.plan.table}: the field {field.name} has more than "
                    f"{MAX_VALUES:,} different values.",
                    hint="That is no category: withhold the column, or make it coarser.",
                )

    def common(self) -> Mapping[str, pl.Series]:
        """By field, the values that enough rows have."""
        counts = self._counts or [_count(pl.Series("value", [], pl.String)) for _ in self._fields]
        return {
            field.name: one.filter(pl.col(_COUNT) >= _at_least(field))["value"]
            for field, one in zip(self._fields, counts, strict=True)
        }


def categories_of(plan: TablePlan) -> list[PlannedField]:
    """The fields of a table whose values have to be counted before any may leave."""
    return [field for field in plan.fields if isinstance(field.spec, CategoryField)]


def _count(cells: pl.Series) -> pl.DataFrame:
    return cells.drop_nulls().value_counts(name=_COUNT)


def _at_least(field: PlannedField) -> int:
    return field.spec.at_least if isinstance(field.spec, CategoryField) else 0
