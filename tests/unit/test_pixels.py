"""Pixels of an attached picture: what is seen of them, and nothing that is not."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from securexfer.attachment.fault import Fault
from securexfer.attachment.image import clean_image
from securexfer.recipe.field import FileKind
from tests.unit import pictures
from tests.unit.pictures import CANARY
from tests.unit.test_attachment import MAX, clean, fault_of

KINDS: dict[str, FileKind] = {"PNG": "png", "TIFF": "tiff", "JPEG": "jpeg"}


def saved(image: Image.Image, form: str, **how: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, form, **how)
    return made.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """Of a PNG."""
    head = struct.pack(">I", len(content)) + name + content
    return head + struct.pack(">I", zlib.crc32(name + content))


def scan(mode: str) -> Image.Image:
    """Grey from black to white, in so many bits."""
    made = Image.new("I", (256, 2))
    made.putdata([at * 257 for at in range(256)] * 2)
    return made.convert(mode)


class TestBits:
    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    def test_a_grey_of_16_bits_keeps_its_shades(self, form: str) -> None:
        # As scanners and laboratories write; cut off at 255, all of it would be white.
        made = clean(saved(scan("I;16"), form), KINDS[form])
        assert made.mode == "L"
        assert list(made.tobytes()) == [*range(256)] * 2

    def test_and_so_does_one_whose_bytes_are_the_other_way_round(self) -> None:
        made = clean(saved(scan("I;16B"), "TIFF"), "tiff")
        assert list(made.tobytes()) == [*range(256)] * 2

    @pytest.mark.parametrize("mode", ["I", "F"])
    def test_numbers_that_are_measures_are_no_picture(self, mode: str) -> None:
        data = saved(scan(mode), "TIFF")
        assert fault_of(lambda: clean(data, "tiff")) is Fault.NOT_ANEW

    def test_a_shade_of_16_bits_that_stands_for_transparency_keeps_it_here(self) -> None:
        data = saved(scan("I;16"), "PNG", transparency=257)
        assert fault_of(lambda: clean(data, "png")) is Fault.NOT_ANEW


class TestTransparency:
    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    @pytest.mark.parametrize("resize", [None, 8])
    def test_has_as_much_colour_as_is_seen(self, form: str, resize: int | None) -> None:
        # Another picture, which nobody sees and any program brings to light.
        hidden = pictures.pixels((64, 64))
        hidden.putalpha(0)
        hidden.paste((200, 30, 40, 1), (0, 0, 32, 32))
        more = {} if resize is None else {"resize": resize}
        pixels = clean(saved(hidden, form), KINDS[form], **more).tobytes()
        for at in range(0, len(pixels), 4):
            # Whatever is left of a colour is none between nothing and all of it.
            assert set(pixels[at : at + 3]) <= {0, 255}
            assert pixels[at + 3] or not any(pixels[at : at + 3])

    @pytest.mark.parametrize("alpha", [40, 128, 254, 255])
    @pytest.mark.parametrize("paper", ["black", "white"])
    def test_looks_as_it_did(self, alpha: int, paper: str) -> None:
        before = pictures.pixels()
        before.putalpha(alpha)
        after = clean(saved(before, "PNG"), "png")
        seen = [
            Image.alpha_composite(Image.new("RGBA", one.size, paper), one).tobytes()
            for one in (before, after)
        ]
        assert max(abs(a - b) for a, b in zip(*seen, strict=True)) <= 1

    @pytest.mark.parametrize("mode", ["L", "1"])
    def test_of_a_grey_stays(self, mode: str) -> None:
        made = clean(saved(Image.new(mode, (8, 8)), "PNG", transparency=0), "png")
        assert made.getpixel((3, 3)) == (0, 0, 0, 0)


class TestDamagedMetadata:
    BROKEN = (
        CANARY,
        b"II*\0\x08\0\0\0\xff\xff" + CANARY,
        b"MM\0*\xff\xff\xff\xff" + CANARY,
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0",
    )

    @pytest.mark.parametrize("broken", BROKEN)
    def test_goes_and_the_picture_stays(self, broken: bytes) -> None:
        plain = saved(pictures.pixels(), "PNG")
        data = plain[:33] + chunk(b"eXIf", broken) + plain[33:]
        made = clean_image(data, "png", max_pixels=MAX)
        assert CANARY not in made
        assert Image.open(io.BytesIO(made)).size == (96, 64)
        plain = saved(pictures.pixels(), "JPEG")
        segment = b"\xff\xe1" + struct.pack(">H", len(broken) + 8) + b"Exif\0\0" + broken
        made = clean_image(plain[:2] + segment + plain[2:], "jpeg", max_pixels=MAX)
        assert CANARY not in made


class TestPlaces:
    """Where else in a file something can stand that no pixel is."""

    @pytest.mark.parametrize("marker", [*range(0xE0, 0xF0), 0xFE])
    def test_in_a_segment_of_a_jpeg(self, marker: int) -> None:
        plain = saved(pictures.pixels(), "JPEG", progressive=True)
        segment = bytes((0xFF, marker)) + struct.pack(">H", len(CANARY) + 2) + CANARY
        scan_at = plain.rfind(b"\xff\xda")  # behind others
        data = plain[:20] + segment + plain[20:scan_at] + segment + plain[scan_at:]
        assert data.count(CANARY) == 2
        assert CANARY not in clean_image(data, "jpeg", max_pixels=MAX)

    @pytest.mark.parametrize(
        "name", [b"tEXt", b"tIME", b"hIST", b"sPLT", b"pHYs", b"caBX", b"iDOT", b"PLTE", b"bKGD"]
    )
    def test_in_a_chunk_of_a_png(self, name: bytes) -> None:
        plain = saved(pictures.pixels(), "PNG")
        data = plain[:33] + chunk(name, CANARY + bytes(5)) + plain[33:]
        assert CANARY not in clean_image(data, "png", max_pixels=MAX)

    def test_in_the_palette_of_a_png(self) -> None:
        image = Image.new("P", (8, 8), 0)
        image.putpalette(bytes(3) + (CANARY * 60)[:765])
        made = clean_image(saved(image, "PNG"), "png", max_pixels=MAX)
        assert CANARY in saved(image, "PNG")
        assert CANARY not in made

    def test_in_the_rows_below_the_last(self) -> None:
        data = saved(Image.new("L", (8, 8)), "PNG")
        at = data.index(b"IDAT")
        (n_bytes,) = struct.unpack_from(">I", data, at - 4)
        rows = zlib.decompress(data[at + 4 : at + 4 + n_bytes]) + CANARY * 9
        more = data[: at - 4] + chunk(b"IDAT", zlib.compress(rows, 0)) + data[at + 8 + n_bytes :]
        assert CANARY in more
        assert CANARY not in clean_image(more, "png", max_pixels=MAX)

    def test_in_another_picture_of_a_tiff(self) -> None:
        inner = pictures.pixels((16, 16))
        data = saved(pictures.pixels(), "TIFF", save_all=True, append_images=[inner])
        assert fault_of(lambda: clean(data, "tiff")) is Fault.SEVERAL_PAGES
