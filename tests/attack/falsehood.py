"""False receipts and certificates, each in one line or one small function."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from securexfer.crypto.canonical import encode_canonical
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.keys import encode_base64
from securexfer.crypto.signing import Kind, Signature, sign
from securexfer.errors import (
    NotForThisIdentityError,
    SecurexferError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
)
from securexfer.filing import import_certificate, import_receipt
from tests.attack.notary import Exchange, document_of, events, filed, open_content, seal_content

OTHER = "0" * 64


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
