"""Bundles that a malicious sender signs: seeded random edits, before and after they are sealed.

A seed gives one bundle, always the same but for what sealing and signing draw at random. One to
three kinds of edits are taken together.
"""

from __future__ import annotations

import copy
import gzip
import itertools
from collections.abc import Callable
from random import Random
from typing import Any

from tests.attack.archives import NAMES
from tests.attack.fields import fields_of
from tests.attack.forge import resign
from tests.attack.victim import ANN, ANN_KEYS, BOB, CAT
from tests.vectors.format1 import (
    COMMENT_BYTES,
    Bundle,
    Entry,
    Table,
    compress,
    gzip_member,
    gzip_padding,
)

Draft = Callable[[Random, Bundle], None]


def malicious(seed: int) -> tuple[bytes, list[str]]:
    """The bundle of a seed, and the kinds of its edits."""
    random = Random(seed)
    tables = [Table("people"), Table("cases", [("case", "opened"), ("case_1", "2020")])]
    draft = Bundle(f"malice-{seed}", ANN, [BOB, CAT], tables)
    kinds = random.sample(sorted(DRAFTS) + sorted(SIGNED), random.choice((1, 1, 1, 2, 3)))
    if "fields" in kinds:
        kinds = [kind for kind in kinds if kind not in UNWALKABLE]
    for kind in kinds:
        if kind in DRAFTS:
            DRAFTS[kind](random, draft)
    data = draft.write()
    for kind in kinds:
        if kind in SIGNED:
            edited = SIGNED[kind](random, data[:-COMMENT_BYTES])
            data = resign(edited + data[-COMMENT_BYTES:], ANN_KEYS)
    return data, kinds


# -- bytes --------------------------------------------------------------------------------------


def edit_bytes(random: Random, data: bytes) -> bytes:
    """One to four flips, insertions, deletions or doubled ranges."""
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        end = min(at + random.choice((1, 2, 4, 16, 100, 1000)), len(data))
        way = random.choice(("flip", "insert", "delete", "double", "zero"))
        if way == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        elif way == "insert":
            data = data[:at] + random.randbytes(end - at) + data[at:]
        elif way == "delete":
            data = data[:at] + data[end:]
        elif way == "double":
            data = data[:end] + data[at:end] + data[end:]
        elif way == "zero":
            data = data[:at] + bytes(end - at) + data[end:]
    return data


def edit_fields(random: Random, signed: bytes) -> bytes:
    """Some numbers of the structure."""
    marks = [signed.index(b"PK\x03\x04")]
    while (found := signed.find(b"PK\x03\x04", marks[-1] + 1)) >= 0:
        marks.append(found)
    marks.append(signed.index(b"PK\x01\x02"))
    members = [(start, end - start) for start, end in itertools.pairwise(marks)]
    for field in random.sample(fields_of(signed, members), random.randint(1, 3)):
        signed = random.choice([*field.edits(signed)])
    return signed


# -- JSON ---------------------------------------------------------------------------------------


def wild(random: Random) -> Any:
    """A value that does not belong there."""
    deep: Any = []
    for _ in range(random.choice((1, 50, 150))):
        deep = [deep] if random.random() < 0.5 else {"": deep}
    numbers = [0, 1, -1, 2**31, 2**53 - 1, 2**53, 2**63, 10**400, 1.5, True, None]
    return random.choice([*numbers, *NAMES.values(), "x" * 100_000, [], {}, deep, [0] * 10_000])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a document with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += places(value[key])
    return found


def edit_json(random: Random, document: dict[str, Any]) -> None:
    """One to three values replaced, nudged, moved, removed or doubled."""
    for _ in range(random.randint(1, 3)):
        place, key = random.choice(places(document) or [(document, "empty")])
        way = random.choice(("replace", "nudge", "move", "remove", "double", "add"))
        if way == "replace" or key == "empty":
            place[key] = wild(random)
        elif way == "nudge" and isinstance(place[key], int):
            place[key] += random.choice((1, -1, 2**53))
        elif way == "nudge" and isinstance(place[key], str):
            place[key] = edit_bytes(random, place[key].encode()).decode("utf-8", "replace")
        elif way == "move":
            other, name = random.choice(places(document))
            place[key] = copy.deepcopy(other[name])
        elif way == "remove":
            del place[key]
        elif isinstance(place, list):
            place.insert(key, copy.deepcopy(place[key]) if way == "double" else wild(random))
        else:
            place[f"{key}-2"] = copy.deepcopy(place[key]) if way == "double" else wild(random)


