"""`contact`: pin the cards of the people you exchange bundles with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.card import WARNING_DAYS, card_document, card_facts
from securexfer.cli.console import plain
from securexfer.cli.options import SecurexferGroup, passphrase_option
from securexfer.cli.session import Session

if TYPE_CHECKING:
    from securexfer.crypto.card import Card
    from securexfer.crypto.identity import Identity
    from securexfer.home.contacts import Contact


@click.group(cls=SecurexferGroup)
def contact() -> None:
    """Other people's cards, pinned under local names."""


@contact.command(epilog="Example: securexfer contact add acme.card --as acme")
@click.argument("card", type=click.Path(path_type=Path))
@click.option("--as", "name", help="Local name; made from the card's name without it.")
@click.option("--fingerprint", help="The fingerprint as its owner read it to you, whole.")
@click.option("--replaces", metavar="NAME", help="The contact whose rotated key this card is.")
@passphrase_option
def add(
    card: Path,
    name: str | None,
    fingerprint: str | None,
    replaces: str | None,
    passphrase_file: Path | None,
) -> None:
    """Pin a card, after its fingerprint was read over the phone.

    Without --fingerprint the card's fingerprint is shown and you are asked whether it is the one
    that its owner read to you. The change is recorded in the register, which needs the passphrase.
    """
    from securexfer.home.contacts import read_card_file, suggest_name
    from securexfer.pinning import pin_contact

    session = Session.current(passphrase_file)
    read = read_card_file(card)
    chosen = name or suggest_name(read)
    _confirm(session, read, fingerprint)
    # What can't be pinned is said before anybody is asked for a passphrase.
    session.contacts.prepare(read, chosen, pinned_at=session.clock(), replaces=replaces)
    pinned = pin_contact(
        session.contacts,
        read,
        chosen,
        _identity(session),
        session.register,
        clock=session.clock,
        replaces=replaces,
    )
    session.console.result(
        contact_document(pinned),
        lambda: session.console.facts([("Pinned as", pinned.name), *card_facts(read)]),
    )


@contact.command("list", epilog="Example: securexfer contact list --json")
def list_contacts() -> None:
    """List all contacts."""
    from securexfer.crypto.fingerprint import format_fingerprint

    session = Session.current()
    contacts = session.contacts.list()

    def human() -> None:
        if not contacts:
            session.console.step("No contacts yet. Pin a card with: securexfer contact add CARD")
            return
        rows = [
            (c.name, c.card.name, c.card.organisation, format_fingerprint(c.fingerprint))
            for c in contacts
        ]
        session.console.table(("name", "who", "organisation", "fingerprint"), rows)
        now = session.clock()
        for one in contacts:
            if state := _state(one, now):
                session.console.line(plain(f"{one.name}: {state}"))

    session.console.result({"contacts": [contact_document(c) for c in contacts]}, human)


@contact.command(epilog="Example: securexfer contact show acme")
@click.argument("name")
def show(name: str) -> None:
    """Show one contact."""
    from securexfer.cli.drill import drill_document
    from securexfer.custody.drill import find_drills

    session = Session.current()
    found = session.contacts.get(name)
    keys = {found.fingerprint, *(card.fingerprint for card in found.former)}
    drills = find_drills(session.register.entries(), keys)
    facts = [
        ("Contact", found.name),
        *card_facts(found.card),
        ("Pinned", f"{found.pinned_at:%Y-%m-%d}"),
        ("Generation", str(found.card.generation)),
        *_revocation(found),
        *(("Drill", one.describe()) for one in drills),
    ]
    document = {**contact_document(found), "drills": [drill_document(one) for one in drills]}
    session.console.result(document, lambda: session.console.facts(facts))


@contact.command(epilog="Example: securexfer contact remove acme")
@click.argument("name")
@passphrase_option
def remove(name: str, passphrase_file: Path | None) -> None:
    """Forget a contact; bundles from it are not accepted any more.

    The change is recorded in the register, which needs the passphrase.
    """
    from securexfer.pinning import remove_contact

    session = Session.current(passphrase_file)
    session.contacts.get(name)
    removed = remove_contact(
        session.contacts, name, _identity(session), session.register, clock=session.clock
    )
    session.console.result(
        contact_document(removed), lambda: session.console.line(f"Removed {removed.name}.")
    )


