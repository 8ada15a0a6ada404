"""Faults: why a file can't be attached. Counted by kind; its name is data and never told."""

from __future__ import annotations

from collections import Counter
from enum import Enum


class Fault(Enum):
    """A reason, ready for a sentence about so many files."""

    MISSING = "not there"
    OUTSIDE = "named by a path that leads out of the root"
    LINK = "a link, or behind one"
    NO_FILE = "a folder, a device or another thing that is no file"
    UNREADABLE = "not readable"
    TOO_LARGE = "larger than max_bytes"
    OTHER_KIND = "of a kind that the recipe does not list"
    MISNAMED = "not what the name says"
    DAMAGED = "damaged or cut off"
    TOO_MANY_PIXELS = "larger than max_pixels"
    SEVERAL_PAGES = "of several pages or frames"
    TOO_MUCH = "more than can be unpacked safely"
    LOCKED = "encrypted or restricted"
    SIGNED = "signed"
    ACTIVE_FORM = "of the kind of form whose look a program makes"
    LAYERED = "of layers that can be hidden"
    UNREDACTED = "marked for redaction that was never done"
    BEYOND_EDGE = "of pages with text beyond their edge"
    NOT_ANEW = "built of parts that can't be made anew"


class UnfitError(Exception):
    """A file that can't be attached. Holds no name."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def tell_faults(faults: Counter[Fault]) -> str:
    """All of them in one phrase: `3 are not there, 1 is damaged or cut off`."""
    parts = (
        f"{n:,} {'is' if n == 1 else 'are'} {fault.value}" for fault, n in faults.most_common()
    )
    return ", ".join(parts)
