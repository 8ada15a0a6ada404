"""Limits: what a recipe demands of the output as a whole, and which gates it switches off."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from securexfer.recipe.source import Strict, Text

MAX_COMBINATIONS = 100


class Combination(Strict):
    """Fields that must not leave in one bundle, and why."""

    fields: list[Text] = Field(min_length=2)
    reason: Text

    @model_validator(mode="after")
    def _check_fields(self) -> Combination:
        if len({name.lower() for name in self.fields}) != len(self.fields):
            raise ValueError("names a field twice")
        return self


class Limits(Strict):
    """The gates of a recipe.

    Attributes:
        max_rows: rows of all tables together.
        max_subjects: data subjects of all tables together.
        min_group_size: the smallest group (k) over a table's quasi-identifiers that may leave.
            Without it, k is measured and not enforced.
        on_small_group: what becomes of rows in smaller groups.
        residual: what becomes of identifiers found in fields that leave.
        echo: what becomes of withheld values found in fields that leave.
        gate_reason: why a gate is switched off or only reports.
        never_together: combinations of fields.
    """

    max_rows: int | None = Field(default=None, ge=1)
    max_subjects: int | None = Field(default=None, ge=1)
    min_group_size: int | None = Field(default=None, ge=2)
    on_small_group: Literal["refuse", "suppress"] = "refuse"
    residual: Literal["refuse", "report", "off"] = "refuse"
    echo: Literal["refuse", "redact", "report", "off"] = "refuse"
    gate_reason: Text | None = None
    never_together: list[Combination] = Field(default=[], max_length=MAX_COMBINATIONS)

    @property
    def weakened(self) -> list[str]:
        """The gates that do not refuse, by their keys."""
        return [name for name in ("residual", "echo") if getattr(self, name) in ("report", "off")]

    @model_validator(mode="after")
    def _check_switches(self) -> Limits:
        if self.weakened and self.gate_reason is None:
            names = " and ".join(self.weakened)
            raise ValueError(f"{names} will not refuse anything: say why, as gate_reason")
        if self.gate_reason is not None and not self.weakened:
            raise ValueError("gate_reason has no effect: every gate refuses")
        if self.on_small_group == "suppress" and self.min_group_size is None:
            raise ValueError('on_small_group = "suppress" needs a min_group_size')
        return self
