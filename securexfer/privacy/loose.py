"""Tables read as they come: any separator, encoding known, rows of any length, quotes or none.

What leaves is parsed strictly, elsewhere. Here nothing is to be refused: what a stranger's file
holds has to be seen, however badly it is written.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from securexfer.privacy.glance import count_values

_DELIMITERS = ",;\t|"
_HEAD_LINES, _MIN_SHARE, _MAX_COLUMNS = 200, 0.7, 5000
_GAPS = re.compile(r" {2,}")
csv.field_size_limit(1 << 27)


@dataclass(frozen=True)
class Spelling:
    """How a text spells a table.

    Attributes:
        delimiter: between cells; two spaces stand for any number of them.
        n_columns: of most rows.
        header: names of its columns, blank where there is no header.
        n_before: lines before the data, the header among them.
    """

    delimiter: str
    n_columns: int
    header: tuple[str, ...]
    n_before: int


def find_spelling(head: str) -> Spelling | None:
    """How the beginning of a text spells a table, or None if it is none."""
    lines = head.splitlines()[:_HEAD_LINES]
    if len(lines) == _HEAD_LINES or (len(lines) > 1 and not head.endswith(("\n", "\r"))):
        lines = lines[: max(len(lines) - 1, 1)] if len(lines) > 3 else lines
    filled = [line for line in lines if line.strip()]
    best: tuple[float, int, str] | None = None
    for delimiter in (*_DELIMITERS, "  "):
        rows = list(_parse(filled, delimiter))
        widths = Counter(len(row) for row in rows)
        n_columns, n = widths.most_common(1)[0] if widths else (0, 0)
        share = sum(n for width, n in widths.items() if width >= max(2, n_columns)) / max(
            len(rows), 1
        )
        if delimiter == "  ":
            share = n / max(len(rows), 1)
        least = 2 if delimiter != "  " else 3
        if n_columns >= least and share >= _MIN_SHARE and len(rows) >= 2:
            # The separator that makes the most columns, but two spaces only where no other does.
            rank = (0.0 if delimiter == "  " else 1.0, n_columns, delimiter)
            best = max(best, rank) if best else rank
    if best is None:
        return None
    delimiter, n_columns = best[2], min(best[1], _MAX_COLUMNS)
    if delimiter in ",;" and _reads_as_prose(filled, delimiter):
        return None
    return _with_header(lines, delimiter, n_columns)


def read_rows(text: str, spelling: Spelling) -> pl.DataFrame:
    """Whole lines of a table as text columns; rows that are short are filled, long ones cut."""
    names = [f"c{number}" for number in range(spelling.n_columns)]
    if spelling.delimiter != "  ":
        try:
            return pl.read_csv(
                io.BytesIO(text.encode("utf-8", "replace")),
                has_header=False,
                separator=spelling.delimiter,
                schema=dict.fromkeys(names, pl.String),
                infer_schema=False,
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):
            pass  # rows of other lengths, or quotes where none may stand
    return frame_rows(_parse(text.split("\n"), spelling.delimiter), names)


def frame_rows(rows: Iterable[Sequence[str]], names: Sequence[object]) -> pl.DataFrame:
    """Rows of any length as columns; what is too much in a row goes into its last cell."""
    n = len(names)
    columns: list[list[str]] = [[] for _ in names]
    for row in rows:
        if len(row) > n:
            row = [*row[: n - 1], " ".join(row[n - 1 :])]
        for number, column in enumerate(columns):
            column.append(row[number] if number < len(row) else "")
    return pl.DataFrame({f"c{i}": pl.Series(c, dtype=pl.String) for i, c in enumerate(columns)})


def find_header(rows: Sequence[Sequence[str]], n_columns: int) -> tuple[tuple[str, ...], int]:
    """The names of columns among the first rows, and how many rows come before the data."""
    blank = ("",) * n_columns
    for number, row in enumerate(rows[:20]):
        names = [cell.strip() for cell in row]
        if sum(map(bool, names)) < max(2, 0.6 * n_columns) and n_columns > 1:
            continue
        if len(names) != n_columns and n_columns > 1:
            continue
        if any(len(name) > 80 for name in names) or count_values(names):
            return blank, number
        if not any(re.search("[A-Za-z]", name) for name in names):
            return blank, number
        return tuple(names), number + 1
    return blank, 0


def _with_header(lines: Sequence[str], delimiter: str, n_columns: int) -> Spelling:
    rows = list(_parse(lines[:20], delimiter))
    header, n_before = find_header(rows, n_columns)
    return Spelling(delimiter, n_columns, header, n_before)


def _parse(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Each line by itself, so that a quote that never closes spoils one row and no more."""
    for line in lines:
        if delimiter == "  ":
            yield _GAPS.split(line.strip())
        elif '"' not in line:
            yield line.split(delimiter)
        else:
            yield next(csv.reader([line.replace("\0", "")], delimiter=delimiter), [])


def _reads_as_prose(lines: Sequence[str], delimiter: str) -> bool:
    """Sentences have commas too, each line another number of them, and a space behind."""
    n_spaced = sum(line.count(delimiter + " ") for line in lines)
    n_all = sum(line.count(delimiter) for line in lines)
    counts = {line.count(delimiter) for line in lines if line.strip()}
    return n_spaced > 0.8 * n_all and len(counts) > 3
