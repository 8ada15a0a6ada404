"""Colours, layers and nested parts that hold more than is shown, or too much."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from securexfer.attachment import rebuilding
from securexfer.attachment.document import MAX_PAGES
from securexfer.attachment.fault import Fault
from tests.unit.documents import (
    TEXT,
    edit,
    everything,
    opened,
    page,
    saved,
    with_content,
    with_picture,
)
from tests.unit.hidden import HELVETICA, form, with_font, with_program
from tests.unit.pictures import CANARY
from tests.unit.test_document import clean, fault_of


def calculated(program: bytes, pdf: Pdf, **more: Any) -> Stream:
    how = {"FunctionType": 4, "Domain": Array([0, 1]), "Range": Array([0, 1])}
    return Stream(pdf, program, **{**how, **more})


def ink(how: object) -> Array:
    return Array([Name.Separation, Name.Ink, Name.DeviceGray, how])


def nested(depth: int, pdf: Pdf) -> object:
    how: object = calculated(b"{ 0 add }", pdf)
    for _ in range(depth):
        how = Dictionary(FunctionType=3, Functions=Array([how]), Domain=Array([0, 1]))
    return how


def boxed(one: object, n_lists: int) -> object:
    for _ in range(n_lists):
        one = Array([one])
    return one


SPACES: dict[str, Callable[[Pdf], object]] = {
    "a word for one": lambda _: Array([Name.Indexed, Name("/" + TEXT), 1, String("ab")]),
    "none": lambda _: Array([]),
    "a text": lambda _: String(TEXT),
    "another": lambda _: Array([Name("/" + TEXT), String(TEXT)]),
    "nine colours": lambda pdf: Array([Name.ICCBased, Stream(pdf, CANARY, N=9)]),
    "in ten lists": lambda _: boxed(Name.DeviceGray, 10),
    "an ink of text": lambda pdf: Array(
        [Name.DeviceN, Array([String(TEXT)]), Name.DeviceGray, nested(0, pdf)]
    ),
    "a matrix of six": lambda _: Array(
        [Name.CalRGB, Dictionary(WhitePoint=Array([1, 1, 1]), Matrix=Array([1] * 6))]
    ),
    "no function": lambda _: ink(String(TEXT)),
    "functions in functions": lambda pdf: ink(nested(9, pdf)),
    "functions of nothing": lambda _: ink(Dictionary(FunctionType=3, Functions=Name.X)),
    "a function of another kind": lambda _: ink(Dictionary(FunctionType=7)),
    "words that are calculated": lambda pdf: ink(calculated(b"{ canary }", pdf)),
    "a text that is calculated": lambda pdf: ink(calculated(b"{ (CANARY) pop }", pdf)),
    "a function of less than nothing": lambda pdf: ink(
        Stream(pdf, CANARY, FunctionType=0, Size=Array([-1]), BitsPerSample=8, Range=Array([0, 1]))
    ),
}


class TestColours:
    @pytest.mark.parametrize("name", SPACES)
    def test_that_are_none_keep_it_here(self, name: str) -> None:
        def change(pdf: Pdf) -> None:
            pdf.pages[0].obj.Resources = Dictionary(ColorSpace=Dictionary(C=SPACES[name](pdf)))

        assert fault_of(edit(change, with_content(b"/C cs"))) is Fault.NOT_ANEW

    def test_have_a_function_without_its_remarks(self) -> None:
        def change(pdf: Pdf) -> None:
            how = calculated(b"{ % CANARY\n 0.5 mul }", pdf)
            pdf.pages[0].obj.Resources = Dictionary(ColorSpace=Dictionary(C=ink(how)))

        told = everything(clean(edit(change, with_content(b"/C cs"))))
        assert b"{ 0.5 mul }" in told
        assert b"CANARY" not in told


def drawn_with(category: str, make: Callable[[Pdf], object], instruction: bytes) -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.pages[0].obj.Resources = Dictionary({"/" + category: Dictionary(X=make(pdf))})

    return edit(change, with_content(instruction))


def image(pdf: Pdf, **more: Any) -> Stream:
    made = Stream(pdf, b"\0", Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8)
    made.ColorSpace = Name.DeviceGray
    for key, value in more.items():
        made["/" + key] = value
    return made


def drawn(**more: Any) -> Callable[[Pdf], Stream]:
    return lambda pdf: image(pdf, **more)


def masked(pdf: Pdf) -> Stream:
    inner = pdf.make_indirect(image(pdf))
    inner.SMask = inner
    return image(pdf, SMask=inner)


def masked_by_a_layer(pdf: Pdf) -> Stream:
    return image(pdf, SMask=pdf.make_indirect(image(pdf, OC=LAYER)))


def shaded(pdf: Pdf, n_functions: int) -> Dictionary:
    how = Dictionary(FunctionType=2, N=1, Domain=Array([0, 1]))
    made = Dictionary(ShadingType=2, ColorSpace=Name.DeviceGray, Coords=Array([0, 0, 9, 9]))
    made.Function = Array([how] * n_functions)
    return made


PALETTE = Array([Name.Indexed, Name.DeviceRGB, 1, String("abcdef")])
LAYER = Dictionary(Name=String(TEXT))
PARTS: dict[str, tuple[str, Callable[[Pdf], object], bytes, Fault]] = {
    "a picture of no width": ("XObject", drawn(Width=0), b"/X Do", Fault.DAMAGED),
    "of a text's width": ("XObject", drawn(Width=String("1")), b"/X Do", Fault.NOT_ANEW),
    "of a layer": ("XObject", drawn(OC=LAYER), b"/X Do", Fault.NOT_ANEW),
    "that is half a mask": ("XObject", drawn(ImageMask=7), b"/X Do", Fault.NOT_ANEW),
    "of an intent of one's own": (
        *("XObject", drawn(Intent=Name("/" + TEXT)), b"/X Do", Fault.NOT_ANEW),
    ),
    "masked by what is masked": ("XObject", masked, b"/X Do", Fault.NOT_ANEW),
    "masked by a layer": ("XObject", masked_by_a_layer, b"/X Do", Fault.NOT_ANEW),
    "masked by a text": ("XObject", drawn(SMask=String(TEXT)), b"/X Do", Fault.DAMAGED),
    "of colours from outside": (
        *("XObject", drawn(DecodeParms=Dictionary(ColorTransform=0), Filter=Name.DCTDecode)),
        *(b"/X Do", Fault.NOT_ANEW),
    ),
    "of a JPEG whose numbers stand for colours": (
        *("XObject", drawn(Filter=Name.DCTDecode, ColorSpace=PALETTE), b"/X Do", Fault.NOT_ANEW),
    ),
    "of a JPEG of which a number stands for none": (
        *("XObject", drawn(Filter=Name.DCTDecode, Mask=Array([0, 9])), b"/X Do", Fault.NOT_ANEW),
    ),
    "packed in another way": (
        *("XObject", drawn(Filter=Array([Name.JBIG2Decode, Name.DCTDecode])), b"/X Do"),
        Fault.NOT_ANEW,
    ),
    "a form of a layer": (
        *("XObject", lambda pdf: form(pdf, b"", OC=LAYER), b"/X Do", Fault.NOT_ANEW),
    ),
    "a form from elsewhere": (
        *("XObject", lambda pdf: form(pdf, b"", Ref=Dictionary()), b"/X Do", Fault.NOT_ANEW),
    ),
    "a form of no kind": (
        *("XObject", lambda pdf: image(pdf, Subtype=Name.PS), b"/X Do", Fault.NOT_ANEW),
    ),
    "a form that is none": ("XObject", lambda _: Dictionary(), b"/X Do", Fault.NOT_ANEW),
    "a font in a state": (
        *("ExtGState", lambda _: Dictionary(Font=Array([HELVETICA["F"], 9])), b"/X gs"),
        Fault.NOT_ANEW,
    ),
    "a blend of one's own": (
        *("ExtGState", lambda _: Dictionary(BM=Name("/" + TEXT)), b"/X gs", Fault.NOT_ANEW),
    ),
    "a truth that is a text": (
        *("ExtGState", lambda _: Dictionary(OP=String(TEXT)), b"/X gs", Fault.NOT_ANEW),
    ),
    "a width that is a text": (
        *("ExtGState", lambda _: Dictionary(LW=String(TEXT)), b"/X gs", Fault.NOT_ANEW),
    ),
    "a pattern of no kind": (
        *("Pattern", lambda _: Dictionary(PatternType=3), b"/X scn", Fault.NOT_ANEW),
    ),
    "a mesh that is none": (
        *("Shading", lambda _: Dictionary(ShadingType=4, ColorSpace=Name.DeviceGray), b"/X sh"),
        Fault.NOT_ANEW,
    ),
    "a function for each of 33": (
        *("Shading", lambda pdf: shaded(pdf, 33), b"/X sh", Fault.NOT_ANEW),
    ),
}


class TestParts:
    def test_names_may_be_objects_of_their_own(self) -> None:
        def apart(name: str, pdf: Pdf) -> Object:
            return pdf.make_indirect(Object.parse(name.encode()))

        def font(pdf: Pdf, font: Dictionary) -> None:
            font.BaseFont = apart("/#CB#CE#CC#E5", pdf)  # neither ASCII nor UTF-8
            letters = Array([97, apart("/b", pdf)])
            base = apart("/WinAnsiEncoding", pdf)
            font.Encoding = Dictionary(BaseEncoding=base, Differences=letters)

        def space(pdf: Pdf) -> Array:
            inks, device = Array([apart("/Gold", pdf)]), apart("/DeviceGray", pdf)
            return Array([Name.DeviceN, inks, device, calculated(b"{ }", pdf)])

        told = everything(clean(with_font(font)))
        told += everything(clean(drawn_with("ColorSpace", space, b"/X cs")))
        for name in (b"/#cb#ce#cc#e5", b"/WinAnsiEncoding", b"/b", b"/Gold", b"/DeviceGray"):
            assert name in told

    @pytest.mark.parametrize("name", PARTS)
    def test_that_are_none_keep_it_here(self, name: str) -> None:
        category, make, instruction, fault = PARTS[name]
        assert fault_of(drawn_with(category, make, instruction)) is fault

    @pytest.mark.parametrize(
        ("kind", "members"),
        [
            (Name.Other, {}),
            (Name.Type0, {"Encoding": Name("/Identity-H")}),
            (Name.Type0, {"Encoding": Name("/Identity-H"), "DescendantFonts": Array([1, 2])}),
            (Name.Type1, {"Encoding": Name("/" + TEXT)}),
            (Name.Type1, {"BaseFont": String(TEXT)}),
            (Name.Type1, {"FontDescriptor": Dictionary(FontFile2=String(TEXT))}),
            (Name.Type1, {"FontDescriptor": Dictionary(FontName=String(TEXT))}),
            (Name.Type3, {"Encoding": Dictionary(Differences=Array([]))}),
            (
                Name.Type9,
                {"Encoding": Dictionary(Differences=Array([])), "CharProcs": Dictionary()},
            ),
        ],
    )
    def test_fonts_that_are_none_keep_it_here(self, kind: Name, members: dict[str, Any]) -> None:
        def change(pdf: Pdf, font: Dictionary) -> None:
            for key, value in members.items():
                font["/" + key] = value

        assert fault_of(with_font(change, kind)) is Fault.NOT_ANEW

    def test_a_table_that_lies_behind_the_end_is_damaged(self) -> None:
        record = b"glyf" + bytes(4) + (28).to_bytes(4) + (1000).to_bytes(4)
        font = b"\0\1\0\0\0\1" + bytes(6) + record
        assert fault_of(with_program("FontFile2", font)) is Fault.DAMAGED

    def test_a_compact_font_whose_parts_lie_anywhere_is_damaged(self) -> None:
        head, empty = b"\1\0\4\1", b"\0\0"
        for places in (b"\2\1", b"\1\x7f"):
            names = b"\0\1\1" + places + b"x"
            font = head + names + empty + empty + bytes(99)
            assert fault_of(with_program("FontFile3", font, Subtype=Name.Type1C)) is Fault.DAMAGED

    def test_a_page_of_nothing_is_damaged(self) -> None:
        def crop(pdf: Pdf) -> None:
            pdf.pages[0].obj.CropBox = Array([300, 0, 400, 100])

        assert fault_of(edit(crop, with_content(b""))) is Fault.DAMAGED

    def test_a_remark_of_a_layer_keeps_it_here(self) -> None:
        def over(pdf: Pdf) -> None:
            one = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, OC=LAYER)
            one.Rect, one.AP = Array([0, 0, 9, 9]), Dictionary(N=form(pdf, b""))
            pdf.pages[0].obj.Annots = Array([pdf.make_indirect(one)])

        assert fault_of(edit(over)) is Fault.LAYERED


class TestBombs:
    def test_more_pages_than_anybody_reads(self) -> None:
        with pikepdf.new() as pdf:
            for _ in range(MAX_PAGES + 1):
                pdf.add_blank_page()
            assert fault_of(saved(pdf)) is Fault.TOO_MUCH
            del pdf.pages[0]
            with opened(clean(saved(pdf))) as made:
                assert len(made.pages) == MAX_PAGES

    def test_no_page_at_all(self) -> None:
        with pikepdf.new() as pdf:
            assert fault_of(saved(pdf)) is Fault.DAMAGED

    def test_more_parts_than_anybody_draws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rebuilding, "_MAX_PARTS", 2)
        states: dict[str, Any] = {f"G{n}": Dictionary(LW=n) for n in range(3)}
        data = with_content(b"/G0 gs /G1 gs", ExtGState=Dictionary(**states))
        clean(data)
        data = with_content(b"/G0 gs /G1 gs /G2 gs", ExtGState=Dictionary(**states))
        assert fault_of(data) is Fault.TOO_MUCH

    @pytest.mark.parametrize("how", ["itself", "parent"])
    def test_pages_in_a_circle(self, how: str) -> None:
        def change(pdf: Pdf) -> None:
            pages = pdf.Root.Pages
            pages.Kids = Array([pages if how == "itself" else pdf.Root, *list(pages.Kids)])

        data = page()
        with opened(data) as pdf:
            change(pdf)
            made = io.BytesIO()
            pdf.save(made)
        assert fault_of(made.getvalue()) in (Fault.DAMAGED, Fault.TOO_MUCH)

    def test_a_field_that_is_its_own_parent(self) -> None:
        def change(pdf: Pdf) -> None:
            one = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget))
            one.Parent, one.Rect = one, Array([0, 0, 9, 9])
            pdf.pages[0].obj.Annots = Array([one])
            pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].obj.Annots)

        assert fault_of(edit(change)) is Fault.DAMAGED

    def test_more_filters_than_anybody_needs(self) -> None:
        for n_filters, fault in ((3, Fault.DAMAGED), (4, Fault.NOT_ANEW)):
            names = Array([Name.FlateDecode] * n_filters + [Name.DCTDecode])
            assert fault_of(with_picture(b"", Filter=names)) is fault

    def test_forms_in_forms_are_built_once_each(self) -> None:
        def change(pdf: Pdf) -> None:
            inner = form(pdf, b"0 0 9 9 re f")
            for _ in range(10):
                outer = form(pdf, b"/X Do " * 10)
                outer.Resources = Dictionary(XObject=Dictionary(X=inner))
                inner = outer
            pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(X=inner))
            pdf.pages[0].obj.Contents = pdf.make_stream(b"/X Do")

        assert everything(clean(edit(change, with_content(b"")))).count(b"/Form") == 11

    def test_more_states_kept_than_anybody_needs(self) -> None:
        clean(with_content(b"q " * 1000))
        assert fault_of(with_content(b"q " * 1001)) is Fault.TOO_MUCH
