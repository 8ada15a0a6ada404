"""Receipts and certificates of another time: too early, too late, again, or by a former key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from securexfer.crypto.identity import rotate_identity
from securexfer.crypto.signing import Kind
from securexfer.errors import (
    SenderRetiredError,
    StatementMismatchError,
    StatementReplayError,
    VerificationError,
)
from securexfer.filing import import_receipt
from tests.attack.falsehood import IMPORTS, each_kind, honest, refuse, said
from tests.attack.notary import Exchange, events, filed, last
from tests.world import START, Person, World


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


class TestTimes:
    """By the sender's clock and register; a day of difference is forgiven."""

    @pytest.mark.parametrize(
        "edits",
        [
            {"opened_at": "2026-11-21T09:29:59Z"},
            {"opened_at": "2026-11-23T09:30:01Z", "made_at": "2026-11-23T09:30:01Z"},
            {"made_at": "2026-11-23T09:30:01Z"},
            {"made_at": "2026-11-21T09:29:59Z"},
            {"opened_at": "0001-01-01T00:00:00Z", "made_at": "0001-01-01T00:00:00Z"},
            {"opened_at": "9999-12-31T23:59:59Z", "made_at": "9999-12-31T23:59:59Z"},
        ],
    )
    def test_a_receipt_of_an_impossible_time(
        self, exchange: Exchange, edits: dict[str, str]
    ) -> None:
        data = exchange.sign(said(exchange, "receipt", **edits))
        refuse(exchange, "receipt", data, StatementMismatchError, "times that can't be")

    @pytest.mark.parametrize(
        "edits",
        [
            {"destroyed_at": "2026-11-23T09:30:01Z"},
            {"destroyed_at": "2026-11-21T09:29:59Z"},
            {"openings": [{"opened_at": "2026-11-21T09:29:59Z", "statement_id": "0" * 32}]},
            {"openings": [{"opened_at": "2026-11-23T09:30:01Z", "statement_id": "0" * 32}]},
        ],
    )
    def test_a_certificate_of_an_impossible_time(
        self, exchange: Exchange, edits: dict[str, Any]
    ) -> None:
        data = exchange.sign(said(exchange, "destruction", **edits), "destruction")
        refuse(exchange, "destruction", data, StatementMismatchError, "times that can't be")

    def test_a_day_is_forgiven(self, exchange: Exchange) -> None:
        times = {"opened_at": "2026-11-21T09:30:00Z", "made_at": "2026-11-23T09:30:00Z"}
        data = exchange.sign(said(exchange, "receipt", **times))
        assert import_receipt(data, exchange.cabinet(exchange.ann)).is_new

    def test_a_clock_that_was_set_back_is_not_believed(self, exchange: Exchange) -> None:
        ann, clock = exchange.ann, exchange.world.clock
        clock.move(days=40)
        ann.register.append(ann.identity, "drive-checked", {}, clock())
        later = {"opened_at": "2026-12-30T00:00:00Z", "made_at": "2026-12-30T00:00:00Z"}
        data = exchange.sign(said(exchange, "receipt", **later))
        clock.move(days=-40)
        assert import_receipt(data, exchange.cabinet(ann)).is_new

    def test_a_bundle_opened_after_its_day_is_recorded_and_told(self, exchange: Exchange) -> None:
        exchange.world.clock.move(days=100)
        late = {"opened_at": "2027-02-25T00:00:00Z", "made_at": "2027-02-25T00:00:00Z"}
        data = exchange.sign(said(exchange, "receipt", **late))
        result = import_receipt(data, exchange.cabinet(exchange.ann))
        assert result.notes == ("It was opened after its expiry date, 2027-02-20.",)


