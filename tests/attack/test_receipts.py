"""Receipts and certificates that are not what they seem: none goes on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from securexfer.crypto.canonical import encode_canonical
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.identity import rotate_identity
from securexfer.crypto.keys import encode_base64
from securexfer.crypto.signing import Kind, Signature, sign
from securexfer.custody.receipt import Receipt
from securexfer.custody.register import Register
from securexfer.custody.seal import MAX_VALUES, seal_statement
from securexfer.custody.statement import MAX_STATEMENT_BYTES
from securexfer.errors import (
    NotForThisIdentityError,
    RegisterError,
    SecurexferError,
    SenderRetiredError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
    StatementReplayError,
    VerificationError,
)
from securexfer.filing import import_certificate, import_receipt
from tests.assurance import Tally
from tests.attack.notary import (
    Exchange,
    document_of,
    events,
    filed,
    last,
    open_content,
    seal_content,
)
from tests.world import AGREEMENT, START, Person, World

OTHER = "0" * 64


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


@dataclass(frozen=True)
class Case:
    """A false statement that `ann` is asked to import.

    Attributes:
        make: its bytes, for the kind that is tried.
        error: the class of the refusal.
        says: words of its message.
    """

    make: Callable[[Exchange, Kind], bytes]
    error: type[SecurexferError]
    says: str


def honest(exchange: Exchange, kind: Kind) -> bytes:
    return exchange.receipt if kind == "receipt" else exchange.certificate


def said(exchange: Exchange, kind: Kind, **edits: Any) -> dict[str, Any]:
    return {**exchange.payload(honest(exchange, kind)), **edits}


def edited(**edits: Any) -> Callable[[Exchange, Kind], bytes]:
    """Signed by bob himself: the worst case is a recipient who lies."""
    return lambda exchange, kind: exchange.sign(said(exchange, kind, **edits), kind)


def without(name: str) -> Callable[[Exchange, Kind], bytes]:
    def make(exchange: Exchange, kind: Kind) -> bytes:
        payload = said(exchange, kind)
        del payload[name]
        return exchange.sign(payload, kind)

    return make


def about_cats(exchange: Exchange, kind: Kind) -> bytes:
    """About the bundle that cat was given, all of it true of that bundle."""
    manifest, digest = exchange.for_cat.manifest, exchange.for_cat.bundle_sha256
    payload = said(exchange, kind, bundle_id=manifest.bundle_id, bundle_sha256=digest)
    return exchange.sign(payload, kind)


def half_re_bound(exchange: Exchange, kind: Kind) -> bytes:
    payload = said(exchange, kind, bundle_id=exchange.for_cat.manifest.bundle_id)
    return exchange.sign(payload, kind)


def under_bobs_signature(exchange: Exchange, kind: Kind) -> bytes:
    """Another payload beside the signatures of the honest one."""
    document = document_of(honest(exchange, kind), exchange.ann.identity.keys)
    text = encode_canonical(said(exchange, kind, tool="another"))
    line = replace(document, _payload=text).encode() + b"\n"
    return seal_content(line, kind, exchange.ann.identity.keys.public)


def half_signed(exchange: Exchange, kind: Kind) -> bytes:
    """One of the two signatures is eve's."""
    text = encode_canonical(said(exchange, kind))
    bob = exchange.bob.identity.keys
    own, false = sign(bob, kind, text), sign(exchange.eve.identity.keys, kind, text)
    halves = Signature(own.ed25519, false.ml_dsa_65)
    line = SignedDocument(text, {(kind, bob.fingerprint): halves}).encode() + b"\n"
    return seal_content(line, kind, exchange.ann.identity.keys.public)


def signed_twice(exchange: Exchange, kind: Kind) -> bytes:
    keys = [person.identity.keys for person in (exchange.bob, exchange.cat)]
    line = sign_document(said(exchange, kind), *((kind, one) for one in keys)).encode() + b"\n"
    return seal_content(line, kind, exchange.ann.identity.keys.public)


