"""Compact: programs of letters in the Compact Font Format (Adobe Technical Note 5176).

Nothing moves in them, so that no place that is named has to be named anew: texts become blanks, and
what nothing names becomes zeros.
"""

from __future__ import annotations

import struct
from itertools import pairwise

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import refuse

_CFF, _HEADER = b"\1\0", slice(0, 4)
# Operators of a DICT; those behind a 12 are that much higher.
_ESCAPE, _ESCAPED = 12, 12 << 8
# Version, notice, full and family name, weight; copyright, PostScript, base font's name.
_TOLD = frozenset((0, 1, 2, 3, 4, _ESCAPED, _ESCAPED + 21, _ESCAPED + 22))
_N_STANDARD_STRINGS = 391
# Places of: names of letters, codes, letters, what is private (and how large), its parts, and of
# fonts within a font, and which letter is of which. Up to some numbers, tables of everybody's.
_CHARSET, _ENCODING, _LETTERS, _PRIVATE, _PARTS = range(15, 20)
_FONTS, _SELECT = _ESCAPED + 36, _ESCAPED + 37
_N_CHARSETS, _N_ENCODINGS, _MAX_FONTS = 3, 2, 256
_WITH_MORE = 0x80


def compact(program: bytes) -> bytes:
    """A program without its words, and without what no letter takes.

    Raises:
        UnfitError: if it is none, or is damaged.
        IndexError, struct.error: if it is cut off.
    """
    if not program.startswith(_CFF):
        refuse()
    begin = program[2]
    _, at = _index(program, begin)
    fonts, at = _index(program, at)
    strings, at = _index(program, at)
    _, at = _index(program, at)
    places, words = [_HEADER, slice(begin, at)], set[int]()
    for font in fonts:
        places += _places(program, program[font])
        words |= {at[-1] for key, at in _entries(program[font]) if key in _TOLD and at}
    if not all(0 <= place.start <= place.stop <= len(program) for place in places):
        raise UnfitError(Fault.DAMAGED)
    made = bytearray(max(place.stop for place in places))
    for place in places:
        made[place] = program[place]
    for number, text in enumerate(strings, start=_N_STANDARD_STRINGS):
        # What a larger font said may be left over; a letter's name has no blanks.
        if number in words or len(program[text].split(maxsplit=1)) > 1:
            made[text] = b" " * len(made[text])
    return bytes(made)


def _places(program: bytes, font: bytes) -> list[slice]:
    """Where the parts of a font are."""
    said = dict(_entries(font))
    at = said[_LETTERS][-1] if _LETTERS in said else refuse()
    letters, end = _index(program, at)
    places, n_letters = [slice(at, end)], len(letters)
    if (at := _place(said, _CHARSET)) >= _N_CHARSETS:
        places.append(slice(at, _end_of_charset(program, at, n_letters)))
    if (at := _place(said, _ENCODING)) >= _N_ENCODINGS:
        places.append(slice(at, _end_of_encoding(program, at)))
    fonts = [said]
    if at := _place(said, _FONTS):
        inner, end = _index(program, at)
        if len(inner) > _MAX_FONTS:
            refuse()
        fonts += [dict(_entries(program[one])) for one in inner]
        places.append(slice(at, end))
    if at := _place(said, _SELECT):
        places.append(slice(at, _end_of_select(program, at, n_letters)))
    for one in fonts:
        if _PRIVATE in one:
            n_bytes, at = one[_PRIVATE][-2:]
            places.append(slice(at, at + n_bytes))
            if parts := _place(dict(_entries(program[at : at + n_bytes])), _PARTS):
                places.append(slice(at + parts, _index(program, at + parts)[1]))
    return places


def _place(said: dict[int, list[int]], key: int) -> int:
    return said[key][-1] if said.get(key) else 0


def _end_of_charset(program: bytes, at: int, n_letters: int) -> int:
    kind, at, left = program[at], at + 1, n_letters - 1
    if kind == 0:
        return at + 2 * left
    if kind not in (1, 2):
        refuse()
    while left > 0:
        left -= 1 + int.from_bytes(program[at + 2 : at + 2 + kind])
        at += 2 + kind
    return at


def _end_of_encoding(program: bytes, at: int) -> int:
    kind, n_codes = program[at], program[at + 1]
    at += 2 + n_codes * (1 + kind % _WITH_MORE)
    return at + 1 + 3 * program[at] if kind & _WITH_MORE else at


def _end_of_select(program: bytes, at: int, n_letters: int) -> int:
    if program[at] == 0:
        return at + 1 + n_letters
    (n_ranges,) = struct.unpack_from(">H", program, at + 1)
    return int(at + 3 + 3 * n_ranges + 2)


def _index(data: bytes, at: int) -> tuple[list[slice], int]:
    """Where the parts of an INDEX are, and its end."""
    (n_parts,) = struct.unpack_from(">H", data, at)
    if not n_parts:
        return [], at + 2
    size, first = data[at + 2], at + 3
    start = first + (n_parts + 1) * size - 1
    places = [
        start + int.from_bytes(data[first + i * size : first + (i + 1) * size])
        for i in range(n_parts + 1)
    ]
    if places[0] != start + 1 or places != sorted(places) or places[-1] > len(data):
        raise UnfitError(Fault.DAMAGED)
    return [slice(*pair) for pair in pairwise(places)], places[-1]


def _entries(data: bytes) -> list[tuple[int, list[int]]]:
    """What a DICT says: operators, and the numbers before each; of a fraction, nothing."""
    entries: list[tuple[int, list[int]]] = []
    numbers, at = list[int](), 0
    while at < len(data):
        first = data[at]
        at += 1
        if first <= 21:
            if first == _ESCAPE:
                first = _ESCAPED + data[at]
                at += 1
            entries.append((first, numbers))
            numbers = []
        elif first == 30:  # in half-bytes; the last one is 15
            while data[at] & 15 != 15:
                at += 1
            at += 1
            numbers.append(0)
        elif first in (28, 29):
            n_bytes = 2 if first == 28 else 4
            numbers.append(int.from_bytes(data[at : at + n_bytes], signed=True))
            at += n_bytes
        elif first < 247:
            numbers.append(first - 139)
        elif first < 251:
            numbers.append((first - 247) * 256 + data[at] + 108)
            at += 1
        else:
            numbers.append(-(first - 251) * 256 - data[at] - 108)
            at += 1
    return entries
