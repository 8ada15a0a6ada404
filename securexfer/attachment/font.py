"""Fonts of a PDF document, made anew (ISO 32000-2, 9.5 to 9.10).

Names, widths and codes are taken over; the shapes of letters are in a typeface.
"""

from __future__ import annotations

import re

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from securexfer.attachment.compact import compact
from securexfer.attachment.typeface import tables_only, type_1
from securexfer.attachment.value import (
    Value,
    content_of,
    kind_of,
    member,
    name,
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
# The code tables that every program has: Table 116.
_CMAP = re.compile(
    "(?:(?:Identity|GB(?:pc|K|Kp)?-EUC|GBK2K|Uni(?:GB|CNS|JIS|KS)-(?:UCS2|UTF16)|UniJIS-UCS2-HW|"
    "B5pc|HKscs-B5|ETen(?:ms)?-B5|CNS-EUC|(?:83pv|90msp?|90pv|Add|Ext)-RKSJ|EUC|"
    "KSC(?:ms|pc)?-(?:EUC|UHC)(?:-HW)?)-)?[HV]"
)
_ORDERINGS = frozenset(
    (b"Identity", b"UCS", b"Japan1", b"GB1", b"CNS1", b"Korea1", b"KR", b"Manga1")
)
_COMPACT = ("Type1C", "CIDFontType0C")
_SECTION = re.compile(rb"begin(codespacerange|bfchar|bfrange)\b(.*?)end\1\b", re.DOTALL)
_CODE = re.compile(rb"<[0-9A-Fa-f\s]*>|[\[\]]")
# Half-bytes of a code, or of the text that it stands for: of joined letters, a few.
_MAX_CODE = 32
_MAX_SIMPLE = 256
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
        made.FontDescriptor = target.make_indirect(_descriptor(descriptor, target, with_names=True))
    return made


def add_codes(font: Value, made: Dictionary, target: Pdf) -> None:
    """Which byte is which character, how wide, and what text it stands for."""
    take(font, made, one="FirstChar LastChar", many="Widths")
    if "/Widths" in made and len(made.Widths) > _MAX_SIMPLE:
        refuse()
    if (encoding := member(font, "Encoding")) is not None:
        made.Encoding = _encoding(encoding)
    _add_text(font, made, target)


def check_own_codes(made: Dictionary) -> None:
    """See that a drawn font says of each code that is as wide as a letter which one it is.

    Then a table of everybody's that its own is based on says nothing, and goes.

    Raises:
        UnfitError: if it does not.
    """
    if "/BaseEncoding" not in made.Encoding:
        return
    named, code = set[int](), 0
    for one in member(made.Encoding, "Differences") or ():
        if isinstance(one, Name):
            named.add(code)
            code += 1
        else:
            code = int(one)
    first = int(member(made, "FirstChar") or 0)
    wide = {first + at for at, width in enumerate(member(made, "Widths") or ()) if width}
    if "/Widths" not in made or not wide <= named:
        refuse()
    del made.Encoding.BaseEncoding


def composite_font(font: Value, target: Pdf) -> Dictionary:
    """A font whose characters are of several bytes.

    Raises:
        UnfitError: if it has a part that can't be made anew.
    """
    made = Dictionary(Type=Name.Font, Subtype=Name.Type0)
    _add_name(font, made)
    # One of its own is a program.
    if not _CMAP.fullmatch(kind_of(font, "Encoding")):
        refuse()
    made.Encoding = Name("/" + kind_of(font, "Encoding"))
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
        built.FontDescriptor = target.make_indirect(
            _descriptor(descriptor, target, with_names=False)
        )
    made.DescendantFonts = Array([target.make_indirect(built)])
    _add_text(font, made, target)
    return made


def _add_name(font: Value, made: Dictionary) -> None:
    # Where the font is not in the document, its name is how it is found.
    if (called := member(font, "BaseFont")) is not None:
        made.BaseFont = name(called)


def _add_text(font: Value, made: Dictionary, target: Pdf) -> None:
    """For searching and copying: codes and the text that they stand for, and nothing besides."""
    codes = member(font, "ToUnicode")
    if codes is None or isinstance(codes, Name):
        return
    parts = [_CMAP_HEAD]
    for section, body in _SECTION.findall(content_of(codes)):
        tokens = [b"".join(token.split()) for token in _CODE.findall(body)]
        if any(len(token) > _MAX_CODE + len(b"<>") for token in tokens):
            return  # more than letters
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
            [name(one) if isinstance(one, Name) else number(one) for one in list(differences)]
        )
    return made


def _system(value: Value) -> Dictionary:
    ordering = bytes(member(value, "Ordering") or b"")
    return Dictionary(
        Registry=String("Adobe"),
        Ordering=String(ordering if ordering in _ORDERINGS else b"Identity"),
        Supplement=number(member(value, "Supplement")),
    )


def _descriptor(value: Value, target: Pdf, *, with_names: bool) -> Dictionary:
    made = Dictionary(Type=Name.FontDescriptor)
    if (called := member(value, "FontName")) is not None:
        made.FontName = name(called)
    take(
        value,
        made,
        one="Flags ItalicAngle Ascent Descent Leading CapHeight XHeight StemV StemH AvgWidth "
        "MaxWidth MissingWidth FontWeight",
    )
    if (box := member(value, "FontBBox")) is not None:
        made.FontBBox = numbers(box)
    _add_program(value, made, target, with_names=with_names)
    return made


def _add_program(value: Value, made: Dictionary, target: Pdf, *, with_names: bool) -> None:
    if (program := member(value, "FontFile")) is not None:
        lengths = [int(number(member(program, f"Length{part}"))) for part in (1, 2, 3)]
        content, lengths = type_1(content_of(program), lengths)
        made.FontFile = Stream(target, content)
        for part, length in enumerate(lengths, start=1):
            made.FontFile[f"/Length{part}"] = length
    if (program := member(value, "FontFile2")) is not None:
        content = tables_only(content_of(program), with_names=with_names)
        made.FontFile2 = Stream(target, content, Length1=len(content))
    if (program := member(value, "FontFile3")) is not None:
        content = content_of(program)
        if (kind := kind_of(program, "Subtype")) in _COMPACT:
            content = compact(content)
        else:
            word(Name("/" + kind), ("OpenType",))
            content = tables_only(content, with_names=with_names)
        made.FontFile3 = Stream(target, content, Subtype=Name("/" + kind))
