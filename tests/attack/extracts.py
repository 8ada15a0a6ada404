"""Extracts as they come in a bad week: those that can be read, and those that must be refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from securexfer.errors import (
    EncodingError,
    ExtractError,
    HeaderError,
    RecordTooLongError,
    ShapeError,
)

CANARY = "canary-7f3a"
C = CANARY.encode()
HEAD = b"a,b\n"
ROWS = b"".join(b"%d,%b\n" % (n, C) for n in range(3))
MANY = HEAD + b"".join(b"%d,%b\n" % (n, C * 4) for n in range(300_000))


@dataclass(frozen=True)
class Good:
    """An extract that must come out right; `text` is what it says, in Python's characters."""

    what: str
    data: bytes
    encoding: str = "utf-8"

    @property
    def text(self) -> str:
        return self.data.decode("utf-8-sig" if self.encoding == "utf-8" else self.encoding)


GOOD = [
    Good("as it should be", HEAD + ROWS),
    Good("a header only", HEAD),
    Good("a header without a line end", b"a,b"),
    Good("no line end at the end", HEAD + b"1,2"),
    Good("a mark of byte order", b"\xef\xbb\xbf" + HEAD + ROWS),
    Good("marks of byte order in the middle", HEAD + b"\xef\xbb\xbf1,x\xef\xbb\xbf\n" * 3),
    Good("NULs in cells", HEAD + b"\0,1\n1,\0\0x\0\n"),
    Good("control characters in cells", HEAD + bytes(range(1, 9)) + b"\x0b\x0c\x1b\x1c\x7f,1\n"),
    Good("line ends of other alphabets", HEAD + "1,x\u2028y\u2029z\x85\n2,\x0b\x0c\n".encode()),
    Good("blank lines", HEAD + b"\n1,2\n\r\n\n3,4\n\n"),
    Good("empty cells", HEAD + b',\n"",""\n,""\n'),
    Good("quoted line ends, quotes and commas", HEAD + b'"x\ny","a""b"\n"\r\n",","\n' * 50),
    Good("carriage returns in quotes", HEAD + b'"x\ry",1\n'),
    Good("carriage returns and line feeds", HEAD.replace(b"\n", b"\r\n") + b"1,2\r\n3,4\r\n"),
    Good("mixed line ends", b"a,b\r\n1,2\n3,4\r\n5,6\n"),
    Good("formulas and markup", HEAD + b"=1+1,@x\n[red]x[/red],\x1b[2J\n"),
    Good("a cell of 15 MiB", HEAD + b"1," + b"x" * (15 << 20) + b"\n2,3\n"),
    Good("a quoted cell of a million line ends", HEAD + b'1,"' + b"\n" * 10**6 + b'"\n2,3\n'),
    Good("300,000 rows", MANY),
    Good("Latin-1", HEAD + "ä,é\n".encode("latin-1"), "latin-1"),
    Good("UTF-16 with its mark", "a,b\nä,€\n".encode("utf-16"), "utf-16"),
    Good("UTF-16 whose byte order is stated", "a,b\nä,𝄞\n".encode("utf-16-be"), "utf-16-be"),
    Good("names of emoji and right to left", HEAD + "👩‍👩‍👧,\u202eאבג\n".encode()),
]


def zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("t.csv", HEAD + ROWS)
    return archive.getvalue()


def parquet() -> bytes:
    written = io.BytesIO()
    pl.DataFrame({"a": [CANARY] * 3, "b": ["x", "y", "z"]}).write_parquet(written)
    return written.getvalue()


@dataclass(frozen=True)
class Bad:
    """An extract that must be refused, and a phrase of the refusal."""

    what: str
    data: Callable[[], bytes] | bytes
    error: type[ExtractError]
    says: str
    encoding: str = "utf-8"


