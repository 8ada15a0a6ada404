"""Pictures within a PDF document, made anew (ISO 32000-2, 8.9): their pixels and nothing else.

A JPEG in it is decoded and encoded, as one that is attached by itself; all else is unpacked, cut to
what its size takes, and packed again.
"""

from __future__ import annotations

import io

from pikepdf import Array, Dictionary, Name, Pdf, Stream, StreamDecodeLevel
from PIL import Image, JpegImagePlugin

from securexfer.attachment.colour import space
from securexfer.attachment.drawing import INTENTS
from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.image import QUALITY
from securexfer.attachment.value import Value, member, number, numbers, refuse, take, word

_MAX_FILTERS = 4
_PACKED = frozenset(
    ("FlateDecode", "LZWDecode", "ASCII85Decode", "ASCIIHexDecode", "RunLengthDecode")
)
_JPEG = ("DCTDecode", "DCT")
_BITS = (1, 2, 4, 8, 16)
_N_OF_MODE = {"L": 1, "RGB": 3, "CMYK": 4}


def picture(image: Value, source: Pdf, target: Pdf, max_pixels: int) -> Stream:
    """A picture in a new document.

    Args:
        image: with its own space of colour, not the name of one.
        source: the document that it is in.
        target: the new one.
        max_pixels: width by height; more is refused before it is unpacked.

    Raises:
        UnfitError: if it is too large, damaged, or packed in a way that can't be made anew.
    """
    if not isinstance(image, Stream) or "/OC" in image:
        refuse()
    width, height = (int(number(member(image, key))) for key in ("Width", "Height"))
    if width < 1 or height < 1:
        raise UnfitError(Fault.DAMAGED)
    if width * height > max_pixels:
        raise UnfitError(Fault.TOO_MANY_PIXELS)
    is_mask = bool(member(image, "ImageMask") or False)
    colours, n_colours = None, 1
    if not is_mask:
        colours, n_colours = space(member(image, "ColorSpace") or refuse(), target)
    filters = _filters(image)
    if filters and filters[-1] in _JPEG:
        pixels, width, height = _jpeg(image, source, filters, n_colours, max_pixels)
        made = Stream(target, pixels, Filter=Name.DCTDecode, BitsPerComponent=8)
    else:
        n_bits = 1 if is_mask else int(number(member(image, "BitsPerComponent")))
        if n_bits not in _BITS or not set(filters) <= _PACKED:
            refuse()
        n_row_bits = width * n_bits * n_colours
        n_bytes = (n_row_bits + 7) // 8 * height
        pixels = image.read_bytes(decode_level=StreamDecodeLevel.specialized)
        if len(pixels) < n_bytes:
            raise UnfitError(Fault.DAMAGED)
        rows = _without_spare_bits(pixels[:n_bytes], n_row_bits)
        made = Stream(target, rows, BitsPerComponent=n_bits)
    made.Type, made.Subtype = Name.XObject, Name.Image
    made.Width, made.Height = width, height
    if colours is not None:
        made.ColorSpace = colours
    take(image, made, many="Decode Matte", truths="ImageMask Interpolate")
    if (intent := member(image, "Intent")) is not None:
        made.Intent = word(intent, INTENTS)
    _add_masks(image, made, source, target, max_pixels)
    return made


def _add_masks(image: Value, made: Stream, source: Pdf, target: Pdf, max_pixels: int) -> None:
    for key in ("Mask", "SMask"):
        mask = member(image, key)
        if isinstance(mask, Array):
            made["/" + key] = numbers(mask)
        elif mask is not None:
            # A mask has none of its own, so that this comes to an end.
            if "/Mask" in mask or "/SMask" in mask:
                refuse()
            made["/" + key] = picture(mask, source, target, max_pixels)


def _without_spare_bits(pixels: bytes, n_row_bits: int) -> bytes:
    """Rows of whole bytes, and in what fills up the last byte of each, nothing."""
    n_spare = -n_row_bits % 8
    if not n_spare:
        return pixels
    rows, last = bytearray(pixels), slice((n_row_bits - 1) // 8, None, (n_row_bits + 7) // 8)
    rows[last] = bytes(byte >> n_spare << n_spare for byte in rows[last])
    return bytes(rows)


def _filters(image: Value) -> list[str]:
    value = member(image, "Filter")
    if value is None:
        return []
    names = list(value) if isinstance(value, Array) else [value]
    if len(names) > _MAX_FILTERS or not all(isinstance(name, Name) for name in names):
        refuse()
    return [str(name)[1:] for name in names]


def _jpeg(
    image: Value, source: Pdf, filters: list[str], n_colours: int, max_pixels: int
) -> tuple[bytes, int, int]:
    data = image.read_raw_bytes()
    parms = member(image, "DecodeParms")
    each = list(parms) if isinstance(parms, Array) else [parms] * (parms is not None)
    if any(isinstance(one, Dictionary) and "/ColorTransform" in one for one in each):
        refuse()  # how its colours are coded, said from outside
    if len(filters) > 1:
        if not set(filters[:-1]) <= _PACKED:
            refuse()
        names = Array([Name("/" + name) for name in filters[:-1]])
        wrapped = Stream(source, data, Filter=names)
        if each:
            wrapped.DecodeParms = Array(each[:-1])
        data = wrapped.read_bytes(decode_level=StreamDecodeLevel.specialized)
    with Image.open(io.BytesIO(data), formats=[JpegImagePlugin.JpegImageFile.format]) as jpeg:
        if jpeg.width * jpeg.height > max_pixels:
            raise UnfitError(Fault.TOO_MANY_PIXELS)
        # Of four colours without Adobe's mark, nobody can tell which way round they are.
        if _N_OF_MODE.get(jpeg.mode) != n_colours or (n_colours == 4 and "adobe" not in jpeg.info):
            refuse()
        jpeg.load()
        pixels = Image.frombytes(jpeg.mode, jpeg.size, jpeg.tobytes())
    made = io.BytesIO()
    pixels.save(made, "JPEG", quality=QUALITY)
    return made.getvalue(), *pixels.size
