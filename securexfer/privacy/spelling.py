"""Spelling: names and numbers in a form in which all the ways to type them are the same.

What is looked for and what is looked into are put into this form; what stands there is replaced in
the cell as it was typed, so that each character's place is kept.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

REDACTED = "[redacted]"
MIN_LETTERS = 3
MIN_CHARACTERS = 6
# Between the letters of a name, or before an s: it joins and parts at the same time.
APOSTROPHE = "['\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}`]"
# Seen by nobody and typed by nobody, but copied along: soft hyphen, zero-width characters, marks.
_INVISIBLE = r"[\p{M}\p{Cf}]"
WORD = r"[\p{L}\p{N}]+"
PART = rf"\p{{L}}{{{MIN_LETTERS},}}"
# Letters that Unicode takes for letters of their own, and people type without the stroke.
_PLAIN = {
    "\N{LATIN SMALL LETTER SHARP S}": "ss",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
    "\N{LATIN SMALL LETTER H WITH STROKE}": "h",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{LATIN SMALL LETTER AE}": "ae",
    "\N{LATIN SMALL LIGATURE OE}": "oe",
    "\N{LATIN SMALL LETTER THORN}": "th",
    "\N{LATIN SMALL LETTER ETH}": "d",
}
# In values that are no names, or beside a name; in any case and everywhere.
_NOBODY = ["and", "the", "not", "known", "unknown", "none", "nil", "null", "mrs", "miss"]
# No name and no number is longer, and a pattern is made of each.
_MAX_SOURCE, _MAX_NUMBER = 1000, 100
_NO_WORDS = pl.lit(pl.Series([[]], dtype=pl.List(pl.String)))
_TABLE = str.maketrans(_PLAIN)


def fold(cells: pl.Series) -> pl.Series:
    """Lower case, without accents, invisible characters and earlier redactions; never null."""
    cells = cells.fill_null("")
    rare = (cells.str.len_bytes() != cells.str.len_chars()).arg_true()
    if rare.len():
        plain = cells.gather(rare).str.normalize("NFKD").str.replace_all(_INVISIBLE, "")
        plain = plain.str.to_lowercase().str.replace_many(list(_PLAIN), list(_PLAIN.values()))
        cells = cells.scatter(rare, plain)
    if cells.str.contains(REDACTED, literal=True).any():
        cells = cells.str.replace_all(REDACTED, "|", literal=True)
    return cells.str.to_lowercase()


def fold_source(cells: pl.Series) -> pl.Series:
    """What is looked for, in comparable form: of very long cells only the beginning."""
    return fold(cells.str.slice(0, _MAX_SOURCE))


def name_parts(folded: pl.Series) -> pl.Series:
    """The words by which each name is found: its parts, and all of it written as one word."""
    words = words_of(folded, PART)
    joined = folded.str.replace_all(r"[^\p{L}\p{N}]", "").to_frame("joined")
    is_name = pl.col("joined").str.contains(rf"^{PART}$")
    whole = joined.select(pl.when(is_name).then(pl.concat_list("joined")).otherwise(_NO_WORDS))
    return words.list.set_union(whole.to_series()).list.set_difference(_NOBODY)


def numbers_of(folded: pl.Series) -> pl.Series | None:
    """Each cell's letters and digits, if they are a number that counts, else null; None if none.

    Spreadsheets take zeros away from before a number, and put `.0` behind it.
    """
    squeezed = folded.str.replace(r"\.0+\s*$", "").str.replace_all(r"[^\p{L}\p{N}]", "")
    squeezed = squeezed.str.strip_chars_start("0")
    length = squeezed.str.len_chars()
    is_number = squeezed.str.contains(r"\p{N}") & length.is_between(MIN_CHARACTERS, _MAX_NUMBER)
    if not is_number.any():
        return None
    return squeezed.to_frame("n").select(pl.when(is_number).then(pl.col("n")))["n"]


def words_of(cells: pl.Series, pattern: str) -> pl.Series:
    """Each cell's words, with an apostrophe as a gap between two, and as nothing."""
    words = cells.str.extract_all(pattern)
    if not cells.str.contains(APOSTROPHE).any():
        return words
    joined = cells.str.replace_all(APOSTROPHE, "").str.extract_all(pattern)
    return words.list.set_union(joined)


def spelled_number(number: str) -> re.Pattern[str]:
    """The number with anything but letters and digits between its characters.

    Zeros before it may stand apart too, but such are a word of their own and need not be found: a
    pattern that did would try the rest of a long row of them from each one on.
    """
    spelled = r"[\W_]*".join(map(re.escape, number))
    return re.compile(r"(?<![^\W_])0*" + spelled + r"(?![^\W_])")


def fold_cell(cell: str, *, keeps_apostrophes: bool) -> tuple[str, list[int]]:
    """The folded text of one cell, and for each of its characters where it came from."""
    folded, places = [], []
    hidden = {i for m in re.finditer(re.escape(REDACTED), cell) for i in range(*m.span())}
    for place, character in enumerate(cell):
        if place in hidden:
            plain = "|"
        elif not keeps_apostrophes and re.fullmatch(APOSTROPHE, character):
            continue
        else:
            plain = "".join(
                c
                for c in unicodedata.normalize("NFKD", character).lower().translate(_TABLE)
                if unicodedata.category(c)[0] != "M" and unicodedata.category(c) != "Cf"
            )
        folded.append(plain)
        places += [place] * len(plain)
    return "".join(folded), places