def signed_as(other: Kind) -> Callable[[Exchange, Kind], bytes]:
    """The right words outside and the right payload, and a signature of another kind."""

    def make(exchange: Exchange, kind: Kind) -> bytes:
        line = sign_document(said(exchange, kind), (other, exchange.bob.identity.keys)).encode()
        return seal_content(line + b"\n", kind, exchange.ann.identity.keys.public)

    return make


def other_kind_inside(exchange: Exchange, kind: Kind) -> bytes:
    """The honest other statement, with words outside that call it this one."""
    other: Kind = "destruction" if kind == "receipt" else "receipt"
    content = open_content(honest(exchange, other), exchange.ann.identity.keys)
    return seal_content(content, kind, exchange.ann.identity.keys.public)


def relabelled(exchange: Exchange, kind: Kind) -> bytes:
    """The honest other statement, one word outside changed."""
    other: Kind = "destruction" if kind == "receipt" else "receipt"
    members = json.loads(honest(exchange, other))
    return encode_canonical({**members, "kind": kind}) + b"\n"


def as_it_is(other: Kind) -> Callable[[Exchange, Kind], bytes]:
    return lambda exchange, kind: honest(exchange, other)


def sealed_on(exchange: Exchange, kind: Kind) -> bytes:
    """Made for cat, who opens it and seals it to ann."""
    payload = said(exchange, kind, addressee=exchange.cat.identity.fingerprint)
    for_cat = exchange.sign(payload, kind, to=exchange.cat)
    content = open_content(for_cat, exchange.cat.identity.keys)
    return seal_content(content, kind, exchange.ann.identity.keys.public)


def with_content(edit: Callable[[bytes], bytes]) -> Callable[[Exchange, Kind], bytes]:
    def make(exchange: Exchange, kind: Kind) -> bytes:
        content = open_content(honest(exchange, kind), exchange.ann.identity.keys)
        return seal_content(edit(content), kind, exchange.ann.identity.keys.public)

    return make


def outside(**edits: Any) -> Callable[[Exchange, Kind], bytes]:
    return lambda exchange, kind: (
        encode_canonical({**json.loads(honest(exchange, kind)), **edits}) + b"\n"
    )


def text_edit(old: bytes, new: bytes) -> Callable[[Exchange, Kind], bytes]:
    return lambda exchange, kind: honest(exchange, kind).replace(old, new, 1)


def signed_by(who: str) -> Callable[[Exchange, Kind], bytes]:
    return lambda exchange, kind: exchange.sign(
        said(exchange, kind), kind, by=getattr(exchange, who)
    )


