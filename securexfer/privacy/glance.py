"""Looking at few cells: the same evidence as `identifiers.look` gives of whole ones, at once.

A search by polars costs the same for ten cells as for ten thousand, and a drive has thousands of
small files. Only whole cells are looked at: what stands inside longer text is looked for there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from securexfer.privacy.folding import fold_text
from securexfer.privacy.identifiers import TRACE, WHOLE, Evidence
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.spotting import AS_NUMBERS

FEW = 2000
_TRACE = re.compile(TRACE)
_WHOLE = {slug: re.compile(pattern) for slug, pattern in WHOLE.items()}
_NEAR = {slug: re.compile(f"(?:{kind.near})$") for slug, kind in KINDS.items() if kind.near}
_BARE = {slug: re.compile(rf"{kind.bare}(?:\.0+)?$") for slug, kind in KINDS.items() if kind.bare}
_SIGNS = re.compile(r"[A-Z0-9@%]")


def glance(cells: Sequence[str]) -> dict[str, Evidence]:
    """What speaks for each kind in the cells of a column, where anything does."""
    found: dict[str, Evidence] = {}
    for cell, n in Counter(cells).items():
        text = cell.upper() if cell.isascii() else fold_text(cell)[0].strip()
        has_trace = _TRACE.search(text) is not None
        has_both = _SIGNS.search(text) is not None and any(map(str.isdigit, text))
        if has_trace:
            for slug, whole in _WHOLE.items():
                if whole.match(text):
                    _count(found.setdefault(slug, Evidence(0, 0, 0)), slug, text, n)
            for slug, bare in _BARE.items():
                if bare.match(text):
                    found.setdefault(slug, Evidence(0, 0, 0)).n_bare += n
        if has_both:
            for slug, near in _NEAR.items():
                if (
                    near.match(text)
                    and any(map(str.isalpha, text))
                    and not _WHOLE[slug].match(text)
                ):
                    found.setdefault(slug, Evidence(0, 0, 0)).n_shaped += n
    return found


def _count(evidence: Evidence, slug: str, text: str, n: int) -> None:
    evidence.n_shaped += n
    if slug in AS_NUMBERS:
        text = re.sub(r"\.0+$", "", text.removeprefix("-"))
    if KINDS[slug].is_valid(text):
        evidence.n_valid += n
        evidence.n_spelled += n * (slug == "postcode" and " " in text)
