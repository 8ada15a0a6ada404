"""Data subjects: how many different people a table, or a whole bundle, is about.

Tokens are keyed hashes, so their first 64 bits are as good as random numbers. The smallest
`MAX_KEPT` of them are kept: as long as there are no more, the count is exact. Beyond that, the
largest that is kept tells how densely they lie: with k kept, the estimate is (k - 1) divided by the
share of the range they fill, with a relative error of about 1 in the square root of k (Bar-Yossef
et al., "Counting distinct elements in a data stream", 2002; Beyer et al., SIGMOD 2007).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from securexfer.privacy.pseudonyms import TOKEN_HEX_DIGITS

MAX_KEPT = 1_000_000
_DIGITS = 16
# Merging holds so many tokens twice, not all of them.
_AT_ONCE = 250_000

Tokens = npt.NDArray[np.uint64]


def tokens_of(column: pl.Series) -> Tokens:
    """The different tokens of a column as numbers; blank cells are nobody."""
    digits = column.drop_nulls().str.tail(TOKEN_HEX_DIGITS).str.head(_DIGITS).unique()
    return digits.str.to_integer(base=16, dtype=pl.UInt64).to_numpy().astype(np.uint64)


class Subjects:
    """Counts different tokens in bounded memory: 10 MB, and 5 more while merging.

    They lie in one array for good, which takes no memory where it is not filled. Arrays that are
    replaced by larger ones over and over leave holes that add up to as much again.
    """

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._array = np.empty(max_kept + _AT_ONCE, np.uint64)
        self._n_kept = 0
        self._pending: list[Tokens] = []
        self._n_pending = 0
        self.is_exact = True

    def add(self, tokens: Tokens) -> None:
        """Count these, too."""
        if not self.is_exact:
            tokens = tokens[tokens <= self._array[self._n_kept - 1]]
        self._pending.append(tokens)
        self._n_pending += tokens.size
        if self._n_pending > min(_AT_ONCE, self._max_kept):
            self._merge()

    def count(self) -> int:
        """How many there are: exactly, or an estimate if `is_exact` is false."""
        self._merge()
        if self.is_exact:
            return self._n_kept
        return round((self._n_kept - 1) / ((float(self.largest()) + 1) / 2.0**64))

    def largest(self) -> int:
        """The largest token that is kept; there must be one."""
        self._merge()
        return int(self._array[self._n_kept - 1])

    def parts(self) -> Iterator[Tokens]:
        """The tokens that are kept, ascending, some at a time."""
        self._merge()
        for start in range(0, self._n_kept, _AT_ONCE):
            yield self._array[start : min(start + _AT_ONCE, self._n_kept)]

    def forget_above(self, largest: int) -> None:
        """Keep those up to this one only, as an estimate."""
        self._merge()
        kept = self._array[: self._n_kept]
        self._n_kept = int(np.searchsorted(kept, np.uint64(largest), side="right"))
        self.is_exact = False

    def _merge(self) -> None:
        if not self._pending:
            return
        new = np.sort(np.concatenate(self._pending))
        self._pending, self._n_pending = [], 0
        for start in range(0, new.size, _AT_ONCE):
            self._take(new[start : start + _AT_ONCE])

    def _take(self, new: Tokens) -> None:
        """Merge tokens in order, and let the largest go until no more are left than may be kept."""
        both = self._array[: self._n_kept + new.size]
        both[self._n_kept :] = new
        # Two runs that are in order are merged in place by a stable sort, with one beside it.
        both.sort(kind="stable")
        self._n_kept = _make_distinct(both)
        if self._n_kept > self._max_kept:
            self._n_kept = self._max_kept
            self.is_exact = False


def _make_distinct(ascending: Tokens) -> int:
    """Move each different one to the front, in place; how many there are."""
    n_distinct, before = 0, None
    for start in range(0, ascending.size, _AT_ONCE):
        some = ascending[start : start + _AT_ONCE].copy()
        # Not `np.unique`, which hashes numbers first and takes ten times as long.
        is_first = np.ones(some.size, bool)
        np.not_equal(some[1:], some[:-1], out=is_first[1:])
        is_first[0] = before is None or some[0] != before
        before = some[-1]
        some = some[is_first]
        ascending[n_distinct : n_distinct + some.size] = some
        n_distinct += some.size
    return n_distinct


def together(several: Iterable[Subjects], max_kept: int = MAX_KEPT) -> Subjects:
    """The subjects of several tables, whoever is in more than one counted once."""
    tables = list(several)
    if len(tables) == 1:
        return tables[0]  # no need to hold them twice
    union = Subjects(max_kept)
    bounds = []
    for one in tables:
        for part in one.parts():
            union.add(part)
        if not one.is_exact:
            bounds.append(one.largest())
    if bounds:
        # Beyond the smallest bound some table has forgotten what it saw.
        union.forget_above(min(bounds))
    return union
