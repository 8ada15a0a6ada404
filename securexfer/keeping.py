"""Keeping: the identity under its passphrase, its backup, and its new keys.

Whatever is cut off half-way leaves an identity file that opens, and somewhere the passphrase that
opens it. What concerns others is in the register before it happens.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from securexfer.carrier import write_small
from securexfer.crypto.identity import (
    MAX_IDENTITY_BYTES,
    Identity,
    decrypt_identity,
    encrypt_identity,
    rotate_identity,
)
from securexfer.custody.register import Entry, Register
from securexfer.custody.succession import ROTATE_FAILED, ROTATED, describe_rotation, former_cards
from securexfer.errors import (
    BackupInvalidError,
    BackupOlderError,
    IdentityChangedError,
    IdentityExistsError,
    IdentityFileError,
    IdentityMissingError,
    KeyringError,
    PassphraseWrongError,
    ReadBackError,
    SecurexferError,
)
from securexfer.home.desk import Desk
from securexfer.home.keystore import Keystore
from securexfer.instant import Clock

CREATED, EXPORTED, IMPORTED = "identity-created", "identity-exported", "identity-imported"
EXPORT_FAILED = "identity-export-failed"


def keep_new_identity(
    identity: Identity, passphrase: str, desk: Desk, keystore: Keystore | None
) -> None:
    """Write the file of a new identity.

    Args:
        identity: new.
        passphrase: to encrypt it under.
        desk: its home.
        keystore: keeps the passphrase; None where somebody else does.

    Raises:
        KeyringError: if the keyring does not keep it; then there is no file.
        IdentityExistsError: if there is an identity.
        OutputError: if it can't be written.
    """
    if keystore is not None:
        keystore.store(identity.fingerprint, passphrase)
    try:
        desk.save_new_identity(identity, passphrase)
    except BaseException:
        _forget(keystore, identity.fingerprint)
        raise


def change_passphrase(
    identity: Identity, passphrase: str, desk: Desk, keystore: Keystore | None
) -> None:
    """Write the identity file anew, under another passphrase, with a fresh salt and nonce.

    Args:
        identity: as it is in the file.
        passphrase: the new one.
        desk: its home.
        keystore: keeps the new one from now on; None where no keyring does.

    Raises:
        KeyringError: if the keyring does not keep it.
        IdentityChangedError: if another run has changed the identity meanwhile.
        OutputError: if it can't be written.
    """

    def change() -> None:
        _check_unchanged(identity, desk)
        desk.save_identity(identity, passphrase)

    if keystore is None:
        change()
    else:
        keystore.replace(identity.fingerprint, passphrase, change)


def rotate(
    identity: Identity,
    passphrase: str,
    desk: Desk,
    keystore: Keystore | None,
    register: Register,
    *,
    clock: Clock,
) -> Identity:
    """Make new keys. The old ones stay, to open; so does the pseudonym secret.

    Args:
        identity: as it is in the file.
        passphrase: stays.
        desk: its home.
        keystore: keeps the passphrase, under the fingerprint, which changes; None where none does.
        register: hears of it first, under the signature of the old keys.
        clock: now.

    Raises:
        KeyringError: if the keyring does not keep the passphrase for the new fingerprint.
        RegisterError: if it can't be recorded; then nothing changes.
        IdentityChangedError: if another run has changed the identity meanwhile.
        OutputError: if the file can't be written; then the old keys stay.
    """
    rotated = rotate_identity(identity, rotated_at=clock())
    details = describe_rotation(identity, rotated)
    if keystore is not None:
        keystore.store(rotated.fingerprint, passphrase)
    try:
        register.append(
            identity,
            ROTATED,
            details,
            clock(),
            check=lambda _: _check_unchanged(identity, desk),
        )
        desk.save_identity(rotated, passphrase)
    except BaseException as error:
        # The disk may have the new file all the same, where only its folder could not be stored.
        if not _is_in_use(rotated, desk):
            _forget(keystore, rotated.fingerprint)
            _take_back(identity, register, details, error, clock)
        raise
    _forget(keystore, identity.fingerprint)
    return rotated


def export_identity(
    identity: Identity,
    passphrase: str,
    path: Path,
    register: Register,
    *,
    clock: Clock,
    force: bool = False,
) -> None:
    """Write the whole identity to a file of its own, under a passphrase of its own.

    Raises:
        RegisterError: if it can't be recorded; then nothing is written.
        OutputError: if it can't be written, or does not read back.
    """
    data = encrypt_identity(identity, passphrase)
    details = {"file_name": path.name, "fingerprint": identity.fingerprint}
    register.append(identity, EXPORTED, details, clock())
    try:
        write_small(path, data, force=force, is_own=False)
    except BaseException as error:
        reason = error.code if isinstance(error, SecurexferError) else "interrupted"
        with suppress(SecurexferError):
            register.append(identity, EXPORT_FAILED, {**details, "reason": reason}, clock())
        raise
    # Not the bytes alone: it is the only copy where somebody needs it.
    if read_export(path, passphrase) != identity:
        raise ReadBackError(f"{path} does not hold what was written to it.")


def read_export(path: Path, passphrase: str) -> Identity:
    """The identity in a file that `export_identity` wrote.

    Raises:
        BackupInvalidError: if it is none, or can't be read.
        PassphraseWrongError: if the passphrase does not open it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_IDENTITY_BYTES + 1)
    except OSError as error:
        raise BackupInvalidError(f"{path} can't be read: {error.strerror}.") from None
    try:
        return decrypt_identity(data, passphrase)
    except IdentityFileError:
        raise BackupInvalidError(f"{path} is no exported identity, or a damaged one.") from None
    except PassphraseWrongError:
        raise PassphraseWrongError(
            f"The passphrase does not open {path}, or the file was altered.",
            hint="It takes the passphrase that was chosen for the export, not the identity's own.",
        ) from None


