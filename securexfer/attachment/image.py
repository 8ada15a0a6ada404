"""Images, made anew: the pixels and nothing else.

What is not pixels is dropped, not searched: EXIF and the position in it, XMP, IPTC, comments,
colour profiles (after their colours were converted to sRGB), thumbnails, whatever lies behind the
end. A new file is written from the pixels alone, turned as EXIF said it should be shown.
"""

from __future__ import annotations

import io
import warnings

# The three decoders that are let near a file; others are not even loaded. That of HEIC is loaded
# where a recipe asks for it.
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.recipe.field import FileKind

# What Pillow calls what begins so. Telephones write MPO: a JPEG with another one behind it.
_FORMATS: dict[str, FileKind] = {
    "JPEG": "jpeg",
    "MPO": "jpeg",
    "PNG": "png",
    "TIFF": "tiff",
    "HEIF": "heic",
}
_DECODERS: list[str] = [
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        TiffImagePlugin.TiffImageFile,
    )
]
QUALITY = 90
# As EXIF says that a picture is to be turned before it is shown.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What becomes pixels of 8 bits without a loss that is seen; measures of 32 bits do not.
_OPAQUE = frozenset(("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "LAB"))
_WITH_ALPHA = frozenset(("LA", "PA", "RGBA", "RGBa"))
_OF_16_BITS = "I;16"
# On damaged metadata, which is dropped anyway; and nobody should wonder what it is about.
warnings.filterwarnings("ignore", module=r"PIL\.")
# Our own limit is asked before anything is decoded; the library's would only warn.
Image.MAX_IMAGE_PIXELS = None


def clean_image(
    data: bytes, kind: FileKind, *, max_pixels: int, resize: int | None = None
) -> bytes:
    """The same picture in a new file of the same kind; of HEIC, in a JPEG.

    Args:
        data: the file.
        kind: what its name says that it is.
        max_pixels: width by height; more is refused before it is decoded.
        resize: the longer side is made no longer than so many pixels.

    Raises:
        UnfitError: if it is no such picture, or is damaged or too large.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_decoders(kind))
    except MemoryError:
        raise
    except Exception:
        raise UnfitError(Fault.MISNAMED) from None
    with image:
        if _FORMATS.get(image.format or "") != kind:
            raise UnfitError(Fault.MISNAMED)
        if image.width * image.height > max_pixels:
            raise UnfitError(Fault.TOO_MANY_PIXELS)
        return _encode(_draw(*_decode(image, kind, resize), resize), kind)


def _decoders(kind: FileKind) -> list[str]:
    if kind != "heic":
        return _DECODERS
    import pillow_heif

    # The picture itself: not those that it carries along.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return ["HEIF"]


def _decode(
    image: Image.Image, kind: FileKind, resize: int | None
) -> tuple[Image.Image, bytes | None]:
    """The decoded pixels, turned the right way round, and the colour profile, if there is one."""
    try:
        # A telephone's JPEG has others behind it, which are not decoded.
        n_frames = 1 if kind == "jpeg" else getattr(image, "n_frames", 1)
        if resize and n_frames == 1:
            image.draft("RGB", (resize, resize))  # a JPEG need not be decoded at its full size
        if n_frames == 1:
            image.load()
            return _turn(image), image.info.get("icc_profile")
    except MemoryError:
        raise
    # Each decoder raises what it likes on bytes that it can't read.
    except Exception:
        raise UnfitError(Fault.DAMAGED) from None
    raise UnfitError(Fault.SEVERAL_PAGES)


def _turn(image: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except MemoryError:
        raise
    # What nobody can read turns nothing, here as in what shows pictures.
    except Exception:
        return image
    return image if turn is None else image.transpose(turn)


def _draw(turned: Image.Image, profile: bytes | None, resize: int | None) -> Image.Image:
    """The pixels in a new image that has never had anything else."""
    if turned.mode.startswith(_OF_16_BITS):
        turned = _halve(turned)
    pixels, mode = turned, _mode_of(turned)
    if profile:
        # A palette or a grey with transparency has no profile of its own shape.
        as_it_is = turned if turned.mode == "CMYK" else turned.convert(mode)
        pixels = _to_srgb(as_it_is, profile)
        mode = pixels.mode
    pixels = pixels if pixels.mode == mode else pixels.convert(mode)
    if resize and max(pixels.size) > resize:
        pixels.thumbnail((resize, resize))
    if mode == "RGBA":
        pixels = _without_hidden(pixels)
    return Image.frombytes(mode, pixels.size, pixels.tobytes())


def _without_hidden(image: Image.Image) -> Image.Image:
    """As much colour as is seen: under what is transparent can be another picture.

    Colours are multiplied by how far they are seen and divided again, in whole numbers.
    """
    return image.convert("RGBa").convert("RGBA")


def _halve(image: Image.Image) -> Image.Image:
    """A grey of 16 bits in 8; converted as it is, all of it would be white."""
    if "transparency" in image.info:
        raise UnfitError(Fault.NOT_ANEW)
    return image.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")


def _mode_of(image: Image.Image) -> str:
    if image.mode in _WITH_ALPHA or (image.mode in _OPAQUE and "transparency" in image.info):
        return "RGBA"
    if image.mode not in _OPAQUE:
        raise UnfitError(Fault.NOT_ANEW)
    return "L" if image.mode in ("1", "L") else "RGB"


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        converted = None  # a broken profile: the colours as they are
    return converted if converted is not None else image.convert(mode)


def _encode(image: Image.Image, kind: FileKind) -> bytes:
    target = io.BytesIO()
    if kind in ("jpeg", "heic"):
        _flatten(image).save(target, "JPEG", quality=QUALITY)
    elif kind == "png":
        image.save(target, "PNG", compress_level=3)
    else:
        image.save(target, "TIFF", compression="tiff_adobe_deflate")
    return target.getvalue()


def _flatten(image: Image.Image) -> Image.Image:
    """On white, as on paper: what was transparent must not come to light."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