LONG = "longer than the maximum"
QUOTE, OPEN = "a quote where none may stand", "opens a quote that is never closed"
NOT_TEXT = "not UTF-8 text"
RETURN = "a carriage return that does not end a line"
BAD = [
    Bad("a quote inside a cell", HEAD + C + b',x"y\n' + ROWS, ShapeError, QUOTE),
    Bad("text behind a closing quote", HEAD + b'1,"' + C + b'"x\n', ShapeError, QUOTE),
    Bad("a space before a quote", HEAD + b'1, "' + C + b'"\n', ShapeError, QUOTE),
    Bad("a quote that stays open", HEAD + ROWS + b'9,"' + C + b"\n", ShapeError, "line 5"),
    Bad("cut in a quote", HEAD + ROWS + b'9,"' + C, ShapeError, OPEN),
    Bad("carriage returns only", (HEAD + ROWS).replace(b"\n", b"\r"), HeaderError, "line 1"),
    Bad("carriage returns below", HEAD + ROWS[:-1].replace(b"\n", b"\r"), ShapeError, ""),
    Bad("a carriage return in a cell", HEAD + b"1," + C + b"\rx\n", ShapeError, RETURN),
    Bad("a row too short", HEAD + ROWS + C + b"\n", ShapeError, "1 field where the header has 2"),
    Bad("a row too long", HEAD + C + b",2,3\n" + ROWS, ShapeError, "3 fields"),
    Bad("a short and a long row", HEAD + b"1\n2,3," + C + b"\n", ShapeError, "line 2"),
    Bad("names that are there twice", b"a,b,a\n1,2," + C + b"\n", HeaderError, "columns 1, 3"),
    Bad("two names that are empty", b"a,,b,\n1,2,3," + C + b"\n", HeaderError, "columns 2, 4"),
    Bad("nothing", b"", HeaderError, "is empty"),
    Bad("a mark of byte order alone", b"\xef\xbb\xbf", HeaderError, "is empty"),
    Bad(
        "a blank line before the header",
        b"\n" + HEAD + ROWS,
        HeaderError,
        "where the header should be",
    ),
    Bad("Latin-1 said to be UTF-8", HEAD + C + b",caf\xe9\n", EncodingError, NOT_TEXT),
    Bad("an overlong NUL", HEAD + C + b",\xc0\x80\n", EncodingError, NOT_TEXT),
    Bad("an overlong quote", HEAD + C + b",\xc0\xa2x\n", EncodingError, NOT_TEXT),
    Bad("an overlong comma of three bytes", HEAD + C + b",\xe0\x80\xac\n", EncodingError, NOT_TEXT),
    Bad("half a surrogate pair", HEAD + C + b",\xed\xa0\x80\n", EncodingError, NOT_TEXT),
    Bad("above the last character", HEAD + C + b",\xf4\x90\x80\x80\n", EncodingError, NOT_TEXT),
    Bad("cut in a character", HEAD + C + b",\xe2\x82", EncodingError, NOT_TEXT),
    Bad("UTF-16 called UTF-8", (HEAD + ROWS).decode().encode("utf-16"), EncodingError, "UTF-16"),
    Bad("UTF-16 with no mark", (HEAD + ROWS).decode().encode("utf-16-le"), EncodingError, "-16"),
    Bad("the other byte order", (HEAD + ROWS).decode().encode("utf-16-be"), EncodingError, "-16"),
    Bad("UTF-16 of unknown order", "a,b\n".encode("utf-16-le"), EncodingError, "mark", "utf-16"),
    Bad("UTF-16 cut in half", "a,b\nc,d".encode("utf-16")[:-1], EncodingError, "", "utf-16"),
    Bad("a hole of cp1252", HEAD + C + b",\x81\n", EncodingError, "line 2", "cp1252"),
    Bad("a cell of 100 MB", lambda: HEAD + b"1," + b"x" * 10**8, RecordTooLongError, LONG),
    Bad("a quoted 100 MB", lambda: HEAD + b'"' + b"x,\n" * (10**8 // 3), RecordTooLongError, LONG),
    Bad("a header of 100 MB", lambda: b"a," * (10**8 // 2), RecordTooLongError, "line 1"),
    Bad("gzip", lambda: gzip.compress(HEAD + ROWS), HeaderError, "compressed (gzip)"),
    Bad("gzip said to be Latin-1", lambda: gzip.compress(ROWS), HeaderError, "gzip", "latin-1"),
    Bad("xz", lambda: lzma.compress(HEAD + ROWS), HeaderError, "compressed (xz)"),
    Bad("bzip2", lambda: bz2.compress(HEAD + ROWS), EncodingError, "header is not utf-8"),
    Bad("a ZIP archive", zipped, HeaderError, "workbook or an archive"),
    Bad("Parquet", parquet, HeaderError, "a Parquet file"),
    Bad("Parquet said to be Latin-1", parquet, HeaderError, "a Parquet file", "latin-1"),
    Bad("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + C, HeaderError, "workbook"),
]
