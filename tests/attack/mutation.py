"""Structural damage to JSON and TOML documents, from a seed: the same seed, the same damage."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

from tests.world import toml_text, toml_value

JUNK: tuple[Any, ...] = (
    *(0, 1, -1, 2**53 - 1, 2**53, 2**64, 10**400, 0.5, -0.0, float("inf"), float("nan")),
    *(True, False, None, "", " ", "x", "é" * 300, "a" * 5000, "0" * 64, "f" * 32, "AAAA"),
    *("\0", "\x1b[2J", "\u202e", "\ud800", "../../etc/passwd", "CON", "=1+1", "[red]"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-13-01T00:00:00Z"),
    *([], [[]], [0] * 200, {}, {"": {}}, {"format": 1}),
)
Place = tuple[Any, Any]


def damage(document: Any, random: Random) -> Any:
    """A copy with one to three edits: values replaced, removed, added, renamed, swapped, nested."""
    damaged = copy.deepcopy(document)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(damaged))
        if not places:
            return random.choice(JUNK)
        holder, key = random.choice(places)
        other_holder, other_key = random.choice(places)
        match random.randrange(6):
            case 0 | 1:
                holder[key] = copy.deepcopy(random.choice(JUNK))
            case 2:
                del holder[key]
            case 3 if isinstance(holder, dict):
                holder[random.choice(("", "x", "format", "name", "\ud800"))] = holder[key]
            case 3:
                holder.append(copy.deepcopy(holder[key]))
            case 4:
                one, other = copy.deepcopy((holder[key], other_holder[other_key]))
                holder[key], other_holder[other_key] = other, one
            case 5:
                holder[key] = _nest(holder[key], random.choice((1, 5, 60, 120)))
    return damaged


def spell(document: Any, random: Random) -> bytes:
    """Mostly canonical JSON, so that the damage lies behind that check; else some other text."""
    keys_sorted = random.random() < 0.9
    space = "" if random.random() < 0.9 else " "
    text = json.dumps(
        document,
        sort_keys=keys_sorted,
        separators=("," + space, ":" + space),
        ensure_ascii=random.random() < 0.1,
    )
    data = text.encode("utf-8", "surrogatepass")
    return cut_up(data, random) if random.random() < 0.1 else data


def cut_up(data: bytes, random: Random) -> bytes:
    """Damage that knows nothing of structure: a cut, a repeated stretch, some other bytes."""
    start, length = random.randrange(len(data) + 1), random.randrange(1, 30)
    middle = random.choice((b"", data[start : start + length] * 2, b"\0", b"\xff", b'"', b"[[{"))
    return data[:start] + middle + data[start + length :]


def toml(document: Any) -> bytes:
    """A document as TOML, each member on a line."""
    if not isinstance(document, dict):
        return toml_value(document).encode("utf-8", "surrogatepass")
    lines = (f"{toml_text(str(key))} = {toml_value(item)}" for key, item in document.items())
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _places(document: Any) -> Any:
    """Every place in the document: its holder, and the key or index there."""
    if isinstance(document, dict | list):
        keys = list(document) if isinstance(document, dict) else range(len(document))
        for key in keys:
            yield document, key
            yield from _places(document[key])


def _nest(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value
