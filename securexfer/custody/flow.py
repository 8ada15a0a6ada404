"""The flow: from the columns inside to the fields that leave, and those that stay at the wall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from securexfer.custody.drawing import NARROW, WIDE, Canvas, draw, figure, label, shape
from securexfer.custody.table import TransferField, TransferTable
from securexfer.wording import plural

WAY_TITLES = {
    "kept": "as it is",
    "coarser": "made coarser, or shifted",
    "token": "as a pseudonym",
    "redacted": "free text, known identifiers taken out",
    "attached": "a file, without metadata",
    "added": "added by the recipe",
    "withheld": "stays inside",
}
_ACTION_TITLES = {
    "keep": "as it is",
    "pseudonymise": "pseudonym",
    "redact-text": "redacted text",
    "attach": "file",
    "constant": "added",
    "category": "if common",
    "date-shift": "shifted",
    "postcode-district": "district",
    "age-band": "age band",
    "truncate": "first letters",
    "map": "codes",
    "round": "rounded",
}
# A picture of more lines than this shows nothing any more; the table has them all.
MAX_LINES = 60
_HEAD = 34
# Bold letters need that much less room to be cut to.
_BOLD = 0.88


@dataclass(frozen=True)
class _Places:
    """Where things stand on a canvas, left to right."""

    left: float
    wall: float
    right: float
    line: float
    is_stacked: bool


_PLACES = {
    "wide": _Places(left=250, wall=400, right=540, line=25, is_stacked=False),
    "narrow": _Places(left=120, wall=166, right=206, line=34, is_stacked=True),
}


def draw_flow(table: TransferTable, key: str) -> str:
    """A table's flow as a figure, in both widths.

    Args:
        table: which.
        key: unique on the page.
    """
    present = {field.way for field in table.fields} | ({"withheld"} if table.withheld else set())
    legend = {way: title for way, title in WAY_TITLES.items() if way in present}
    pictures = [
        draw(
            canvas,
            _height(table, canvas),
            key,
            f"From columns to fields: table {table.name}",
            _describe(table),
            _draw(table, canvas),
        )
        for canvas in (WIDE, NARROW)
    ]
    return figure(pictures, _describe(table), legend)


def _describe(table: TransferTable) -> str:
    n_columns = len(table.sources) + len(table.withheld)
    kinds = [
        f"{n:,} {words}"
        for way, words in (
            ("kept", "as it is"),
            ("coarser", "made coarser or shifted"),
            ("token", "as a pseudonym"),
            ("redacted", "as text with identifiers taken out"),
            ("attached", "as a file without metadata"),
            ("added", "added by the recipe"),
        )
        if (n := sum(field.way == way for field in table.fields))
    ]
    stay = f"{len(table.withheld):,} of {plural(n_columns, 'column')} stay inside"
    return f"{stay}. What leaves, {plural(len(table.fields), 'field')}: {', '.join(kinds)}."


def _lines(table: TransferTable) -> tuple[list[str], list[str], list[TransferField]]:
    """Sources, withheld columns and fields that are drawn."""
    fields = list(table.fields[:MAX_LINES])
    drawn = {field.source for field in fields}
    sources = [source for source in table.sources if source in drawn]
    return sources, list(table.withheld[: max(MAX_LINES - len(sources), 0)]), fields


def _height(table: TransferTable, canvas: Canvas) -> float:
    sources, withheld, fields = _lines(table)
    n_lines = max(len(fields), len(sources)) + len(withheld)
    return _HEAD + n_lines * _PLACES[canvas.name].line + (26 if _more(table) else 6)


def _more(table: TransferTable) -> str:
    _, withheld, fields = _lines(table)
    n_left = len(table.fields) - len(fields) + len(table.withheld) - len(withheld)
    return f"and {n_left:,} more, in the table below" if n_left else ""


def _draw(table: TransferTable, canvas: Canvas) -> Iterator[str]:
    at = _PLACES[canvas.name]
    sources, withheld, fields = _lines(table)
    n_upper = max(len(fields), len(sources))
    bottom = _HEAD + (n_upper + len(withheld)) * at.line
    yield shape(
        "rect", "outside", x=at.wall, y=0, width=canvas.width - at.wall, height=bottom, rx=6
    )
    yield label("inside", at.wall - 12, 18, style="side", anchor="end")
    yield label("leaves", at.wall + 12, 18, style="side")
    y_of = {source: _HEAD + (i + 0.5) * at.line for i, source in enumerate(sources)}
    for i, field in enumerate(fields):
        y = _HEAD + (i + 0.5) * at.line
        if field.source in y_of:
            yield _ribbon(field.way, at.left, y_of[field.source], at.right, y)
        else:
            yield _ribbon(field.way, at.wall + 10, y, at.right, y)
    for column, y in y_of.items():
        yield from _column(column, y, at, "taken")
    for i, column in enumerate(withheld):
        y = _HEAD + (n_upper + i + 0.5) * at.line
        yield shape("path", "ribbon withheld", d=f"M{at.left:g} {y:g} H{at.wall - 4:g}")
        yield from _column(column, y, at, "left")
    yield shape("line", "wall", x1=at.wall, y1=0, x2=at.wall, y2=bottom)
    for i, field in enumerate(fields):
        yield from _field(field, _HEAD + (i + 0.5) * at.line, at, canvas)
    if withheld:
        middle = _HEAD + (n_upper + len(withheld) / 2) * at.line + 4
        stays = f"{plural(len(table.withheld), 'column')} withheld"
        yield label(stays, at.wall + 14, middle, style="stays")
    if more := _more(table):
        yield label(more, at.wall, bottom + 18, style="muted", anchor="middle")


def _ribbon(way: str, x1: float, y1: float, x2: float, y2: float) -> str:
    middle = (x1 + x2) / 2
    path = f"M{x1:g} {y1:g} C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
    return shape("path", f"ribbon {way}", d=path)


def _column(name: str, y: float, at: _Places, style: str) -> Iterator[str]:
    yield shape("rect", f"node {style}", x=at.left - 4, y=y - 7, width=4, height=14)
    yield label(name, at.left - 10, y + 4, style=style, anchor="end", width=at.left - 12)


def _field(field: TransferField, y: float, at: _Places, canvas: Canvas) -> Iterator[str]:
    how = _ACTION_TITLES.get(field.action, field.action)
    x = at.right + 12
    yield shape("rect", f"node {field.way}", x=at.right, y=y - 7, width=5, height=14)
    if at.is_stacked:
        yield label(field.name, x, y - 1, style="leaving", width=_BOLD * (canvas.width - x))
        yield label(how, x, y + 13, style=f"how {field.way}")
    else:
        room = _BOLD * (canvas.width - x - 100)
        yield label(field.name, x, y + 4, style="leaving", width=room)
        yield label(how, canvas.width - 8, y + 4, style=f"how {field.way}", anchor="end")
