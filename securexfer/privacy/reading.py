"""Looking through a text that nobody has described: as a table, as pairs, as prose.

One `TextLook` sees one text, block by block, and decides by the first block how to read it. Columns
can also come one by one, as from JSON or a database.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from securexfer.privacy.grid import Grid, tells_of_people
from securexfer.privacy.loose import find_header, find_spelling, frame_rows, read_rows
from securexfer.privacy.prose import Prose, look_at_prose

_PAIR = re.compile(
    r"^\s{0,20}(?:-\s+)?[\"']?([A-Za-z](?:[\w.;=-]| (?![0-9])){0,40}?)[\"']?\s?[:=]"
    r"\s*(\S.{0,300}?),?\s*$"
)
_TITLE = re.compile(r"\s*[\"']?([A-Za-z][A-Za-z _./-]{0,39})[\"']?\s*")
_MAX_KEYS, _MAX_PARTS = 2000, 50_000
_TUPLE = re.compile(r"\(((?:[^()']|'(?:[^']|'')*'){3,4000})\)")
_COPY = re.compile(r"COPY [^()\n]{1,300}\(([^()\n]{1,20000})\) FROM stdin;")
_VALUES = re.compile(r"(?i)\bvalues\b\s*\(")
_SAMPLE_LINES = 400


class TextLook:
    """Looks through one text.

    Args:
        head: its beginning, by which it is read.
    """

    def __init__(self, head: str) -> None:
        self._prose = Prose()
        self._spelling = find_spelling(head)
        self._grid: Grid | None = None
        self._columns: ColumnLook | None = None
        self._one: Grid | None = None
        self._title = ""
        self._n_skip = 0
        self._copied: list[str] = []
        self._has_statements = _VALUES.search(head) is not None
        if self._has_statements or "FROM stdin;" in head:
            self._spelling = None
        if self._spelling is not None:
            self._grid = Grid(self._spelling.header)
            self._n_skip = self._spelling.n_before
        elif _is_pairs(head):
            self._columns = ColumnLook(has_emails=False)
        else:
            self._title, self._n_skip = _find_title(head)
            self._one = Grid([self._title], has_emails=False)

    def skip_nothing(self) -> None:
        """The next block is not the first of the text: it has no header."""
        self._n_skip = 0

    def add(self, text: str) -> None:
        """Look at a block of whole lines, with plain line ends."""
        if self._grid is not None and self._spelling is not None:
            frame = read_rows(self._without_head(text), self._spelling)
            self._grid.add(frame.get_columns())
            return
        lines = pl.Series(text.split("\n"), dtype=pl.String)
        self._prose.add(lines)
        if self._columns is not None:
            pairs = (_PAIR.match(line) for line in text.split("\n"))
            self._columns.add_pairs((m[1], m[2]) for m in pairs if m)
        elif self._one is not None:
            short, self._n_skip = lines[self._n_skip :], 0
            short = short.filter(short.str.len_chars() <= 60)
            if self._title:
                short = short.str.strip_chars("\"', \t")
            self._one.add([short])
        if self._copied or "FROM stdin;" in text:
            self._add_copies(text)
        if self._has_statements or _VALUES.search(text):
            self._has_statements = True
            self._add_statements(text)

    def judge(self) -> dict[str, int]:
        """What the text holds."""
        if self._grid is not None:
            return self._grid.judge()
        found = Counter(self._prose.judge())
        if self._columns is not None:
            _join(found, self._columns.judge())
        if self._one is not None:
            # Lines as cells: for lists, and tables of one column. Their text has been looked at.
            _join(found, self._one.judge())
        return dict(found)

    def _without_head(self, text: str) -> str:
        while self._n_skip and text:
            _, _, text = text.partition("\n")
            self._n_skip -= 1
        self._n_skip = 0
        return text

    def _add_copies(self, text: str) -> None:
        """Rows as PostgreSQL dumps them: under a statement that names the columns."""
        rows: list[list[str]] = []
        if self._columns is None:
            self._columns = ColumnLook(has_emails=False)
        for line in text.split("\n"):
            if self._copied and line != "\\.":
                rows.append(line.split("\t"))
                continue
            if rows:
                self._columns.add_table(self._copied, rows)
                rows = []
            found = _COPY.match(line)
            self._copied = [name.strip(' "') for name in found[1].split(",")] if found else []
        if rows:
            self._columns.add_table(self._copied, rows)

    def _add_statements(self, text: str) -> None:
        rows = [
            next(
                csv.reader([found[1].replace("\n", " ")], quotechar="'", skipinitialspace=True), []
            )
            for found in _TUPLE.finditer(text)
        ]
        if self._columns is None:
            self._columns = ColumnLook()
        self._columns.add_rows(rows)


class ColumnLook:
    """Looks through values by the names under which they stand, and rows without a header.

    Args:
        has_emails: whether addresses are to be counted, or have been in the text around.
    """

    def __init__(self, *, has_emails: bool = True) -> None:
        self._has_emails = has_emails
        self._grids: dict[tuple[str, ...], Grid] = {}
        self._waiting: dict[str, list[str]] = defaultdict(list)
        self._n_waiting = 0
        self._found: Counter[str] = Counter()

    def add_pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Look at names with values; texts among the values are looked through too."""
        for name, value in pairs:
            if name not in self._waiting and len(self._waiting) >= _MAX_KEYS:
                name = ""
            self._waiting[name].append(value)
            self._n_waiting += 1
        if self._n_waiting >= _MAX_PARTS:
            self._flush()

    def add_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Look at rows; those of one width are one table, with or without a header."""
        by_width: dict[int, list[Sequence[str]]] = defaultdict(list)
        for row in rows:
            if len(row) > 1:
                by_width[len(row)].append(row)
        for width, listed in by_width.items():
            header, n_before = find_header(listed, width)
            self._look(header, listed[n_before:])

    def add_table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Look at rows under a header that is known."""
        self._look(tuple(header), rows)

    def judge(self) -> dict[str, int]:
        """What they hold."""
        self._flush()
        for grid in self._grids.values():
            _join(self._found, grid.judge())
        return dict(self._found)

    def _look(self, header: tuple[str, ...], rows: Sequence[Sequence[str]]) -> None:
        key = (str(len(header)), *header)
        if key not in self._grids:
            if len(self._grids) >= _MAX_KEYS:
                _join(self._found, self._grids.pop(next(iter(self._grids))).judge())
            self._grids[key] = Grid(header, has_emails=self._has_emails)
        self._grids[key].add(frame_rows(rows, header).get_columns())

    def _flush(self) -> None:
        """All names together are one table, as far as what a table of people is goes."""
        if not self._waiting:
            return
        names = tuple(self._waiting)
        key = ("pairs", *names)
        if key not in self._grids:
            self._grids[key] = Grid(names, has_emails=self._has_emails)
        cells = self._waiting.values()
        self._grids[key].add([pl.Series(listed, dtype=pl.String) for listed in cells])
        self._waiting.clear()
        self._n_waiting = 0


