"""Published vectors for bundles, cards and identity files, made without securexfer.

Run `PYTHONPATH=. python -m tests.vectors.generate_bundles`. It writes `bundles/` and
`bundles.json` anew; with `--missing` it keeps the files that are there. Sealing and ML-DSA are
randomised, so the files differ from run to run, and what they are for does not. Everything follows
`docs/format.md`, through `format1.py`.

Senders are malicious where the rule that is broken lies behind the signature: `ann` is pinned at
`bob`, who opens, and her signatures are valid unless the vector says otherwise.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import struct
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.vectors.format1 import (
    COMMENT_BYTES,
    CREATED,
    END_BYTES,
    KEY_NAMES,
    Bundle,
    CardDraft,
    Changes,
    Edit,
    Entry,
    Forward,
    IdentityDraft,
    Keys,
    Person,
    Table,
    b64,
    canonical,
    compress,
    flip,
    gzip_member,
    gzip_padding,
    lp,
    person,
    poke,
    seeded,
    sha256,
)

HERE = Path(__file__).parent
NOW = "2026-11-22T10:30:00Z"
# Made anew whenever the tests run, to keep the repository small: variants, and what is large.
NOT_KEPT = frozenset((HERE / "not_kept.txt").read_text("utf-8").split())
PASSPHRASE = "four unrelated words, caf\u00e9"

ANN, BOB, CAT, EVE = (person(name) for name in ("ann", "bob", "cat", "eve"))
DORA_FIRST = person("dora")
DORA_KEYS = Keys.seeded("dora", 2)
DORA = Person(
    "dora",
    DORA_KEYS,
    CardDraft(
        DORA_KEYS,
        "dora",
        follows=DORA_FIRST.keys,
        generation=2,
        created_at="2026-11-20T09:30:00Z",
    ).write(),
    former=(DORA_FIRST.keys,),
)


@dataclass
class Vector:
    """A file, and what a reader must say to it."""

    file: str
    about: str
    rules: list[str]
    outcome: str
    make: Callable[[], bytes]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether the file is in `bundles/`; the others are made whenever the tests run."""
        return self.file.split(".")[0] not in NOT_KEPT

    def described(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "about": self.about,
            "rules": self.rules,
            "outcome": self.outcome,
            **self.facts,
        }


# -- bundles ------------------------------------------------------------------------------------


def bundle(
    name: str,
    about: str,
    rules: str,
    outcome: str,
    made: Bundle | None = None,
    *,
    now: str = NOW,
    reader: str = "bob",
    before: list[dict[str, str]] | None = None,
    older: bool = False,
    **changes: Any,
) -> Vector:
    """A vector of a bundle, from `ann` to `bob` unless something else is said."""
    draft = made or Bundle(name, ANN, [BOB], **changes)
    facts: dict[str, Any] = {
        "kind": "bundle",
        "reader": reader,
        "now": now,
        "older": older,
        "before": before or [],
        "n_plaintext_tables": len(draft.tables) if outcome == "ok" else 0,
    }
    if outcome == "ok":
        facts["tables"] = {table.name: sha256(table.plaintext) for table in draft.tables}
        origin = draft.origin
        facts["manifest"] = {
            "bundle_id": origin.bundle_id,
            "sender": origin.sender.fingerprint,
            "recipients": [one.fingerprint for one in origin.recipients],
            "created_at": origin.created_at,
            "expires_at": origin.expires_at,
            "sequence": origin.sequence,
            "n_rows_out": [len(table.rows) - 1 for table in origin.tables],
        }
        facts["hands"] = [one.fingerprint for one in draft.hands]
        facts["unverified"] = [one.fingerprint for one in draft.hands if one is EVE]
    return Vector(f"{name}.sxfer.zip", about, rules.split(), outcome, draft.write, facts)


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


def more_than_the_page(made: dict[str, Any]) -> None:
    """Members that no version knows yet, at every level."""
    inside = made["securexfer"]
    made["licenses"] = [{"name": "none"}]
    for place in (
        inside,
        inside["agreement"],
        inside["tables"][0],
        inside["tables"][0]["fields"][0],
    ):
        place["x_later"] = {"a": [1, 2.5, None, True]}


def valid_bundles() -> Iterator[Vector]:
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
    yield bundle(
        "ok-unknown-in-manifest",
        "members of the manifest that no version knows yet",
        "M32",
        "ok",
        change_manifest=more_than_the_page,
    )
    yield bundle(
        "ok-formulas-counted",
        "a table that says how many cells a spreadsheet would run",
        "M32",
        "ok",
        change_manifest=lambda made: made["securexfer"]["tables"][0].update(n_formulas={"id": 3}),
    )
    yield bundle(
        "ok-manifest-compact",
        "a manifest without white space or padding",
        "M32",
        "ok",
        change_manifest_text=lambda text: canonical(json.loads(text)),
        pad_manifest=False,
    )
    name = "N" + "-_0aZ" * 12 + "xyz"
    yield bundle("ok-long-table-name", "64 characters", "M31", "ok", tables=[Table(name)])
    yield bundle("ok-long-read-me", "64 KiB, the most", "M4", "ok", read_me=b"x" * 65_536)
    yield bundle(
        "read-me-not-utf-8",
        "a note that is not UTF-8",
        "M26",
        "bundle_malformed",
        read_me=b"caf\xe9",
    )
    yield bundle(
        "read-me-long",
        "a byte more than 64 KiB",
        "M4",
        "bundle_malformed",
        read_me=b"x" * 65_537,
    )
    yield bundle(
        "ok-forwarding-yes",
        "a sender who allows what this version can't do",
        "",
        "ok",
        change_manifest=lambda made: made["securexfer"].update(forwarding="yes"),
    )
    yield bundle(
        "ok-longest-life",
        "3650 days from creation to expiry",
        "",
        "ok",
        expires_at="2036-11-19T09:30:00Z",
    )
    yield bundle("ok-empty-read-me", "nothing for the finder", "", "ok", read_me=b"")
    yield bundle(
        "ok-expires-now",
        "the last second before expiry",
        "M38",
        "ok",
        now="2027-02-20T09:30:00Z",
    )
    yield bundle(
        "ok-created-tomorrow",
        "created a day ahead of the clock, to the second",
        "M38",
        "ok",
        now="2026-11-21T09:30:00Z",
    )
    yield bundle(
        "ok-expires-when-created",
        "no time between the two",
        "",
        "ok",
        expires_at=CREATED,
        now=CREATED,
    )
    yield bundle(
        "ok-sender-rotated",
        "signed by the keys of a second generation",
        "M15",
        "ok",
        Bundle("ok-sender-rotated", DORA, [BOB]),
    )
    first = Bundle("x", DORA_FIRST, [BOB], created_at="2026-11-20T09:30:00Z")
    yield bundle(
        "ok-former-key-older",
        "signed by keys since replaced, created in the very second of the rotation, and wanted",
        "M17",
        "ok",
        replace(first, label="ok-former-key-older", bundle_id="", password=""),
        older=True,
    )
    yield bundle(
        "former-key",
        "the same, but nobody said that an old bundle is wanted",
        "M17",
        "sender_retired",
        replace(first, label="former-key", bundle_id="", password=""),
    )
    yield bundle(
        "former-key-later",
        "signed by the former keys, a second after the rotation",
        "M17",
        "verification_failed",
        replace(
            first,
            label="former-key-later",
            bundle_id="",
            password="",
            created_at="2026-11-20T09:30:01Z",
        ),
        older=True,
    )
    again = {"file": "ok-one-table.sxfer.zip", "now": NOW}
    yield bundle(
        "ok-after-another", "another sequence than before", "M38", "ok", before=[again], sequence=5
    )
    newer = {"file": "ok-after-another.sxfer.zip", "now": NOW}
    yield bundle(
        "ok-opened-again",
        "this very bundle was opened before",
        "M38",
        "ok",
        before=[{"file": "ok-opened-again.sxfer.zip", "now": NOW}],
    )
    yield bundle(
        "ok-same-sequence", "another bundle with the same sequence", "M38", "ok", before=[again]
    )
    yield bundle(
        "older-sequence",
        "a lower sequence than one opened before",
        "M38",
        "bundle_older",
        before=[newer],
        sequence=4,
    )
    yield bundle(
        "ok-older-sequence-wanted",
        "a lower sequence, and a person allows it",
        "M38",
        "ok",
        before=[newer],
        sequence=4,
        older=True,
    )
    yield bundle(
        "replayed-id",
        "another bundle with an id that was opened before",
        "M38",
        "bundle_replayed",
        before=[again],
        sequence=2,
        id_label="ok-one-table",
    )
    yield bundle(
        "ok-same-id-other-sender",
        "ids are the sender's own: another sender may have the same",
        "M38",
        "ok",
        Bundle("ok-same-id-other-sender", CAT, [BOB], id_label="ok-one-table"),
        before=[again],
    )


def member(i: int, **changes: Any) -> Callable[[list[Entry]], object]:
    """Changes to one member."""

    def change(entries: list[Entry]) -> None:
        for name, value in changes.items():
            setattr(entries[i], name, value)

    return change


def renamed(**names: str) -> Callable[[list[Entry]], object]:
    """Members under other names; keys are r (READ-ME), t1, t2, …, m (manifest)."""

    def change(entries: list[Entry]) -> None:
        places = {"r": 0, "m": len(entries) - 1}
        for key, name in names.items():
            entries[places.get(key, int(key[1:] or 0))].name = name

    return change


def ordered(*places: int) -> Callable[[list[Entry]], object]:
    """Members in another order, or fewer of them."""

    def change(entries: list[Entry]) -> None:
        entries[:] = [entries[i] for i in places]

    return change


def with_member(i: int, entry: Entry) -> Callable[[list[Entry]], object]:
    return lambda entries: entries.insert(i, entry)


def without(*path: Any) -> Changes:
    """Takes one member away, somewhere deep inside."""

    def change(place: dict[str, Any]) -> None:
        *way, last = path
        for step in way:
            place = place[step]
        place.pop(last)

    return change


