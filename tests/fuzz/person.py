"""People: cards, and the clear header of identity files."""

from __future__ import annotations

import json
from unittest import mock

from securexfer.crypto import identity as identity_room
from securexfer.crypto.card import issue_card, read_card
from securexfer.crypto.identity import decrypt_identity, read_identity_card
from securexfer.crypto.passphrase import Argon2Parameters
from securexfer.errors import PassphraseWrongError
from tests.fuzz.outside import VECTORS
from tests.fuzz.signer import FORMER, KEYS, signed
from tests.vectors import format1


def check_card(data: bytes) -> None:
    """A card file, or the payload of one that is then signed as it should be."""
    file = data if data.startswith(b'{"payload"') else signed(data, "card", "rotation") + b"\n"
    card = read_card(file)
    assert 1 <= card.generation <= 10_000
    assert card.encode() == file.removesuffix(b"\n") + b"\n"
    assert read_card(card.encode()) == card
    claimed = card.document.claimed()
    document = json.loads(file)
    assert document["payload"].encode() == format1.canonical(claimed)
    assert format1.canonical(document) == file.removesuffix(b"\n")
    if card.fingerprint == KEYS.fingerprint and card.previous_fingerprint in (
        "",
        FORMER.fingerprint,
    ):
        again = issue_card(
            KEYS,
            name=card.name,
            organisation=card.organisation,
            email=card.email,
            created_at=card.created_at,
            expires_at=card.expires_at,
            former=FORMER if card.previous_fingerprint else None,
            generation=card.generation,
        )
        assert again.document.claimed() == claimed


def check_identity(data: bytes) -> None:
    """The clear header, and what key derivation and decryption are asked to do."""

    def decrypt(
        sealed: bytes, passphrase: str, parameters: Argon2Parameters, nonce: bytes, aad: bytes
    ) -> bytes:
        assert 65536 <= parameters.memory_kib <= 2**20
        assert 3 <= parameters.iterations <= 16
        assert 1 <= parameters.lanes <= 16
        assert (len(parameters.salt), len(nonce)) == (16, 12)
        members = json.loads(data)
        assert format1.b64(sealed) == members.pop("ciphertext")
        assert aad == format1.canonical(members)
        raise PassphraseWrongError("reached")

    card = read_identity_card(data)
    assert read_card(card.encode()) == card
    with mock.patch.object(identity_room, "decrypt", decrypt):
        try:
            decrypt_identity(data, "passphrase")
        except PassphraseWrongError:
            return
    raise AssertionError("an identity without a passphrase")


def cards() -> list[bytes]:
    now = format1.Keys({name: getattr(KEYS, name) for name in format1.KEY_NAMES})
    before = format1.Keys({name: getattr(FORMER, name) for name in format1.KEY_NAMES})
    files = [path.read_bytes() for path in sorted(VECTORS.glob("*.card"))]
    drafts = [
        format1.CardDraft(now, "Ann"),
        format1.CardDraft(now, "Ann", follows=before, generation=2),
        format1.CardDraft(now, "Ann", follows=before, generation=10_001),
    ]
    return [*files, *(draft.payload for draft in drafts)]


def identities() -> list[bytes]:
    return [path.read_bytes() for path in sorted(VECTORS.glob("*.identity.json"))]
