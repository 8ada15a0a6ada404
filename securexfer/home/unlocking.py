"""Unlocking: the identity of this home, opened with the first passphrase that a source has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from securexfer.crypto.identity import Identity
from securexfer.errors import KeyringError, PassphraseWrongError
from securexfer.home.desk import Desk
from securexfer.home.secrets import FROM_KEYRING, Passphrase, SecretSource


def unlock(
    desk: Desk, source: SecretSource, *, hear_source: Callable[[str], None]
) -> tuple[Identity, Passphrase]:
    """Open the identity; a change of the keyring's passphrase that was cut off is finished.

    Args:
        desk: this home.
        source: where the passphrase comes from.
        hear_source: hears which source it was, before it is tried.

    Raises:
        KeyMaterialError: if there is no identity, no passphrase, or not the right one.
    """
    account = desk.own_card().fingerprint
    found = source.passphrase(account)
    hear_source(found.source)
    try:
        return desk.unlock(found.text), found
    except PassphraseWrongError:
        keystore = source.keystore
        if found.source != FROM_KEYRING or keystore is None:
            raise
        later = keystore.read_next(account)
        if later is None:
            raise
        opened = desk.unlock(later)
        with suppress(KeyringError):  # it opens all the same, and the next run can try again
            keystore.settle(account, later)
        return opened, Passphrase(later, FROM_KEYRING)
