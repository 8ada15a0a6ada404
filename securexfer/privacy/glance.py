"""Looking at few cells: the same evidence as `search.look` gives of whole ones, at once.

A search by polars costs the same for ten cells as for ten thousand, and a drive has thousands of
small files. Only whole cells are looked at: what stands inside longer text is looked for there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from securexfer.privacy.folding import fold_text
from securexfer.privacy.identifiers import Evidence
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.pattern import TRACE, WHOLE
from securexfer.privacy.spotting import AS_NUMBERS

FEW = 2000
_TRACE = re.compile(TRACE)
_WHOLE = {slug: re.compile(pattern) for slug, pattern in WHOLE.items()}
_NEAR = {slug: re.compile(f"(?:{kind.near})$") for slug, kind in KINDS.items() if kind.near}
_BARE = {slug: re.compile(rf"{kind.bare}(?:\.0+)?$") for slug, kind in KINDS.items() if kind.bare}
_LETTER, _DIGIT, _NUMBER = re.compile("[A-Z]"), re.compile("[0-9]"), re.compile(r"[+-]?[0-9.]+$")
DATE_CELL = re.compile(
    r"(?i)(?:[0-9]{1,2}[ /.-](?:[0-9]{1,2}|[a-z]{3,9})[ /.,-]{1,2}(?:1[89]|20)?[0-9]{2}"
    r"|(?:1[89]|20)[0-9]{2}[-/.]?[01]?[0-9][-/.]?[0-3]?[0-9]|[0-3]?[0-9][01][0-9](?:19|20)[0-9]{2}"
    r"|[a-z]{3,9} [0-9]{1,2},? (?:19|20)[0-9]{2})(?:[ T][0-9:.]+Z?)?$"
)
_DIGITS_ONLY = ("nhs", "phone", "card", "passport", "ip")
_WITH_SLASH = ("pnc", "cro", "ni")
_WITH_LETTERS = tuple(
    slug for slug in KINDS if slug not in ("nhs", "phone", "card", "email", "pnc", "cro")
)


def glance(cells: Sequence[str]) -> dict[str, Evidence]:
    """What speaks for each kind in the cells of a column, where anything does."""
    found: dict[str, Evidence] = {}
    for cell, n in Counter(cells).items():
        text = cell.upper() if cell.isascii() else fold_text(cell)[0].strip()
        has_letter = _LETTER.search(text) is not None
        if _TRACE.search(text) is not None:
            for slug in _kinds_for(text, has_letter=has_letter):
                if _WHOLE[slug].match(text):
                    _count(found.setdefault(slug, Evidence(0, 0, 0)), slug, text, n)
            for slug, bare in _BARE.items():
                if bare.match(text):
                    found.setdefault(slug, Evidence(0, 0, 0)).n_bare += n
        if has_letter and _DIGIT.search(text):
            for slug, near in _NEAR.items():
                if near.match(text) and not _WHOLE[slug].match(text):
                    found.setdefault(slug, Evidence(0, 0, 0)).n_shaped += n
    return found


def count_values(names: Sequence[str]) -> int:
    """How many of what may be names of columns are none: identifiers, dates or numbers."""
    strong = [one.n_valid for slug, one in glance(names).items() if not KINDS[slug].is_weak]
    n_dates = sum(DATE_CELL.match(name) is not None for name in names)
    n_numbers = sum(_NUMBER.match(name) is not None for name in names)
    # Years, or months, may stand over the columns of a pivot table.
    return max(n_dates, n_numbers if 2 * n_numbers > len(names) else 0, *strong, 0)


def _kinds_for(text: str, *, has_letter: bool) -> tuple[str, ...]:
    """What a cell can be at all, by its signs."""
    if "@" in text or "%40" in text:
        return ("email",)
    if not has_letter:
        return _DIGITS_ONLY
    return _WITH_SLASH if "/" in text else _WITH_LETTERS


def _count(evidence: Evidence, slug: str, text: str, n: int) -> None:
    evidence.n_shaped += n
    if slug in AS_NUMBERS:
        text = re.sub(r"\.0+$", "", text.removeprefix("-"))
    if KINDS[slug].is_valid(text):
        evidence.n_valid += n
        evidence.n_spelled += n * (slug == "postcode" and " " in text)
