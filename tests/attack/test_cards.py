"""Cards that say something false about whose keys they are: none is pinned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from securexfer.crypto.canonical import encode_canonical
from securexfer.crypto.card import Card, issue_card
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.identity import CARD_VALIDITY, rotate_identity
from securexfer.crypto.keys import PrivateKeys
from securexfer.crypto.sealing import seal
from securexfer.crypto.signing import Signature, sign
from securexfer.errors import (
    CardInvalidError,
    ContactChangedError,
    ContactExistsError,
    FingerprintMismatchError,
    FingerprintUnconfirmedError,
    RotationInvalidError,
    SecurexferError,
)
from tests.assurance import Tally
from tests.attack.face import Face
from tests.attack.face import face as face
from tests.world import START, Person, World

# Public keys of X25519 with which every exchange gives zeros (RFC 7748, section 6.1).
SMALL_ORDERS = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@dataclass(frozen=True)
class Case:
    """A card file that `bob` is asked to pin, who knows `ann`.

    Attributes:
        make: its bytes.
        error: the class of the refusal.
        says: a phrase of its message that no other cause's message has.
        options: of `contact add`; without --fingerprint, the card's own is confirmed.
    """

    make: Callable[[World], bytes]
    error: type[SecurexferError]
    says: str
    options: tuple[str, ...] = ("--as", "newcomer")


def card_of(person: Person) -> Card:
    return person.identity.card


def payload_of(person: Person) -> dict[str, Any]:
    members: dict[str, Any] = card_of(person).document.claimed()
    return members


def with_payload(person: Person, payload: dict[str, Any]) -> bytes:
    """Another payload under the signatures of a person's card."""
    altered = replace(card_of(person).document, _payload=encode_canonical(payload))
    return altered.encode() + b"\n"


def renamed(world: World) -> bytes:
    return with_payload(world.eve, {**payload_of(world.eve), "name": "Ann Analyst"})


def keys_swapped(world: World) -> bytes:
    keys = payload_of(world.ann)["keys"]
    return with_payload(world.eve, {**payload_of(world.eve), "keys": keys})


def one_key_swapped(world: World) -> bytes:
    keys = {**payload_of(world.eve)["keys"], "x25519": payload_of(world.ann)["keys"]["x25519"]}
    return with_payload(world.eve, {**payload_of(world.eve), "keys": keys})


def half_by_another(world: World) -> bytes:
    eve, text = world.eve.identity.keys, encode_canonical(payload_of(world.eve))
    own, false = sign(eve, "card", text), sign(world.cat.identity.keys, "card", text)
    halves = Signature(own.ed25519, false.ml_dsa_65)
    return SignedDocument(text, {("card", eve.fingerprint): halves}).encode()


def signed_as_a_bundle(world: World) -> bytes:
    return sign_document(payload_of(world.eve), ("bundle", world.eve.identity.keys)).encode()


def cut(world: World) -> bytes:
    return card_of(world.eve).encode()[:-40]


def nothing_can_be_sealed_to(world: World) -> bytes:
    keys = world.eve.identity.keys
    public = replace(keys.public, x25519=SMALL_ORDERS[1])
    text = encode_canonical({**payload_of(world.eve), "keys": public.encode()})
    return SignedDocument(text, {("card", public.fingerprint): sign(keys, "card", text)}).encode()


def named_like_a_contact(world: World) -> bytes:
    return card_of(Person(world.folder / "elsewhere", "ann", world.clock)).encode()


def successor(world: World, signer: PrivateKeys, generation: int = 2) -> bytes:
    """A card that says that it follows `signer`'s keys, and is signed by them."""
    return issue_card(
        PrivateKeys.generate(),
        name="ann",
        organisation="",
        email="",
        created_at=START,
        expires_at=START + CARD_VALIDITY,
        former=signer,
        generation=generation,
    ).encode()


def second_successor(world: World) -> bytes:
    stolen = world.ann.identity.keys
    rotated = rotate_identity(world.ann.identity, rotated_at=START)
    world.bob.contacts.pin(rotated.card, "", pinned_at=START, replaces="ann")
    return successor(world, stolen)


