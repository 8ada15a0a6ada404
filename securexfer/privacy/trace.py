"""Asking first what is quick to ask: a search over columns costs much before its first cell.

Most texts and columns are short. Python's own search over all of one takes no time to begin, and
what it does not find is not sought again. Of what is longer everything is sought at once.
"""

from __future__ import annotations

import functools
import re

import polars as pl

_SHORT = 32_768


class Trace:
    """What a column of texts may have somewhere in it."""

    def __init__(self, cells: pl.Series) -> None:
        n = cells.str.len_bytes().sum() if cells.len() <= _SHORT else _SHORT
        self._text = "\n".join(cells.to_list()) if n < _SHORT else None

    def may_have(self, pattern: str) -> bool:
        """Whether it has this, or is too long to be asked."""
        return self._text is None or _compile(pattern).search(self._text) is not None


@functools.cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
