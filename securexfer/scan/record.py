"""JSON, and what is like it: values by the names under which they stand.

No parser builds anything: names and values are found where they stand, so that a file may be of any
size, cut short, or nested without end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from securexfer.scan.ledger import Ledger
from securexfer.scan.secret import find_secrets

# One that never ends goes to the end of the block, and is not begun again within it.
_STRING = r'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)'
_PART = re.compile(rf"{_STRING}(?:\s*+:\s*+(?:{_STRING}|(-?[0-9][0-9.eE+-]*+)))?", re.DOTALL)
_ROW = re.compile(r"\[([^\[\]{}]{3,20000})\]")
_START = re.compile(r"^\s*[\[{]\s*(?:[\"\[{\]}]|-?[0-9]|true|false|null)")


def is_records(head: str) -> bool:
    """Whether a text begins as JSON does."""
    return _START.match(head) is not None


def look_at_records(blocks: Iterator[str], ledger: Ledger) -> None:
    """Find what there is in JSON, or lines of it."""
    from securexfer.privacy.prose import look_at_prose
    from securexfer.privacy.reading import ColumnLook

    look = ColumnLook()
    for block in blocks:
        pairs: list[tuple[str, str]] = []
        texts: list[str] = []
        for name, value, number in _PART.findall(block):
            if value or number:
                text = _plain(value) if value else number
                pairs.append((_plain(name), text))
                if len(text) > 200 or "\n" in text:
                    texts += text.split("\n")
            elif name:
                texts += _plain(name).split("\n")
        look.add_pairs(pairs)
        look.add_rows([row for found in _ROW.finditer(block) if (row := _row(found[0]))])
        ledger.note(look_at_prose(texts))
        ledger.note(find_secrets(block))
        ledger.note(find_secrets("\n".join(texts)) if "\\u" in block else {})
    ledger.note(look.judge())


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text.replace("\\", "")


def _row(text: str) -> list[str]:
    try:
        listed = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    if len(listed) < 2 or not any(isinstance(one, str) for one in listed):
        return []
    return ["" if one is None else str(one) for one in listed]
