"""Outlines: what sort of character stands where in a cell; most show that it holds nothing.

A column of a million numbers or dates has a handful of outlines. What kinds of identifiers a cell
can hold is asked once for each of them, by patterns that take any digit for a digit and any letter
for a letter, and so let through too much and never too little: what they leave is searched by the
patterns themselves. Outlines are read from the bytes of cells, eight at a time.
"""

from __future__ import annotations

import functools
import re

import numpy as np
import numpy.typing as npt
import polars as pl

from securexfer.privacy.folding import FLOOR
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.pattern import BARE, BY_NAME, NEAR, ROUGH, TRACE, WHOLE

# Longer cells have no outline here; 32 bytes are two keys of 64 bits, four for each character.
LONGEST = 32
_HALF = 16
# Cells that are outlined together, so that what is worked out for them stays small.
_AT_ONCE = 1 << 17
# Where there are more outlines than a few, one that fewer of these have is not worth asking about.
_FEW, _SOME = 256, 32
_N_REMEMBERED = 1 << 14
# More than this are looked up, fewer are sought one by one.
_N_SOUGHT = 24

_BLANK, _DIGIT, _UPPER, _LOWER, _OTHER, _FOREIGN = " 0Aa_~"
# What each code stands for. Zero is a space, and all behind the end. Foreign is what folding
# makes more than a capital of: control characters, and all that is not ASCII.
_SORTS = (_BLANK, _DIGIT, _UPPER, _LOWER, *"-./()+:@%", _OTHER, _FOREIGN)
_BITS = {slug: 1 << place for place, slug in enumerate(KINDS)}
_NEAR_BITS = {slug: 1 << len(KINDS) + place for place, slug in enumerate(NEAR)}
# All that there is, where nothing is known.
ALL = sum(_BITS.values()) + sum(_NEAR_BITS.values())
# A whole number of ten digits or more; and of one that could be that of a passport, nothing else.
NUMBER = 1 << ALL.bit_length()
PASSPORT = NUMBER << 1

# The least number of so many digits, as far as 64 bits go.
_LEAST = np.array([0, 0, *(10**n for n in range(1, 19))], dtype=np.uint64)

Keys = npt.NDArray[np.uint64] | npt.NDArray[np.uint32]
Kinds = npt.NDArray[np.uint32]


def bit_of(slug: str) -> int:
    """What stands for a kind among those that a cell may hold."""
    return _BITS[slug]


def near_bit_of(slug: str) -> int:
    """What stands for whole cells of the same sort as a kind that has a look to go by alone."""
    return _NEAR_BITS[slug]


def sift(cells: pl.Series) -> Kinds:
    """What each cell may hold, as a sum of bits; 0 is nothing.

    `ALL` where that is not known. Cells of which it is are of printable ASCII, without a floor.
    """
    kinds = np.zeros(cells.len(), dtype=np.uint32)
    for start in range(0, cells.len(), _AT_ONCE):
        part = cells.slice(start, _AT_ONCE)
        own = kinds[start : start + _AT_ONCE]
        sizes = part.str.len_bytes().fill_null(0).to_numpy()
        if _are_numbers(part, sizes):
            own[:] = _of_numbers()[sizes]
            continue
        if sizes.min() > 0 and sizes.max() <= _HALF:
            own[:] = _sift(part)
            continue
        own[sizes > LONGEST] = ALL
        for first, last in ((1, _HALF), (_HALF + 1, LONGEST)):
            rows = np.flatnonzero((sizes >= first) & (sizes <= last))
            if rows.size:
                own[rows] = _sift(part.gather(rows))
    return kinds


def _are_numbers(cells: pl.Series, sizes: Kinds) -> bool:
    """Whether all are whole numbers without sign or zeros before them: their outline is known."""
    if not 0 < sizes.min() <= sizes.max() < _LEAST.size or not str(cells[0]).isdecimal():
        return False
    numbers = cells.cast(pl.UInt64, strict=False)
    # What has as many digits as characters has no others.
    return not numbers.null_count() and bool((numbers.to_numpy() >= _LEAST[sizes]).all())


@functools.cache
def _of_numbers() -> Kinds:
    """What numbers may be, by how many digits they have."""
    return np.array([_judge(_DIGIT * n) for n in range(_LEAST.size)], dtype=np.uint32)


def _sift(cells: pl.Series) -> Kinds:
    """Of cells that are not blank, and of which all fit a half or none does."""
    keys = _outline(cells)
    counted = (
        keys.to_series().value_counts(name="len")
        if keys.width == 1
        else keys.group_by(keys.columns).len()
    )
    if counted.height > _FEW:
        counted = counted.filter(pl.col("len") >= _SOME)
    before = 0 if counted["len"].sum() == cells.len() else ALL
    judged = {key: _judge(_text_of(key)) for key in counted.drop("len").iter_rows()}
    told = {key: kinds for key, kinds in judged.items() if kinds != before}
    if len(told) > _N_SOUGHT:
        table = pl.DataFrame(list(told), keys.schema, orient="row").with_columns(
            kinds=pl.Series(list(told.values()), dtype=pl.UInt32)
        )
        joined = keys.join(table, on=keys.columns, how="left", maintain_order="left")
        return joined["kinds"].fill_null(before).to_numpy()
    kinds = np.full(cells.len(), before, dtype=np.uint32)
    halves = [keys[name].to_numpy() for name in keys.columns]
    for key, of_key in told.items():
        kinds[np.logical_and.reduce([a == b for a, b in zip(halves, key, strict=True)])] = of_key
    return kinds


