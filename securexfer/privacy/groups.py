"""Groups: people who look alike in a table's quasi-identifiers.

k is the size of the smallest group (Sweeney, "k-anonymity", 2002); l is the smallest number of
different values that a sensitive field has in a group (Machanavajjhala et al., "l-diversity",
2007). Groups are counted over the whole output: a group may be spread over all its blocks. A
blank counts as a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

# About 100 bytes each, and as much again while merging.
MAX_GROUPS = 1_000_000
# So many wait at least before they are merged: the more, the more memory, and the less time.
_AT_ONCE = 100_000
_COUNT = "n"


@dataclass(frozen=True)
class SizeBand:
    """Groups of about one size.

    Attributes:
        at_least: rows in the smallest group that the band has room for; it ends where the next
            band begins.
        n_groups, n_rows: groups in it, and their rows.
    """

    at_least: int
    n_groups: int
    n_rows: int


@dataclass(frozen=True)
class GroupFindings:
    """What the groups of a table look like.

    Attributes:
        k: rows in the smallest group; 0 for a table without rows.
        n_groups: how many there are.
        n_unique: rows that are alone in their group.
        n_small_groups, n_small_rows: groups that are too small or not diverse enough, and their
            rows.
        n_distinct: by sensitive field, its smallest number of different values in a group.
        k_without: by quasi-identifier, what k would be without it.
        sizes: how large the groups are, in bands, smallest first; empty bands are left out.
    """

    k: int
    n_groups: int
    n_unique: int
    n_small_groups: int
    n_small_rows: int
    n_distinct: dict[str, int]
    k_without: dict[str, int]
    sizes: tuple[SizeBand, ...]

    def named(self, titles: Mapping[str, str]) -> GroupFindings:
        """The same with other names for the columns."""
        return replace(
            self,
            n_distinct={titles[column]: n for column, n in self.n_distinct.items()},
            k_without={titles[column]: k for column, k in self.k_without.items()},
        )


class TooManyGroupsError(Exception):
    """There are more groups than can be counted in bounded memory."""


class Combinations:
    """How often each combination of values of some columns occurs.

    Args:
        columns: their names.
        max_kept: how many combinations are kept at most.
    """

    def __init__(self, columns: Sequence[str], max_kept: int = MAX_GROUPS) -> None:
        self.columns = list(columns)
        self._max_kept = max_kept
        schema = {**dict.fromkeys(self.columns, pl.String), _COUNT: pl.UInt32}
        self._kept = pl.DataFrame(schema=schema)
        self._pending: list[pl.DataFrame] = []
        self._n_pending = 0

    def add(self, counted: pl.DataFrame) -> None:
        """Count what `combinations_of` found in one more block.

        Raises:
            TooManyGroupsError: if there are more combinations than may be kept.
        """
        self._pending.append(counted)
        self._n_pending += counted.height
        if self._n_pending > max(min(_AT_ONCE, self._max_kept // 4), self._kept.height // 2):
            self.frame()

    def frame(self) -> pl.DataFrame:
        """One row for each combination: its values, and `n`, how often it occurs.

        Raises:
            TooManyGroupsError: if there are more combinations than may be kept.
        """
        if self._pending:
            both = pl.concat([self._kept, *self._pending])
            self._kept = both.group_by(self.columns).agg(pl.col(_COUNT).sum())
            self._pending, self._n_pending = [], 0
        if self._kept.height > self._max_kept:
            raise TooManyGroupsError
        return self._kept


def combinations_of(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The combinations in one block, with their counts; blank cells as empty text."""
    cells = frame.select(pl.col(columns).fill_null(""))
    return cells.group_by(columns).agg(pl.len().cast(pl.UInt32).alias(_COUNT))


