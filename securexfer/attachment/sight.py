"""Sight: what instructions say, one after the other, of where they draw and what is seen of it.

Only what is simple to know: place, clip, text of the invisible kind (ISO 32000-2, 8.4 and 9.3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import refuse
from securexfer.attachment.window import UNCHANGED, Box, Matrix, Window, around, combine

_MAX_STATES = 1_000
_MODES, _INVISIBLE = range(8), 3
Font = tuple[str, int | Decimal]


@dataclass(frozen=True)
class State:
    """What `q` keeps and `Q` brings back.

    Attributes:
        matrix: to the space of whoever holds the instructions.
        clip: a box around all that is painted, in that space; None without a clip.
        mode: in which text is shown.
        leading: from line to line of text.
        rise: of text above its line.
        font: its name and size, as instructions have chosen it.
        written: the same, as it was written anew.
    """

    matrix: Matrix = UNCHANGED
    clip: Box | None = None
    mode: int = 0
    leading: float = 0
    rise: float = 0
    font: Font | None = None
    written: Font | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether text is of the invisible kind."""
        return self.mode == _INVISIBLE


class Sight:
    """Of one list of instructions.

    Attributes:
        state: as it is now.
    """

    def __init__(self, window: Window) -> None:
        self.state = State()
        self._window = window
        self._kept: list[State] = []
        # The path that is being made: points, and their space.
        self._path: list[tuple[list[float], Matrix]] = []
        self._is_clip = False
        # Where the next letter stands: at that line's start, behind others, or behind some that
        # were left out, so that nobody knows.
        self._line: Matrix | None = None
        self._is_at_start = self._is_lost = False

    @property
    def window(self) -> Window:
        """What is seen through the clip."""
        return self._window.through(self.state.clip)

    def note(self, *, font: Font | None = None, written: Font | None = None) -> None:
        """Keep a font in mind."""
        state = self.state
        self.state = replace(state, font=font or state.font, written=written or state.written)

    def shows_text(self, size: int | Decimal, *, is_blank: bool) -> bool:
        """Whether the next text is to be seen.

        Raises:
            UnfitError: if it stands nowhere, or begins beyond the edge and is not blank.
        """
        state, line = self.state, self._line or refuse()
        if state.is_hidden or size == 0:
            self._is_lost = True
            return False
        if self._is_lost:
            refuse()
        if self._is_at_start and not is_blank:
            place = combine(combine((1, 0, 0, 1, 0, state.rise), line), state.matrix)
            if not self._window.holds(place, float(size)):
                raise UnfitError(Fault.BEYOND_EDGE)
        self._is_at_start = False
        return True

    def follow(self, instruction: str, at: list[float]) -> None:
        """The next instruction, and its numbers."""
        state = self.state
        match instruction:
            case "q":
                if len(self._kept) == _MAX_STATES:
                    raise UnfitError(Fault.TOO_MUCH)
                self._kept.append(state)
            case "Q" if self._kept:
                self.state = self._kept.pop()
            case "cm":
                self.state = replace(state, matrix=combine(_matrix(at), state.matrix))
            case "m" | "l" | "c" | "v" | "y":
                self._path.append((at, state.matrix))
            case "re":
                left, bottom, right, top = at[0], at[1], at[0] + at[2], at[1] + at[3]
                corners = [left, bottom, right, bottom, right, top, left, top]
                self._path.append((corners, state.matrix))
            case "W" | "W*":
                self._is_clip = True
            case "b" | "B" | "b*" | "B*" | "f" | "F" | "f*" | "n" | "s" | "S":
                self._end_path()
            case "Tr":
                if at[0] not in _MODES:
                    refuse()
                self.state = replace(state, mode=int(at[0]))
            case "TL":
                self.state = replace(state, leading=at[0])
            case "Ts":
                self.state = replace(state, rise=at[0])
            case "BT":
                self._begin_line(UNCHANGED)
            case "ET":
                self._line = None
            case "Tm":
                self._begin_line(_matrix(at))
            case "Td":
                self._move(at[0], at[1])
            case "TD":
                self.state = replace(state, leading=-at[1])
                self._move(at[0], at[1])
            case "T*":
                self._move(0, -state.leading)

    def _end_path(self) -> None:
        if self._is_clip and self._path:
            clip = Window(around(self._path)).through(self.state.clip).box
            self.state = replace(self.state, clip=clip)
        self._path, self._is_clip = [], False

    def _begin_line(self, line: Matrix) -> None:
        self._line, self._is_at_start, self._is_lost = line, True, False

    def _move(self, across: float, up: float) -> None:
        self._begin_line(combine((1, 0, 0, 1, across, up), self._line or refuse()))


def _matrix(at: list[float]) -> Matrix:
    a, b, c, d, e, f = at
    return a, b, c, d, e, f
