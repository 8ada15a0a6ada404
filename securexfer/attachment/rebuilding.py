"""Rebuilding: what the pages of a PDF document draw with, built anew in another one.

Each part is built from the keys that are named here, by what they hold. What no instruction uses is
not built, and a part that is used twice is built once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from securexfer.attachment.colour import INTENTS, function, functions, space
from securexfer.attachment.drawing import box_of, rewrite
from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.font import (
    SIMPLE,
    add_codes,
    check_own_codes,
    composite_font,
    simple_font,
)
from securexfer.attachment.naming import Names, has, look_up
from securexfer.attachment.raster import picture
from securexfer.attachment.value import (
    Value,
    content_of,
    kind_of,
    member,
    refuse,
    take,
    word,
)
from securexfer.attachment.window import WHOLE, Pixels, Window

_MAX_DEPTH = 24
_MAX_PARTS = 200_000
# The number of an object that has none, as it stands within another.
_NOWHERE = (0, 0)
# Of what a shading is, those that are a list of places and colours.
_MESHES = (4, 5, 6, 7)
_BLENDS = frozenset(
    (
        *("Normal", "Compatible", "Multiply", "Screen", "Overlay", "Darken", "Lighten"),
        *("ColorDodge", "ColorBurn", "HardLight", "SoftLight", "Difference", "Exclusion"),
        *("Hue", "Saturation", "Color", "Luminosity"),
    )
)


class Rebuilder:
    """Parts of one document in another."""

    def __init__(self, source: Pdf, target: Pdf, max_pixels: int) -> None:
        self._source = source
        self._target = target
        self._max_pixels = max_pixels
        self._built: dict[tuple[str, tuple[int, int], Window | Pixels], Value] = {}
        self._n_parts = 0
        self._depth = 0

    def stream(self, content: bytes) -> Stream:
        """New content."""
        return self._target.make_stream(content)

    def content(
        self, holder: Value, resources: Value, window: Window, into: Dictionary | None = None
    ) -> tuple[bytes, Dictionary]:
        """The instructions of a page, a form, a tile or a letter, and what they draw with.

        Args:
            holder: of the instructions.
            resources: what they name.
            window: what is seen of what they draw.
            into: what the new ones name, where several share that.

        Raises:
            UnfitError: if something in them can't be made anew.
        """
        named = Names(self, resources, Dictionary() if into is None else into)
        with self._deeper():
            return rewrite(holder, named, window), named.made

    def group(self, value: Value) -> Dictionary:
        """How a page or a form is laid over what is below it."""
        made = Dictionary(S=word(member(value, "S"), ("Transparency",)))
        if (colours := member(value, "CS")) is not None:
            made.CS, _ = space(colours, self._target)
        take(value, made, truths="I K")
        return made

    def part(self, category: str, part: Value, seen: Window | Pixels = WHOLE) -> Value:
        """A part, of a category of resources; one that was built before is not built again.

        Args:
            category: by which it is named.
            part: as it is in the old document.
            seen: of a form or a picture, what is seen of it.
        """
        builders: dict[str, Callable[[Value], Value]] = {
            "XObject": lambda part: self._external(part, seen),
            "Font": self._font,
            "ExtGState": self._state,
            "Shading": self._shading,
            "ColorSpace": self._space,
            "Pattern": self._pattern,
        }
        number_of = getattr(part, "objgen", _NOWHERE)
        key = category, number_of, seen
        if number_of != _NOWHERE and key in self._built:
            return self._built[key]
        self._n_parts += 1
        if self._n_parts > _MAX_PARTS:
            raise UnfitError(Fault.TOO_MUCH)
        with self._deeper():
            built = builders[category](part)
        if isinstance(built, Dictionary | Stream) and not built.is_indirect:
            built = self._target.make_indirect(built)
        if number_of != _NOWHERE:
            self._built[key] = built
        return built

    def unfold(self, image: pikepdf.PdfInlineImage, resources: Value) -> Stream:
        """A picture that stands between instructions, as one by itself in the old document."""
        stream = Stream(self._source, image.read_raw_bytes(), image.obj)
        colours = member(stream, "ColorSpace")
        if isinstance(colours, Name) and has(resources, "ColorSpace", str(colours)):
            stream.ColorSpace = look_up(resources, "ColorSpace", str(colours))
        return stream

    def picture(self, image: Value, cut: Pixels | None = None) -> Stream:
        """A picture, or what is kept of it."""
        return picture(image, self._source, self._target, self._max_pixels, cut)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        # A form that draws itself comes to this end too.
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            refuse()
        try:
            yield
        finally:
            self._depth -= 1

    def _external(self, part: Value, seen: Window | Pixels) -> Value:
        if not isinstance(part, Stream) or "/OC" in part:
            refuse()
        kind = kind_of(part, "Subtype")
        if kind == "Image":
            return self.picture(part, seen if isinstance(seen, Pixels) else None)
        if kind != "Form" or "/Ref" in part or isinstance(seen, Pixels):
            refuse()
        # What it names, it brings along: the same form is not another on another page.
        content, own = self.content(part, member(part, "Resources"), seen)
        made = self.stream(content)
        made.Type, made.Subtype, made.Resources = Name.XObject, Name.Form, own
        take(part, made, many="BBox Matrix")
        if (group := member(part, "Group")) is not None:
            made.Group = self.group(group)
        return made

    def _space(self, part: Value) -> Value:
        return space(part, self._target)[0]

    def _font(self, font: Value) -> Value:
        kind = kind_of(font, "Subtype")
        if kind in SIMPLE:
            return simple_font(font, self._target)
        if kind == "Type0":
            return composite_font(font, self._target)
        if kind != "Type3":
            refuse()
        return self._drawn_font(font)

    def _drawn_font(self, font: Value) -> Value:
        """A font whose letters are instructions; those that no byte stands for are left out."""
        letters = member(font, "CharProcs")
        if not isinstance(letters, Dictionary):
            refuse()
        made = Dictionary(Type=Name.Font, Subtype=Name.Type3, CharProcs=Dictionary())
        take(font, made, many="FontBBox FontMatrix")
        add_codes(font, made, self._target)
        check_own_codes(made)
        own, shared, names = member(font, "Resources"), Dictionary(), dict[str, Name]()
        for at, name in enumerate(made.Encoding.Differences):
            if not isinstance(name, Name):
                continue
            if str(name) not in names:
                names[str(name)] = Name(f"/g{len(names)}")
                if str(name) in letters:
                    content, _ = self.content(letters[str(name)], own, WHOLE, shared)
                    made.CharProcs[names[str(name)]] = self.stream(content)
            made.Encoding.Differences[at] = names[str(name)]
        made.Resources = shared
        return made

    def _state(self, state: Value) -> Dictionary:
        made = Dictionary(Type=Name.ExtGState)
        take(
            state,
            made,
            one="LW LC LJ ML OPM FL SM CA ca",
            many="D",
            truths="OP op SA AIS TK",
        )
        if (intent := member(state, "RI")) is not None:
            made.RI = word(intent, INTENTS)
        blend = member(state, "BM")
        if isinstance(blend, Array):
            made.BM = Array([word(one, _BLENDS) for one in list(blend)])
        elif blend is not None:
            made.BM = word(blend, _BLENDS)
        if "/Font" in state:
            refuse()
        mask = member(state, "SMask")
        if isinstance(mask, Name):
            made.SMask = word(mask, ("None",))
        elif mask is not None:
            made.SMask = self._mask(mask)
        return made

    def _mask(self, mask: Value) -> Dictionary:
        form = member(mask, "G") or refuse()
        form = self.part("XObject", form, Window(box_of(member(form, "BBox"))))
        made = Dictionary(S=word(member(mask, "S"), ("Alpha", "Luminosity")), G=form)
        take(mask, made, many="BC")
        transfer = member(mask, "TR")
        if isinstance(transfer, Name):
            made.TR = word(transfer, ("Identity",))
        elif transfer is not None:
            made.TR = function(transfer, self._target)
        return made

    def _pattern(self, pattern: Value) -> Value:
        made: Dictionary | Stream
        if member(pattern, "PatternType") == 1:
            window = Window(box_of(member(pattern, "BBox")))
            content, own = self.content(pattern, member(pattern, "Resources"), window)
            made = self.stream(content)
            made.Resources = own
            take(pattern, made, one="PaintType TilingType XStep YStep", many="BBox")
        elif member(pattern, "PatternType") == 2:
            made = Dictionary(Shading=self.part("Shading", pattern.Shading))
            if (state := member(pattern, "ExtGState")) is not None:
                made.ExtGState = self._state(state)
        else:
            refuse()
        made.Type, made.PatternType = Name.Pattern, pattern.PatternType
        take(pattern, made, many="Matrix")
        return made

    def _shading(self, shading: Value) -> Value:
        made: Dictionary | Stream = Dictionary()
        if isinstance(shading, Stream) != (member(shading, "ShadingType") in _MESHES):
            refuse()
        if isinstance(shading, Stream):
            made = self.stream(content_of(shading))
            keys = "BitsPerCoordinate BitsPerComponent BitsPerFlag VerticesPerRow"
            take(shading, made, one=keys, many="Decode")
        take(shading, made, one="ShadingType", many="Background BBox Domain Matrix Coords")
        take(shading, made, truths="AntiAlias")
        if (ends := member(shading, "Extend")) is not None:
            made.Extend = Array([bool(end) for end in list(ends)])
        made.ColorSpace, _ = space(member(shading, "ColorSpace") or refuse(), self._target)
        if (how := member(shading, "Function")) is not None:
            made.Function = functions(how, self._target)
        return made
