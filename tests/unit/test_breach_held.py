"""What a breach report and an account say of what came back: no more than was certified."""

from __future__ import annotations

from typing import Any

from securexfer.custody.breach import Selection
from securexfer.custody.notice import write_notice
from securexfer.custody.transfer import Names, find_transfer
from tests.unit.test_breach import lose, report_of, report_on
from tests.world import World, keep_all

RECEIPT, CERTIFICATE = "receipt-imported", "certificate-imported"


def tell(world: World, bundle_id: str, event: str, number: str, **more: Any) -> None:
    """Have the register of ann say that bob has signed this."""
    packed = next(
        entry
        for entry in world.ann.register.entries()
        if entry.event == "packed" and entry.details["bundle_id"] == bundle_id
    )
    details = {
        "bundle_id": bundle_id,
        "bundle_sha256": packed.details["bundle_sha256"],
        "recipient": world.bob.identity.fingerprint,
        "statement_id": number,
        "statement_sha256": "0" * 64,
        **more,
    }
    world.ann.register.append(world.ann.identity, event, details, world.clock())


def short_answer(world: World) -> dict[str, str]:
    return dict(write_notice(report_of(world))[0].facts)


def status(world: World) -> str:
    return report_of(world).bundles[0].holders[0].status


def certify(world: World, bundle_id: str, number: str, *receipts: str, **more: Any) -> None:
    said = {"destroyed_at": "2026-11-24T00:00:00Z", "n_missing": 0, "receipts": list(receipts)}
    tell(world, bundle_id, CERTIFICATE, number, **{**said, **more})


def test_files_that_nobody_deleted_may_still_be_held(world: World) -> None:
    bundle_id = lose(world, [world.bob])
    tell(world, bundle_id, RECEIPT, "aa", opened_at="2026-11-23T00:00:00Z")
    certify(world, bundle_id, "bb", "aa", n_missing=2)
    (bundle,) = report_of(world).bundles
    assert bundle.is_held
    assert bundle.holders[0].status == (
        "certified on 2026-11-24T00:00:00Z, but 2 files were not there to be deleted, and may lie "
        "elsewhere"
    )
    assert short_answer(world)["Bundles"] == "1, of which 1 may still be held by a recipient"
    # The same certificate, signed once more by another key, counts once.
    certify(world, bundle_id, "bb", "aa", n_missing=2)
    assert "but 2 files" in status(world)
    certify(world, bundle_id, "cc", "aa", n_missing=1)
    assert "but 3 files" in status(world)
    now = world.clock()
    transfer = find_transfer(world.ann.register.entries(), bundle_id, Names({}), now=now)
    what = [event.what.partition("; ")[2] for event in transfer.events]
    assert what[-2:] == [
        "2 files were not there to be deleted",
        "1 file was not there to be deleted",
    ]


def test_on_what_it_rests_that_the_others_are_not_held(world: World) -> None:
    first = lose(world, [world.bob])
    tell(world, first, RECEIPT, "aa", opened_at="2026-11-23T00:00:00Z")
    certify(world, first, "bb", "aa")
    assert short_answer(world)["Bundles"] == "1, certified as destroyed by every recipient"
    assert short_answer(world)["Records"] == "127"
    lose(world, [world.bob])
    answer = short_answer(world)
    assert answer["Bundles"] == (
        "2, of which 1 may still be held by a recipient; the others are certified as destroyed"
    )
    assert answer["Records"] == "254, of which 127 may still be held"


def test_only_what_was_opened_later_is_called_opened_again(world: World) -> None:
    bundle_id = lose(world, [world.bob])
    tell(world, bundle_id, RECEIPT, "aa", opened_at="2026-11-23T00:00:00Z")
    certify(world, bundle_id, "bb")
    assert status(world).startswith("opened several times; no certificate covers all")
    tell(world, bundle_id, RECEIPT, "cc", opened_at="2026-11-25T00:00:00Z")
    assert status(world).startswith("opened again after the last certificate")


def test_of_a_disk_that_stays_only_the_folder_was_searched(world: World) -> None:
    checked = {"checked_at": "2026-11-22T09:29:00Z", "keys_found": 0}
    lose(world, [world.bob], drive_check=checked, carrier={"kind": "internal"})
    facts = dict(write_notice(report_on(world, Selection()))[0].facts)
    said = facts["A key on the same drive"]
    assert said.startswith("none was found when the bundle's folder on the drive was searched")


def test_a_run_that_could_not_delete_all_is_part_of_the_course(world: World) -> None:
    packed = world.ann.pack(
        {"people": b"x\n1\n"}, keep_all("people", ["x"]), [world.bob], world.drive
    )
    world.bob.unpack(packed.path, world.folder / "out")
    bundle_id = packed.manifest.bundle_id
    for event, missing in (("destroy-failed", []), ("opened", []), ("destroyed", ["x"])):
        before = world.bob.register.entries()[-1].details
        names = ("bundle_id", "bundle_sha256", "recipients", "sender", "sequence")
        details = {**{name: before[name] for name in names}, "missing": missing}
        world.bob.register.append(world.bob.identity, event, details, world.clock())
    now = world.clock()
    shown = find_transfer(world.bob.register.entries(), bundle_id, Names({}), now=now)
    assert [event.what for event in shown.events][1:] == [
        "not all that was unpacked here could be deleted",
        "a program here read it into memory",
        "what was unpacked here was deleted; 1 file was not there to be deleted",
    ]


def test_nobody_is_counted_who_is_only_in_a_drill(world: World) -> None:
    lose(world, [world.bob])
    recipe = keep_all("people", ["x"])
    world.ann.pack({"people": b"x\n1\n"}, recipe, [world.bob], world.drive, is_drill=True)
    report = report_of(world)
    assert (report.n_rows, report.n_subjects, report.regimes) == (127, 127, ("dpa2018-part3",))
    answer = short_answer(world)
    assert answer["Records"] == "127"
    assert answer["Drills"] == (
        "1 of the bundles: their records are synthetic, no person is in them, and they are not "
        "counted among records and data subjects"
    )


def test_where_there_are_only_drills_they_are_counted(world: World) -> None:
    """A breach can be rehearsed, too."""
    recipe = keep_all("people", ["x"])
    world.ann.pack({"people": b"x\n1\n"}, recipe, [world.bob], world.drive, is_drill=True)
    assert report_of(world).n_rows == 1
    assert short_answer(world)["Drills"].endswith("no person is in them")
    lose(world, [world.bob])
    assert "Drills" in short_answer(world)


def test_what_was_only_certified_was_opened_then(world: World) -> None:
    bundle_id = lose(world, [world.bob])
    opening = {"opened_at": "2026-11-23T00:00:00Z", "statement_id": "aa"}
    certify(world, bundle_id, "bb", "aa", openings=[opening])
    (holder,) = report_of(world).bundles[0].holders
    assert holder.opened_at == ("2026-11-23T00:00:00Z",)
    assert holder.status == "destroyed, certified on 2026-11-24T00:00:00Z"
