"""Canonical JSON: one text for one value, so that signed text has no second reading.

Keys sorted by code point, no white space, UTF-8, only objects, lists, strings and whole numbers
from 0 to 2^53 - 1. The reader encodes again what it decoded and compares, which also refuses
duplicate keys, escapes that needn't be there, and numbers spelled another way.
"""

from __future__ import annotations

import json
from typing import Any

MAX_INTEGER = 2**53 - 1


def encode_canonical(value: Any) -> bytes:
    """The canonical text of a value.

    Raises:
        ValueError: where the value holds something canonical JSON can't say.
    """
    _check(value)
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        raise ValueError("the value can't be written as canonical JSON") from None


def encode_pretty(value: Any) -> bytes:
    """The same value for people to read: indented, with a final newline. Never signed."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def decode_canonical(data: bytes, *, max_bytes: int) -> Any:
    """Read canonical JSON back.

    Raises:
        ValueError: if it is too large, not JSON, or not canonical.
    """
    if len(data) > max_bytes:
        raise ValueError(f"larger than {max_bytes} bytes")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=unique_members)
    except DuplicateKeyError:
        raise
    except (ValueError, RecursionError):
        raise ValueError("not JSON text") from None
    if encode_canonical(value) != data:
        raise ValueError("not in canonical form")
    return value


class DuplicateKeyError(ValueError):
    """One object names a key twice, so that two readers could see two values."""


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members, for `json.loads` as `object_pairs_hook`.

    Raises:
        DuplicateKeyError: if a key is there twice.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateKeyError("the same key twice")
    return members


def _check(value: Any) -> None:
    # Iterative, so that deep nesting can't exhaust the stack before the size limit speaks.
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise ValueError("a key that is not text")
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, bool) or not isinstance(item, str | int):
            raise ValueError("only objects, lists, strings and whole numbers are allowed")
        elif isinstance(item, int) and not 0 <= item <= MAX_INTEGER:
            raise ValueError("a number outside 0 to 2^53 - 1")
