"""Parts of pictures that a page does not show: they do not leave."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import Image

from securexfer.attachment.fault import Fault
from tests.assurance import Tally
from tests.unit import pictures
from tests.unit.documents import (
    edit,
    opened,
    with_content,
    with_picture,
)
from tests.unit.hidden import same_look
from tests.unit.pictures import CANARY
from tests.unit.test_document import clean, fault_of


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

    @pytest.mark.parametrize("how", [b"/BPC 8 /CS /G", b"/BPC 8 /CS [/I /RGB 255 <PALETTE>]"])
    def test_one_that_stands_between_the_instructions_is_cut_too(
        self, how: bytes, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        row = bytes((200,) * 24) + CANARY.ljust(24)
        palette = bytes(range(256)).hex().encode() * 3
        how = how.replace(b"PALETTE", palette)
        inline = b"BI /W 48 /H 2 %s ID %s\nEI" % (how, row * 2)
        shown = b"q 50 50 24 20 re W n 48 0 0 20 50 50 cm %s Q" % inline
        data = with_content(shown)
        made = clean(data)
        assert same_look(data, made, tmp_path, tool)
        with opened(made) as pdf:
            (kept,) = pdf.pages[0].obj.Resources.XObject.values()
            assert int(kept.Width) == 25
            assert CANARY not in kept.read_bytes()
        with opened(clean(with_content(inline))) as pdf:
            (kept,) = pdf.pages[0].obj.Resources.XObject.values()
            assert kept.read_bytes() == row * 2

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
