"""Fonts of a PDF document, made anew (ISO 32000-2, 9.5 to 9.10).

The shapes of letters are taken over. Of a TrueType or OpenType file, only the tables that drawing
takes: what it says of its makers and of its licence stays behind. A Type 1 or bare CFF program can
hold a notice of its makers, which stays in it.
"""

from __future__ import annotations

import re
import struct

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import (
    Value,
    content_of,
    kind_of,
    member,
    number,
    numbers,
    refuse,
    take,
    word,
)

SIMPLE = frozenset(("Type1", "MMType1", "TrueType"))
_ENCODINGS = frozenset(
    ("StandardEncoding", "MacRomanEncoding", "WinAnsiEncoding", "MacExpertEncoding")
)
_CMAP = re.compile(r"/[A-Za-z0-9-]{1,40}")
_ORDERINGS = frozenset(
    (b"Identity", b"UCS", b"Japan1", b"GB1", b"CNS1", b"Korea1", b"KR", b"Manga1")
)
_TABLES = frozenset(
    (
        *(b"cvt ", b"fpgm", b"prep", b"head", b"hhea", b"maxp", b"hmtx", b"cmap", b"loca"),
        *(b"glyf", b"post", b"CFF ", b"vhea", b"vmtx", b"VORG"),
    )
)
_SFNT = (b"\0\1\0\0", b"true", b"OTTO")
_PROGRAMS = {"FontFile": (), "FontFile2": (), "FontFile3": ("Type1C", "CIDFontType0C", "OpenType")}
_SECTION = re.compile(rb"begin(codespacerange|bfchar|bfrange)\b(.*?)end\1\b", re.DOTALL)
_CODE = re.compile(rb"<[0-9A-Fa-f\s]*>|[\[\]]")
_CMAP_HEAD = (
    b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    b"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
)
_CMAP_END = b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"


def simple_font(font: Value, target: Pdf) -> Dictionary:
    """A font whose characters are single bytes.

    Raises:
        UnfitError: if it has a part that can't be made anew.
    """
    made = Dictionary(Type=Name.Font, Subtype=Name("/" + kind_of(font, "Subtype")))
    _add_name(font, made)
    add_codes(font, made, target)
    if (descriptor := member(font, "FontDescriptor")) is not None:
        made.FontDescriptor = target.make_indirect(_descriptor(descriptor, target))
    return made


def add_codes(font: Value, made: Dictionary, target: Pdf) -> None:
    """Which byte is which character, how wide, and what text it stands for."""
    take(font, made, one="FirstChar LastChar", many="Widths")
    if (encoding := member(font, "Encoding")) is not None:
        made.Encoding = _encoding(encoding)
    _add_text(font, made, target)


def composite_font(font: Value, target: Pdf) -> Dictionary:
    """A font whose characters are of several bytes.

    Raises:
        UnfitError: if it has a part that can't be made anew.
    """
    made = Dictionary(Type=Name.Font, Subtype=Name.Type0)
    _add_name(font, made)
    encoding = member(font, "Encoding")
    # One of its own is a program.
    if not isinstance(encoding, Name) or not _CMAP.fullmatch(str(encoding)):
        refuse()
    made.Encoding = encoding
    descendants = member(font, "DescendantFonts")
    if not isinstance(descendants, Array) or len(descendants) != 1:
        refuse()
    inner = descendants[0]
    built = Dictionary(
        Type=Name.Font,
        Subtype=word(member(inner, "Subtype"), ("CIDFontType0", "CIDFontType2")),
        CIDSystemInfo=_system(member(inner, "CIDSystemInfo")),
    )
    _add_name(inner, built)
    take(inner, built, one="DW", many="W DW2 W2")
    glyphs = member(inner, "CIDToGIDMap")
    if isinstance(glyphs, Stream):
        built.CIDToGIDMap = Stream(target, content_of(glyphs, 2 * 65536))
    elif glyphs is not None:
        built.CIDToGIDMap = word(glyphs, ("Identity",))
    if (descriptor := member(inner, "FontDescriptor")) is not None:
        built.FontDescriptor = target.make_indirect(_descriptor(descriptor, target))
    made.DescendantFonts = Array([target.make_indirect(built)])
    _add_text(font, made, target)
    return made


