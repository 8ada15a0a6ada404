"""The window: where on a page, a form or a tile something can be seen at all.

Places are in the space of whoever holds the instructions (ISO 32000-2, 8.3). What is asked here is
only whether something lies wholly outside; what is covered, cut off or too small is not known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# a b c d e f, of x' = a x + c y + e and y' = b x + d y + f.
Matrix = tuple[float, float, float, float, float, float]
# Left, bottom, right, top.
Box = tuple[float, float, float, float]

UNCHANGED: Matrix = (1, 0, 0, 1, 0, 0)
UNIT: Box = (0, 0, 1, 1)
# So many pixels are whole bytes, however many bits each has.
_WHOLE_BYTES = 8


def combine(first: Matrix, then: Matrix) -> Matrix:
    """Both, one after the other."""
    a, b, c, d, e, f = first
    k, l, m, n, o, p = then  # noqa: E741
    return (
        *(a * k + b * m, a * l + b * n, c * k + d * m, c * l + d * n),
        *(e * k + f * m + o, e * l + f * n + p),
    )


def bounds(box: Box, matrix: Matrix) -> Box:
    """The smallest upright box around a box that was turned and stretched."""
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    across = [a * x + c * y + e for x, y in corners]
    up = [b * x + d * y + f for x, y in corners]
    return min(across), min(up), max(across), max(up)


def around(path: list[tuple[list[float], Matrix]]) -> Box:
    """The smallest upright box around points, x, y, x, y and so on, each list in its own space."""
    places = [
        bounds((x, y, x, y), matrix)
        for points, matrix in path
        for x, y in zip(points[::2], points[1::2], strict=True)
    ]
    across, up = [place[0] for place in places], [place[1] for place in places]
    return min(across), min(up), max(across), max(up)


def _invert(matrix: Matrix) -> Matrix:
    a, b, c, d, e, f = matrix
    area = a * d - b * c
    return (
        *(d / area, -b / area, -c / area, a / area),
        *((c * f - d * e) / area, (b * e - a * f) / area),
    )


def _overlap(one: Box, other: Box | None) -> Box:
    if other is None:
        return one
    return (
        *(max(one[0], other[0]), max(one[1], other[1])),
        *(min(one[2], other[2]), min(one[3], other[3])),
    )


def _is_empty(box: Box) -> bool:
    return not (box[0] < box[2] and box[1] < box[3])


@dataclass(frozen=True)
class Pixels:
    """A part of a picture: columns from the left, rows from the top."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """How many columns and rows."""
        return self.right - self.left, self.bottom - self.top

    def within(self, width: int, height: int) -> Box:
        """Where in the unit square of the whole picture it lies."""
        return (
            *(self.left / width, 1 - self.bottom / height),
            *(self.right / width, 1 - self.top / height),
        )


def pixels_of(seen: Box, width: int, height: int) -> Pixels:
    """All pixels of a picture that are seen of its unit square; it begins at a whole byte."""
    left, right = max(math.floor(seen[0] * width), 0), min(math.ceil(seen[2] * width), width)
    top, bottom = (1 - seen[3]) * height, (1 - seen[1]) * height
    return Pixels(
        *(left // _WHOLE_BYTES * _WHOLE_BYTES, max(math.floor(top), 0)),
        *(right, min(math.ceil(bottom), height)),
    )


@dataclass(frozen=True)
class Window:
    """What is seen of a place to draw on; None for all of it, where nobody knows."""

    box: Box | None = None

    def within(self, box: Box, matrix: Matrix) -> Window | None:
        """What is seen of that box, in its own space; None for nothing.

        Where a box was turned, that is more than what is seen, and never less.
        """
        a, b, c, d, _, _ = matrix
        if a * d == b * c or _is_empty(box):
            return None  # flattened to nothing
        if self.box is None:
            return Window(box)
        left, bottom, right, top = bounds(self.box, _invert(matrix))
        # A number that was turned to and fro is not quite what it was.
        spare = 0.001 * max(right - left, top - bottom)
        seen = _overlap(box, (left - spare, bottom - spare, right + spare, top + spare))
        if _is_empty(seen) or _is_empty(_overlap(bounds(box, matrix), self.box)):
            return None
        return Window(seen)

    def through(self, clip: Box | None) -> Window:
        """What is seen of it through a clip."""
        return self if clip is None else Window(_overlap(clip, self.box))

    def holds(self, matrix: Matrix, size: float) -> bool:
        """Whether text of that size, beginning where that leads, begins in it or at its edge."""
        if self.box is None:
            return True
        a, b, c, d, x, y = matrix
        spare = abs(size) * max(abs(a) + abs(c), abs(b) + abs(d))
        left, bottom, right, top = self.box
        return left - spare <= x <= right + spare and bottom - spare <= y <= top + spare


# Of which nobody knows what is seen, or that is seen as a whole.
WHOLE = Window()
