"""Pinning: contacts come, are replaced and go, and the register says so first.

Whoever asks later to whom something was sent, or whose word was taken, finds in the register which
key stood behind a name at that time. Where a change fails after it was recorded, a further entry
takes it back. A home without an identity has no register: there contacts are pinned all the same,
and recorded when an identity is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from securexfer.crypto.card import Card
from securexfer.crypto.identity import Identity
from securexfer.custody.register import Entry, Register
from securexfer.errors import (
    ContactChangedError,
    ContactRevokedError,
    SecurexferError,
    UsageError,
)
from securexfer.home.contacts import Contact, ContactBook
from securexfer.instant import Clock

ADDED, REPLACED, REMOVED = "contact-added", "contact-replaced", "contact-removed"
REVOKED = "contact-revoked"
MAX_REASON = 500


def pin_contact(
    book: ContactBook,
    card: Card,
    name: str,
    identity: Identity | None,
    register: Register,
    *,
    clock: Clock,
    replaces: str | None = None,
) -> Contact:
    """Pin a card whose fingerprint a person has confirmed.

    Args:
        book: of this home.
        card: the card.
        name: local name; ignored with `replaces`.
        identity: signs the register's entry; None in a home that has none.
        register: hears of it first.
        clock: now.
        replaces: name of the contact whose key the card follows, after a rotation.

    Raises:
        KeyMaterialError: if it may not be pinned.
        RegisterError: if that can't be recorded; then it is not pinned.
        OutputError: if it can't be written.
    """
    contact = book.prepare(card, name, pinned_at=clock(), replaces=replaces)
    if identity is None:
        book.save(contact)
        return contact

    def check(entries: list[Entry]) -> None:
        _check_never_revoked(card, entries)
        book.prepare(card, name, pinned_at=contact.pinned_at, replaces=replaces)

    entry = (ADDED, describe_contact(contact))
    opposite = (REMOVED, describe_contact(contact))
    if contact.former:
        before = replace(contact, card=contact.former[0], former=contact.former[1:])
        entry = (REPLACED, _describe_change(contact, before))
        opposite = (REPLACED, _describe_change(before, contact))
    register.append(identity, *entry, clock(), check=check)
    try:
        book.save(contact)
    except BaseException as error:
        if not _is_pinned(book, contact):
            _take_back(opposite, error, identity, register, clock)
        raise
    return contact


def remove_contact(
    book: ContactBook, name: str, identity: Identity | None, register: Register, *, clock: Clock
) -> Contact:
    """Forget a contact.

    Raises:
        ContactUnknownError: if there is none of that name.
        RegisterError: if that can't be recorded; then it stays.
        OutputError: if it can't be removed.
    """
    contact = book.get(name)
    if identity is None:
        return book.remove(name)

    def check(_: list[Entry]) -> None:
        if not _is_pinned(book, contact):
            raise ContactChangedError(
                f"The contact {name!r} was changed by another run.", hint="Look at it again."
            )

    details = describe_contact(contact)
    register.append(identity, REMOVED, details, clock(), check=check)
    try:
        return book.remove(name)
    except BaseException as error:
        if _is_pinned(book, contact):
            _take_back((ADDED, details), error, identity, register, clock)
        raise


def revoke_contact(
    book: ContactBook,
    name: str,
    reason: str,
    identity: Identity | None,
    register: Register,
    *,
    clock: Clock,
) -> Contact:
    """Let the keys of a contact count no more, for good: somebody else may have them.

    The register remembers them, also when the contact is removed. What was recorded is not taken
    back where the contact can't be written after all: whoever revokes means it.

    Args:
        book: of this home.
        name: whose.
        reason: why; recorded.
        identity: signs the register's entry; None in a home that has none.
        register: hears of it first.
        clock: now.

    Raises:
        UsageError: if the reason can't be one.
        ContactUnknownError: if there is none of that name.
        ContactRevokedError: if it was revoked before.
        RegisterError: if it can't be recorded; then nothing changes.
        OutputError: if it can't be written.
    """
    if not reason.strip() or len(reason) > MAX_REASON or not reason.isprintable():
        raise UsageError(
            f"The reason must be one line of text, at most {MAX_REASON} characters.",
            hint="Say in --reason what happened to the key; it is recorded.",
        )
    contact = book.get(name)
    if contact.revoked_at is not None:
        raise ContactRevokedError(
            f"The keys of {name!r} were revoked on {contact.revoked_at:%Y-%m-%d} already."
        )
    revoked = replace(contact, revoked_at=clock(), revoked_because=reason)
    if identity is not None:
        details = {
            **describe_contact(contact),
            "fingerprints": list(contact.fingerprints),
            "reason": reason,
        }
        register.append(identity, REVOKED, details, clock())
    book.revoke(revoked)
    return revoked


def record_contacts(
    contacts: Iterable[Contact], identity: Identity, register: Register, *, clock: Clock
) -> None:
    """Record the contacts that were pinned before there was an identity.

    Raises:
        RegisterError: if that can't be done.
    """
    for contact in contacts:
        register.append(identity, ADDED, describe_contact(contact), clock())


def find_unrecorded(contacts: Iterable[Contact], entries: Sequence[Entry]) -> list[Contact]:
    """Contacts whose key, under that name, no entry tells of: who put them there?"""
    pinned: dict[str, str] = {}
    for entry in entries:
        if entry.event in (ADDED, REPLACED):
            pinned[entry.details["name"]] = entry.details["fingerprint"]
        elif entry.event == REMOVED:
            pinned.pop(entry.details["name"], None)
    return [contact for contact in contacts if pinned.get(contact.name) != contact.fingerprint]


def describe_contact(contact: Contact) -> dict[str, Any]:
    """A contact in the details of an entry."""
    return {
        "card_name": contact.card.name,
        "fingerprint": contact.fingerprint,
        "name": contact.name,
        "organisation": contact.card.organisation,
        "origin_fingerprint": contact.origin_fingerprint,
    }


def _check_never_revoked(card: Card, entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.event == REVOKED and (
            {card.fingerprint, card.previous_fingerprint} & {*entry.details["fingerprints"]}
        ):
            raise ContactRevokedError(
                f"This key, or the one that it follows, was that of {entry.details['name']!r}, and "
                f"was revoked here on {entry.at:%Y-%m-%d}."
            )


def _describe_change(contact: Contact, previous: Contact) -> dict[str, Any]:
    return {**describe_contact(contact), "previous_fingerprint": previous.fingerprint}


def _is_pinned(book: ContactBook, contact: Contact) -> bool:
    """Whether this key is pinned under this name, as far as the disk can say."""
    try:
        return book.get(contact.name).fingerprint == contact.fingerprint
    except SecurexferError:
        return False


def _take_back(
    opposite: tuple[str, dict[str, Any]],
    error: BaseException,
    identity: Identity,
    register: Register,
    clock: Clock,
) -> None:
    """Where a change that was recorded failed after all, record the opposite."""
    event, details = opposite
    reason = error.code if isinstance(error, SecurexferError) else "interrupted"
    with suppress(SecurexferError):
        register.append(identity, event, {**details, "reason": reason}, clock())
