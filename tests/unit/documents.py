"""Documents with everything in them that must not leave: a canary in each place for metadata."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pikepdf
from fpdf import FPDF
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from tests.unit import pictures
from tests.unit.pictures import CANARY

TEXT = CANARY.decode()
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
    b"xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "
    b"xmlns:pdf='http://ns.adobe.com/pdf/1.3/' pdf:Keywords='" + CANARY + b"'/>"
    b"</rdf:RDF></x:xmpmeta>"
)
# What a page shows: it stays.
SHOWN = "Shown on the page"


def page(shown: str = SHOWN) -> bytes:
    """A page with text, a photograph and a drawing, by a library for that."""
    made = FPDF()
    made.add_page()
    made.set_font("helvetica", size=20)
    made.cell(text=shown)
    made.image(io.BytesIO(pictures.jpeg()), x=20, y=40, w=60)
    made.image(io.BytesIO(pictures.png()), x=100, y=40, w=60)
    made.rect(20, 120, 50, 30)
    return bytes(made.output())


def opened(data: bytes) -> Pdf:
    return pikepdf.open(io.BytesIO(data))


def saved(pdf: Pdf, **how: Any) -> bytes:
    made = io.BytesIO()
    pdf.save(made, **how)
    return made.getvalue()


def edit(change: Callable[[Pdf], None], data: bytes | None = None) -> bytes:
    """A document, changed."""
    with opened(data or page()) as pdf:
        change(pdf)
        return saved(pdf)


def everything(data: bytes) -> bytes:
    """All that stands in a document, unpacked: its bytes, its objects, its streams."""
    with opened(data) as pdf:
        parts = [data]
        for one in pdf.objects:
            if isinstance(one, pikepdf.Object):
                parts.append(one.unparse(resolved=True))
            if isinstance(one, Stream):
                parts.append(one.read_raw_bytes())
                with suppress(pikepdf.PdfError):
                    parts.append(one.read_bytes(pikepdf.StreamDecodeLevel.specialized))
    return b"\n".join(parts)


def n_canaries(data: bytes) -> int:
    told = everything(data)
    return sum(told.count(TEXT.encode(coding)) for coding in ("ascii", "utf-16-be", "utf-16-le"))


def with_picture(data: bytes, **members: Any) -> bytes:
    """A document of one picture, of 96 by 64."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        image = Stream(pdf, data, Subtype=Name.Image, Width=96, Height=64, BitsPerComponent=8)
        image.Filter, image.ColorSpace = Name.DCTDecode, Name.DeviceRGB
        for key, value in members.items():
            image["/" + key] = value
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(Im=image))
        pdf.pages[0].obj.Contents = pdf.make_stream(b"q 100 0 0 100 50 50 cm /Im Do Q")
        return saved(pdf)


