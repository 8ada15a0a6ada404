"""Retention from entries alone: what is open, what is overdue, and when it stops being so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securexfer.custody.retention import Held, find_held, find_overdue, glance
from securexfer.errors import RegisterError
from securexfer.instant import format_instant
from tests.world import START, World, keep_all

DAY = timedelta(days=1)
DUE = START + 90 * DAY
ID, SHA = "a" * 32, "b" * 64
BOB, CAT = "1" * 64, "2" * 64
ABOUT = {"bundle_id": ID, "bundle_sha256": SHA}
SENT = {**ABOUT, "recipients": [BOB, CAT], "expires_at": format_instant(DUE)}
UNPACKED = {"bundle_id": ID, "folder": "/x", "files_sha256": {}}
OPENED = {**ABOUT, "sender": BOB, "expires_at": format_instant(DUE)}


@dataclass
class Story:
    """Entries, one after the other, a minute apart."""

    entries: list[Line] = field(default_factory=list)

    def tell(self, event: str, **details: Any) -> Story:
        at = START + timedelta(minutes=len(self.entries))
        self.entries.append(Line(len(self.entries) + 1, at, event, details))
        return self

    def receipt(self, who: str, number: str, **more: Any) -> Story:
        said = {**ABOUT, "recipient": who, "statement_id": number, "opened_at": "t", **more}
        return self.tell("receipt-imported", **said)

    def certificate(self, who: str, *receipts: str, at: str = "t", **more: Any) -> Story:
        said = {**ABOUT, "recipient": who, "receipts": list(receipts), "destroyed_at": at, **more}
        return self.tell("certificate-imported", **said)

    def only(self) -> Held:
        (held,) = find_held(self.entries)
        return held


@dataclass(frozen=True)
class Line:
    number: int
    at: datetime
    event: str
    details: Mapping[str, Any]


def packed() -> Story:
    return Story().tell("packed", **SENT)


def missing(story: Story) -> list[tuple[str, ...]]:
    return [holder.missing for holder in story.only().holders]


class TestWhatWasSent:
    def test_everything_is_missing_at_first(self) -> None:
        held = packed().only()
        assert held.is_sent
        assert held.is_open
        assert held.destroy_by == DUE
        assert missing(packed()) == [("receipt", "certificate")] * 2

    def test_each_recipient_answers_for_themselves(self) -> None:
        story = packed().receipt(BOB, "1")
        assert missing(story) == [("certificate",), ("receipt", "certificate")]
        story.certificate(BOB, "1")
        assert missing(story) == [(), ("receipt", "certificate")]
        assert story.only().is_open
        story.receipt(CAT, "2").certificate(CAT, "2")
        assert not story.only().is_open

    def test_a_certificate_stands_for_a_receipt_that_got_lost(self) -> None:
        story = packed().certificate(BOB, "1").certificate(CAT)
        assert missing(story) == [(), ()]

    def test_an_opening_that_no_certificate_covers_is_still_held(self) -> None:
        story = packed().receipt(BOB, "1").certificate(BOB, "1").receipt(BOB, "2")
        assert missing(story)[0] == ("certificate",)
        assert missing(story.certificate(BOB, "2"))[0] == ()

    def test_the_order_in_which_the_post_comes_changes_nothing(self) -> None:
        story = packed().certificate(BOB, "1", "2").receipt(BOB, "2").receipt(BOB, "1")
        assert missing(story)[0] == ()

    def test_the_newest_certificate_is_the_one_that_is_shown(self) -> None:
        story = packed().certificate(BOB, at="2026-12-02").certificate(BOB, at="2026-12-01")
        assert story.only().holders[0].destroyed_at == "2026-12-02"

    @pytest.mark.parametrize("other", [{"bundle_id": "c" * 32}, {"bundle_sha256": "c" * 64}])
    def test_what_is_about_another_bundle_does_not_count(self, other: dict[str, str]) -> None:
        story = packed().receipt(BOB, "1", **other).certificate(BOB, "1", **other)
        story.tell("extended", **{**ABOUT, "expires_at": format_instant(DUE + DAY), **other})
        assert missing(story)[0] == ("receipt", "certificate")
        assert story.only().destroy_by == DUE

    def test_a_stranger_answers_for_nobody(self) -> None:
        story = packed().receipt("9" * 64, "1").certificate("9" * 64, "1")
        assert missing(story) == [("receipt", "certificate")] * 2

    def test_it_is_overdue_after_its_day_and_not_on_it(self) -> None:
        story = packed()
        assert find_overdue(story.entries, DUE) == []
        assert find_overdue(story.entries, DUE + timedelta(seconds=1)) == [story.only()]
        story.certificate(BOB).certificate(CAT)
        assert find_overdue(story.entries, DUE + DAY) == []

    def test_an_extension_moves_the_day_and_never_back(self) -> None:
        story = packed().tell("extended", **ABOUT, expires_at=format_instant(DUE + 9 * DAY))
        story.tell("extended", **ABOUT, expires_at=format_instant(DUE + DAY))
        assert story.only().destroy_by == DUE + 9 * DAY
        assert find_overdue(story.entries, DUE + 9 * DAY) == []

    def test_what_was_never_sent_is_not_held(self) -> None:
        assert find_held(packed().tell("pack-failed", bundle_id=ID, reason="x").entries) == []

    def test_a_forwarded_bundle_is_one_that_was_sent(self) -> None:
        assert Story().tell("forwarded", **SENT).only().is_sent

    def test_without_a_date_nothing_is_ever_overdue(self) -> None:
        story = Story().tell("packed", **ABOUT, recipients=[BOB])
        assert story.only().destroy_by is None
        assert find_overdue(story.entries, START + 9999 * DAY) == []


class TestWhatWasUnpacked:
    def test_it_is_open_until_it_is_destroyed(self) -> None:
        story = Story().tell("unpacked", **OPENED)
        held = story.only()
        assert (held.is_sent, held.is_open, held.sender) == (False, True, BOB)
        assert held.is_overdue(DUE + DAY)
        story.tell("destroyed", bundle_id=ID)
        assert not story.only().is_open
        assert not story.only().is_overdue(DUE + DAY)

    def test_it_is_open_again_when_it_is_unpacked_again(self) -> None:
        story = Story().tell("unpacked", **OPENED).tell("destroyed", bundle_id=ID)
        story.tell("unpacked", **OPENED)
        assert story.only().is_open
        assert story.only().since == story.entries[-1].at

    def test_it_is_held_since_it_was_first_unpacked(self) -> None:
        story = Story().tell("unpacked", **OPENED).tell("unpacked", **OPENED)
        assert story.only().since == story.entries[0].at

    def test_what_failed_or_was_only_begun_holds_nothing(self) -> None:
        story = Story().tell("unpack-started", **OPENED).tell("unpack-failed", **OPENED)
        assert find_held(story.entries) == []

    def test_an_imported_extension_moves_the_day(self) -> None:
        later = format_instant(DUE + DAY)
        story = Story().tell("unpacked", **OPENED)
        story.tell("extension-imported", **ABOUT, sender=BOB, expires_at=later)
        assert story.only().destroy_by == DUE + DAY
        # Unpacked once more, with the new date known already.
        story.tell("unpacked", **OPENED)
        assert story.only().destroy_by == DUE + DAY

    @pytest.mark.parametrize("other", [{"sender": CAT}, {"bundle_sha256": "c" * 64}])
    def test_an_extension_of_something_else_does_not(self, other: dict[str, str]) -> None:
        extension = {**ABOUT, "sender": BOB, "expires_at": format_instant(DUE + DAY), **other}
        story = Story().tell("unpacked", **OPENED).tell("extension-imported", **extension)
        assert story.only().destroy_by == DUE

    def test_another_bundle_with_the_same_id_hides_nothing(self) -> None:
        later = {**OPENED, "bundle_sha256": "c" * 64, "sender": CAT}
        later["expires_at"] = format_instant(DUE + 999 * DAY)
        story = Story().tell("unpacked", **OPENED).tell("unpacked", **later)
        assert [held.sender for held in find_overdue(story.entries, DUE + DAY)] == [BOB]


def test_a_time_that_does_not_exist_is_an_error_and_not_passed_over() -> None:
    story = Story().tell("packed", **{**SENT, "expires_at": "2026-02-30T00:00:00Z"})
    with pytest.raises(RegisterError, match=r"Entry 1 .* a time that does not exist"):
        find_held(story.entries)


def test_a_glance_sees_what_the_register_holds(world: World) -> None:
    table = {"t": b"x\n1\n"}
    for person in (world.bob, world.cat):
        path = world.ann.pack(table, keep_all("t", ["x"]), [person], world.drive).path
        person.unpack(path, world.folder / f"out-{person.name}")
    for person in (world.ann, world.bob):
        seen = list(glance(person.home / "register.jsonl"))
        assert find_held(seen) == find_held(person.register.entries())
        assert seen


def test_a_glance_leaves_out_what_does_not_matter_and_half_a_line(world: World) -> None:
    path = world.bob.home / "register.jsonl"
    world.bob.register.append(world.bob.identity, "unpack-failed", {}, world.clock())
    world.bob.register.append(world.bob.identity, "unpacked", UNPACKED, world.clock())
    line = path.read_bytes().splitlines(keepends=True)[-1]
    path.write_bytes(path.read_bytes() + line[:-1])
    assert [one.event for one in glance(path)] == ["unpacked"]


def test_a_glance_at_something_else_fails_as_its_caller_expects(tmp_path: Path) -> None:
    path = tmp_path / "register.jsonl"
    for text in ('\\"event\\":\\"packed\\"', json.dumps({"payload": '{"event":"packed"}'})):
        path.write_text(text + "\n")
        with pytest.raises((ValueError, KeyError, TypeError)):
            list(glance(path))
