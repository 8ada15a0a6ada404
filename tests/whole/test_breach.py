"""`breach-report` as somebody types it in a hurry: times, names, and what is left empty."""

from __future__ import annotations

import pytest

from tests.attack.face import Face
from tests.attack.face import face as face
from tests.world import World, keep_all


@pytest.fixture
def packed(world: World) -> World:
    """A bundle on its drive, and an hour later; the clock's day is 2026-11-22."""
    world.ann.pack({"people": b"x\n1\n2\n"}, keep_all("people", ["x"]), [world.bob], world.drive)
    world.clock.move(hours=1)
    return world


@pytest.mark.parametrize(
    ("typed", "aware_at"),
    [
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("2026-11-22T09:30", "2026-11-22T09:30:00Z"),
        ("2026-11-22 09:30", "2026-11-22T09:30:00Z"),
        ("2026-11-22T09:30:15Z", "2026-11-22T09:30:15Z"),
        ("2026-11-22T10:30+01:00", "2026-11-22T09:30:00Z"),
        ("2026-11-22T00:30-05:00", "2026-11-22T05:30:00Z"),
    ],
)
def test_a_time_is_in_utc_or_says_how_far_from_it_it_is(
    packed: World, face: Face, typed: str, aware_at: str
) -> None:
    assert face.run(packed.ann, "breach-report", "--aware-at", typed).document["aware_at"] == (
        aware_at
    )


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("yesterday", "Write it as in 2026-11-22 or 2026-11-22T09:30, in UTC"),
        ("22/11/2026", "Write it as in 2026-11-22 or"),
        ("2026-02-30", "Write it as in 2026-11-22 or"),
        ("0001-01-01T00:00+14:00", "Write it as in 2026-11-22 or"),
        ("2026-11-22T10:31", "in UTC it is 2026-11-22 10:30 now"),
        ("2026-11-22T10:30-01:00", "in UTC it is 2026-11-22 10:30 now"),
    ],
)
def test_what_can_not_be_when_somebody_became_aware_is_refused(
    packed: World, face: Face, typed: str, says: str
) -> None:
    answer = face.run(packed.ann, "breach-report", "--aware-at", typed)
    assert (answer.exit_code, answer.error["exit_code"]) == (2, 2)
    assert says in answer.error["message"]
    assert [entry.event for entry in packed.ann.register.entries()] == ["packed"]


@pytest.mark.parametrize("option", ["--carrier", "--recipient"])
@pytest.mark.parametrize("nothing", ["", " "])
def test_an_empty_choice_does_not_choose_everything(
    packed: World, face: Face, option: str, nothing: str
) -> None:
    answer = face.run(packed.ann, "breach-report", option, nothing)
    assert answer.exit_code == 2
    assert answer.error["message"] == f"{option} is empty, and would choose every bundle."


def test_a_clock_that_was_set_back_makes_nothing_less_overdue(packed: World, face: Face) -> None:
    packed.clock.move(days=100)
    face.run(packed.ann, "breach-report")
    packed.clock.move(days=-50)
    (bundle,) = face.run(packed.ann, "breach-report").document["bundles"]
    assert bundle["is_overdue"] is True


def test_the_last_day_that_there_is_is_one(packed: World, face: Face) -> None:
    for day in ("9999-12-31", "2026-11-22"):
        listed = face.run(packed.ann, "register", "list", "--until", day).document["entries"]
        assert [entry["event"] for entry in listed] == ["packed"]
    assert face.run(packed.ann, "register", "list", "--until", "2026-11-21").document == {
        "entries": []
    }
