"""Pictures with everything in them that must not leave: a canary in each place for metadata."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

CANARY = b"CANARY-7f3e9b"
_TEXT = CANARY.decode()


def pixels(size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    """A gradient, so that turning it shows."""
    width, height = size
    image = Image.new("RGB", size)
    image.putdata(
        [(x * 255 // width, y * 255 // height, 90) for y in range(height) for x in range(width)]
    )
    return image.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    """Who, when, with what, and where."""
    tags = Image.Exif()
    tags[0x010E] = _TEXT  # description
    tags[0x010F] = _TEXT  # make
    tags[0x0112] = orientation
    tags[0x013B] = _TEXT  # artist
    tags[0x9286] = b"ASCII\0\0\0" + CANARY  # user comment
    tags.get_ifd(0x8825).update(
        {1: "N", 2: (51.0, 30.0, 26.0), 3: "W", 4: (0.0, 7.0, 39.0), 29: _TEXT}
    )
    return tags


def profile() -> bytes:
    """A colour profile whose description is a canary."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    place = data.find("sRGB".encode("utf-16-be"))
    text = _TEXT[:4].encode("utf-16-be")
    if place >= 0:
        data[place : place + len(text)] = text
    return bytes(data)


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def jpeg(orientation: int = 1, mode: str = "RGB", size: tuple[int, int] = (96, 64)) -> bytes:
    """EXIF, a position, XMP, IPTC, a comment, a profile, an own segment, and more at its end."""
    made = io.BytesIO()
    pixels(size, mode).save(
        made,
        "JPEG",
        quality=92,
        exif=exif(orientation),
        comment=CANARY,
        icc_profile=profile() if mode == "RGB" else None,
    )
    data = made.getvalue()
    xmp = (
        b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><dc:creator>"
        + CANARY
        + b"</dc:creator></x:xmpmeta>"
    )
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(CANARY) + 5)
    iptc += b"\x1c\x02\x50" + struct.pack(">H", len(CANARY)) + CANARY
    more = (
        _segment(0xE1, xmp) + _segment(0xED, iptc) + _segment(0xEB, CANARY) + _segment(0xFE, CANARY)
    )
    return data[:2] + more + data[2:] + CANARY


def png(mode: str = "RGBA") -> bytes:
    """tEXt, zTXt, iTXt, EXIF, XMP, a time, a chunk of nobody's, and more at its end."""
    made = io.BytesIO()
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", _TEXT)
    texts.add_text("Comment", _TEXT, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{_TEXT}</x:xmpmeta>")
    pixels(mode=mode).save(made, "PNG", pnginfo=texts, exif=exif(), icc_profile=profile())
    data = made.getvalue()
    chunk = b"prVt" + CANARY
    extra = struct.pack(">I", len(CANARY)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:-12] + extra + data[-12:] + CANARY


def tiff(mode: str = "RGB") -> bytes:
    """Description, artist, host, XMP, IPTC, and more at its end."""
    made = io.BytesIO()
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number in (270, 305, 315, 316, 33432):
        tags[number] = _TEXT
    tags[700] = b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>"
    tags[33723] = CANARY
    pixels(mode=mode).save(made, "TIFF", tiffinfo=tags, icc_profile=profile())
    return made.getvalue() + CANARY


def thumbnail() -> bytes:
    """A JPEG with another JPEG as its thumbnail, which has a canary of its own."""
    inner = io.BytesIO()
    pixels((16, 16)).save(inner, "JPEG", comment=CANARY)
    made = io.BytesIO()
    pixels().save(made, "JPEG")
    data = made.getvalue()
    jfxx = _segment(0xE0, b"JFXX\0\x10" + inner.getvalue())
    return data[:2] + jfxx + data[2:]


def heic(orientation: int = 1, mode: str = "RGB") -> bytes:
    """EXIF, a position, XMP, a profile, a box of nobody's, and more at its end."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    made = io.BytesIO()
    pixels(mode=mode).save(
        made,
        "HEIF",
        quality=-1,
        exif=exif(orientation).tobytes(),
        xmp=b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>",
        icc_profile=profile() if mode == "RGB" else None,
    )
    box = struct.pack(">I", 8 + len(CANARY)) + b"free" + CANARY
    return made.getvalue() + box + CANARY


def several() -> bytes:
    """A JPEG with a second picture behind it, as telephones make them."""
    made = io.BytesIO()
    pixels().save(made, "MPO", save_all=True, append_images=[pixels((32, 32))], comment=CANARY)
    return made.getvalue()


ALL: dict[str, tuple[str, Callable[[], bytes]]] = {
    "jpeg": ("jpeg", jpeg),
    "jpeg, grey": ("jpeg", lambda: jpeg(mode="L")),
    "jpeg, for print": ("jpeg", lambda: jpeg(mode="CMYK")),
    "jpeg with a thumbnail": ("jpeg", thumbnail),
    "jpeg with another behind it": ("jpeg", several),
    "png": ("png", png),
    "png, of a palette": ("png", lambda: png("P")),
    "png, grey": ("png", lambda: png("L")),
    "png, black and white": ("png", lambda: png("1")),
    "tiff": ("tiff", tiff),
    "tiff, for print": ("tiff", lambda: tiff("CMYK")),
    "tiff, grey": ("tiff", lambda: tiff("L")),
    "heic": ("heic", heic),
    "heic, with transparency": ("heic", lambda: heic(mode="RGBA")),
    "heic, grey": ("heic", lambda: heic(mode="L")),
}