def _add_name(font: Value, made: Dictionary) -> None:
    # Where the font is not in the document, its name is how it is found.
    if (name := member(font, "BaseFont")) is not None:
        made.BaseFont = name if isinstance(name, Name) else refuse()


def _add_text(font: Value, made: Dictionary, target: Pdf) -> None:
    """For searching and copying: codes and the text that they stand for, and nothing besides."""
    codes = member(font, "ToUnicode")
    if codes is None or isinstance(codes, Name):
        return
    parts = [_CMAP_HEAD]
    for section, body in _SECTION.findall(content_of(codes)):
        tokens = _CODE.findall(body)
        per_entry = 2 if section != b"bfrange" else 3
        n_entries = _count(tokens) // per_entry
        parts.append(b"%d begin%s\n%s\nend%s\n" % (n_entries, section, b" ".join(tokens), section))
    made.ToUnicode = Stream(target, b"".join([*parts, _CMAP_END]))


def _count(tokens: list[bytes]) -> int:
    """Codes, a list of them counted as one."""
    n, is_inside = 0, False
    for token in tokens:
        if token == b"[":
            is_inside = True
        elif token == b"]":
            is_inside, n = False, n + 1
        elif not is_inside:
            n += 1
    return n


def _encoding(value: Value) -> Value:
    if isinstance(value, Name):
        return word(value, _ENCODINGS)
    made = Dictionary()
    if (base := member(value, "BaseEncoding")) is not None:
        made.BaseEncoding = word(base, _ENCODINGS)
    if (differences := member(value, "Differences")) is not None:
        # Names of letters: the font's program has them too.
        made.Differences = Array(
            [one if isinstance(one, Name) else number(one) for one in list(differences)]
        )
    return made


def _system(value: Value) -> Dictionary:
    if value is None:
        refuse()
    ordering = bytes(member(value, "Ordering") or b"")
    return Dictionary(
        Registry=String("Adobe"),
        Ordering=String(ordering if ordering in _ORDERINGS else b"Identity"),
        Supplement=number(member(value, "Supplement")),
    )


def _descriptor(value: Value, target: Pdf) -> Dictionary:
    made = Dictionary(Type=Name.FontDescriptor)
    if (name := member(value, "FontName")) is not None:
        made.FontName = name if isinstance(name, Name) else refuse()
    take(
        value,
        made,
        one="Flags ItalicAngle Ascent Descent Leading CapHeight XHeight StemV StemH AvgWidth "
        "MaxWidth MissingWidth FontWeight",
    )
    if (box := member(value, "FontBBox")) is not None:
        made.FontBBox = numbers(box)
    for key, kinds in _PROGRAMS.items():
        if (program := member(value, key)) is not None:
            built = Stream(target, _program(content_of(program)))
            take(program, built, one="Length2 Length3")
            if key != "FontFile3":
                built.Length1 = number(member(program, "Length1") or 0)
            if key == "FontFile2":
                built.Length1 = len(built.read_bytes())
            if kinds:
                built.Subtype = word(member(program, "Subtype"), kinds)
            made["/" + key] = built
    return made


def _program(program: bytes) -> bytes:
    """A font's file; of one in tables (ISO/IEC 14496-22) those that drawing takes."""
    if not program.startswith(_SFNT):
        return program
    tables = []
    for number_of in range(struct.unpack_from(">H", program, 4)[0]):
        tag, checksum, offset, n_bytes = struct.unpack_from(">4sLLL", program, 12 + 16 * number_of)
        if tag in _TABLES:
            table = program[offset : offset + n_bytes]
            if len(table) != n_bytes:
                raise UnfitError(Fault.DAMAGED)
            tables.append((tag, checksum, table))
    power = max(len(tables), 1).bit_length() - 1
    search = 16 * 2**power
    n_tables = len(tables)
    head = program[:4] + struct.pack(">4H", n_tables, search, power, 16 * n_tables - search)
    offset, records, bodies = 12 + 16 * n_tables, b"", b""
    for tag, checksum, table in tables:
        records += struct.pack(">4sLLL", tag, checksum, offset + len(bodies), len(table))
        bodies += table + bytes(-len(table) % 4)
    return head + records + bodies