def _outline(cells: pl.Series) -> pl.DataFrame:
    """A key for each half of each cell: four bits for each character, the first in the lowest."""
    sizes = cells.str.len_bytes().to_numpy().astype(np.int64)
    data = cells.str.join("").item().encode() + bytes(LONGEST)
    starts = np.cumsum(sizes) - sizes
    # Eight bytes from any place on.
    words = np.ndarray(shape=(len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    n_words = -(-int(sizes.max()) // 8)
    codes = []
    for number in range(n_words):
        coded = np.take(_CODES, words[starts + 8 * number].view("<u2")).view("<u4")
        codes.append(coded & _MASKS[np.clip(sizes - 8 * number, 0, 8)])
    halves = [_join(codes[number : number + 2]) for number in range(0, n_words, 2)]
    return pl.DataFrame({str(place): half for place, half in enumerate(halves)})


def _join(codes: list[npt.NDArray[np.uint32]]) -> Keys:
    if len(codes) == 1:
        return codes[0]
    return codes[0] | codes[1].astype(np.uint64) << np.uint64(32)


def _text_of(key: tuple[int, ...]) -> str:
    return "".join(
        _SORTS[half >> shift & 15] for half in key for shift in range(0, 4 * _HALF, 4)
    ).rstrip()


def _sort_of(character: str) -> str:
    if character.isdigit():
        return _DIGIT
    if character.isalpha():
        return _UPPER if character.isupper() else _LOWER
    if character == " ":
        return _BLANK
    if not character.isprintable():
        return _FOREIGN
    return character if character in _SORTS[4:-2] else _OTHER


_ASCII = [chr(point) for point in range(128)]
_BY_BYTE = np.array(
    [_SORTS.index(_sort_of(one)) for one in _ASCII] + [_SORTS.index(_FOREIGN)] * 128, dtype=np.uint8
)
# Of two bytes, the first in the lower half.
_CODES = (_BY_BYTE[None, :] | _BY_BYTE[:, None] << 4).reshape(-1)
# By how many of eight bytes there are.
_MASKS = np.array([(1 << 4 * n) - 1 for n in range(9)], dtype=np.uint32)


def widen(pattern: str) -> str:
    """A pattern that lets through the outlines of all texts that this one does.

    Word boundaries are left out. A pattern in capitals is for outlines in capitals, whether or not
    it minds the case. Only what the patterns of this house are made of is understood.
    """
    return _TOKENS.sub(_widen_token, pattern)


_TOKENS = re.compile(
    r"(?P<drop>\\b|\(\?i\))|(?P<keep>\{[0-9,]+\}|\(\?:|[()|?*+^$])"
    r"|\[\^?(?:\\.|[^\]\\])+\]|\\.|[^\\]"
)


def _widen_token(match: re.Match[str]) -> str:
    if match["drop"]:
        return ""
    return match[0] if match["keep"] else _widen_set(match[0])


@functools.cache
def _widen_set(characters: str) -> str:
    if len(characters) == 1:
        return re.escape(_sort_of(characters))
    one_of = re.compile(characters)
    sorts = dict.fromkeys(_sort_of(one) for one in _ASCII if one_of.fullmatch(one))
    return f"[{re.escape(''.join(sorts))}]" if len(sorts) > 1 else re.escape("".join(sorts))


_SIGN = re.compile("[0@:]")
_FLOORS = re.compile(widen(FLOOR))
_TRACES = re.compile(widen(TRACE))
_NEARS = {slug: re.compile(widen(pattern)) for slug, pattern in NEAR.items()}
# Kinds that are found by name are whole cells.
_LOOKS = {
    slug: re.compile(
        "|".join(
            widen(pattern)
            for pattern in (WHOLE[slug] if slug in BY_NAME else ROUGH[slug], BARE.get(slug))
            if pattern
        )
    )
    for slug in KINDS
}


@functools.lru_cache(maxsize=_N_REMEMBERED)
def _judge(outline: str) -> int:
    """What a cell of this outline may hold."""
    if _FOREIGN in outline:
        return ALL
    if not _SIGN.search(outline):
        return 0
    if _FLOORS.search(outline):
        return ALL
    text = outline.upper().strip()
    kinds = 0
    if _UPPER in text and _DIGIT in text:
        kinds |= sum(_NEAR_BITS[slug] for slug, near in _NEARS.items() if near.search(text))
    if _TRACES.search(text):
        kinds |= sum(_BITS[slug] for slug, looks in _LOOKS.items() if looks.search(text))
    # To the pattern of a passport's number, all digits are alike.
    if kinds == _BITS["passport"] and set(text) <= {_DIGIT, _BLANK}:
        return PASSPORT
    return kinds | NUMBER if kinds and len(outline) >= 10 and set(outline) == {_DIGIT} else kinds
