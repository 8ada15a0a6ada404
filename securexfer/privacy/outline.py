"""Outlines: what sort of character stands where in a cell; most show that it holds nothing.

A column of a million numbers or dates has a handful of outlines. What kinds of identifiers a cell
can hold is asked once for each of them, by patterns that take any digit for a digit and any letter
for a letter, and so let through too much and never too little: what they leave is searched by the
patterns themselves. Outlines are read from the bytes of cells, eight at a time.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

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
NEAR_BIT = 1 << len(KINDS)
ALL = (NEAR_BIT << 1) - 1

Numbers = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]


def bit_of(slug: str) -> int:
    """What stands for a kind among those that a cell may hold."""
    return _BITS[slug]


@dataclass(frozen=True)
class Sifted:
    """What outlines show of cells.

    Attributes:
        rows: those that may hold something.
        kinds: what each of these may hold, as the sum of bits; `ALL` where nothing is known.
        passports: rows that have the form of a passport's number, and of nothing else.
    """

    rows: Rows
    kinds: npt.NDArray[np.uint32]
    passports: Rows


@dataclass(frozen=True)
class _Verdict:
    kinds: int
    is_passport: bool = False


def sift(cells: pl.Series) -> Sifted:
    """Which cells may hold what; rows are counted from the first cell on."""
    pieces = [_unknown(np.empty(0, dtype=np.int64))]
    for start in range(0, cells.len(), _AT_ONCE):
        part = cells.slice(start, _AT_ONCE)
        sizes = part.str.len_bytes().fill_null(0).to_numpy()
        long = np.flatnonzero(sizes > LONGEST)
        pieces.append(_unknown(long + start))
        for first, last in ((1, _HALF), (_HALF + 1, LONGEST)):
            rows = np.flatnonzero((sizes >= first) & (sizes <= last))
            if rows.size:
                chosen = part if rows.size == part.len() else part.gather(rows)
                pieces.append(_sift(chosen, rows + start))
    return Sifted(
        np.concatenate([piece.rows for piece in pieces]),
        np.concatenate([piece.kinds for piece in pieces]),
        np.concatenate([piece.passports for piece in pieces]),
    )


def _unknown(rows: Rows) -> Sifted:
    return Sifted(rows, np.full(rows.size, ALL, dtype=np.uint32), rows[:0])


def _sift(cells: pl.Series, rows: Rows) -> Sifted:
    """Of cells that are not blank, and of which all fit a half or none does."""
    keys = _outline(cells)
    counted = (
        keys.to_series().value_counts(name="len")
        if keys.width == 1
        else keys.group_by(keys.columns).len()
    )
    if counted.height > _FEW:
        counted = counted.filter(pl.col("len") >= _SOME)
    is_all_known = counted["len"].sum() == rows.size
    known = counted.drop("len").rows()
    verdicts = {key: _judge(_text_of(key)) for key in known}
    before = 0 if is_all_known else ALL
    told = {key: verdict.kinds for key, verdict in verdicts.items() if verdict.kinds != before}
    if len(told) <= _N_SOUGHT:
        kinds = np.full(rows.size, before, dtype=np.uint32)
        for key, of_key in told.items():
            kinds[_are(keys, key)] = of_key
    else:
        table = pl.DataFrame(list(told), keys.schema, orient="row").with_columns(
            kinds=pl.Series(list(told.values()), dtype=pl.UInt32)
        )
        joined = keys.join(table, on=keys.columns, how="left", maintain_order="left")
        kinds = joined["kinds"].fill_null(before).to_numpy()
    left = np.flatnonzero(kinds)
    passports = [np.flatnonzero(_are(keys, key)) for key, v in verdicts.items() if v.is_passport]
    return Sifted(rows[left], kinds[left], rows[np.concatenate([left[:0], *passports])])


def _are(keys: pl.DataFrame, key: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    same = [keys[name].to_numpy() == one for name, one in zip(keys.columns, key, strict=True)]
    are: npt.NDArray[np.bool_] = np.logical_and.reduce(same)
    return are


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
    halves = [codes[number : number + 2] for number in range(0, n_words, 2)]
    return pl.DataFrame(
        {str(place): _join(half) for place, half in enumerate(halves)}, strict=False
    )


def _join(codes: list[npt.NDArray[np.uint32]]) -> Numbers:
    first = codes[0].astype(np.uint64)
    return first | codes[1].astype(np.uint64) << np.uint64(32) if len(codes) > 1 else first


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
    if match["keep"]:
        return match[0]
    sorts = dict.fromkeys(_sort_of(one) for one in _ASCII if re.fullmatch(match[0], one))
    return f"[{re.escape(''.join(sorts))}]"


_SIGN = re.compile("[0@:]")
_FLOORS = re.compile(widen(FLOOR))
_TRACES = re.compile(widen(TRACE))
_NEARS = [re.compile(widen(pattern)) for pattern in NEAR.values()]
# Kinds that are found by name are whole cells.
_LOOKS = {
    slug: [
        re.compile(widen(pattern))
        for pattern in (WHOLE[slug] if slug in BY_NAME else ROUGH[slug], BARE.get(slug))
        if pattern
    ]
    for slug in KINDS
}


@functools.lru_cache(maxsize=_N_REMEMBERED)
def _judge(outline: str) -> _Verdict:
    """What a cell of this outline may hold."""
    if _FOREIGN in outline:
        return _Verdict(ALL)
    if not _SIGN.search(outline):
        return _Verdict(0)
    if _FLOORS.search(outline):
        return _Verdict(ALL)
    text = outline.upper().strip()
    kinds = 0
    if _UPPER in text and any(near.search(text) for near in _NEARS):
        kinds = NEAR_BIT
    if _TRACES.search(text):
        kinds |= sum(
            _BITS[slug] for slug, some in _LOOKS.items() if any(p.search(text) for p in some)
        )
    # To a passport's number, all digits are alike.
    if kinds == _BITS["passport"] and set(text) <= {_DIGIT, _BLANK}:
        return _Verdict(0, is_passport=True)
    return _Verdict(kinds)
