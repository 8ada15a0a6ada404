"""Wording: how many of something there are, as people say it."""

from __future__ import annotations


def plural(n: int, noun: str, many: str = "") -> str:
    """`1 row`, `2,000 rows`.

    Args:
        n: how many.
        noun: what one of them is called.
        many: what more of them are called; the noun with an s without it.
    """
    return f"{n:,} {noun if n == 1 else many or noun + 's'}"
