"""Reading the documentation: sections, code blocks and tables of a Markdown page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLANK = "(blank)"


@dataclass(frozen=True)
class Block:
    """A fenced code block: the word behind the fence, and its text."""

    kind: str
    text: str


def page(name: str) -> str:
    """The text of a page, named from the root of the checkout."""
    return (ROOT / name).read_text(encoding="utf-8")


def pages() -> list[Path]:
    """All pages of the documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def sections(text: str) -> dict[str, str]:
    """Sections of the second level, by title without its code marks."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {title.strip("`"): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def blocks(text: str) -> list[Block]:
    """Fenced code blocks."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [Block(kind, body) for kind, body in found]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, headings and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    rules = {i for i, row in enumerate(cells) if set("".join(row)) <= {"-"} and any(row)}
    return [row for i, row in enumerate(cells) if i not in rules and i + 1 not in rules]


def code(cell: str) -> str:
    """What a table cell shows as code; the empty text for a blank."""
    if cell == BLANK:
        return ""
    assert cell.startswith("`"), cell
    assert cell.endswith("`"), cell
    return cell[1:-1]


def anchors(text: str) -> set[str]:
    """Anchors that the headings of a page have."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
