"""Plans: a recipe's table held against the header of its extract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from securexfer.errors import InternalError, RecipeError
from securexfer.recipe.dates import DateShiftField
from securexfer.recipe.field import AttachField, ConstantField, FieldSpec, PseudonymiseField
from securexfer.recipe.limits import Limits
from securexfer.recipe.model import Recipe, Table

# Advice about one column, which can't be given for several together.
_LIKE_IT = " (there is one"


@dataclass(frozen=True)
class PlannedField:
    """One field that leaves.

    Attributes:
        name: of the field.
        spec: action and settings.
        source: the source column, None for a constant.
        column: its position in the extract, None for a constant.
        person: the field that names whom the row is about, for an action that needs to know.
    """

    name: str
    spec: FieldSpec
    source: str | None
    column: int | None
    person: PlannedField | None = None

    @property
    def allow(self) -> frozenset[str]:
        """What it may hold, or repeat, although a gate would refuse it."""
        return frozenset() if isinstance(self.spec, ConstantField) else frozenset(self.spec.allow)

    @property
    def reason(self) -> str | None:
        """Why it may."""
        return None if isinstance(self.spec, ConstantField) else self.spec.reason

    @property
    def position(self) -> int:
        """The column, for a field that has one.

        Raises:
            InternalError: for a constant.
        """
        if self.column is None:
            raise InternalError("A constant has no source column.")
        return self.column


@dataclass(frozen=True)
class TablePlan:
    """What happens to one table: every source column is either used or withheld.

    Attributes:
        table: its name.
        spec: as the recipe has it.
        header: names of all source columns.
        fields: what leaves, in order.
        withheld: source columns that no field comes from.
        identifying: positions of the columns whose values must not appear in any field.
        limits: the recipe's.
    """

    table: str
    spec: Table
    header: tuple[str, ...]
    fields: tuple[PlannedField, ...]
    withheld: tuple[str, ...]
    identifying: tuple[int, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def columns(self) -> tuple[int, ...]:
        """Positions of the columns that are read at all, ascending."""
        used = {f.column for f in self.fields if f.column is not None}
        return tuple(sorted(used | set(self.identifying)))


def plan_tables(recipe: Recipe, headers: dict[str, tuple[str, ...]]) -> tuple[TablePlan, ...]:
    """Hold the recipe against the headers of all its tables.

    Raises:
        RecipeError: naming every column that is missing, or unlisted where the recipe refuses
            that, and every table without an extract.
    """
    problems: list[str] = []
    plans: list[TablePlan] = []
    for name, table in recipe.tables.items():
        if name not in headers:
            problems.append(f"tables.{name}: no extract was given for this table")
            continue
        plans.append(_plan_table(name, table, headers[name], recipe.limits, problems))
    problems += [
        f"{name}: the recipe has no such table" for name in headers if name not in recipe.tables
    ]
    if problems:
        raise RecipeError("The recipe and the extracts do not fit.", problems=problems)
    return tuple(plans)


def _plan_table(
    name: str, table: Table, header: tuple[str, ...], limits: Limits, problems: list[str]
) -> TablePlan:
    position = {column: i for i, column in enumerate(header)}
    fields = []
    missing: list[tuple[str, str]] = []
    for field_name, spec in table.fields.items():
        if isinstance(spec, ConstantField):
            fields.append(PlannedField(field_name, spec, None, None))
            continue
        source = field_name if spec.source is None else spec.source
        if source not in position:
            missing.append((f"fields.{field_name}", source))
            continue
        fields.append(PlannedField(field_name, spec, source, position[source]))
    by_name = {planned.name: planned for planned in fields}
    for i, planned in enumerate(fields):
        if isinstance(planned.spec, DateShiftField):
            fields[i] = replace(planned, person=by_name.get(planned.spec.per))
        if isinstance(planned.spec, AttachField) and len(table.subject_fields) == 1:
            fields[i] = replace(planned, person=by_name.get(table.subject_fields[0]))
    identifying = {f.column for f in fields if isinstance(f.spec, PseudonymiseField)}
    for source in table.identifying:
        if source in position:
            identifying.add(position[source])
        else:
            missing.append(("identifying", source))
    problems += _describe_missing(name, missing, header)
    used = {planned.source for planned in fields}
    withheld = tuple(column for column in header if column not in used)
    # With a column missing, the first line may be no header at all but a record: don't quote it.
    if withheld and table.columns == "refuse" and not missing:
        problems += [
            f'tables.{name}: column {column!r} is not listed, and columns = "refuse"'
            for column in withheld
        ]
    watched = tuple(sorted(column for column in identifying if column is not None))
    return TablePlan(name, table, header, tuple(fields), withheld, watched, limits)


def _describe_missing(
    name: str, missing: Sequence[tuple[str, str]], header: tuple[str, ...]
) -> Iterator[str]:
    """Problems with columns that are not there; many with nothing to advise are one problem.

    Args:
        name: of the table.
        missing: where in the recipe a column is named, and the column.
        header: of the extract.
    """
    by_advice: dict[str, list[tuple[str, str]]] = {}
    for place, source in missing:
        by_advice.setdefault(_advise(source, header), []).append((place, source))
    for advice, places in by_advice.items():
        columns = list(dict.fromkeys(source for _, source in places))
        if len(columns) > 1 and not advice.startswith(_LIKE_IT):
            listed = ", ".join(map(repr, columns))
            yield f"tables.{name}: the extract has no columns {listed}{advice}"
            continue
        for place, source in places:
            yield f"tables.{name}.{place}: the extract has no column {source!r}{advice}"


def _advise(source: str, header: tuple[str, ...]) -> str:
    """What may be wrong, without quoting a header that may be no header."""
    if any(column.strip(" \t") == source for column in header):
        return f"{_LIKE_IT} with spaces around it: set csv = {{ trim = true }})"
    if any(column.lower() == source.lower() for column in header):
        return f"{_LIKE_IT} that differs in upper and lower case)"
    if len(header) == 1:
        for mark, spelled in ((";", ";"), ("\t", "\\t"), ("|", "|")):
            if mark in header[0]:
                return f' (its header is a single column: set csv = {{ delimiter = "{spelled}" }})'
    return ""
