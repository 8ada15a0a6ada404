"""Spellings that are to compare as one: of cells that may hide an identifier, and of names.

Folding takes away what a reader doesn't see: case, full-width and other compatibility forms,
accents, invisible characters, the digits of other scripts, and kinds of dashes and spaces. It goes
character by character, so that every folded character can be traced to where it stood.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

_SLASHES = "\u2044\u2215"
_MINUS = "\u2212"
# Behind words run together: `nhsno`, `passportnumber`, `CRNs`.
_SUFFIXES = ("number", "num", "no", "nr", "id", "address", "addr", "ids", "s")
_CASES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# A floor after the letter of a block has the form of a postcode.
FLOOR = r"\b([A-Z]{1,2}[0-9][A-Z0-9]? ?)(?:1st|2nd|3rd|[04-9]th)\b"


_RARE = re.compile(r"[^\x00-\x7f]+")
_CONTROL = r"[\x00-\x1f\x7f]"


class _Folded(dict[int, str]):
    """What a code point becomes; made when first asked for."""

    def __missing__(self, point: int) -> str:
        plain = "".join(map(_fold, unicodedata.normalize("NFKD", chr(point)))).upper()
        self[point] = plain
        return plain


def _fold(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Mn", "Me"):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == _MINUS:
        return "-"
    if category[0] == "Z" or category == "Cc":
        return " "
    return "/" if character in _SLASHES else character


_FOLDED = _Folded()


def fold_cells(cells: pl.Series) -> pl.Series:
    """Cells in the form in which they are compared, without spaces around."""
    # Each step changes few cells, and to find these is quicker than to try it on all.
    cells = cells.clone()  # what is scattered over changes in place
    floors = cells.str.contains("[0-9](?:st|nd|rd|th)").arg_true()
    if floors.len():
        cells = cells.scatter(floors, cells.gather(floors).str.replace_all(FLOOR, "${1}---"))
    rare = (cells.str.len_bytes() != cells.str.len_chars()).arg_true()
    if rare.len():
        plain = [_RARE.sub(_fold_rare, cell) for cell in cells.gather(rare).to_list()]
        cells = cells.scatter(rare, pl.Series(plain, dtype=pl.String))
    if cells.str.contains(_CONTROL).any():
        cells = cells.str.replace_all(_CONTROL, " ")
    return fold_plain(cells)


def _fold_rare(match: re.Match[str]) -> str:
    return "".join(_FOLDED[ord(character)] for character in match[0])


def fold_plain(cells: pl.Series) -> pl.Series:
    """The same, of cells of printable ASCII that name no floor."""
    return cells.str.to_uppercase().str.strip_chars()


def fold_text(text: str) -> tuple[str, list[int]]:
    """A text as it is compared, and for each of its characters the place it came from."""
    text = re.sub(FLOOR, r"\1---", text)
    folded = [_FOLDED[ord(character)] for character in text]
    places = [place for place, plain in enumerate(folded) for _ in plain]
    return "".join(folded), places


def words_of(name: str) -> set[str]:
    """The words of a column's name.

    `dateOfBirth`, `DATE_OF_BIRTH` and `date of birth` alike; and of words that were run together
    also what stands before a usual ending, as in `nhsno`.
    """
    words = re.findall(r"[a-z]+", _CASES.sub(" ", name).lower())
    found = {*words, "".join(words), *re.findall(r"[a-z]+", name.lower())}
    ends = [(word, end) for word in found for end in _SUFFIXES if len(word) > len(end) + 1]
    return found | {word.removesuffix(end) for word, end in ends}
