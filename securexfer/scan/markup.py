"""XML and HTML: texts, tables, and values by the names of elements and attributes.

No parser resolves anything: tags are found where they stand. So no entity grows, nothing is
fetched, and a file that is badly formed is looked through like any other.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from securexfer.scan.ledger import Ledger
from securexfer.scan.secret import find_secrets

_START = re.compile(r"^\s*<(?:\?xml|!doctype|!--|[A-Za-z])", re.IGNORECASE)
_ELEMENT = re.compile(
    r"<(?:[\w-]{1,40}:)?([A-Za-z_][\w.-]{0,80})(?:\s[^<>]{0,2000})?>([^<>]{1,4000})<"
)
# As FHIR has it: the value of an element is an attribute of that name.
_VALUE = re.compile(r"<(?:[\w-]{1,40}:)?([A-Za-z_][\w.-]{0,80})\s+value=\"([^\"<>]{1,2000})\"")
_ATTRIBUTE = re.compile(
    r"\s(?:[\w-]{1,40}:)?([A-Za-z_][\w.-]{0,80})=(?:\"([^\"<>]{1,2000})\"|'([^'<>]{1,2000})')"
)
_ROW_START = re.compile(r"<(?:tr|row)\b", re.IGNORECASE)
_CELL = re.compile(
    r"<(?:td|th)\b[^<>]{0,2000}>(.*?)(?=<(?:td|th|/?tr|/table|/t[dh])\b|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_DROPPED = re.compile(r"(?i)<!--|<(script|style)\b[^<>]{0,500}>")
_BREAK = re.compile(
    r"(?i)</?(?:p|br|div|li|tr|h[1-6]|table|ul|ol|section|title|td|th|dd|dt)\b[^<>]{0,2000}>"
)
_TAG = re.compile(r"<[^<>]{0,4000}>")
# Of attributes that style or link, and of the markup itself.
_NO_NAMES = frozenset(
    "class style id href src xmlns rel type lang version encoding width height".split()
)


def is_markup(head: str) -> bool:
    """Whether a text begins as XML or HTML does."""
    return _START.match(head) is not None


def look_at_markup(blocks: Iterator[str], ledger: Ledger) -> None:
    """Find what there is in XML or HTML."""
    from securexfer.privacy.prose import look_at_prose
    from securexfer.privacy.reading import ColumnLook

    look = ColumnLook()
    for block in blocks:
        ledger.note(find_secrets(block))
        text = _drop(block)
        pairs = [
            (name, html.unescape(value)) for name, value in _ELEMENT.findall(text) if value.strip()
        ]
        pairs += [(name, html.unescape(value)) for name, value in _VALUE.findall(text)]
        for name, double, single in _ATTRIBUTE.findall(text):
            value = html.unescape(double or single)
            if name.lower() not in _NO_NAMES or value.startswith(("mailto:", "tel:")):
                pairs.append((name, value))
        look.add_pairs(pairs)
        look.add_rows(list(_rows(text)))
        ledger.note(look_at_prose(strip_tags(text).split("\n")))
    ledger.note(look.judge())


def _drop(text: str) -> str:
    """Without comments, programs and styles; what never ends is left as it is."""
    lower, parts, done = text.lower(), [], 0
    unended = set()
    for found in _DROPPED.finditer(text):
        end = f"</{found[1].lower()}" if found[1] else "-->"
        if found.start() < done or end in unended:
            continue
        stop = lower.find(end, found.end())
        if stop < 0:
            unended.add(end)
            continue
        parts += [text[done : found.start()], " "]
        done = stop + len(end)
    return "".join([*parts, text[done:]])


def strip_tags(text: str) -> str:
    """The text alone, with a new line where a paragraph, a cell or a row ends."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))


def _rows(text: str) -> Iterator[list[str]]:
    for part in _ROW_START.split(text)[1:]:
        cells = [html.unescape(_TAG.sub("", cell)).strip() for cell in _CELL.findall(part)]
        if len(cells) > 1:
            yield cells
