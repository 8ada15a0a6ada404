"""Extensions: who may extend what, how far, and that nothing else revives an expired bundle."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from securexfer.carrier import PartialFile
from securexfer.crypto.document import SignedDocument
from securexfer.crypto.identity import rotate_identity
from securexfer.custody.extension import find_granted
from securexfer.custody.retention import find_held
from securexfer.errors import (
    BundleExpiredError,
    OutputError,
    OutputExistsError,
    RegisterError,
    SecurexferError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementFormatError,
    StatementReplayError,
    UsageError,
    VerificationError,
)
from securexfer.extending import extend
from securexfer.filing import import_extension
from securexfer.instant import format_instant, parse_instant
from tests.assurance import Tally
from tests.attack.extender import CASES, DAY, DUE, expire, refuse, said, signed
from tests.attack.notary import Exchange, events, filed, last
from tests.world import START, World


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


def test_no_false_extension_goes_on_record(exchange: Exchange, tally: Tally) -> None:
    for name, case in CASES.items():
        try:
            refuse(exchange, case.make(exchange), case.error, case.says)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    expire(exchange)
    with pytest.raises(BundleExpiredError):
        exchange.unpack(exchange.bob, exchange.packed, "again")
    tally.count("statements", "kinds of false extensions, none recorded", len(CASES))


def test_an_extension_that_was_altered_anywhere_is_refused(
    exchange: Exchange, soak: bool, tally: Tally
) -> None:
    data = signed(said(exchange), exchange.ann)
    places = range(len(data)) if soak else Random("extension").sample(range(len(data)), 300)
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with pytest.raises(SecurexferError) as caught:
            import_extension(bytes(changed), exchange.cabinet(exchange.bob))
        assert type(caught.value) in (
            StatementFormatError,
            SignatureInvalidError,
            SenderUnknownError,
        ), caught.value.message
    tally.count("statements", "extensions with one flipped bit", len(places))


class TestReplays:
    def test_the_same_extension_is_recorded_once(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        cabinet = exchange.cabinet(exchange.bob)
        assert import_extension(data, cabinet).is_new
        before = events(exchange.bob), filed(exchange.bob)
        assert not import_extension(data, cabinet).is_new
        assert (events(exchange.bob), filed(exchange.bob)) == before

    def test_the_same_number_with_another_day_is_refused(self, exchange: Exchange) -> None:
        cabinet = exchange.cabinet(exchange.bob)
        import_extension(signed(said(exchange), exchange.ann), cabinet)
        data = signed(said(exchange, expires_at="2027-03-23T09:30:00Z"), exchange.ann)
        refuse(exchange, data, StatementReplayError, "with the same number was imported")


class TestFormerKeys:
    def test_a_former_key_extends_nothing(self, exchange: Exchange) -> None:
        data = signed(said(exchange), exchange.ann)
        new = rotate_identity(exchange.ann.identity, rotated_at=START + DAY)
        exchange.bob.contacts.pin(new.card, "", pinned_at=START, replaces="ann")
        refuse(exchange, data, VerificationError, "a key that its owner has replaced since")

    def test_the_new_key_extends_what_the_former_has_signed(self, exchange: Exchange) -> None:
        new = rotate_identity(exchange.ann.identity, rotated_at=START + DAY)
        exchange.bob.contacts.pin(new.card, "", pinned_at=START, replaces="ann")
        exchange.ann.identity = new
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        expire(exchange)
        exchange.unpack(exchange.bob, exchange.packed, "late")

    def test_it_still_counts_after_the_next_replacement(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        new = rotate_identity(exchange.ann.identity, rotated_at=START + DAY)
        exchange.bob.contacts.pin(new.card, "", pinned_at=START, replaces="ann")
        expire(exchange)
        exchange.unpack(exchange.bob, exchange.packed, "late")

    def test_a_sender_who_is_no_contact_any_more_extends_nothing(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        exchange.bob.contacts.remove("ann")
        refuse(exchange, data, SenderUnknownError, "not pinned here")


class TestExtending:
    def test_days_are_counted_from_the_present_date(self, exchange: Exchange) -> None:
        exchange.extend(exchange.packed, 10)
        second = exchange.extend(exchange.packed, 5).extension
        assert parse_instant(second.previous_expires_at) == DUE + 10 * DAY
        assert parse_instant(second.expires_at) == DUE + 15 * DAY

    def test_the_file_is_its_owners_and_replaces_nothing(self, exchange: Exchange) -> None:
        first, second = exchange.extend(exchange.packed, 1), exchange.extend(exchange.packed, 1)
        assert first.path != second.path
        assert first.path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(OutputExistsError):
            self.extend(exchange, output=first.path)
        assert events(exchange.ann).count("extended") == 2

    @pytest.mark.parametrize(
        ("days", "says"),
        [
            (3561, "more than 3650 days"),
            (3651, "at most 3650 days"),
            (10**12, "at most 3650 days"),
        ],
    )
    def test_nothing_is_kept_for_ever(self, exchange: Exchange, days: int, says: str) -> None:
        with pytest.raises(UsageError, match=says):
            exchange.extend(exchange.packed, days)
        assert "extended" not in events(exchange.ann)

    def test_the_very_last_day_is_one(self, exchange: Exchange) -> None:
        exchange.extend(exchange.packed, 3560)
        assert last(exchange.ann).details["expires_at"] == "2036-11-19T09:30:00Z"

    def test_a_date_in_the_past_is_no_extension(self, exchange: Exchange) -> None:
        exchange.world.clock.now = DUE + 30 * DAY
        with pytest.raises(UsageError, match="30 more days end in the past"):
            exchange.extend(exchange.packed, 30)
        exchange.extend(exchange.packed, 31)

    def test_only_what_was_packed_here_and_named_by_enough_of_its_id(
        self, exchange: Exchange
    ) -> None:
        for start in ("", "x", "0" * 32):
            with pytest.raises(UsageError, match="no such bundle that was packed here"):
                self.extend(exchange, start=start)
        ids = [exchange.pack(exchange.bob).manifest.bundle_id for _ in range(17)]
        twice = next(c for c in "0123456789abcdef" if sum(i.startswith(c) for i in ids) > 1)
        with pytest.raises(UsageError, match="Several bundles"):
            self.extend(exchange, start=twice)

    def test_a_bundle_that_failed_is_not_extended(self, exchange: Exchange) -> None:
        details = {"bundle_id": exchange.packed.manifest.bundle_id, "reason": "disk_full"}
        exchange.ann.register.append(exchange.ann.identity, "pack-failed", details, START)
        with pytest.raises(UsageError, match="no such bundle"):
            exchange.extend(exchange.packed)

    def test_what_can_not_be_recorded_is_not_written(
        self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = sorted(exchange.world.folder.iterdir())
        monkeypatch.setattr(
            exchange.ann.register, "append", lambda *_, **__: self.fail(RegisterError("no"))
        )
        with pytest.raises(RegisterError):
            exchange.extend(exchange.packed)
        assert sorted(exchange.world.folder.iterdir()) == before

    def test_what_is_recorded_and_not_written_is_taken_back(
        self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or the next one, by as many days, would add to days that nobody was given."""
        before = sorted(exchange.world.folder.iterdir())

        class Unnamed(PartialFile):
            def publish(self) -> None:
                raise OutputError("it can't be renamed")

        with monkeypatch.context() as patch:
            patch.setattr("securexfer.extending.PartialFile", Unnamed)
            with pytest.raises(OutputError, match="renamed"):
                exchange.extend(exchange.packed)
        assert sorted(exchange.world.folder.iterdir()) == before
        assert events(exchange.ann)[-2:] == ["extended", "extend-failed"]
        entries = exchange.ann.register.entries()
        assert {held.destroy_by for held in find_held(entries)} == {DUE}
        about = exchange.packed.manifest.bundle_id, exchange.packed.bundle_sha256
        assert list(find_granted(entries, *about)) == []
        assert exchange.extend(exchange.packed, 9).extension.expires_at == format_instant(
            DUE + 9 * DAY
        )

    def test_two_runs_at_once_do_not_both_add_their_days(
        self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = exchange.ann.register.entries()
        exchange.extend(exchange.packed)
        monkeypatch.setattr(exchange.ann.register, "entries", lambda: before)
        with pytest.raises(RegisterError, match="extended by another run"):
            exchange.extend(exchange.packed)

    def test_a_folder_that_is_not_there_is_refused(self, exchange: Exchange) -> None:
        with pytest.raises(OutputError):
            self.extend(exchange, output=exchange.world.folder / "nowhere" / "x.extension")
        assert "extended" not in events(exchange.ann)

    def fail(self, error: Exception) -> Any:
        raise error

    def extend(
        self, exchange: Exchange, *, start: str | None = None, output: Path | None = None
    ) -> Any:
        ann = exchange.ann
        return extend(
            exchange.packed.manifest.bundle_id if start is None else start,
            30,
            ann.identity,
            ann.register,
            output or exchange.world.folder,
            clock=exchange.world.clock,
        )


def test_a_damaged_extension_in_the_register_is_an_error_and_extends_nothing(
    exchange: Exchange,
) -> None:
    details = {
        "bundle_id": exchange.packed.manifest.bundle_id,
        "bundle_sha256": exchange.packed.bundle_sha256,
        "expires_at": "soon",
        "sender": exchange.ann.identity.fingerprint,
        "statement_id": "0" * 32,
        "statement_sha256": "0" * 64,
    }
    exchange.bob.register.append(exchange.bob.identity, "extension-imported", details, START)
    with pytest.raises(RegisterError, match="a time that does not exist"):
        exchange.unpack(exchange.bob, exchange.packed, "again")


def test_an_extension_is_one_line_that_anyone_can_check(exchange: Exchange) -> None:
    result = exchange.extend(exchange.packed)
    line = result.path.read_bytes()
    assert line.endswith(b"}\n")
    document = SignedDocument.decode(line[:-1])
    payload = document.verified("extension", exchange.ann.identity.keys.public)
    assert payload == result.extension.model_dump()
    assert b"people" not in line
