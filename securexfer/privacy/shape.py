"""The shape of CSV records, checked exactly, row by row, before any parser sees them.

A parser that reads some columns only lets long rows and misplaced quotes in the others pass, and
a row that is shifted by one puts a withheld value into a field that leaves. So every record is
counted here, over all its columns, from the bytes alone: a quote opens only at the start of a
field and closes only at its end (RFC 4180), and outside quotes each record has exactly the
header's number of fields.

Because quotes alternate between opening and closing from the start of a record on, everything
follows from their positions and the parity of their count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEWLINE = 10
RETURN = 13
# A whole number of words.
_PIECE_BYTES = 256 * 1024
MISPLACED_QUOTE = "it has a quote where none may stand"
Positions = npt.NDArray[np.intp]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]


class MisshapenError(Exception):
    """A record that is not as it should be. Holds no data, only where and what.

    Attributes:
        line: number of line ends before the record's first line, within the block.
        reason: what is wrong, ready for a sentence.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class CheckedRecords:
    """Records of the right shape.

    Attributes:
        data: their bytes, without wholly blank lines.
        n_rows: records in `data`.
        n_blank: blank lines left out.
        n_lines: line ends in the block as it came.
    """

    data: bytes
    n_rows: int
    n_blank: int
    n_lines: int


def last_record_end(data: bytes | bytearray, quote: int) -> int:
    """Offset just after the last line end outside quotes; 0 if there is none.

    `data` starts at the start of a record.
    """
    newline = data.rfind(b"\n")
    if newline < 0:
        return 0
    raw = np.frombuffer(data, np.uint8)
    n_quotes = sum(
        int(np.count_nonzero(raw[start : min(start + _PIECE_BYTES, newline)] == quote))
        for start in range(0, newline, _PIECE_BYTES)
    )
    if n_quotes % 2 == 0:
        return newline + 1
    newlines = np.flatnonzero(raw == NEWLINE)
    outside = newlines[_outside(np.flatnonzero(raw == quote), newlines)]
    return int(outside[-1]) + 1 if outside.size else 0


def first_record_end(data: bytes | bytearray, quote: int) -> int:
    """Offset just after the first line end outside quotes; 0 if there is none."""
    raw = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(raw == NEWLINE)
    outside = newlines[_outside(np.flatnonzero(raw == quote), newlines)]
    return int(outside[0]) + 1 if outside.size else 0


def check_records(data: bytes, *, n_fields: int, delimiter: int, quote: int) -> CheckedRecords:
    """Check a block of whole records; the last one may lack its line end.

    Raises:
        MisshapenError: for the first record that has a wrong number of fields, a quote where none
            may stand, an open quote at the end, or a carriage return that ends no line.
    """
    if not data:
        return CheckedRecords(data, 0, 0, 0)
    ends_whole = data.endswith(b"\n")
    if not ends_whole:
        data += b"\n"
    raw = np.frombuffer(data, np.uint8)
    index = _index(raw, delimiter, quote)
    quotes, ends = index.quotes, index.ends
    starts = np.concatenate((np.zeros(1, np.intp), ends + 1))[: ends.size]

    has_returns = b"\r" in data
    blank = ends == starts
    if has_returns:
        blank |= (ends == starts + 1) & (raw[starts] == RETURN)
    counts = _count_fields(index.separators, ends)
    wrong = np.flatnonzero((counts != n_fields) & ~blank)

    faults: list[tuple[int, int, str]] = []  # position, order among equals, reason
    if wrong.size:
        row = int(wrong[0])
        found = int(counts[row])
        reason = f"it has {found} field{'s' * (found != 1)} where the header has {n_fields}"
        faults.append((int(starts[row]), 1, reason))
    misplaced = _first_misplaced_quote(raw, quotes, delimiter, quote)
    if misplaced is not None:
        faults.append((misplaced, 0, MISPLACED_QUOTE))
    if quotes.size % 2:
        faults.append((int(quotes[-1]), 2, "it opens a quote that is never closed"))
    if has_returns:
        lone = _first_lone_return(raw, quotes)
        if lone is not None:
            faults.append((lone, 3, "it has a carriage return that does not end a line"))
    if faults:
        # A fault inverts what counts as quoted behind it, so only the first one is real; each is
        # named by the start of its record.
        at = [(int(np.searchsorted(ends, position)), order, why) for position, order, why in faults]
        row, _, reason = min(at)
        start = int(ends[row - 1]) + 1 if row else 0
        raise MisshapenError(data.count(b"\n", 0, start), reason)

    n_blank = int(np.count_nonzero(blank))
    if n_blank:
        data = _without(raw, starts[blank], ends[blank])
    n_lines = index.n_newlines - (not ends_whole)
    return CheckedRecords(data, int(ends.size) - n_blank, n_blank, n_lines)


class RecordCounter:
    """Counts records of a CSV stream (quote `"`), wherever its pieces are cut."""

    def __init__(self) -> None:
        self.n_records = 0
        self._n_quotes = 0

    def update(self, piece: bytes) -> None:
        """Count the line ends outside quotes in the next piece."""
        raw = np.frombuffer(piece, np.uint8)
        quotes = np.flatnonzero(raw == ord('"'))
        if not quotes.size and self._n_quotes % 2 == 0:
            self.n_records += piece.count(b"\n")
            return
        newlines = np.flatnonzero(raw == NEWLINE)
        before = np.searchsorted(quotes, newlines) + self._n_quotes
        self.n_records += int(np.count_nonzero(before % 2 == 0))
        self._n_quotes += int(quotes.size)


