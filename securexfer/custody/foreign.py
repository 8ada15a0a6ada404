"""Reading what others wrote: a register's details or a manifest, whatever forms are in there.

What has another form than expected is left out, so that a page about it can always be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_in(value: Any) -> str:
    """A text, or the empty one."""
    return value if isinstance(value, str) else ""


def texts_in(value: Any) -> list[str]:
    """The texts of a list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def object_in(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects_in(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def count_in(value: Any) -> int:
    """A count; 0 for what is none."""
    return value if type(value) is int and value >= 0 else 0
