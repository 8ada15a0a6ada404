"""Drawing: the instructions of a page, read and written anew (ISO 32000-2, 8 and 9).

Comments, marks and what hangs on them are left out; what is named is named by number. So is what
draws nothing: text of the invisible kind, as recognition lays it under a scan, and pictures that
lie beyond the edge. Each instruction takes what Annex A says, and nothing besides.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Protocol

import pikepdf
from pikepdf import Array, Name, Operator, Stream, String

from securexfer.attachment.colour import INTENTS
from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.raster import cut_of, size_of
from securexfer.attachment.sight import Sight
from securexfer.attachment.value import Value, kind_of, member, number, numbers, refuse, word
from securexfer.attachment.window import (
    UNCHANGED,
    UNIT,
    WHOLE,
    Box,
    Matrix,
    Pixels,
    Window,
    combine,
)

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
_MAX_COLOURS = 32
_MAX_DASHES = 32
_MAX_CUT = 8
# Of letters, what shows nothing wherever it stands.
_BLANK = b" \0"


class Parts(Protocol):
    """What instructions name, and what it is called from now on."""

    def look_up(self, category: str, name: str) -> Value:
        """A part as it is in the old document."""

    def find(self, category: str, name: str, seen: Window | Pixels = WHOLE) -> Name:
        """Its new name, as it is seen so; a part that nobody asks for is not built."""

    def unfold(self, image: pikepdf.PdfInlineImage) -> Stream:
        """A picture that stands between the instructions, as one by itself."""

    def take(self, image: Stream, cut: Pixels | None) -> Name:
        """The name of such a picture, or of what is kept of it."""


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


class _Rewriting:
    """One run through one list of instructions."""

    def __init__(self, parts: Parts, window: Window) -> None:
        self._parts = parts
        self._window = window
        self._written: list[tuple[list[Value], Operator]] = []
        self._sight = Sight(window)
        self._n_cut: Counter[str] = Counter()

    def run(self, holder: Value) -> bytes:
        for one in pikepdf.parse_content_stream(holder):
            if isinstance(one, pikepdf.ContentStreamInlineImage):
                if seen := self._sight.window.within(UNIT, self._sight.state.matrix):
                    part = self._parts.unfold(one.iimage)
                    cut = cut_of(part, seen.box)
                    self._place(self._parts.take(part, cut), part, cut)
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
        self._sight.follow(instruction, [float(value) for value in values])
        self._write(instruction, *values)

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
        sight = self._sight
        font = sight.state.font or refuse()  # without, a program may show it or not
        if not sight.shows_text(font[1], is_blank=_is_blank(shown)):
            return
        if sight.state.written != font:
            sight.note(written=font)
            self._write("Tf", self._parts.find("Font", font[0]), font[1])
        self._write("TJ" if isinstance(shown, Array) else "Tj", shown)

    def _special(self, instruction: str, operands: list[Value]) -> None:
        match instruction:
            case "Do":
                self._draw(_name(operands))
            case "Tf":
                # Written with the first letter: a font that shows none is not needed.
                _count(operands, 2)
                self._sight.note(font=(_name(operands[:1]), number(operands[1])))
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
        part, state = self._parts.look_up("XObject", name), self._sight.state
        if kind_of(part, "Subtype") != "Form":
            if seen := self._sight.window.within(UNIT, state.matrix):
                # One that is drawn in many pieces is not cut into as many.
                cut = cut_of(part, seen.box) if self._n_cut[name] < _MAX_CUT else None
                self._n_cut[name] += cut is not None
                self._place(self._parts.find("XObject", name, cut or WHOLE), part, cut)
            return
        if state.is_hidden:
            refuse()  # its text would be hidden too, here and not elsewhere
        box = box_of(member(part, "BBox"))
        matrix = combine(matrix_of(member(part, "Matrix")), state.matrix)
        if self._sight.window.within(box, matrix) and (seen := self._window.within(box, matrix)):
            self._write("Do", self._parts.find("XObject", name, seen))

    def _place(self, name: Name, part: Value, cut: Pixels | None) -> None:
        """Draw a picture; of one that was cut, what is kept where it was."""
        if cut is None:
            self._write("Do", name)
            return
        left, bottom, right, top = cut.within(*size_of(part))
        place = (right - left, 0, 0, top - bottom, left, bottom)
        self._write("q")
        self._write("cm", *(number(Decimal(str(value))) for value in place))
        self._write("Do", name)
        self._write("Q")


def _count(operands: list[Value], n_operands: int) -> None:
    if len(operands) != n_operands:
        refuse()


def _name(operands: list[Value]) -> str:
    _count(operands, 1)
    return str(operands[0]) if isinstance(operands[0], Name) else refuse()


def _letters(value: Value, kind: type[Array | String]) -> Value:
    """A text, or a list of texts and of the room between them."""
    if not isinstance(value, kind):
        refuse()
    if isinstance(value, String):
        return String(bytes(value))
    return Array([String(bytes(one)) if isinstance(one, String) else number(one) for one in value])


def _is_blank(letters: Value) -> bool:
    texts = letters if isinstance(letters, Array) else [letters]
    return not any(bytes(one).strip(_BLANK) for one in texts if isinstance(one, String))