REPLACES = ("--replaces", "ann")
NOT_A_CARD = "is not a card, or a damaged one"
CASES = [
    Case(renamed, CardInvalidError, "own signature is not valid"),
    Case(half_by_another, CardInvalidError, "own signature is not valid"),
    Case(keys_swapped, CardInvalidError, "not signed by the keys that it shows"),
    Case(one_key_swapped, CardInvalidError, "not signed by the keys that it shows"),
    Case(signed_as_a_bundle, CardInvalidError, "not signed by the keys that it shows"),
    Case(cut, CardInvalidError, NOT_A_CARD),
    Case(nothing_can_be_sealed_to, CardInvalidError, NOT_A_CARD),
    Case(
        lambda world: card_of(world.eve).encode(),
        FingerprintUnconfirmedError,
        "was not confirmed by its fingerprint",
        ("--as", "eve", "--fingerprint-of", "nobody"),
    ),
    Case(
        lambda world: card_of(world.eve).encode(),
        FingerprintMismatchError,
        "another fingerprint than the one given",
        ("--as", "eve", "--fingerprint-of", "cat"),
    ),
    Case(
        named_like_a_contact,
        ContactChangedError,
        "'ann' is pinned with another key",
        ("--as", "ann"),
    ),
    Case(named_like_a_contact, ContactChangedError, "'ann' is pinned with another key", ()),
    Case(lambda world: card_of(world.ann).encode(), ContactExistsError, "pinned already, as 'ann'"),
    Case(
        named_like_a_contact, RotationInvalidError, "not signed by the key that is pinned", REPLACES
    ),
    Case(
        lambda world: successor(world, world.eve.identity.keys),
        RotationInvalidError,
        "not signed by the key that is pinned",
        REPLACES,
    ),
    Case(
        lambda world: successor(world, world.ann.identity.keys, 3),
        RotationInvalidError,
        "generation does not follow",
        REPLACES,
    ),
    Case(second_successor, RotationInvalidError, "another card has followed already", REPLACES),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_a_false_card_is_not_pinned(world: World, face: Face, case: Case, tally: Tally) -> None:
    path = world.folder / "handed-over.card"
    path.write_bytes(case.make(world))
    pinned = world.bob.contacts.list()
    answer = face.run(world.bob, "contact", "add", path, *confirmed(world, path.read_bytes(), case))
    assert answer.exit_code == case.error.exit_code == 30
    assert answer.error["code"] == case.error.code
    assert case.says in answer.error["message"]
    others = {one.says for one in CASES} - {case.says}
    assert not [says for says in others if says in answer.error["message"]]
    assert answer.error["hint"]
    assert world.bob.contacts.list() == pinned
    tally.count("identity", "kinds of false cards, none pinned")


def confirmed(world: World, card: bytes, case: Case) -> list[str]:
    """The options, with a fingerprint: the card's own unless the case says whose."""
    options = list(case.options)
    people = {person.name: person.identity.fingerprint for person in (world.cat, world.ann)}
    if "--fingerprint-of" in options:
        *options, _, whose = options
        return [*options, *(["--fingerprint", people[whose]] if whose in people else [])]
    try:
        line = SignedDocument.decode(card.removesuffix(b"\n"))
    except ValueError:
        return options
    return [*options, "--fingerprint", (line.signers("card") or ["0" * 64])[0]]


def test_a_changed_key_comes_with_the_advice_to_call(world: World, face: Face) -> None:
    path = world.folder / "false.card"
    path.write_bytes(named_like_a_contact(world))
    case = Case(named_like_a_contact, ContactChangedError, "")
    options = confirmed(world, path.read_bytes(), case)
    hint = face.run(world.bob, "contact", "add", path, "--as", "ann", *options[2:]).error["hint"]
    assert "Call the person before going on" in hint


@pytest.mark.parametrize("key", SMALL_ORDERS, ids=lambda key: key[:2].hex())
def test_a_key_to_which_nothing_can_be_sealed_is_no_key(world: World, key: bytes) -> None:
    public = replace(world.eve.identity.keys.public, x25519=key)
    with pytest.raises(ValueError, match="Error computing shared key"):
        seal(b"secret", public, b"")
    with pytest.raises(ValueError, match="Error computing shared key"):
        type(public).decode(public.encode())
