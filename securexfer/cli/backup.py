"""`identity export` and `identity import`: a backup, or another machine."""

from __future__ import annotations

from pathlib import Path

import click

from securexfer.cli.card import card_document, card_facts
from securexfer.cli.console import plain
from securexfer.cli.options import FORCE, SecurexferCommand, passphrase_option
from securexfer.cli.passphrase import (
    INSECURE_KEYRING,
    check_strength,
    choose_passphrase,
)
from securexfer.cli.session import Session

_EXPORT_FILE = click.option(
    "--export-passphrase-file",
    type=click.Path(path_type=Path),
    help="Read the passphrase of the exported file from this file; without it you are asked.",
)


@click.command(
    "export",
    cls=SecurexferCommand,
    epilog="Example: securexfer identity export --to-file ann.identity",
)
@click.option(
    "--to-file",
    "output",
    required=True,
    type=click.Path(path_type=Path),
    help="Where to write it.",
)
@_EXPORT_FILE
@FORCE
@passphrase_option
def export(
    output: Path,
    export_passphrase_file: Path | None,
    force: bool,
    passphrase_file: Path | None,
) -> None:
    """Write the whole identity to one encrypted file: a backup, or for another machine.

    The file has a passphrase of its own. Whoever has both has everything that was ever sealed to
    this identity, so keep them apart, and never on a drive with a bundle. That it was written is
    recorded.
    """
    from securexfer.errors import OutputExistsError
    from securexfer.keeping import export_identity
    from securexfer.medium.medium import find_medium
    from securexfer.medium.rule import REFUSED
    from securexfer.place import check_target

    session = Session.current(passphrase_file)
    check_target(output, force=force)
    if session.desk.owns(output):
        raise OutputExistsError(
            f"{output} lies in this home, where it would be lost with it.",
            hint="Choose another place.",
        )
    identity = session.identity
    passphrase = _ask_export(session, export_passphrase_file, twice=True)
    check_strength(passphrase)
    export_identity(
        identity, passphrase, output, session.register, clock=session.clock, force=force
    )

    def human() -> None:
        session.console.line(f"Written, read back and opened: {plain(str(output))}")
        session.console.step(
            "It holds all private keys and the secret of the pseudonyms, encrypted. Keep its\n"
            "passphrase somewhere else."
        )

    session.console.result({**card_document(identity.card), "path": str(output)}, human)
    if find_medium(output.absolute().parent).kind in REFUSED:
        session.console.note(
            "That is a medium that is carried about, or somebody else's. Never put a bundle on it: "
            "lost together, nobody could say that no key travelled with the drive."
        )


@click.command(
    "import", cls=SecurexferCommand, epilog="Example: securexfer identity import ann.identity"
)
@click.argument("file", type=click.Path(path_type=Path))
@_EXPORT_FILE
@click.option(
    "--no-keyring", is_flag=True, help="Ask for a passphrase; the keyring is not to keep one."
)
@INSECURE_KEYRING
@passphrase_option
def import_(
    file: Path,
    export_passphrase_file: Path | None,
    no_keyring: bool,
    insecure_keyring: bool,
    passphrase_file: Path | None,
) -> None:
    """Put an exported identity into this home.

    Another identity is never overwritten, nor newer keys by older ones. The passphrase for this
    home is chosen as in identity create. Contacts, scope keys and register are not in the file:
    copy them too.
    """
    from securexfer.keeping import check_import, import_identity, read_export

    session = Session.current(passphrase_file)
    if insecure_keyring:
        session.accept_insecure_keyring()
    identity = read_export(file, _ask_export(session, export_passphrase_file, twice=False))
    check_import(identity, session.desk, session.register)
    chosen = choose_passphrase(session, use_keyring=not no_keyring)
    import_identity(
        identity,
        chosen.text,
        session.desk,
        chosen.keystore,
        session.register,
        clock=session.clock,
    )
    if insecure_keyring:
        session.remember_insecure_keyring()

    def human() -> None:
        session.console.line("The identity is here, and opens.")
        session.console.facts(
            [*card_facts(identity.card), ("Kept in", str(session.desk.identity_path))]
        )
        if chosen.keystore is not None:
            session.console.step("A new passphrase was generated; the keyring keeps it.")
        session.console.step(
            "\nNext: if you have not done so, copy the folders contacts, receipts and scope-keys\n"
            "and the files register.jsonl and register.head from the old home, or from their\n"
            "backup, into this one."
        )

    session.console.result(
        {
            **card_document(identity.card),
            "in_keyring": chosen.keystore is not None,
            "passphrase_from": chosen.source,
            "path": str(session.desk.identity_path),
        },
        human,
    )


def _ask_export(session: Session, path: Path | None, *, twice: bool) -> str:
    """The passphrase of an exported file."""
    from securexfer.errors import PassphraseMissingError
    from securexfer.home.secrets import read_secret

    if path is not None:
        return read_secret(path)
    if not session.console.can_ask():
        raise PassphraseMissingError(
            "There is no passphrase for the exported file, and nobody can be asked.",
            hint="Give it with --export-passphrase-file FILE.",
        )
    return session.console.ask_secret("Passphrase of the exported file", twice=twice)