@dataclass(frozen=True)
class _Index:
    """Where the marks of a block stand.

    Attributes:
        quotes: positions of all quotes.
        ends: positions of the newlines outside quotes.
        separators: delimiters outside quotes, a bit for each byte.
        n_newlines: newlines, quoted ones included.
    """

    quotes: Positions
    ends: Positions
    separators: Words
    n_newlines: int


def _index(raw: Bytes, delimiter: int, quote: int) -> _Index:
    """Index a block piece by piece, so that whatever is in between stays in the cache."""
    quotes, ends, separators = [], [], []
    n_newlines, is_quoted = 0, np.uint64(0)
    for start in range(0, raw.size, _PIECE_BYTES):
        piece = raw[start : start + _PIECE_BYTES]
        marks = piece == quote
        found = np.flatnonzero(marks)
        outside = None
        if found.size or is_quoted:
            quotes.append(found + start)
            quoted = _quoted(_words(marks), is_quoted)
            # The last word may be filled up, with zeros, which keep what is true at its end.
            is_quoted = quoted[-1] >> np.uint64(63)
            outside = ~quoted
        newlines = np.flatnonzero(piece == NEWLINE)
        n_newlines += newlines.size
        if outside is not None:
            newlines = newlines[_are_set(outside, newlines)]
        ends.append(newlines + start)
        separators.append(_masked(piece == delimiter, outside))
    return _Index(
        np.concatenate(quotes) if quotes else np.zeros(0, np.intp),
        np.concatenate(ends),
        np.concatenate(separators),
        n_newlines,
    )


def _outside(quotes: Positions, positions: Positions) -> Mask:
    """Which positions lie outside quotes: an even number of quotes stands before them."""
    if not quotes.size:
        return np.ones(positions.size, bool)
    outside: Mask = np.searchsorted(quotes, positions) % 2 == 0
    return outside


def _count_fields(separators: Words, ends: Positions) -> Positions:
    """Number of fields of each record: its separators outside quotes, and one.

    Separators of a record are those before its end, less those before the previous end.
    """
    if not separators.any():
        return np.ones(ends.size, np.int64)  # one column
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bitwise_count(separators))))
    word, bit = ends >> 6, (ends & 63).astype(np.uint64)
    below = separators[word] & ((np.uint64(1) << bit) - np.uint64(1))
    until = before[word] + np.bitwise_count(below)
    counts: Positions = np.diff(until, prepend=0) + 1
    return counts


def _quoted(quotes: Words, is_quoted: np.uint64) -> Words:
    """Which bytes lie inside quotes, by prefix parity: within words, then across them.

    Args:
        quotes: a bit for each byte that is one.
        is_quoted: 1 if the first byte lies inside quotes that were opened before.
    """
    words = quotes.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    odd = words >> np.uint64(63)
    carry = np.bitwise_xor.accumulate(odd) ^ odd ^ is_quoted
    words ^= np.uint64(0) - carry
    return words


def _masked(mask: Mask, outside: Words | None) -> Words:
    """A mask as words, without what lies inside quotes."""
    words = _words(mask)
    return words if outside is None else words & outside


def _words(mask: Mask) -> Words:
    """A mask as 64-bit words, lowest bit first, the last one filled with zeros."""
    packed = np.packbits(mask, bitorder="little")
    padded = np.zeros(-(-packed.size // 8) * 8, np.uint8)
    padded[: packed.size] = packed
    return padded.view(np.uint64)


def _are_set(words: Words, positions: Positions) -> Mask:
    """Whether the bits at these positions are set; they are few."""
    bits = words[positions >> 6] >> (positions & 63).astype(np.uint64)
    are_set: Mask = (bits & np.uint64(1)).astype(bool)
    return are_set


def _first_misplaced_quote(raw: Bytes, quotes: Positions, delimiter: int, quote: int) -> int | None:
    opening, closing = quotes[0::2], quotes[1::2]
    # A quote right before an opening one closes the same field: together they are a doubled quote.
    before = raw[opening - 1]
    may_open = (before == delimiter) | (before == NEWLINE) | (before == quote) | (opening == 0)
    after = raw[np.minimum(closing + 1, raw.size - 1)]
    may_close = (after == delimiter) | (after == NEWLINE) | (after == quote) | (after == RETURN)
    bad = np.concatenate((opening[~may_open], closing[~may_close]))
    return int(bad.min()) if bad.size else None


def _first_lone_return(raw: Bytes, quotes: Positions) -> int | None:
    returns = np.flatnonzero(raw == RETURN)
    # The block ends with a newline, so there is always a next byte.
    lone = returns[raw[returns + 1] != NEWLINE]
    lone = lone[_outside(quotes, lone)]
    return int(lone[0]) if lone.size else None


def _without(raw: Bytes, starts: Positions, ends: Positions) -> bytes:
    keep = np.ones(raw.size, bool)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        keep[start : end + 1] = False
    return raw[keep].tobytes()
