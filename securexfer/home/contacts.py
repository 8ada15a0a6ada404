"""Contacts: cards pinned on this machine under local names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from securexfer.carrier import write_small
from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.card import MAX_CARD_BYTES, Card, read_card
from securexfer.crypto.fingerprint import format_fingerprint, is_fingerprint
from securexfer.errors import (
    CardInvalidError,
    ContactChangedError,
    ContactExistsError,
    ContactRevokedError,
    ContactUnknownError,
    KeyMaterialError,
    OutputError,
    RotationInvalidError,
    SignatureInvalidError,
    UsageError,
)
from securexfer.instant import format_instant, parse_instant
from securexfer.place import make_folder, sync_folder

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MAX_CONTACT_BYTES = 64 * MAX_CARD_BYTES


@dataclass(frozen=True)
class Contact:
    """A pinned card.

    Attributes:
        name: local name.
        card: the current card.
        origin_fingerprint: the first one in an unbroken chain of signed rotations.
        pinned_at: when its fingerprint was confirmed here.
        former: cards that it followed, newest first; their keys verify archives only.
        revoked_at: when its keys were revoked here, None if they were not.
        revoked_because: why; empty if they were not.
    """

    name: str
    card: Card
    origin_fingerprint: str
    pinned_at: datetime
    former: tuple[Card, ...] = ()
    revoked_at: datetime | None = None
    revoked_because: str = ""

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the current card."""
        return self.card.fingerprint

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of all its cards, the current one first."""
        return tuple(card.fingerprint for card in (self.card, *self.former))


def read_card_file(path: Path) -> Card:
    """Read a card that somebody handed over.

    Raises:
        CardInvalidError: if it can't be read or is not a card.
    """
    try:
        if path.exists() and not path.is_file():
            raise CardInvalidError(f"The card {path} is not a file.", hint="Check the path.")
        with path.open("rb") as file:
            return read_card(file.read(MAX_CARD_BYTES + 1))
    except OSError as error:
        raise CardInvalidError(
            f"The card {path} can't be read: {error.strerror}.", hint="Check the path."
        ) from None


def suggest_name(card: Card) -> str:
    """A local name made from the card's own: `Acme Research Ltd` becomes `acme-research-ltd`."""
    name = re.sub(r"[^a-z0-9]+", "-", card.name.lower()).strip("-")[:64].strip("-")
    return name or f"contact-{card.fingerprint[:8]}"


