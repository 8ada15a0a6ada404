"""Text and drawing that a page does not show: it does not leave, or the document does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from securexfer.attachment.fault import Fault
from tests.assurance import Tally
from tests.unit import pictures
from tests.unit.documents import (
    SHOWN,
    TEXT,
    edit,
    everything,
    n_canaries,
    opened,
    page,
    saved,
    with_content,
    with_picture,
)
from tests.unit.hidden import HELVETICA, form, same_look, text, with_form
from tests.unit.pictures import CANARY
from tests.unit.test_document import clean, fault_of


class TestText:
    @pytest.mark.parametrize(
        "hidden",
        [
            b"BT /F 12 Tf 3 Tr 50 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 3 Tr 50 50 Td [(CAN) 9 (CANARY)] TJ ET",
            b"BT /F 12 Tf 3 Tr 50 50 Td (CANARY) ' ET",
            b'BT /F 12 Tf 3 Tr 50 50 Td 1 2 (CANARY) " ET',
            b"BT /F 0 Tf 50 50 Td (CANARY) Tj ET",
            b"BT 3 Tr ET q BT /F 12 Tf 50 50 Td (CANARY) Tj ET Q",
            b"q 3 Tr BT /F 12 Tf 50 50 Td (CANARY) Tj 0 Tr 0 -20 Td ET Q",
        ],
    )
    def test_of_the_invisible_kind_does_not_leave(
        self, hidden: bytes, tmp_path: Path, tool: Callable[[str], str], tally: Tally
    ) -> None:
        data = text(hidden + b" BT 0 Tr /F 12 Tf 50 20 Td (Shown on the page) Tj ET")
        made = clean(data)
        assert n_canaries(data) > 0
        assert n_canaries(made) == 0
        assert SHOWN.encode() in everything(made)
        assert same_look(data, made, tmp_path, tool)
        tally.count("hygiene", "texts that a page does not show, none left", 1)

    def test_as_recognition_lays_it_under_a_scan_goes_and_the_scan_stays(
        self, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        def change(pdf: Pdf) -> None:
            one = pdf.pages[0].obj
            font = Dictionary(**HELVETICA["F"])
            # Where codes are none of ASCII, this is where the words are.
            letters = b"1 beginbfchar <41> <0043> endbfchar"
            font.ToUnicode = Stream(pdf, letters)
            one.Resources["/Font"] = Dictionary(F=font)
            hidden = b"BT 3 Tr /F 12 Tf 1 0 0 1 60 60 Tm (" + CANARY + b") Tj ET "
            one.Contents = pdf.make_stream(hidden + one.Contents.read_bytes())

        data = edit(change, with_picture(pictures.jpeg()))
        made = clean(data)
        assert same_look(data, made, tmp_path, tool)
        with opened(made) as pdf:
            assert set(pdf.pages[0].obj.Resources.keys()) == {"/XObject"}

    def test_of_the_invisible_kind_in_a_form_goes_too(self) -> None:
        hidden = b"BT 3 Tr /F 9 Tf 1 0 0 1 5 5 Tm [(CANARY) -20 (CANARY)] TJ ET"
        data = with_form(b"/X Do", hidden)
        assert n_canaries(data) == 2
        assert n_canaries(clean(data)) == 0

    def test_behind_some_that_is_hidden_stands_where_nobody_knows(self) -> None:
        hidden = b"BT /F 12 Tf 50 50 Td 3 Tr (a) Tj 0 Tr "
        assert fault_of(text(hidden + b"(b) Tj ET")) is Fault.NOT_ANEW
        clean(text(hidden + b"9 9 Td (b) Tj ET"))

    @pytest.mark.parametrize(
        "beyond",
        [
            b"BT /F 12 Tf 300 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf -300 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 1 0 0 1 50 900 Tm (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td 0 -400 TD (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td 400 TL T* (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td 400 TL (CANARY) ' ET",
            b'BT /F 12 Tf 50 50 Td 400 TL (a) Tj 1 1 (CANARY) " ET',
            b"BT /F 12 Tf 50 50 Td 900 Ts (CANARY) Tj ET",
            b"q 1 0 0 1 5000 0 cm BT /F 12 Tf 50 50 Td (CANARY) Tj ET Q",
            b"1000 0 0 1000 0 0 cm BT /F 1 Tf 50 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td (a) Tj 500 0 Td [9 (CANARY)] TJ ET",
        ],
    )
    def test_beyond_the_edge_of_a_page_keeps_it_here(self, beyond: bytes) -> None:
        assert fault_of(text(beyond)) is Fault.BEYOND_EDGE

    def test_that_was_cropped_away_keeps_it_here(self) -> None:
        def crop(pdf: Pdf) -> None:
            pdf.pages[0].obj.CropBox = Array([0, 0, 200, 100])

        data = text(b"BT /F 12 Tf 50 150 Td (CANARY) Tj ET")
        assert n_canaries(clean(data)) == 1
        assert fault_of(edit(crop, data)) is Fault.BEYOND_EDGE
        with opened(clean(edit(crop, with_content(b"0 0 9 9 re f")))) as made:
            assert [float(edge) for edge in made.pages[0].obj.MediaBox] == [0, 0, 200, 100]
            assert "/CropBox" not in made.pages[0].obj

    def test_beyond_the_edge_of_a_form_keeps_it_here(self) -> None:
        hidden = b"BT /F 9 Tf 5 90 Td (CANARY) Tj ET"
        assert fault_of(with_form(b"/X Do", hidden)) is Fault.BEYOND_EDGE
        assert n_canaries(clean(with_form(b"/X Do", hidden, 0, 0, 100, 99))) == 1

    @pytest.mark.parametrize(
        "place",
        [b"1 0 0 1 150 0 cm", b"0 1 -1 0 90 150 cm", b"3 0 0 3 50 50 cm", b"-1 0 0 1 50 0 cm"],
    )
    def test_beyond_the_edge_of_a_page_and_not_of_a_form_keeps_it_here(self, place: bytes) -> None:
        content = b"BT /F 9 Tf 80 5 Td (CANARY) Tj ET"
        assert n_canaries(clean(with_form(b"/X Do", content))) == 1
        assert fault_of(with_form(place + b" /X Do", content)) is Fault.BEYOND_EDGE
        # The same form in two places: seen here, and there not.
        twice = with_form(b"/X Do " + place + b" /X Do", content)
        assert fault_of(twice) is Fault.BEYOND_EDGE
        assert n_canaries(clean(with_form(place + b" /X Do", content.replace(b"80", b"9")))) == 1

    def test_beyond_the_edge_in_a_form_in_a_form_keeps_it_here(self) -> None:
        def change(pdf: Pdf) -> None:
            (outer,) = pdf.pages[0].obj.Resources.XObject.values()
            inner = form(pdf, b"BT /F 9 Tf 5 5 Td (" + CANARY + b") Tj ET")
            outer.Resources = Dictionary(XObject=Dictionary(X=inner))

        data = edit(change, with_form(b"1 0 0 1 90 0 cm /X Do", b"1 0 0 1 120 0 cm /X Do",
                                      0, 0, 500, 30))  # fmt: skip
        assert n_canaries(clean(data)) == 0
        data = edit(change, with_form(b"1 0 0 1 90 0 cm /X Do", b"1 0 0 1 -80 0 cm /X Do",
                                      -99, 0, 500, 30))  # fmt: skip
        assert n_canaries(clean(data)) == 1
        data = edit(change, with_form(b"1 0 0 1 90 0 cm /X Do", b"1 0 0 1 -170 0 cm /X Do",
                                      -299, 0, 500, 30))  # fmt: skip
        assert fault_of(data) is Fault.BEYOND_EDGE

    def test_at_the_edge_stays(self) -> None:
        for start in (b"-3 50", b"50 -3", b"195 195", b"0 200"):
            data = text(b"BT /F 12 Tf " + start + b" Td (CANARY) Tj ET")
            assert n_canaries(clean(data)) == 1

    def test_of_nothing_but_blanks_may_stand_anywhere(self) -> None:
        clean(text(b"BT /F 12 Tf 500 500 Td (  ) Tj ET"))

    @pytest.mark.parametrize(
        "unusual",
        [
            b"/F 12 Tf (CANARY) Tj",
            b"BT /F 12 Tf ET (CANARY) Tj",
            b"/F 12 Tf 5 5 Td (CANARY) Tj",
            b"BT (CANARY) Tj ET",
            b"BT q /F 12 Tf Q (CANARY) Tj ET",
            b"BT /F 12 Tf (CANARY) (a) Tj ET",
            b"BT /F 12 Tf [[(CANARY)]] TJ ET",
            b"BT /F 12 Tf [(a) /CANARY] TJ ET",
            b"BT /F 12 Tf [(CANARY)] Tj ET",
            b"BT /F 12 Tf (CANARY) TJ ET",
            b"BT /F 12 Tf 8 Tr (a) Tj ET",
            b"BT /F 12 Tf 2.5 Tr (a) Tj ET",
            b"BT /F 12 Tf 11 Tr (a) Tj ET",
            b"BT /F /F 12 Tf (a) Tj ET",
            b"BT /F (CANARY) Tf (a) Tj ET",
            b"(CANARY) BT ET",
        ],
    )
    def test_that_one_program_shows_and_another_does_not_keeps_it_here(
        self, unusual: bytes
    ) -> None:
        assert fault_of(text(unusual)) is Fault.NOT_ANEW

    @pytest.mark.parametrize(
        "covered",
        [
            b"1 g BT /F 12 Tf 50 50 Td (CANARY) Tj ET",
            b"BT /F 12 Tf 50 50 Td (CANARY) Tj ET 0 0 200 200 re f",
            b"q 0 0 9 9 re W n BT /F 12 Tf 50 50 Td (CANARY) Tj ET Q",
            b"BT /F 12 Tf 190 50 Td (and so on, to CANARY) Tj ET",
            b"BT /F 0.01 Tf 50 50 Td (CANARY) Tj ET",
        ],
    )
    def test_white_covered_cut_off_or_tiny_stays_as_the_recipes_page_says(
        self, covered: bytes
    ) -> None:
        assert n_canaries(clean(text(covered))) == 1


def sow(one: Any, seen: set[tuple[int, int]]) -> int:
    """Put a text, a name and more into each object that can be reached from this one."""
    if isinstance(one, Array):
        return sum(sow(part, seen) for part in list(one))
    if not isinstance(one, Dictionary | Stream) or one.objgen in seen - {(0, 0)}:
        return 0
    seen.add(one.objgen)
    n_sown = sum(sow(one[key], seen) for key in list(one.keys()) if key != "/Parent")
    for key in ("/Canary", "/Title", "/Contents" if isinstance(one, Stream) else "/Desc"):
        one[key] = String(TEXT)
    one["/Name"], one["/PieceInfo"] = Name("/" + TEXT), Dictionary(Private=String(TEXT))
    return n_sown + 5


class TestEverywhere:
    def test_what_hangs_on_any_object_of_a_document_does_not_leave(self, tally: Tally) -> None:
        with opened(page()) as pdf:
            n_sown = sow(pdf.Root, set())
            data = saved(pdf)
        assert n_sown > 60
        assert n_canaries(data) >= n_sown
        made = clean(data)
        assert n_canaries(made) == 0
        assert SHOWN.encode() in everything(made)
        tally.count("hygiene", "canaries in documents, none left", n_sown)


class TestWhatIsDrawn:
    @pytest.mark.parametrize(
        "instructions",
        [
            b"q 1 0 0 1 500 0 cm /X Do Q",
            b"q 1 0 0 1 0 -31 cm /X Do Q",
            b"q 0 0 0 0 50 50 cm /X Do Q",
            b"q 0 1 -1 0 -5 0 cm /X Do Q",
            b"q .7 .7 -.7 .7 215 190 cm /X Do Q",
        ],
    )
    def test_a_form_that_lies_beyond_the_edge_is_not_taken(self, instructions: bytes) -> None:
        made = clean(with_form(instructions, b"BT /F 9 Tf 5 5 Td (CANARY) Tj ET"))
        assert n_canaries(made) == 0
        assert b"/Form" not in everything(made)

    def test_nor_is_a_picture(self) -> None:
        def move(pdf: Pdf) -> None:
            pdf.pages[0].obj.Contents = pdf.make_stream(b"q 100 0 0 100 201 50 cm /Im Do Q")

        assert b"/Image" in everything(clean(with_picture(pictures.jpeg())))
        assert b"/Image" not in everything(clean(edit(move, with_picture(pictures.jpeg()))))
        # Turned by an eighth, beside a corner: boxes around the two overlap, and they do not.
        beside = b"q 70 70 -70 70 265 140 cm /Im Do Q"

        def turn(pdf: Pdf) -> None:
            pdf.pages[0].obj.Contents = pdf.make_stream(beside)

        assert b"/Image" not in everything(clean(edit(turn, with_picture(pictures.jpeg()))))
        inline = b"q 9 0 0 9 300 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID C EI Q"
        assert b"/Image" not in everything(clean(with_content(inline)))

    @pytest.mark.parametrize("place", [[0, 0, 0, 0], [900, 900, 999, 930], [50, 50, 150, 50]])
    def test_nor_is_a_remark_or_field_that_lies_there(self, place: list[int]) -> None:
        def over(pdf: Pdf) -> None:
            one = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, F=4, Rect=Array(place))
            one.AP = Dictionary(N=form(pdf, b"BT /F 9 Tf 5 5 Td (" + CANARY + b") Tj ET"))
            pdf.pages[0].obj.Annots = Array([pdf.make_indirect(one)])

        assert n_canaries(clean(edit(over))) == 0

    def test_a_field_that_says_something_and_has_a_look_of_nothing_keeps_it_here(self) -> None:
        def over(pdf: Pdf) -> None:
            one = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, V=String(TEXT))
            one.Rect, one.AP = Array([0, 0, 99, 9]), Dictionary()
            pdf.pages[0].obj.Annots = Array([pdf.make_indirect(one)])
            pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].obj.Annots)

        assert fault_of(edit(over)) is Fault.ACTIVE_FORM

    def test_two_names_for_one_drawing_keep_it_here(self) -> None:
        assert fault_of(with_form(b"/X /X Do", b"")) is Fault.NOT_ANEW

    def test_a_form_under_hidden_text_keeps_it_here(self) -> None:
        shown = b"BT /F 9 Tf 5 5 Td (CANARY) Tj ET"
        assert fault_of(with_form(b"3 Tr /X Do", shown)) is Fault.NOT_ANEW
        assert n_canaries(clean(with_form(b"3 Tr 0 Tr /X Do", shown))) == 1

    def test_a_form_is_the_same_on_each_page(self) -> None:
        # One that names what the page calls so would be another picture on another page.
        def change(pdf: Pdf) -> None:
            shared = form(pdf, b"/Im Do")
            del shared.Resources
            pdf.add_blank_page(page_size=(200, 200))
            for one, photo in zip(pdf.pages, (b"\0", b"\xff"), strict=True):
                image = Stream(pdf, photo, Subtype=Name.Image, Width=1, Height=1)
                image.BitsPerComponent, image.ColorSpace = 8, Name.DeviceGray
                drawn = Dictionary(X=shared, Im=pdf.make_indirect(image))
                one.obj.Resources = Dictionary(XObject=drawn)
                one.obj.Contents = pdf.make_stream(b"/X Do")

        assert fault_of(edit(change, with_content(b""))) is Fault.DAMAGED

    def test_what_a_form_names_is_not_looked_for_on_the_page(self) -> None:
        def change(pdf: Pdf) -> None:
            pdf.pages[0].obj.Resources.XObject.X.Resources = Dictionary()
            pdf.pages[0].obj.Resources["/Font"] = Dictionary(**HELVETICA)

        data = with_form(b"/X Do", b"BT /F 9 Tf 5 5 Td (a) Tj ET")
        assert fault_of(edit(change, data)) is Fault.DAMAGED