def check_import(identity: Identity, desk: Desk, register: Register) -> bool:
    """Whether an identity that was read from a backup would replace its own older self here.

    Raises:
        IdentityExistsError: if another identity is here.
        BackupOlderError: if the one here has newer keys.
    """
    try:
        here = desk.own_card()
    except IdentityMissingError:
        return False
    if identity.keys_for(here.fingerprint) is not None:
        return True
    former = former_cards(here, register.entries())
    if identity.fingerprint in {here.previous_fingerprint, *(card.fingerprint for card in former)}:
        raise BackupOlderError(
            "The identity here has keys of generation "
            f"{here.generation}, the file has generation {identity.card.generation} only."
        )
    raise IdentityExistsError(f"There is another identity in {desk.root}.")


def import_identity(
    identity: Identity,
    passphrase: str,
    desk: Desk,
    keystore: Keystore | None,
    register: Register,
    *,
    clock: Clock,
) -> Entry:
    """Put an identity that was read from a backup into a home.

    Args:
        identity: from `read_export`.
        passphrase: to encrypt it under here.
        desk: the home.
        keystore: keeps the passphrase; None where somebody else does.
        register: of that home; hears of it when it is done, as of an identity that is made.
        clock: now.

    Raises:
        IdentityExistsError: if another identity is here.
        KeyringError, OutputError, RegisterError: if it can't be kept.
    """
    replaces = check_import(identity, desk, register)
    register.check_writable(identity)
    if not replaces:
        keep_new_identity(identity, passphrase, desk, keystore)
    elif keystore is not None:
        keystore.replace(
            identity.fingerprint, passphrase, lambda: desk.save_identity(identity, passphrase)
        )
    else:
        desk.save_identity(identity, passphrase)
    if desk.unlock(passphrase) != identity:
        raise ReadBackError(f"{desk.root} gave back another identity than was written.")
    details = {"fingerprint": identity.fingerprint, "generation": identity.card.generation}
    return register.append(identity, IMPORTED, details, clock())


def _check_unchanged(identity: Identity, desk: Desk) -> None:
    if not _is_in_use(identity, desk):
        raise IdentityChangedError("Another run has changed the identity of this home meanwhile.")


def _is_in_use(identity: Identity, desk: Desk) -> bool:
    """Whether these are the keys in the identity file, as far as the disk can say."""
    try:
        return desk.own_card().fingerprint == identity.fingerprint
    except SecurexferError:
        return False


def _forget(keystore: Keystore | None, account: str) -> None:
    """Nobody needs that passphrase any more; that it stays harms nobody either."""
    if keystore is not None:
        with suppress(KeyringError):
            keystore.remove(account)


def _take_back(
    identity: Identity,
    register: Register,
    details: dict[str, Any],
    error: BaseException,
    clock: Clock,
) -> None:
    """Where a rotation that was recorded failed after all, record that."""
    reason = error.code if isinstance(error, SecurexferError) else "interrupted"
    about = {name: details[name] for name in ("fingerprint", "previous_fingerprint")}
    with suppress(SecurexferError):
        if any(e.details.get("fingerprint") == about["fingerprint"] for e in register.entries()):
            register.append(identity, ROTATE_FAILED, {**about, "reason": reason}, clock())
