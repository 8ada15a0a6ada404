"""Pictures within a PDF document, made anew (ISO 32000-2, 8.9): their pixels and nothing else.

A JPEG in it is decoded and encoded, as one that is attached by itself; all else is unpacked, cut to
what its size takes, and packed again. What nobody sees of it, as it was cropped, is cut off; what a
mask hides is cleared.
"""

from __future__ import annotations

import io

from pikepdf import Array, Dictionary, Name, Pdf, Stream, StreamDecodeLevel
from PIL import Image, JpegImagePlugin

from securexfer.attachment.colour import INTENTS, space
from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.fax import FAX, unpack_fax
from securexfer.attachment.image import QUALITY
from securexfer.attachment.mask import clear, clear_samples, hidden_by
from securexfer.attachment.value import Value, member, number, numbers, refuse, take, word
from securexfer.attachment.window import Box, Pixels, pixels_of

_MAX_FILTERS = 4
_PACKED = frozenset(
    ("FlateDecode", "LZWDecode", "ASCII85Decode", "ASCIIHexDecode", "RunLengthDecode")
)
_JPEG = ("DCTDecode", "DCT")
_MASKS = ("Mask", "SMask")
_BITS, _BYTE = (1, 2, 4, 8, 16), 8
_N_OF_MODE = {"L": 1, "RGB": 3, "CMYK": 4}


def cut_of(image: Value, seen: Box | None) -> Pixels | None:
    """What has to be kept of a picture of whose unit square so much is seen; None for all of it."""
    if seen is None or not isinstance(image, Stream):
        return None
    size = size_of(image)
    masks = [mask for key in _MASKS if isinstance(mask := member(image, key), Stream)]
    # With a mask of another size, the two would not fit to a pixel.
    if any(size_of(mask) != size for mask in masks):
        return None
    cut = pixels_of(seen, *size)
    return cut if cut != Pixels(0, 0, *size) else None


def picture(
    image: Value, source: Pdf, target: Pdf, max_pixels: int, cut: Pixels | None = None
) -> Stream:
    """A picture in a new document.

    Args:
        image: with its own space of colour, not the name of one.
        source: the document that it is in.
        target: the new one.
        max_pixels: width by height; more is refused before it is unpacked.
        cut: what is kept of it; None for all.

    Raises:
        UnfitError: if it is too large, damaged, or packed in a way that can't be made anew.
    """
    if not isinstance(image, Stream) or "/OC" in image:
        refuse()
    width, height = size_of(image)
    if width * height > max_pixels:
        raise UnfitError(Fault.TOO_MANY_PIXELS)
    is_mask = bool(member(image, "ImageMask") or False)
    colours, n_colours = None, 1
    if not is_mask:
        colours, n_colours = space(member(image, "ColorSpace") or refuse(), target)
    filters, kept = _filters(image), cut or Pixels(0, 0, width, height)
    masks = {
        key: picture(_mask(mask), source, target, max_pixels, cut)
        for key in _MASKS
        if (mask := member(image, key)) is not None and not isinstance(mask, Array)
    }
    hidden = [one for mask in masks.values() if (one := hidden_by(mask, kept.size)) is not None]
    colour_key = member(image, "Mask")
    is_indexed = isinstance(colours, Array) and colours[0] == Name.Indexed
    if filters and filters[-1] in _JPEG:
        # Encoded anew, a number that stands for a colour, or for none, would be another.
        if isinstance(colour_key, Array) or is_indexed:
            refuse()
        pixels = _jpeg(image, source, filters, n_colours, kept, hidden)
        made = Stream(target, pixels, Filter=Name.DCTDecode, BitsPerComponent=8)
    else:
        n_bits = 1 if is_mask else int(number(member(image, "BitsPerComponent")))
        is_fax = n_bits * n_colours == 1 and len(filters) == 1 and filters[0] in FAX
        if n_bits not in _BITS or not (is_fax or set(filters) <= _PACKED):
            refuse()
        n_row_bytes = (width * n_bits * n_colours + 7) // 8
        n_bytes = n_row_bytes * height
        pixels = (
            unpack_fax(image, width, height)
            if is_fax
            else image.read_bytes(decode_level=StreamDecodeLevel.specialized)
        )
        if len(pixels) < n_bytes:
            raise UnfitError(Fault.DAMAGED)
        rows = _cut_rows(pixels, n_row_bytes, n_bits * n_colours, kept)
        for one in hidden if n_bits == _BYTE else ():
            rows = clear_samples(rows, n_colours, one)
        made = Stream(target, rows, BitsPerComponent=n_bits)
    made.Type, made.Subtype = Name.XObject, Name.Image
    made.Width, made.Height = kept.size
    if colours is not None:
        made.ColorSpace = colours
    take(image, made, many="Decode Matte", truths="ImageMask Interpolate")
    if (intent := member(image, "Intent")) is not None:
        made.Intent = word(intent, INTENTS)
    for key, mask in masks.items():
        made["/" + key] = mask
    if isinstance(colour_key, Array):
        made.Mask = numbers(colour_key)
    return made


def _mask(mask: Value) -> Value:
    # It has none of its own, so that this comes to an end.
    if "/Mask" in mask or "/SMask" in mask:
        refuse()
    return mask


def size_of(image: Value) -> tuple[int, int]:
    """Width and height, as a document says.

    Raises:
        UnfitError: if it has none.
    """
    width, height = (int(number(member(image, key))) for key in ("Width", "Height"))
    if width < 1 or height < 1:
        raise UnfitError(Fault.DAMAGED)
    return width, height


def _cut_rows(pixels: bytes, n_row_bytes: int, n_bits: int, kept: Pixels) -> bytes:
    """Rows of whole bytes, and in what fills up the last byte of each, nothing."""
    first, n_kept_bits = kept.left * n_bits // 8, (kept.right - kept.left) * n_bits
    n_kept, n_spare = (n_kept_bits + 7) // 8, -n_kept_bits % 8
    starts = (row * n_row_bytes + first for row in range(kept.top, kept.bottom))
    rows = bytearray().join(pixels[start : start + n_kept] for start in starts)
    if n_spare:
        last = slice(n_kept - 1, None, n_kept)
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
    image: Value,
    source: Pdf,
    filters: list[str],
    n_colours: int,
    kept: Pixels,
    hidden: list[Image.Image],
) -> bytes:
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
        if jpeg.size != size_of(image):
            refuse()
        # Of four colours without Adobe's mark, nobody can tell which way round they are.
        if _N_OF_MODE.get(jpeg.mode) != n_colours or (n_colours == 4 and "adobe" not in jpeg.info):
            refuse()
        seen = jpeg.crop((kept.left, kept.top, kept.right, kept.bottom))
        pixels = Image.frombytes(seen.mode, seen.size, seen.tobytes())
    for one in hidden:
        clear(pixels, one)
    made = io.BytesIO()
    pixels.save(made, "JPEG", quality=QUALITY)
    return made.getvalue()
