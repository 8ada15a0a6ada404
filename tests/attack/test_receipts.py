"""Receipts and certificates that are not what they seem: none goes on record."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from securexfer.crypto.signing import Kind
from securexfer.custody.receipt import Receipt
from securexfer.custody.register import Register
from securexfer.custody.seal import MAX_VALUES, seal_statement
from securexfer.custody.statement import MAX_STATEMENT_BYTES
from securexfer.errors import (
    NotForThisIdentityError,
    RegisterError,
    SecurexferError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
)
from securexfer.filing import import_certificate, import_receipt
from tests.assurance import Tally
from tests.attack.falsehood import CASES, IMPORTS, each_kind, honest, refuse, said
from tests.attack.notary import Exchange, filed, last, open_content, seal_content
from tests.world import AGREEMENT, START, World


@pytest.fixture
def exchange(world: World) -> Exchange:
    return Exchange(world)


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


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"name": "staff", "n_rows": 2}, "names tables that were not in that bundle: staff."),
        ({"name": "people", "n_rows": 1}, "counts 1 row in table people, of which 2 were sent."),
        ({"name": "people", "n_rows": 2}, ""),
    ],
)
def test_what_was_counted_is_held_against_what_was_sent(
    exchange: Exchange, table: dict[str, Any], says: str
) -> None:
    cabinet = exchange.cabinet(exchange.ann)
    receipt = exchange.sign({**exchange.payload(), "tables": [table]})
    certificate = {**exchange.payload(exchange.certificate), "tables": [table]}
    for one in (
        import_receipt(receipt, cabinet),
        import_certificate(exchange.sign(certificate, "destruction"), cabinet),
    ):
        assert [note for note in one.notes if says in note] == list(one.notes)
        assert len(one.notes) == bool(says)


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
