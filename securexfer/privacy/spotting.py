"""Where identifiers stand in a text: what is around one shows whether it is one.

Texts come folded, as `folding` makes them. Every search takes time in proportion to the length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from securexfer.privacy.kinds import KINDS, Kind
from securexfer.privacy.validity import LONGEST_DOMAIN, LONGEST_LOCAL

# Of no fixed length, so that what follows may be taken for a part of it.
OPEN_ENDED = ("iban", "card", "phone")
# Spreadsheets and programs for statistics make numbers of them.
AS_NUMBERS = ("nhs", "card", "phone")
_SHORTEST = 4
_LOCAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+'-"
_DOMAIN = re.compile(r"(?:[A-Z0-9-]{1,63}\.){1,126}[A-Z]{2,63}(?![A-Z0-9])")
_COLOUR = re.compile(r"#(?:[0-9A-F]{3}|[0-9A-F]{6}|[0-9A-F]{8})(?![A-Z0-9])")
# A unit or a floor that has the form of the second half of a postcode.
_UNIT = re.compile(r"[0-9](?:ST|ND|RD|TH|GB|TB)$")
_OF_UNIT = re.compile(r" ?(?:FLOOR|RAM|SSD|HDD|DDR|MEMORY|DISK|STORAGE)")
_GRID = re.compile(r"(?<![A-Z])(?!NO|SO)[HNST][A-HJ-Z] ?$")
# How the number of a book begins.
_BOOK = re.compile(r"(?<![0-9])97[89](?:-[0-9]+){0,3}-$")
# Before a code that is something else, where only the look speaks for it.
_OTHER = re.compile(
    r"(?:TICKET|INVOICE|ORDER|ITEM|PART|ASSET|BATCH|MODEL|PRODUCT)S?"
    r"(?: ?(?:NO|NUMBER|REF|ID|CODE))?[ .:#]*$"
)
# Of a number with decimals or thousands: what stands before a part of it, what it begins with, and
# what stands behind.
_POINT, _THOUSANDS = re.compile(r"[0-9]\.$"), re.compile(r"(?<![0-9])[0-9]{1,3},$")
_THREE, _LAST = re.compile(r"[0-9]{3}(?![0-9])"), re.compile(r"[0-9]+$")
_DECIMALS, _ZEROS = re.compile(r"\.[0-9]"), re.compile(r"\.0+(?![0-9.])")
_MORE = re.compile(r",[0-9]{3}(?![0-9])")
_ALL_BUT_LAST = re.compile(r".*[A-Z0-9](?=[^A-Z0-9])")
_BACK = 40


def labels_of(kind: Kind) -> str:
    """A pattern for what may name the kind right before one."""
    return "|".join(sorted({word.upper() for word in kind.words | kind.labels}))


_EXACT = {
    slug: re.compile(rf"(?<![A-Z0-9])(?:{labels_of(k)})?(?P<one>{k.pattern})(?![A-Z0-9])")
    for slug, k in KINDS.items()
}
_ALONE = {slug: re.compile(k.pattern) for slug, k in KINDS.items()}
_LABELLED = {
    slug: re.compile(
        rf"(?<![A-Z])(?:{'|'.join(k.words).upper()})(?: ?(?:NO|NUMBER|NUM|ID|REF))?[ .:#=-]*$"
    )
    for slug, k in KINDS.items()
}


def is_labelled(text: str, start: int, kind: Kind) -> bool:
    """Whether the kind is named before what begins there."""
    return _LABELLED[kind.slug].search(text[max(0, start - _BACK) : start]) is not None


def valid_in(text: str, kind: Kind) -> list[tuple[int, int]]:
    """Where valid ones stand in a folded text."""
    return [(start, end) for start, end, is_valid in spans_in(text, kind) if is_valid]


def spans_in(text: str, kind: Kind) -> Iterator[tuple[int, int, bool]]:
    """Where something in a folded text looks like one, and whether it is valid.

    What looks like one may begin or end with words that belong to others: a number before the
    number of a card. So every word may be the first, and where the length is open also the last.
    """
    if kind.slug == "email":
        yield from _emails_in(text)
        return
    slug, place = kind.slug, 0
    while match := _EXACT[slug].search(text, place):
        start, whole = match.start("one"), match["one"]
        place = start + 1
        while len(whole) > _SHORTEST:
            end = start + len(whole)
            if (
                _ALONE[slug].fullmatch(whole)
                and kind.is_valid(whole)
                and _is_alone(text, start, end, slug)
                and not _is_other(text, start, end, kind)
            ):
                place = end
                yield start, end, True
                break
            if slug not in OPEN_ENDED:
                break
            whole = _shorten(whole)
        if place == start + 1 and _is_alone(text, start, match.end("one"), slug):
            yield start, match.end("one"), False


def _shorten(text: str) -> str:
    """Without its last word."""
    words = _ALL_BUT_LAST.match(text)
    return words[0] if words else ""


def _emails_in(text: str) -> Iterator[tuple[int, int, bool]]:
    """E-mail addresses: sought from the sign outwards, so that long texts take no longer."""
    done = 0
    for sign in re.finditer("@|%40", text):
        before = text[max(done, sign.start() - LONGEST_LOCAL - 1) : sign.start()]
        local = before[len(before.rstrip(_LOCAL)) :]
        domain = _DOMAIN.match(text, sign.end(), sign.end() + LONGEST_DOMAIN + 1)
        if local and len(local) <= LONGEST_LOCAL and domain:
            done = domain.end()
            yield sign.start() - len(local), done, len(domain[0]) <= LONGEST_DOMAIN


def _is_alone(text: str, start: int, end: int, slug: str) -> bool:
    """Whether it is no part of a colour, or of a number with decimals or thousands."""
    before, after = text[max(0, start - _BACK) : start], text[end : end + _BACK]
    if before.endswith("#") and (colour := _COLOUR.match(text, start - 1)):
        return colour.end() < end
    if text[start].isdigit():
        if before.endswith(".") and _POINT.search(before):
            return False
        if before.endswith(",") and _THOUSANDS.search(before) and _THREE.match(text[start:end]):
            return slug == "ip"
    if text[end - 1].isdigit():
        if _DECIMALS.match(after):
            return slug in AS_NUMBERS and _ZEROS.match(after) is not None
        if _MORE.match(after):
            last = _LAST.search(text[max(start, end - 4) : end])
            return last is None or len(last[0]) >= 4 or slug == "ip"
    return True


def _is_other(text: str, start: int, end: int, kind: Kind) -> bool:
    """Whether what stands around it says that it is something else."""
    before = text[max(0, start - _BACK) : start]
    if kind.is_weak:
        return _OTHER.search(before) is not None
    if kind.slug == "postcode":
        is_unit = _UNIT.search(text[start:end]) is not None
        return is_unit and _OF_UNIT.match(text, end) is not None
    if kind.slug == "phone":
        if _BOOK.search(before):
            return True
        squares = re.fullmatch("[0-9]{5} [0-9]{5}", text[start:end])
        return squares is not None and _GRID.search(before) is not None
    return False
