"""Extensions: who may extend what, how far, and that nothing else revives an expired bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from securexfer.bundle import layout
from securexfer.bundle.outside import Outside
from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.identity import rotate_identity
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
    StatementMismatchError,
    StatementReplayError,
    UsageError,
    VerificationError,
)
from securexfer.expiry import find_extended
from securexfer.extending import extend
from securexfer.filing import import_extension
from securexfer.instant import parse_instant
from securexfer.verifying import pinned_senders
from tests.assurance import Tally
from tests.attack.notary import Exchange, events, filed, last
from tests.world import START, World

DAY = timedelta(days=1)
DUE = START + 90 * DAY
LATER = "2027-03-22T09:30:00Z"
SHORT = "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


def said(exchange: Exchange, **edits: Any) -> dict[str, Any]:
    """What an honest extension says, by 30 days."""
    manifest = exchange.packed.manifest
    return {
        "securexfer_statement": 1,
        "statement_id": "7" * 32,
        "bundle_id": manifest.bundle_id,
        "bundle_sha256": exchange.packed.bundle_sha256,
        "made_at": "2026-11-22T09:30:00Z",
        "register_head": "0" * 64,
        "tool": "securexfer",
        "created_at": manifest.created_at,
        "previous_expires_at": manifest.expires_at,
        "expires_at": LATER,
        **edits,
    }


def signed(payload: Any, who: Any) -> bytes:
    return sign_document(payload, ("extension", who.identity.keys)).encode() + b"\n"


def under_anothers_payload(exchange: Exchange) -> bytes:
    line = decode_canonical(signed(said(exchange), exchange.ann)[:-1], max_bytes=10**6)
    line["payload"] = encode_canonical(said(exchange, expires_at="2027-03-23T09:30:00Z")).decode()
    return encode_canonical(line)


def about_cats(exchange: Exchange) -> dict[str, Any]:
    packed = exchange.for_cat
    return {"bundle_id": packed.manifest.bundle_id, "bundle_sha256": packed.bundle_sha256}


@dataclass(frozen=True)
class Case:
    make: Callable[[Exchange], bytes]
    error: type[SecurexferError]
    says: str


CASES = {
    "by another contact": Case(
        lambda e: signed(said(e), e.cat), StatementMismatchError, "not from the sender of that"
    ),
    "by oneself": Case(
        lambda e: signed(said(e), e.bob), StatementMismatchError, "not from the sender of that"
    ),
    "by a stranger": Case(lambda e: signed(said(e), e.eve), SenderUnknownError, "not pinned here"),
    "for another content": Case(
        lambda e: signed(said(e, bundle_sha256="0" * 64), e.ann),
        StatementMismatchError,
        "about another content than was opened here",
    ),
    "for another content of another bundle": Case(
        lambda e: signed(said(e, bundle_sha256=e.for_cat.bundle_sha256), e.ann),
        StatementMismatchError,
        "about another content than was opened here",
    ),
    "shortened": Case(
        lambda e: signed(said(e, expires_at="2027-01-01T00:00:00Z"), e.ann),
        StatementMismatchError,
        "does not extend anything",
    ),
    "to the same day": Case(
        lambda e: signed(said(e, expires_at=e.packed.manifest.expires_at), e.ann),
        StatementMismatchError,
        "does not extend anything",
    ),
    "shortened, from an invented day": Case(
        lambda e: signed(
            said(
                e,
                previous_expires_at="2026-12-01T00:00:00Z",
                expires_at="2027-01-01T00:00:00Z",
            ),
            e.ann,
        ),
        StatementMismatchError,
        "the bundle may be kept until 2027-02-20 already",
    ),
    "a day too long": Case(
        lambda e: signed(said(e, expires_at="2036-11-19T09:30:01Z"), e.ann),
        StatementMismatchError,
        "more than 3650 days after the bundle was made",
    ),
    "too long, of a bundle made later": Case(
        lambda e: signed(
            said(
                e,
                created_at="2027-01-01T00:00:00Z",
                expires_at="2036-12-29T00:00:00Z",
            ),
            e.ann,
        ),
        StatementMismatchError,
        "about a bundle that was made at another time",
    ),
    "made tomorrow": Case(
        lambda e: signed(said(e, made_at="2026-11-23T09:30:01Z"), e.ann),
        StatementMismatchError,
        "made in the future",
    ),
    "another payload": Case(under_anothers_payload, SignatureInvalidError, "is not valid"),
    "signed as a receipt": Case(
        lambda e: sign_document(said(e), ("receipt", e.ann.identity.keys)).encode(),
        StatementFormatError,
        "The file is a receipt, not an extension",
    ),
    "signed as a scope key": Case(
        lambda e: sign_document(said(e), ("scope-key", e.ann.identity.keys)).encode(),
        StatementFormatError,
        "is a scope key, not an extension",
    ),
    "two signatures": Case(
        lambda e: sign_document(
            said(e), ("extension", e.ann.identity.keys), ("bundle", e.ann.identity.keys)
        ).encode(),
        StatementFormatError,
        "or a damaged one",
    ),
    "a receipt": Case(
        lambda e: e.receipt, StatementFormatError, "The file is a receipt, not an extension"
    ),
    "a certificate": Case(
        lambda e: e.certificate, StatementFormatError, "The file is a destruction certificate"
    ),
    "an unknown member": Case(
        lambda e: signed(said(e, more=1), e.ann), StatementFormatError, "does not say what"
    ),
    "an addressee": Case(
        lambda e: signed(said(e, addressee="0" * 64), e.ann),
        StatementFormatError,
        "does not say what",
    ),
    "another version": Case(
        lambda e: signed(said(e, securexfer_statement=2), e.ann),
        StatementFormatError,
        "does not say what one of version 1",
    ),
    "a day that does not exist": Case(
        lambda e: signed(said(e, expires_at="2027-02-30T00:00:00Z"), e.ann),
        StatementFormatError,
        "does not say what",
    ),
    "the same key twice": Case(
        lambda e: signed(said(e), e.ann).replace(b'{"payload"', b'{"payload":"","payload"', 1),
        StatementFormatError,
        "or a damaged one",
    ),
    "two lines": Case(
        lambda e: signed(said(e), e.ann) * 2, StatementFormatError, "or a damaged one"
    ),
    "nothing": Case(lambda e: b"", StatementFormatError, "or a damaged one"),
    "garbage": Case(lambda e: b"\0\xff" * 99, StatementFormatError, "or a damaged one"),
    "a mountain": Case(lambda e: b"[" * 30_000_000, StatementFormatError, "or a damaged one"),
}


def refuse(exchange: Exchange, data: bytes, error: type[SecurexferError], says: str) -> None:
    bob = exchange.bob
    before = events(bob), filed(bob)
    with pytest.raises(SecurexferError) as caught:
        import_extension(data, exchange.cabinet(bob))
    assert type(caught.value) is error, caught.value.message
    assert says in caught.value.message
    assert (events(bob), filed(bob)) == before


def expire(exchange: Exchange) -> None:
    """A day beyond the bundle's day."""
    exchange.world.clock.now = DUE + DAY


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