CASES: dict[str, Case] = {
    "about another's bundle": Case(
        about_cats, StatementMismatchError, "signed by somebody to whom that bundle was not sent"
    ),
    "the id of another's bundle": Case(
        half_re_bound, StatementMismatchError, "about another content than was sent"
    ),
    "another content": Case(
        edited(bundle_sha256=OTHER), StatementMismatchError, "about another content than was sent"
    ),
    "a bundle that nobody sent": Case(
        edited(bundle_id="0" * 32), StatementMismatchError, "a bundle that was not sent from here"
    ),
    "signed by another contact": Case(
        signed_by("cat"), StatementMismatchError, "signed by somebody to whom that bundle"
    ),
    "signed by the sender": Case(
        signed_by("ann"), StatementMismatchError, "signed by somebody to whom that bundle"
    ),
    "signed by a stranger": Case(
        signed_by("eve"), SenderUnknownError, "signed by a key that is not pinned here"
    ),
    "another payload under the signature": Case(
        under_bobs_signature, SignatureInvalidError, "signature of the"
    ),
    "half of the signature by another": Case(
        half_signed, SignatureInvalidError, "signature of the"
    ),
    "two signatures": Case(signed_twice, StatementFormatError, "or a damaged one"),
    "signed as an extension": Case(
        signed_as("extension"), StatementFormatError, "The file is an extension"
    ),
    "signed as a bundle": Case(signed_as("bundle"), StatementFormatError, "or a damaged one"),
    "signed as a register's entry": Case(
        signed_as("register"), StatementFormatError, "or a damaged one"
    ),
    "the other kind inside": Case(other_kind_inside, StatementFormatError, "The file is a"),
    "the other kind by one word": Case(relabelled, StatementAlteredError, "does not open"),
    "to somebody else": Case(
        lambda exchange, kind: exchange.sign(said(exchange, kind), kind, to=exchange.cat),
        NotForThisIdentityError,
        "sealed to another identity",
    ),
    "to somebody else, readdressed": Case(
        lambda exchange, kind: exchange.sign(
            said(exchange, kind),
            kind,
            to=exchange.cat,
            addressee=exchange.ann.identity.fingerprint,
        ),
        StatementAlteredError,
        "does not open",
    ),
    "made for another, sealed on": Case(
        sealed_on, StatementMismatchError, "made for somebody else and sealed to this identity"
    ),
    "another version": Case(
        edited(securexfer_statement=2), StatementFormatError, "does not say what one of version 1"
    ),
    "an unknown member": Case(edited(more="x"), StatementFormatError, "does not say what"),
    "no tables": Case(without("tables"), StatementFormatError, "does not say what"),
    "no head": Case(without("register_head"), StatementFormatError, "does not say what"),
    "no addressee": Case(without("addressee"), StatementFormatError, "does not say what"),
    "tables that are text": Case(edited(tables="x"), StatementFormatError, "does not say what"),
    "a table that leads out": Case(
        edited(tables=[{"name": "../x", "n_rows": 1}]), StatementFormatError, "does not say what"
    ),
    "a number as text": Case(
        edited(tables=[{"name": "t", "n_rows": "1"}]), StatementFormatError, "does not say what"
    ),
    "1001 tables": Case(
        edited(tables=[{"name": f"t{n}", "n_rows": 1} for n in range(1001)]),
        StatementFormatError,
        "does not say what",
    ),
    "a text that repaints": Case(edited(tool="\x1b[2J"), StatementFormatError, "does not say what"),
    "a text that turns round": Case(
        edited(tool="\u202e"), StatementFormatError, "does not say what"
    ),
    "a text too long": Case(edited(tool="x" * 501), StatementFormatError, "does not say what"),
    "a day that does not exist": Case(
        edited(made_at="2026-02-30T00:00:00Z"), StatementFormatError, "does not say what"
    ),
    "an upper-case id": Case(
        edited(statement_id="A" * 32), StatementFormatError, "does not say what"
    ),
    "a payload that is a list": Case(
        lambda exchange, kind: exchange.sign([1], kind), StatementFormatError, "does not say what"
    ),
    "no newline inside": Case(
        with_content(lambda content: content.partition(b"\n")[0]),
        StatementFormatError,
        "or a damaged one",
    ),
    "more than spaces behind it": Case(
        with_content(lambda content: content + b"x"), StatementFormatError, "or a damaged one"
    ),
    "a second line behind it": Case(
        with_content(lambda content: content.rstrip(b" ") + b"\n"),
        StatementFormatError,
        "or a damaged one",
    ),
    "a member more outside": Case(outside(more=1), StatementFormatError, "or a damaged one"),
    "version 2 outside": Case(
        outside(securexfer_sealed=2), StatementFormatError, "or a damaged one"
    ),
    "an addressee that is none": Case(
        outside(addressee="x"), StatementFormatError, "or a damaged one"
    ),
    "an addressee that is a list": Case(
        outside(addressee=[]), StatementFormatError, "or a damaged one"
    ),
    "nothing sealed": Case(outside(sealed=""), StatementAlteredError, "does not open"),
    "zeros sealed": Case(
        outside(sealed=encode_base64(bytes(9000))), StatementAlteredError, "does not open"
    ),
    "sealed that is a number": Case(outside(sealed=1), StatementFormatError, "or a damaged one"),
    "the same key twice": Case(
        text_edit(b'{"addressee"', b'{"addressee":"x","addressee"'),
        StatementFormatError,
        "or a damaged one",
    ),
    "a space outside": Case(text_edit(b'":"', b'": "'), StatementFormatError, "or a damaged one"),
    "a number in another spelling": Case(
        text_edit(b'"securexfer_sealed":1', b'"securexfer_sealed":1.0'),
        StatementFormatError,
        "or a damaged one",
    ),
    "an extension": Case(
        lambda exchange, kind: exchange.extend(exchange.packed).path.read_bytes(),
        StatementFormatError,
        "The file is an extension, not a",
    ),
    "nothing": Case(lambda exchange, kind: b"", StatementFormatError, "or a damaged one"),
    "no JSON": Case(lambda exchange, kind: b"\xff\xfe", StatementFormatError, "or a damaged one"),
    "a card": Case(
        lambda exchange, kind: exchange.bob.identity.card.encode(),
        StatementFormatError,
        "or a damaged one",
    ),
    "a list": Case(lambda exchange, kind: b"[]\n", StatementFormatError, "or a damaged one"),
}
IMPORTS: dict[Kind, Callable[..., Any]] = {
    "receipt": import_receipt,
    "destruction": import_certificate,
}


