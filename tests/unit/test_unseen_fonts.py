"""What typefaces say beside their letters: it does not leave."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from securexfer.attachment.fault import Fault
from tests.assurance import Tally
from tests.unit import documents
from tests.unit.documents import (
    TEXT,
    everything,
    n_canaries,
    opened,
)
from tests.unit.hidden import HELVETICA, text, with_font, with_program
from tests.unit.pictures import CANARY
from tests.unit.test_document import clean, fault_of


def program_of(data: bytes, key: str) -> bytes:
    with opened(data) as made:
        (font,) = made.pages[0].obj.Resources.Font.values()
        return bytes(font.FontDescriptor["/" + key].read_bytes())


def compact_font() -> bytes:
    """A font of the Compact Font Format that says whose it is."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "a"])
    builder.setupCharacterMap({97: "a"})
    letters = {}
    for name in (".notdef", "a"):
        pen = T2CharStringPen(600, None)
        for step in ((pen.moveTo, (0, 0)), (pen.lineTo, (500, 0)), (pen.lineTo, (250, 700))):
            step[0](step[1])
        pen.closePath()
        letters[name] = pen.getCharString()
    told = dict.fromkeys(("version", "Notice", "FullName", "FamilyName", "Copyright"), TEXT)
    more = {"FontBBox": [0, 0, 500, 700], "ItalicAngle": -12.5, "UnderlinePosition": -1200}
    builder.setupCFF("Face", {**told, **more, "StrokeWidth": 70_000}, letters, {})
    builder.setupHorizontalMetrics(dict.fromkeys(letters, (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupHead(unitsPerEm=1000, created=3_000_000_000, modified=3_000_000_000)
    builder.setupPost()
    made = io.BytesIO()
    builder.save(made)
    return made.getvalue()


def table(font: bytes, tag: str) -> bytes:
    from fontTools.ttLib.sfnt import SFNTReader

    return bytes(SFNTReader(io.BytesIO(font))[tag])


TYPE_1 = (
    b"%!PS-AdobeFont-1.0: Face 001.000\r%%CreationDate: CANARY\n% (CANARY\n"
    b"11 dict begin\n/FontName /Face def\n/FontInfo 9 dict dup begin\n"
    b"/Notice (Copyright \\050c\\051 (CANARY) at CANARY\\)) readonly def\nend readonly def\n"
    b"/Encoding 256 array\ndup 97 /a put\nreadonly def\ncurrentfile eexec\n"
).replace(b"CANARY", CANARY)


class TestFonts:
    def test_a_type_1_program_says_nothing_in_clear(self) -> None:
        parts = {"Length1": len(TYPE_1), "Length2": 200, "Length3": 540}
        hidden, zeros = bytes(range(200)), b"0" * 512 + b"\ncleartomark % " + CANARY
        made = program_of(
            clean(with_program("FontFile", TYPE_1 + hidden + zeros + CANARY, **parts)), "FontFile"
        )
        assert CANARY not in made
        assert made.startswith(b"%!PS-AdobeFont-1.0\r")
        assert b"/Notice () readonly def" in made
        assert b"/Face" in made
        assert made.endswith(b"currentfile eexec\n" + hidden)

    @pytest.mark.parametrize("said", [0, 9, 90, 400])
    def test_where_its_part_in_clear_ends_is_seen_and_not_believed(self, said: int) -> None:
        whole = TYPE_1 + bytes(range(200))
        parts = {"Length1": said, "Length2": len(whole) - said, "Length3": 0}
        with opened(clean(with_program("FontFile", whole, **parts))) as made:
            (font,) = made.pages[0].obj.Resources.Font.values()
            program = font.FontDescriptor.FontFile
            content = program.read_bytes()
            assert CANARY not in content
            lengths = [int(program[f"/Length{part}"]) for part in (1, 2, 3)]
        assert content[: lengths[0]].endswith(b"eexec")
        assert content[lengths[0] :] == b"\n" + bytes(range(200))
        assert lengths[1:] == [201, 0]

    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            (b"/Weight 3 def % (CANARY\n/V 4 def", b"/Weight 3 def \n/V 4 def"),
            (b"/Notice (a (b (c CANARY) 50% CANARY) CANARY) def", b"/Notice () def"),
            (b"/Notice (\\) CANARY \\() def", b"/Notice () def"),
            (b"/Notice <" + CANARY.hex().encode() + b"> def", b"/Notice  def"),
            (b"/Notice <<43>> def", b"/Notice <> def"),
            (b"(currentfile eexec CANARY) pop", b"() pop"),
            (b"% currentfile eexec CANARY\rpop", b"\rpop"),
        ],
    )
    def test_nor_in_any_spelling_of_a_text(self, said: bytes, kept: bytes) -> None:
        clear = b"%!\n" + said.replace(b"CANARY", CANARY) + b"\ncurrentfile eexec\n"
        parts = {"Length1": len(clear), "Length2": 3, "Length3": 0}
        made = program_of(clean(with_program("FontFile", clear + b"abc", **parts)), "FontFile")
        assert made == b"%!PS-AdobeFont-1.0\n" + kept + b"\ncurrentfile eexec\nabc"

    @pytest.mark.parametrize("clear", [b"%!\n/F def", b"%!\n(currentfile eexec", b"%!\n(a\\"])
    def test_without_an_encrypted_part_it_is_none(self, clear: bytes) -> None:
        parts = {"Length1": len(clear), "Length2": 3, "Length3": 0}
        assert fault_of(with_program("FontFile", clear, **parts)) is Fault.NOT_ANEW

    def test_a_compact_font_has_no_words_that_nothing_names(self) -> None:
        # As a part of a larger font has them: what told whose it is, is gone, and its text is not.
        outlines, words = table(compact_font(), "CFF "), b"By " + CANARY[3:]
        left_over = outlines.replace(CANARY, words)
        # What named them is another operator, of a number.
        for told, other in ((b"\0", b"\15"), (b"\1", b"\15"), (b"\2", b"\15"), (b"\3", b"\15"),
                            (b"\14\0", b"\14\5")):  # fmt: skip
            assert b"\xf8\x1b" + told in left_over
            left_over = left_over.replace(b"\xf8\x1b" + told, b"\xf8\x1b" + other)
        made = program_of(
            clean(with_program("FontFile3", left_over, Subtype=Name.Type1C)), "FontFile3"
        )
        assert words in left_over
        assert made == left_over.replace(words, b" " * len(words))

    def test_a_compact_font_says_nothing_in_words(self, tally: Tally) -> None:
        from fontTools.ttLib import TTFont

        font = compact_font()
        outlines = table(font, "CFF ")
        n_before = outlines.count(CANARY)
        assert n_before > 0
        made = {
            "Type1C": program_of(
                clean(with_program("FontFile3", outlines, Subtype=Name.Type1C)), "FontFile3"
            ),
            "OpenType": program_of(
                clean(with_program("FontFile3", font, Subtype=Name.OpenType)), "FontFile3"
            ),
        }
        assert len(made["Type1C"]) == len(outlines)
        assert CANARY not in made["Type1C"] + made["OpenType"]
        assert table(made["OpenType"], "CFF ") == made["Type1C"]
        # What draws is what it was.
        before, after = (
            TTFont(io.BytesIO(data))["CFF "].cff[0].CharStrings["a"]
            for data in (font, made["OpenType"])
        )
        before.decompile()
        after.decompile()
        assert before.program == after.program
        tally.count("hygiene", "canaries in documents, none left", n_before)

    def test_when_a_font_was_made_is_not_told(self) -> None:
        from fontTools.ttLib import TTFont

        font = TTFont(documents.FONT)
        font["head"].created = font["head"].modified = 3_500_000_000
        data = io.BytesIO()
        font.save(data)
        made = program_of(clean(with_program("FontFile2", data.getvalue())), "FontFile2")
        assert table(made, "head")[20:36] == bytes(16)
        assert table(made, "glyf") == table(data.getvalue(), "glyf")
        TTFont(io.BytesIO(made), checkChecksums=2)["glyf"]  # raises if one is wrong

    def test_letters_of_a_font_of_many_have_no_names(self) -> None:
        from fpdf import FPDF

        made = FPDF()
        made.add_page()
        made.add_font("dejavu", fname=documents.FONT)
        made.set_font("dejavu", size=20)
        made.cell(text="Łódź")
        with opened(clean(bytes(made.output()))) as pdf:
            (font,) = pdf.pages[0].obj.Resources.Font.values()
            program = font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()
        assert table(program, "post")[:4] == b"\0\3\0\0"
        assert len(table(program, "post")) == 32

    @pytest.mark.parametrize(
        ("key", "program", "members", "fault"),
        [
            ("FontFile2", CANARY, {}, Fault.NOT_ANEW),
            ("FontFile3", CANARY, {"Subtype": Name.Type1C}, Fault.NOT_ANEW),
            ("FontFile3", CANARY, {"Subtype": Name.OpenType}, Fault.NOT_ANEW),
            ("FontFile3", b"\1\0" + CANARY, {"Subtype": Name.Type1C}, Fault.DAMAGED),
            ("FontFile3", b"\1\0\4\1\0\0\0\0", {"Subtype": Name.Other}, Fault.NOT_ANEW),
            ("FontFile", CANARY, {"Length1": 5, "Length2": 1, "Length3": 1}, Fault.NOT_ANEW),
            ("FontFile", TYPE_1[1:], {"Length1": 5, "Length2": 1, "Length3": 1}, Fault.NOT_ANEW),
            ("FontFile", TYPE_1, {"Length1": -5, "Length2": 1, "Length3": 1}, Fault.NOT_ANEW),
            ("FontFile", b"%!" + CANARY, {}, Fault.NOT_ANEW),
        ],
    )
    def test_what_is_none_is_not_taken_for_one(
        self, key: str, program: bytes, members: dict[str, Any], fault: Fault
    ) -> None:
        assert fault_of(with_program(key, program, **members)) is fault

    def test_a_table_that_is_there_65535_times_is_not_copied_as_often(self) -> None:
        record = b"glyf" + bytes(4) + (12).to_bytes(4) + (1_000_000).to_bytes(4)
        font = b"\0\1\0\0\xff\xff" + bytes(6) + record * 65_535
        assert fault_of(with_program("FontFile2", font)) is Fault.DAMAGED

    def test_what_codes_stand_for_is_letters_and_not_words(self) -> None:
        words = CANARY.decode().encode("utf-16-be").hex().encode()

        def change(content: bytes) -> bytes:
            def put(pdf: Pdf, font: Dictionary) -> None:
                font.ToUnicode = Stream(pdf, content)

            return with_font(put)

        ligature = b"1 beginbfchar <61> <0066 0066\n0069> endbfchar"
        assert b"<006600660069>" in everything(clean(change(ligature)))
        told = everything(clean(change(b"1 beginbfchar <61> <" + words + b"> endbfchar")))
        assert b"bfchar" not in told
        assert words not in told

    def test_a_code_table_is_one_that_everybody_has(self) -> None:
        def change(pdf: Pdf, font: Dictionary) -> None:
            inner = Dictionary(Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name.F)
            inner.CIDSystemInfo = Dictionary(
                Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
            )
            font.DescendantFonts = Array([inner])
            font.Encoding = Name("/" + TEXT)

        assert fault_of(with_font(change, Name.Type0)) is Fault.NOT_ANEW

        def usual(pdf: Pdf, font: Dictionary) -> None:
            change(pdf, font)
            font.Encoding = Name("/Identity-H")

        clean(with_font(usual, Name.Type0))

    def test_of_drawn_letters_only_those_that_have_a_code_are_taken(self) -> None:
        def change(pdf: Pdf, font: Dictionary) -> None:
            del font.BaseFont
            font.FontBBox, font.FontMatrix = Array([0, 0, 9, 9]), Array([0.1, 0, 0, 0.1, 0, 0])
            font.FirstChar, font.LastChar, font.Widths = 97, 97, Array([9])
            font.Encoding = Dictionary(Differences=Array([97, Name("/" + TEXT)]))
            font.CharProcs = Dictionary()
            font.CharProcs["/" + TEXT] = pdf.make_stream(b"9 0 d0 0 0 9 9 re f")
            hidden = b"9 0 d0 BT /F 9 Tf 1 1 Td (" + CANARY + b") Tj ET"
            font.CharProcs["/b"] = pdf.make_stream(hidden)
            font.Resources = Dictionary(Font=Dictionary(**HELVETICA))

        data = with_font(change, Name.Type3)
        assert n_canaries(data) > 2
        made = clean(data)
        assert n_canaries(made) == 0
        assert b"0 0 9 9 re\nf" in everything(made)
        assert b"/Helvetica" not in everything(made)

    @pytest.mark.parametrize(
        ("widths", "is_taken"),
        [((9, 0, 9), True), ((9, 9, 9), False), ((9, 0, 9, 9), False), (None, False)],
    )
    def test_a_drawn_font_says_itself_which_letters_its_codes_are(
        self, widths: tuple[int, ...] | None, is_taken: bool
    ) -> None:
        # As Ghostscript writes them: a table of everybody's below, and all letters in its own.
        def change(pdf: Pdf, font: Dictionary) -> None:
            font.FontBBox, font.FontMatrix = Array([0, 0, 9, 9]), Array([0.1, 0, 0, 0.1, 0, 0])
            font.FirstChar, font.LastChar = 97, 99
            if widths is not None:
                font.Widths = Array(list(widths))
            own = Array([97, Name.a, 99, Name.c])
            font.Encoding = Dictionary(BaseEncoding=Name.WinAnsiEncoding, Differences=own)
            letter = pdf.make_stream(b"9 0 d0 0 0 9 9 re f")
            font.CharProcs = Dictionary(a=letter, b=letter, c=letter)

        data = with_font(change, Name.Type3)
        if not is_taken:
            assert fault_of(data) is Fault.NOT_ANEW
            return
        with opened(clean(data)) as made:
            (font,) = made.pages[0].obj.Resources.Font.values()
            assert "/BaseEncoding" not in font.Encoding
            assert len(font.CharProcs) == 2

    def test_a_font_that_shows_no_letter_is_not_taken(self) -> None:
        assert b"/Helvetica" not in everything(clean(text(b"BT /F 12 Tf 5 5 Td ET")))

    def test_a_table_of_widths_is_not_longer_than_a_byte_has_values(self) -> None:
        def change(pdf: Pdf, font: Dictionary) -> None:
            font.Widths = Array([65] * 257)

        assert fault_of(with_font(change)) is Fault.NOT_ANEW