def structure_of_zip() -> Iterator[Vector]:
    """M21, M26 and M27, all validly signed."""

    def bad(name: str, about: str, rule: str = "M26", **changes: Any) -> Vector:
        return bundle(name, about, rule, "bundle_malformed", **changes)

    two = [Table("people"), Table("cases")]

    # Local headers. The offsets are those of APPNOTE.
    for name, about, edit in (
        ("version", "version needed 45", poke(4, b"\x2d")),
        ("flags", "bit 11 of the flags: UTF-8 name", poke(6, b"\x09\x08")),
        ("no-descriptor-flag", "bit 3 of the flags is clear", poke(6, b"\x01")),
        ("method", "method 0 in the header of an encrypted member", poke(8, b"\0\0")),
        ("time", "a time of day", poke(10, b"\1")),
        ("date", "2 January 1980", poke(12, b"\x22")),
        ("crc", "a checksum before the content", poke(14, b"\1")),
        ("size", "a size before the content", poke(22, b"\1")),
        ("name", "another name than the directory's", poke(30, b"tables/0002")),
        ("zip64-size", "a size in the ZIP64 extra field", poke(30 + 18 + 4, b"\1")),
        ("ae-1", "vendor version 1", poke(-7, b"\1")),
        ("vendor", "another vendor", poke(-5, b"AX")),
        ("strength", "AES-128", poke(-3, b"\1")),
        ("ae-method", "deflated, says the AE-2 extra field", poke(-2, b"\x08")),
    ):
        change = member(1, header=edit)
        yield bad(f"header-{name}", f"local header: {about}", change_members=change)
    more = struct.pack("<HH", 0xCAFE, 0)
    yield bad(
        "header-more-extra",
        "local header: one more extra field",
        change_members=member(1, header=lambda old: poke(28, struct.pack("<H", 35))(old) + more),
    )

    def everywhere(change: Edit) -> Callable[[list[Entry]], object]:
        return member(1, header=change, listed=change)

    yield bad(
        "ae-1",
        "AE-1 throughout: vendor version 1 and the checksum of the content",
        change_members=lambda entries: member(
            1,
            header=poke(-7, b"\1"),
            listed=poke(-7, b"\1"),
            crc=zlib.crc32(entries[1].content),
        )(entries),
    )
    yield bad(
        "table-clear",
        "a table that is not encrypted",
        change_members=member(1, encrypted=False),
    )
    yield bad(
        "manifest-clear",
        "a manifest that is not encrypted",
        change_members=member(2, encrypted=False),
    )
    yield bad(
        "read-me-encrypted", "READ-ME.txt encrypted", change_members=member(0, encrypted=True)
    )

    def deflated_read_me(entries: list[Entry]) -> None:
        """Method 8 and deflated content, as any ZIP program writes it."""
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(entries[0].content) + packer.flush()
        entries[0].stored = lambda _: data
        entries[0].header = poke(8, b"\x08")
        entries[0].listed = poke(10, b"\x08")

    yield bad("read-me-deflated", "READ-ME.txt deflated", change_members=deflated_read_me)
    yield bad(
        "table-method-deflated",
        "AE-2 throughout, but deflated inside says the extra field",
        change_members=everywhere(poke(-2, b"\x08")),
    )

    # Descriptors.
    for name, about, edit in (
        ("signature", "without its signature", lambda old: old[4:]),
        ("crc", "a checksum of an encrypted member", poke(4, b"\1")),
        ("stored-size", "another stored size", flip(8)),
        ("size", "another content size", flip(16)),
        (
            "short",
            "sizes of four bytes",
            lambda old: old[:8] + old[8:12] + old[16:20],
        ),
    ):
        change = member(1, descriptor=edit)
        yield bad(f"descriptor-{name}", f"descriptor: {about}", change_members=change)
    yield bad(
        "crc-of-read-me",
        "a wrong checksum of READ-ME.txt, in descriptor and directory alike",
        change_members=member(0, crc=1),
    )
    yield bad(
        "crc-of-envelope",
        "a wrong checksum of envelope.json",
        change_envelope_entry=lambda entry: setattr(entry, "crc", 1),
    )

    # Directory entries.
    for name, about, edit in (
        ("made-by", "made by version 45", poke(4, b"\x2d")),
        ("system", "made on system 0", poke(5, b"\0")),
        ("version", "version needed 45", poke(6, b"\x2d")),
        ("flags", "clear", poke(8, b"\x08")),
        ("method", "method 8", poke(10, b"\x08\0")),
        ("time", "a time of day", poke(12, b"\1")),
        ("crc", "a checksum of an encrypted member", poke(16, b"\1")),
        ("stored-size", "another stored size", flip(20)),
        ("size", "another content size", flip(24)),
        ("disk", "disk 1", poke(34, b"\1")),
        ("internal", "internal attributes", poke(36, b"\1")),
        ("external", "a symbolic link by its attributes", poke(38, b"\0\0\xff\xa1")),
        ("offset", "the offset of another member", poke(42, bytes(4))),
        ("name", "a name that leads out of the folder", poke(46, b"../../0001.csv.gz")),
        ("no-extra", "no AE-2 extra field", lambda old: poke(30, b"\0")(old)[:-11]),
        ("comment", "a comment", lambda old: poke(32, b"\1")(old) + b"!"),
        (
            "more-extra",
            "one more extra field",
            lambda old: poke(30, struct.pack("<H", 15))(old) + more,
        ),
    ):
        change = member(1, listed=edit)
        yield bad(f"entry-{name}", f"directory entry: {about}", change_members=change)

    def zip64_entry(old: bytes) -> bytes:
        """An offset in a ZIP64 extra field where 4 bytes are enough."""
        wide = struct.pack("<HHQ", 1, 8, struct.unpack_from("<I", old, 42)[0])
        name = old[46:64]
        head = bytearray(old[:46])
        head[4], head[6], head[30] = 45, 45, 12 + 11
        head[42:46] = b"\xff" * 4
        return bytes(head) + name + wide + old[64:]

    yield bad(
        "entry-needless-zip64",
        "directory entry: an offset of 8 bytes where 4 are enough",
        change_members=member(1, listed=zip64_entry),
    )

    # The directory, and what is around it.
    def swap(directory: list[bytes]) -> None:
        directory[0], directory[1] = directory[1], directory[0]

    yield bad("directory-order", "two directory entries swapped", change_directory=swap)
    yield bad("directory-missing", "a member without an entry", change_directory=lambda d: d.pop(1))
    yield bad("directory-doubled", "an entry twice", change_directory=lambda d: d.insert(1, d[1]))
    yield bundle(
        "directory-without-envelope",
        "no entry of envelope.json: the last entry is the manifest's",
        "M26 M38",
        "bundle_altered",
        change_directory=lambda d: d.pop(),
    )
    yield bad(
        "hidden-member",
        "a member in neither directory nor envelope",
        change_members=with_member(
            1, Entry("tables/0009.csv.gz", b"x", in_directory=False, in_envelope=False)
        ),
    )
    yield bad(
        "unlisted-member",
        "a member in the directory that the envelope does not list",
        change_members=with_member(1, Entry("tables/0009.csv.gz", b"x", in_envelope=False)),
    )
    yield bad(
        "member-not-in-directory",
        "a member in the envelope that the directory does not list",
        change_members=with_member(2, Entry("tables/0002.csv.gz", b"x", in_directory=False)),
    )
    gap = b"between "
    yield bad(
        "bytes-at-start", "bytes before the first member", change_members=member(0, before=gap)
    )
    yield bad("bytes-between", "bytes between two members", change_members=member(1, before=gap))
    yield bad(
        "bytes-before-envelope",
        "bytes before envelope.json",
        change_envelope_entry=lambda entry: setattr(entry, "before", gap),
    )
    yield bundle(
        "bytes-before-directory",
        "bytes between envelope.json and the directory, so that its content is not the signed one",
        "M26 M38",
        "bundle_altered",
        change_envelope_entry=lambda entry: setattr(entry, "after", gap),
    )
    yield bad("bytes-before-end", "bytes between directory and end record", before_end=gap)
    zip64_end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 4, 4, 0, 0)
    zip64_end += struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    yield bad("needless-zip64-end", "ZIP64 end records in a small bundle", before_end=zip64_end)

    # The end record.
    for name, about, edit in (
        ("signature", "another signature", poke(0, b"PK\5\7")),
        ("disk", "disk 1", poke(4, b"\1")),
        ("count", "one entry fewer", poke(8, b"\3")),
        ("total", "one entry more in all", poke(10, b"\5")),
        ("size", "another size of the directory", flip(12)),
        ("offset", "another offset of the directory", flip(16)),
        ("comment-length", "a comment one byte shorter", poke(20, b"\xff\x17")),
    ):
        yield bad(f"end-{name}", f"end record: {about}", change_end=edit)

    # What the envelope says about the members.
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

    # Names and order of members.
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

    # The whole file.
    for name, about, rule, edit in (
        ("file-empty", "no bytes", "M27", lambda _: b""),
        ("file-short", "fewer bytes than a comment has", "M27", lambda old: old[:100]),
        ("file-cut", "the last byte is missing", "M27", lambda old: old[:-1]),
        ("file-cut-half", "the second half is missing", "M27", lambda old: old[: len(old) // 2]),
        ("file-longer", "a byte after the comment", "M27", lambda old: old + b"\n"),
        ("file-comment-only", "a comment alone", "M27", lambda old: old[-COMMENT_BYTES:]),
        (
            "file-no-comment",
            "an ordinary ZIP file without comment",
            "M27",
            lambda old: old[: -COMMENT_BYTES - 2] + b"\0\0",
        ),
        ("file-other", "another file altogether", "M27", lambda _: b"id,year\n" * 2000),
    ):
        yield bad(name, about, rule, change_file=edit)


def outside_signature() -> Iterator[Vector]:
    """M9, M10, M35 to M37: the comment, the signatures, and bytes changed after signing."""

    def bad(name: str, about: str, rule: str, outcome: str, **changes: Any) -> Vector:
        return bundle(name, about, rule, outcome, **changes)

    def line(i: int, edit: Callable[[str], str]) -> Callable[[list[str]], object]:
        def change(lines: list[str]) -> None:
            lines[i] = edit(lines[i])

        return change

    altered = "bundle_altered"
    for name, about, at in (
        ("first-byte", "the first byte of the file", 0),
        ("read-me", "a letter of READ-ME.txt", 65),
        ("table", "a byte of a table", 300),
        ("end-record", "the number of disks", -COMMENT_BYTES - END_BYTES + 4),
        ("directory", "a byte of the directory", -COMMENT_BYTES - END_BYTES - 30),
    ):
        yield bad(
            f"altered-{name}",
            f"{about} changed after signing",
            "M36",
            altered,
            change_file=flip(at),
        )

    def in_envelope(old: bytes) -> bytes:
        return old.replace(b'"register_head":"0', b'"register_head":"1')

    yield bad(
        "altered-envelope",
        "a digit of the envelope changed after signing",
        "M36",
        altered,
        change_file=in_envelope,
    )
    yield bad(
        "signed-other-envelope",
        "line 3 is signed, but is not the hash of the envelope",
        "M36",
        altered,
        change_signed_lines=line(1, lambda _: "0" * 64),
    )
    yield bad(
        "signed-other-digest",
        "line 4 is signed, but is not the bundle digest",
        "M36",
        altered,
        change_signed_lines=line(2, lambda _: "0" * 64),
    )
    invalid = "signature_invalid"
    for name, i in (("ed25519", 4), ("ml-dsa-65", 5)):
        yield bad(
            f"signature-{name}",
            f"the {name} signature of other bytes, the other one valid",
            "M9",
            invalid,
            change_lines=(
                lambda lines, i=i: lines.__setitem__(
                    i, b64(ANN.keys.sign("bundle", lp("0" * 64))[i - 4])
                )
            ),
        )
    yield bad(
        "signature-ml-dsa-context",
        "an ML-DSA-65 signature with a context",
        "M9",
        invalid,
        sign=lambda keys, payload: keys.sign("bundle", payload, context=b"securexfer"),
    )
    small = bytes.fromhex("01" + "00" * 31 + "00" * 32)
    yield bad(
        "signature-small-order",
        "an Ed25519 signature of a small-order point",
        "M9",
        invalid,
        change_lines=line(4, lambda _: b64(small)),
    )
    yield bad(
        "signature-of-stranger",
        "in the name of ann, by somebody else",
        "M9",
        invalid,
        sign=lambda _, payload: EVE.keys.sign("bundle", payload),
    )
    yield bad(
        "signature-kind",
        "a signature of the kind card",
        "M2",
        invalid,
        sign=lambda keys, payload: keys.sign("card", payload),
    )
    yield bad(
        "signature-names-other",
        "the signed message names another signer",
        "M10",
        invalid,
        sign=lambda keys, payload: keys.sign("bundle", payload, signer=CAT.fingerprint),
    )
    yield bad(
        "signature-not-joined",
        "the payload is joined without lengths",
        "M1",
        invalid,
        sign=lambda keys, payload: keys.sign(
            "bundle", b"".join(payload[4 + 68 * i : 68 + 68 * i] for i in range(3))
        ),
    )
    yield bad(
        "stranger",
        "valid throughout, by somebody who is not pinned",
        "M37",
        "sender_unknown",
        made=Bundle("stranger", EVE, [BOB]),
    )
    yield bad(
        "stranger-in-line-2",
        "line 2 of the comment names somebody who is not pinned",
        "M37",
        "sender_unknown",
        change_lines=line(1, lambda _: EVE.fingerprint),
    )
    yield bad(
        "other-contact-in-line-2",
        "line 2 of the comment names another pinned contact",
        "M37",
        invalid,
        change_lines=line(1, lambda _: CAT.fingerprint),
    )

    def by_cat(lines: list[str]) -> None:
        lines[0] = CAT.fingerprint

    yield bad(
        "other-contact-signs",
        "signed by another pinned contact, while the envelope names ann",
        "M38",
        "verification_failed",
        change_signed_lines=by_cat,
        sign=lambda _, payload: CAT.keys.sign("bundle", payload),
    )

    # The comment's own spelling.
    malformed = "bundle_malformed"
    for name, about, change in (
        ("label", "another first line", line(0, lambda _: "securexfer-signature-2")),
        ("upper-case", "capital hex digits", line(3, str.upper)),
        ("short-digest", "a digest without its last digit", line(3, lambda old: old[:-1])),
        ("short-signature", "an Ed25519 signature of 63 bytes", line(4, lambda _: b64(bytes(63)))),
        (
            "long-signature",
            "an ML-DSA-65 signature of 3310 bytes",
            line(5, lambda _: b64(bytes(3310))),
        ),
        ("url-base64", "base64url", line(5, lambda old: old.translate(str.maketrans("+/", "-_")))),
        ("unpadded", "base64 without padding", line(4, lambda old: old.rstrip("="))),
        (
            "spare-bits",
            "base64 with spare bits set",
            line(4, lambda old: old[:-3] + chr(ord(old[-3]) + 1) + "=="),
        ),
        ("more-lines", "a seventh line", lambda lines: lines.append("more")),
        ("fewer-lines", "no ML-DSA-65 signature", lambda lines: lines.pop()),
        ("space", "a space before a line's end", line(2, lambda old: old + " ")),
        ("carriage-return", "CR before a line's end", line(2, lambda old: old + "\r")),
    ):
        yield bad(f"comment-{name}", f"comment: {about}", "M35", malformed, change_lines=change)
    second_end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
    for name, about, edit in (
        ("zero-bytes", "zero bytes instead of spaces", lambda old: old.replace(b" ", b"\0")),
        ("last-byte", "no newline at the end", lambda old: old[:-1] + b" "),
        ("tab", "a tab among the spaces", poke(-100, b"\t")),
        ("beyond-ascii", "a byte beyond ASCII", poke(-100, b"\xff")),
        ("second-end", "an end record among the spaces", poke(-END_BYTES, second_end)),
    ):
        rule = "M27 M35" if name == "second-end" else "M35"
        yield bad(f"comment-{name}", f"comment: {about}", rule, malformed, change_comment=edit)


def envelopes() -> Iterator[Vector]:
    """M3 to M6 and M33, all validly signed."""

    def bad(name: str, about: str, rule: str, **changes: Any) -> Vector:
        outcome = changes.pop("outcome", "bundle_malformed")
        return bundle(f"envelope-{name}", f"envelope: {about}", rule, outcome, **changes)

    def text(edit: Edit) -> dict[str, Any]:
        return {"change_envelope_text": edit}

    def sets(**changes: Any) -> dict[str, Any]:
        return {"change_envelope": lambda envelope: envelope.update(changes)}

    def drops(*names: str) -> dict[str, Any]:
        return {
            "change_envelope": lambda envelope: [envelope.pop(name) for name in names],
        }

    def at_first(place: str, **changes: Any) -> dict[str, Any]:
        return {"change_envelope": lambda envelope: envelope[place][0].update(changes)}

    def reordered(old: bytes) -> bytes:
        members = json.loads(old)
        return json.dumps(
            dict(reversed(members.items())), separators=(",", ":"), ensure_ascii=False
        ).encode()

    yield bad(
        "space",
        "white space after a colon",
        "M3",
        **text(lambda old: old.replace(b'":', b'": ', 1)),
    )
    yield bad("newline", "a newline at the end", "M3", **text(lambda old: old + b"\n"))
    yield bad("order", "members in another order", "M3", **text(reordered))
    yield bad(
        "escape",
        "a needless escape",
        "M3",
        **text(lambda old: old.replace(b"format", b"\\u0066ormat")),
    )
    yield bad("bom", "a byte order mark", "M3", **text(lambda old: b"\xef\xbb\xbf" + old))
    yield bad(
        "not-utf-8",
        "a byte that is not UTF-8",
        "M3",
        **text(lambda old: old.replace(b"format", b"form\xe1t")),
    )
    yield bad("not-json", "no JSON", "M3", **text(lambda _: b"PK"))
    yield bad("empty", "no bytes", "M3", **text(lambda _: b""))
    yield bad("list", "a list", "M3", **text(lambda old: b"[" + old + b"]"))
    yield bad(
        "deep", "brackets three thousand deep", "M3", **text(lambda _: b"[" * 3_000 + b"]" * 3_000)
    )
    yield bad(
        "duplicate",
        "a key twice",
        "M3",
        **text(lambda old: old.replace(b'"format":1', b'"format":1,"format":1')),
    )
    yield bad(
        "float",
        "1.0 as the format",
        "M3",
        **text(lambda old: old.replace(b'"format":1', b'"format":1.0')),
    )
    yield bad(
        "exponent",
        "1e0 as the format",
        "M3",
        **text(lambda old: old.replace(b'"format":1', b'"format":1e0')),
    )
    yield bad("true", "true as the format", "M3", **sets(format=True))
    yield bad("null", "null as the register head", "M3", **sets(register_head=None))
    yield bad("format-text", "the format as text", "M33", **sets(format="1"))
    yield bad("unknown", "an unknown member", "M33", **sets(note="x"))
    yield bad(
        "unknown-in-recipient",
        "an unknown member of a recipient",
        "M33",
        **at_first("recipients", note="x"),
    )
    yield bad(
        "unknown-in-member", "an unknown member of a member", "M33", **at_first("members", note="x")
    )
    for name in ("register_head", "expires_at", "password_commitment", "recipients", "members"):
        yield bad(f"without-{name.replace('_', '-')}", f"no {name}", "M33", **drops(name))
    unsupported = "bundle_unsupported"
    yield bad("format-0", "format 0", "M33", outcome=unsupported, **sets(format=0))
    yield bad("format-2", "format 2", "M33", outcome=unsupported, **sets(format=2))
    yield bad("negative", "a negative offset", "M3", **at_first("members", offset=-1))
    yield bad("huge", "2^53 as a length", "M3", **at_first("members", length=2**53))
    yield bad("id-short", "an id of 15 bytes", "M33", bundle_id="00" * 15)
    yield bad("id-upper-case", "an id in capitals", "M6", bundle_id="AB" * 16)
    yield bad(
        "sender-upper-case", "the sender in capitals", "M6", **sets(sender=ANN.fingerprint.upper())
    )
    yield bad(
        "sender-short", "the sender's first 160 bits", "M6", **sets(sender=ANN.fingerprint[:40])
    )
    yield bad("head-short", "a register head of 63 digits", "M34", **sets(register_head="0" * 63))
    yield bad(
        "commitment-short", "a commitment of 63 digits", "M24", **sets(password_commitment="0" * 63)
    )
    yield bad(
        "sha256-upper-case",
        "a member's hash in capitals",
        "M33",
        **at_first("members", sha256="AB" * 32),
    )
    yield bad(
        "recipient-short",
        "a recipient of 160 bits",
        "M6",
        **at_first("recipients", fingerprint=BOB.fingerprint[:40]),
    )
    yield bad(
        "sealed-short",
        "a sealed password of 1178 bytes",
        "M23",
        outcome="password_mismatch",
        **at_first("recipients", sealed_password=b64(bytes(1178))),
    )
    yield bad(
        "sealed-long",
        "a sealed password of 1180 bytes",
        "M23",
        outcome="password_mismatch",
        **at_first("recipients", sealed_password=b64(bytes(1180))),
    )
    yield bad(
        "sealed-not-base64",
        "a sealed password that is not base64",
        "M23",
        outcome="password_mismatch",
        **at_first("recipients", sealed_password="*" * 1572),
    )
    yield bad("no-recipients", "no recipients", "M33", **sets(recipients=[]))
    yield bad(
        "recipient-twice",
        "a recipient twice",
        "M33",
        change_envelope=lambda envelope: envelope["recipients"].extend(envelope["recipients"]),
    )
    for name, spelled in (
        ("offset", "2026-11-22T09:30:00+00:00"),
        ("fraction", "2026-11-22T09:30:00.0Z"),
        ("space", "2026-11-22 09:30:00Z"),
        ("lower-case", "2026-11-22t09:30:00z"),
        ("no-such-day", "2026-02-30T09:30:00Z"),
        ("no-such-hour", "2026-11-22T24:00:00Z"),
        ("leap-second", "2026-06-30T23:59:60Z"),
        ("other-digits", "\uff12026-11-22T09:30:00Z"),
    ):
        yield bad(f"time-{name}", f"a time spelled {spelled}", "M5", **sets(created_at=spelled))
    yield bad(
        "expiry-first", "expiry a second before creation", "M33", expires_at="2026-11-22T09:29:59Z"
    )

    yield bad(
        "long-life",
        "3650 days and a second from creation to expiry",
        "M33",
        expires_at="2036-11-19T09:30:01Z",
    )


def reading_order() -> Iterator[Vector]:
    """Steps 5 to 7 of the reading order."""
    yield bundle(
        "expired", "a second after expiry", "M38", "bundle_expired", now="2027-02-20T09:30:01Z"
    )
    yield bundle(
        "expired-by-register",
        "expired by the newest entry of the register, while the clock was set back",
        "M38",
        "bundle_expired",
        expires_at="2026-12-01T00:00:00Z",
        before=[{"file": "ok-one-table.sxfer.zip", "now": "2026-12-01T00:00:01Z"}],
    )
    yield bundle(
        "from-future",
        "created a day and a second ahead",
        "M38",
        "bundle_from_future",
        now="2026-11-21T09:29:59Z",
    )
    yield bundle(
        "not-for-me", "sealed to somebody else", "M38", "not_a_recipient", Bundle("x1", ANN, [CAT])
    )
    yield bundle(
        "not-for-sender",
        "opened by its sender, who is no recipient",
        "M38",
        "not_a_recipient",
        reader="ann",
    )
    yield bundle(
        "ok-sealed-to-former-key",
        "sealed to keys that the recipient has replaced since",
        "M38",
        "ok",
        Bundle("ok-sealed-to-former-key", ANN, [DORA_FIRST]),
        reader="dora",
    )
    yield bundle(
        "ok-to-oneself",
        "from ann to ann",
        "M38",
        "ok",
        Bundle("ok-to-oneself", ANN, [ANN]),
        reader="ann",
    )
    # Two faults: the earlier step decides.
    yield bundle(
        "order-signature-first",
        "wrongly signed and expired",
        "M38",
        "signature_invalid",
        sign=lambda keys, payload: keys.sign("card", payload),
        expires_at=CREATED,
    )
    yield bundle(
        "order-sender-first",
        "by a stranger, and altered",
        "M38",
        "sender_unknown",
        Bundle("order-sender-first", EVE, [BOB], change_file=flip(300)),
    )
    yield bundle(
        "order-structure-first",
        "malformed and expired",
        "M38",
        "bundle_malformed",
        change_members=member(1, header=poke(10, b"\1")),
        expires_at=CREATED,
    )
    yield bundle(
        "order-expiry-before-recipient",
        "expired, and for somebody else",
        "M38",
        "bundle_expired",
        Bundle("order-expiry-before-recipient", ANN, [CAT], expires_at=CREATED),
    )
    yield bundle(
        "order-password-before-parts",
        "a wrong commitment, and a provenance that is none",
        "M38",
        "password_mismatch",
        change_envelope=lambda envelope: envelope.update(password_commitment="0" * 64),
        change_members=with_member(2, Entry("provenance.json", b"{}")),
    )

    # Password and sealing.
    def sealing(name: str, about: str, rule: str, **changes: Any) -> Vector:
        return bundle(f"sealed-{name}", about, rule, "password_mismatch", **changes)

    yield sealing(
        "for-other-bundle",
        "sealed under the id of another bundle",
        "M23",
        change_seal=lambda parts: parts.update(bundle_id="0" * 32),
    )
    yield sealing(
        "by-other-sender",
        "sealed in the name of another sender",
        "M23",
        change_seal=lambda parts: parts.update(sender=CAT.fingerprint),
    )
    yield sealing(
        "for-other-recipient",
        "sealed to the right key in the name of another recipient",
        "M23",
        change_seal=lambda parts: parts.update(recipient=CAT.fingerprint),
    )
    yield sealing(
        "to-other-key",
        "sealed to somebody else's key",
        "M23",
        change_seal=lambda parts: parts.update(public=CAT.keys.public),
    )
    yield sealing(
        "with-other-label",
        "sealed under another label",
        "M2",
        change_seal=lambda parts: parts.update(label="securexfer/2/seal"),
    )
    yield sealing(
        "zeros",
        "1179 zero bytes",
        "M23",
        change_envelope=lambda envelope: envelope["recipients"][0].update(
            sealed_password=b64(bytes(1179))
        ),
    )
    yield sealing(
        "other-password",
        "the commitment is to another password than the sealed one",
        "M24",
        committed_password="A" * 43,
    )
    yield sealing(
        "commitment-other-id",
        "the commitment is under another bundle's id",
        "M24",
        commitment_id="0" * 32,
    )
    for name, about, password in (
        ("42-characters", "a password of 42 characters, committed to", "A" * 42),
        ("44-characters", "a password of 44 characters, committed to", "A" * 44),
        ("not-base64url", "a password with + and /, committed to", "+/" * 21 + "A"),
        ("space", "a password with a space, committed to", "A" * 21 + " " + "A" * 21),
        ("beyond-ascii", "a password of 43 bytes in UTF-8, committed to", "A" * 41 + "\u00e9"),
    ):
        yield sealing(name, about, "M25", password=password)

    yield bundle(
        "attachments-gap",
        "attachment 2 without attachment 1",
        "M21",
        "bundle_malformed",
        change_members=with_member(2, Entry("attachments/0002.tar", bytes(1024))),
    )
    yield bundle(
        "attachments-early",
        "an attachment before the tables",
        "M21",
        "bundle_malformed",
        change_members=with_member(1, Entry("attachments/0001.tar", bytes(1024))),
    )


# -- attached files ------------------------------------------------------------------------------


def archive(*files: tuple[str, bytes], **changes: Any) -> bytes:
    """A tar file as the page describes it, without zeros to fill it up."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o600
            for key, value in changes.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
        n_bytes = tar.offset + 1024
    return made.getvalue()[:n_bytes]


def attached_files() -> Iterator[Vector]:
    """M46."""
    name = "person_0123456789abcdef01234567-0123456789abcdef.jpg"
    picture = bytes(range(256)) * 3

    def attached(
        title: str, about: str, rule: str, outcome: str, data: bytes, **record: Any
    ) -> Vector:
        said = {
            "member": "attachments/0001.tar",
            "n_files": 1,
            "n_bytes": len(data),
            "plaintext_sha256": sha256(data),
            **record,
        }

        def describe(made: dict[str, Any]) -> None:
            made["securexfer"]["members"].insert(2, "attachments/0001.tar")
            made["securexfer"]["tables"][0]["attachments"] = said

        return bundle(
            title,
            about,
            rule,
            outcome,
            change_members=with_member(2, Entry("attachments/0001.tar", data)),
            change_manifest=describe,
        )

    good = archive((name, picture))
    wrong = "content_mismatch"
    yield attached("ok-attachments", "a table with one attached file", "M46", "ok", good)
    yield attached(
        "ok-attachments-none", "a table with no file to attach", "M46", "ok", archive(), n_files=0
    )
    yield attached(
        "ok-attachments-document",
        "a document",
        "M46",
        "ok",
        archive((name.replace(".jpg", ".pdf"), b"%PDF-1.7" + picture)),
    )
    yield attached(
        "ok-attachments-two",
        "two, and an empty one",
        "M46",
        "ok",
        archive((name, picture), ("file-0123456789abcdef.png", b""), ("a.tif", b"x" * 512)),
        n_files=3,
    )
    yield bundle(
        "attachments-unsaid",
        "files attached of which the manifest does not know",
        "M46",
        "manifest_mismatch",
        change_members=with_member(2, Entry("attachments/0001.tar", good)),
    )
    yield attached(
        "attachments-other-member",
        "the manifest names another member",
        "M46",
        "manifest_mismatch",
        good,
        member="attachments/0002.tar",
    )
    for title, about, record in (
        ("digest", "another SHA-256", {"plaintext_sha256": "0" * 64}),
        ("shorter", "fewer bytes than there are", {"n_bytes": len(good) - 1}),
        ("longer", "more bytes than there are", {"n_bytes": len(good) + 1}),
        ("fewer", "no file, where there is one", {"n_files": 0}),
        ("more", "two files, where there is one", {"n_files": 2}),
    ):
        yield attached(f"attachments-{title}", about, "M46", wrong, good, **record)
    for title, bad in (
        ("up", f"../{name}"),
        ("absolute", f"/{name}"),
        ("folder", f"photos/{name}"),
        ("drive", "c:x.jpg"),
        ("dots", "..jpg"),
        ("device", "nul"),
        ("upper-case", name.upper()),
        ("space", "a b.jpg"),
        ("program", "run.exe"),
        ("none", ".jpg"),
        ("long", "x" * 91 + ".jpg"),
    ):
        about = f"a file called {bad[:24]!r}"
        yield attached(f"attachments-name-{title}", about, "M46", wrong, archive((bad, picture)))
    for title, about, changes in (
        ("link", "a symbolic link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("hard-link", "a hard link", {"type": tarfile.LNKTYPE, "linkname": "x"}),
        ("device", "a device", {"type": tarfile.CHRTYPE}),
        ("pipe", "a named pipe", {"type": tarfile.FIFOTYPE}),
        ("folder", "a folder", {"type": tarfile.DIRTYPE}),
        ("contiguous", "a file of another kind", {"type": tarfile.CONTTYPE}),
        ("mode", "a program", {"mode": 0o755}),
        ("owner", "somebody's file", {"uname": "ann"}),
        ("time", "a time", {"mtime": 1}),
        ("user", "a user", {"uid": 1}),
    ):
        yield attached(
            f"attachments-{title}", about, "M46", wrong, archive((name, picture), **changes)
        )
    yield attached(
        "attachments-twice",
        "two files of one name",
        "M46",
        wrong,
        archive((name, picture), (name, b"x")),
        n_files=2,
    )
    for title, about, edit in (
        ("checksum", "a wrong checksum of the header", poke(148, b"0000000")),
        ("gnu", "a header as GNU tar writes it", poke(257, b"ustar  \0")),
        ("filling", "something behind a file's end", poke(512 + len(picture), b"x")),
        ("end", "something behind the archive's end", poke(len(good) - 1, b"x")),
        ("empty-first", "an end before the files", lambda data: bytes(512) + data[:-512]),
        ("cut", "an archive that is cut off", lambda data: data[:1024]),
        ("no-end", "an archive without its end", lambda data: data[:-1024]),
        ("half-end", "an archive with half of its end", lambda data: data[:-512]),
    ):
        yield attached(f"attachments-{title}", about, "M46", wrong, edit(good))


# -- forwarded bundles --------------------------------------------------------------------------


def allows(made: dict[str, Any]) -> None:
    """Let recipients forward the bundle."""
    made["securexfer"]["forwarding"] = "yes"


def allows_without_number(made: dict[str, Any]) -> None:
    """Let recipients forward the bundle, which is none of a series."""
    allows(made)
    made["securexfer"].update(sequence=0)


def packed(label: str, sender: Person, recipients: Sequence[Person], **changes: Any) -> Bundle:
    """A bundle that may be forwarded."""
    return Bundle(label, sender, recipients, **{"change_manifest": allows, **changes})


def passed(name: str, *hands: Person, **changes: Any) -> Forward:
    """A bundle that goes from hand to hand; the last one reads. `changes` are to the last hop."""
    first, second, *others = hands
    made = packed(f"{name}-0", first, [second])
    for number, to in enumerate(others, start=1):
        last = number == len(others)
        label = name if last else f"{name}-{number}"
        sender = made.recipients[0]
        made = Forward(label, sender, [to], source=made, **(changes if last else {}))
    if not isinstance(made, Forward):
        raise TypeError("nobody forwards it")
    return made


def forward(
    name: str, about: str, rules: str, outcome: str, made: Forward | None = None, **more: Any
) -> Vector:
    """A vector of a forwarded bundle: from `ann` to `bob` to `cat`, if nothing else is said."""
    facts = {key: more.pop(key) for key in ("now", "before", "older") if key in more}
    draft = made or passed(name, ANN, BOB, CAT, **more)
    reader = draft.recipients[0].name
    vector = bundle(name, about, rules, outcome, draft, reader=reader, **facts)
    vector.make = lambda: draft.file
    return vector


def forwarded() -> Iterator[Vector]:
    """What a reader must accept."""

    def good(name: str, about: str, rules: str, *hands: Person, **more: Any) -> Vector:
        label = f"ok-forwarded-{name}"
        facts = {key: more.pop(key) for key in ("now", "before", "older") if key in more}
        made = more.pop("made", None) or passed(label, *(hands or (ANN, BOB, CAT)), **more)
        return forward(label, about, rules, "ok", made, **facts)

    steps = "M48 M49 M50 M51 M52"
    yield good("once", "from hand to hand, once", steps)
    yield good("twice", "from hand to hand, twice", steps, ANN, BOB, CAT, DORA)
    yield good(
        "eight-times",
        "as many hops as a bundle may have, between the same two people",
        "M51",
        *(ANN, *[BOB, CAT] * 4, BOB),
    )
    two = [Table("people"), Table("cases", [("case", "opened"), ("case_1", "2020")])]
    source = packed("ok-forwarded-two-tables-0", ANN, [BOB], tables=two)
    yield good(
        "two-tables",
        "two tables, and two recipients on the way",
        steps,
        made=Forward("ok-forwarded-two-tables", BOB, [CAT, DORA], source=source),
    )
    shorter = passed("ok-forwarded-shorter", ANN, BOB, CAT, expires_at="2026-11-23T09:30:00Z")
    yield good("shorter", "for less time than before", "M51", made=shorter)
    yield good("back", "back to whoever packed it", "M48", ANN, BOB, ANN)
    yield good("to-oneself", "forwarded to oneself", "M48", ANN, BOB, BOB)
    both = packed("ok-forwarded-to-a-recipient-0", ANN, [BOB, CAT])
    yield good(
        "to-a-recipient",
        "to somebody who could open the first bundle too",
        "M48",
        made=Forward("ok-forwarded-to-a-recipient", BOB, [CAT], source=both),
    )
    yield good("origin-unknown", "packed by nobody known", "M47", EVE, BOB, CAT)
    yield good("hand-unknown", "through the hands of nobody known", "M47", ANN, EVE, BOB, CAT)
    yield good(
        "former-key-older",
        "packed with a former key, and wanted",
        "M17 M47",
        *(DORA_FIRST, BOB, CAT),
        older=True,
        made=Forward(
            "ok-forwarded-former-key-older",
            BOB,
            [CAT],
            source=packed("x0", DORA_FIRST, [BOB], created_at="2026-11-20T09:30:00Z"),
        ),
    )
    many = [Person(f"p{i}", Keys.seeded("many", i), b"") for i in range(60)]
    source = packed("ok-forwarded-long-0", ANN, [BOB, *many])
    yield good(
        "long",
        "a provenance of more than 64 KiB",
        "M47",
        made=Forward("ok-forwarded-long", BOB, [CAT], source=source),
    )
    again = {"file": "ok-forwarded-once.sxfer.zip", "now": NOW}
    yield good("after-another", "another origin than before", "M38", before=[again])
    yield good(
        "same-origin",
        "what it holds came here before, in another bundle",
        "M38",
        made=Forward("ok-forwarded-same-origin", BOB, [CAT], source=shorter.source),
        before=[{"file": "ok-forwarded-shorter.sxfer.zip", "now": NOW}],
    )
    newer = {"file": "ok-forwarded-newer.sxfer.zip", "now": NOW}
    yield good("newer", "the fifth of a series", "M38", made=numbered("ok-forwarded-newer", 5))
    yield good(
        "older-wanted",
        "a lower sequence, and a person allows it",
        "M38",
        made=numbered("ok-forwarded-older-wanted", 4),
        before=[newer],
        older=True,
    )
    yield good(
        "lower-from-unknown",
        "nobody vouches for a lower sequence of the same origin by somebody else",
        "M38",
        made=Forward(
            "ok-forwarded-lower-from-unknown",
            DORA,
            [CAT],
            source=packed("u2", EVE, [DORA, BOB], sequence=1),
        ),
        before=[{"file": "ok-forwarded-unknown-newer.sxfer.zip", "now": NOW}],
    )
    yield good(
        "unknown-newer",
        "the fifth of a series that nobody vouches for",
        "M38",
        made=Forward(
            "ok-forwarded-unknown-newer",
            BOB,
            [CAT],
            source=packed("u1", EVE, [DORA, BOB], sequence=5),
        ),
    )


def numbered(label: str, sequence: int) -> Forward:
    """One of a series of `ann` for `bob`, forwarded to `cat`."""
    return Forward(label, BOB, [CAT], source=packed(f"{label}-0", ANN, [BOB], sequence=sequence))


def broken_chains() -> Iterator[Vector]:
    """M47 to M50: hops that do not make a transfer, behind a valid signature."""

    def bad(name: str, about: str, rule: str, outcome: str, *made: Forward, **more: Any) -> Vector:
        return forward(f"forwarded-{name}", f"forwarded: {about}", rule, outcome, *made, **more)

    # What is handed on.
    def changed(name: str, about: str, **changes: Any) -> Vector:
        return bad(name, about, "M49", "forwarded_changed", **changes)

    other = compress(b"id,year\nperson_1,1981\nperson_2,1991\n")
    extra = Entry("tables/0002.csv.gz", compress(b"id\n"), salt=bytes(16))
    yield changed("table", "another table", change_members=member(1, content=other))
    yield changed("table-salt", "a table, encrypted anew", change_members=member(1, salt=bytes(16)))
    yield changed("table-added", "an invented table", change_members=with_member(2, extra))
    yield changed(
        "read-me", "another note for the finder", change_members=member(0, content=b"Keep it.\n")
    )
    yield changed(
        "manifest", "another manifest", change_members=member(-1, content=b'{"securexfer":{}}')
    )
    source = packed(
        "forwarded-table-left-out-0", ANN, [BOB], tables=[Table("people"), Table("cases")]
    )
    left_out = Forward("forwarded-table-left-out", BOB, [CAT], source=source)
    left_out.change_members = lambda entries: entries.pop(2)
    yield bad("table-left-out", "a table less", "M49", "forwarded_changed", left_out)
    bent = passed("forwarded-changed-between-1", ANN, BOB, CAT)
    bent.change_members = member(1, content=other)
    salt = seeded(16, "salt", bent.origin.label, 1)
    mended = Forward("forwarded-changed-between", CAT, [DORA], source=bent)
    mended.change_members = member(1, content=Table().member_content, salt=salt)
    yield bad("changed-between", "changed and changed back", "M49", "forwarded_changed", mended)

    # By whom and until when.
    stolen = packed("forwarded-never-given-0", ANN, [DORA])
    yield bad(
        "never-given",
        "by somebody it was never sealed to",
        "M48",
        "forwarder_not_recipient",
        Forward("forwarded-never-given", BOB, [CAT], source=stolen),
    )
    middle = Forward("x1", BOB, [DORA], source=stolen)
    yield bad(
        "never-given-before",
        "somebody on the way had it from nobody",
        "M48",
        "forwarder_not_recipient",
        Forward("forwarded-never-given-before", DORA, [CAT], source=middle),
    )
    later = "2027-02-20T09:30:01Z"
    yield bad("longer", "a second longer", "M51", "forwarded_longer", expires_at=later)
    middle = passed("x2", ANN, BOB, DORA, expires_at=later)
    yield bad(
        "longer-before",
        "longer on the way",
        "M51",
        "forwarded_longer",
        Forward("forwarded-longer-before", DORA, [CAT], source=middle),
    )
    shorter = passed("x3", ANN, BOB, DORA, expires_at="2026-12-01T09:30:00Z")
    yield bad(
        "longer-again",
        "as long as at first, after it had been for less",
        "M51",
        "forwarded_longer",
        Forward("forwarded-longer-again", DORA, [CAT], source=shorter),
    )
    yield bad(
        "nine-times",
        "nine hops",
        "M51",
        "forwarded_too_often",
        passed("forwarded-nine-times", ANN, *[BOB, CAT] * 5),
    )
    forbidden = Bundle("forwarded-forbidden-0", ANN, [BOB])
    yield bad(
        "forbidden",
        "against the agreement",
        "M52",
        "forwarding_forbidden",
        Forward("forwarded-forbidden", BOB, [CAT], source=forbidden),
    )

    # Signatures of the hops.
    def resigned(hops: list[dict[str, str]]) -> None:
        lines = hops[0]["comment"].splitlines()
        ed25519, ml_dsa_65 = CAT.keys.sign("bundle", lp(*lines[1:4]), signer=ANN.fingerprint)
        lines[4:6] = b64(ed25519), b64(ml_dsa_65)
        hops[0]["comment"] = comment_of(lines[:6])

    def half_resigned(line: int) -> Callable[[list[dict[str, str]]], None]:
        def change(hops: list[dict[str, str]]) -> None:
            kept = hops[0]["comment"].splitlines()[:6]
            resigned(hops)
            lines = hops[0]["comment"].splitlines()[:6]
            lines[line] = kept[line]
            hops[0]["comment"] = comment_of(lines)

        return change

    for name, change in (
        ("", resigned),
        ("-ml-dsa", half_resigned(4)),
        ("-ed25519", half_resigned(5)),
    ):
        yield bad(
            f"not-signed{name}",
            "the first hop is not signed by its sender",
            "M47",
            "signature_invalid",
            change_hops=change,
        )
    yield bad(
        "packed-with-former-key",
        "packed with a former key, and nobody said that an old bundle is wanted",
        "M17 M47",
        "sender_retired",
        Forward(
            "forwarded-packed-with-former-key",
            BOB,
            [CAT],
            source=packed("x4", DORA_FIRST, [BOB], created_at="2026-11-20T09:30:00Z"),
        ),
    )
    yield bad(
        "packed-with-replaced-key",
        "packed with a former key, a second after the rotation",
        "M17 M47",
        "provenance_invalid",
        Forward(
            "forwarded-packed-with-replaced-key",
            BOB,
            [CAT],
            source=packed("x5", DORA_FIRST, [BOB], created_at="2026-11-20T09:30:01Z"),
        ),
        older=True,
    )

    # One transfer.
    yield bad(
        "joined",
        "the hops of another bundle",
        "M50",
        "password_mismatch",
        change_hops=joined,
    )
    yield bad(
        "commitment-other-id",
        "the first hop committed to the password under another id",
        "M50",
        "password_mismatch",
        Forward(
            "forwarded-commitment-other-id",
            BOB,
            [CAT],
            source=packed("x7", ANN, [BOB], commitment_id="0" * 32),
        ),
    )
    yield bad(
        "twice-the-same-id",
        "under the id that it was packed under",
        "M50",
        "provenance_invalid",
        id_label="forwarded-twice-the-same-id-0",
    )
    looped = passed("x8", ANN, BOB, CAT, BOB)
    yield bad(
        "hop-twice",
        "the last hop twice",
        "M50",
        "provenance_invalid",
        Forward(
            "forwarded-hop-twice",
            BOB,
            [CAT],
            source=looped,
            change_hops=lambda hops: hops.append(hops[-1]),
        ),
    )
    yield bad(
        "own-envelope",
        "a first hop that the forwarder made",
        "M52",
        "manifest_mismatch",
        change_hops=claimed_by_bob,
    )
    yield bad(
        "manifest-none",
        "a manifest that is none",
        "M52",
        "manifest_mismatch",
        Forward(
            "forwarded-manifest-none",
            BOB,
            [CAT],
            source=Bundle("x9", ANN, [BOB], change_manifest=allows_without_number),
        ),
    )
    yield bad(
        "without-provenance",
        "as if the forwarder had packed it",
        "M30",
        "manifest_mismatch",
        change_members=lambda entries: entries.pop(-2),
    )

    # What is known at this desk.
    yield bad(
        "older",
        "a lower sequence than one that came before",
        "M38",
        "bundle_older",
        numbered("forwarded-older", 4),
        before=[{"file": "ok-forwarded-newer.sxfer.zip", "now": NOW}],
    )
    yield bad(
        "replayed-origin",
        "something else, packed under an id that came here before",
        "M38",
        "bundle_replayed",
        Forward(
            "forwarded-replayed-origin",
            BOB,
            [CAT],
            source=packed("x10", ANN, [BOB], sequence=2, id_label="ok-forwarded-once-0"),
        ),
        before=[{"file": "ok-forwarded-once.sxfer.zip", "now": NOW}],
    )
    yield bad(
        "expired", "past its own day", "M38", "bundle_expired", expires_at="2026-11-22T10:00:00Z"
    )


def provenances() -> Iterator[Vector]:
    """M47: `provenance.json` itself, behind a valid signature and the right password."""

    def bad(name: str, about: str, outcome: str = "provenance_invalid", **changes: Any) -> Vector:
        return forward(f"provenance-{name}", f"provenance: {about}", "M47", outcome, **changes)

    def hop(**edits: Edit) -> Changes:
        def change(hops: Any) -> None:
            for key, edit in edits.items():
                hops[0][key] = edit(hops[0][key].encode("utf-8")).decode("utf-8")

        return change

    def origin(name: str, about: str, **changes: Any) -> Vector:
        made = Forward(
            f"provenance-{name}", BOB, [CAT], source=packed(f"{name}-0", ANN, [BOB], **changes)
        )
        return forward(
            f"provenance-{name}", f"provenance: {about}", "M47", "provenance_invalid", made
        )

    yield bundle(
        "provenance",
        "an empty object, in a bundle that nobody forwarded",
        "M47",
        "provenance_invalid",
        change_members=with_member(2, Entry("provenance.json", b"{}")),
    )
    yield bad("not-json", "no JSON", change_provenance_text=lambda _: b"[")
    yield bad("space", "a space within", change_provenance_text=lambda old: b"{ " + old[1:])
    yield bad(
        "padding-letter",
        "a letter within the padding",
        change_provenance_text=lambda old: old + b"X",
    )
    yield bad("line-end", "a line end behind", change_provenance_text=lambda old: old + b"\n")
    yield bad("list", "a list of hops alone", change_provenance_text=lambda _: b"[]")
    yield bad("no-hops", "no hops", change_hops=only())
    yield bad("no-list", "hops that are text", change_provenance=lambda made: made.update(hops="x"))
    yield bad("unknown", "a member that is not known", change_provenance=lambda m: m.update(x=1))
    yield bad(
        "version-2",
        "another version",
        change_provenance=lambda made: made.update(securexfer_provenance=2),
    )
    yield bad(
        "without-version",
        "no version",
        change_provenance=lambda made: made.pop("securexfer_provenance"),
    )
    yield bad("without-padding", "no padding", pad_provenance=False)
    yield bad(
        "short-padding",
        "a space too few",
        pad_provenance=False,
        change_provenance_text=lambda old: old.ljust(65_535),
    )
    yield bad(
        "long-padding",
        "a space too many",
        pad_provenance=False,
        change_provenance_text=lambda old: old.ljust(65_537),
    )
    yield bad(
        "large",
        "more than 16 MiB",
        pad_provenance=False,
        change_provenance_text=lambda old: old.ljust(16 * 1024 * 1024 + 1),
    )
    yield bad(
        "password",
        "encrypted under another password",
        change_members=member(-2, password=b"x" * 43),
    )
    yield bad("hop-list", "a hop that is a list", change_provenance=lambda m: m.update(hops=[[]]))
    yield bad("hop-unknown", "a hop that says more", change_hops=lambda h: h[0].update(x="1"))
    yield bad("hop-without-comment", "no comment", change_hops=lambda h: h[0].pop("comment"))
    yield bad("hop-without-envelope", "no envelope", change_hops=lambda h: h[0].pop("envelope"))
    yield bad(
        "hop-number", "a comment that is a number", change_hops=lambda h: h[0].update(comment=1)
    )
    yield bad(
        "hop-object",
        "an envelope that is an object",
        change_hops=lambda h: h[0].update(envelope={}),
    )
    yield bad(
        "comment-byte",
        "a byte in the padding of a comment",
        change_hops=hop(comment=poke(-3, b"x")),
    )
    yield bad(
        "comment-short",
        "a comment without its last byte",
        change_hops=hop(comment=lambda old: old[:-1]),
    )
    yield bad(
        "comment-beyond-ascii",
        "a comment beyond ASCII",
        change_hops=hop(comment=lambda old: "\u00e9".encode() + old[2:]),
    )
    yield bad(
        "comment-without-signature", "a hop without signatures", change_hops=hop(comment=drop_lines)
    )
    yield bad(
        "envelope-altered",
        "an envelope with another expiry",
        change_hops=hop(envelope=lambda old: old.replace(b"2027-02-20T", b"2027-02-21T")),
    )
    yield bad(
        "envelope-space",
        "an envelope with a space",
        change_hops=hop(envelope=lambda old: b"{ " + old[1:]),
    )
    yield bad(
        "envelope-not-json",
        "an envelope that is none",
        change_hops=hop(envelope=lambda old: old[1:]),
    )
    yield bad(
        "other-signer",
        "a hop whose envelope names another sender than its comment",
        change_hops=signed_by_cat,
    )
    yield origin(
        "envelope-format-2", "a hop of another format", change_envelope=lambda e: e.update(format=2)
    )
    yield origin(
        "envelope-unknown", "a hop that says more", change_envelope=lambda e: e.update(x=1)
    )
    yield origin(
        "envelope-names",
        "a hop with a table of another name",
        change_envelope=lambda e: e["members"][1].update(name="people.csv.gz"),
    )
    yield origin(
        "envelope-gap",
        "a hop with a gap between members",
        change_envelope=lambda e: e["members"][2].update(offset=e["members"][2]["offset"] + 1),
    )
    twice = passed("y1", ANN, BOB, CAT, DORA)
    yield forward(
        "provenance-origin-left-out",
        "provenance: without the first hop",
        "M47",
        "provenance_invalid",
        Forward(
            "provenance-origin-left-out",
            DORA,
            [CAT],
            source=twice,
            change_hops=lambda hops: hops.pop(0),
        ),
    )
    yield forward(
        "provenance-out-of-order",
        "provenance: the newest hop first",
        "M47",
        "provenance_invalid",
        Forward(
            "provenance-out-of-order",
            DORA,
            [CAT],
            source=twice,
            change_hops=lambda hops: hops.reverse(),
        ),
    )
    yield forward(
        "provenance-two-origins",
        "provenance: a hop behind the first that was packed",
        "M47",
        "provenance_invalid",
        Forward(
            "provenance-two-origins",
            DORA,
            [CAT],
            source=twice,
            change_hops=lambda hops: hops.insert(1, packed("y2", BOB, [BOB]).hop),
        ),
    )


def only(*hops: dict[str, str]) -> Callable[[list[dict[str, str]]], None]:
    """These hops, and no others."""

    def change(made: list[dict[str, str]]) -> None:
        made[:] = hops

    return change


def comment_of(lines: Sequence[str]) -> str:
    """A signature comment of these lines."""
    return "".join(line + "\n" for line in lines).ljust(COMMENT_BYTES - 1) + "\n"


def drop_lines(comment: bytes) -> bytes:
    """A comment with empty lines in the place of its signatures."""
    lines = comment.decode("ascii").splitlines()[:4]
    return comment_of([*lines, "", ""]).encode("ascii")


def sign_hop(hop: dict[str, str], who: Person) -> None:
    """Sign a hop's envelope, whatever it says, as somebody."""
    lines = hop["comment"].splitlines()
    lines[1] = who.fingerprint
    lines[2] = sha256(hop["envelope"].encode("utf-8"))
    ed25519, ml_dsa_65 = who.keys.sign("bundle", lp(*lines[1:4]))
    hop["comment"] = comment_of([*lines[:4], b64(ed25519), b64(ml_dsa_65)])


def joined(hops: list[dict[str, str]]) -> None:
    """Another bundle's hop in the place of the first."""
    hops[0] = packed("x6", ANN, [BOB]).hop


def signed_by_cat(hops: list[dict[str, str]]) -> None:
    """The first hop, signed by `cat`."""
    sign_hop(hops[0], CAT)


def claimed_by_bob(hops: list[dict[str, str]]) -> None:
    """The first hop, as if `bob` had packed the bundle."""
    envelope = json.loads(hops[0]["envelope"])
    envelope["sender"] = BOB.fingerprint
    hops[0]["envelope"] = canonical(envelope).decode("utf-8")
    sign_hop(hops[0], BOB)


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


# -- cards and identities -----------------------------------------------------------------------


def cards() -> Iterator[Vector]:
    """Cards of somebody new, and cards that follow a pinned one."""
    keys, second, third = (Keys.seeded("fred", i) for i in (1, 2, 3))
    first = CardDraft(keys, "fred")
    next_one = CardDraft(
        second, "fred", follows=keys, generation=2, created_at="2026-11-20T09:30:00Z"
    )
    after = CardDraft(
        third, "fred", follows=second, generation=3, created_at="2026-11-21T09:30:00Z"
    )

    def card(
        name: str,
        about: str,
        rules: str,
        draft: CardDraft,
        outcome: str = "card_invalid",
        follows: list[str] | None = None,
    ) -> Vector:
        facts: dict[str, Any] = {"kind": "card", "follows": follows or []}
        if outcome == "ok":
            facts["card"] = {
                "name": draft.name,
                "fingerprint": draft.keys.fingerprint,
                "spoken": draft.keys.spoken,
                "generation": draft.generation,
            }
        return Vector(f"card-{name}.card", about, rules.split(), outcome, draft.write, facts)

    def sets(**changes: Any) -> CardDraft:
        return replace(first, change=lambda card: card.update(changes))

    def key(name: str, edit: Callable[[str], str]) -> CardDraft:
        def change(card: dict[str, Any]) -> None:
            card["keys"][name] = edit(card["keys"][name])

        return replace(first, change=change)

    def document(change: Changes, of: CardDraft = first) -> CardDraft:
        return replace(of, change_document=change)

    def text(edit: Edit) -> CardDraft:
        return replace(first, change_text=edit)

    def payload(edit: Edit) -> CardDraft:
        return replace(first, change_payload=edit)

    yield card("ok", "a card of generation 1", "", first, "ok")
    yield card("ok-short", "no organisation, no address", "", sets(organisation="", email=""), "ok")
    yield card(
        "ok-long-name", "200 characters beyond ASCII", "", replace(first, name="\u540d" * 200), "ok"
    )
    yield card(
        "ok-rotated",
        "generation 2, signed by both key sets",
        "M15",
        next_one,
        "ok",
        ["card-ok.card"],
    )
    yield card(
        "ok-rotated-twice",
        "generation 3",
        "M15",
        after,
        "ok",
        ["card-ok.card", "card-ok-rotated.card"],
    )
    yield card("ok-rotated-new", "generation 2, pinned as somebody new", "M15", next_one, "ok")

    for name in KEY_NAMES:
        short = CardDraft(keys.showing(name, keys.public[name][:-1]), "fred")
        yield card(
            f"key-{name.replace('_', '-')}",
            f"a key {name} without its last byte, signed as it is",
            "M8",
            short,
        )
    yield card(
        "key-missing",
        "no ML-DSA-65 key",
        "M8",
        replace(first, change=lambda c: c["keys"].pop("ml_dsa_65")),
    )
    yield card(
        "key-unknown",
        "a fifth key",
        "M8",
        replace(first, change=lambda c: c["keys"].update(rsa="")),
    )
    yield card(
        "key-unpadded",
        "a key in base64 without padding",
        "M8",
        key("ed25519", lambda old: old.rstrip("=")),
    )
    yield card(
        "key-newline",
        "a key in base64 with a newline",
        "M8",
        key("ed25519", lambda old: old[:20] + "\n" + old[20:]),
    )
    yield card(
        "key-ml-kem-encoding",
        "an ML-KEM-768 key with numbers beyond its modulus",
        "M8",
        CardDraft(keys.showing("ml_kem_768", b"\xff" * 1184), "fred"),
    )

    eve = EVE.keys
    own = first.payload
    yield card("unsigned", "no signatures", "M12", document(lambda d: d.update(signatures=[])))
    yield card(
        "signed-by-other",
        "signed by another key set",
        "M12",
        document(lambda d: d.update(signatures=[eve.signature("card", own)])),
    )
    yield card(
        "signed-as-bundle",
        "a signature of the kind bundle",
        "M2 M12",
        document(lambda d: d.update(signatures=[keys.signature("bundle", own)])),
    )
    other = keys.signature("card", replace(first, name="ann").payload)

    def other_signature(name: str) -> Changes:
        return lambda d: d["signatures"][0].update({name: other[name]})

    for name in ("ed25519", "ml_dsa_65"):
        yield card(
            f"signature-{name.replace('_', '-')}",
            f"a {name} signature of another card",
            "M9 M12",
            document(other_signature(name)),
        )
    yield card(
        "altered",
        "another name than was signed",
        "M12",
        document(lambda d: d.update(payload=d["payload"].replace('"fred"', '"ann"'))),
    )
    yield card(
        "signed-twice",
        "the same signature twice",
        "M12",
        document(lambda d: d["signatures"].append(d["signatures"][0])),
    )
    yield card(
        "needless-rotation",
        "generation 1 with a rotation signature",
        "M15",
        document(lambda d: d["signatures"].append(eve.signature("rotation", own))),
    )
    yield card(
        "no-rotation",
        "generation 2 without the signature of the keys it follows",
        "M15",
        document(lambda d: d["signatures"].pop(), next_one),
    )
    yield card(
        "rotation-by-other",
        "generation 2 with a rotation signature of other keys",
        "M15",
        document(
            lambda d: d["signatures"].__setitem__(1, eve.signature("rotation", next_one.payload)),
            next_one,
        ),
    )
    yield card(
        "rotation-as-card",
        "generation 2 where the keys it follows sign as card",
        "M2 M15",
        document(
            lambda d: d["signatures"].__setitem__(1, keys.signature("card", next_one.payload)),
            next_one,
        ),
    )
    yield card(
        "third-signature",
        "generation 2 with a third signature",
        "M15",
        document(
            lambda d: d["signatures"].append(eve.signature("rotation", next_one.payload)), next_one
        ),
    )
    yield card("generation-0", "generation 0", "M15", replace(first, generation=0))
    yield card(
        "generation-2-follows-none",
        "generation 2 that follows nothing",
        "M15",
        replace(first, generation=2),
    )
    yield card(
        "generation-1-follows",
        "generation 1 that follows another key set",
        "M15",
        replace(next_one, generation=1),
    )
    yield card("generation-10001", "generation 10,001", "M15", replace(next_one, generation=10_001))
    yield card(
        "follows-itself",
        "generation 2 that follows its own keys",
        "M15",
        replace(next_one, follows=next_one.keys),
    )
    rotation = "rotation_invalid"
    yield card(
        "skips",
        "generation 3 that follows generation 1",
        "M15",
        replace(next_one, generation=3),
        rotation,
        ["card-ok.card"],
    )
    yield card(
        "follows-other",
        "generation 2 of another chain, in place of a pinned contact",
        "M15",
        CardDraft(Keys.seeded("eve", 2), "fred", follows=eve, generation=2),
        rotation,
        ["card-ok.card"],
    )
    yield card(
        "not-rotated",
        "another card of generation 1, in place of a pinned contact",
        "M15",
        CardDraft(eve, "fred"),
        rotation,
        ["card-ok.card"],
    )
    yield card(
        "second-successor",
        "a second successor of generation 1",
        "M16",
        CardDraft(third, "fred", follows=keys, generation=2),
        rotation,
        ["card-ok.card", "card-ok-rotated.card"],
    )

    for name, about, sign in (
        ("newline", "a newline (Cc)", "\n"),
        ("escape", "an escape sequence (Cc)", "\x1b[2J"),
        ("c1", "a control sequence of one character (Cc)", "\x9b"),
        ("right-to-left", "an override of direction (Cf)", "\u202e"),
        ("zero-width", "a space without width (Cf)", "\u200b"),
        ("private-use", "a private-use character (Co)", "\ue000"),
        ("line-separator", "a line separator (Zl)", "\u2028"),
        ("paragraph-separator", "a paragraph separator (Zp)", "\u2029"),
    ):
        yield card(
            f"name-{name}", f"a name with {about}", "M13", replace(first, name=f"fr{sign}ed")
        )
    yield card(
        "name-surrogate",
        "a name with half a surrogate pair (Cs)",
        "M13",
        payload(lambda old: old.replace(b'"fred"', b'"fr\\ud800ed"')),
    )
    yield card(
        "organisation-newline", "an organisation with a newline", "M13", sets(organisation="a\nb")
    )
    yield card("email-newline", "an address with a newline", "M13", sets(email="a@b\n"))
    yield card("name-empty", "no name", "M12", replace(first, name=""))
    yield card("name-long", "a name of 201 characters", "M12", replace(first, name="x" * 201))
    yield card(
        "organisation-long",
        "an organisation of 201 characters",
        "M12",
        sets(organisation="x" * 201),
    )

    yield card("unknown", "an unknown member", "M12", sets(note="x"))
    yield card("missing", "no address", "M12", replace(first, change=lambda c: c.pop("email")))
    yield card("version-2", "version 2", "M12", sets(securexfer_card=2))
    yield card(
        "time",
        "a time with an offset",
        "M5",
        replace(first, created_at="2026-11-12T09:30:00+00:00"),
    )
    yield card("number-as-text", "the generation as text", "M12", sets(generation="1"))
    yield card(
        "expiry-first",
        "an expiry a second before the creation",
        "M12",
        replace(first, expires_at="2026-11-12T09:29:59Z"),
    )
    yield card(
        "payload-space",
        "a payload that is not canonical",
        "M3",
        payload(lambda old: old.replace(b":", b": ", 1)),
    )
    yield card(
        "payload-duplicate",
        "a key twice in the payload",
        "M3",
        payload(lambda old: old.replace(b'"email"', b'"email":"","email"')),
    )
    yield card(
        "payload-float",
        "generation 1.0",
        "M3",
        payload(lambda old: old.replace(b'"generation":1', b'"generation":1.0')),
    )
    yield card(
        "payload-list", "a payload that is a list", "M12", payload(lambda old: b"[" + old + b"]")
    )
    yield card(
        "space",
        "a document that is not canonical",
        "M3",
        text(lambda old: old.replace(b":", b": ", 1)),
    )
    yield card(
        "unknown-in-document",
        "an unknown member of the document",
        "M3",
        document(lambda d: d.update(note="x")),
    )
    yield card(
        "unknown-in-signature",
        "an unknown member of a signature",
        "M3",
        document(lambda d: d["signatures"][0].update(note="x")),
    )
    yield card("two-lines", "another line after the card", "M3", text(lambda old: old + b"{}\n"))
    yield card("two-newlines", "an empty line at the end", "M3", text(lambda old: old + b"\n"))
    yield card("crlf", "CR LF at the end", "M3", text(lambda old: old[:-1] + b"\r\n"))
    yield card("bom", "a byte order mark", "M3", text(lambda old: b"\xef\xbb\xbf" + old))
    yield card("empty", "no bytes", "M3", text(lambda _: b""))
    yield card(
        "large", "more than 64 KiB", "M4", text(lambda old: old[:-1] + b" " * 65_536 + b"\n")
    )


def identities() -> Iterator[Vector]:
    """Identity files. Those of the people are what the tests unlock."""

    def identity(
        name: str,
        about: str,
        rules: str,
        draft: IdentityDraft,
        outcome: str = "identity_invalid",
        given: str = PASSPHRASE,
    ) -> Vector:
        facts: dict[str, Any] = {"kind": "identity", "passphrase": given}
        if outcome == "ok":
            facts["identity"] = {
                "fingerprint": draft.who.fingerprint,
                "former": [keys.fingerprint for keys in draft.who.former],
                "pseudonym_secret_sha256": sha256(draft.who.pseudonym_secret),
            }
        return Vector(f"{name}.identity.json", about, rules.split(), outcome, draft.write, facts)

    for one in (ANN, BOB, CAT):
        yield identity(
            one.name, f"the identity of {one.name}", "", IdentityDraft(one, PASSPHRASE), "ok"
        )
    yield identity(
        "dora", "an identity with former keys", "", IdentityDraft(DORA, PASSPHRASE), "ok"
    )
    mine = IdentityDraft(BOB, PASSPHRASE)
    decomposed = "four unrelated words, cafe\u0301"
    yield identity(
        "identity-ok-decomposed",
        "written and opened with the accent as a character of its own",
        "",
        replace(mine, passphrase=decomposed, label="decomposed"),
        "ok",
        decomposed,
    )
    yield identity(
        "identity-ok-parameters",
        "four rounds, one lane",
        "M18",
        replace(mine, label="parameters", change_kdf=lambda kdf: kdf.update(iterations=4, lanes=1)),
        "ok",
    )

    def kdf(**changes: Any) -> IdentityDraft:
        """Announced only: nobody should compute these."""
        return replace(mine, change_file=lambda file: file["kdf"].update(changes))

    yield identity(
        "identity-passphrase",
        "another passphrase",
        "",
        mine,
        "passphrase_wrong",
        "another one, long enough",
    )
    yield identity("identity-memory-low", "a KiB less than 64 MiB", "M18", kdf(memory_kib=65_535))
    yield identity(
        "identity-memory-high", "a KiB more than 1 GiB", "M18", kdf(memory_kib=1_048_577)
    )
    yield identity("identity-iterations-low", "2 rounds", "M18", kdf(iterations=2))
    yield identity("identity-iterations-high", "17 rounds", "M18", kdf(iterations=17))
    yield identity("identity-lanes-low", "no lanes", "M18", kdf(lanes=0))
    yield identity("identity-lanes-high", "17 lanes", "M18", kdf(lanes=17))
    yield identity("identity-kdf-name", "another way to derive the key", "M18", kdf(name="scrypt"))
    yield identity("identity-salt", "a salt of 15 bytes", "M18", kdf(salt=b64(bytes(15))))
    yield identity(
        "identity-nonce",
        "a nonce of 11 bytes",
        "M19",
        replace(mine, change_file=lambda f: f.update(nonce=b64(bytes(11)))),
    )
    swapped = Person("bob", BOB.keys, EVE.card)
    yield identity(
        "identity-card",
        "the card of somebody else, sealed in",
        "M20",
        IdentityDraft(swapped, PASSPHRASE, "card"),
    )
    yield identity(
        "identity-card-swapped",
        "the card of somebody else, put in afterwards",
        "M20",
        replace(mine, change_file=lambda f: f.update(card=EVE.card.decode().rstrip("\n"))),
        "passphrase_wrong",
    )
    yield identity(
        "identity-altered",
        "a byte of the ciphertext",
        "M20",
        replace(
            mine,
            change_file=lambda f: f.update(
                ciphertext="A" + f["ciphertext"][1:]
                if f["ciphertext"][0] != "A"
                else "B" + f["ciphertext"][1:]
            ),
        ),
        "passphrase_wrong",
    )
    yield identity(
        "identity-unknown",
        "an unknown member",
        "M3",
        replace(mine, change_file=lambda f: f.update(note="x")),
    )
    yield identity(
        "identity-version-2",
        "version 2",
        "M3",
        replace(mine, change_file=lambda f: f.update(securexfer_identity=2)),
    )
    yield identity(
        "identity-space",
        "not canonical",
        "M3",
        replace(mine, change_text=lambda old: old.replace(b":", b": ", 1)),
    )
    yield identity(
        "identity-secrets-missing",
        "no pseudonym secret",
        "M20",
        replace(mine, label="missing", change_secrets=lambda s: s.pop("pseudonym_secret")),
    )


# -- too large to keep --------------------------------------------------------------------------


def large_bundles() -> Iterator[Vector]:
    """Made when the tests run: most are larger than all kept files together."""

    def long_envelope(old: bytes) -> bytes:
        return old.replace(b'"format":1', b'"format":1,"note":"' + b"x" * (4 << 20) + b'"')

    yield bundle(
        "large-envelope",
        "an envelope above 4 MiB",
        "M4",
        "bundle_malformed",
        change_envelope_text=long_envelope,
    )
    yield bundle(
        "large-manifest",
        "a manifest above 4 MiB",
        "M4",
        "manifest_mismatch",
        change_manifest_text=lambda old: old.ljust((4 << 20) + 1),
        pad_manifest=False,
    )
    yield bundle(
        "large-1001-tables",
        "a table more than a manifest may describe",
        "M32",
        "manifest_mismatch",
        tables=[Table(f"t{i}", [("i",)]) for i in range(1001)],
    )
    yield bundle(
        "large-number",
        "4001 members besides the envelope",
        "M21",
        "bundle_malformed",
        tables=[Table(f"t{i}", [("i",)]) for i in range(3999)],
    )


# -- all together -------------------------------------------------------------------------------


def people() -> dict[str, dict[str, Any]]:
    """Who is who; the tests pin the cards at each reader, in order."""
    return {
        "ann": {"cards": ["ann.card"], "identity": "ann.identity.json"},
        "bob": {"cards": ["bob.card"], "identity": "bob.identity.json"},
        "cat": {"cards": ["cat.card"], "identity": "cat.identity.json"},
        "dora": {"cards": ["dora-first.card", "dora.card"], "identity": "dora.identity.json"},
    }


def cards_of_people() -> Iterator[Vector]:
    who = {"ann": ANN, "bob": BOB, "cat": CAT, "dora-first": DORA_FIRST, "dora": DORA}
    for name, one in who.items():
        facts = {
            "kind": "card",
            "follows": ["dora-first.card"] if name == "dora" else [],
            "card": {
                "name": one.name,
                "fingerprint": one.fingerprint,
                "spoken": one.keys.spoken,
                "generation": 1 + len(one.former),
            },
        }
        yield Vector(
            f"{name}.card", f"the card of {name}", [], "ok", partial(bytes, one.card), facts
        )


def all_vectors() -> Iterator[Vector]:
    yield from cards_of_people()
    yield from identities()
    yield from cards()
    yield from valid_bundles()
    yield from reading_order()
    yield from outside_signature()
    yield from structure_of_zip()
    yield from envelopes()
    yield from attached_files()
    yield from forwarded()
    yield from broken_chains()
    yield from provenances()
    yield from manifests()
    yield from contents()
    yield from large_bundles()


def write_all(folder: Path, *, keep: bool = False) -> None:
    """`bundles/` and `bundles.json`, anew; or only those that are missing, and the list."""
    if not keep:
        shutil.rmtree(folder / "bundles", ignore_errors=True)
    (folder / "bundles").mkdir(exist_ok=True)
    described: list[dict[str, Any]] = []
    for vector in all_vectors():
        if not vector.kept:
            continue
        path = folder / "bundles" / vector.file
        if any(one["file"] == vector.file for one in described):
            raise ValueError(f"two vectors are called {vector.file}")
        if not path.exists():
            path.write_bytes(vector.make())
        data = path.read_bytes()
        described.append({**vector.described(), "sha256": hashlib.sha256(data).hexdigest()})
    file = {"version": 1, "people": people(), "vectors": described}
    (folder / "bundles.json").write_text(json.dumps(file, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    write_all(HERE, keep="--missing" in sys.argv)
