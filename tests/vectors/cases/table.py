"""Tables that a reader must take, whatever their cells and however gzip cuts them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from tests.vectors.cases.cast import ANN, BOB, CAT
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Bundle, Table, compress, gzip_member, gzip_padding


def long_table() -> Table:
    """Stored without compression, its size just above a step of 16 KiB: two empty members."""
    rows: list[list[str]] = [["id", "value"]]
    rows += [[f"person_{i:06}", "abcdefgh" * 8] for i in range(6000)]
    missing = (1 << 19) + 50 - len(gzip_member(Table("long", rows).plaintext, 0))
    rows.append(["person_last", "x" * missing])
    plaintext = Table("long", rows).plaintext
    if len(gzip_padding(len(gzip_member(plaintext, 0)))) <= 16_022:
        raise ValueError("one empty member would be enough")
    return Table("long", rows, content=compress(plaintext, level=0))


def valid_tables() -> Iterator[Vector]:
    """Of any size and spelling."""
    yield bundle("ok-one-table", "one table for one recipient", "", "ok")
    two = [Table("people"), Table("cases", [("case", "opened"), ("case_1", "2020")])]
    both = Bundle("ok-two-tables", ANN, [BOB, CAT], two)
    yield bundle("ok-two-tables", "two tables, two recipients; the first reads", "", "ok", both)
    yield bundle(
        "ok-second-recipient",
        "two tables, two recipients; the second reads",
        "",
        "ok",
        replace(both, label="ok-second-recipient", bundle_id="", password=""),
        reader="cat",
    )
    yield bundle(
        "ok-empty-table", "a header and no rows", "", "ok", tables=[Table("nobody", [("id", "n")])]
    )
    names = [
        ("Stra\u00dfe", "\u540d\u524d", "a \U0001f600"),
        ("Zo\u00eb, B", 'say "yes"', "\u00a0"),
    ]
    yield bundle(
        "ok-utf-8", "names of fields and cells beyond ASCII", "", "ok", tables=[Table("t", names)]
    )
    yield bundle(
        "ok-line-ends-in-cells",
        "quoted cells with line ends: lines are not rows",
        "",
        "ok",
        tables=[Table("t", [("id", "note"), ("1", "a\nb\n"), ("2", 'c\r\n"d"')])],
    )
    yield bundle(
        "ok-one-column-blank",
        "one column, and a blank cell",
        "",
        "ok",
        tables=[Table("t", [("id",), ("1",), ("",), ("2",)], csv=b'id\n1\n""\n2\n')],
    )
    many = [Table(f"t-{i}", [("id",), (str(i),)]) for i in range(60)]
    yield bundle("ok-many-members", "sixty tables", "M21", "ok", tables=many)
    rows = [("id", "n"), *((f"person_{i}", str(i * i)) for i in range(400))]
    chunked = Table("chunks", rows)
    chunked.content = compress(chunked.plaintext, chunk=500)
    yield bundle("ok-many-gzip-members", "gzip cut every 500 bytes", "", "ok", tables=[chunked])
    chunked = Table("named")
    named = bytes.fromhex("1f8b081c00000000" + "02ff") + struct.pack("<H", 4) + b"AB\0\0"
    named += b"people.csv\0a comment\0" + gzip_member(chunked.plaintext)[10:]
    chunked.content = named + gzip_padding(len(named))
    yield bundle(
        "ok-gzip-header-fields",
        "a gzip member with an extra field, a name and a comment",
        "",
        "ok",
        tables=[chunked],
    )
    bare = Table("bare")
    bare.content = gzip_member(bare.plaintext)
    yield bundle(
        "ok-without-padding", "M28 binds writers: readers accept", "M28", "ok", tables=[bare]
    )
    yield bundle(
        "ok-big-padding", "padding in two empty members", "M28", "ok", tables=[long_table()]
    )
