"""Files that look harmless, and would cost a careless reader all its time or memory."""

from __future__ import annotations

import io
import lzma
import sqlite3
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.drives.making import gzip_bytes, tar_bytes, workbook_bytes, zip_bytes

MIB = 1024 * 1024
_LAUGHS = (
    "<!DOCTYPE z [<!ENTITY a 'ha'>"
    + "".join(
        f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
_OUTSIDE = '<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def make_bombs(random: Random) -> Iterator[tuple[str, bytes]]:
    yield from _make_packed()
    yield from _make_markup()
    yield from _make_tars()
    yield from _make_pages()
    yield from _make_databases(random)
    yield from _make_texts()


def _make_packed() -> Iterator[tuple[str, bytes]]:
    zeros = gzip_bytes(bytes(32 * MIB))
    yield "zeros.gz", zeros * 60
    yield "zeros-twice.gz", gzip_bytes(zeros * 60)
    yield "spaces.csv.gz", gzip_bytes(b" \n" * (16 * MIB)) * 60
    level = zip_bytes({"0": bytes(32 * MIB)})
    for _ in range(6):
        level = zip_bytes({f"{n}.zip": level for n in range(16)})
    yield "42.zip", level
    deep = zip_bytes({"a": b"x"})
    for _ in range(60):
        deep = zip_bytes({"a.zip": deep}, zipfile.ZIP_STORED)
    yield "deep.zip", deep
    yield "overlapping.zip", _overlap(3000)
    yield "many.zip", zip_bytes({str(n): b"" for n in range(40_000)}, zipfile.ZIP_STORED)
    lying = bytearray(zip_bytes({"a.csv": b"a,b\n1,2\n" * 1000}, zipfile.ZIP_STORED))
    at = lying.rfind(b"PK\x01\x02")
    struct.pack_into("<I", lying, at + 24, 0xFFFFFFF0)
    yield "lying.zip", bytes(lying)
    # A dictionary of 1.5 GB, for ten bytes.
    wide = [{"id": lzma.FILTER_LZMA2, "dict_size": 1536 * MIB, "preset": 0}]
    header = lzma.compress(b"0123456789", lzma.FORMAT_XZ, filters=[{**wide[0], "dict_size": 4096}])
    yield "dictionary.xz", _widen(header)


def _make_markup() -> Iterator[tuple[str, bytes]]:
    yield "laughs.xml", f'<?xml version="1.0"?>{_LAUGHS}<z>&j;</z>'.encode()
    yield "outside.xml", f'<?xml version="1.0"?>{_OUTSIDE}<z>&x;</z>'.encode()
    types = b"<Types/>"
    for name, text in (
        ("laughs", f"{_LAUGHS}<w:p>&j;</w:p>"),
        ("outside", f"{_OUTSIDE}<z>&x;</z>"),
    ):
        members = {"[Content_Types].xml": types, "word/document.xml": text.encode()}
        yield f"{name}.docx", zip_bytes(members)
    cells = "".join(f'<row r="{n}"><c r="ZZZ{n}"><v>1</v></c></row>' for n in range(20_000))
    book = zipfile.ZipFile(data := io.BytesIO(workbook_bytes({"s": [["a"]]})), "a")
    with book:
        book.writestr("xl/worksheets/sheet2.xml", f"<worksheet>{cells}</worksheet>")
        book.writestr("xl/worksheets/sheet3.xml", b"<row>" + b" " * (200 * MIB), 8)
    yield "wide.xlsx", data.getvalue()
    cell = '<table:table-cell table:number-columns-repeated="99999"/>'
    row = f"<table:table-row>{cell}</table:table-row>"
    members = {"mimetype": b"application/vnd.oasis", "content.xml": (row * 20_000).encode()}
    yield "repeated.ods", zip_bytes(members)
    yield "scripts.html", b"<html>" + b"<script " * 200_000
    yield "tags.html", b"<html>" + b"<td>" * 400_000
    yield "comments.html", b"<html>" + b"<!--" * 400_000
    yield "nested.json", b"[" * (4 * MIB)
    yield "nested-objects.json", b'{"a":' * MIB
    yield "quotes.json", b'["' + b'\\"' * (2 * MIB)


def _make_tars() -> Iterator[tuple[str, bytes]]:
    info = tarfile.TarInfo("a")
    info.size = 7 * 1024**3
    yield "large.tar", info.tobuf()
    info.type, info.name = tarfile.XHDTYPE, "././@PaxHeader"
    yield "pax.tar", info.tobuf() + b"30 path=x\n" * 1000
    yield "pax.tar.gz", gzip_bytes(info.tobuf()) + gzip_bytes(bytes(32 * MIB)) * 60
    sparse = tarfile.TarInfo("b")
    sparse.type, sparse.size = tarfile.GNUTYPE_SPARSE, 512
    block = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[483:495] = b"%011o\0" % (8 * 1024**3 - 1)
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block[:512])
    yield "sparse.tar", bytes(block) + bytes(512)
    yield "many.tar.gz", tar_bytes({str(n): b"" for n in range(30_000)}, "w:gz")


def _make_pages() -> Iterator[tuple[str, bytes]]:
    loop = b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"
    yield "loop.pdf", _pdf([b"<</Type/Catalog/Pages 2 0 R>>", loop])
    zeros = zlib.compress(bytes(256 * MIB), 9)
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(zeros), zeros)
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"
    kids = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    yield "zeros.pdf", _pdf([b"<</Type/Catalog/Pages 2 0 R>>", kids, page, stream])
    twice = zlib.compress(zlib.compress(bytes(256 * MIB), 9), 9)
    stream = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (
        len(twice),
        twice,
    )
    yield "twice.pdf", _pdf([b"<</Type/Catalog/Pages 2 0 R>>", kids, page, stream])
    yield "brackets.pdf", _pdf([b"[" * MIB])
    yield "no-end.pdf", b"%PDF-1.7\n" + b"1 0 obj\n" * 50_000


