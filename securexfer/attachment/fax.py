"""Fax: pictures of bits in a PDF document, packed as scanners pack them (ITU-T T.6, Group 4).

The reader of TIFF unpacks them (ISO 32000-2, 7.4.6): what a document says of them is what a TIFF
says, in other words.
"""

from __future__ import annotations

import io
import struct

from pikepdf import Array, Dictionary, Stream
from PIL import Image, ImageChops, TiffImagePlugin

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import member, number, refuse

FAX = ("CCITTFaxDecode", "CCF")
# Without a word, rows are as long as those of a sheet of paper.
_COLUMNS = 1728
# TIFF 6.0: a header, and a directory of entries: number, kind, how many, value.
_HEAD, _ENTRY, _SHORT, _LONG = struct.Struct("<2sHIH"), struct.Struct("<HHII"), 3, 4
_WIDTH, _HEIGHT, _BITS, _PACKING, _MEANING, _PLACE, _ROWS, _SIZE = (
    *(256, 257, 258, 259),
    *(262, 273, 278, 279),
)
_GROUP_4 = 4


def unpack_fax(image: Stream, width: int, height: int) -> bytes:
    """The rows of a picture, each of whole bytes.

    Args:
        image: packed so and not otherwise.
        width, height: as the document says.

    Raises:
        UnfitError: if it is of an older kind, or is damaged.
        OSError: likewise.
    """
    parms = member(image, "DecodeParms")
    said = parms[0] if isinstance(parms, Array) and len(parms) == 1 else parms
    # Group 3 has other ways to end, and to go on after a fault.
    if not isinstance(said, Dictionary) or number(member(said, "K") or 0) >= 0:
        refuse()
    if member(said, "EncodedByteAlign") or number(member(said, "Columns") or _COLUMNS) != width:
        refuse()
    data = image.read_raw_bytes()
    is_black_1 = bool(member(said, "BlackIs1") or False)
    with _open(_wrap(data, width, height, is_black_1=is_black_1)) as bits:
        # Its reader goes on after a fault, and guesses. There is one way to pack a picture.
        if _pack(bits, is_black_1=is_black_1) != data.rstrip(b"\0"):
            raise UnfitError(Fault.DAMAGED)
        return bits.tobytes()


def _open(data: bytes) -> TiffImagePlugin.TiffImageFile:
    tiff = Image.open(io.BytesIO(data), formats=[TiffImagePlugin.TiffImageFile.format])
    return tiff if isinstance(tiff, TiffImagePlugin.TiffImageFile) else refuse()


def _pack(bits: Image.Image, *, is_black_1: bool) -> bytes:
    """The same picture packed so, without the zeros that fill up its last byte."""
    made = io.BytesIO()
    # Black is 0 in a TIFF of Pillow's.
    fax = bits if is_black_1 else ImageChops.invert(bits)
    fax.save(made, "TIFF", compression="group4", strip_size=bits.width * bits.height)
    with _open(made.getvalue()) as tiff:
        (place,), (n_bytes,) = tiff.tag_v2[_PLACE], tiff.tag_v2[_SIZE]
    return made.getvalue()[place : place + n_bytes].rstrip(b"\0")


def _wrap(data: bytes, width: int, height: int, *, is_black_1: bool) -> bytes:
    """As a TIFF of one strip."""
    entries = [
        *((_WIDTH, _LONG, width), (_HEIGHT, _LONG, height), (_BITS, _SHORT, 1)),
        *((_PACKING, _SHORT, _GROUP_4), (_MEANING, _SHORT, int(is_black_1))),
        *((_PLACE, _LONG, 0), (_ROWS, _LONG, height), (_SIZE, _LONG, len(data))),
    ]
    place = _HEAD.size + len(entries) * _ENTRY.size + 4
    parts = [_HEAD.pack(b"II", 42, 8, len(entries))]
    for key, kind, value in entries:
        parts.append(_ENTRY.pack(key, kind, 1, place if key == _PLACE else value))
    return b"".join([*parts, bytes(4), data])
