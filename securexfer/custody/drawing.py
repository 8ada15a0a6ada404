"""Drawing: the few pieces of SVG that the pictures are made of.

Pictures are drawn twice, for a page and for a telephone, because a wide one that is made narrow
can't be read. Colours come from the page's style, by class, so that they fit a dark screen, too.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Canvas:
    """Where a picture is drawn.

    Attributes:
        name: of this variant, the class by which the style shows or hides it.
        width: in units that are pixels at full size.
    """

    name: str
    width: int


WIDE = Canvas("wide", 860)
NARROW = Canvas("narrow", 340)
# Width of a character, in parts of its size: on the wide side, as nobody knows the fonts.
_CHARACTER = 0.62


def show(text: str) -> str:
    """Text as HTML: on one line, and without characters that reorder or hide others."""
    return html.escape(visible(text))


def visible(text: str) -> str:
    """Text with what can't be seen, or changes what is seen, replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def draw(
    canvas: Canvas, height: float, key: str, title: str, description: str, pieces: Iterable[str]
) -> str:
    """A picture with a name and a description for whoever can't see it.

    Args:
        canvas: which variant.
        height: in the same units.
        key: unique on the page.
        title, description: texts.
        pieces: SVG.
    """
    unique = f"{key}-{canvas.name}"
    return (
        f'<svg class="{canvas.name}" viewBox="0 0 {canvas.width} {number(height)}" '
        f'width="{canvas.width}" height="{number(height)}" role="img" '
        f'aria-labelledby="{unique}-title {unique}-desc">'
        f'<title id="{unique}-title">{show(title)}</title>'
        f'<desc id="{unique}-desc">{show(description)}</desc>'
        f"{''.join(pieces)}</svg>"
    )


def shape(tag: str, style: str, **places: float | str) -> str:
    """A shape: its element, the classes of its style, and where it stands."""
    given = "".join(
        f' {name.replace("_", "-")}="{place if isinstance(place, str) else number(place)}"'
        for name, place in places.items()
    )
    return f'<{tag} class="{style}"{given}/>'


def label(
    text: str, x: float, y: float, *, style: str = "", anchor: str = "start", width: float = 0
) -> str:
    """A text; cut to a width if one is given, and then whole in its tooltip."""
    cut = fit(text, width) if width else visible(text)
    whole = f"<title>{show(text)}</title>" if cut != visible(text) else ""
    return (
        f'<text class="{style}" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">'
        f"{html.escape(cut)}{whole}</text>"
    )


def fit(text: str, width: float, size: float = 13) -> str:
    """As much of a text as has room in a width, with an ellipsis where something is left out."""
    shown = visible(text)
    room = width / (size * _CHARACTER)
    if sum(map(_advance, shown)) <= room:
        return shown
    # Names of columns often differ at their ends, so both ends stay.
    start, end = "", ""
    while len(start) + len(end) < len(shown):
        grown = shown[len(start)] if len(start) <= len(end) else shown[-1 - len(end)]
        if sum(map(_advance, start + end + grown)) > room - 1:
            break
        if len(start) <= len(end):
            start += grown
        else:
            end = grown + end
    return f"{start}…{end}"


def figure(pictures: Iterable[str], caption: str, legend: Mapping[str, str] | None = None) -> str:
    """All variants of a picture, with a legend (text by class) and a caption."""
    keys = "".join(
        f'<li><span class="key {style}"></span>{show(text)}</li>'
        for style, text in (legend or {}).items()
    )
    listed = f'<ul class="legend">{keys}</ul>' if keys else ""
    return f"<figure>{listed}{''.join(pictures)}<figcaption>{show(caption)}</figcaption></figure>"


def number(value: float) -> str:
    """A number as short as it can be written."""
    return f"{value:.1f}".removesuffix(".0")


def _advance(character: str) -> float:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.8
    return 1.7 if character in "MWmw@%" else 1.2 if character.isupper() else 1
