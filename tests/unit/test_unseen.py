"""What a page does not show: it does not leave, or the document does not."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import Image, ImageChops

from securexfer.attachment import rebuilding
from securexfer.attachment.document import MAX_PAGES
from securexfer.attachment.fault import Fault
from tests.assurance import Tally
from tests.unit import documents, pictures
from tests.unit.documents import (
    SHOWN,
    TEXT,
    edit,
    everything,
    n_canaries,
    opened,
    page,
    saved,
    with_content,
    with_picture,
)
from tests.unit.pictures import CANARY
from tests.unit.test_document import clean, draw, fault_of

HELVETICA: dict[str, Any] = {
    "F": Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
}


def text(instructions: bytes, **fonts: Any) -> bytes:
    """A page with these instructions, in which `CANARY` stands for one."""
    return with_content(
        instructions.replace(b"CANARY", CANARY), Font=Dictionary(**HELVETICA, **fonts)
    )


def form(pdf: Pdf, content: bytes, box: tuple[int, ...] = (0, 0, 100, 30), **more: Any) -> Stream:
    made = pdf.make_indirect(Stream(pdf, content, Subtype=Name.Form, BBox=Array(list(box))))
    made.Resources = Dictionary(Font=Dictionary(**HELVETICA))
    for key, value in more.items():
        made["/" + key] = value
    return made


def with_form(instructions: bytes, content: bytes, *box: int, **more: Any) -> bytes:
    """A page that draws a form, called `X`."""

    def change(pdf: Pdf) -> None:
        drawn = form(pdf, content.replace(b"CANARY", CANARY), box or (0, 0, 100, 30), **more)
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(X=drawn))
        pdf.pages[0].obj.Contents = pdf.make_stream(instructions)

    return edit(change, with_content(b""))


def same_look(one: bytes, other: bytes, folder: Path, tool: Callable[[str], str]) -> bool:
    pages = zip(draw(one, folder / "1", tool), draw(other, folder / "2", tool), strict=True)
    return all(max(ImageChops.difference(a, b).tobytes()) < 24 for a, b in pages)


class TestText:
    @pytest.mark.parametrize(
        "hidden",
        [
            b"BT /F 12 Tf 3 Tr 50 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 3 Tr 50 50 Td [(CAN) 9 (CANARY)] TJ ET",
            b"BT /F 12 Tf 3 Tr 50 50 Td (CANARY) ' ET",
            b'BT /F 12 Tf 3 Tr 50 50 Td 1 2 (CANARY) " ET',
            b"BT /F 0 Tf 50 50 Td (CANARY) Tj ET",
            b"BT 3 Tr ET q BT /F 12 Tf 50 50 Td (CANARY) Tj ET Q",
            b"q 3 Tr BT /F 12 Tf 50 50 Td (CANARY) Tj 0 Tr 0 -20 Td ET Q",
        ],
    )
    def test_of_the_invisible_kind_does_not_leave(
        self, hidden: bytes, tmp_path: Path, tool: Callable[[str], str], tally: Tally
    ) -> None:
        data = text(hidden + b" BT 0 Tr /F 12 Tf 50 20 Td (Shown on the page) Tj ET")
        made = clean(data)
        assert n_canaries(data) > 0
        assert n_canaries(made) == 0
        assert SHOWN.encode() in everything(made)
        assert same_look(data, made, tmp_path, tool)
        tally.count("hygiene", "texts that a page does not show, none left", 1)

    def test_as_recognition_lays_it_under_a_scan_goes_and_the_scan_stays(
        self, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        def change(pdf: Pdf) -> None:
            one = pdf.pages[0].obj
            font = Dictionary(**HELVETICA["F"])
            # Where codes are none of ASCII, this is where the words are.
            letters = b"1 beginbfchar <41> <0043> endbfchar"
            font.ToUnicode = Stream(pdf, letters)
            one.Resources["/Font"] = Dictionary(F=font)
            hidden = b"BT 3 Tr /F 12 Tf 1 0 0 1 60 60 Tm (" + CANARY + b") Tj ET "
            one.Contents = pdf.make_stream(hidden + one.Contents.read_bytes())

        data = edit(change, with_picture(pictures.jpeg()))
        made = clean(data)
        assert same_look(data, made, tmp_path, tool)
        with opened(made) as pdf:
            assert set(pdf.pages[0].obj.Resources.keys()) == {"/XObject"}

    def test_of_the_invisible_kind_in_a_form_goes_too(self) -> None:
        hidden = b"BT 3 Tr /F 9 Tf 1 0 0 1 5 5 Tm [(CANARY) -20 (CANARY)] TJ ET"
        data = with_form(b"/X Do", hidden)
        assert n_canaries(data) == 2
        assert n_canaries(clean(data)) == 0

    def test_behind_some_that_is_hidden_stands_where_nobody_knows(self) -> None:
        hidden = b"BT /F 12 Tf 50 50 Td 3 Tr (a) Tj 0 Tr "
        assert fault_of(text(hidden + b"(b) Tj ET")) is Fault.NOT_ANEW
        clean(text(hidden + b"9 9 Td (b) Tj ET"))

    @pytest.mark.parametrize(
        "beyond",
        [
            b"BT /F 12 Tf 300 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf -300 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 1 0 0 1 50 900 Tm (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td 0 -400 TD (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td 400 TL T* (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td 400 TL (CANARY) ' ET",
            b'BT /F 12 Tf 50 50 Td 400 TL (a) Tj 1 1 (CANARY) " ET',
            b"BT /F 12 Tf 50 50 Td 900 Ts (CANARY) Tj ET",
            b"q 1 0 0 1 5000 0 cm BT /F 12 Tf 50 50 Td (CANARY) Tj ET Q",
            b"1000 0 0 1000 0 0 cm BT /F 1 Tf 50 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td (a) Tj 500 0 Td [9 (CANARY)] TJ ET",
        ],
    )
    def test_beyond_the_edge_of_a_page_keeps_it_here(self, beyond: bytes) -> None:
        assert fault_of(text(beyond)) is Fault.BEYOND_EDGE

    def test_that_was_cropped_away_keeps_it_here(self) -> None:
        def crop(pdf: Pdf) -> None:
            pdf.pages[0].obj.CropBox = Array([0, 0, 200, 100])

        data = text(b"BT /F 12 Tf 50 150 Td (CANARY) Tj ET")
        assert n_canaries(clean(data)) == 1
        assert fault_of(edit(crop, data)) is Fault.BEYOND_EDGE
        with opened(clean(edit(crop, with_content(b"0 0 9 9 re f")))) as made:
            assert [float(edge) for edge in made.pages[0].obj.MediaBox] == [0, 0, 200, 100]
            assert "/CropBox" not in made.pages[0].obj

    def test_beyond_the_edge_of_a_form_keeps_it_here(self) -> None:
        hidden = b"BT /F 9 Tf 5 90 Td (CANARY) Tj ET"
        assert fault_of(with_form(b"/X Do", hidden)) is Fault.BEYOND_EDGE
        assert n_canaries(clean(with_form(b"/X Do", hidden, 0, 0, 100, 99))) == 1

    @pytest.mark.parametrize(
        "place",
        [b"1 0 0 1 150 0 cm", b"0 1 -1 0 90 150 cm", b"3 0 0 3 50 50 cm", b"-1 0 0 1 50 0 cm"],
    )
    def test_beyond_the_edge_of_a_page_and_not_of_a_form_keeps_it_here(self, place: bytes) -> None:
        content = b"BT /F 9 Tf 80 5 Td (CANARY) Tj ET"
        assert n_canaries(clean(with_form(b"/X Do", content))) == 1
        assert fault_of(with_form(place + b" /X Do", content)) is Fault.BEYOND_EDGE
        # The same form in two places: seen here, and there not.
        twice = with_form(b"/X Do " + place + b" /X Do", content)
        assert fault_of(twice) is Fault.BEYOND_EDGE
        assert n_canaries(clean(with_form(place + b" /X Do", content.replace(b"80", b"9")))) == 1

    def test_beyond_the_edge_in_a_form_in_a_form_keeps_it_here(self) -> None:
        def change(pdf: Pdf) -> None:
            (outer,) = pdf.pages[0].obj.Resources.XObject.values()
            inner = form(pdf, b"BT /F 9 Tf 5 5 Td (" + CANARY + b") Tj ET")
            outer.Resources = Dictionary(XObject=Dictionary(X=inner))

        data = edit(change, with_form(b"1 0 0 1 90 0 cm /X Do", b"1 0 0 1 120 0 cm /X Do",
                                      0, 0, 500, 30))  # fmt: skip
        assert n_canaries(clean(data)) == 0
        data = edit(change, with_form(b"1 0 0 1 90 0 cm /X Do", b"1 0 0 1 -80 0 cm /X Do",
                                      -99, 0, 500, 30))  # fmt: skip
        assert n_canaries(clean(data)) == 1
        data = edit(change, with_form(b"1 0 0 1 90 0 cm /X Do", b"1 0 0 1 -170 0 cm /X Do",
                                      -299, 0, 500, 30))  # fmt: skip
        assert fault_of(data) is Fault.BEYOND_EDGE

    def test_at_the_edge_stays(self) -> None:
        for start in (b"-3 50", b"50 -3", b"195 195", b"0 200"):
            data = text(b"BT /F 12 Tf " + start + b" Td (CANARY) Tj ET")
            assert n_canaries(clean(data)) == 1

    def test_of_nothing_but_blanks_may_stand_anywhere(self) -> None:
        clean(text(b"BT /F 12 Tf 500 500 Td (  ) Tj ET"))

    @pytest.mark.parametrize(
        "unusual",
        [
            b"/F 12 Tf (CANARY) Tj",
            b"BT /F 12 Tf ET (CANARY) Tj",
            b"/F 12 Tf 5 5 Td (CANARY) Tj",
            b"BT (CANARY) Tj ET",
            b"BT q /F 12 Tf Q (CANARY) Tj ET",
            b"BT /F 12 Tf (CANARY) (a) Tj ET",
            b"BT /F 12 Tf [[(CANARY)]] TJ ET",
            b"BT /F 12 Tf [(a) /CANARY] TJ ET",
            b"BT /F 12 Tf [(CANARY)] Tj ET",
            b"BT /F 12 Tf (CANARY) TJ ET",
            b"BT /F 12 Tf 8 Tr (a) Tj ET",
            b"BT /F 12 Tf 2.5 Tr (a) Tj ET",
            b"BT /F 12 Tf 11 Tr (a) Tj ET",
            b"BT /F /F 12 Tf (a) Tj ET",
            b"BT /F (CANARY) Tf (a) Tj ET",
            b"(CANARY) BT ET",
        ],
    )
    def test_that_one_program_shows_and_another_does_not_keeps_it_here(
        self, unusual: bytes
    ) -> None:
        assert fault_of(text(unusual)) is Fault.NOT_ANEW

    @pytest.mark.parametrize(
        "covered",
        [
            b"1 g BT /F 12 Tf 50 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td (CANARY) Tj ET 0 0 200 200 re f",
            b"q 0 0 9 9 re W n BT /F 12 Tf 50 50 Td (CANARY) Tj ET Q",
            b"BT /F 12 Tf 190 50 Td (and so on, to CANARY) Tj ET",
            b"BT /F 0.01 Tf 50 50 Td (CANARY) Tj ET",
        ],
    )
    def test_white_covered_cut_off_or_tiny_stays_as_the_recipes_page_says(
        self, covered: bytes
    ) -> None:
        assert n_canaries(clean(text(covered))) == 1


def sow(one: Any, seen: set[tuple[int, int]]) -> int:
    """Put a text, a name and more into each object that can be reached from this one."""
    if isinstance(one, Array):
        return sum(sow(part, seen) for part in list(one))
    if not isinstance(one, Dictionary | Stream) or one.objgen in seen - {(0, 0)}:
        return 0
    seen.add(one.objgen)
    n_sown = sum(sow(one[key], seen) for key in list(one.keys()) if key != "/Parent")
    for key in ("/Canary", "/Title", "/Contents" if isinstance(one, Stream) else "/Desc"):
        one[key] = String(TEXT)
    one["/Name"], one["/PieceInfo"] = Name("/" + TEXT), Dictionary(Private=String(TEXT))
    return n_sown + 5


class TestEverywhere:
    def test_what_hangs_on_any_object_of_a_document_does_not_leave(self, tally: Tally) -> None:
        with opened(page()) as pdf:
            n_sown = sow(pdf.Root, set())
            data = saved(pdf)
        assert n_sown > 60
        assert n_canaries(data) >= n_sown
        made = clean(data)
        assert n_canaries(made) == 0
        assert SHOWN.encode() in everything(made)
        tally.count("hygiene", "canaries in documents, none left", n_sown)


class TestWhatIsDrawn:
    @pytest.mark.parametrize(
        "instructions",
        [
            b"q 1 0 0 1 500 0 cm /X Do Q",
            b"q 1 0 0 1 0 -31 cm /X Do Q",
            b"q 0 0 0 0 50 50 cm /X Do Q",
            b"q 0 1 -1 0 -5 0 cm /X Do Q",
            b"q .7 .7 -.7 .7 215 190 cm /X Do Q",
        ],
    )
    def test_a_form_that_lies_beyond_the_edge_is_not_taken(self, instructions: bytes) -> None:
        made = clean(with_form(instructions, b"BT /F 9 Tf 5 5 Td (CANARY) Tj ET"))
        assert n_canaries(made) == 0
        assert b"/Form" not in everything(made)

    def test_nor_is_a_picture(self) -> None:
        def move(pdf: Pdf) -> None:
            pdf.pages[0].obj.Contents = pdf.make_stream(b"q 100 0 0 100 201 50 cm /Im Do Q")

        assert b"/Image" in everything(clean(with_picture(pictures.jpeg())))
        assert b"/Image" not in everything(clean(edit(move, with_picture(pictures.jpeg()))))
        # Turned by an eighth, beside a corner: boxes around the two overlap, and they do not.
        beside = b"q 70 70 -70 70 265 140 cm /Im Do Q"

        def turn(pdf: Pdf) -> None:
            pdf.pages[0].obj.Contents = pdf.make_stream(beside)

        assert b"/Image" not in everything(clean(edit(turn, with_picture(pictures.jpeg()))))
        inline = b"q 9 0 0 9 300 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID C EI Q"
        assert b"/Image" not in everything(clean(with_content(inline)))

    @pytest.mark.parametrize("place", [[0, 0, 0, 0], [900, 900, 999, 930], [50, 50, 150, 50]])
    def test_nor_is_a_remark_or_field_that_lies_there(self, place: list[int]) -> None:
        def over(pdf: Pdf) -> None:
            one = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, F=4, Rect=Array(place))
            one.AP = Dictionary(N=form(pdf, b"BT /F 9 Tf 5 5 Td (" + CANARY + b") Tj ET"))
            pdf.pages[0].obj.Annots = Array([pdf.make_indirect(one)])

        assert n_canaries(clean(edit(over))) == 0

    def test_a_field_that_says_something_and_has_a_look_of_nothing_keeps_it_here(self) -> None:
        def over(pdf: Pdf) -> None:
            one = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, V=String(TEXT))
            one.Rect, one.AP = Array([0, 0, 99, 9]), Dictionary()
            pdf.pages[0].obj.Annots = Array([pdf.make_indirect(one)])
            pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].obj.Annots)

        assert fault_of(edit(over)) is Fault.ACTIVE_FORM

    def test_two_names_for_one_drawing_keep_it_here(self) -> None:
        assert fault_of(with_form(b"/X /X Do", b"")) is Fault.NOT_ANEW

    def test_a_form_under_hidden_text_keeps_it_here(self) -> None:
        shown = b"BT /F 9 Tf 5 5 Td (CANARY) Tj ET"
        assert fault_of(with_form(b"3 Tr /X Do", shown)) is Fault.NOT_ANEW
        assert n_canaries(clean(with_form(b"3 Tr 0 Tr /X Do", shown))) == 1

    def test_a_form_is_the_same_on_each_page(self) -> None:
        # One that names what the page calls so would be another picture on another page.
        def change(pdf: Pdf) -> None:
            shared = form(pdf, b"/Im Do")
            del shared.Resources
            pdf.add_blank_page(page_size=(200, 200))
            for one, photo in zip(pdf.pages, (b"\0", b"\xff"), strict=True):
                image = Stream(pdf, photo, Subtype=Name.Image, Width=1, Height=1)
                image.BitsPerComponent, image.ColorSpace = 8, Name.DeviceGray
                drawn = Dictionary(X=shared, Im=pdf.make_indirect(image))
                one.obj.Resources = Dictionary(XObject=drawn)
                one.obj.Contents = pdf.make_stream(b"/X Do")

        assert fault_of(edit(change, with_content(b""))) is Fault.DAMAGED

    def test_what_a_form_names_is_not_looked_for_on_the_page(self) -> None:
        def change(pdf: Pdf) -> None:
            pdf.pages[0].obj.Resources.XObject.X.Resources = Dictionary()
            pdf.pages[0].obj.Resources["/Font"] = Dictionary(**HELVETICA)

        data = with_form(b"/X Do", b"BT /F 9 Tf 5 5 Td (a) Tj ET")
        assert fault_of(edit(change, data)) is Fault.DAMAGED


class TestNumbers:
    @pytest.mark.parametrize(
        "instructions",
        [
            b"67 65 78 65 82 89 w",
            b"true w",
            b"1 0 0 1 0 0 7 cm",
            b"0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 sc",
            b"[" + b"1 " * 33 + b"] 0 d",
            b"[[1]] 0 d",
            b"[1 /x] 0 d",
            b"3 d",
            b"9999999999 w",
            b"0 q",
            b"/DeviceGray (x) cs",
            b"/P sc",
        ],
    )
    def test_that_no_instruction_takes_keep_it_here(self, instructions: bytes) -> None:
        assert fault_of(with_content(instructions)) is Fault.NOT_ANEW

    def test_have_no_more_digits_than_draw_anything(self) -> None:
        made = everything(clean(with_content(b"0.123456789012345 w 1234.56789012345 0 m")))
        assert b"0.123456789 w" in made
        assert b"1234.56789 0 m" in made

    def test_lists_have_their_length(self) -> None:
        def long(pdf: Pdf) -> None:
            pdf.pages[0].obj.Resources.XObject.X.Matrix = Array([1, 0, 0, 1, 0, 0, 67])

        assert fault_of(edit(long, with_form(b"/X Do", b""))) is Fault.NOT_ANEW
        box = with_form(b"/X Do", b"", 0, 0, 9, 9, 65)
        assert fault_of(box) is Fault.NOT_ANEW


class TestPictures:
    def test_rows_below_it_and_bits_beside_it_are_not_taken(self) -> None:
        rows = bytes((0b10111111, 0b01011010) * 64) + CANARY
        data = with_picture(zlib.compress(rows), Filter=Name.FlateDecode, Width=1, Height=128)

        def bits(pdf: Pdf) -> None:
            image = pdf.pages[0].obj.Resources.XObject.Im
            image.BitsPerComponent, image.ColorSpace = 1, Name.DeviceGray

        with opened(clean(edit(bits, data))) as made:
            (image,) = made.pages[0].obj.Resources.XObject.values()
            assert image.read_bytes() == bytes((0b10000000, 0) * 64)

    @pytest.mark.parametrize("highest", [-9, 256, 100_000])
    def test_a_palette_has_as_many_colours_as_a_byte_can_tell(self, highest: int) -> None:
        colours = Array([Name.Indexed, Name.DeviceRGB, highest, String(CANARY.ljust(900))])
        data = with_picture(bytes(96 * 64), Filter=Array([]), ColorSpace=colours)
        assert fault_of(data) is Fault.NOT_ANEW

    def test_a_shading_has_no_content_that_it_does_not_draw(self) -> None:
        def change(pdf: Pdf) -> None:
            how = Dictionary(FunctionType=2, N=1, Domain=Array([0, 1]))
            shading = Stream(pdf, CANARY, ShadingType=2, ColorSpace=Name.DeviceGray, Function=how)
            shading.Coords = Array([0, 0, 9, 9])
            pdf.pages[0].obj.Resources = Dictionary(Shading=Dictionary(S=shading))
            pdf.pages[0].obj.Contents = pdf.make_stream(b"/S sh")

        assert fault_of(edit(change, with_content(b""))) is Fault.NOT_ANEW

    @pytest.mark.parametrize("kind", ["soft", "soft, negative", "soft, a JPEG", "of bits"])
    @pytest.mark.parametrize("is_jpeg", [True, False])
    @pytest.mark.parametrize("scale", [1, 2, 3])
    def test_what_a_mask_hides_of_one_is_gone(
        self, kind: str, is_jpeg: bool, scale: int, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        # Dark, and in it a white word that the mask hides; what it shows is red.
        photo = Image.new("RGB", (96, 64), (200, 0, 0))
        photo.paste((255, 255, 255), (40, 0, 96, 64))
        photo.paste((0, 0, 0), (60, 8, 90, 56))
        content = io.BytesIO()
        photo.save(content, "JPEG")
        shown = Image.new("L", (96 // scale, 64 // scale), 0)
        shown.paste(255, (0, 0, 39 // scale, 64 // scale))

        def put(pdf: Pdf) -> None:
            mask = Stream(pdf, shown.tobytes(), Subtype=Name.Image, BitsPerComponent=8)
            mask.Width, mask.Height = shown.size
            mask.ColorSpace = Name.DeviceGray
            if kind == "soft, negative":
                mask.Decode = Array([1, 0])
                mask.write(bytes(255 - sample for sample in shown.tobytes()))
            elif kind == "soft, a JPEG":
                packed = io.BytesIO()
                shown.save(packed, "JPEG")
                mask.write(packed.getvalue(), filter=Name.DCTDecode)
            elif kind == "of bits":
                del mask.ColorSpace
                mask.ImageMask, mask.BitsPerComponent, mask.Decode = True, 1, Array([1, 0])
                mask.write(shown.convert("1").tobytes())
            one = pdf.pages[0].obj.Resources.XObject.Im
            one["/Mask" if kind == "of bits" else "/SMask"] = pdf.make_indirect(mask)

        raw = photo.tobytes() if not is_jpeg else content.getvalue()
        data = edit(put, with_picture(raw, Filter=Name.DCTDecode if is_jpeg else Array([])))
        made = clean(data)
        assert same_look(data, made, tmp_path, tool)
        with opened(made) as pdf:
            (kept,) = pdf.pages[0].obj.Resources.XObject.values()
            after = (
                Image.open(io.BytesIO(kept.read_raw_bytes()))
                if is_jpeg
                else Image.frombytes("RGB", (96, 64), kept.read_bytes())
            )
        # But for a block beside what is seen.
        assert max(after.crop((66, 4, 94, 60)).tobytes()) < 9
        red = after.getpixel((20, 20))
        assert isinstance(red, tuple)
        assert red[0] > 190 > 9 > red[1]

    @pytest.mark.parametrize("how", ["half through", "matte", "of other colours"])
    def test_what_may_be_seen_through_a_mask_stays(self, how: str) -> None:
        def put(pdf: Pdf) -> None:
            mask = Stream(pdf, bytes([how == "half through"]) * 96 * 64, Subtype=Name.Image)
            mask.Width, mask.Height, mask.BitsPerComponent = 96, 64, 8
            mask.ColorSpace = Name.DeviceGray
            if how == "matte":
                mask.Matte = Array([0, 0, 0])
            elif how == "of other colours":
                mask.ColorSpace = Array([Name.Indexed, Name.DeviceGray, 0, String(b"\xff")])
            pdf.pages[0].obj.Resources.XObject.Im.SMask = pdf.make_indirect(mask)

        with opened(clean(edit(put, with_picture(pictures.jpeg())))) as made:
            (kept,) = made.pages[0].obj.Resources.XObject.values()
            assert len(set(Image.open(io.BytesIO(kept.read_raw_bytes())).tobytes())) > 50


def cut_document(instructions: bytes, **members: Any) -> bytes:
    """A page with a photograph, of which the instructions show a part."""

    def change(pdf: Pdf) -> None:
        pdf.pages[0].obj.Contents = pdf.make_stream(instructions)

    return edit(change, with_picture(pictures.jpeg(), **members))


def pictures_in(data: bytes) -> list[Image.Image]:
    with opened(data) as pdf:
        return [
            Image.open(io.BytesIO(one.read_raw_bytes()))
            for one in pdf.objects
            if isinstance(one, Stream) and one.get("/Filter") == Name.DCTDecode
        ]


class TestCropped:
    @pytest.mark.parametrize(
        ("instructions", "size"),
        [
            (b"q 50 50 48 32 re W n 96 0 0 64 50 50 cm /Im Do Q", (48, 32)),
            (b"q 74 66 48 32 re W* n 96 0 0 64 50 50 cm /Im Do Q", (48, 32)),
            (b"q 74 66 m 122 66 l 122 98 l 74 98 l h W n 96 0 0 64 50 50 cm /Im Do Q", (48, 32)),
            (b"q 96 0 0 64 50 50 cm .25 .25 .5 .5 re W n /Im Do Q", (48, 32)),
            (b"q 74 66 48 32 re W n -96 0 0 -64 146 114 cm /Im Do Q", (48, 32)),
            (b"q 50 50 64 96 re W n 50 50 32 48 re W n 0 96 -64 0 114 50 cm /Im Do Q", (48, 32)),
            (b"q 0 -96 64 0 50 146 cm .5 .5 .5 .5 re W n /Im Do Q", (48, 32)),
            (b"q 96 0 0 64 152 50 cm /Im Do Q", (48, 64)),
            (b"q 96 0 0 64 50 -32 cm /Im Do Q", (96, 32)),
        ],
    )
    def test_what_a_page_does_not_show_of_a_picture_is_cut_off(
        self,
        instructions: bytes,
        size: tuple[int, int],
        tmp_path: Path,
        tool: Callable[[str], str],
        tally: Tally,
    ) -> None:
        data = cut_document(instructions)
        made = clean(data)
        (kept,) = pictures_in(made)
        assert all(0 <= is_ - due <= 9 for is_, due in zip(kept.size, size, strict=True))
        assert kept.width * kept.height < 0.8 * 96 * 64
        assert same_look(data, made, tmp_path, tool)
        tally.count("hygiene", "cropped pictures, cut to what is seen", 1)

    def test_what_was_there_is_gone(self) -> None:
        # Left half black, right half white: of the black one, nothing is left.
        photo, made = Image.new("L", (96, 64), 255), io.BytesIO()
        photo.paste(0, (0, 0, 48, 64))
        photo.save(made, "JPEG")
        shown = b"q 99 50 47 64 re W n 96 0 0 64 50 50 cm /Im Do Q"
        for content, filters in ((made.getvalue(), Name.DCTDecode), (photo.tobytes(), Array([]))):
            data = with_picture(content, Filter=filters, ColorSpace=Name.DeviceGray)

            def crop(pdf: Pdf) -> None:
                pdf.pages[0].obj.Contents = pdf.make_stream(shown)

            with opened(clean(edit(crop, data))) as pdf:
                (kept,) = pdf.pages[0].obj.Resources.XObject.values()
                raw = kept.read_raw_bytes()
                pixels = (
                    Image.open(io.BytesIO(raw)).tobytes()
                    if "/Filter" in kept and kept.Filter == Name.DCTDecode
                    else kept.read_bytes()
                )
                assert (int(kept.Width), int(kept.Height)) == (48, 64)
            assert min(pixels) > 240

    def test_bits_are_cut_at_whole_bytes(self) -> None:
        rows = bytes(range(12)) * 64
        data = with_picture(rows, Filter=Array([]))

        def crop(pdf: Pdf) -> None:
            image = pdf.pages[0].obj.Resources.XObject.Im
            image.BitsPerComponent, image.ColorSpace = 1, Name.DeviceGray
            shown = b"q 67 50 20 64 re W n 96 0 0 64 50 50 cm /Im Do Q"
            pdf.pages[0].obj.Contents = pdf.make_stream(shown)

        with opened(clean(edit(crop, data))) as pdf:
            (kept,) = pdf.pages[0].obj.Resources.XObject.values()
            # Columns 17 to 37 of it, from 16 on.
            assert (int(kept.Width), int(kept.Height)) == (22, 64)
            assert kept.read_bytes() == bytes((2, 3, 4 & 0b11111100)) * 64

    def test_a_mask_is_cut_as_its_picture(self, tmp_path: Path, tool: Callable[[str], str]) -> None:
        shown = b"q 74 66 48 32 re W n 96 0 0 64 50 50 cm /Im Do Q"
        for size, due in (((96, 64), (48, 32)), ((48, 32), (96, 64))):

            def mask(pdf: Pdf, size: tuple[int, int] = size) -> None:
                soft = Stream(pdf, pictures.pixels(size, "L").tobytes(), Subtype=Name.Image)
                soft.Width, soft.Height, soft.BitsPerComponent = *size, 8
                soft.ColorSpace = Name.DeviceGray
                pdf.pages[0].obj.Resources.XObject.Im.SMask = pdf.make_indirect(soft)

            data = edit(mask, cut_document(shown))
            made = clean(data)
            folder = tmp_path / str(size[0])
            folder.mkdir()
            assert same_look(data, made, folder, tool)
            with opened(made) as pdf:
                (kept,) = pdf.pages[0].obj.Resources.XObject.values()
                # One of another size would not fit to a pixel: both stay whole.
                assert int(kept.Width) - due[0] in range(10)
                assert kept.SMask.Width == (kept.Width if size == (96, 64) else 48)

    def test_a_clip_ends_where_it_ends(self) -> None:
        whole = b"q 50 50 9 9 re W n Q 96 0 0 64 50 50 cm /Im Do"
        assert [one.size for one in pictures_in(clean(cut_document(whole)))] == [(96, 64)]
        not_clipped = b"50 50 9 9 re n 96 0 0 64 50 50 cm /Im Do"
        assert [one.size for one in pictures_in(clean(cut_document(not_clipped)))] == [(96, 64)]
        other_half = (
            b"q 50 50 48 64 re W n 96 0 0 64 50 50 cm /Im Do Q "
            b"q 98 50 48 64 re W n 96 0 0 64 50 50 cm /Im Do Q"
        )
        sizes = [one.size for one in pictures_in(clean(cut_document(other_half)))]
        assert len(sizes) == 2

    def test_what_is_clipped_away_is_not_taken(self) -> None:
        away = b"q 0 0 9 9 re W n 96 0 0 64 50 50 cm /Im Do Q"
        assert pictures_in(clean(cut_document(away))) == []
        nested = b"q 0 0 60 200 re W n 150 0 50 200 re W n 96 0 0 64 50 50 cm /Im Do Q"
        assert pictures_in(clean(cut_document(nested))) == []

    def test_one_in_many_pieces_is_not_cut_into_as_many(self) -> None:
        pieces = [
            b"q %d 50 8 64 re W n 96 0 0 64 50 50 cm /Im Do Q" % (50 + 8 * n) for n in range(12)
        ]
        sizes = [one.size for one in pictures_in(clean(cut_document(b"\n".join(pieces))))]
        assert len(sizes) == 9
        assert (96, 64) in sizes


def with_font(change: Callable[[Pdf, Dictionary], None], kind: Name = Name.TrueType) -> bytes:
    """A page with a letter, of a font that `change` makes."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=kind, BaseFont=Name.F))
        change(pdf, font)
        pdf.pages[0].obj.Resources = Dictionary(Font=Dictionary(F=font))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"BT /F 12 Tf 50 50 Td (a) Tj ET")
        return saved(pdf)


