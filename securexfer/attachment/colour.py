"""Colours of a PDF document: spaces of colour and functions, made anew (ISO 32000-2, 7.10, 8.6).

A colour profile may say whose it is, so that the space of the device takes its place.
"""

from __future__ import annotations

import math
import re

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import (
    Value,
    content_of,
    member,
    name,
    number,
    numbers,
    refuse,
    take,
)

_MAX_DEPTH = 8
_MAX_INDEX = 255
_MAX_FUNCTIONS = 32
_DEVICE = {"DeviceGray": 1, "DeviceRGB": 3, "DeviceCMYK": 4}
_OF_NUMBER = {n: "/" + name for name, n in _DEVICE.items()}
_MEASURED = {"CalGray": 1, "CalRGB": 3, "Lab": 3}
# How colours that can't be shown become some that can.
INTENTS = frozenset(("AbsoluteColorimetric", "RelativeColorimetric", "Saturation", "Perceptual"))
# A calculator's program: braces, numbers, and the words of 7.10.5.
_TOKEN = re.compile(rb"[{}]|[+-]?(?:\d+\.?\d*|\.\d+)|[a-z]+")
_CALCULATIONS = frozenset(
    b"abs add atan ceiling cos cvi cvr div exp floor idiv ln log mod mul neg round sin sqrt sub "
    b"truncate and bitshift eq false ge gt le lt ne not or true xor if ifelse copy dup exch index "
    b"pop roll".split()
)


def space(value: Value, target: Pdf, depth: int = 0) -> tuple[Value, int]:
    """A space of colour in a new document, and of how many numbers a colour in it is made.

    Raises:
        UnfitError: if it is none that can be made anew.
    """
    if depth > _MAX_DEPTH:
        refuse()
    if isinstance(value, Name):
        kind = str(value)[1:]
        if kind == "Pattern":
            return Name.Pattern, 0
        if kind not in _DEVICE:
            refuse()
        return Name("/" + kind), _DEVICE[kind]
    if not isinstance(value, Array) or len(value) == 0:
        refuse()
    parts, kind = list(value), str(value[0])[1:]
    if len(parts) == 1:
        return space(parts[0], target, depth + 1)
    if kind == "ICCBased":
        n_parts = member(parts[1], "N")
        if n_parts not in _OF_NUMBER:
            refuse()
        return Name(_OF_NUMBER[n_parts]), n_parts
    if kind in _MEASURED:
        measures = Dictionary()
        take(parts[1], measures, many="WhitePoint BlackPoint Range")
        if (matrix := member(parts[1], "Matrix")) is not None:
            measures.Matrix = numbers(matrix, 9)
        if (gamma := member(parts[1], "Gamma")) is not None:
            measures.Gamma = numbers(gamma) if isinstance(gamma, Array) else number(gamma)
        return Array([Name("/" + kind), measures]), _MEASURED[kind]
    if kind == "Pattern":
        base, n = space(parts[1], target, depth + 1)
        return Array([Name.Pattern, base]), n
    if kind == "Indexed" and len(parts) == 4:
        base, n = space(parts[1], target, depth + 1)
        highest = int(number(parts[2]))
        if not 0 <= highest <= _MAX_INDEX:
            refuse()
        n_bytes = (highest + 1) * n
        table = parts[3]
        colours = bytes(table) if isinstance(table, String) else content_of(table)
        return Array([Name.Indexed, base, highest, String(colours[:n_bytes])]), 1
    if kind in ("Separation", "DeviceN") and len(parts) >= 4:
        # Names of inks: a printer needs them as they are.
        inks = [name(ink) for ink in ([parts[1]] if kind == "Separation" else list(parts[1]))]
        base, _ = space(parts[2], target, depth + 1)
        tint = function(parts[3], target, depth + 1)
        called = inks[0] if kind == "Separation" else Array(inks)
        return Array([Name("/" + kind), called, base, tint]), len(inks)
    raise UnfitError(Fault.NOT_ANEW)


def functions(value: Value, target: Pdf) -> Value:
    """A function, or a list of them, one for each part of a colour."""
    if isinstance(value, Array):
        if len(value) > _MAX_FUNCTIONS:
            refuse()
        return Array([function(one, target) for one in value])
    return function(value, target)


def function(value: Value, target: Pdf, depth: int = 0) -> Value:
    """A function in a new document.

    Raises:
        UnfitError: if it is none that can be made anew.
    """
    if depth > _MAX_DEPTH or not isinstance(value, Dictionary | Stream):
        refuse()
    kind = int(number(member(value, "FunctionType")))
    made: Dictionary | Stream
    if kind == 0:
        made = Stream(target, _samples(value))
        take(value, made, one="BitsPerSample Order", many="Size Encode Decode")
    elif kind == 2:
        made = Dictionary()
        take(value, made, one="N", many="C0 C1")
    elif kind == 3:
        made = Dictionary()
        take(value, made, many="Bounds Encode")
        parts = member(value, "Functions")
        if not isinstance(parts, Array):
            refuse()
        made.Functions = Array([function(part, target, depth + 1) for part in parts])
    elif kind == 4:
        made = Stream(target, _calculation(content_of(value)))
    else:
        raise UnfitError(Fault.NOT_ANEW)
    made.FunctionType = kind
    take(value, made, many="Domain Range")
    return target.make_indirect(made)


def _samples(value: Value) -> bytes:
    sizes = [int(size) for size in numbers(member(value, "Size"))]
    n_results = len(numbers(member(value, "Range"))) // 2
    n_bits = math.prod(sizes) * n_results * int(number(member(value, "BitsPerSample")))
    if n_bits < 0:
        refuse()
    return content_of(value, (n_bits + 7) // 8)


def _calculation(program: bytes) -> bytes:
    # A comment ends with its line.
    program = re.sub(rb"%[^\r\n]*", b" ", program)
    tokens = _TOKEN.findall(program)
    if b"".join(tokens) != b"".join(program.split()):
        refuse()
    if any(token[:1].isalpha() and token not in _CALCULATIONS for token in tokens):
        refuse()
    return b" ".join(tokens)