class ContactBook:
    """The contacts of one home, a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self) -> list[Contact]:
        """All contacts, by name.

        Raises:
            CardInvalidError: if one of the files is damaged.
        """
        if not self._folder.is_dir():
            return []
        return [self._read(path) for path in sorted(self._folder.glob("*.json"))]

    def get(self, name: str) -> Contact:
        """One contact.

        Raises:
            ContactUnknownError: if there is none of that name.
        """
        path = self._path(name)
        if not path.is_file():
            raise ContactUnknownError(f"There is no contact named {name!r}.")
        return self._read(path)

    def pin(
        self, card: Card, name: str, *, pinned_at: datetime, replaces: str | None = None
    ) -> Contact:
        """Pin a card whose fingerprint a person has confirmed: `prepare`, and `save`.

        Raises:
            KeyMaterialError: as `prepare`.
            OutputError: if it can't be written.
        """
        contact = self.prepare(card, name, pinned_at=pinned_at, replaces=replaces)
        self.save(contact)
        return contact

    def prepare(
        self, card: Card, name: str, *, pinned_at: datetime, replaces: str | None = None
    ) -> Contact:
        """The contact that a card would be pinned as; nothing is written.

        Args:
            card: the card.
            name: local name; ignored with `replaces`.
            pinned_at: now.
            replaces: name of the contact whose key the card follows, after a rotation.

        Raises:
            ContactChangedError: if the name is pinned with another key.
            ContactExistsError: if this key is pinned already.
            ContactRevokedError: if this key, or the one that it follows, was revoked.
            RotationInvalidError: if the card does not prove that it follows that contact's key, or
                follows one that another card has followed.
        """
        former: tuple[Card, ...] = ()
        origin = card.fingerprint
        for contact in self.list():
            _check_new(card, contact, replaces)
        if replaces is not None:
            old = self.get(replaces)
            name = old.name
            self._check_succession(card, old)
            former, origin = (old.card, *old.former), old.origin_fingerprint
        elif self._path(name).exists():
            raise ContactChangedError(f"The contact {name!r} is pinned with another key.")
        return Contact(name, card, origin, pinned_at, former)

    def save(self, contact: Contact) -> None:
        """Write what `prepare` made.

        Raises:
            OutputError: if it can't be written.
        """
        make_folder(self._folder)
        write_small(self._path(contact.name), _encode(contact), force=bool(contact.former))

    def revoke(self, contact: Contact) -> None:
        """Write a contact whose keys do not count any more.

        Raises:
            OutputError: if it can't be written.
        """
        write_small(self._path(contact.name), _encode(contact))

    def remove(self, name: str) -> Contact:
        """Forget a contact.

        Raises:
            ContactUnknownError: if there is none of that name.
        """
        contact = self.get(name)
        try:
            self._path(name).unlink()
            sync_folder(self._folder)  # lest a power cut pin it again
        except OSError as error:
            raise OutputError(f"The contact can't be removed: {error.strerror}.") from None
        return contact

    def _check_succession(self, card: Card, old: Contact) -> None:
        if any(card.previous_fingerprint == c.fingerprint for c in old.former):
            raise RotationInvalidError(
                f"The card follows a key of {old.name!r} that another card has followed already.",
                hint="Two successors of one key mean that one of them is false: call the person.",
            )
        try:
            card.check_succession(old.card.keys)
        except SignatureInvalidError:
            raise RotationInvalidError(
                f"The card is not signed by the key that is pinned as {old.name!r} "
                f"({format_fingerprint(old.fingerprint)})."
            ) from None
        if card.generation != old.card.generation + 1:
            raise RotationInvalidError("The card's generation does not follow the pinned one.")

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} can't be a contact's name.",
                hint="Use lower-case letters, digits, '.', '-' and '_', at most 64.",
            )
        return self._folder / f"{name}.json"

    def _read(self, path: Path) -> Contact:
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_CONTACT_BYTES + 1).removesuffix(b"\n")
            members = decode_canonical(data, max_bytes=_MAX_CONTACT_BYTES)
            if members["securexfer_contact"] != 1 or members["name"] != path.stem:
                raise ValueError("contact")
            if not is_fingerprint(members["origin_fingerprint"]):
                raise ValueError("origin")
            return Contact(
                name=members["name"],
                card=read_card(members["card"].encode("utf-8")),
                origin_fingerprint=members["origin_fingerprint"],
                pinned_at=parse_instant(members["pinned_at"]),
                former=tuple(read_card(c.encode("utf-8")) for c in members["former"]),
                **_read_revocation(members),
            )
        except OSError as error:
            raise CardInvalidError(
                f"The contact file {path} can't be read: {error.strerror}.",
                hint="Check the disk and that you may read the file.",
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, KeyMaterialError):
            raise CardInvalidError(
                f"The contact file {path} is damaged.",
                hint="Remove that file and pin the contact's card again.",
            ) from None


def _check_new(card: Card, contact: Contact, replaces: str | None) -> None:
    """Hold a card that is to be pinned against a contact that is there."""
    known = contact.fingerprints
    if contact.revoked_at is not None and {card.fingerprint, card.previous_fingerprint} & {*known}:
        which = "This key" if card.fingerprint in known else "The key that this card follows"
        raise ContactRevokedError(
            f"{which} is that of {contact.name!r}, and was revoked on "
            f"{contact.revoked_at:%Y-%m-%d}."
        )
    if card.fingerprint in known:
        raise ContactExistsError(f"This key is pinned already, as {contact.name!r}.")
    if replaces is None and card.previous_fingerprint in known:
        # Under a name of its own, it would be a second successor, or another origin for tokens.
        raise RotationInvalidError(
            f"The card follows a key of {contact.name!r}, who is pinned.",
            hint=f"Call them. If it is theirs, pin it with --replaces {contact.name}; if another "
            "card has followed that key already, one of the two is false.",
        )


def _read_revocation(members: dict[str, Any]) -> dict[str, Any]:
    if "revoked_at" not in members:
        return {}
    reason = members["revoked_because"]
    if not isinstance(reason, str) or not reason:
        raise ValueError("reason")
    return {"revoked_at": parse_instant(members["revoked_at"]), "revoked_because": reason}


def _encode(contact: Contact) -> bytes:
    revoked = {}
    if contact.revoked_at is not None:
        revoked["revoked_at"] = format_instant(contact.revoked_at)
        revoked["revoked_because"] = contact.revoked_because
    members = {
        **revoked,
        "card": contact.card.document.encode().decode("utf-8"),
        "former": [card.document.encode().decode("utf-8") for card in contact.former],
        "name": contact.name,
        "origin_fingerprint": contact.origin_fingerprint,
        "pinned_at": format_instant(contact.pinned_at),
        "securexfer_contact": 1,
    }
    return encode_canonical(members) + b"\n"