class TestReplays:
    @each_kind
    def test_the_same_file_is_recorded_once(self, kind: Kind, exchange: Exchange) -> None:
        cabinet = exchange.cabinet(exchange.ann)
        first = IMPORTS[kind](honest(exchange, kind), cabinet)
        before = events(exchange.ann), filed(exchange.ann)
        second = IMPORTS[kind](honest(exchange, kind), cabinet)
        assert (first.is_new, second.is_new) == (True, False)
        assert second.entry == first.entry
        assert (events(exchange.ann), filed(exchange.ann)) == before

    @each_kind
    def test_it_is_the_same_however_it_is_signed_or_sealed(
        self, kind: Kind, exchange: Exchange
    ) -> None:
        cabinet = exchange.cabinet(exchange.ann)
        IMPORTS[kind](honest(exchange, kind), cabinet)
        again = exchange.sign(said(exchange, kind), kind)
        assert again != honest(exchange, kind)
        assert not IMPORTS[kind](again, cabinet).is_new

    @each_kind
    def test_the_same_number_with_another_story_is_refused(
        self, kind: Kind, exchange: Exchange
    ) -> None:
        IMPORTS[kind](honest(exchange, kind), exchange.cabinet(exchange.ann))
        data = exchange.sign(said(exchange, kind, tool="another"), kind)
        refuse(exchange, kind, data, StatementReplayError, "with the same number was imported")

    def test_a_second_receipt_is_a_second_opening(self, exchange: Exchange) -> None:
        cabinet = exchange.cabinet(exchange.ann)
        second = exchange.unpack(exchange.bob, exchange.packed, "again").read_bytes()
        assert import_receipt(exchange.receipt, cabinet).is_new
        assert import_receipt(second, cabinet).is_new
        assert events(exchange.ann)[-2:] == ["receipt-imported"] * 2
        assert len(filed(exchange.ann)) == 2

    def test_the_number_of_another_recipients_receipt_blocks_nobody(self, world: World) -> None:
        exchange = Exchange(world)
        both = exchange.pack(world.bob, world.cat)
        receipts = {
            p: exchange.unpack(p, both, "both").read_bytes() for p in (world.bob, world.cat)
        }
        number = exchange.payload(receipts[world.cat])["statement_id"]
        stolen = {**exchange.payload(receipts[world.bob]), "statement_id": number}
        cabinet = exchange.cabinet(exchange.ann)
        assert import_receipt(exchange.sign(stolen), cabinet).is_new
        (first,) = filed(world.ann)
        kept = first.read_bytes()
        assert import_receipt(receipts[world.cat], cabinet).is_new
        assert first.read_bytes() == kept
        (other,) = set(filed(world.ann)) - {first}
        assert other.read_bytes() == receipts[world.cat]
        assert last(world.ann).details["file"] == other.name
        assert not import_receipt(receipts[world.cat], cabinet).is_new
        assert len(filed(world.ann)) == 2

    def test_two_imports_at_once_record_it_once(
        self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cabinet = exchange.cabinet(exchange.ann)
        before = exchange.ann.register.entries()
        import_receipt(exchange.receipt, cabinet)
        # The second has looked before the first has recorded.
        with monkeypatch.context() as patch:
            patch.setattr(exchange.ann.register, "entries", lambda: before)
            result = import_receipt(exchange.receipt, cabinet)
        assert not result.is_new
        assert events(exchange.ann).count("receipt-imported") == 1
        assert len(filed(exchange.ann)) == 1


class TestFormerKeys:
    """`bob` replaces his key."""

    @pytest.fixture
    def rotated(self, exchange: Exchange) -> Exchange:
        exchange.world.clock.move(days=1)
        new = rotate_identity(exchange.bob.identity, rotated_at=exchange.world.clock())
        exchange.ann.contacts.pin(new.card, "", pinned_at=START, replaces="bob")
        self.old = Person.__new__(Person)
        self.old.__dict__.update(vars(exchange.bob))
        exchange.bob.identity = new
        return exchange

    @each_kind
    def test_a_statement_by_the_former_key_needs_a_person_who_expects_it(
        self, kind: Kind, rotated: Exchange
    ) -> None:
        data = honest(rotated, kind)
        refuse(rotated, kind, data, SenderRetiredError, "signed with a former key of bob")
        result = IMPORTS[kind](data, rotated.cabinet(rotated.ann), older=True)
        assert result.is_new
        assert result.entry.details["recipient"] == self.old.identity.fingerprint

    @each_kind
    def test_a_former_key_signs_nothing_after_its_day(self, kind: Kind, rotated: Exchange) -> None:
        later = said(rotated, kind, made_at="2026-11-23T09:30:01Z")
        data = rotated.sign(later, kind, by=self.old)
        refuse(rotated, kind, data, VerificationError, "had replaced by then", older=True)

    @each_kind
    def test_the_new_key_signs_for_what_was_sealed_to_the_old(
        self, kind: Kind, rotated: Exchange
    ) -> None:
        data = rotated.sign(said(rotated, kind), kind)
        result = IMPORTS[kind](data, rotated.cabinet(rotated.ann))
        assert result.entry.details["recipient"] == self.old.identity.fingerprint
        assert result.entry.details["signer"] == rotated.bob.identity.fingerprint

    def test_a_sender_with_a_new_key_opens_what_was_sealed_to_the_old(
        self, exchange: Exchange
    ) -> None:
        exchange.ann.identity = rotate_identity(exchange.ann.identity, rotated_at=START)
        assert import_receipt(exchange.receipt, exchange.cabinet(exchange.ann)).is_new

    def test_an_answer_is_sealed_to_the_newest_key_that_is_pinned(self, world: World) -> None:
        exchange = Exchange(world)
        new = rotate_identity(world.ann.identity, rotated_at=START)
        world.bob.contacts.pin(new.card, "", pinned_at=START, replaces="ann")
        receipt = json.loads(exchange.unpack(world.bob, exchange.packed, "again").read_bytes())
        assert receipt["addressee"] == new.fingerprint
