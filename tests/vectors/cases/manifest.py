"""The manifest: against the envelope, the names in it, and its spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT
from tests.vectors.cases.change import without
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Bundle, Changes, Edit, Table


def manifests() -> Iterator[Vector]:
    """M30 to M32, behind a valid signature and the right password."""

    def bad(name: str, about: str, rule: str, **changes: Any) -> Vector:
        return bundle(
            f"manifest-{name}", f"manifest: {about}", rule, "manifest_mismatch", **changes
        )

    def inside(change: Changes) -> dict[str, Any]:
        return {"change_manifest": lambda made: change(made["securexfer"])}

    def sets(**changes: Any) -> dict[str, Any]:
        return inside(lambda part: part.update(changes))

    def in_table(**changes: Any) -> dict[str, Any]:
        return inside(lambda part: part["tables"][0].update(changes))

    two = [Table("people"), Table("cases")]

    def others(name: str, **changes: Any) -> Bundle:
        return Bundle(name, ANN, [BOB, CAT], **changes)

    yield bad("id", "another bundle id", "M30", **sets(bundle_id="0" * 32))
    yield bad("sender", "another sender", "M30", **sets(sender=CAT.fingerprint))
    yield bad(
        "created", "created at another time", "M30", **sets(created_at="2026-11-22T09:30:01Z")
    )
    yield bad(
        "expires", "expires at another time", "M30", **sets(expires_at="2027-02-20T09:30:01Z")
    )
    yield bad("recipients", "another recipient", "M30", **sets(recipients=[CAT.fingerprint]))
    yield bad(
        "more-recipients",
        "one recipient more",
        "M30",
        **sets(recipients=[BOB.fingerprint, CAT.fingerprint]),
    )
    yield bad(
        "recipients-order",
        "recipients in another order",
        "M30",
        made=others(
            "manifest-recipients-order", **inside(lambda part: part["recipients"].reverse())
        ),
    )
    yield bad("members", "one member fewer", "M30", **inside(lambda part: part["members"].pop(1)))
    yield bad(
        "members-order",
        "members in another order",
        "M30",
        **inside(lambda part: part["members"].reverse()),
    )
    yield bad("format", "format 2", "M30", **sets(format=2))
    yield bad(
        "table-member", "a table of another member", "M30", **in_table(member="tables/0002.csv.gz")
    )
    for name, about, counted in (
        ("negative", "fewer than none", {"id": -1}),
        ("text", "a text", {"id": "3"}),
        ("list", "a list", [3]),
    ):
        yield bad(
            f"formulas-{name}",
            f"formulas counted as {about}",
            "M32",
            **in_table(n_formulas=counted),
        )
    yield bad("no-tables", "no table described", "M30", **sets(tables=[]))
    yield bad(
        "tables-order",
        "tables in another order than their members",
        "M30",
        tables=two,
        **inside(lambda part: part["tables"].reverse()),
    )
    yield bad(
        "tables-fewer",
        "one of two tables described",
        "M30",
        tables=two,
        **inside(lambda part: part["tables"].pop()),
    )

    # Names of tables.
    for name, about, spelled in (
        ("up", "..", ".."),
        ("path", "a path out of the folder", "../people"),
        ("absolute", "an absolute path", "/tmp/people"),
        ("backslash", "a backslash", "a\\b"),
        ("empty", "no name", ""),
        ("dot", "a dot", "people.old"),
        ("space", "a space", "people "),
        ("dash-first", "a dash first", "-people"),
        ("colon", "a stream of another file", "a:b"),
        ("device", "a device of Windows", "con"),
        ("device-case", "a device of Windows in capitals", "LPT1"),
        ("datapackage", "datapackage", "datapackage"),
        ("long", "65 characters", "a" * 65),
        ("beyond-ascii", "a letter beyond ASCII", "st\u00f6"),
        ("zero-byte", "a zero byte", "a\0b"),
        ("newline", "a newline", "people\n"),
    ):
        yield bad(f"name-{name}", f"a table name with {about}", "M31", tables=[Table(spelled)])
    yield bad("name-twice", "two tables of one name", "M31", tables=[Table("t"), Table("t")])
    yield bad(
        "name-case-twins",
        "names that differ in case",
        "M31",
        tables=[Table("Cases"), Table("cases")],
    )

    # Its spelling.
    def text(edit: Edit) -> dict[str, Any]:
        return {"change_manifest_text": edit}

    def add(old: bytes, where: bytes, what: bytes) -> bytes:
        return old.replace(where, what + where, 1)

    yield bad(
        "duplicate",
        "a key twice",
        "M32",
        **text(lambda old: add(old, b'"sequence"', b'"sequence": 1, ')),
    )
    yield bad(
        "duplicate-outside",
        "a key of the Data Package twice",
        "M32",
        **text(lambda old: add(old, b'"name"', b'"name": "x", ')),
    )
    yield bad(
        "duplicate-in-unknown",
        "a key twice in an unknown member",
        "M32",
        **text(lambda old: add(old, b'"sequence"', b'"later": {"a": 1, "a": 1}, ')),
    )
    yield bad("not-json", "no JSON", "M32", **text(lambda _: b"id,year\n"))
    yield bad("empty", "no bytes but spaces", "M32", **text(lambda _: b"   "))
    yield bad(
        "not-utf-8", "not UTF-8", "M32", **text(lambda old: old.replace(b"Evaluate", b"\xe9valuer"))
    )
    yield bad("not-object", "a list", "M32", **text(lambda old: b"[" + old + b"]"))
    yield bad(
        "deep",
        "brackets three thousand deep",
        "M32",
        **text(lambda _: b"[" * 3_000 + b"]" * 3_000),
    )
    yield bad(
        "no-part",
        "no member securexfer",
        "M32",
        change_manifest=lambda made: made.pop("securexfer"),
    )
    for name in ("sequence", "agreement", "recipe_sha256", "tables", "forwarding", "linkage"):
        yield bad(
            f"without-{name.replace('_', '-')}",
            f"no {name}",
            "M32",
            **inside(without(name)),
        )
    for name in ("plaintext_sha256", "n_bytes", "n_rows_out"):
        yield bad(
            f"table-without-{name.replace('_', '-')}",
            f"a table without {name}",
            "M29",
            **inside(without("tables", 0, name)),
        )
    yield bad("float", "a size of 45.0", "M32", **in_table(n_bytes=45.0))
    yield bad("negative", "a negative size", "M32", **in_table(n_bytes=-1))
    yield bad("text-number", "a size as text", "M32", **in_table(n_bytes="45"))
    yield bad("true", "true as a number of rows", "M32", **in_table(n_rows_out=True))
    yield bad("sequence-0", "sequence 0", "M32", **sets(sequence=0))
    yield bad("linkage", "a linkage that nobody knows", "M32", **sets(linkage="forever"))
    yield bad("forwarding", "an unknown forwarding", "M32", **sets(forwarding="maybe"))
    yield bad("subjects", "an unknown kind of count", "M32", **in_table(n_subjects_is="a guess"))
    yield bad(
        "sha256-upper-case", "a hash in capitals", "M32", **in_table(plaintext_sha256="AB" * 32)
    )

    yield bad(
        "duplicate-escaped",
        "a key twice, once with an escape",
        "M32",
        **text(lambda old: add(old, b'"sequence"', b'"\\u0073equence": 1, ')),
    )
    yield bad("bom", "a byte order mark", "M32", **text(lambda old: b"\xef\xbb\xbf" + old))
    yield bad(
        "nan",
        "NaN, which is no JSON",
        "M32",
        **text(lambda old: add(old, b'"sequence"', b'"z": NaN, ')),
    )
    yield bad("two", "a second object after the first", "M32", **text(lambda old: old + b"{}"))
    yield bad("zero-bytes", "filled up with zero bytes", "M32", **text(lambda old: old + bytes(9)))
    yield bad(
        "surrogate",
        "half a surrogate pair as a purpose",
        "M32",
        **text(lambda old: old.replace(b"Evaluate", b"\\ud800")),
    )
    yield bad(
        "agreement-without-controller",
        "an agreement without its controller",
        "M32",
        **inside(lambda part: part["agreement"].pop("controller")),
    )
