"""False extensions, each in one line or one small function, and time that passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.document import sign_document
from securexfer.errors import (
    SecurexferError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementFormatError,
    StatementMismatchError,
)
from securexfer.filing import import_extension
from tests.attack.notary import Exchange, events, filed
from tests.world import START

DAY = timedelta(days=1)
DUE = START + 90 * DAY
LATER = "2027-03-22T09:30:00Z"
SHORT = "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"


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
