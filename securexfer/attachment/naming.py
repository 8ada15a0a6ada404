"""Naming: what instructions call a part by, in the old document and in the new one.

A name is of anybody's choice. So the new ones are numbers, and nothing is built that is not named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Dictionary, Name, Stream

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import Value, member
from securexfer.attachment.window import WHOLE, Pixels, Window

if TYPE_CHECKING:
    from securexfer.attachment.rebuilding import Rebuilder


class Names:
    """What instructions name, built as it is asked for; see `drawing.Parts`."""

    def __init__(self, rebuilder: Rebuilder, resources: Value, made: Dictionary) -> None:
        self.made = made
        self._rebuilder = rebuilder
        self._resources = resources
        self._names: dict[tuple[str, str, Window | Pixels], Name] = {}

    def look_up(self, category: str, name: str) -> Value:
        """A part as it is in the old document."""
        return look_up(self._resources, category, name)

    def find(self, category: str, name: str, seen: Window | Pixels = WHOLE) -> Name:
        """Its new name, as it is seen so; a part that nobody asks for is not built."""
        key = category, name, seen
        if key not in self._names:
            built = self._rebuilder.part(category, self.look_up(category, name), seen)
            self._names[key] = self._put(category, built)
        return self._names[key]

    def unfold(self, image: pikepdf.PdfInlineImage) -> Stream:
        """A picture that stands between the instructions, as one by itself."""
        return self._rebuilder.unfold(image, self._resources)

    def take(self, image: Stream, cut: Pixels | None) -> Name:
        """The name of such a picture, or of what is kept of it."""
        return self._put("XObject", self._rebuilder.picture(image, cut))

    def _put(self, category: str, built: Value) -> Name:
        if "/" + category not in self.made:
            self.made["/" + category] = Dictionary()
        name = Name(f"/{category[:2]}{len(self.made['/' + category])}")
        self.made["/" + category][name] = built
        return name


def has(resources: Value, category: str, name: str) -> bool:
    """Whether there is such a part."""
    parts = member(resources, category) if resources is not None else None
    return isinstance(parts, Dictionary) and name in parts


def look_up(resources: Value, category: str, name: str) -> Value:
    """A part as it is in the old document.

    Raises:
        UnfitError: if there is none.
    """
    if resources is None or not has(resources, category, name):
        raise UnfitError(Fault.DAMAGED)
    return resources["/" + category][name]
