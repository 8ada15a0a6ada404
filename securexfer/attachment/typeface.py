"""Typefaces: the programs in which a document's fonts keep the shapes of letters.

They are taken over without what they say in words: who made them and when, whose they are, how
they may be used. What each is called stays, and what its maker may have hidden in a shape.
"""

from __future__ import annotations

import re
import struct

from securexfer.attachment.compact import compact
from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import refuse

# Tables of TrueType and OpenType (ISO/IEC 14496-22) that drawing takes.
_TABLES = frozenset(
    (
        *(b"cvt ", b"fpgm", b"prep", b"head", b"hhea", b"maxp", b"hmtx", b"cmap", b"loca"),
        *(b"glyf", b"post", b"CFF ", b"vhea", b"vmtx", b"VORG"),
    )
)
_SFNT = (b"\0\1\0\0", b"true", b"OTTO")
_TYPE_1 = b"%!"
# Of `head`, a sum over the old file, and when it was made and changed.
_SUM, _TIMES = slice(8, 12), slice(20, 36)
# Of `post`, what is not names of letters, behind a version that has none.
_WITHOUT_NAMES, _NO_NAMES = slice(4, 32), b"\0\3\0\0"
# Of PostScript, what is no text, in letters or digits, and no comment; these; the inside of a text.
_PROGRAM = re.compile(rb"(?:[^%(<]|<(?![0-9A-Fa-f\s]*>))+")
_ASIDE = re.compile(rb"%[^\r\n]*|<[^>]*>")
_WORDS = re.compile(rb"(?:[^()\\]|\\.)+", re.DOTALL)
# Where the encrypted part begins, and what lies behind it: nothing that draws.
_ENCRYPTED, _ZEROS = re.compile(rb"currentfile\s+eexec\b"), re.compile(rb"\s*0{32}")
_TYPE_1_HEAD = b"%!PS-AdobeFont-1.0"


def tables_only(program: bytes, *, with_names: bool = True) -> bytes:
    """A TrueType or OpenType file, of the tables that drawing takes.

    Args:
        program: the file.
        with_names: of the letters, which a font of single bytes may be asked for.

    Raises:
        UnfitError: if it is no such file, or is damaged.
        IndexError, struct.error: if it is cut off.
    """
    if not program.startswith(_SFNT):
        refuse()
    tables: dict[bytes, bytes] = {}
    for at in range(struct.unpack_from(">H", program, 4)[0]):
        tag, _, offset, n_bytes = struct.unpack_from(">4s3L", program, 12 + 16 * at)
        if tag in tables:
            raise UnfitError(Fault.DAMAGED)
        if tag in _TABLES:
            tables[tag] = program[offset : offset + n_bytes]
            if len(tables[tag]) != n_bytes:
                raise UnfitError(Fault.DAMAGED)
    if head := tables.get(b"head"):
        told = bytearray(head)
        told[_SUM], told[_TIMES] = bytes(4), bytes(16)
        tables[b"head"] = bytes(told)
    if (post := tables.get(b"post")) and not with_names:
        tables[b"post"] = _NO_NAMES + post[_WITHOUT_NAMES]
    if outlines := tables.get(b"CFF "):
        tables[b"CFF "] = compact(outlines)
    return _join(tables, program[:4])


def _join(tables: dict[bytes, bytes], version: bytes) -> bytes:
    n_tables = len(tables)
    power = max(n_tables, 1).bit_length() - 1
    search = 16 * 2**power
    records = [version, struct.pack(">4H", n_tables, search, power, 16 * n_tables - search)]
    offset, bodies = 12 + 16 * n_tables, []
    for tag, table in tables.items():
        filled = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(filled) // 4}L", filled)) % 2**32
        records.append(struct.pack(">4s3L", tag, checksum, offset, len(table)))
        bodies.append(filled)
        offset += len(filled)
    return b"".join([*records, *bodies])


def type_1(program: bytes, lengths: list[int]) -> tuple[bytes, list[int]]:
    """A Type 1 program without the comments and texts of its part in clear.

    Args:
        program: PostScript.
        lengths: three, of the part in clear, of the encrypted one, and of what ends it. Where the
            first one ends is seen in the program, whatever is said of it.

    Returns:
        The program, and the new lengths. What ends it is left out, as it always says the same.

    Raises:
        UnfitError: if it is none.
    """
    if not program.startswith(_TYPE_1) or min(lengths) < 0:
        refuse()
    clear, at = _clear(program)
    end, tail = sum(lengths), sum(lengths[:2])
    if _ZEROS.match(program, tail):
        end = tail
    encrypted = program[at:end]
    return clear + encrypted, [len(clear), len(encrypted), 0]


def _clear(program: bytes) -> tuple[bytes, int]:
    """The part in clear without its words, and where it ended."""
    kept, depth, at = [_TYPE_1_HEAD], 0, 0
    while at < len(program):
        sign = program[at : at + 1]
        if sign == b"(" or (sign == b")" and depth):
            kept += [b"()"] * (depth == 0)
            depth += 1 if sign == b"(" else -1
            at += 1
            continue
        piece = (_WORDS if depth else _PROGRAM).match(program, at)
        if piece is None:
            # A comment, or a text in digits; a text that never ends is none.
            piece = _ASIDE.match(program, at) or refuse()
        elif not depth:
            if end := _ENCRYPTED.search(piece.group()):
                return b"".join([*kept, piece.group()[: end.end()]]), at + end.end()
            kept.append(piece.group())
        at = piece.end()
    raise UnfitError(Fault.NOT_ANEW)