def refuse(
    exchange: Exchange,
    kind: Kind,
    data: bytes,
    error: type[SecurexferError],
    says: str = "",
    *,
    older: bool = False,
) -> SecurexferError:
    """It is refused by exactly this class; nothing is recorded, and no file is kept."""
    before = events(exchange.ann), filed(exchange.ann)
    with pytest.raises(SecurexferError) as caught:
        IMPORTS[kind](data, exchange.cabinet(exchange.ann), older=older)
    assert type(caught.value) is error, caught.value.message
    assert says in caught.value.message
    assert caught.value.hint
    assert (events(exchange.ann), filed(exchange.ann)) == before
    return caught.value


each_kind = pytest.mark.parametrize("kind", IMPORTS)


@each_kind
def test_no_false_statement_goes_on_record(kind: Kind, exchange: Exchange, tally: Tally) -> None:
    for name, case in CASES.items():
        try:
            refuse(exchange, kind, case.make(exchange, kind), case.error, case.says)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    # The honest one is accepted after all of that.
    assert IMPORTS[kind](honest(exchange, kind), exchange.cabinet(exchange.ann)).is_new
    tally.count("statements", "kinds of false receipts and certificates, none recorded", len(CASES))


def test_the_other_kind_is_called_by_its_name(exchange: Exchange) -> None:
    error = refuse(exchange, "receipt", exchange.certificate, StatementFormatError, "The file is a")
    assert "securexfer certificate import" in error.hint
    error = refuse(exchange, "destruction", exchange.receipt, StatementFormatError, "The file is a")
    assert "securexfer receipt import" in error.hint


def test_nothing_is_sealed_to_anyone_but_its_addressee(exchange: Exchange) -> None:
    said = Receipt.model_validate(exchange.payload())
    keys = exchange.bob.identity.keys
    with pytest.raises(ValueError, match="names another addressee"):
        seal_statement(said, "receipt", keys, exchange.cat.identity.keys.public)


@each_kind
def test_a_statement_that_was_altered_anywhere_is_refused(
    kind: Kind, exchange: Exchange, soak: bool, tally: Tally
) -> None:
    data = honest(exchange, kind)
    places = range(len(data)) if soak else Random(kind).sample(range(len(data)), 300)
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with pytest.raises(SecurexferError) as caught:
            IMPORTS[kind](bytes(changed), exchange.cabinet(exchange.ann))
        assert type(caught.value) in (
            StatementFormatError,
            StatementAlteredError,
            NotForThisIdentityError,
        ), caught.value.message
    assert filed(exchange.ann) == []
    tally.count("statements", "receipts and certificates with one flipped bit", len(places))


@each_kind
def test_a_content_that_was_altered_anywhere_is_refused(
    kind: Kind, exchange: Exchange, soak: bool, tally: Tally
) -> None:
    """Sealed again by somebody who could open it: the signatures alone hold it together."""
    content = open_content(honest(exchange, kind), exchange.ann.identity.keys)
    size = len(content.rstrip(b" "))
    places = range(size) if soak else Random(kind).sample(range(size), 150)
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        data = seal_content(bytes(changed), kind, exchange.ann.identity.keys.public)
        with pytest.raises(SecurexferError) as caught:
            IMPORTS[kind](data, exchange.cabinet(exchange.ann))
        assert type(caught.value) in (
            StatementFormatError,
            SignatureInvalidError,
            SenderUnknownError,
        ), caught.value.message
    assert filed(exchange.ann) == []
    tally.count("statements", "contents with one flipped bit, sealed again", len(places))


