"""Masks: where a byte stands in a block, a bit for each byte, in words of 64, lowest bit first.

What follows from where quotes, separators and line ends stand, follows for 64 bytes at a time.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.intp]
Words = npt.NDArray[np.uint64]

WORD_BITS = 64
_ONE = np.uint64(1)
_LAST_BIT = np.uint64(WORD_BITS - 1)


def mark(raw: Bytes, byte: int) -> Words:
    """Where a byte stands; the last word is filled up with zeros."""
    packed = np.packbits(raw == byte, bitorder="little")
    if packed.size % 8:
        packed = np.concatenate((packed, np.zeros(-packed.size % 8, np.uint8)))
    return packed.view(np.uint64)


def enclose(quotes: Words, is_quoted: bool) -> Words:
    """Which bytes lie inside quotes, by prefix parity: within words, then across them.

    An opening quote counts as inside, a closing one as outside.

    Args:
        quotes: where they stand.
        is_quoted: whether the first byte lies inside quotes that were opened before.
    """
    words = quotes.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    odd = words >> _LAST_BIT
    carry = np.bitwise_xor.accumulate(odd) ^ odd ^ np.uint64(is_quoted)
    words ^= np.uint64(0) - carry
    return words


def ends_set(words: Words) -> bool:
    """Whether the very last bit is set."""
    return bool(words[-1] >> _LAST_BIT)


def follow(words: Words, is_first: bool) -> Words:
    """The bytes after those that are set.

    Args:
        words: a mask.
        is_first: whether the first byte comes after one that is.
    """
    moved = words << _ONE
    moved[1:] |= words[:-1] >> _LAST_BIT
    moved[0] |= np.uint64(is_first)
    return moved


def find(words: Words) -> Positions:
    """Positions of the bits that are set, ascending."""
    n_set = int(np.bitwise_count(words).sum())
    if n_set > words.size:
        return cast(
            Positions, np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little"))
        )
    # Few: those words that have any, and of each its lowest bit until none is left.
    at = np.flatnonzero(words)
    left = words[at]
    found = []
    while at.size:
        found.append(at * WORD_BITS + np.bitwise_count((left & -left) - _ONE))
        left &= left - _ONE
        has_more = left != 0
        at, left = at[has_more], left[has_more]
    positions: Positions = np.concatenate(found) if found else np.zeros(0, np.intp)
    if len(found) > 1:
        positions.sort(kind="stable")
    return positions


def count_before(words: Words, positions: Positions) -> Positions:
    """How many bits are set before each of these positions."""
    if not words.any():
        return np.zeros(positions.size, np.intp)
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bitwise_count(words))))
    word, bit = positions >> 6, (positions & 63).astype(np.uint64)
    counts: Positions = before[word] + np.bitwise_count(words[word] & ((_ONE << bit) - _ONE))
    return counts
