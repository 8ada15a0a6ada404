"""Edits that keep enough of an input's structure to get past the first check."""

from __future__ import annotations

import copy
import json
import random
import struct
import tomllib
from collections.abc import Callable
from typing import Any

from securexfer.bundle import layout
from securexfer.crypto.keys import PrivateKeys
from securexfer.errors import BundleFormatError
from tests.attack.forge import Forgery
from tests.world import toml_value

Mutate = Callable[[bytes], bytes]
# Changes an input by its structure, or gives it back to be changed as bytes.
Shape = Callable[[bytes, random.Random, Mutate], bytes]
VALUES: list[Any] = [
    "", 0, 1, 2, 10**4, 2**31 - 1, 2**32, 2**53 - 1, 2**53, 2**64, -1, True, None, 1.5, [],
    {}, [[]], "0", " ", "\n", "\0", "\x1b[2J", "\u202e", "\ufeff", "é", "\U0001f600", "../x", "CON",
    "f" * 64, "F" * 64, "0" * 32, "A" * 500, "AA==", "AB==", "2026-11-22T09:30:00Z",
    "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "READ-ME.txt", "tables/0001.csv.gz",
    "tables/\u0660\u0661.csv.gz", "manifest.json", "envelope.json", "attachments/0001.tar",
]  # fmt: skip
# What building a bundle raises where an earlier edit left no piece of the kind that it needs.
_UNFIT = (ValueError, KeyError, TypeError, IndexError, AttributeError)
NAMES = [value for value in VALUES if isinstance(value, str) and value.isascii()]


def mutate_bytes(data: bytes, chance: random.Random, words: list[bytes]) -> bytes:
    """One to four edits of the kinds that fuzzers use."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        at = chance.randint(0, len(changed))
        n = chance.choice([1, 1, 2, 4, 16, 256])
        piece = chance.choice(
            [
                bytes([chance.randrange(256)]) * n,
                chance.choice(words or [b"\0"]),
                bytes(changed[at : at + n]) * 2,
                b"",
                bytes(b ^ 1 << chance.randrange(8) for b in changed[at : at + 1]),
            ]
        )
        changed[at : at + chance.choice([0, len(piece), n])] = piece
    return bytes(changed)


def shape_json(data: bytes, chance: random.Random, mutate: Mutate) -> bytes:
    """Change one value, key or item, and spell the whole canonically again, mostly."""
    try:
        value = json.loads(data)
        edited = edit_json(value, chance, mutate)
        if chance.random() < 0.05:
            return json.dumps(edited, indent=1).encode()
        text = json.dumps(edited, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8")
    except (ValueError, RecursionError):
        return mutate(data)


def edit_json(value: Any, chance: random.Random, mutate: Mutate) -> Any:
    """A copy of a value with one edit somewhere in it."""
    root = [copy.deepcopy(value)]
    places = list(_places(root))
    holder, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
        case 1:
            other, name = chance.choice(places)
            holder[key] = copy.deepcopy(other[name])
        case 2 if holder is not root:
            del holder[key]
        case 3 if isinstance(holder, list) and holder is not root:
            holder.insert(key, copy.deepcopy(holder[key]))
        case 3 if isinstance(holder, dict):
            holder[chance.choice(NAMES)] = holder[key]
        case 4 if isinstance(holder[key], int):
            holder[key] += chance.choice([-1, 1, 256, -(2**31)])
        case _ if isinstance(holder[key], str):
            holder[key] = mutate(holder[key].encode()).decode("utf-8", "replace")
        case _:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
    return root[0]


def _places(holder: Any) -> Any:
    """Every (container, key) of a JSON value."""
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    for key in keys:
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def shape_payload(data: bytes, chance: random.Random, mutate: Mutate) -> bytes:
    """JSON that may hold JSON texts in turn: a signed document and its payload."""
    return shape_json(data, chance, lambda text: shape_json(text, chance, mutate))


def shape_lines(data: bytes, chance: random.Random, mutate: Mutate) -> bytes:
    """Change, drop, repeat or swap a line."""
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[at])
        case 2:
            lines[at], lines[-1] = lines[-1], lines[at]
        case _:
            lines[at] = mutate(lines[at])
    return b"\n".join(lines)


def shape_recipe(data: bytes, chance: random.Random, mutate: Mutate) -> bytes:
    """Change a value of a recipe, or a line of it."""
    try:
        members = edit_json(tomllib.loads(data.decode("utf-8")), chance, mutate)
        return "".join(f"{k} = {toml_value(v)}\n" for k, v in members.items()).encode("utf-8")
    except (ValueError, TypeError, AttributeError, RecursionError):
        return shape_lines(data, chance, mutate)


def shape_bundle(keys: PrivateKeys) -> Shape:
    """Take a bundle (without its comment) apart, change a piece, make all the rest fit again."""

    def shape(data: bytes, chance: random.Random, mutate: Mutate) -> bytes:
        try:
            forgery = _pieces(data, keys)
            _edit_pieces(forgery, chance, mutate)
            return forgery.assemble()[: -layout.COMMENT_BYTES]
        except (*_UNFIT, struct.error, BundleFormatError):
            return mutate(data)

    return shape


def envelope_of(data: bytes) -> bytes:
    """What the directory of a bundle (without its comment) says is its envelope."""
    start = layout.find_directory(data, 0)
    offset = layout.member_offsets(data[start:])[-1]
    extent = layout.Extent(layout.ENVELOPE, offset, start - offset)
    if not 0 <= offset <= start <= len(data) or extent.content_bytes < 0:
        raise ValueError("no envelope")
    return data[extent.content_offset : extent.content_offset + extent.content_bytes]


def _pieces(data: bytes, keys: PrivateKeys) -> Forgery:
    envelope = json.loads(envelope_of(data))
    members = envelope["members"]
    raw = [data[m["offset"] : m["offset"] + m["length"]] for m in members]
    return Forgery([m["name"] for m in members], raw, envelope, keys)


def _edit_pieces(forgery: Forgery, chance: random.Random, mutate: Mutate) -> None:
    at = chance.randrange(len(forgery.raw))
    other = chance.randrange(len(forgery.raw))
    match chance.randrange(7):
        case 0:
            forgery.names[at] = chance.choice(NAMES)
        case 1:
            forgery.names.insert(at, forgery.names[other])
            forgery.raw.insert(at, forgery.raw[other])
        case 2:
            del forgery.names[at], forgery.raw[at]
        case 3:
            names, raw = forgery.names, forgery.raw
            names[at], names[other] = names[other], names[at]
            raw[at], raw[other] = raw[other], raw[at]
        case 4:
            forgery.raw[at] = mutate(forgery.raw[at])
        case 5:
            forgery.edit_directory = mutate
        case _:
            forgery.edit_envelope_bytes = lambda text: shape_json(text, chance, mutate)
