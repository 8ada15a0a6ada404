"""Rendering: the sections of a notice as Markdown, or as one page of HTML that needs no network.

Names and texts come from recipes and drives, so everything is escaped for where it stands.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from securexfer.custody.drawing import visible
from securexfer.custody.notice import TO_FILL_IN, Section
from securexfer.custody.style import STYLE

# What only a person can say stands out.
_OPEN = re.compile(re.escape(TO_FILL_IN).replace(r"\{\}", "[^]]*"))


def render_markdown(title: str, sections: Iterable[Section]) -> str:
    """The sections as Markdown."""
    parts = [f"# {_mark(title)}\n"]
    for section in sections:
        parts.append(f"{'#' * section.level} {_mark(section.title)}\n")
        parts += [f"{_mark(text)}\n" for text in section.paragraphs]
        if section.facts:
            parts.append(_pipe_table(("", ""), section.facts))
        if section.rows:
            parts.append(_pipe_table(section.columns, section.rows))
    return "\n".join(parts)


def render_html(title: str, sections: Iterable[Section]) -> str:
    """The sections as a page of its own, to be read on a screen or printed."""
    body = [f"<h1>{html.escape(title)}</h1>"]
    for section in sections:
        body.append("<section>")
        body.append(f"<h{section.level}>{html.escape(section.title)}</h{section.level}>")
        body += [f"<p>{_show(text)}</p>" for text in section.paragraphs]
        if section.figure:
            body.append(section.figure)
        if section.facts:
            rows = [
                f'<tr><th scope="row">{_show(label)}</th><td>{_show(text)}</td></tr>'
                for label, text in section.facts
            ]
            body.append(f'<table class="facts">{"".join(rows)}</table>')
        if section.rows:
            head = "".join(f'<th scope="col">{_show(one)}</th>' for one in section.columns)
            rows = [_html_row(section.columns, row) for row in section.rows]
            table = f'<table><tr class="head">{head}</tr>{"".join(rows)}</table>'
            if section.folded:
                said = f"<summary>{_show(section.folded)}</summary>"
                table = f"<details>{said}{table}</details>"
            body.append(table)
        body.append("</section>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # No script, no picture, nothing from anywhere else, whatever a name holds.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(body)}\n</body></html>\n"
    )


def _html_row(columns: Sequence[str], row: Sequence[str]) -> str:
    # On a telephone each cell stands on a line of its own, so it says what it is.
    cells = [
        f'<td data-label="{html.escape(visible(column))}">{_show(cell)}</td>'
        for column, cell in zip(columns, row, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _show(text: str) -> str:
    return _OPEN.sub(lambda found: f"<mark>{found[0]}</mark>", html.escape(visible(text)))


def _pipe_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    shown = [" | ".join(cell if cell == "---" else _mark(cell) for cell in line) for line in lines]
    return "".join(f"| {line} |\n" for line in shown)


def _mark(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", visible(text))
