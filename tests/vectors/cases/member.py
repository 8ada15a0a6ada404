"""Which members there are: as the envelope lists them, and by name and order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.change import ordered, renamed, with_member
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Changes, Entry, Table


def listings() -> Iterator[Vector]:
    """M21 and M26: what the envelope says about the members, validly signed."""

    def bad(name: str, about: str, rule: str = "M26", **changes: Any) -> Vector:
        return bundle(name, about, rule, "bundle_malformed", **changes)

    two = [Table("people"), Table("cases")]

    def listing(i: int, **changes: Any) -> Changes:
        return lambda envelope: envelope["members"][i].update(changes)

    yield bad(
        "listed-offset", "another offset in the envelope", change_envelope=listing(1, offset=0)
    )
    yield bad(
        "listed-length", "another length in the envelope", change_envelope=listing(1, length=99)
    )
    yield bad(
        "listed-huge",
        "an offset and a length of 2^53 - 1",
        change_envelope=listing(1, offset=2**53 - 1, length=2**53 - 1),
    )
    yield bundle(
        "listed-sha256",
        "a member that has not the SHA-256 of the envelope, all else signed",
        "M38",
        "bundle_altered",
        change_envelope=listing(1, sha256="0" * 64),
    )
    yield bad(
        "listed-order",
        "two tables swapped in the envelope",
        "M21",
        tables=two,
        change_envelope=lambda envelope: envelope["members"].insert(1, envelope["members"].pop(2)),
    )
    yield bad(
        "listed-fewer",
        "a table that the envelope does not list",
        tables=two,
        change_envelope=lambda envelope: envelope["members"].pop(2),
    )
    yield bad(
        "listed-twice",
        "a member that the envelope lists twice",
        "M21",
        change_envelope=lambda envelope: envelope["members"].insert(1, envelope["members"][1]),
    )
    yield bad(
        "listed-none",
        "an envelope without members",
        "M21",
        change_envelope=lambda envelope: envelope.update(members=[]),
    )
    yield bad(
        "listed-itself",
        "an envelope that lists itself",
        "M21",
        change_envelope=lambda envelope: envelope["members"].append(
            {"name": "envelope.json", "offset": 0, "length": 100, "sha256": "0" * 64}
        ),
    )


def names() -> Iterator[Vector]:
    """M21, all validly signed."""

    def bad(name: str, about: str, rule: str = "M26", **changes: Any) -> Vector:
        return bundle(name, about, rule, "bundle_malformed", **changes)

    two = [Table("people"), Table("cases")]

    for name, about, change in (
        ("no-tables", "no table", ordered(0, 3)),
        ("no-read-me", "no READ-ME.txt", ordered(1, 2, 3)),
        ("no-manifest", "no manifest", ordered(0, 1, 2)),
        ("read-me-late", "READ-ME.txt after the tables", ordered(1, 2, 0, 3)),
        ("manifest-early", "the manifest before the tables", ordered(0, 3, 1, 2)),
        ("tables-swapped", "table 2 before table 1", ordered(0, 2, 1, 3)),
        ("tables-gap", "tables 1 and 3", renamed(t2="tables/0003.csv.gz")),
        (
            "tables-from-2",
            "tables 2 and 3",
            renamed(t1="tables/0002.csv.gz", t2="tables/0003.csv.gz"),
        ),
        (
            "tables-from-0",
            "tables 0 and 1",
            renamed(t1="tables/0000.csv.gz", t2="tables/0001.csv.gz"),
        ),
        ("tables-twice", "table 1 twice", renamed(t2="tables/0001.csv.gz")),
        ("tables-digits", "a number of five digits", renamed(t2="tables/00002.csv.gz")),
        ("tables-case", "TABLES in capitals", renamed(t2="TABLES/0002.csv.gz")),
        ("tables-suffix", "a table named .csv", renamed(t2="tables/0002.csv")),
        ("name-up", "a name that leads out of the folder", renamed(t2="../0002.csv.gz")),
        ("name-absolute", "an absolute name", renamed(t2="/tables/0002.csv.gz")),
        ("name-zero-byte", "a name with a zero byte", renamed(t2="tables/0002.csv.gz\0")),
        ("name-beyond-ascii", "full-width digits", renamed(t2="tables/000\uff12.csv.gz")),
        ("name-folder", "an entry of a folder", with_member(1, Entry("tables/", b"", False))),
        ("name-unknown", "a member of another name", with_member(3, Entry("notes.txt", b"x"))),
        ("read-me-name", "readme.txt", renamed(r="readme.txt")),
        ("manifest-name", "datapackage.json", renamed(m="datapackage.json")),
    ):
        yield bad(name, about, "M21", tables=two, change_members=change)
