"""`identity`: make keys and new keys, show the fingerprint, export the card."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.backup import export, import_
from securexfer.cli.card import card_document, card_facts
from securexfer.cli.options import FORCE, SecurexferGroup, output_option, passphrase_option
from securexfer.cli.passphrase import (
    INSECURE_KEYRING,
    change_passphrase,
    choose_passphrase,
    is_in_keyring,
)
from securexfer.cli.session import Session


@click.group(cls=SecurexferGroup)
def identity() -> None:
    """Your own keys: create, show, export the card, back up, change."""


@identity.command(epilog='Example: securexfer identity create --name "Ann Analyst"')
@click.option("--name", required=True, help="Your name, or the job's.")
@click.option("--org", default="", help="Your organisation.")
@click.option("--email", default="", help="How to reach you.")
@click.option(
    "--no-keyring", is_flag=True, help="Ask for a passphrase; the keyring is not to keep one."
)
@INSECURE_KEYRING
@passphrase_option
def create(
    name: str,
    org: str,
    email: str,
    no_keyring: bool,
    insecure_keyring: bool,
    passphrase_file: Path | None,
) -> None:
    """Make a new identity in this home, encrypted under a passphrase.

    Where the desktop has a keyring, a passphrase is generated and the keyring keeps it. Elsewhere
    you choose one, or name a file that holds it.
    """
    from securexfer.crypto.identity import create_identity
    from securexfer.errors import (
        CardInvalidError,
        IdentityExistsError,
        UsageError,
    )
    from securexfer.keeping import CREATED, keep_new_identity
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
    if insecure_keyring:
        session.accept_insecure_keyring()
    chosen = choose_passphrase(session, use_keyring=not no_keyring)
    pinned_before = session.contacts.list()
    session.register.check_writable(made)
    keep_new_identity(made, chosen.text, session.desk, chosen.keystore)
    session.register.append(made, CREATED, {"fingerprint": made.fingerprint}, session.clock())
    record_contacts(pinned_before, made, session.register, clock=session.clock)
    if insecure_keyring:
        session.remember_insecure_keyring()

    def human() -> None:
        session.console.line("Your identity is ready.")
        session.console.facts(
            [*card_facts(made.card), ("Kept in", str(session.desk.identity_path))]
        )
        if chosen.keystore is not None:
            session.console.step(
                "\nA passphrase was generated, and your desktop's keyring keeps it: it was stored\n"
                "there and read back. Nobody needs to know it, and it is shown nowhere."
            )
        session.console.step(
            "\nNext: export your card with `securexfer identity card -o my.card`, send it to\n"
            "the other side, and read them the fingerprint over the phone.\n"
            "Make a backup with `securexfer identity export --to-file FILE`, and keep it where\n"
            "this machine's disk and keyring are not; without it, what was sealed to you stays\n"
            "sealed."
        )

    session.console.result(
        {
            **card_document(made.card),
            "in_keyring": chosen.keystore is not None,
            "passphrase_from": chosen.source,
            "path": str(session.desk.identity_path),
        },
        human,
    )


@identity.command(epilog="Example: securexfer identity show")
def show() -> None:
    """Show who you are here, and the fingerprint to read over the phone."""
    session = Session.current()
    card = session.desk.own_card()
    session.console.result(card_document(card), lambda: session.console.facts(card_facts(card)))
    session.warn_of_cards()


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


@identity.command(epilog="Example: securexfer identity rotate -o ann-2.card")
@output_option("Where to write the new card; `identity card` writes it too.", required=False)
@FORCE
@passphrase_option
def rotate(output: Path | None, force: bool, passphrase_file: Path | None) -> None:
    """Make new keys; the old ones are kept, to open what was sealed to them.

    Tokens stay as they are. The new card is signed by the old keys and the new ones. Send it to
    your contacts, read them the new fingerprint over the phone, and they pin it with: securexfer
    contact add CARD --replaces NAME. Until then they refuse your bundles. If the old keys may have
    been stolen, do not rotate: whoever has them could do so too.
    """
    from securexfer.carrier import write_small
    from securexfer.crypto.fingerprint import format_fingerprint
    from securexfer.errors import OutputExistsError
    from securexfer.keeping import rotate as make_new_keys
    from securexfer.place import check_target

    session = Session.current(passphrase_file)
    before = session.desk.own_card()
    if output is not None:
        check_target(output, force=force)
        if session.desk.owns(output):
            raise OutputExistsError(
                f"{output} lies in this home.", hint="Choose another place for the card."
            )
    identity = session.identity
    keeps = is_in_keyring(session, before.fingerprint)
    rotated = make_new_keys(
        identity,
        session.passphrase.text,
        session.desk,
        session.keystore if keeps else None,
        session.register,
        clock=session.clock,
    )
    if output is not None:
        write_small(output, rotated.card.encode(), force=force, is_own=False)

    def human() -> None:
        session.console.line("Your identity has new keys.")
        session.console.facts(
            [
                *card_facts(rotated.card),
                ("Before", format_fingerprint(before.fingerprint)),
                ("Generation", str(rotated.card.generation)),
                *([("Card", str(output))] if output else []),
            ]
        )
        write = "" if output else "write the card with `securexfer identity card -o my.card`.\n"
        session.console.step(
            f"\nNext: {write}Send the card to each contact, and read them the new\n"
            "fingerprint over the phone; they pin it with\n"
            "`securexfer contact add CARD --replaces NAME`.\n"
            "Replace your backup: securexfer identity export --to-file FILE"
        )

    session.console.result(
        {
            **card_document(rotated.card),
            "in_keyring": keeps,
            "path": str(output) if output else "",
            "previous_fingerprint": before.fingerprint,
        },
        human,
    )


for _command in (change_passphrase, export, import_):
    identity.add_command(_command)
