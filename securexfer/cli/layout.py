"""Text on a terminal: lines broken between words only, facts and tables that fit any width.

A path, an id or a hash is one word: whole, it can be copied. Where it is longer than the terminal
is wide, the terminal breaks it, and copies it in one piece all the same. Where nobody looks, width
is None and lines have no end.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
MIN_COLUMNS = 30
MAX_COLUMNS = 100
_BESIDE = 24  # columns that a text must have to stand beside its label
_MAX_WHOLE = 24  # columns up to which a word of a table is kept whole
_GAP = "  "
_INDENT = "    "
_FINGERPRINT = re.compile(r"((?:[A-Z2-7]{4}-){4})((?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}[,.]?)")
# Typographic characters of our own texts, for terminals that don't have them.
_SPELLINGS = str.maketrans(
    {"\u2014": "-", "\u2026": "...", "\u2713": "+", "\u2717": "x", RULE: "-"}
)


def width_of(stream: TextIO | None) -> int | None:
    """Columns for text on a stream; None where nobody looks."""
    try:
        if stream is None or not stream.isatty():
            return None
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        columns = 80
    # Not the last column: some terminals begin a new line behind it.
    return min(max((columns or 80) - 1, MIN_COLUMNS), MAX_COLUMNS)


def fold(
    text: str, width: int | None, first: str = "", rest: str = "", *, breaks_words: bool = False
) -> str:
    """Text behind `first`, broken between words; further lines are behind `rest`."""
    if width is None or _measure(first) + _measure(text) <= width:
        return first + text
    lines, line, is_begun = [], first, False
    for word in _words(text, width - _measure(rest), breaks_words=breaks_words):
        if is_begun and _measure(line) + 1 + _measure(word) > width:
            lines.append(line)
            line, is_begun = rest, False
        line += f" {word}" if is_begun else word
        is_begun = True
    return "\n".join([*lines, line])


def reflow(text: str) -> list[str]:
    """Paragraphs as lines without an end; what is indented stays as it is."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and lines[-1] and line and not line.startswith(" "):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return lines


def lay_out_facts(rows: Iterable[tuple[str, str]], width: int | None) -> Iterator[str]:
    """Labels and texts: side by side, or where that is too narrow, texts behind or below."""
    listed = list(rows)
    beside = max((_measure(label) for label, _ in listed), default=0) + len(_GAP)
    is_narrow = width is not None and beside + _BESIDE > width
    for label, text in listed:
        lead = label + _GAP if is_narrow else _pad(label, beside)
        indent = _INDENT if is_narrow else " " * beside
        words = list(_words(text, (width or 0) - max(_measure(lead), len(indent))))
        longest = max(map(_measure, words), default=0)
        if width is None or max(_measure(lead), len(indent)) + longest <= width:
            yield fold(text, width, lead, indent).rstrip()
        else:
            if label.strip():
                yield label
            yield fold(text, width, _INDENT, _INDENT)


def lay_out_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None
) -> Iterator[str]:
    """A table; where its longest words have no room beside each other, a list of records."""
    widths = _fit(columns, rows, width)
    if widths is None:
        for number, row in enumerate(rows):
            if number:
                yield ""
            facts = [(f"{c}:" if c else "", cell) for c, cell in zip(columns, row, strict=True)]
            yield from lay_out_facts([fact for fact in facts if fact[1]], width)
        return
    yield _join(columns, widths)
    yield RULE * (sum(widths) + len(_GAP) * (len(widths) - 1))
    for row in rows:
        folded = [
            fold(c, w, breaks_words=True).split("\n") for c, w in zip(row, widths, strict=True)
        ]
        for number in range(max(map(len, folded))):
            yield _join([c[number] if number < len(c) else "" for c in folded], widths)


def spell(text: str, stream: TextIO | None) -> str:
    """Text in characters that a stream has; typographic ones of ours else in ASCII."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return text.translate(_SPELLINGS)
    except LookupError:
        pass
    return text


def _fit(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None
) -> list[int] | None:
    """A width for each column, room for its longest word if that is not too long; or None."""
    cells = list(zip(columns, *rows, strict=True))
    widths = [max(map(_measure, column)) for column in cells]
    if width is None:
        return widths
    words = [[_measure(w) for cell in column for w in cell.split(" ")] for column in cells]
    least = [min(max(lengths), _MAX_WHOLE) for lengths in words]
    room = width - len(_GAP) * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda n: (widths[n] > least[n], widths[n]))
        widths[widest] -= 1
    return widths


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(_pad(c, w) for c, w in zip(cells, widths, strict=True)).rstrip()


def _words(text: str, room: int, *, breaks_words: bool = False) -> Iterator[str]:
    """The words of a text; a fingerprint that has no room is read in two halves."""
    for word in filter(None, text.split(" ")):
        halves = _FINGERPRINT.fullmatch(word) if len(word) > room else None
        if halves:
            yield from halves.groups()
        elif breaks_words:
            yield from (word[at : at + room] for at in range(0, len(word), room))
        else:
            yield word


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _measure(text))


def _measure(text: str) -> int:
    """Columns that a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