@contact.command(
    epilog='Example: securexfer contact revoke acme --reason "laptop stolen on 3 March"'
)
@click.argument("name")
@click.option("--reason", required=True, help="What happened to the key; recorded.")
@passphrase_option
def revoke(name: str, reason: str, passphrase_file: Path | None) -> None:
    """Let a contact's keys count no more, for good: somebody else may have them.

    Nothing is packed for them. What they signed is refused, whatever date it bears, but for bundles
    that were opened here before; no new card that follows them is accepted. It can't be taken back:
    the owner makes a new identity, and you pin that. It is recorded, which needs the passphrase.
    """
    from securexfer.pinning import revoke_contact

    session = Session.current(passphrase_file)
    session.contacts.get(name)
    revoked = revoke_contact(
        session.contacts, name, reason, _identity(session), session.register, clock=session.clock
    )

    was_sent = any(
        entry.event == "packed" and revoked.fingerprint in entry.details["recipients"]
        for entry in session.register.entries()
    )

    def human() -> None:
        session.console.line(f"Revoked {revoked.name}.")
        session.console.step(
            "Next: see what was sealed to these keys, and tell whoever else has this card:\n"
            f"securexfer breach-report --recipient {revoked.name}"
            if was_sent
            else "Next: tell whoever else has this card. Nothing was packed for it here."
        )

    session.console.result(contact_document(revoked), human)


def contact_document(found: Contact) -> dict[str, Any]:
    """A contact in JSON results."""
    from securexfer.instant import format_instant

    return {
        "contact": found.name,
        **card_document(found.card),
        "origin_fingerprint": found.origin_fingerprint,
        "pinned_at": format_instant(found.pinned_at),
        "revoked_at": format_instant(found.revoked_at) if found.revoked_at else "",
        "revoked_because": found.revoked_because,
    }


def _revocation(found: Contact) -> list[tuple[str, str]]:
    if found.revoked_at is None:
        return []
    return [("REVOKED", f"{found.revoked_at:%Y-%m-%d}: {found.revoked_because}")]


def _state(found: Contact, now: datetime) -> str:
    """Why a card can't be used, or not for long; empty where there is nothing to say."""
    if found.revoked_at is not None:
        return f"REVOKED on {found.revoked_at:%Y-%m-%d}: {found.revoked_because}"
    n_days, until = found.card.days_left(now), f"{found.card.expires_at:%Y-%m-%d}"
    if n_days < 0:
        return f"EXPIRED on {until}"
    return f"expires on {until}, in {n_days} days" if n_days < WARNING_DAYS else ""


def _identity(session: Session) -> Identity | None:
    """Who signs the entry; None where there is no identity yet, and so no register."""
    if session.own_card() is None:
        session.console.note(
            "There is no identity here yet, so there is no register to record this in. The "
            "contacts that are there are recorded when you make one."
        )
        return None
    return session.identity


def _confirm(session: Session, card: Card, fingerprint: str | None) -> None:
    from securexfer.crypto.fingerprint import fingerprint_matches, is_whole
    from securexfer.errors import FingerprintMismatchError, FingerprintUnconfirmedError

    if fingerprint is not None:
        if not is_whole(fingerprint):
            raise FingerprintMismatchError(
                "The fingerprint given is not whole: it has eight groups of four characters.",
                hint="Enter all of it; a part of a fingerprint proves nothing.",
            )
        if not fingerprint_matches(card.fingerprint, fingerprint):
            raise FingerprintMismatchError("The card has another fingerprint than the one given.")
        return
    if not session.console.can_ask():
        raise FingerprintUnconfirmedError("The card was not confirmed by its fingerprint.")
    session.console.facts(card_facts(card), to_stderr=True)
    if not session.console.confirm("Is this the fingerprint that its owner read to you?"):
        raise FingerprintUnconfirmedError(
            "The fingerprint was not confirmed, so the card was not pinned.",
            hint="If its owner read another one to you, do not use this card: it may have been "
            "swapped on its way. Ask for it again, and tell them. If you have not called them yet, "
            "do so, and run the command again.",
        )
