"""Bundles that a reader must take, each beside its nearest neighbour that it must refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.vectors.cases.cast import BOB, CAT, DORA, DORA_FIRST
from tests.vectors.cases.vector import NOW, Vector, bundle
from tests.vectors.format1 import CREATED, Bundle, Table, canonical


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
    """What a manifest may say, notes, times, former keys, and what came before."""
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
