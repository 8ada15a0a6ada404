"""The shape of CSV records, checked exactly, row by row, before any parser sees them.

A parser that reads some columns only lets long rows and misplaced quotes in the others pass, and
a row that is shifted by one puts a withheld value into a field that leaves. So every record is
counted here, over all its columns, from the bytes alone: a quote opens only at the start of a
field and closes only at its end (RFC 4180), and outside quotes each record has exactly the
header's number of fields.

Because quotes alternate between opening and closing from the start of a record on, everything
follows from where they stand and the parity of their count. Whether all is as it should be is told
by masks; where it is not, positions tell what comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from securexfer.privacy.mask import (
    Bytes,
    Positions,
    Words,
    count_before,
    enclose,
    ends_set,
    find,
    follow,
    mark,
)

NEWLINE = 10
RETURN = 13
# A whole number of words.
_PIECE_BYTES = 256 * 1024
MISPLACED_QUOTE = "it has a quote where none may stand"
Mask = npt.NDArray[np.bool_]


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
    has_returns = b"\r" in data
    index = _index(raw, delimiter, quote, has_returns)
    ends = index.ends
    starts = np.concatenate((np.zeros(1, np.intp), ends + 1))[: ends.size]
    blank = ends == starts
    if has_returns:
        blank |= (ends == starts + 1) & (raw[starts] == RETURN)
    # Separators of a record are those before its end, less those before the previous end.
    counts = np.diff(count_before(index.separators, ends), prepend=0) + 1
    wrong = (counts != n_fields) & ~blank
    if index.has_faults or wrong.any():
        faults = _find_faults(raw, delimiter, quote)
        rows = np.flatnonzero(wrong)
        if rows.size:
            row = int(rows[0])
            found = int(counts[row])
            reason = f"it has {found} field{'s' * (found != 1)} where the header has {n_fields}"
            faults.append((int(starts[row]), 1, reason))
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
        ends: positions of the newlines outside quotes.
        separators: delimiters outside quotes.
        n_newlines: newlines, quoted ones included.
        has_faults: whether quotes or carriage returns stand where none may.
    """

    ends: Positions
    separators: Words
    n_newlines: int
    has_faults: bool


def _index(raw: Bytes, delimiter: int, quote: int, has_returns: bool) -> _Index:
    """Index a block piece by piece, so that whatever is in between stays in the cache."""
    ends, separators = [], []
    n_newlines, has_faults, is_quoted = 0, False, False
    # What a piece begins after: as good as a newline, as good as no closing quote, no return.
    after_mark, after_closing, after_return = True, False, False
    for start in range(0, raw.size, _PIECE_BYTES):
        piece = raw[start : start + _PIECE_BYTES]
        quotes, newlines = mark(piece, quote), mark(piece, NEWLINE)
        delimiters = mark(piece, delimiter)
        n_newlines += int(np.bitwise_count(newlines).sum())
        marks = delimiters | newlines
        returns = mark(piece, RETURN) if has_returns else None
        if is_quoted or after_closing or quotes.any():
            quoted = enclose(quotes, is_quoted)
            is_quoted = ends_set(quoted)
            opening = quotes & quoted
            closing = quotes ^ opening
            # A quote right before an opening one closes the same field: it is a doubled one.
            marks |= quotes
            bad = opening & ~follow(marks, after_mark)
            may_follow = marks if returns is None else marks | returns
            bad |= follow(closing, after_closing) & ~may_follow
            after_closing = ends_set(closing)
            has_faults |= bool(bad.any())
            outside = ~quoted
            newlines &= outside
            delimiters &= outside
            if returns is not None:
                returns &= outside
        if returns is not None:
            # Such a newline is outside quotes as well.
            bad = follow(returns, after_return) & ~newlines
            after_return = ends_set(returns)
            has_faults |= bool(bad.any())
        after_mark = ends_set(marks)
        ends.append(find(newlines) + start)
        separators.append(delimiters)
    return _Index(
        np.concatenate(ends), np.concatenate(separators), n_newlines, has_faults or is_quoted
    )


def _find_faults(raw: Bytes, delimiter: int, quote: int) -> list[tuple[int, int, str]]:
    """Where quotes or carriage returns stand and may not: position, order among equals, reason."""
    faults = []
    quotes = np.flatnonzero(raw == quote)
    misplaced = _first_misplaced_quote(raw, quotes, delimiter, quote)
    if misplaced is not None:
        faults.append((misplaced, 0, MISPLACED_QUOTE))
    if quotes.size % 2:
        faults.append((int(quotes[-1]), 2, "it opens a quote that is never closed"))
    lone = _first_lone_return(raw, quotes)
    if lone is not None:
        faults.append((lone, 3, "it has a carriage return that does not end a line"))
    return faults


def _outside(quotes: Positions, positions: Positions) -> Mask:
    """Which positions lie outside quotes: an even number of quotes stands before them."""
    if not quotes.size:
        return np.ones(positions.size, bool)
    outside: Mask = np.searchsorted(quotes, positions) % 2 == 0
    return outside


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
    # A blank line is its line end: one byte or two.
    keep[starts] = False
    keep[ends] = False
    return raw[keep].tobytes()
