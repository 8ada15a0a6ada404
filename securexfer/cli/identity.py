"""`identity`: make keys, show the fingerprint, export the card."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.options import FORCE, SecurexferGroup, output_option, passphrase_option
from securexfer.cli.session import Session, card_document, card_facts

MIN_PASSPHRASE = 8


@click.group(cls=SecurexferGroup)
def identity() -> None:
    """Your own keys: create, show, export the card."""


@identity.command(epilog='Example: securexfer identity create --name "Ann Analyst"')
@click.option("--name", required=True, help="Your name, or the job's.")
@click.option("--org", default="", help="Your organisation.")
@click.option("--email", default="", help="How to reach you.")
@passphrase_option
def create(name: str, org: str, email: str, passphrase_file: Path | None) -> None:
    """Make a new identity in this home, encrypted under a passphrase."""
    from securexfer.crypto.identity import create_identity
    from securexfer.errors import (
        CardInvalidError,
        IdentityExistsError,
        PassphraseWeakError,
        UsageError,
    )
    from securexfer.pinning import record_contacts

    session = Session.current(passphrase_file)
    if session.desk.identity_path.exists():
        raise IdentityExistsError(f"There is an identity in {session.desk.root} already.")
    try:
        made = create_identity(name=name, organisation=org, email=email, created_at=session.clock())
    except CardInvalidError:
        raise UsageError(
            "The name, organisation or e-mail can't stand on a card.",
            hint="Use printable text of at most 200 characters; a name is needed.",
        ) from None
    passphrase = session.secrets(twice=True).passphrase("")
    if len(passphrase.text) < MIN_PASSPHRASE:
        raise PassphraseWeakError(f"The passphrase has fewer than {MIN_PASSPHRASE} characters.")
    pinned_before = session.contacts.list()
    session.register.check_writable(made)
    session.desk.save_new_identity(made, passphrase.text)
    session.register.append(
        made, "identity-created", {"fingerprint": made.fingerprint}, session.clock()
    )
    record_contacts(pinned_before, made, session.register, clock=session.clock)

    def human() -> None:
        session.console.line("Your identity is ready.")
        session.console.facts(
            [*card_facts(made.card), ("Kept in", str(session.desk.identity_path))]
        )
        session.console.step(
            "\nNext: export your card with `securexfer identity card -o my.card`, send it to\n"
            "the other side, and read them the fingerprint over the phone. Keep a backup of\n"
            "the identity file; without it, what was sealed to you stays sealed."
        )

    session.console.result(
        {**card_document(made.card), "path": str(session.desk.identity_path)}, human
    )


@identity.command(epilog="Example: securexfer identity show")
def show() -> None:
    """Show who you are here, and the fingerprint to read over the phone."""
    session = Session.current()
    card = session.desk.own_card()
    session.console.result(card_document(card), lambda: session.console.facts(card_facts(card)))


@identity.command("card", epilog="Example: securexfer identity card -o ann.card")
@output_option("Where to write the card; stdout without it.", required=False)
@FORCE
def export_card(output: Path | None, force: bool) -> None:
    """Export your card: the public half, for the other side to pin."""
    from securexfer.carrier import write_small
    from securexfer.errors import OutputExistsError

    session = Session.current()
    card = session.desk.own_card()
    if output is not None and output.exists() and session.desk.owns(output):
        raise OutputExistsError(
            f"{output} is a file of this home and can't be replaced by a card.",
            hint="Choose another place.",
        )
    if output is None and not session.console.settings.json:
        session.console.verbatim(card.encode().decode("utf-8").removesuffix("\n"))
        return
    if output is not None:
        write_small(output, card.encode(), force=force, is_own=False)
    session.console.result(
        {
            **card_document(card),
            "card": card.encode().decode("utf-8").removesuffix("\n"),
            "path": str(output) if output else "",
        },
        lambda: session.console.facts([*card_facts(card), ("Written to", str(output))]),
    )
