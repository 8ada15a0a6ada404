"""Documents, made anew: what their pages show, and nothing of what else is in them."""

from __future__ import annotations

import io
import os
import random
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import Image, ImageChops

from securexfer.attachment.apart import Maker, Makers
from securexfer.attachment.document import clean_document
from securexfer.attachment.fault import Fault, UnfitError
from tests.assurance import Tally
from tests.unit import documents, pictures
from tests.unit.documents import (
    PLACES,
    SHOWN,
    TEXT,
    edit,
    everything,
    n_canaries,
    opened,
    page,
    with_content,
    with_picture,
)

MAX = 1_000_000


def clean(data: bytes, max_pixels: int = MAX) -> bytes:
    return clean_document(data, max_pixels=max_pixels)


def fault_of(data: bytes, max_pixels: int = MAX) -> Fault:
    with pytest.raises(UnfitError) as caught:
        clean(data, max_pixels)
    assert caught.value.__cause__ is None
    return caught.value.fault


def draw(data: bytes, folder: Path, tool: Callable[[str], str]) -> list[Image.Image]:
    """Each page, as a program that shows documents draws it, with the same fonts on any machine."""
    folder.mkdir()
    fonts = folder / "fonts.conf"
    fonts.write_text(
        f"<fontconfig><dir>{Path(documents.FONT).parent}</dir>"
        f"<cachedir>{folder}</cachedir></fontconfig>"
    )
    (folder / "a.pdf").write_bytes(data)
    command = [tool("pdftoppm"), "-r", "40", str(folder / "a.pdf"), str(folder / "p")]
    env = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
    subprocess.run(command, capture_output=True, check=True, env=env)
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob("p*.ppm"))]


class TestWhatLeaves:
    @pytest.mark.parametrize("name", PLACES)
    def test_nothing_but_what_the_page_shows(self, name: str, tally: Tally) -> None:
        data = PLACES[name]()
        n_before = n_canaries(data)
        assert n_before > 3
        made = clean(data)
        assert n_canaries(made) == 0
        told = everything(made)
        for needle in (b"http://ns", b"Exif", b"8BIM", b"/Annot", b"/AcroForm", b"/JavaScript"):
            assert needle not in told, needle
        assert SHOWN.encode() in told
        tally.count("hygiene", "canaries in documents, none left", n_before)

    def test_of_the_document_only_its_pages(self) -> None:
        with opened(clean(documents.all_at_once())) as made:
            assert set(made.Root.keys()) == {"/Type", "/Pages"}
            known = {"/Root", "/Size", "/ID", "/Type", "/W", "/Length", "/Filter", "/DecodeParms"}
            assert set(made.trailer.keys()) <= known | {"/Index"}
            (one,) = made.pages
            kept = {"/Type", "/Parent", "/MediaBox", "/Contents", "/Resources", "/Rotate"}
            assert set(one.obj.keys()) <= kept | {"/UserUnit", "/CropBox", "/Group"}

    def test_the_same_document_becomes_the_same(self) -> None:
        data = documents.all_at_once()
        assert clean(data) == clean(data)

    def test_what_is_made_anew_can_be_made_anew(self) -> None:
        assert n_canaries(clean(clean(documents.all_at_once()))) == 0

    def test_a_font_tells_nothing_of_its_makers(self) -> None:
        made = FPDF()
        made.add_page()
        made.add_font("dejavu", fname=documents.FONT)
        made.set_font("dejavu", size=20)
        made.cell(text="Łódź Ünïcödé")

        def name_it(pdf: Pdf) -> None:
            (font,) = pdf.pages[0].obj.Resources.Font.values()
            program = font.DescendantFonts[0].FontDescriptor.FontFile2
            program.write(_with_names(program.read_bytes()))

        data = edit(name_it, bytes(made.output()))
        assert n_canaries(data) > 0
        assert n_canaries(clean(data)) == 0


