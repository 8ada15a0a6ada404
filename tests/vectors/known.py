"""The published answers in `answers/`, for the tests that hold securexfer against them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from securexfer.crypto.keys import SEED_BYTES, PrivateKeys

FOLDER = Path(__file__).parent / "answers"


def answers(name: str) -> dict[str, Any]:
    """One file: `source`, and its cases."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def keys_of(**seeds: bytes) -> PrivateKeys:
    """Keys of which only some matter."""
    return PrivateKeys(**{name: bytes(size) for name, size in SEED_BYTES.items()} | seeds)