class Groups:
    """Counts a table's groups, block by block.

    Args:
        quasi_identifiers: columns that make the groups.
        sensitive: columns that must differ within each.
        max_kept: groups, or values of a sensitive column in all groups, that are kept at most.
    """

    def __init__(
        self,
        quasi_identifiers: Sequence[str],
        sensitive: Sequence[str] = (),
        max_kept: int = MAX_GROUPS,
    ) -> None:
        self._by = list(quasi_identifiers)
        self._rows = Combinations(self._by, max_kept)
        self._values = {name: Combinations([*self._by, name], max_kept) for name in sensitive}

    def parts_of(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        """What `add` takes, from one block of output; can be called by any thread."""
        # Values that differ only in how they are typed are one opinion, and no diversity.
        plain = frame.with_columns(
            pl.col(name).str.strip_chars().str.to_lowercase() for name in self._values
        )
        parts = [combinations_of(frame, self._rows.columns)]
        return parts + [combinations_of(plain, one.columns) for one in self._values.values()]

    def add(self, parts: Sequence[pl.DataFrame]) -> None:
        """Count one more block.

        Raises:
            TooManyGroupsError: if there are more groups than can be counted.
        """
        for one, part in zip([self._rows, *self._values.values()], parts, strict=True):
            one.add(part)

    def small(self, min_size: int, min_distinct: int) -> pl.DataFrame:
        """The groups that are smaller, or less diverse, than they may be: one row each."""
        small = _is_small(list(self._values), min_size, min_distinct)
        return self._diverse().filter(small).select(self._by)

    def findings(self, min_size: int, min_distinct: int) -> GroupFindings:
        """What there is, and how much of it is below these limits."""
        groups = self._diverse()
        sensitive = list(self._values)
        small = groups.filter(_is_small(sensitive, min_size, min_distinct))
        without = {}
        for name in self._by:
            others = [other for other in self._by if other != name]
            without[name] = (
                _smallest(groups.group_by(others).agg(pl.col(_COUNT).sum()))
                if (others)
                else int(groups[_COUNT].sum())
            )
        return GroupFindings(
            k=_smallest(groups),
            n_groups=groups.height,
            n_unique=int((groups[_COUNT] == 1).sum()),
            n_small_groups=small.height,
            n_small_rows=int(small[_COUNT].sum()),
            n_distinct={name: _minimum(groups[_distinct(name)]) for name in sensitive},
            k_without=without,
            sizes=_count_sizes(groups[_COUNT], min_size),
        )

    def _diverse(self) -> pl.DataFrame:
        """The groups, with a column for how many values each sensitive column has in them."""
        groups = self._rows.frame()
        for name, values in self._values.items():
            counted = values.frame().group_by(self._by).agg(pl.len().alias(_distinct(name)))
            groups = groups.join(counted, on=self._by)
        return groups


def _count_sizes(sizes: pl.Series, min_size: int) -> tuple[SizeBand, ...]:
    """Groups by size in bands from 1, 2, 5, 10, 20, 50, … on, and from `min_size` on."""
    counted = sizes.to_numpy()
    bounds = {step * 10**power for power in range(len(str(sizes.max() or 0))) for step in (1, 2, 5)}
    starts = np.array(sorted(bounds | {min_size}))
    band = np.searchsorted(starts, counted, side="right") - 1
    n_groups = np.bincount(band, minlength=len(starts))
    # Whole numbers up to 2**53 are exact as weights, and no file has so many rows.
    n_rows = np.bincount(band, weights=counted, minlength=len(starts))
    listed = zip(starts.tolist(), n_groups.tolist(), n_rows.tolist(), strict=True)
    return tuple(SizeBand(start, n, int(rows)) for start, n, rows in listed if n)


def _is_small(sensitive: Sequence[str], min_size: int, min_distinct: int) -> pl.Expr:
    too_few = [pl.col(_COUNT) < min_size]
    return pl.any_horizontal(too_few + [pl.col(_distinct(s)) < min_distinct for s in sensitive])


def _distinct(name: str) -> str:
    return f"distinct {name}"


def _smallest(groups: pl.DataFrame) -> int:
    return _minimum(groups[_COUNT])


def _minimum(counts: pl.Series) -> int:
    return int(counts.to_numpy().min()) if counts.len() else 0