def _with_names(font: bytes) -> bytes:
    """A TrueType file with one more table: who made it."""
    from fontTools.ttLib import TTFont, newTable

    opened_font = TTFont(io.BytesIO(font))
    names = opened_font["name"] = newTable("name")
    names.names = []
    names.setName(TEXT, 0, 3, 1, 0x409)
    made = io.BytesIO()
    opened_font.save(made)
    return made.getvalue()


class TestWhatStays:
    @pytest.mark.parametrize("name", PLACES)
    def test_a_page_looks_as_it_did(
        self, name: str, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        self._compare(PLACES[name](), tmp_path, tool)

    def test_also_one_of_a_browser(self, tmp_path: Path, tool: Callable[[str], str]) -> None:
        (tmp_path / "x.jpg").write_bytes(pictures.jpeg())
        (tmp_path / "x.html").write_text(
            "<meta charset=utf-8><style>p{font-family:DejaVu Sans;opacity:.5}"
            "div{width:9em;height:4em;border-radius:1em;box-shadow:3px 3px 9px #888;"
            "background:linear-gradient(90deg,red,blue)}</style><h1>Łódź</h1><p>faint</p>"
            "<div></div><img src=x.jpg><svg width=90 height=90><defs>"
            "<pattern id=p width=9 height=9 patternUnits=userSpaceOnUse>"
            "<circle cx=4 cy=4 r=3 fill=green /></pattern></defs>"
            '<rect width=90 height=90 fill="url(#p)" /></svg>'
        )
        target = tmp_path / "x.pdf"
        command = [tool("chromium"), "--headless", "--no-sandbox", "--disable-gpu"]
        more = [f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={target}"]
        subprocess.run(
            [*command, *more, str(tmp_path / "x.html")], check=True, capture_output=True, timeout=90
        )
        self._compare(target.read_bytes(), tmp_path, tool)

    def _compare(self, data: bytes, tmp_path: Path, tool: Callable[[str], str]) -> None:
        before = draw(data, tmp_path / "before", tool)
        after = draw(clean(data), tmp_path / "after", tool)
        assert len(before) == len(after) > 0
        for one, other in zip(before, after, strict=True):
            assert len(set(one.tobytes())) > 5
            # A photograph is encoded once more, and its colours are no profile's any more.
            assert max(ImageChops.difference(one, other).tobytes()) < 24

    def test_a_field_that_was_filled_in_is_drawn(self) -> None:
        with opened(clean(edit(documents.of_what_lies_over))) as made:
            drawn = [
                one.read_bytes()
                for one in made.pages[0].obj.Resources.XObject.values()
                if one.Subtype == Name.Form
            ]
        assert b"0 0 100 30 re\nf" in drawn
        assert b"0 0 100 30 re\nS" in drawn

    @pytest.mark.parametrize("said", [None, String(""), Name.Off])
    def test_a_field_that_says_nothing_is_left_out(self, said: Any) -> None:
        def change(pdf: Pdf) -> None:
            field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx)
            field.Rect, field.T = Array([0, 0, 9, 9]), String(TEXT)
            if said is not None:
                field.V = said
            pdf.pages[0].obj.Annots = Array([pdf.make_indirect(field)])
            pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].obj.Annots)

        assert clean(edit(change)) == clean(page())

    @pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
    def test_the_colours_of_a_photograph_stay(self, mode: str) -> None:
        n_colours = {"L": 1, "RGB": 3, "CMYK": 4}[mode]
        space = {1: Name.DeviceGray, 3: Name.DeviceRGB, 4: Name.DeviceCMYK}[n_colours]
        with opened(clean(with_picture(pictures.jpeg(mode=mode), ColorSpace=space))) as made:
            (image,) = made.pages[0].obj.Resources.XObject.values()
            after = Image.open(io.BytesIO(image.read_raw_bytes()))
            before = Image.open(io.BytesIO(pictures.jpeg(mode=mode)))
            assert after.mode == before.mode == mode
            pairs = zip(before.tobytes(), after.tobytes(), strict=True)
            assert max(abs(one - other) for one, other in pairs) < 16


