"""What bends a step of a writer: other bytes, or other members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Edit = Callable[[bytes], bytes]
Changes = Callable[[dict[str, Any]], object]


def same(data: bytes) -> bytes:
    return data


def nothing(_: Any) -> None:
    return None


def poke(at: int, data: bytes) -> Edit:
    """Other bytes at a place; from the end if it is negative."""

    def edit(old: bytes) -> bytes:
        start = at % len(old)
        return old[:start] + data + old[start + len(data) :]

    return edit


def flip(at: int) -> Edit:
    """One bit at a place; from the end if it is negative."""
    return lambda old: poke(at, bytes([old[at] ^ 1]))(old)