class TestABundleThatWasExtended:
    def test_it_opens_until_the_new_day_and_no_longer(self, exchange: Exchange) -> None:
        clock = exchange.world.clock
        data = exchange.extend(exchange.packed).path.read_bytes()
        assert import_extension(data, exchange.cabinet(exchange.bob)).is_new
        clock.now = DUE + 30 * DAY
        exchange.unpack(exchange.bob, exchange.packed, "at last")
        clock.move(seconds=1)
        with pytest.raises(BundleExpiredError, match="expired on 2027-03-22"):
            exchange.unpack(exchange.bob, exchange.packed, "too late")

    def test_both_registers_have_the_new_day(self, exchange: Exchange) -> None:
        exchange.unpack(exchange.bob, exchange.packed, "held")
        extended = exchange.extend(exchange.packed)
        import_extension(extended.path.read_bytes(), exchange.cabinet(exchange.bob))
        for person, event in ((exchange.ann, "extended"), (exchange.bob, "extension-imported")):
            assert last(person).event == event
            assert last(person).details["expires_at"] == "2027-03-22T09:30:00Z"
            about = exchange.packed.bundle_sha256
            held = find_held(person.register.entries())
            (found,) = (one for one in held if one.bundle_sha256 == about)
            assert found.destroy_by == DUE + 30 * DAY

    def test_it_can_be_imported_after_the_bundle_has_expired(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        expire(exchange)
        import_extension(data, exchange.cabinet(exchange.bob))
        exchange.unpack(exchange.bob, exchange.packed, "late")

    def test_what_is_unpacked_then_is_to_be_destroyed_by_the_new_day(
        self, exchange: Exchange
    ) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        exchange.unpack(exchange.bob, exchange.packed, "again")
        assert last(exchange.bob).details["expires_at"] == "2027-03-22T09:30:00Z"

    def test_the_password_is_released_until_the_new_day(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        expire(exchange)
        with exchange.bob.verify(exchange.packed.path) as verified:
            assert verified.inside.outside.extended_until == DUE + 30 * DAY

    def test_the_sender_sees_it_too(self, exchange: Exchange) -> None:
        exchange.extend(exchange.packed)
        outside = self.outside(exchange, exchange.packed.path)
        find_sender = pinned_senders([], exchange.ann.identity.card)
        entries = exchange.ann.register.entries()
        assert find_extended(outside, entries, find_sender) == DUE + 30 * DAY

    def test_no_other_bundle_lives_longer(self, exchange: Exchange) -> None:
        second = exchange.pack(exchange.bob)
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        expire(exchange)
        with pytest.raises(BundleExpiredError):
            exchange.unpack(exchange.bob, second, "other")

    def test_a_file_that_lies_about_does_not_count(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        receipts = exchange.bob.home / "receipts"
        receipts.mkdir()
        name = f"sx-{exchange.packed.manifest.bundle_id[:12]}.extension"
        for folder in (exchange.world.drive, receipts, exchange.world.folder):
            (folder / name).write_bytes(data)
        expire(exchange)
        with pytest.raises(BundleExpiredError):
            exchange.unpack(exchange.bob, exchange.packed, "again")

    def test_a_forwarded_bundle_is_never_extended(self, exchange: Exchange) -> None:
        data = exchange.extend(exchange.packed).path.read_bytes()
        import_extension(data, exchange.cabinet(exchange.bob))
        outside = self.outside(exchange, exchange.packed.path)
        entries = exchange.bob.register.entries()
        find = pinned_senders(exchange.bob.contacts.list(), None)
        assert find_extended(outside, entries, find) == DUE + 30 * DAY
        member = outside.envelope.members[0].model_copy(update={"name": layout.PROVENANCE})
        envelope = outside.envelope.model_copy(
            update={"members": [*outside.envelope.members, member]}
        )
        passed_on = Outside(
            outside.file, outside.claimed, envelope, outside.read_me, outside.sender
        )
        assert find_extended(passed_on, entries, find) is None

    def outside(self, exchange: Exchange, path: Path) -> Outside:
        with exchange.bob.verify(path) as verified:
            return verified.inside.outside


class TestABundleThatWasNotOpenedYet:
    """The register does not know who sent it. So that is compared when it is opened."""

    @pytest.fixture
    def unopened(self, exchange: Exchange) -> Exchange:
        exchange.packed = exchange.pack(exchange.bob)
        return exchange

    def test_it_can_be_extended_all_the_same(self, unopened: Exchange) -> None:
        data = unopened.extend(unopened.packed).path.read_bytes()
        result = import_extension(data, unopened.cabinet(unopened.bob))
        assert result.notes[0].startswith("No such bundle was opened here yet.")
        expire(unopened)
        unopened.unpack(unopened.bob, unopened.packed, "late")

    @pytest.mark.parametrize(
        ("who", "edits"),
        [
            ("cat", {}),
            ("bob", {}),
            ("ann", {"bundle_sha256": "0" * 64}),
            ("ann", {"bundle_id": "0" * 32}),
            ("ann", {"previous_expires_at": SHORT[0], "expires_at": SHORT[1]}),
        ],
    )
    def test_what_is_not_its_senders_for_its_content_has_no_effect(
        self, unopened: Exchange, who: str, edits: dict[str, str]
    ) -> None:
        data = signed(said(unopened, **edits), getattr(unopened, who))
        import_extension(data, unopened.cabinet(unopened.bob))
        expire(unopened)
        with pytest.raises(BundleExpiredError):
            unopened.unpack(unopened.bob, unopened.packed, "late")

    def test_it_lives_no_longer_than_any_bundle_may(self, unopened: Exchange) -> None:
        """A sender who invents when it was made, to get beyond ten years."""
        invented = {
            "created_at": "2027-01-01T00:00:00Z",
            "previous_expires_at": "2027-02-20T09:30:00Z",
            "expires_at": "2036-12-01T00:00:00Z",
        }
        data = signed(said(unopened, **invented), unopened.ann)
        import_extension(data, unopened.cabinet(unopened.bob))
        expire(unopened)
        with pytest.raises(BundleExpiredError):
            unopened.unpack(unopened.bob, unopened.packed, "late")

    def test_its_very_last_day_is_one(self, unopened: Exchange) -> None:
        data = unopened.extend(unopened.packed, 3560).path.read_bytes()
        import_extension(data, unopened.cabinet(unopened.bob))
        unopened.world.clock.now = START + 3650 * DAY
        unopened.unpack(unopened.bob, unopened.packed, "late")

    def test_an_earlier_day_does_not_shorten_its_life(self, unopened: Exchange) -> None:
        edits = {"previous_expires_at": SHORT[0], "expires_at": SHORT[1]}
        data = signed(said(unopened, **edits), unopened.ann)
        import_extension(data, unopened.cabinet(unopened.bob))
        unopened.world.clock.now = DUE
        unopened.unpack(unopened.bob, unopened.packed, "on its day")

    def test_a_later_day_replaces_an_earlier_and_not_the_other_way_round(
        self, unopened: Exchange
    ) -> None:
        first, second = unopened.extend(unopened.packed, 10), unopened.extend(unopened.packed, 10)
        cabinet = unopened.cabinet(unopened.bob)
        assert import_extension(second.path.read_bytes(), cabinet).is_new
        with pytest.raises(StatementMismatchError, match="until 2027-03-12 already"):
            import_extension(first.path.read_bytes(), cabinet)


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