def _signed(pdf: Pdf) -> None:
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, V=Dictionary())
    field.Rect = Array([0, 0, 0, 0])
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(field)])
    pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].obj.Annots)


def _form(**members: object) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        pdf.Root.AcroForm = Dictionary(Fields=Array([]))
        for key, value in members.items():
            pdf.Root.AcroForm["/" + key] = value

    return change


def _over(kind: str) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        one = Dictionary(Type=Name.Annot, Subtype=Name("/" + kind), Rect=Array([0, 0, 9, 9]))
        if kind == "Widget":
            one.FT, one.V = Name.Tx, String(TEXT)
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(one)])
        if kind == "Widget":
            pdf.Root.AcroForm = Dictionary(Fields=pdf.pages[0].obj.Annots)

    return change


def _root(**members: object) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        for key, value in members.items():
            pdf.Root["/" + key] = value

    return change


def _locked(**how: Any) -> bytes:
    with opened(page()) as pdf:
        return documents.saved(pdf, encryption=pikepdf.Encryption(**how))


def _drawing_itself() -> bytes:
    def change(pdf: Pdf) -> None:
        form = pdf.make_indirect(Stream(pdf, b"/A Do", Subtype=Name.Form))
        form.BBox, form.Resources = Array([0, 0, 9, 9]), Dictionary(XObject=Dictionary(A=form))
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(A=form))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"/A Do")

    return edit(change)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("make", "fault"),
        [
            (lambda: b"", Fault.MISNAMED),
            (pictures.jpeg, Fault.MISNAMED),
            (lambda: b"\n" + page(), Fault.MISNAMED),
            (lambda: b"<html>" + page(), Fault.MISNAMED),
            (lambda: b"%PDF-1.7\n" + pictures.jpeg(), Fault.DAMAGED),
            (lambda: _locked(owner="o", user="u"), Fault.LOCKED),
            (lambda: _locked(owner="o", user=""), Fault.LOCKED),
            (lambda: edit(_signed), Fault.SIGNED),
            (lambda: edit(_form(SigFlags=3)), Fault.SIGNED),
            (lambda: edit(_root(Perms=Dictionary())), Fault.SIGNED),
            (lambda: edit(_form(XFA=String("x"))), Fault.ACTIVE_FORM),
            (lambda: edit(_form(NeedAppearances=True)), Fault.ACTIVE_FORM),
            (lambda: edit(_over("Widget")), Fault.ACTIVE_FORM),
            (lambda: edit(_over("FreeText")), Fault.NOT_ANEW),
            (lambda: edit(_over("Redact")), Fault.UNREDACTED),
            (lambda: edit(_root(OCProperties=Dictionary())), Fault.LAYERED),
            (lambda: edit(_root(Collection=Dictionary())), Fault.NOT_ANEW),
            (lambda: with_picture(b"", Filter=Name.JPXDecode), Fault.NOT_ANEW),
            (lambda: with_picture(b"", Filter=Name.JBIG2Decode), Fault.NOT_ANEW),
            (lambda: with_picture(b"", Filter=Name.CCITTFaxDecode), Fault.NOT_ANEW),
            (lambda: with_picture(b"no picture"), Fault.DAMAGED),
            (lambda: with_picture(pictures.jpeg()[:700]), Fault.DAMAGED),
            (lambda: with_picture(b"", Filter=Name.FlateDecode), Fault.DAMAGED),
            (lambda: with_picture(pictures.jpeg(mode="L")), Fault.NOT_ANEW),
            (lambda: with_picture(pictures.jpeg(), Width=90_000), Fault.TOO_MANY_PIXELS),
            (lambda: with_picture(pictures.jpeg(size=(1100, 1000))), Fault.NOT_ANEW),
            (lambda: with_content(b"/Gone Do"), Fault.DAMAGED),
            (lambda: with_content(b"(text) wrong"), Fault.NOT_ANEW),
            (lambda: with_content(b"(" + TEXT.encode() + b") w"), Fault.NOT_ANEW),
            (_drawing_itself, Fault.NOT_ANEW),
            (lambda: with_content(b"[" * 5000 + b"]" * 5000 + b" d"), Fault.DAMAGED),
        ],
    )
    def test_what_can_not_be_made_anew(self, make: Callable[[], bytes], fault: Fault) -> None:
        assert fault_of(make()) is fault

    def test_what_is_cut_off_wherever_it_is_cut(self, tally: Tally) -> None:
        whole = page()
        ends = range(0, len(whole) - 10, 211)
        for end in ends:
            with pytest.raises(UnfitError):
                clean(whole[:end])
        tally.count("input", "documents cut off", len(ends))

    def test_damage_ends_in_a_document_or_a_fault(self, tally: Tally) -> None:
        chance = random.Random(7)
        whole = documents.all_at_once()
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(chance.randrange(1, 8)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                made = clean(bytes(damaged))
            except UnfitError:
                continue
            assert n_canaries(made) == 0
        tally.count("input", "documents damaged at random", 150)


def bomb(n_bytes: int, content: bytes) -> bytes:
    """A page whose instructions unpack to so much."""
    packer = zlib.compressobj(9)
    block = content * (1_000_000 // len(content))
    packed = b"".join(packer.compress(block) for _ in range(n_bytes // len(block)))
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        stream = pdf.make_stream(packed + packer.flush())
        stream.Filter = Name.FlateDecode
        pdf.pages[0].obj.Contents = stream
        return documents.saved(pdf, compress_streams=False, stream_decode_level=_AS_IT_IS)


_AS_IT_IS = pikepdf.StreamDecodeLevel.none


class TestApart:
    @pytest.mark.slow
    @pytest.mark.parametrize("content", [b"0 ", b"q Q\n"])
    def test_a_bomb_takes_nothing_with_it(self, content: bytes) -> None:
        data = bomb(600_000_000, content)
        assert len(data) < 2_000_000
        maker = Maker(seconds=5)
        try:
            with pytest.raises(UnfitError) as caught:
                maker.make(data, "pdf", max_pixels=MAX)
            assert caught.value.fault is Fault.TOO_MUCH
            # Another is at work at once.
            assert n_canaries(maker.make(page(), "pdf", max_pixels=MAX)) == 0
        finally:
            maker.close()

    def test_it_answers_as_one_would_here(self) -> None:
        maker = Maker()
        try:
            assert maker.make(page(), "pdf", max_pixels=MAX) == clean(page())
            for data, kind, fault in (
                (pictures.jpeg(), "pdf", Fault.MISNAMED),
                (page(), "heic", Fault.MISNAMED),
            ):
                with pytest.raises(UnfitError) as caught:
                    maker.make(data, kind, max_pixels=MAX)  # type: ignore[arg-type]
                assert caught.value.fault is fault
        finally:
            maker.close()

    def test_whoever_stops_does_not_wait_for_it(self) -> None:
        makers = Makers(1)
        data = bomb(600_000_000, b"q Q\n")

        def make() -> None:
            with makers.take() as maker, pytest.raises(UnfitError):
                maker.make(data, "pdf", max_pixels=MAX)

        thread = threading.Thread(target=make)
        thread.start()
        time.sleep(1)
        began = time.monotonic()
        makers.stop()
        thread.join(20)
        assert not thread.is_alive()
        assert time.monotonic() - began < 5
        makers.close()

    def test_what_kills_it_is_a_fault_of_the_file(self) -> None:
        maker = Maker()
        try:
            maker.make(page(), "pdf", max_pixels=MAX)
            assert maker._process is not None
            maker._process.kill()
            maker._process.wait()
            with pytest.raises(UnfitError) as caught:
                maker.make(page(), "pdf", max_pixels=MAX)
            assert caught.value.fault is Fault.TOO_MUCH
            assert maker.make(page(), "pdf", max_pixels=MAX) == clean(page())
        finally:
            maker.close()
