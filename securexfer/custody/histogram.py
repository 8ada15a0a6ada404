"""The histogram of group sizes, with the size marked that no group may be below."""

from __future__ import annotations

from collections.abc import Iterator

from securexfer.custody.drawing import NARROW, WIDE, Canvas, draw, figure, label, shape
from securexfer.custody.gate import Groups, SizeBand
from securexfer.wording import plural

_TOP, _PLOT, _FOOT = 58, 150, 44
_SERIES = tuple(step * 10**power for power in range(10) for step in (1, 2, 5))
_MAX_BAR = 92


def draw_histogram(groups: Groups, table: str, key: str) -> str:
    """How many rows are in groups of which size, as a figure in both widths.

    Args:
        groups: with sizes.
        table: whose.
        key: unique on the page.
    """
    said = describe_sizes(groups)
    pictures = [
        draw(
            canvas,
            _TOP + _PLOT + _FOOT,
            key,
            f"Group sizes: table {table}",
            said,
            _draw(groups, canvas),
        )
        for canvas in (WIDE, NARROW)
    ]
    return figure(pictures, said)


def describe_sizes(groups: Groups) -> str:
    """The histogram in a sentence or two."""
    n_groups = sum(band.n_groups for band in groups.sizes)
    n_small = sum(band.n_rows for band in groups.sizes if band.at_least < groups.min_group_size)
    said = (
        f"{plural(n_groups, 'group')} of rows that look alike; the smallest has "
        f"{plural(groups.k, 'row')}"
    )
    if not groups.min_group_size:
        return f"{said}. The recipe asks for no least size."
    below = (
        f"{plural(n_small, 'row is', 'rows are')} below that" if n_small else "no row is below that"
    )
    return f"{said}. The recipe asks for at least k = {groups.min_group_size:,}; {below}."


def end_of(band: SizeBand, groups: Groups) -> int:
    """The size that a band ends before."""
    starts = [*_SERIES, groups.min_group_size]
    return min((start for start in starts if start > band.at_least), default=band.at_least + 1)


def _bands(groups: Groups) -> list[SizeBand]:
    """The bands that are shown: from the first of interest to the last, empty ones too."""
    counted = {band.at_least: band for band in groups.sizes}
    first = min([*counted, groups.min_group_size or max(counted)])
    starts = {s for s in (*_SERIES, groups.min_group_size) if first <= s <= max(counted)}
    # A bar that stands in for the room below k, so that the mark has something to its left.
    if groups.min_group_size and first == groups.min_group_size:
        starts |= {s for s in _SERIES if s < first and s * 3 >= first}
    return [counted.get(s, SizeBand(s, 0, 0)) for s in sorted(starts | counted.keys()) if s]


def _draw(groups: Groups, canvas: Canvas) -> Iterator[str]:
    bands = _bands(groups)
    base, left = _TOP + _PLOT, 8.0
    step = min((canvas.width - 2 * left) / len(bands), _MAX_BAR)
    most = max(band.n_rows for band in bands) or 1
    x_of = {band.at_least: left + i * step for i, band in enumerate(bands)}
    right = left + step * len(bands)
    mark = x_of.get(groups.min_group_size, 0.0) if groups.min_group_size else 0.0
    if mark > left:
        yield shape("rect", "below", x=left, y=_TOP - 14, width=mark - left, height=_PLOT + 14)
    for band in bands:
        x, height = x_of[band.at_least], band.n_rows / most * (_PLOT - 18)
        if band.n_rows:
            height = max(height, 2)
            style = "bar small" if band.at_least < groups.min_group_size else "bar"
            yield shape("rect", style, x=x + 2, y=base - height, width=step - 4, height=height)
            yield label(
                _short(band.n_rows), x + step / 2, base - height - 5, style="count", anchor="middle"
            )
        yield label(_short(band.at_least), x, base + 15, style="tick", anchor="middle")
        yield shape("line", "axis", x1=x, y1=base, x2=x, y2=base + 4)
    yield shape("line", "axis", x1=left, y1=base, x2=right, y2=base)
    yield label("rows in a group, from … on", left, base + 34, style="muted")
    yield label("number of rows", left, 12, style="muted")
    if mark:
        yield shape("line", "k", x1=mark, y1=_TOP - 14, x2=mark, y2=base)
        near_end = mark > canvas.width - 70
        yield label(
            f"k = {groups.min_group_size:,}",
            mark - 5 if near_end else mark + 5,
            _TOP - 18,
            style="k",
            anchor="end" if near_end else "start",
        )


def _short(n: int) -> str:
    """A count in few characters: 950, 1.2k, 35k, 1.4M."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if n >= size:
            value = n / size
            return f"{value:.1f}".removesuffix(".0") + unit if value < 10 else f"{value:.0f}{unit}"
    return str(n)
