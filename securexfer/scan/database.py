"""SQLite databases, read from a copy in memory or never written to, and never trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from securexfer.scan.ledger import Ledger
from securexfer.scan.secret import find_secrets
from securexfer.scan.source import MAX_WHOLE, BoundError, Source

_ROWS_AT_ONCE = 4000
_MAX_CELL = 1_000_000
_STEPS = 100_000
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)


def look_at_database(source: Source, ledger: Ledger, path: Path | None) -> None:
    """Find what there is in the tables of a database.

    Args:
        source: its bytes.
        ledger: hears of it.
        path: where it is on the drive, if it is; a large one is read there.

    Raises:
        BoundError: if it is too large or takes too long.
        sqlite3.Error: if it is damaged.
    """
    is_large = path is not None and path.stat().st_size > MAX_WHOLE
    if is_large and path is not None:
        # Immutable: no lock, no journal, no write-ahead log is looked for or made.
        base = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    else:
        base = sqlite3.connect(":memory:")
    try:
        if not is_large:
            base.deserialize(_off_the_log(source.whole()))
        _look(base, source, ledger)
    finally:
        base.close()


def _off_the_log(data: bytes) -> bytes:
    """With its header saying that no write-ahead log is needed: in memory there is none."""
    return data[:18] + b"\x01\x01" + data[20:] if data[18:20] == b"\x02\x02" else data


def _look(base: sqlite3.Connection, source: Source, ledger: Ledger) -> None:
    from securexfer.privacy.reading import RowLook

    base.text_factory = lambda data: data.decode("utf-8", "replace")
    base.execute("PRAGMA trusted_schema = OFF")
    base.execute("PRAGMA cell_size_check = ON")
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_WHOLE)
    ends = False

    def check() -> int:
        nonlocal ends
        try:
            source.bounds.check_time()
        except BoundError:
            ends = True
        return int(ends)

    base.set_progress_handler(check, _STEPS)
    # Tables that are stored, and nothing that calls a function: a schema may hold code.
    names = base.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0")
    tables = {str(name): _stored_columns(base, str(name)) for (name,) in names.fetchall()}
    base.set_authorizer(_authorise)
    for name, listed in tables.items():
        try:
            look = RowLook()
            for columns, rows in _read(base, name, listed):
                texts = [[_text(cell) for cell in row] for row in rows]
                look.add([columns, *texts] if columns else texts)
                source.bounds.check_time()
                long = "\n".join(cell for row in texts for cell in row if len(cell) > 7)
                ledger.note(find_secrets(long))
            ledger.note(look.judge())
        except sqlite3.Error:
            if ends:
                raise BoundError("too-long") from None
            ledger.doubt("damaged")


def _stored_columns(base: sqlite3.Connection, name: str) -> list[str]:
    """Columns that are stored; those that are calculated would run what the schema says."""
    return [str(row[1]) for row in base.execute(f"PRAGMA table_info({_quote(name)})")]


def _read(
    base: sqlite3.Connection, name: str, columns: list[str]
) -> Iterator[tuple[list[str], Sequence[Any]]]:
    """Rows in batches; with the first the names of the columns."""
    listed = ", ".join(map(_quote, columns)) or "1"
    cursor = base.execute(f"SELECT {listed} FROM {_quote(name)}")  # noqa: S608
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        yield columns, rows
        columns = []


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _authorise(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bytes):
        return cell[:_MAX_CELL].decode("utf-8", "replace") if b"\0" not in cell[:64] else ""
    return str(cell)[:_MAX_CELL]
