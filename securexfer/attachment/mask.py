"""Mask: what of a picture in a document lies under a mask that lets nothing through.

A picture whose background was removed often has it still (ISO 32000-2, 8.9.6 and 11.6.5.2).
"""

from __future__ import annotations

import io

from pikepdf import Name, Stream
from PIL import Image, ImageFilter, ImageOps

from securexfer.attachment.value import Value, member

# What is cleared are whole blocks: programs smooth what they draw, and a JPEG is coded in these.
_BLOCK = 16
_WHOLLY = 255
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def hidden_by(mask: Stream, size: tuple[int, int]) -> Image.Image | None:
    """Blocks of a picture that a mask hides wholly, white on black.

    Args:
        mask: as it was made anew.
        size: of the picture.

    Returns:
        As large as the picture; None if it can't be known, or there are none.
    """
    samples = _samples(mask)
    if samples is None or "/Matte" in mask:
        return None
    decode = [int(end) for end in member(mask, "Decode") or (0, 1)]
    if decode not in ([0, 1], [1, 0]):
        return None
    # A soft mask lets through what is white; a mask of one bit, what is 0.
    if ("/ImageMask" in mask and bool(mask.ImageMask)) == (decode == [1, 0]):
        samples = ImageOps.invert(samples)
    hidden = samples.point(lambda sample: _WHOLLY if sample == _WHOLLY else 0)
    across, down = (-(-side // _BLOCK) for side in size)
    parts = hidden.resize(size, Image.Resampling.BOX).reduce(_BLOCK)
    whole = parts.point(lambda part: _WHOLLY if part == _WHOLLY else 0)
    if not whole.getbbox():
        return None
    blocks = whole.resize((across * _BLOCK, down * _BLOCK), Image.Resampling.NEAREST)
    # The pixel beside one that is seen may be mixed into it.
    return blocks.crop((0, 0, *size)).filter(ImageFilter.MinFilter(3))


def clear(image: Image.Image, hidden: Image.Image) -> None:
    """Take away what is hidden of a picture."""
    image.paste(0 if image.mode == "L" else (0,) * len(image.getbands()), mask=hidden)


def clear_samples(pixels: bytes, n_parts: int, hidden: Image.Image) -> bytes:
    """The same of samples of eight bits, so many for a pixel."""
    mode = _MODES.get(n_parts)
    if mode is None:
        return pixels
    image = Image.frombytes(mode, hidden.size, pixels)
    clear(image, hidden)
    return image.tobytes()


def _samples(mask: Value) -> Image.Image | None:
    size = int(mask.Width), int(mask.Height)
    is_bits = "/ImageMask" in mask and bool(mask.ImageMask)
    if not is_bits and member(mask, "ColorSpace") != Name.DeviceGray:
        return None
    if member(mask, "Filter") == Name.DCTDecode:
        return Image.open(io.BytesIO(mask.read_raw_bytes())).convert("L")
    if mask.BitsPerComponent in (1, 8):
        mode = "1" if mask.BitsPerComponent == 1 else "L"
        return Image.frombytes(mode, size, mask.read_bytes()).convert("L")
    return None
