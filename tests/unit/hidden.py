"""Documents that hold something which their pages do not show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import ImageChops

from tests.unit.documents import edit, saved, with_content
from tests.unit.pictures import CANARY
from tests.unit.test_document import draw

HELVETICA: dict[str, Any] = {
    "F": Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
}


def text(instructions: bytes, **fonts: Any) -> bytes:
    """A page with these instructions, in which `CANARY` stands for one."""
    return with_content(
        instructions.replace(b"CANARY", CANARY), Font=Dictionary(**HELVETICA, **fonts)
    )


def form(pdf: Pdf, content: bytes, box: tuple[int, ...] = (0, 0, 100, 30), **more: Any) -> Stream:
    made = pdf.make_indirect(Stream(pdf, content, Subtype=Name.Form, BBox=Array(list(box))))
    made.Resources = Dictionary(Font=Dictionary(**HELVETICA))
    for key, value in more.items():
        made["/" + key] = value
    return made


def with_form(instructions: bytes, content: bytes, *box: int, **more: Any) -> bytes:
    """A page that draws a form, called `X`."""

    def change(pdf: Pdf) -> None:
        drawn = form(pdf, content.replace(b"CANARY", CANARY), box or (0, 0, 100, 30), **more)
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(X=drawn))
        pdf.pages[0].obj.Contents = pdf.make_stream(instructions)

    return edit(change, with_content(b""))


def same_look(one: bytes, other: bytes, folder: Path, tool: Callable[[str], str]) -> bool:
    pages = zip(draw(one, folder / "1", tool), draw(other, folder / "2", tool), strict=True)
    return all(max(ImageChops.difference(a, b).tobytes()) < 24 for a, b in pages)


def with_font(change: Callable[[Pdf, Dictionary], None], kind: Name = Name.TrueType) -> bytes:
    """A page with a letter, of a font that `change` makes."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=kind, BaseFont=Name.F))
        change(pdf, font)
        pdf.pages[0].obj.Resources = Dictionary(Font=Dictionary(F=font))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"BT /F 12 Tf 50 50 Td (a) Tj ET")
        return saved(pdf)


def with_program(key: str, program: bytes, **members: Any) -> bytes:
    def change(pdf: Pdf, font: Dictionary) -> None:
        font.FontDescriptor = Dictionary(Type=Name.FontDescriptor, FontName=Name.F)
        font.FontDescriptor["/" + key] = Stream(pdf, program, **members)

    return with_font(change)
