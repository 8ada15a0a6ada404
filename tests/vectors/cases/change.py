"""Changes to a draft: its members, and what lies deep inside a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.vectors.format1 import Changes, Entry


def member(i: int, **changes: Any) -> Callable[[list[Entry]], object]:
    """Changes to one member."""

    def change(entries: list[Entry]) -> None:
        for name, value in changes.items():
            setattr(entries[i], name, value)

    return change


def renamed(**names: str) -> Callable[[list[Entry]], object]:
    """Members under other names; keys are r (READ-ME), t1, t2, …, m (manifest)."""

    def change(entries: list[Entry]) -> None:
        places = {"r": 0, "m": len(entries) - 1}
        for key, name in names.items():
            entries[places.get(key, int(key[1:] or 0))].name = name

    return change


def ordered(*places: int) -> Callable[[list[Entry]], object]:
    """Members in another order, or fewer of them."""

    def change(entries: list[Entry]) -> None:
        entries[:] = [entries[i] for i in places]

    return change


def with_member(i: int, entry: Entry) -> Callable[[list[Entry]], object]:
    """One member more."""
    return lambda entries: entries.insert(i, entry)


def without(*path: Any) -> Changes:
    """Takes one member away, somewhere deep inside."""

    def change(place: dict[str, Any]) -> None:
        *way, last = path
        for step in way:
            place = place[step]
        place.pop(last)

    return change