def _make_databases(random: Random) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        base = sqlite3.connect(path)
        base.execute("CREATE TABLE t (a, b GENERATED ALWAYS AS (hex(zeroblob(100000000))))")
        base.execute("CREATE TABLE u (a)")
        base.execute("INSERT INTO t VALUES (1)")
        base.execute(
            "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
            "SELECT x FROM c"
        )
        base.executemany("INSERT INTO u VALUES (?)", [("text " * 50,)] * 2000)
        base.commit()
        base.close()
        whole = path.read_bytes()
    yield "generated.db", whole
    for number in range(3):
        torn = bytearray(whole)
        for _ in range(200):
            torn[random.randrange(100, len(torn))] = random.randrange(256)
        yield f"torn-{number}.db", bytes(torn)
    yield "short.db", whole[: len(whole) // 3]


def _make_texts() -> Iterator[tuple[str, bytes]]:
    n = 2 * MIB
    for name, piece in {
        "signs": b"a@",
        "dots": b"a.",
        "digits": b"1",
        "groups": b"12 ",
        "dashes": b"1-",
        "capitals": b"A",
        "names": b"Mr ",
        "keys": b"-----BEGIN PRIVATE KEY-----\n",
        "passwords": b"password: ",
        "brackets": b"(",
        "quotes": b'"',
        "values": b"VALUES (('",
        "commas": b",",
        "equals": b"a=",
        "birth": b"dob ",
        "wide": "\N{FULLWIDTH COMMERCIAL AT}".encode(),
    }.items():
        yield f"text/{name}.txt", piece * (n // len(piece))
    yield (
        "text/mail.eml",
        (
            b"From: a@b.org\nTo: c@d.org\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 20_000
        ),
    )


def _pdf(objects: list[bytes]) -> bytes:
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        start,
    )


def _overlap(n: int) -> bytes:
    """A ZIP file whose directory names the same bytes again and again."""
    one = zip_bytes({"a": bytes(10 * MIB)})
    at = one.rfind(b"PK\x01\x02")
    end = one.rfind(b"PK\x05\x06")
    entry, tail = one[at:end], bytearray(one[end:])
    struct.pack_into("<HHI", tail, 8, n, n, len(entry) * n)
    return one[:at] + entry * n + bytes(tail)


def _widen(xz: bytes) -> bytes:
    """The same stream, with a header that asks for a dictionary of 1.5 GB."""
    data = bytearray(xz)
    size = (data[12] + 1) * 4
    block = data[12 : 12 + size - 4]
    place = block.index(b"\x21\x01") + 2
    block[place] = 37
    data[12 : 12 + size - 4] = block
    struct.pack_into("<I", data, 12 + size - 4, zlib.crc32(bytes(block)))
    return bytes(data)
