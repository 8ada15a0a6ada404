"""Points in time: aware UTC inside, one spelling (RFC 3339, whole seconds, Z) in every file."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]

_SPELLING = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def format_instant(moment: datetime) -> str:
    """Spell an aware datetime as `2026-11-22T09:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """Read the one spelling back.

    Raises:
        ValueError: for anything else, other spellings of the same instant included.
    """
    if not _SPELLING.fullmatch(text):
        raise ValueError("not a time of the form 2026-11-22T09:30:00Z")
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def system_clock() -> datetime:
    """The machine's clock; handed in by the command line, never read by the library itself."""
    return datetime.now(UTC)
