"""Extensions on record whose file is not there: they are written again, and say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from securexfer.errors import OutputExistsError, StatementMismatchError, UsageError
from securexfer.extending import ExtendResult, extend_again
from securexfer.filing import import_extension
from securexfer.partial import partial_path
from tests.attack.notary import RECIPE, TABLE, Exchange, events, last
from tests.world import START, World, allow_forwarding


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


def again(exchange: Exchange, output: Path | None = None) -> ExtendResult:
    ann = exchange.ann
    bundle_id = exchange.packed.manifest.bundle_id
    return extend_again(bundle_id[:8], ann.identity, ann.register, output or exchange.world.folder)


def cut_off(exchange: Exchange) -> ExtendResult:
    """As a run leaves it that is killed when it has recorded an extension and not named it."""
    result = exchange.extend(exchange.packed, 10)
    result.path.rename(partial_path(result.path))
    return result


def test_it_says_the_same_and_is_filed_once(exchange: Exchange) -> None:
    first = exchange.extend(exchange.packed, 10)
    before = events(exchange.ann)
    exchange.world.clock.move(days=3)
    second = again(exchange)
    assert events(exchange.ann) == before
    assert (second.extension, second.entry) == (first.extension, first.entry)
    assert second.path != first.path
    cabinet = exchange.cabinet(exchange.bob)
    assert import_extension(second.path.read_bytes(), cabinet).is_new
    assert not import_extension(first.path.read_bytes(), cabinet).is_new


def test_what_a_run_that_was_killed_recorded_can_be_had(exchange: Exchange) -> None:
    first = cut_off(exchange)
    with pytest.raises(OutputExistsError, match="is an unfinished extension") as caught:
        exchange.extend(exchange.packed, 10)
    assert "until 2027-03-02" in caught.value.message
    assert "leave out --days" in caught.value.hint
    assert events(exchange.ann).count("extended") == 1
    second = again(exchange)
    assert second.path == first.path
    assert not partial_path(first.path).exists()
    assert second.extension == first.extension
    assert exchange.extend(exchange.packed, 1).previous == first.entry


def test_a_file_of_a_name_of_its_own_is_looked_for_too(exchange: Exchange) -> None:
    first = cut_off(exchange)
    chosen = exchange.world.folder / "later.extension"
    partial_path(first.path).rename(partial_path(chosen))
    assert again(exchange, chosen).path == chosen
    assert not partial_path(chosen).exists()


def test_what_was_taken_back_is_not_written(exchange: Exchange) -> None:
    first = exchange.extend(exchange.packed, 10)
    exchange.extend(exchange.packed, 5)
    details = {name: last(exchange.ann).details[name] for name in ("bundle_id", "bundle_sha256")}
    details |= {"statement_id": last(exchange.ann).details["statement_id"], "reason": "x"}
    exchange.ann.register.append(exchange.ann.identity, "extend-failed", details, START)
    assert again(exchange).extension == first.extension


def test_where_there_was_none_there_is_none(exchange: Exchange) -> None:
    with pytest.raises(UsageError, match="was not extended yet"):
        again(exchange)


def test_what_the_register_does_not_say_is_not_made_up(exchange: Exchange) -> None:
    result = exchange.extend(exchange.packed, 10)
    kept = ("bundle_id", "bundle_sha256", "expires_at", "previous_expires_at", "statement_id")
    details = {name: result.entry.details[name] for name in kept}
    exchange.ann.register.append(exchange.ann.identity, "extended", details, START)
    with pytest.raises(UsageError, match="can't be written again"):
        again(exchange)


def test_whoever_passed_a_bundle_on_is_told_so(exchange: Exchange) -> None:
    bob, world = exchange.bob, exchange.world
    packed = exchange.ann.pack(TABLE, allow_forwarding(RECIPE), [bob], world.drive)
    passed_on = bob.forward(packed.path, [exchange.cat], world.drive)
    with pytest.raises(UsageError, match="nobody can extend what was passed on"):
        extend_again(passed_on.envelope.bundle_id, bob.identity, bob.register, world.folder)


def test_an_earlier_day_that_comes_late_worries_nobody(exchange: Exchange) -> None:
    first, second = (exchange.extend(exchange.packed, days) for days in (10, 5))
    cabinet = exchange.cabinet(exchange.bob)
    import_extension(second.path.read_bytes(), cabinet)
    with pytest.raises(StatementMismatchError, match="may be kept until 2027-03-07") as caught:
        import_extension(first.path.read_bytes(), cabinet)
    assert "nothing is lost: the later day counts" in caught.value.hint