@each_kind
@pytest.mark.parametrize("size", [MAX_STATEMENT_BYTES, MAX_STATEMENT_BYTES + 1, 50_000_000])
def test_a_huge_file_is_refused_at_once(kind: Kind, size: int, exchange: Exchange) -> None:
    refuse(exchange, kind, b"[" * size, StatementFormatError, "or a damaged one")


@each_kind
def test_a_content_of_too_many_values_is_refused_unparsed(kind: Kind, exchange: Exchange) -> None:
    for n_values, error in ((MAX_VALUES + 1, "or a damaged one"), (1000, "does not say what")):
        payload = said(exchange, kind, tables=[1] * n_values)
        refuse(exchange, kind, exchange.sign(payload, kind), StatementFormatError, error)


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
        assert import_receipt(receipts[world.cat], cabinet).is_new

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


class TestWhatIsKept:
    @each_kind
    def test_the_file_stays_as_it_came_for_its_owner_only(
        self, kind: Kind, exchange: Exchange
    ) -> None:
        IMPORTS[kind](honest(exchange, kind), exchange.cabinet(exchange.ann))
        (path,) = filed(exchange.ann)
        assert path.read_bytes() == honest(exchange, kind)
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert last(exchange.ann).details["file"] == path.name

    @each_kind
    def test_what_can_not_be_recorded_is_not_kept(
        self, kind: Kind, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> Any:
            raise RegisterError("The register can't be written.")

        with monkeypatch.context() as patch:
            patch.setattr(Register, "append", fail)
            refuse(exchange, kind, honest(exchange, kind), RegisterError)
        assert IMPORTS[kind](honest(exchange, kind), exchange.cabinet(exchange.ann)).is_new

    def test_the_entry_has_what_was_said_and_who_said_it(self, exchange: Exchange) -> None:
        result = import_receipt(exchange.receipt, exchange.cabinet(exchange.ann))
        payload = exchange.payload()
        details = {k: v for k, v in result.entry.details.items() if k in payload}
        expected = {k: v for k, v in payload.items() if k in details}
        assert details == expected
        assert result.entry.details["recipient"] == exchange.bob.identity.fingerprint
        assert details.keys() >= {
            *(
                "bundle_id",
                "bundle_sha256",
                "opened_at",
                "tables",
                "medium",
                "register_head",
                "tool",
            )
        }
        heads = [entry.sha256 for entry in exchange.bob.register.entries()]
        assert details["register_head"] in heads


def test_a_bundle_that_was_never_named_has_no_receipts(exchange: Exchange) -> None:
    """`pack-failed`: its entry says that it was packed, and the next that it was not."""
    ann = exchange.ann
    details = {"bundle_id": exchange.packed.manifest.bundle_id, "reason": "disk_full"}
    ann.register.append(ann.identity, "pack-failed", details, START)
    refuse(exchange, "receipt", exchange.receipt, StatementMismatchError, "not sent from here")


def test_nothing_outside_the_seal_names_signer_bundle_or_table(exchange: Exchange) -> None:
    for kind in IMPORTS:
        payload = said(exchange, kind)
        members = json.loads(honest(exchange, kind))
        assert members.pop("sealed")
        assert members == {
            "addressee": exchange.ann.identity.fingerprint,
            "kind": kind,
            "securexfer_sealed": 1,
        }
        for word in (exchange.bob.identity.fingerprint, payload["bundle_id"], "people"):
            assert word.encode() not in honest(exchange, kind)


def test_the_size_does_not_tell_how_many_tables_there_are(world: World) -> None:
    exchange = Exchange(world)
    names = [f"table-{n}" for n in range(20)]
    recipe = "\n".join(
        [
            AGREEMENT,
            *(f'[tables.{name}.fields]\nx = {{ action = "keep" }}' for name in names),
        ]
    )
    tables = dict.fromkeys(names, b"x\n1\n")
    packed = world.ann.pack(tables, recipe, [world.bob], world.drive)
    assert len(exchange.unpack(world.bob, packed, "many").read_bytes()) == len(exchange.receipt)
