"""The content of encrypted members."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.change import member
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Edit, Table, compress, flip, gzip_member, sha256


def contents() -> Iterator[Vector]:
    """M29 and the encrypted members, behind a valid signature."""

    def bad(name: str, about: str, **changes: Any) -> Vector:
        outcome = changes.pop("outcome", "content_mismatch")
        return bundle(f"content-{name}", f"content: {about}", "M29", outcome, **changes)

    def lies(**changes: Any) -> list[Table]:
        return [Table(change=lambda made: made.update(changes))]

    def as_content(make: Edit) -> list[Table]:
        table = Table()
        table.content = make(table.plaintext)
        return [table]

    plain = Table().plaintext
    yield bad(
        "sha256", "another SHA-256 than the manifest's", tables=lies(plaintext_sha256="0" * 64)
    )
    yield bad(
        "fewer-bytes", "a byte fewer than the manifest says", tables=lies(n_bytes=len(plain) + 1)
    )
    yield bad(
        "more-bytes", "a byte more than the manifest says", tables=lies(n_bytes=len(plain) - 1)
    )
    yield bad("rows", "a row fewer than the manifest says", tables=lies(n_rows_out=3))
    yield bad("more-rows", "a row more than the manifest says", tables=lies(n_rows_out=1))
    yield bad(
        "second-table",
        "the second of two tables is wrong",
        tables=[Table("fine"), *lies(n_rows_out=3)],
    )
    yield bad("empty", "a member of no bytes", tables=as_content(lambda _: b""))
    yield bad("not-gzip", "CSV that is not compressed", tables=as_content(lambda data: data))
    yield bad("zlib", "zlib instead of gzip", tables=as_content(zlib.compress))
    yield bad("cut", "gzip that ends early", tables=as_content(lambda data: gzip_member(data)[:-9]))
    yield bad(
        "cut-in-padding",
        "padding that ends early",
        tables=as_content(lambda data: compress(data)[:-1]),
    )
    yield bad(
        "junk-after",
        "other bytes after the gzip members",
        tables=as_content(lambda data: compress(data) + b"junk"),
    )
    yield bad(
        "gzip-crc",
        "a wrong checksum in gzip",
        tables=as_content(lambda data: flip(-6)(gzip_member(data))),
    )
    yield bad(
        "gzip-size",
        "a wrong size in gzip",
        tables=as_content(lambda data: flip(-2)(gzip_member(data))),
    )
    yield bad(
        "gzip-junk",
        "deflate data that mean nothing",
        tables=as_content(lambda data: gzip_member(data)[:10] + b"\xff" * 40),
    )
    yield bad(
        "one-more-member",
        "one more gzip member with content",
        tables=as_content(lambda data: compress(data) + gzip_member(b"person_9,1999\n")),
    )
    yield bad(
        "bomb",
        "10 MB out of 10 kB",
        tables=as_content(lambda _: gzip.compress(bytes(10**7), mtime=0)),
    )
    yield bad(
        "swapped",
        "two tables swapped",
        tables=[
            Table("one", content=compress(b"id\n1\n"), rows=[("id",), ("2",)]),
            Table("two", content=compress(b"id\n2\n"), rows=[("id",), ("1",)]),
        ],
    )
    yield bad(
        "password", "a table under another password", change_members=member(1, password=b"B" * 43)
    )
    yield bad(
        "no-last-newline",
        "the last row without its newline",
        tables=[Table("t", [("id",), ("1",), ("2",)], csv=b"id\n1\n2")],
    )
    yield bad(
        "no-header",
        "no bytes at all, not even a header",
        tables=[
            Table(
                "t",
                [("id",)],
                content=compress(b""),
                change=lambda made: made.update(plaintext_sha256=sha256(b""), n_bytes=0),
            )
        ],
    )
    yield bad("tag", "a wrong HMAC of a table", change_members=member(1, stored=flip(-1)))
    yield bad(
        "check", "wrong bytes to check the password", change_members=member(1, stored=flip(16))
    )
    wrong = "manifest_mismatch"
    yield bad(
        "manifest-password",
        "the manifest under another password",
        outcome=wrong,
        change_members=member(2, password=b"B" * 43),
    )
    yield bad(
        "manifest-tag",
        "a wrong HMAC of the manifest",
        outcome=wrong,
        change_members=member(2, stored=flip(-1)),
    )
