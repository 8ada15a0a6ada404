"""New passphrases: where they come from, and `identity passphrase`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securexfer.cli.options import SecurexferCommand, passphrase_option
from securexfer.cli.session import Session

if TYPE_CHECKING:
    from securexfer.home.keystore import Keystore

MIN_PASSPHRASE = 8
INSECURE_KEYRING = click.option(
    "--insecure-keyring",
    is_flag=True,
    help="Take a keyring that stores in plaintext too, from now on.",
)


@dataclass(frozen=True)
class NewPassphrase:
    """A passphrase that was chosen or generated.

    Attributes:
        text: itself.
        source: where it came from.
        keystore: is to keep it; None where a person or a file does.
    """

    text: str = field(repr=False)
    source: str
    keystore: Keystore | None = None


@click.command(
    "passphrase",
    cls=SecurexferCommand,
    epilog="Example: securexfer identity passphrase --to-keyring",
)
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path),
    help="Read the new passphrase from this file; without it you are asked.",
)
@click.option("--to-keyring", is_flag=True, help="Have the keyring keep it: a generated one.")
@INSECURE_KEYRING
@passphrase_option
def change_passphrase(
    new_passphrase_file: Path | None,
    to_keyring: bool,
    insecure_keyring: bool,
    passphrase_file: Path | None,
) -> None:
    """Change the passphrase of the identity.

    With --to-keyring alone a passphrase is generated, stored in the keyring, and read back. Where
    the keyring keeps the present one, it keeps the new one too. Copies of the identity file that
    were made before still open with the old passphrase.
    """
    from securexfer.errors import PassphraseMissingError
    from securexfer.home.secrets import FROM_KEYRING, generate_passphrase, read_secret
    from securexfer.keeping import change_passphrase as change

    session = Session.current(passphrase_file)
    if insecure_keyring:
        session.accept_insecure_keyring()
    card = session.desk.own_card()
    if new_passphrase_file is not None:
        new = NewPassphrase(read_secret(new_passphrase_file), "--new-passphrase-file")
    elif to_keyring:
        session.keystore.read(card.fingerprint)  # what can't be kept is said before all else
        new = NewPassphrase(generate_passphrase(), FROM_KEYRING)
    elif session.console.can_ask():
        _ = session.identity  # the old one is asked for first
        asked = session.console.ask_secret("New passphrase of the identity", twice=True)
        new = NewPassphrase(asked, "the terminal")
    else:
        raise PassphraseMissingError(
            "There is no new passphrase, and nobody can be asked.",
            hint="Give it with --new-passphrase-file FILE, or add --to-keyring.",
        )
    check_strength(new.text)
    identity = session.identity
    keeps = to_keyring or is_in_keyring(session, card.fingerprint)
    change(identity, new.text, session.desk, session.keystore if keeps else None)
    if insecure_keyring:
        session.remember_insecure_keyring()

    def human() -> None:
        session.console.line("The passphrase was changed.")
        if keeps:
            session.console.step("The keyring keeps the new one, and gave it back when asked.")
        session.console.step(
            "Copies of the identity file that were made before open with the old one: replace\n"
            "your backup with securexfer identity export --to-file FILE"
        )

    document = {"fingerprint": card.fingerprint, "in_keyring": keeps, "passphrase_from": new.source}
    session.console.result(document, human)


def choose_passphrase(session: Session, *, use_keyring: bool) -> NewPassphrase:
    """A passphrase for an identity that is new here.

    The first of: a file that is named; one that is generated, where there is a keyring to keep it;
    one that a person chooses.

    Raises:
        KeyMaterialError: if there is none to be had, or it is too short.
    """
    from securexfer.errors import KeyringAbsentError, KeyringError
    from securexfer.home.secrets import FROM_KEYRING, generate_passphrase

    source = session.secrets(twice=True)
    named = source.from_file()
    if named is not None:
        check_strength(named.text)
        return NewPassphrase(named.text, named.source)
    if use_keyring:
        try:
            session.keystore.read("")
            return NewPassphrase(generate_passphrase(), FROM_KEYRING, session.keystore)
        except KeyringAbsentError:
            pass
        except KeyringError as error:
            if not session.console.can_ask():
                raise
            session.console.note(error.message)
    asked = source.passphrase("")
    check_strength(asked.text)
    return NewPassphrase(asked.text, asked.source)


def check_strength(passphrase: str) -> None:
    """Refuse what can be guessed at once.

    Raises:
        PassphraseWeakError: if it is too short.
    """
    from securexfer.errors import PassphraseWeakError

    if len(passphrase) < MIN_PASSPHRASE:
        raise PassphraseWeakError(f"The passphrase has fewer than {MIN_PASSPHRASE} characters.")


def is_in_keyring(session: Session, account: str) -> bool:
    """Whether the keyring keeps a passphrase for a fingerprint, as far as it says."""
    from securexfer.errors import KeyringAbsentError, KeyringError

    try:
        return session.keystore.read(account) is not None
    except KeyringAbsentError:
        return False
    except KeyringError as error:
        session.console.note(f"{error.message} If it keeps the passphrase, it keeps the old one.")
        return False
