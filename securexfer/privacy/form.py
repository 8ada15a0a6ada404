"""Forms: what the cells of a field look like, for whoever checks a recipe, without showing one.

Most actions give everything a form of its own, which their settings tell. Of the others the
commonest form is shown: `A` and `a` for letters, `9` for digits, all else as it is; and only where
so many cells share it that it tells of none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from securexfer.privacy.minimise import MinimisedFrame, field_names
from securexfer.privacy.plan import TablePlan
from securexfer.privacy.pseudonyms import TOKEN_HEX_DIGITS
from securexfer.recipe.dates import AgeBandField, DateShiftField, MonthField, YearField
from securexfer.recipe.field import (
    AttachField,
    BandField,
    ConstantField,
    FieldSpec,
    MapField,
    PostcodeDistrictField,
    PseudonymiseField,
    RoundField,
)

VARIED = "varied"
_MIN_CELLS = 10
_MAX_LENGTH = 24
# Forms that are kept, of one block and of all: a column of free text has no end of them.
_MAX_OF_BLOCK, _MAX_FORMS = 100, 5000
_FIXED: dict[type[Any], str] = {
    YearField: "9999",
    MonthField: "9999-99",
    DateShiftField: "9999-99-99",
    PostcodeDistrictField: "AA9",
    RoundField: "999",
    AttachField: "xxxxxxxx.jpg",
}


def form_of(spec: FieldSpec) -> str | None:
    """The form that an action gives to whatever it reads; None where it gives none."""
    if isinstance(spec, PseudonymiseField):
        return f"{spec.domain}_{'x' * TOKEN_HEX_DIGITS}"
    if isinstance(spec, BandField | AgeBandField):
        return "99 to 99" if spec.width > 1 else "99"
    if isinstance(spec, ConstantField):
        return spec.value
    if isinstance(spec, MapField):
        return next(iter(spec.values.values()))
    return _FIXED.get(type(spec))


class Forms:
    """Finds the form of each field of a table; an observer of its output."""

    def __init__(self, plan: TablePlan) -> None:
        self._plan = plan
        names = field_names(plan)
        self._fixed = {f.name: form_of(f.spec) for f in plan.fields}
        self._open = {name: names[name] for name, form in self._fixed.items() if form is None}
        self._seen: dict[str, Counter[str]] = {name: Counter() for name in self._open}

    def observe(self, minimised: MinimisedFrame) -> Mapping[str, Mapping[str, int]]:
        """The commonest forms in one block, with their counts, by field."""
        return {name: _count(minimised.frame[column]) for name, column in self._open.items()}

    def add(self, observed: Mapping[str, Mapping[str, int]]) -> None:
        """Count one more block."""
        for name, counts in observed.items():
            seen = self._seen[name]
            seen.update(counts)
            if len(seen) > _MAX_FORMS:
                self._seen[name] = Counter(dict(seen.most_common(_MAX_FORMS // 2)))

    def by_field(self) -> dict[str, str]:
        """What each field looks like."""
        found = {name: form for name, form in self._fixed.items() if form is not None}
        for name, seen in self._seen.items():
            common = seen.most_common(1)
            is_common = bool(common) and common[0][1] >= _MIN_CELLS
            found[name] = common[0][0] if is_common else VARIED
        return {field.name: found[field.name] for field in self._plan.fields}


def _count(cells: pl.Series) -> Mapping[str, int]:
    forms = (
        cells.drop_nulls()
        .str.slice(0, _MAX_LENGTH + 1)
        .str.replace_all(r"[\p{L}&&[^\p{Lu}]]", "a")
        .str.replace_all(r"\p{Lu}", "A")
        .str.replace_all(r"\p{N}", "9")
        .str.replace_all(r"[^\x20-\x7e]", "?")
    )
    counted = forms.value_counts(sort=True, name="n").head(_MAX_OF_BLOCK)
    return {_cut(form): n for form, n in counted.iter_rows()}


def _cut(form: str) -> str:
    return form if len(form) <= _MAX_LENGTH else f"{form[:_MAX_LENGTH]}…"
