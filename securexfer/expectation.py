"""Expectations: how many rows an extract should have. What has others is no extract to send.

A query that failed half-way, or that ran against the wrong day, can look like a short extract.
Nobody looks at a bundle that is made at night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from securexfer.custody.entry import Entry
from securexfer.custody.retention import UNSENT
from securexfer.errors import ExtractEmptyError, RowCountError, UsageError
from securexfer.wording import plural

OnEmpty = Literal["pack", "refuse", "skip"]
# The table of an expectation that holds for every table that has none of its own.
EVERY = ""


@dataclass(frozen=True)
class Expectation:
    """How many rows the extracts should have. Blank lines don't count.

    Attributes:
        n_rows_min: by table, or for every table under the name `EVERY`.
        n_rows_max: likewise.
        change_max_percent: by how much the number may differ from the last bundle's, in percent
            of that; None for any.
        on_empty: what to do where no extract has a row.
    """

    n_rows_min: Mapping[str, int] = field(default_factory=dict)
    n_rows_max: Mapping[str, int] = field(default_factory=dict)
    change_max_percent: int | None = None
    on_empty: OnEmpty = "pack"

    def check_tables(self, tables: Iterable[str]) -> None:
        """Check that there are the tables of which something is expected.

        Raises:
            UsageError: if there is none of that name.
        """
        known = set(tables)
        for name in {*self.n_rows_min, *self.n_rows_max} - {EVERY}:
            if name not in known:
                raise UsageError(
                    f"Rows are expected of the table {name!r}, which the recipe does not have.",
                    hint=f"It has: {', '.join(sorted(known))}.",
                )

    def check_rows(self, n_rows: Mapping[str, int], last: Mapping[str, int]) -> None:
        """Check what was counted.

        Args:
            n_rows: rows that came in, by table.
            last: the same of the last bundle, empty if there is none.

        Raises:
            RowCountError: with every table that has too few or too many.
            ExtractEmptyError: if none has any, and that is to be refused or skipped.
        """
        _refuse(n_rows, self._judge)
        if self.on_empty != "pack" and not any(n_rows.values()):
            raise ExtractEmptyError("No extract has a row.")
        _refuse(n_rows, lambda table, n: self._judge_change(n, last.get(table)))

    def _judge(self, table: str, n: int) -> str:
        least = self.n_rows_min.get(table, self.n_rows_min.get(EVERY))
        most = self.n_rows_max.get(table, self.n_rows_max.get(EVERY))
        if least is not None and n < least:
            return f"{plural(n, 'row')}, at least {least:,} expected"
        if most is not None and n > most:
            return f"{plural(n, 'row')}, at most {most:,} expected"
        return ""

    def _judge_change(self, n: int, last: int | None) -> str:
        percent = self.change_max_percent
        if percent is not None and last is not None and abs(n - last) * 100 > percent * last:
            return (
                f"{plural(n, 'row')}, {last:,} in the last bundle, a change of {percent} % allowed"
            )
        return ""


def _refuse(n_rows: Mapping[str, int], judge: Callable[[str, int], str]) -> None:
    problems = [f"{table}: {why}" for table, n in n_rows.items() if (why := judge(table, n))]
    if problems:
        raise RowCountError(f"Not as many rows as expected. {'; '.join(problems)}.")


def count_last(
    entries: Sequence[Entry], recipe_sha256: str, recipients: Sequence[str]
) -> dict[str, int]:
    """Rows that came in for the last bundle by the same recipe for the same recipients, by table.

    Returns:
        Nothing if there is no such bundle.
    """
    failed = {e.details.get("bundle_id") for e in entries if e.event in UNSENT}
    for entry in reversed(entries):
        details: Mapping[str, Any] = entry.details
        if (
            entry.event == "packed"
            and details.get("recipe_sha256") == recipe_sha256
            and details["recipients"] == list(recipients)
            and details.get("bundle_id") not in failed
        ):
            tables = details.get("tables")
            return {
                table["name"]: table["n_rows_in"]
                for table in (tables if isinstance(tables, list) else [])
                if isinstance(table, dict) and type(table.get("n_rows_in")) is int
            }
    return {}
