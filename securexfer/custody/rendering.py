"""Rendering: the sections of a notice as Markdown, or as one page of HTML that needs no network.

Names and texts come from recipes and drives, so everything is escaped for where it stands.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from securexfer.custody.notice import TO_FILL_IN, Section

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1b1b1b; background: #fff; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
h2 { border-bottom: 2px solid #1b1b1b; } h3 { font-size: 1.05rem; margin-bottom: .3rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; }
td, th { border-bottom: 1px solid #c9c9c9; } td { overflow-wrap: anywhere; }
.facts th { width: 13rem; font-weight: 600; } mark { background: #ffe9a8; }
@media (max-width: 40rem) {
  tr, td, .facts th { display: block; width: auto; border: 0; padding: .1rem 0; }
  tr { border-bottom: 1px solid #c9c9c9; padding: .3rem 0; } tr.head { display: none; }
  td[data-label]::before { content: attr(data-label) ": "; color: #5a5a5a; } }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } section, tr
  { break-inside: avoid; } h2 { break-after: avoid; } }
"""
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
        if section.facts:
            rows = [
                f"<tr><th scope=row>{_show(label)}</th><td>{_show(text)}</td></tr>"
                for label, text in section.facts
            ]
            body.append(f'<table class="facts">{"".join(rows)}</table>')
        if section.rows:
            head = "".join(f"<th scope=col>{_show(one)}</th>" for one in section.columns)
            rows = [_html_row(section.columns, row) for row in section.rows]
            body.append(f'<table><tr class="head">{head}</tr>{"".join(rows)}</table>')
        body.append("</section>")
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        # No script, no picture, nothing from anywhere else, whatever a name holds.
        "<meta http-equiv=Content-Security-Policy "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(body)}\n</body></html>\n"
    )


def _html_row(columns: Sequence[str], row: Sequence[str]) -> str:
    # On a telephone each cell stands on a line of its own, so it says what it is.
    cells = [
        f'<td data-label="{html.escape(_visible(column))}">{_show(cell)}</td>'
        for column, cell in zip(columns, row, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _show(text: str) -> str:
    return _OPEN.sub(lambda found: f"<mark>{found[0]}</mark>", html.escape(_visible(text)))


def _pipe_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    shown = [" | ".join(cell if cell == "---" else _mark(cell) for cell in line) for line in lines]
    return "".join(f"| {line} |\n" for line in shown)


def _mark(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", _visible(text))


def _visible(text: str) -> str:
    """On one line, and without characters that reorder or hide others."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
