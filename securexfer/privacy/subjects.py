"""Data subjects: how many different people a table, or a whole bundle, is about.

Tokens are keyed hashes, so their first 64 bits are as good as random numbers. The smallest
`MAX_KEPT` of them are kept: as long as there are no more, the count is exact. Beyond that, the
largest that is kept tells how densely they lie: with k kept, the estimate is (k - 1) divided by the
share of the range they fill, with a relative error of about 1 in the square root of k (Bar-Yossef
et al., "Counting distinct elements in a data stream", 2002; Beyer et al., SIGMOD 2007).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from securexfer.privacy.pseudonyms import TOKEN_HEX_DIGITS

MAX_KEPT = 5_000_000
_DIGITS = 16
# Merging holds a part of the tokens twice, not all of them.
_PARTS = 256
_PENDING = 500_000

Tokens = npt.NDArray[np.uint64]


def tokens_of(column: pl.Series) -> Tokens:
    """The different tokens of a column as numbers; blank cells are nobody."""
    digits = column.drop_nulls().str.tail(TOKEN_HEX_DIGITS).str.head(_DIGITS).unique()
    return digits.str.to_integer(base=16, dtype=pl.UInt64).to_numpy().astype(np.uint64)


class Subjects:
    """Counts different tokens in bounded memory: 40 MB, and 10 more while merging."""

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._parts: list[Tokens] = [np.zeros(0, np.uint64) for _ in range(_PARTS)]
        self._pending: list[Tokens] = []
        self._n_pending = 0
        self.is_exact = True

    def add(self, tokens: Tokens) -> None:
        """Count these, too."""
        self._pending.append(tokens)
        self._n_pending += tokens.size
        if self._n_pending > min(_PENDING, self._max_kept):
            self._merge()

    def count(self) -> int:
        """How many there are: exactly, or an estimate if `is_exact` is false."""
        self._merge()
        n_kept = self._n_kept()
        if self.is_exact:
            return n_kept
        largest = next(part[-1] for part in reversed(self._parts) if part.size)
        return round((n_kept - 1) / ((float(largest) + 1) / 2.0**64))

    def parts(self) -> list[Tokens]:
        """The tokens that are kept, ascending."""
        self._merge()
        return self._parts

    def forget_above(self, largest: int) -> None:
        """Keep those up to this one only, as an estimate."""
        self._merge()
        self._parts = [part[part <= np.uint64(largest)] for part in self._parts]
        self.is_exact = False

    def _n_kept(self) -> int:
        return sum(part.size for part in self._parts)

    def _merge(self) -> None:
        if not self._pending:
            return
        new = _distinct(np.sort(np.concatenate(self._pending)))
        self._pending, self._n_pending = [], 0
        # By their leading bits, so that one part after the other is ascending as a whole.
        bounds = np.arange(1, _PARTS, dtype=np.uint64) << np.uint64(56)
        for i, piece in enumerate(np.split(new, np.searchsorted(new, bounds))):
            if piece.size:
                self._parts[i] = _merged(self._parts[i], piece)
        self._trim()

    def _trim(self) -> None:
        """Let the largest go until no more are left than may be kept."""
        surplus = self._n_kept() - self._max_kept
        if surplus > 0:
            self.is_exact = False
        for i in reversed(range(_PARTS)):
            if surplus <= 0:
                break
            part = self._parts[i]
            n_left = max(part.size - surplus, 0)
            surplus -= part.size - n_left
            self._parts[i] = part[:n_left].copy()


def _distinct(ascending: Tokens) -> Tokens:
    # Not `np.unique`, which hashes numbers first and takes ten times as long.
    is_first = np.ones(ascending.size, bool)
    np.not_equal(ascending[1:], ascending[:-1], out=is_first[1:])
    return ascending[is_first]


def _merged(one: Tokens, other: Tokens) -> Tokens:
    # Two runs that are in order are merged by one pass of a stable sort.
    return _distinct(np.sort(np.concatenate((one, other)), kind="stable"))


def together(several: Iterable[Subjects], max_kept: int = MAX_KEPT) -> Subjects:
    """The subjects of several tables, whoever is in more than one counted once."""
    tables = list(several)
    if len(tables) == 1:
        return tables[0]  # no need to hold them twice
    union = Subjects(max_kept)
    bounds = []
    for one in tables:
        parts = one.parts()
        if not one.is_exact:
            bounds.append(int(next(part[-1] for part in reversed(parts) if part.size)))
        for part in parts:
            union.add(part)
    if bounds:
        # Beyond the smallest bound some table has forgotten what it saw.
        union.forget_above(min(bounds))
    return union
