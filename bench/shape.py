"""Tables that are not like the reference: wide, narrow, long-celled, quoted, UTF-16, many."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from bench.reference import AGREEMENT
from securexfer.privacy.synthetic import COLUMNS, offender_csv

# The same rows come again and again; nothing here remembers as many.
_BLOCK_BYTES = 8_000_000
_WORDS = (
    "the officer saw them at home and wrote that rent work health and travel had been talked over "
    "with care while nothing else was new since last time"
).split()
GATES = {
    "off": '[limits]\nresidual = "off"\necho = "off"\ngate_reason = "measuring without"\n',
    "on": "[limits]\nmax_rows = 1_000_000_000\nmax_subjects = 1_000_000_000\n",
}
_KEPT = (
    *("sex", "town", "ethnicity", "offence"),
    *("convictions", "sentence_months", "status", "notes"),
)


@dataclass(frozen=True)
class Shape:
    """A kind of table.

    Attributes:
        name: for people.
        columns: its header.
        kept: those that leave, as they are.
        make: some rows of it.
        n_tables: into how many it is cut.
        encoding: of its files.
    """

    name: str
    columns: tuple[str, ...]
    kept: tuple[str, ...]
    make: Callable[[], bytes]
    n_tables: int = 1
    encoding: str = "utf-8"

    def write(self, folder: Path, n_bytes: int) -> list[Path]:
        """Its files, together of about so many bytes."""
        # The byte order mark of UTF-16 stands at the start alone.
        inner = "utf-16-le" if self.encoding == "utf-16" else self.encoding
        header = ("\ufeff" * (inner != self.encoding) + ",".join(self.columns) + "\n").encode(inner)
        rows = self.make().decode("utf-8").encode(inner)
        end = "\n".encode(inner)
        each = n_bytes // self.n_tables
        paths = [folder / f"odd{number}.csv" for number in range(self.n_tables)]
        for path in paths:
            with path.open("wb") as file:
                file.write(header)
                while (left := each - file.tell()) > 0:
                    cut = len(rows) if left >= len(rows) else _cut(rows, left, end)
                    file.write(rows[:cut])
        return paths

    def recipe(self, gates: str) -> str:
        """One recipe for all its tables."""
        fields = "".join(f'{name} = {{ action = "keep" }}\n' for name in self.kept)
        csv = f'encoding = "{self.encoding}"\n'
        tables = (
            f"\n[tables.odd{number}.csv]\n{csv}\n[tables.odd{number}.fields]\n{fields}"
            for number in range(self.n_tables)
        )
        return AGREEMENT + GATES[gates] + "".join(tables)


def _cut(rows: bytes, at: int, end: bytes) -> int:
    """Where the row ends that a byte lies in."""
    quote = end.replace(b"\n", b'"')
    place = rows.index(end, at - at % len(end))
    # Not within two characters, a half of each, and not within a cell.
    while place % len(end) or rows.count(quote, 0, place) % 2:
        place = rows.index(end, place + 1)
    return place + len(end)


def _reference_rows() -> bytes:
    return b"".join(list(offender_csv(_BLOCK_BYTES // 229))[1:])


def _quoted_rows() -> bytes:
    """The reference's rows with 18 of 20 cells in quotes."""
    frame = pl.read_csv(
        _reference_rows(), has_header=False, infer_schema=False, empty_string_is_null=False
    )
    quoted = [
        pl.format('"{}"', pl.col(name).str.replace_all('"', '""', literal=True)).alias(name)
        for name in frame.columns[2:]
    ]
    return _write(frame.with_columns(quoted), quote_style="never")


def _write(frame: pl.DataFrame, quote_style: pl._typing.CsvQuoteStyle = "necessary") -> bytes:
    out = io.BytesIO()
    frame.write_csv(out, include_header=False, quote_style=quote_style)
    return out.getvalue()


def _rows_of(
    n_columns: int, cell_bytes: int, cell: Callable[[np.random.Generator, int], pl.Series]
) -> Callable[[], bytes]:
    def make() -> bytes:
        random = np.random.default_rng(1)
        n_rows = _BLOCK_BYTES // (n_columns * cell_bytes)
        return _write(pl.DataFrame({f"c{i}": cell(random, n_rows) for i in range(n_columns)}))

    return make


def _texts(random: np.random.Generator, n_rows: int) -> pl.Series:
    """Words, cut at a hundred characters."""
    words = pl.Series(_WORDS)
    picked = [words.gather(random.integers(0, len(_WORDS), n_rows)) for _ in range(30)]
    frame = pl.DataFrame({str(i): column for i, column in enumerate(picked)})
    joined = pl.concat_str(frame.columns, separator=" ").str.slice(0, 100)
    return frame.select(joined.alias("text")).to_series()


def _numbers(random: np.random.Generator, n_rows: int) -> pl.Series:
    return pl.Series(random.integers(0, 10_000_000, n_rows)).cast(pl.String)


def _columns(n: int) -> tuple[str, ...]:
    return tuple(f"c{i}" for i in range(n))


REFERENCE = Shape("reference", COLUMNS, _KEPT, _reference_rows)
SHAPES = (
    Shape("500 columns, 8 leave", _columns(500), _columns(8), _rows_of(500, 8, _numbers)),
    Shape("500 columns, 200 leave", _columns(500), _columns(200), _rows_of(500, 8, _numbers)),
    Shape("1 column", _columns(1), _columns(1), _rows_of(1, 8, _numbers)),
    Shape("100 characters in each cell", _columns(20), _columns(8), _rows_of(20, 101, _texts)),
    Shape("90 % of cells in quotes", COLUMNS, _KEPT, _quoted_rows),
    Shape("UTF-16", COLUMNS, _KEPT, _reference_rows, encoding="utf-16"),
    Shape("50 tables", COLUMNS, _KEPT, _reference_rows, n_tables=50),
)
