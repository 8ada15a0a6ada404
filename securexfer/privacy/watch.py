"""Watching a table's output on its way out: every block once, and only counts are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from securexfer.privacy.groups import GroupFindings, Groups, TooManyGroupsError
from securexfer.privacy.identifiers import Evidence, Sighting, judge
from securexfer.privacy.minimise import MinimisedFrame, field_names
from securexfer.privacy.plan import PlannedField, TablePlan
from securexfer.privacy.search import look
from securexfer.privacy.stack import Stack
from securexfer.privacy.subjects import Subjects, Tokens, tokens_of


@dataclass(frozen=True)
class Observed:
    """What was seen in one block; may be made by any thread."""

    n_rows: int
    n_suppressed: int
    tokens: Tokens | None = field(repr=False)
    n_unnamed: int
    groups: Sequence[pl.DataFrame] | None = field(repr=False)
    evidence: Mapping[str, Mapping[str, Evidence]]
    n_filled: Mapping[str, int]
    n_redacted: Mapping[str, int]
    n_echoes: Mapping[tuple[str, str], int]


class Watch:
    """What was seen in all blocks of a table.

    Attributes:
        plan: the table's.
        subjects: different tokens of its data subjects.
        n_rows, n_suppressed: rows that leave, and rows that a ruling kept back.
        n_redacted: by field of free text, cells in which identifiers were replaced.
        n_echoes: by source column and field, cells that repeat their row's value.
        n_unnamed: rows whose data subjects are all blank.
    """

    def __init__(self, plan: TablePlan) -> None:
        self.plan = plan
        self.subjects = Subjects()
        self.n_rows = 0
        self.n_suppressed = 0
        self.n_redacted: Counter[str] = Counter()
        self.n_echoes: Counter[tuple[str, str]] = Counter()
        names = field_names(plan)
        spec = plan.spec
        self._subjects = [names[subject] for subject in spec.subject_fields]
        self.n_unnamed = 0
        self._groups: Groups | None = None
        if spec.quasi_identifiers:
            quasi = [names[name] for name in spec.quasi_identifiers]
            self._groups = Groups(quasi, [names[name] for name in spec.sensitive])
        # What can't hold anything but its action's own form is not searched.
        self._open = {names[f.name]: f for f in plan.fields if not f.spec.is_closed}
        if plan.limits.residual == "off":
            self._open = {}
        self._evidence: dict[str, dict[str, Evidence]] = {}
        self._n_filled: Counter[str] = Counter()

    @property
    def n_searched(self) -> int:
        """How many fields are searched for identifiers."""
        return len(self._open)

    def observe(self, minimised: MinimisedFrame) -> Observed:
        """Look at one block. Any thread may."""
        frame = minimised.frame
        groups = self._groups  # which `add` may give up at any moment
        return Observed(
            n_rows=frame.height,
            n_suppressed=minimised.n_suppressed,
            tokens=self._tokens(frame),
            n_unnamed=self._count_unnamed(frame),
            groups=groups.parts_of(frame) if groups is not None else None,
            evidence=look(frame, list(self._open)),
            n_filled=_count_filled(frame, list(self._open)),
            n_redacted=minimised.n_redacted,
            n_echoes=minimised.n_echoes,
        )

    def add(self, observed: Observed) -> None:
        """Count one more block, in any order."""
        self.n_rows += observed.n_rows
        self.n_suppressed += observed.n_suppressed
        self.n_unnamed += observed.n_unnamed
        self.n_redacted.update(observed.n_redacted)
        self.n_echoes.update(observed.n_echoes)
        self._n_filled.update(observed.n_filled)
        if observed.tokens is not None:
            self.subjects.add(observed.tokens)
        for column, kinds in observed.evidence.items():
            known = self._evidence.setdefault(column, {})
            for kind, evidence in kinds.items():
                known.setdefault(kind, Evidence(0, 0, 0)).add(evidence)
        if self._groups is not None and observed.groups is not None:
            try:
                self._groups.add(observed.groups)
            except TooManyGroupsError:
                self._groups = None

    def count_subjects(self) -> tuple[int, str]:
        """How many data subjects there are, and in what sense."""
        if not self._subjects:
            return self.n_rows, "upper bound"
        n_named = self.subjects.count()
        if self.n_unnamed:
            # Each may be about somebody else.
            return n_named + self.n_unnamed, "upper bound"
        return n_named, "exact" if self.subjects.is_exact else "approximate"

    @property
    def counts_people(self) -> bool:
        """Whether its data subjects have tokens by which they can be counted."""
        return bool(self._subjects)

    def _tokens(self, frame: pl.DataFrame) -> Tokens | None:
        if not self._subjects:
            return None
        return tokens_of(pl.concat([frame[name].rename("token") for name in self._subjects]))

    def _count_unnamed(self, frame: pl.DataFrame) -> int:
        """Rows in which no field names a data subject, though some should."""
        if not self._subjects:
            return 0
        return int(frame.select(pl.all_horizontal(pl.col(self._subjects).is_null()).sum()).item())

    def sightings(self) -> list[tuple[PlannedField, Sighting]]:
        """Identifiers that were found in fields, as their columns as a whole let judge."""
        return [
            (planned, sighting)
            for column, planned in self._open.items()
            for sighting in judge(
                [planned.name, planned.source or planned.name],
                self._evidence.get(column, {}),
                self._n_filled[column],
            )
        ]

    def group_findings(self) -> GroupFindings | None:
        """What the groups look like, by field name; None if there are too many to count."""
        if self._groups is None:
            return None
        try:
            found = self._groups.findings(*self._bounds())
        except TooManyGroupsError:
            return None
        titles = {column: name for name, column in field_names(self.plan).items()}
        return found.named(titles)

    def small_groups(self) -> pl.DataFrame | None:
        """The groups that may not leave, by the output's columns; None if there are too many."""
        try:
            return self._groups.small(*self._bounds()) if self._groups is not None else None
        except TooManyGroupsError:
            return None

    def _bounds(self) -> tuple[int, int]:
        return self.plan.limits.min_group_size or 1, self.plan.spec.min_distinct or 1


def _count_filled(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, int]:
    """How many cells are not blank. To compare how they begin is much quicker than to search."""
    stack = Stack(frame, columns)
    rows = (~stack.cells.is_between("!", "~")).fill_null(value=True).arg_true()
    is_filled = stack.cells.gather(rows).str.contains(r"\S").fill_null(value=False)
    blank = stack.count(rows.filter(~is_filled))
    return {column: frame.height - n for column, n in blank.items()}