class RowLook:
    """Looks through the rows of one sheet, of which the first may be titles and a header."""

    def __init__(self) -> None:
        self._first: list[Sequence[str]] = []
        self._grid: Grid | None = None
        self._used: list[int] = []
        self._above: dict[str, int] = {}

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Look at some more rows."""
        if self._grid is None:
            # By the first rows it is decided what the columns are.
            width = max(map(len, rows), default=0)
            filled = {i for row in rows for i, cell in enumerate(row) if cell.strip()}
            self._used = [i for i in range(width) if i in filled][:_MAX_KEYS]
            rows = self._choose(rows)
            header, n_before = find_header(rows, len(self._used))
            self._grid = Grid(header)
            # What stands above the header is text like any other.
            above = [cell for row in rows[: max(n_before - 1, 0)] for cell in row if cell]
            self._above = look_at_prose(above)
            rows = rows[n_before:]
        else:
            rows = self._choose(rows)
        if self._used:
            self._grid.add(frame_rows(rows, self._used).get_columns())

    def judge(self) -> dict[str, int]:
        """What they hold."""
        found = Counter(self._grid.judge() if self._grid else {})
        found.update(self._above)
        return dict(found)

    def _choose(self, rows: Sequence[Sequence[str]]) -> list[list[str]]:
        n = self._used[-1] + 1 if self._used else 0
        chosen = []
        for row in rows:
            cells = [row[i] if i < len(row) else "" for i in self._used]
            # A column that was blank in the first rows is seen with the last one.
            more = [cell for cell in row[n:] if cell]
            chosen.append([*cells[:-1], " ".join([cells[-1], *more])] if more and cells else cells)
        return chosen


def _find_title(head: str) -> tuple[str, int]:
    """What a table of one column is called, and the lines to skip; only if it tells of people."""
    text = head.lstrip("\n")
    title = _TITLE.fullmatch(text.partition("\n")[0])
    if title is None or not tells_of_people(title[1]):
        return "", 0
    return title[1], len(head) - len(text) + 1


def _is_pairs(head: str) -> bool:
    lines = [line for line in head.split("\n")[:_SAMPLE_LINES] if line.strip()]
    return bool(lines) and sum(_PAIR.match(line) is not None for line in lines) >= 0.4 * len(lines)


def _join(found: Counter[str], more: Mapping[str, int]) -> None:
    """The same may be seen in two ways: the larger count of each kind stands."""
    for kind, n in more.items():
        found[kind] = max(found[kind], n)