def with_program(key: str, program: bytes, **members: Any) -> bytes:
    def change(pdf: Pdf, font: Dictionary) -> None:
        font.FontDescriptor = Dictionary(Type=Name.FontDescriptor, FontName=Name.F)
        font.FontDescriptor["/" + key] = Stream(pdf, program, **members)

    return with_font(change)


def program_of(data: bytes, key: str) -> bytes:
    with opened(data) as made:
        (font,) = made.pages[0].obj.Resources.Font.values()
        return bytes(font.FontDescriptor["/" + key].read_bytes())


def compact_font() -> bytes:
    """A font of the Compact Font Format that says whose it is."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "a"])
    builder.setupCharacterMap({97: "a"})
    letters = {}
    for name in (".notdef", "a"):
        pen = T2CharStringPen(600, None)
        for step in ((pen.moveTo, (0, 0)), (pen.lineTo, (500, 0)), (pen.lineTo, (250, 700))):
            step[0](step[1])
        pen.closePath()
        letters[name] = pen.getCharString()
    told = dict.fromkeys(("version", "Notice", "FullName", "FamilyName", "Copyright"), TEXT)
    more = {"FontBBox": [0, 0, 500, 700], "ItalicAngle": -12.5, "UnderlinePosition": -1200}
    builder.setupCFF("Face", {**told, **more, "StrokeWidth": 70_000}, letters, {})
    builder.setupHorizontalMetrics(dict.fromkeys(letters, (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupHead(unitsPerEm=1000, created=3_000_000_000, modified=3_000_000_000)
    builder.setupPost()
    made = io.BytesIO()
    builder.save(made)
    return made.getvalue()


def table(font: bytes, tag: str) -> bytes:
    from fontTools.ttLib.sfnt import SFNTReader

    return bytes(SFNTReader(io.BytesIO(font))[tag])


TYPE_1 = (
    b"%!PS-AdobeFont-1.0: Face 001.000\r%%CreationDate: CANARY\n% (CANARY\n"
    b"11 dict begin\n/FontName /Face def\n/FontInfo 9 dict dup begin\n"
    b"/Notice (Copyright \\050c\\051 (CANARY) at CANARY\\)) readonly def\nend readonly def\n"
    b"/Encoding 256 array\ndup 97 /a put\nreadonly def\ncurrentfile eexec\n"
).replace(b"CANARY", CANARY)


class TestFonts:
    def test_a_type_1_program_says_nothing_in_clear(self) -> None:
        parts = {"Length1": len(TYPE_1), "Length2": 300, "Length3": 0}
        hidden = bytes(range(200)) + bytes(100)
        made = program_of(
            clean(with_program("FontFile", TYPE_1 + hidden + CANARY, **parts)), "FontFile"
        )
        assert CANARY not in made
        assert made.startswith(b"%!PS-AdobeFont-1.0: Face 001.000\r11 dict begin\n")
        assert b"/Notice () readonly def" in made
        assert made.endswith(b"currentfile eexec\n" + hidden)

    def test_a_compact_font_says_nothing_in_words(self, tally: Tally) -> None:
        from fontTools.ttLib import TTFont

        font = compact_font()
        outlines = table(font, "CFF ")
        n_before = outlines.count(CANARY)
        assert n_before > 0
        made = {
            "Type1C": program_of(
                clean(with_program("FontFile3", outlines, Subtype=Name.Type1C)), "FontFile3"
            ),
            "OpenType": program_of(
                clean(with_program("FontFile3", font, Subtype=Name.OpenType)), "FontFile3"
            ),
        }
        assert len(made["Type1C"]) == len(outlines)
        assert CANARY not in made["Type1C"] + made["OpenType"]
        assert table(made["OpenType"], "CFF ") == made["Type1C"]
        # What draws is what it was.
        before, after = (
            TTFont(io.BytesIO(data))["CFF "].cff[0].CharStrings["a"]
            for data in (font, made["OpenType"])
        )
        before.decompile()
        after.decompile()
        assert before.program == after.program
        tally.count("hygiene", "canaries in documents, none left", n_before)

    def test_when_a_font_was_made_is_not_told(self) -> None:
        from fontTools.ttLib import TTFont

        font = TTFont(documents.FONT)
        font["head"].created = font["head"].modified = 3_500_000_000
        data = io.BytesIO()
        font.save(data)
        made = program_of(clean(with_program("FontFile2", data.getvalue())), "FontFile2")
        assert table(made, "head")[20:36] == bytes(16)
        assert table(made, "glyf") == table(data.getvalue(), "glyf")
        TTFont(io.BytesIO(made), checkChecksums=2)["glyf"]  # raises if one is wrong

    def test_letters_of_a_font_of_many_have_no_names(self) -> None:
        from fpdf import FPDF

        made = FPDF()
        made.add_page()
        made.add_font("dejavu", fname=documents.FONT)
        made.set_font("dejavu", size=20)
        made.cell(text="Łódź")
        with opened(clean(bytes(made.output()))) as pdf:
            (font,) = pdf.pages[0].obj.Resources.Font.values()
            program = font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()
        assert table(program, "post")[:4] == b"\0\3\0\0"
        assert len(table(program, "post")) == 32

    @pytest.mark.parametrize(
        ("key", "program", "members", "fault"),
        [
            ("FontFile2", CANARY, {}, Fault.NOT_ANEW),
            ("FontFile3", CANARY, {"Subtype": Name.Type1C}, Fault.NOT_ANEW),
            ("FontFile3", CANARY, {"Subtype": Name.OpenType}, Fault.NOT_ANEW),
            ("FontFile3", b"\1\0" + CANARY, {"Subtype": Name.Type1C}, Fault.DAMAGED),
            ("FontFile3", b"\1\0\4\1\0\0\0\0", {"Subtype": Name.Other}, Fault.NOT_ANEW),
            ("FontFile", CANARY, {"Length1": 5, "Length2": 1, "Length3": 1}, Fault.NOT_ANEW),
            ("FontFile", b"%!", {"Length1": -5, "Length2": 1, "Length3": 1}, Fault.NOT_ANEW),
            ("FontFile", b"%!" + CANARY, {}, Fault.NOT_ANEW),
        ],
    )
    def test_what_is_none_is_not_taken_for_one(
        self, key: str, program: bytes, members: dict[str, Any], fault: Fault
    ) -> None:
        assert fault_of(with_program(key, program, **members)) is fault

    def test_a_table_that_is_there_65535_times_is_not_copied_as_often(self) -> None:
        record = b"glyf" + bytes(4) + (12).to_bytes(4) + (1_000_000).to_bytes(4)
        font = b"\0\1\0\0\xff\xff" + bytes(6) + record * 65_535
        assert fault_of(with_program("FontFile2", font)) is Fault.DAMAGED

    def test_what_codes_stand_for_is_letters_and_not_words(self) -> None:
        words = CANARY.decode().encode("utf-16-be").hex().encode()

        def change(content: bytes) -> bytes:
            def put(pdf: Pdf, font: Dictionary) -> None:
                font.ToUnicode = Stream(pdf, content)

            return with_font(put)

        ligature = b"1 beginbfchar <61> <0066 0066\n0069> endbfchar"
        assert b"<006600660069>" in everything(clean(change(ligature)))
        told = everything(clean(change(b"1 beginbfchar <61> <" + words + b"> endbfchar")))
        assert b"bfchar" not in told
        assert words not in told

    def test_a_code_table_is_one_that_everybody_has(self) -> None:
        def change(pdf: Pdf, font: Dictionary) -> None:
            inner = Dictionary(Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name.F)
            inner.CIDSystemInfo = Dictionary(
                Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
            )
            font.DescendantFonts = Array([inner])
            font.Encoding = Name("/" + TEXT)

        assert fault_of(with_font(change, Name.Type0)) is Fault.NOT_ANEW

        def usual(pdf: Pdf, font: Dictionary) -> None:
            change(pdf, font)
            font.Encoding = Name("/Identity-H")

        clean(with_font(usual, Name.Type0))

    def test_of_drawn_letters_only_those_that_have_a_code_are_taken(self) -> None:
        def change(pdf: Pdf, font: Dictionary) -> None:
            del font.BaseFont
            font.FontBBox, font.FontMatrix = Array([0, 0, 9, 9]), Array([0.1, 0, 0, 0.1, 0, 0])
            font.FirstChar, font.LastChar, font.Widths = 97, 97, Array([9])
            font.Encoding = Dictionary(Differences=Array([97, Name("/" + TEXT)]))
            font.CharProcs = Dictionary()
            font.CharProcs["/" + TEXT] = pdf.make_stream(b"9 0 d0 0 0 9 9 re f")
            hidden = b"9 0 d0 BT /F 9 Tf 1 1 Td (" + CANARY + b") Tj ET"
            font.CharProcs["/b"] = pdf.make_stream(hidden)
            font.Resources = Dictionary(Font=Dictionary(**HELVETICA))

        data = with_font(change, Name.Type3)
        assert n_canaries(data) > 2
        made = clean(data)
        assert n_canaries(made) == 0
        assert b"0 0 9 9 re\nf" in everything(made)
        assert b"/Helvetica" not in everything(made)

    def test_a_font_that_shows_no_letter_is_not_taken(self) -> None:
        assert b"/Helvetica" not in everything(clean(text(b"BT /F 12 Tf 5 5 Td ET")))

    def test_a_table_of_widths_is_not_longer_than_a_byte_has_values(self) -> None:
        def change(pdf: Pdf, font: Dictionary) -> None:
            font.Widths = Array([65] * 257)

        assert fault_of(with_font(change)) is Fault.NOT_ANEW


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
                Name.Type3,
                {
                    "Encoding": Dictionary(
                        BaseEncoding=Name.WinAnsiEncoding, Differences=Array([])
                    ),
                    "CharProcs": Dictionary(),
                },
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
