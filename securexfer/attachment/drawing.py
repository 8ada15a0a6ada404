"""Drawing: the instructions of a page, read and written anew (ISO 32000-2, 8 and 9).

Comments, marks and what hangs on them are left out; what is named is named by number.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pikepdf
from pikepdf import Array, Name, Operator, String

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.value import Value

# Annex A, by what an instruction takes: numbers, text, the name of a resource.
_PLAIN = frozenset(
    "b B b* B* BT c cm CS cs d d0 d1 EMC ET f F f* G g h i J j K k l M m n q Q re RG rg S s "
    "SC sc T* Tc Td TD TL Tm Tr Ts Tw Tz v w W W* y".split()
)
_TEXT = frozenset(("Tj", "TJ", "'", '"'))
_CATEGORY = {
    "Do": "XObject",
    "Tf": "Font",
    "gs": "ExtGState",
    "sh": "Shading",
    "cs": "ColorSpace",
    "CS": "ColorSpace",
    "scn": "Pattern",
    "SCN": "Pattern",
}
_ASIDE = frozenset(("BMC", "BDC", "EMC", "MP", "DP", "BX", "EX"))
_OWN_SPACES = frozenset(("DeviceGray", "DeviceRGB", "DeviceCMYK", "Pattern"))
INTENTS = frozenset(("AbsoluteColorimetric", "RelativeColorimetric", "Saturation", "Perceptual"))

# A category and the name in it; gives the new name.
Find = Callable[[str, str], Name]
# An inline image; gives the name of one that is not.
Take = Callable[[pikepdf.PdfInlineImage], Name]


def rewrite(holder: Value, find: Find, take: Take) -> bytes:
    """The instructions of a page, a form, a tile or a letter, as new bytes.

    Args:
        holder: of the instructions.
        find: is told each resource that is used, and names it.
        take: is given each picture that stands between the instructions, and names it.

    Raises:
        UnfitError: for an instruction that there is none of, or that takes what it can't.
    """
    written: list[tuple[list[Value], Operator]] = []
    for one in pikepdf.parse_content_stream(holder):
        if isinstance(one, pikepdf.ContentStreamInlineImage):
            written.append(([take(one.iimage)], Operator("Do")))
            continue
        word, operands = str(one.operator), list(one.operands)
        if word in _ASIDE:
            continue
        if word in _CATEGORY:
            operands = _rename(word, operands, find)
        elif word == "ri":
            if len(operands) != 1 or str(operands[0])[1:] not in INTENTS:
                raise UnfitError(Fault.NOT_ANEW)
        elif word in _TEXT:
            operands = [_text(operand) for operand in operands]
        elif word in _PLAIN:
            operands = [_plain(operand) for operand in operands]
        else:
            raise UnfitError(Fault.NOT_ANEW)
        written.append((operands, Operator(word)))
    return pikepdf.unparse_content_stream(written)


def _rename(word: str, operands: list[Value], find: Find) -> list[Value]:
    renamed = []
    for operand in operands:
        if not isinstance(operand, Name):
            renamed.append(_plain(operand))
        elif word in ("cs", "CS") and str(operand)[1:] in _OWN_SPACES:
            renamed.append(operand)
        else:
            renamed.append(find(_CATEGORY[word], str(operand)))
    return renamed


def _plain(value: Value) -> Value:
    if isinstance(value, int | Decimal | float):
        return value
    if isinstance(value, Array):
        return Array([_plain(one) for one in value])
    raise UnfitError(Fault.NOT_ANEW)


def _text(value: Value) -> Value:
    if isinstance(value, String):
        return String(bytes(value))
    if isinstance(value, Array):
        return Array([_text(one) for one in value])
    return _plain(value)
