"""Drills: what came back, how long it took, and recipes that demand one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from securexfer.crypto.identity import rotate_identity
from securexfer.custody.drill import find_drills, last_complete
from securexfer.destroying import destroy
from securexfer.errors import DrillDueError
from securexfer.filing import Cabinet, import_certificate
from securexfer.instant import format_instant
from securexfer.reporting import SilentReporter
from securexfer.verifying import pinned_senders
from tests.world import START, World, recipe_text

KEEP = '{ action = "keep" }'
PLAIN = recipe_text({"t": {"a": KEEP}})
DEMANDING = PLAIN.replace("[agreement]", "[agreement]\ndrill_within_days = 30")
DATA = {"t": b"a\n1\n"}


def drill(world: World, *, opened: int | None = 2, destroyed: int | None = 3) -> None:
    """A drill with bob, answered after so many hours."""
    packed = world.ann.pack(DATA, PLAIN, [world.bob], world.drive, is_drill=True)
    known: dict[str, Any] = {
        "bundle_id": packed.manifest.bundle_id,
        "bundle_sha256": packed.bundle_sha256,
        "statement_sha256": "0" * 64,
        "recipient": packed.manifest.recipients[0],
    }
    start = world.clock()
    if opened is not None:
        at = format_instant(start + timedelta(hours=opened))
        details = {**known, "statement_id": "aa", "opened_at": at}
        world.ann.register.append(world.ann.identity, "receipt-imported", details, start)
    if destroyed is not None:
        at = format_instant(start + timedelta(hours=destroyed))
        details = {**known, "statement_id": "bb", "destroyed_at": at, "receipts": ["aa"]}
        world.ann.register.append(world.ann.identity, "certificate-imported", details, start)


def test_it_tells_how_long_it_took(world: World) -> None:
    drill(world)
    (one,) = find_drills(world.ann.register.entries())
    assert one.describe() == "drilled 2026-11-22, opened after 2 h, destroyed after 3 h"
    assert one.is_complete


@pytest.mark.parametrize(
    ("opened", "destroyed", "said"),
    [
        (None, None, "no receipt yet, no certificate yet"),
        (0, None, "opened after 0 min, no certificate yet"),
        (100, 300, "opened after 4 days, destroyed after 12 days"),
    ],
)
def test_what_has_not_come_is_said(
    opened: int | None, destroyed: int | None, said: str, world: World
) -> None:
    drill(world, opened=opened, destroyed=destroyed)
    (one,) = find_drills(world.ann.register.entries())
    assert one.describe() == f"drilled 2026-11-22, {said}"
    assert one.is_complete == (destroyed is not None)


def test_a_certificate_that_names_the_opening_stands_for_the_receipt(world: World) -> None:
    """`destroy` deletes a receipt that was not sent, and says that this is enough."""
    packed = world.ann.pack(DATA, PLAIN, [world.bob], world.drive, is_drill=True)
    world.bob.unpack(packed.path, world.folder / "in")
    result = destroy(
        packed.manifest.bundle_id,
        world.bob.identity,
        world.bob.register,
        find_sender=pinned_senders(world.bob.contacts.list(), None),
        clock=world.clock,
        reporter=SilentReporter(),
    )
    cabinet = Cabinet(
        world.ann.identity,
        pinned_senders(world.ann.contacts.list(), None),
        world.ann.register,
        world.folder / "filed",
        world.clock,
    )
    import_certificate(result.certificates[0].read_bytes(), cabinet)
    (one,) = find_drills(world.ann.register.entries())
    assert one.is_complete
    assert one.describe() == "drilled 2026-11-22, opened after 0 min, destroyed after 0 min"
    world.ann.pack(DATA, DEMANDING, [world.bob], world.drive)


def test_an_opening_that_no_certificate_covers_leaves_it_open(world: World) -> None:
    """The recipient destroyed it, and then unpacked it once more."""
    drill(world)
    entries = world.ann.register.entries()
    receipt = next(entry for entry in entries if entry.event == "receipt-imported")
    again = {**receipt.details, "statement_id": "cc"}
    world.ann.register.append(world.ann.identity, "receipt-imported", again, world.clock())
    (one,) = find_drills(world.ann.register.entries())
    assert not one.is_complete
    assert one.describe().endswith(
        ", an opening is in no certificate, so not known to be destroyed"
    )
    with pytest.raises(DrillDueError):
        world.ann.pack(DATA, DEMANDING, [world.bob], world.drive)


def test_a_real_bundle_is_no_drill(world: World) -> None:
    packed = world.ann.pack(DATA, PLAIN, [world.bob], world.drive)
    assert packed.manifest.drill == "no"
    assert find_drills(world.ann.register.entries()) == []


def test_the_recipient_sees_that_it_is_one(world: World) -> None:
    packed = world.ann.pack(DATA, PLAIN, [world.bob], world.drive, is_drill=True)
    with world.bob.verify(packed.path) as verified:
        assert verified.manifest.drill == "yes"


class TestDemands:
    def refused(self, world: World) -> str:
        with pytest.raises(DrillDueError) as caught:
            world.ann.pack(DATA, DEMANDING, [world.bob], world.drive)
        assert caught.value.exit_code == 90
        return caught.value.message

    def test_without_a_drill_nothing_leaves(self, world: World) -> None:
        assert "never completed one" in self.refused(world)
        drill(world, destroyed=None)
        assert "never completed one" in self.refused(world)
        assert len(list(world.drive.glob("*.zip"))) == 1

    def test_a_complete_one_lasts_as_long_as_the_recipe_says(self, world: World) -> None:
        drill(world)
        world.clock.move(days=30)
        world.ann.pack(DATA, DEMANDING, [world.bob], world.drive)
        world.clock.move(seconds=1)
        assert "did so on 2026-11-22" in self.refused(world)

    def test_every_recipient_needs_one(self, world: World) -> None:
        drill(world)
        with pytest.raises(DrillDueError, match="'cat'"):
            world.ann.pack(DATA, DEMANDING, [world.bob, world.cat], world.drive)

    def test_a_new_key_of_the_same_recipient_keeps_it(self, world: World) -> None:
        drill(world)
        world.bob.identity = rotate_identity(world.bob.identity, rotated_at=START)
        world.ann.contacts.pin(world.bob.identity.card, "bob", pinned_at=START, replaces="bob")
        world.ann.pack(DATA, DEMANDING, [world.bob], world.drive)

    def test_the_newest_complete_one_counts(self, world: World) -> None:
        drill(world)
        world.clock.move(days=40)
        drill(world, destroyed=None)
        found = last_complete(find_drills(world.ann.register.entries()))
        assert found is not None
        assert found.started_at == START
