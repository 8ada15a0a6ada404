"""Names of files and folders: whether they hold personal data, and how they may be shown."""

from __future__ import annotations

import re

HIDDEN = "[\N{HORIZONTAL ELLIPSIS}]"
# Of these one is enough; the rest are digits that anything may have.
_KINDS = ("ni", "pnc", "driving-licence", "email")
_LIKELY = re.compile(r"@|[0-9]{2}|[A-Za-z]{2,}[ _.-]+[A-Za-z]{2,}")


def count_in_name(path: str) -> int:
    """How many names of a path hold personal data."""
    return sum(bool(_spans(part)) for part in re.split(r"[/\\]", path) if part)


def hide_in_name(path: str) -> str:
    """The path, with the personal data in its names left out."""
    shown = []
    for part in path.split("/"):
        text, done = "", 0
        for start, end in sorted(_spans(part)):
            if start >= done:
                text += part[done:start] + HIDDEN
            done = max(done, end)
        shown.append(text + part[done:])
    return "/".join(shown)


def _spans(name: str) -> list[tuple[int, int]]:
    if not _LIKELY.search(name):
        return []
    from securexfer.privacy.folding import fold_text
    from securexfer.privacy.kinds import KINDS
    from securexfer.privacy.mailbox import is_personal
    from securexfer.privacy.person import names_in_words
    from securexfer.privacy.spotting import valid_in

    stem, dot, suffix = name.rpartition(".")
    # An ending is a file's, and no domain's.
    text = stem if dot and stem and len(suffix) <= 5 else name
    folded, places = fold_text(text.replace("_", " "))
    spans = []
    for slug in _KINDS:
        for start, end in valid_in(folded, KINDS[slug]):
            first, last = places[start], places[end - 1] + 1
            if slug != "email" or is_personal(text[first:last]):
                spans.append((first, last))
    return spans + names_in_words(text)
