"""Patterns by which whole columns are searched for identifiers, for polars' engine and Python's.

All but those for traces and for cells of the same sort are for cells as `folding` makes them.
"""

from __future__ import annotations

import polars as pl

from securexfer.privacy.kinds import KINDS
from securexfer.privacy.spotting import AS_NUMBERS, labels_of

# Nobody finds these by their look.
BY_NAME = ("passport",)
# Whole cells that can be a passport's number and have none of what other kinds have.
_PASSPORTS = "|".join(["[0-9]{6}", *(f"[A-Z]{{{n}}}[0-9][A-Z0-9]{{{8 - n}}}" for n in range(9))])
# What every one of them has somewhere; most cells have none of it and are not looked at again.
TRACE = (
    r"(?i)@|%40|[0-9](?:[^A-Z0-9]{0,6}[0-9]){6}|[A-Z][^A-Z0-9]{0,4}[0-9]{2}"
    r"|[0-9] ?/ ?[0-9]+ ?[A-Z]|[0-9][A-Z]{2}|(?:[0-9]{1,3}\.){3}|(?::[0-9A-F]*){3}|::"
    rf"|^\s*(?:{_PASSPORTS})\s*$"
)
# Cells with other than ASCII may have what becomes a trace when folded.
RARE_TRACE = r"\p{N}|[@\x{FF20}\x{FE6B}]"
ROUGH = {
    slug: rf"(?:^|[^A-Z0-9])(?:{labels_of(k)})?(?:{k.pattern})(?:$|[^A-Z0-9])"
    for slug, k in KINDS.items()
}
WHOLE = {
    slug: rf"^-?(?:{k.pattern})(?:\.0+)?$" if slug in AS_NUMBERS else f"^(?:{k.pattern})$"
    for slug, k in KINDS.items()
}
BARE = {slug: rf"^(?:{k.bare})(?:\.0+)?$" for slug, k in KINDS.items() if k.bare}
# In any case, as cells come.
NEAR = {
    slug: rf"^\s*(?:{k.near.replace('A-Z', 'A-Za-z')})\s*$" for slug, k in KINDS.items() if k.near
}
# What any kind looks like: to try this takes little longer than to try one of them.
ANY = "|".join([*ROUGH.values(), *BARE.values()])
# Texts with one number and no other digit, and nothing around it that could make it part of more.
LONE = {
    slug: rf"^(?:[A-Z ()/:-]*[ ()/:-])?([0-9]{{{n_digits}}})(?:[ ()/:-][A-Z ()/:-]*)?$"
    for slug, n_digits in (("nhs", "10"), ("card", "13,19"))
}


def have_trace(cells: pl.Series) -> pl.Series:
    """Which cells could hold an identifier, as they come."""
    have = cells.str.contains(TRACE)
    is_rare = cells.str.len_bytes() != cells.str.len_chars()
    return have | (is_rare & cells.str.contains(RARE_TRACE)) if is_rare.any() else have
