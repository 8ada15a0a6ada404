"""The window: where on a page, a form or a tile something can be seen at all.

Places are in the space of whoever holds the instructions (ISO 32000-2, 8.3). What is asked here is
only whether something lies wholly outside; what is covered, cut off or too small is not known.
"""

from __future__ import annotations

from dataclasses import dataclass

# a b c d e f, of x' = a x + c y + e and y' = b x + d y + f.
Matrix = tuple[float, float, float, float, float, float]
# Left, bottom, right, top.
Box = tuple[float, float, float, float]

UNCHANGED: Matrix = (1, 0, 0, 1, 0, 0)
UNIT: Box = (0, 0, 1, 1)


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


@dataclass(frozen=True)
class Window:
    """What is seen of a place to draw on; None for all of it, where nobody knows."""

    box: Box | None = None

    def shows(self, box: Box, matrix: Matrix) -> bool:
        """Whether any of that box can be seen."""
        left, bottom, right, top = bounds(box, matrix)
        if not (left < right and bottom < top):
            return False  # flattened to nothing
        if self.box is None:
            return True
        return (
            left < self.box[2]
            and right > self.box[0]
            and bottom < self.box[3]
            and top > self.box[1]
        )

    def holds(self, matrix: Matrix, size: float) -> bool:
        """Whether text of that size, beginning where that leads, begins in it or at its edge."""
        if self.box is None:
            return True
        a, b, c, d, x, y = matrix
        spare = abs(size) * max(abs(a) + abs(c), abs(b) + abs(d))
        left, bottom, right, top = self.box
        return left - spare <= x <= right + spare and bottom - spare <= y <= top + spare
