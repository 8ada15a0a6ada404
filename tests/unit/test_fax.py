"""Pictures of bits, packed as scanners pack them: unpacked, and nothing behind their end."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image, ImageChops, ImageDraw, TiffImagePlugin

from securexfer.attachment.fault import Fault, UnfitError
from tests.assurance import Tally
from tests.unit.documents import edit, everything, opened, with_picture
from tests.unit.hidden import same_look
from tests.unit.pictures import CANARY
from tests.unit.test_document import clean, fault_of

SIZE = (99, 64)


def sheet() -> Image.Image:
    """Writing on paper."""
    made = Image.new("1", SIZE, 255)
    drawn = ImageDraw.Draw(made)
    drawn.rectangle((5, 5, 40, 20), fill=0)
    drawn.line((0, 63, 98, 0), fill=0)
    return made


def packed(image: Image.Image, packing: str = "group4") -> bytes:
    made = io.BytesIO()
    # In a TIFF of Pillow's, white is what in a fax is black.
    ImageChops.invert(image).save(made, "TIFF", compression=packing)
    with Image.open(made) as tiff:
        assert isinstance(tiff, TiffImagePlugin.TiffImageFile)
        (at,), (n_bytes,) = tiff.tag_v2[273], tiff.tag_v2[279]
    return made.getvalue()[at : at + n_bytes]


def scanned(data: bytes | None = None, parms: Any = None, **members: Any) -> bytes:
    """A document of one such picture."""
    said = Dictionary(K=-1, Columns=SIZE[0]) if parms is None else parms
    more = {"Filter": Name.CCITTFaxDecode, "DecodeParms": said, "ColorSpace": Name.DeviceGray}
    more |= {"BitsPerComponent": 1, "Width": SIZE[0], "Height": SIZE[1]}
    return with_picture(packed(sheet()) if data is None else data, **{**more, **members})


def mask(pdf: Pdf) -> None:
    del pdf.pages[0].obj.Resources.XObject.Im.ColorSpace
    pdf.pages[0].obj.Resources.XObject.Im.ImageMask = True


LOOKS: dict[str, Callable[[], bytes]] = {
    "as it is": scanned,
    "in a list": lambda: scanned(
        Filter=Array([Name.CCITTFaxDecode]),
        DecodeParms=Array([Dictionary(K=-1, Columns=SIZE[0], BlackIs1=False)]),
    ),
    "black is one": lambda: scanned(
        parms=Dictionary(K=-1, Columns=SIZE[0], BlackIs1=True), Decode=Array([1, 0])
    ),
    "white on black": lambda: scanned(parms=Dictionary(K=-1, Columns=SIZE[0], BlackIs1=True)),
    "a mask": lambda: edit(mask, scanned()),
}


class TestFax:
    @pytest.mark.parametrize("name", LOOKS)
    def test_a_scan_looks_as_it_did(
        self, name: str, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        data = LOOKS[name]()
        made = clean(data)
        assert same_look(data, made, tmp_path, tool)
        assert b"CCITT" not in everything(made)

    def test_its_bits_are_those_that_were_packed(self) -> None:
        with opened(clean(scanned())) as made:
            (image,) = made.pages[0].obj.Resources.XObject.values()
            bits = Image.frombytes("1", SIZE, image.read_bytes())
        assert bits.convert("L").tobytes() == sheet().convert("L").tobytes()

    def test_what_was_cropped_off_is_gone(self) -> None:
        def crop(pdf: Pdf) -> None:
            shown = b"q 50 50 32 64 re W n 99 0 0 64 50 50 cm /Im Do Q"
            pdf.pages[0].obj.Contents = pdf.make_stream(shown)

        with opened(clean(edit(crop, scanned()))) as made:
            (image,) = made.pages[0].obj.Resources.XObject.values()
            assert int(image.Width) == 33

    @pytest.mark.parametrize(
        ("make", "fault"),
        [
            (lambda: scanned(packed(sheet(), "group3")), Fault.DAMAGED),
            (lambda: scanned(parms=Dictionary(K=0, Columns=SIZE[0])), Fault.NOT_ANEW),
            (lambda: scanned(parms=Dictionary(K=4, Columns=SIZE[0])), Fault.NOT_ANEW),
            (lambda: scanned(parms=Dictionary(Columns=SIZE[0])), Fault.NOT_ANEW),
            (lambda: scanned(parms=Dictionary(K=-1)), Fault.NOT_ANEW),
            (lambda: scanned(parms=Array([])), Fault.NOT_ANEW),
            (
                lambda: scanned(parms=Dictionary(K=-1, Columns=SIZE[0], EncodedByteAlign=True)),
                Fault.NOT_ANEW,
            ),
            (lambda: scanned(ColorSpace=Name.DeviceRGB), Fault.NOT_ANEW),
            (lambda: scanned(BitsPerComponent=8), Fault.NOT_ANEW),
            (
                lambda: scanned(Filter=Array([Name.FlateDecode, Name.CCITTFaxDecode])),
                Fault.NOT_ANEW,
            ),
            (lambda: scanned(b""), Fault.DAMAGED),
            (lambda: scanned(bytes(99)), Fault.DAMAGED),
            (lambda: scanned(CANARY * 20 + b"\x00\x10\x01"), Fault.DAMAGED),
            (lambda: scanned(packed(sheet())[:-3]), Fault.DAMAGED),
            (lambda: scanned(Height=80), Fault.DAMAGED),
            (lambda: scanned(Height=40), Fault.DAMAGED),
            (lambda: scanned(packed(sheet()) + CANARY), Fault.DAMAGED),
        ],
    )
    def test_what_is_none_keeps_it_here(self, make: Callable[[], bytes], fault: Fault) -> None:
        assert fault_of(make()) is fault

    def test_cut_off_wherever_it_is_cut_it_keeps_it_here(self, tally: Tally) -> None:
        whole = packed(sheet())
        for end in range(1, len(whole) - 1):
            assert fault_of(scanned(whole[:end])) is Fault.DAMAGED
        tally.count("input", "pictures cut off", len(whole) - 2)

    def test_whatever_bit_is_another_it_is_another_picture_or_damaged(self, tally: Tally) -> None:
        whole, n_taken = packed(sheet()), 0
        for at in range(8 * len(whole) - 32):
            changed = bytearray(whole)
            changed[at // 8] ^= 1 << at % 8
            try:
                made = clean(scanned(bytes(changed)))
            except UnfitError:
                continue
            with opened(made) as pdf:
                (image,) = pdf.pages[0].obj.Resources.XObject.values()
                bits = Image.frombytes("1", SIZE, image.read_bytes())
            assert packed(bits) == bytes(changed)
            n_taken += 1
        assert n_taken < len(whole)
        tally.count("input", "pictures damaged at random", 8 * len(whole) - 32)