# -- kinds --------------------------------------------------------------------------------------


def envelope(random: Random, draft: Bundle) -> None:
    draft.change_envelope = lambda made: edit_json(random, made)


def envelope_text(random: Random, draft: Bundle) -> None:
    draft.change_envelope_text = lambda text: edit_bytes(random, text)


def manifest(random: Random, draft: Bundle) -> None:
    draft.change_manifest = lambda made: edit_json(random, made["securexfer"])


def manifest_text(random: Random, draft: Bundle) -> None:
    draft.change_manifest_text = lambda text: edit_bytes(random, text)


def honest_table(random: Random, draft: Bundle) -> None:
    """Any bytes at all, truly signed: what comes out must be they, if their rows are counted."""
    csv = edit_bytes(random, b'id,year\n1,"a\nb"\n' * random.choice((1, 100, 5000)))
    rows = csv.count(b"\n") - 1
    draft.tables = [
        Table("people", csv=csv, change=lambda made: made.update(n_rows_out=max(rows // 2, 0))),
        Table("cases"),
    ]


def gzip_bytes(random: Random, draft: Bundle) -> None:
    table = random.choice(draft.tables)
    table.content = edit_bytes(random, table.member_content)


def gzip_bomb(random: Random, draft: Bundle) -> None:
    """Much out of little, at every place among honest members, with every claim of its size."""
    n_bytes = random.choice((10**4, 10**6, 10**7))
    zeros = gzip.compress(bytes(n_bytes), 9, mtime=0)
    table = random.choice(draft.tables)
    parts = [gzip_member(table.plaintext), *[zeros] * random.choice((1, 1, 3))]
    random.shuffle(parts)
    packed = b"".join(parts)
    table.content = packed + random.choice((gzip_padding(len(packed)), b"", b"\0" * 50))
    claim = random.choice((0, len(table.plaintext), n_bytes, 10**8, 2**45))
    table.change = lambda made: made.update(n_bytes=claim)


def lie(random: Random, draft: Bundle) -> None:
    table = random.choice(draft.tables)
    key = random.choice(("n_bytes", "n_rows_out", "plaintext_sha256", "name", "member", "fields"))
    value = wild(random)
    table.change = lambda made: made.update({key: value})


def cut(random: Random, draft: Bundle) -> None:
    """The same rows in other gzip members: nothing is wrong, and it must open."""
    for table in draft.tables:
        table.content = compress(table.plaintext, chunk=random.randint(1, 30))


def entry(random: Random, draft: Bundle) -> None:
    """A member bent: its name, encryption, password, bytes of structure, or place."""

    def change(entries: list[Entry]) -> None:
        one = random.choice(entries)
        way = random.choice(("name", "clear", "password", "order", "twice", "junk", "bytes"))
        if way == "name":
            one.name = random.choice([*NAMES.values()])
        elif way == "clear":
            one.encrypted = not one.encrypted
        elif way == "password":
            one.password = b"B" * 43
        elif way == "order":
            random.shuffle(entries)
        elif way == "twice":
            entries.insert(random.randrange(len(entries)), copy.copy(one))
        elif way == "junk":
            one.before = random.randbytes(random.choice((1, 30, 5000)))
        else:
            part = random.choice(("header", "stored", "descriptor", "listed"))
            setattr(one, part, lambda old: edit_bytes(random, old))

    draft.change_members = change


def stanza(random: Random, draft: Bundle) -> None:
    """A password that is not the one, or sealed for something else."""
    key = random.choice(("label", "bundle_id", "sender", "recipient", "password"))
    value = random.choice(("", "0" * 64, "x" * 43, "\x1b[2J" + "A" * 39, "A" * 5000))
    draft.change_seal = lambda parts: parts.update({key: value})


def end(random: Random, draft: Bundle) -> None:
    if random.random() < 0.5:
        draft.change_end = lambda old: edit_bytes(random, old)
    else:
        draft.before_end = random.randbytes(random.choice((1, 22, 76)))


DRAFTS: dict[str, Draft] = {
    one.__name__: one
    for one in (
        envelope,
        envelope_text,
        manifest,
        manifest_text,
        honest_table,
        gzip_bytes,
        gzip_bomb,
        lie,
        cut,
        entry,
        stanza,
        end,
    )
}
# After these the fields of the structure can't be found any more.
UNWALKABLE = {"entry", "end", "bytes"}
SIGNED: dict[str, Callable[[Random, bytes], bytes]] = {"bytes": edit_bytes, "fields": edit_fields}
