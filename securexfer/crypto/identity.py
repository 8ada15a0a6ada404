"""Identities: the private half, and its file encrypted under a passphrase.

The file's clear header holds the card and the Argon2id parameters; it is authenticated as the
associated data of AES-256-GCM. Former keys stay inside, to open what was sealed to them. The
pseudonym secret is independent of all keys, so that a rotation does not change any token.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.card import Card, issue_card, read_card
from securexfer.crypto.keys import PrivateKeys, decode_base64, encode_base64
from securexfer.crypto.passphrase import (
    NONCE_BYTES,
    Argon2Parameters,
    decrypt,
    encrypt,
)
from securexfer.errors import CardInvalidError, IdentityFileError

MAX_IDENTITY_BYTES = 1024 * 1024
PSEUDONYM_SECRET_BYTES = 32
CARD_VALIDITY = timedelta(days=730)
_HEADER = {"card", "kdf", "nonce", "securexfer_identity"}


@dataclass(frozen=True)
class Identity:
    """Private keys, their card, former keys (newest first) and the 32-byte pseudonym secret."""

    card: Card
    keys: PrivateKeys
    pseudonym_secret: bytes = field(repr=False)
    former: tuple[PrivateKeys, ...] = field(default=(), repr=False)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the current keys."""
        return self.keys.fingerprint

    def keys_for(self, fingerprint: str) -> PrivateKeys | None:
        """The current or former keys of that fingerprint, if they are ours."""
        return next((k for k in (self.keys, *self.former) if k.fingerprint == fingerprint), None)


def create_identity(*, name: str, organisation: str, email: str, created_at: datetime) -> Identity:
    """Make a new identity of generation 1.

    Raises:
        CardInvalidError: for a name, organisation or e-mail that a card can't carry.
    """
    keys = PrivateKeys.generate()
    card = issue_card(
        keys,
        name=name,
        organisation=organisation,
        email=email,
        created_at=created_at,
        expires_at=created_at + CARD_VALIDITY,
    )
    return Identity(card, keys, os.urandom(PSEUDONYM_SECRET_BYTES))


def rotate_identity(identity: Identity, *, rotated_at: datetime) -> Identity:
    """New keys and a card signed by old and new; the pseudonym secret stays."""
    keys = PrivateKeys.generate()
    card = issue_card(
        keys,
        name=identity.card.name,
        organisation=identity.card.organisation,
        email=identity.card.email,
        created_at=rotated_at,
        expires_at=rotated_at + CARD_VALIDITY,
        former=identity.keys,
        generation=identity.card.generation + 1,
    )
    former = (identity.keys, *identity.former)
    return Identity(card, keys, identity.pseudonym_secret, former)


def encrypt_identity(identity: Identity, passphrase: str) -> bytes:
    """The identity file's bytes, with a fresh salt and nonce."""
    parameters = Argon2Parameters()
    nonce = os.urandom(NONCE_BYTES)
    header = {
        "card": identity.card.document.encode().decode("utf-8"),
        "kdf": {
            "iterations": parameters.iterations,
            "lanes": parameters.lanes,
            "memory_kib": parameters.memory_kib,
            "name": "argon2id",
            "salt": encode_base64(parameters.salt),
        },
        "nonce": encode_base64(nonce),
        "securexfer_identity": 1,
    }
    private = {
        "former": [keys.encode() for keys in identity.former],
        "keys": identity.keys.encode(),
        "pseudonym_secret": encode_base64(identity.pseudonym_secret),
    }
    sealed = encrypt(
        encode_canonical(private),
        passphrase,
        parameters,
        nonce,
        encode_canonical(header),
    )
    return encode_canonical({**header, "ciphertext": encode_base64(sealed)}) + b"\n"


def read_identity_card(data: bytes) -> Card:
    """The card in the clear header; needs no passphrase.

    Raises:
        IdentityFileError: if this is not an identity file.
    """
    return _decode_file(data)[1]


def decrypt_identity(data: bytes, passphrase: str) -> Identity:
    """Open an identity file.

    Raises:
        IdentityFileError: if this is not an identity file, or a damaged one.
        PassphraseWrongError: if the passphrase does not open it.
    """
    members, card = _decode_file(data)
    header = {name: members[name] for name in _HEADER}
    try:
        kdf = header["kdf"]
        if set(kdf) != {"iterations", "lanes", "memory_kib", "name", "salt"}:
            raise ValueError("kdf")
        if kdf["name"] != "argon2id":
            raise ValueError("kdf")
        parameters = Argon2Parameters(
            kdf["memory_kib"],
            kdf["iterations"],
            kdf["lanes"],
            decode_base64(kdf["salt"]),
        )
        nonce, sealed = (
            decode_base64(members["nonce"]),
            decode_base64(members["ciphertext"]),
        )
        if len(nonce) != NONCE_BYTES:
            raise ValueError("nonce")
    except (ValueError, TypeError):
        raise IdentityFileError("The identity file is damaged.") from None
    plaintext = decrypt(sealed, passphrase, parameters, nonce, encode_canonical(header))
    # From here on the text is authenticated: our own writer made it, or someone who has the
    # passphrase.
    try:
        private = decode_canonical(plaintext, max_bytes=MAX_IDENTITY_BYTES)
        identity = Identity(
            card=card,
            keys=PrivateKeys.decode(private["keys"]),
            pseudonym_secret=decode_base64(private["pseudonym_secret"]),
            former=tuple(PrivateKeys.decode(keys) for keys in private["former"]),
        )
    except (ValueError, TypeError, KeyError):
        raise IdentityFileError("The identity file is damaged.") from None
    if identity.fingerprint != card.fingerprint:
        raise IdentityFileError("The identity file's card does not belong to its keys.")
    if len(identity.pseudonym_secret) != PSEUDONYM_SECRET_BYTES:
        raise IdentityFileError("The identity file is damaged.")
    return identity


def _decode_file(data: bytes) -> tuple[dict[str, Any], Card]:
    try:
        members = decode_canonical(data.removesuffix(b"\n"), max_bytes=MAX_IDENTITY_BYTES)
        if set(members) != _HEADER | {"ciphertext"} or members["securexfer_identity"] != 1:
            raise ValueError("not an identity file of version 1")
        return members, read_card(members["card"].encode("utf-8"))
    except (ValueError, TypeError, AttributeError, CardInvalidError):
        raise IdentityFileError("The file is not an identity file, or a damaged one.") from None