def with_content(content: bytes, **resources: Any) -> bytes:
    """A document of one page of 200 by 200, with these instructions."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdf.pages[0].obj.Contents = pdf.make_stream(content)
        for key, value in resources.items():
            pdf.pages[0].obj.Resources["/" + key] = value
        return saved(pdf)


def _metadata(pdf: Pdf) -> Stream:
    return pdf.make_indirect(Stream(pdf, XMP, Type=Name.Metadata, Subtype=Name.XML))


def _private(pdf: Pdf) -> Dictionary:
    return Dictionary(Maker=Dictionary(LastModified=String(TEXT), Private=String(TEXT)))


def _script() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String(TEXT))


def _file(pdf: Pdf) -> Dictionary:
    content = pdf.make_indirect(Stream(pdf, CANARY, Type=Name.EmbeddedFile))
    spec = Dictionary(Type=Name.Filespec, F=String(TEXT), UF=String(TEXT), Desc=String(TEXT))
    spec.EF = Dictionary(F=content)
    return pdf.make_indirect(spec)


def of_document(pdf: Pdf) -> None:
    """Who, with what, when; attached, linked, scripted, outlined, tagged."""
    root = pdf.Root
    for key in ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "Canary"):
        pdf.docinfo["/" + key] = TEXT
    pdf.trailer.ID = Array([String(CANARY), String(CANARY)])
    root.Metadata, root.PieceInfo, root.OpenAction = _metadata(pdf), _private(pdf), _script()
    root.AA = Dictionary(WC=_script(), DP=_script())
    root.Names = Dictionary(
        EmbeddedFiles=Dictionary(Names=Array([String(TEXT), _file(pdf)])),
        JavaScript=Dictionary(Names=Array([String(TEXT), _script()])),
        Dests=Dictionary(Names=Array([String(TEXT), Array([pdf.pages[0].obj, Name.Fit])])),
    )
    root.AF = Array([_file(pdf)])
    item = pdf.make_indirect(Dictionary(Title=String(TEXT)))
    root.Outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, First=item, Last=item))
    item.Parent = root.Outlines
    root.PageLabels = Dictionary(Nums=Array([0, Dictionary(P=String(TEXT))]))
    root.Lang, root.URI = String(TEXT), Dictionary(Base=String(TEXT))
    root.StructTreeRoot = pdf.make_indirect(
        Dictionary(Type=Name.StructTreeRoot, K=Dictionary(S=Name.P, Alt=String(TEXT)))
    )
    root.OutputIntents = Array([Dictionary(S=Name.GTS_PDFX, Info=String(TEXT))])
    root.Legal, root.SpiderInfo = Dictionary(A=String(TEXT)), Dictionary(C=String(TEXT))
    root.Threads = Array([Dictionary(I=Dictionary(Title=String(TEXT)))])
    root.DSS, root.Canary = Dictionary(C=String(TEXT)), String(TEXT)


def of_page(pdf: Pdf) -> None:
    """On a page, in its instructions, and among what it could draw with."""
    one = pdf.pages[0].obj
    one.Metadata, one.PieceInfo, one.AA = _metadata(pdf), _private(pdf), Dictionary(O=_script())
    one.Thumb = Stream(pdf, CANARY.ljust(192), Width=8, Height=8, BitsPerComponent=8)
    one.Thumb.ColorSpace = Name.DeviceRGB
    one.LastModified, one.ID, one.Canary = String(TEXT), String(TEXT), String(TEXT)
    one.B, one.AF = Array([Dictionary(T=String(TEXT))]), Array([_file(pdf)])
    one.Resources.XObject["/" + TEXT] = Stream(pdf, CANARY, Subtype=Name.Form)
    one.Resources.Properties = Dictionary(MC0=Dictionary(Secret=String(TEXT)))
    content = pikepdf.unparse_content_stream(pikepdf.parse_content_stream(pdf.pages[0]))
    marks = (
        b"%% " + CANARY + b"\n/Span << /ActualText (" + CANARY + b") /Alt (" + CANARY + b")>> BDC\n"
        b"/Span /MC0 BDC EMC EMC /Point << /P (" + CANARY + b") >> DP\n"
        b"q 20 0 0 20 300 100 cm BI /W 2 /H 2 /BPC 8 /CS /G /F /AHx ID\n00ff00ff"
        + CANARY.hex().encode()
        + b">\nEI Q\n"
    )
    one.Contents = pdf.make_stream(marks + content + b"\n% " + CANARY)
    _unused(pdf)


def _unused(pdf: Pdf) -> None:
    # A picture of the resources that no instruction draws any more, as after it was "deleted".
    unused = Stream(pdf, pictures.jpeg(), Subtype=Name.Image, Width=96, Height=64)
    unused.ColorSpace, unused.BitsPerComponent = Name.DeviceRGB, 8
    unused.Filter = Name.DCTDecode
    pdf.pages[0].obj.Resources.XObject["/Im999"] = pdf.make_indirect(unused)


def of_pictures(pdf: Pdf) -> None:
    """On each picture of a page; in its JPEG are those of the picture itself."""
    icc = pdf.make_indirect(Stream(pdf, pictures.profile() + CANARY, N=3))
    for image in pdf.pages[0].obj.Resources.XObject.values():
        image.Metadata, image.PieceInfo = _metadata(pdf), _private(pdf)
        image.OPI, image.Name = Dictionary(F=String(TEXT)), Name("/" + TEXT)
        image.Alternates = Array([Dictionary(C=String(TEXT))])
        image.ID, image.Canary = String(TEXT), String(TEXT)
        if image.get("/ColorSpace") == Name.DeviceRGB:
            image.ColorSpace = Array([Name.ICCBased, icc])


def of_what_lies_over(pdf: Pdf) -> None:
    """Remarks, links, notes, a form: with authors, times, addresses."""

    def over(kind: str, look: bytes | None = None, **more: Any) -> Dictionary:
        one = Dictionary(Type=Name.Annot, Subtype=Name("/" + kind), F=4, M=String(TEXT))
        # What has no look of its own, a program gives one that is nobody's.
        one.Rect, one.NM = Array([50, 50, 150, 80] if look else [0, 0, 0, 0]), String(TEXT)
        for key, value in more.items():
            one["/" + key] = value
        if look is not None:
            form = Stream(pdf, look, Subtype=Name.Form, BBox=Array([0, 0, 100, 30]))
            form.PieceInfo, form.Metadata = _private(pdf), _metadata(pdf)
            form.Resources = Dictionary()
            one.AP = Dictionary(N=form)
        return pdf.make_indirect(one)

    author: dict[str, Any] = {"T": String(TEXT), "Contents": String(TEXT), "RC": String(TEXT)}
    field = over("Widget", b"0 0 100 30 re f", FT=Name.Tx, TU=String(TEXT), T=String(TEXT))
    field.V, field.DV, field.A = String(TEXT), String(TEXT), _script()
    pdf.pages[0].obj.Annots = Array(
        [
            over("Link", A=Dictionary(S=Name.URI, URI=String(TEXT))),
            over("Text", b"", **author),
            over("Popup", None, **author),
            over("FileAttachment", None, FS=_file(pdf), **author),
            over("FreeText", b"0 0 100 30 re S", **author),
            over("Stamp", b"1 0 0 rg 0 0 100 30 re f", **author),
            field,
        ]
    )
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]), DA=String(TEXT))


def of_fonts(pdf: Pdf) -> None:
    """In what describes a font, and in what its codes stand for."""
    for font in pdf.pages[0].obj.Resources.Font.values():
        font.Name, font.Canary = Name("/" + TEXT), String(TEXT)
        codes = b"% " + CANARY + b"\n1 beginbfchar <41> <0041> endbfchar (" + CANARY + b")"
        font.ToUnicode = Stream(pdf, codes, UseCMap=Name("/" + TEXT))
        font.FontDescriptor = Dictionary(
            Type=Name.FontDescriptor, FontName=Name.Helvetica, FontFamily=String(TEXT)
        )
        font.FontDescriptor.CharSet = String(TEXT)


def of_file(data: bytes) -> bytes:
    """Between objects, in an object that nothing names, in an older revision, behind the end."""
    head, _, tail = data.partition(b"\n")
    # Behind the first line, a comment would move all that the table says of places.
    revised = io.BytesIO()
    with opened(data) as pdf:
        pdf.save(revised, qdf=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    old = revised.getvalue()
    at, n_objects = len(old), int(old.rpartition(b"/Size ")[2].split()[0])
    root = old.rpartition(b"/Root ")[2].split()[0]
    place = int(old.rpartition(b"startxref\n")[2].split()[0])
    assert head.startswith(b"%PDF-")
    assert tail
    added = b"% " + CANARY + b"\n"
    number = n_objects
    body = b"%d 0 obj\n(%s)\nendobj\n" % (number, CANARY)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, at + len(added))
    trailer = b"trailer << /Size %d /Root %s 0 R /Prev %d /Canary (%s) >>\n" % (
        number + 1,
        root,
        place,
        CANARY,
    )
    start = at + len(added) + len(body)
    end = b"startxref\n%d\n%%%%EOF\n" % start
    return old + added + body + table + trailer + end + b"% " + CANARY + b"\n"


def all_at_once() -> bytes:
    def change(pdf: Pdf) -> None:
        of_pictures(pdf)
        for put in (of_fonts, of_page, of_what_lies_over, of_document):
            put(pdf)

    return of_file(edit(change))


PLACES: dict[str, Callable[[], bytes]] = {
    "document": lambda: edit(of_document),
    "page": lambda: edit(of_page),
    "pictures": lambda: edit(of_pictures),
    "fonts": lambda: edit(of_fonts),
    "what lies over a page": lambda: edit(of_what_lies_over),
    "file": lambda: of_file(page()),
    "all at once": all_at_once,
}
