"""Drawing: the instructions of a page, read and written anew (ISO 32000-2, 8 and 9).

Comments, marks and what hangs on them are left out; what is named is named by number. So is what
draws nothing: text of the invisible kind, as recognition lays it under a scan, and pictures that
lie beyond the edge. Each instruction takes what Annex A says, and nothing besides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

import pikepdf
from pikepdf import Array, Name, Operator, String

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import Value, kind_of, member, number, numbers, refuse, word
from securexfer.attachment.window import UNCHANGED, UNIT, WHOLE, Box, Matrix, Window, combine

# Annex A: how many numbers an instruction takes.
_N_NUMBERS = {
    instruction: n
    for n, instructions in {
        0: "b B b* B* BT ET f F f* h n q Q s S T* W W*",
        1: "g G i j J M Tc TL Tr Ts Tw Tz w",
        2: "d0 l m Td TD",
        3: "rg RG",
        4: "k K re v y",
        6: "c cm d1 Tm",
    }.items()
    for instruction in instructions.split()
}
_TEXT = frozenset(("Tj", "TJ", "'", '"'))
_CATEGORY = {"gs": "ExtGState", "sh": "Shading", "cs": "ColorSpace", "CS": "ColorSpace"}
_ASIDE = frozenset(("BMC", "BDC", "EMC", "MP", "DP", "BX", "EX"))
_OWN_SPACES = frozenset(("DeviceGray", "DeviceRGB", "DeviceCMYK", "Pattern"))
INTENTS = frozenset(("AbsoluteColorimetric", "RelativeColorimetric", "Saturation", "Perceptual"))
_MAX_COLOURS = 32
_MAX_DASHES = 32
_MAX_STATES = 1_000
_MODES, _INVISIBLE = range(8), 3
# Of letters, what shows nothing wherever it stands.
_BLANK = b" \0"


class Parts(Protocol):
    """What instructions name, and what it is called from now on."""

    def look_up(self, category: str, name: str) -> Value:
        """A part as it is in the old document."""

    def find(self, category: str, name: str, window: Window = WHOLE) -> Name:
        """Its new name, as it is seen so; a part that nobody asks for is not built."""

    def take(self, image: pikepdf.PdfInlineImage) -> Name:
        """The name of a picture that stood between the instructions."""


def box_of(value: Value) -> Box:
    """A box of four numbers, whichever corners they are."""
    one, two, three, four = (float(part) for part in numbers(value, 4))
    return min(one, three), min(two, four), max(one, three), max(two, four)


def matrix_of(value: Value) -> Matrix:
    """A matrix of six numbers; where there is none, that which changes nothing."""
    if value is None:
        return UNCHANGED
    a, b, c, d, e, f = (float(part) for part in numbers(value, 6))
    return a, b, c, d, e, f


def rewrite(holder: Value, parts: Parts, window: Window) -> bytes:
    """The instructions of a page, a form, a tile or a letter, as new bytes.

    Args:
        holder: of the instructions.
        parts: what they name.
        window: what is seen of what they draw.

    Raises:
        UnfitError: for an instruction that there is none of, or that takes what it can't; for text
            beyond the edge.
    """
    return _Rewriting(parts, window).run(holder)


@dataclass(frozen=True)
class _State:
    """What `q` keeps and `Q` brings back, as far as it says what is seen."""

    matrix: Matrix = UNCHANGED
    mode: int = 0
    leading: float = 0
    rise: float = 0
    font: tuple[str, int | Decimal] | None = None
    written: tuple[str, int | Decimal] | None = None

    @property
    def is_hidden(self) -> bool:
        return self.mode == _INVISIBLE


class _Rewriting:
    """One run through one list of instructions."""

    def __init__(self, parts: Parts, window: Window) -> None:
        self._parts = parts
        self._window = window
        self._written: list[tuple[list[Value], Operator]] = []
        self._state = _State()
        self._kept: list[_State] = []
        self._line: Matrix | None = None
        # Where the next letter stands: at that line's start, behind others, or behind some that
        # were left out, so that nobody knows.
        self._is_at_start = self._is_lost = False

    def run(self, holder: Value) -> bytes:
        for one in pikepdf.parse_content_stream(holder):
            if isinstance(one, pikepdf.ContentStreamInlineImage):
                if self._window.shows(UNIT, self._state.matrix):
                    self._write("Do", self._parts.take(one.iimage))
                continue
            instruction, operands = str(one.operator), list(one.operands)
            if instruction in _ASIDE:
                continue
            if instruction in _N_NUMBERS:
                self._plain(instruction, operands)
            elif instruction in _TEXT:
                self._text(instruction, operands)
            else:
                self._special(instruction, operands)
        return pikepdf.unparse_content_stream(self._written)

    def _write(self, instruction: str, *operands: Value) -> None:
        self._written.append((list(operands), Operator(instruction)))

    def _plain(self, instruction: str, operands: list[Value]) -> None:
        _count(operands, _N_NUMBERS[instruction])
        values = [number(operand) for operand in operands]
        self._follow(instruction, [float(value) for value in values])
        self._write(instruction, *values)

    def _follow(self, instruction: str, at: list[float]) -> None:
        """Keep in mind what says where and whether something is seen."""
        state = self._state
        match instruction:
            case "q":
                if len(self._kept) == _MAX_STATES:
                    raise UnfitError(Fault.TOO_MUCH)
                self._kept.append(state)
            case "Q" if self._kept:
                self._state = self._kept.pop()
            case "cm":
                self._state = replace(state, matrix=combine(_matrix(at), state.matrix))
            case "Tr":
                if at[0] not in _MODES:
                    refuse()
                self._state = replace(state, mode=int(at[0]))
            case "TL":
                self._state = replace(state, leading=at[0])
            case "Ts":
                self._state = replace(state, rise=at[0])
            case "BT":
                self._begin_line(UNCHANGED)
            case "ET":
                self._line = None
            case "Tm":
                self._begin_line(_matrix(at))
            case "Td" | "TD":
                if instruction == "TD":
                    self._state = replace(state, leading=-at[1])
                self._move(at[0], at[1])
            case "T*":
                self._move(0, -state.leading)

    def _begin_line(self, line: Matrix) -> None:
        self._line, self._is_at_start, self._is_lost = line, True, False

    def _move(self, across: float, up: float) -> None:
        self._begin_line(combine((1, 0, 0, 1, across, up), self._line or refuse()))

    def _text(self, instruction: str, operands: list[Value]) -> None:
        if instruction == '"':
            _count(operands, 3)
            self._plain("Tw", operands[:1])
            self._plain("Tc", operands[1:2])
        else:
            _count(operands, 1)
        if instruction in ("'", '"'):
            self._plain("T*", [])
        shown = _letters(operands[-1], Array if instruction == "TJ" else String)
        font, line = self._state.font, self._line
        if font is None or line is None:
            refuse()  # a program may show it or not
        name, size = font
        if self._state.is_hidden or size == 0:
            self._is_lost = True
            return
        if self._is_lost:
            refuse()
        if self._is_at_start and _is_seen(shown):
            place = combine(combine((1, 0, 0, 1, 0, self._state.rise), line), self._state.matrix)
            if not self._window.holds(place, float(size)):
                raise UnfitError(Fault.BEYOND_EDGE)
        self._is_at_start = False
        if self._state.written != font:
            self._state = replace(self._state, written=font)
            self._write("Tf", self._parts.find("Font", name), size)
        self._write("TJ" if isinstance(shown, Array) else "Tj", shown)

    def _special(self, instruction: str, operands: list[Value]) -> None:
        match instruction:
            case "Do":
                self._draw(_name(operands))
            case "Tf":
                # Written with the first letter: a font that shows none is not needed.
                _count(operands, 2)
                self._state = replace(self._state, font=(_name(operands[:1]), number(operands[1])))
            case "d":
                _count(operands, 2)
                if not isinstance(operands[0], Array) or len(operands[0]) > _MAX_DASHES:
                    refuse()
                dashes = Array([number(dash) for dash in operands[0]])
                self._write("d", dashes, number(operands[1]))
            case "ri":
                _count(operands, 1)
                self._write("ri", word(operands[0], INTENTS))
            case "sc" | "SC" | "scn" | "SCN":
                self._colour(instruction, operands)
            case "cs" | "CS" if _name(operands)[1:] in _OWN_SPACES:
                self._write(instruction, operands[0])
            case "cs" | "CS" | "gs" | "sh":
                self._write(instruction, self._parts.find(_CATEGORY[instruction], _name(operands)))
            case _:
                raise UnfitError(Fault.NOT_ANEW)

    def _colour(self, instruction: str, operands: list[Value]) -> None:
        if len(operands) > _MAX_COLOURS:
            refuse()
        named = operands[-1:] if operands and isinstance(operands[-1], Name) else []
        values = [number(operand) for operand in operands[: len(operands) - len(named)]]
        if named and instruction in ("sc", "SC"):
            refuse()
        found = [self._parts.find("Pattern", str(name)) for name in named]
        self._write(instruction, *values, *found)

    def _draw(self, name: str) -> None:
        part, matrix = self._parts.look_up("XObject", name), self._state.matrix
        if kind_of(part, "Subtype") != "Form":
            if self._window.shows(UNIT, matrix):
                self._write("Do", self._parts.find("XObject", name))
            return
        if self._state.is_hidden:
            refuse()  # its text would be hidden too, here and not elsewhere
        box = box_of(member(part, "BBox"))
        matrix = combine(matrix_of(member(part, "Matrix")), matrix)
        if self._window.shows(box, matrix):
            seen = self._window.within(box, matrix)
            self._write("Do", self._parts.find("XObject", name, seen))


def _count(operands: list[Value], n_operands: int) -> None:
    if len(operands) != n_operands:
        refuse()


def _name(operands: list[Value]) -> str:
    _count(operands, 1)
    return str(operands[0]) if isinstance(operands[0], Name) else refuse()


def _matrix(at: list[float]) -> Matrix:
    a, b, c, d, e, f = at
    return a, b, c, d, e, f


def _letters(value: Value, kind: type[Array | String]) -> Value:
    """A text, or a list of texts and of the room between them."""
    if not isinstance(value, kind):
        refuse()
    if isinstance(value, String):
        return String(bytes(value))
    return Array([String(bytes(one)) if isinstance(one, String) else number(one) for one in value])


def _is_seen(letters: Value) -> bool:
    texts = letters if isinstance(letters, Array) else [letters]
    return any(bytes(one).strip(_BLANK) for one in texts if isinstance(one, String))
