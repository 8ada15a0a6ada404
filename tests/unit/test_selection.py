"""Choosing entries, and saying in a row or a few words what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from securexfer.custody.entry import EVENTS
from securexfer.custody.register import START as NOTHING
from securexfer.custody.register import Actor, Entry
from securexfer.custody.selection import bundles_of, find_entries, select_entries
from securexfer.custody.summary import COLUMNS, flatten_entry, names_of, summarise_entry
from securexfer.errors import UsageError
from tests.world import START, World, keep_all

ONE, OTHER = "1a" * 16, "1b" * 16
ACME, MINISTRY = "a" * 64, "b" * 64


def entry(
    number: int, event: str = "drill", *, at: datetime = START, details: Mapping[str, Any] = {}
) -> Entry:
    return Entry(
        number, at, event, Actor("ann", "desk"), MINISTRY, details, NOTHING, f"{number:064}"
    )


ENTRIES = [
    entry(1, "identity-created"),
    entry(2, "packed", at=START + timedelta(days=1), details={"bundle_id": ONE}),
    entry(3, "packed", at=START + timedelta(days=2), details={"bundle_id": OTHER}),
    entry(
        4,
        "forwarded",
        at=START + timedelta(days=3),
        details={"bundle_id": "2" * 32, "origin_bundle_id": ONE},
    ),
    entry(5, "breach-reported", at=START + timedelta(days=4), details={"bundle_ids": [ONE, OTHER]}),
    entry(6, "another", at=START + timedelta(days=5)),
]


class TestSelecting:
    def test_by_kind(self) -> None:
        numbers = [e.number for e in select_entries(ENTRIES, events=["packed", "another"])]
        assert numbers == [2, 3, 6]
        assert select_entries(ENTRIES) == ENTRIES
        assert select_entries(ENTRIES, events=["destroyed"]) == []

    def test_an_unknown_kind_is_a_mistake(self) -> None:
        with pytest.raises(UsageError, match="'pakced'") as caught:
            select_entries(ENTRIES, events=["packed", "pakced"])
        assert "another" in caught.value.hint
        assert all(event in caught.value.hint for event in EVENTS)

    def test_by_time_with_the_first_moment_and_without_the_last(self) -> None:
        since, until = START + timedelta(days=1), START + timedelta(days=3)
        numbers = [e.number for e in select_entries(ENTRIES, since=since, until=until)]
        assert numbers == [2, 3]

    def test_by_number(self) -> None:
        assert find_entries(ENTRIES, "3") == [ENTRIES[2]]
        for wanted in ("7", "1234567"):
            with pytest.raises(UsageError, match="has 6"):
                find_entries(ENTRIES, wanted)

    @pytest.mark.parametrize("wanted", [ONE, ONE[:3], "1a"])
    def test_by_bundle_with_all_that_is_about_it(self, wanted: str) -> None:
        assert [e.number for e in find_entries(ENTRIES, wanted)] == [2, 4, 5]

    @pytest.mark.parametrize("wanted", ["", "ff", "0", "00000000", "zz", ONE + "0"])
    def test_what_is_not_there(self, wanted: str) -> None:
        with pytest.raises(UsageError, match="no entry"):
            find_entries(ENTRIES, wanted)

    def test_two_bundles_are_not_taken_for_one(self) -> None:
        entries = [*ENTRIES, entry(7, details={"bundle_id": "1a" + "c" * 30})]
        with pytest.raises(UsageError, match="2 bundles"):
            find_entries(entries, "1a")

    @pytest.mark.parametrize("value", [7, [], {}, ""])
    def test_what_is_no_id_is_not_taken_for_one(self, value: Any) -> None:
        details = {"bundle_id": value, "origin_bundle_id": value, "bundle_ids": value}
        assert bundles_of(entry(1, details=details)) == set()


PACKED = {
    "agreement": {"reference": "DSA-1", "purpose": "p", "controller": "c"},
    "bundle_id": ONE,
    "bundle_sha256": "c" * 64,
    "carrier": {"kind": "usb", "label": "STICK", "serial": "S1", "file_system": "exfat"},
    "expires_at": "2027-02-20T09:30:00Z",
    "file_name": "sx.zip",
    "recipient_names": ["acme", "bob"],
    "recipients": [ACME, MINISTRY],
    "tables": [
        {
            "name": "t",
            "fields": [{"name": "x", "action": "keep"}, {"name": "y", "action": "band"}],
            "n_rows_out": 3,
            "n_subjects": 2,
            "withheld": ["secret", "other"],
        },
        {"name": "u", "fields": [], "n_rows_out": 4, "n_subjects": 4, "withheld": []},
    ],
}


class TestSummaries:
    def test_of_a_pack(self) -> None:
        found = summarise_entry(entry(1, "packed", details=PACKED), {})
        assert found.whom == ("acme", "bob")
        assert (found.bundle_id, found.n_rows, found.n_subjects) == (ONE, 7, 6)
        assert (found.until, found.reason) == ("2027-02-20", "")

    def test_of_an_unpack_names_who_sent_it(self) -> None:
        details = {"sender": ACME, "recipients": [MINISTRY], "tables": [{"n_rows": 9}]}
        found = summarise_entry(entry(1, "unpacked", details=details), {ACME: "acme"})
        assert (found.whom, found.n_rows) == (("acme",), 9)

    def test_of_a_receipt_names_who_wrote_it(self) -> None:
        found = summarise_entry(entry(1, details={"recipient": ACME}), {ACME: "acme"})
        assert found.whom == ("acme",)

    def test_of_somebody_without_a_name(self) -> None:
        assert summarise_entry(entry(1, details={"sender": ACME}), {}).whom == (ACME,)

    def test_of_a_contact(self) -> None:
        details = {"name": "acme", "fingerprint": ACME, "reason": "output_failed"}
        found = summarise_entry(entry(1, "contact-added", details=details), {})
        assert (found.whom, found.reason, found.n_rows) == (("acme",), "output_failed", None)

    def test_a_row_has_every_column_and_says_what_left_and_what_stayed(self) -> None:
        row = flatten_entry(entry(1, "packed", details=PACKED), {})
        assert tuple(row) == COLUMNS
        assert row["fields"] == "t.x (keep); t.y (band)"
        assert row["withheld"] == "t.secret; t.other"
        assert row["contact_fingerprint"] == f"{ACME}; {MINISTRY}"
        assert (row["carrier_label"], row["carrier_serial"]) == ("STICK", "S1")
        assert (row["n_rows"], row["n_subjects"], row["tables"]) == ("7", "6", "t; u")
        assert (row["at"], row["sha256"]) == ("2026-11-22T09:30:00Z", f"{1:064}")
        assert (row["reference"], row["purpose"], row["controller"]) == ("DSA-1", "p", "c")
        assert set(flatten_entry(entry(1), {}).values()) >= {"", "1"}

    def test_what_has_another_form_is_left_out(self) -> None:
        """A register can be made up by anybody who signs nothing: reading it must not fail."""
        strange: list[Any] = [7, "text", [7], ["text"], {}, {"name": 7}, [[]], [{"fields": 7}]]
        strange += [[{"name": [], "fields": [7, {"name": {}}], "withheld": [7], "n_rows": "x"}]]
        for name in (*PACKED, "sender", "recipient", "reason", "name", "fingerprint"):
            for value in strange:
                made = entry(1, "packed", details={**PACKED, name: value})
                summarise_entry(made, {})
                assert all(isinstance(cell, str) for cell in flatten_entry(made, {}).values())


def test_names_are_remembered_when_a_contact_has_gone() -> None:
    entries = [
        entry(1, "contact-added", details={"name": "acme", "fingerprint": ACME}),
        entry(2, "contact-removed", details={"name": "acme", "fingerprint": ACME}),
    ]
    assert names_of(entries) == {ACME: "acme"}


def test_the_entry_of_a_pack_holds_all_that_the_manifest_says(world: World) -> None:
    """Members of the bundle are left out: they follow from the tables. So does the format."""
    recipe = keep_all("t", ["x", "y"], before="[limits]\nmax_rows = 5\n")
    result = world.ann.pack({"t": b"x,y,z,w\n1,2,3,4\n"}, recipe, [world.bob], world.drive)
    manifest = result.manifest.model_dump(exclude_none=True)
    details = world.ann.register.entries()[-1].details
    assert {
        name: details.get(name) for name in manifest.keys() - {"format", "sender", "members"}
    } == {
        name: value
        for name, value in manifest.items()
        if name not in ("format", "sender", "members")
    }
    assert result.entry.identity == manifest["sender"]
    (table,) = details["tables"]
    assert table["withheld"] == ["z", "w"]
    assert [field["name"] for field in table["fields"]] == ["x", "y"]
    assert details["gates"]
    assert details["bundle_sha256"] == result.bundle_sha256
    assert details["recipient_names"] == ["bob"]
