"""Paths of one home, and the identity file in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from securexfer.carrier import write_small
from securexfer.crypto.card import Card
from securexfer.crypto.identity import (
    MAX_IDENTITY_BYTES,
    Identity,
    decrypt_identity,
    encrypt_identity,
    read_identity_card,
)
from securexfer.errors import (
    IdentityExistsError,
    IdentityFileError,
    IdentityMissingError,
    ReadBackError,
)
from securexfer.place import make_folder


@dataclass(frozen=True)
class Desk:
    """One home: `identity.json`, `contacts/`, `receipts/`, `register.jsonl` and its head."""

    root: Path

    @property
    def identity_path(self) -> Path:
        """The encrypted identity file."""
        return self.root / "identity.json"

    @property
    def contacts_path(self) -> Path:
        """The folder of pinned cards."""
        return self.root / "contacts"

    @property
    def receipts_path(self) -> Path:
        """The folder of receipts, certificates and extensions that were imported."""
        return self.root / "receipts"

    @property
    def scope_keys_path(self) -> Path:
        """The folder of scope keys that were imported, sealed to the identity."""
        return self.root / "scope-keys"

    @property
    def register_path(self) -> Path:
        """The log."""
        return self.root / "register.jsonl"

    def owns(self, path: Path) -> bool:
        """Whether a path leads into this home."""
        return path.resolve().is_relative_to(self.root.resolve())

    def save_new_identity(self, identity: Identity, passphrase: str) -> None:
        """Write the identity file, 0600 in a 0700 folder.

        Raises:
            IdentityExistsError: if there is one.
            OutputError: if it can't be written.
        """
        make_folder(self.root)
        if self.identity_path.exists():
            raise IdentityExistsError(f"There is an identity in {self.root} already.")
        write_small(self.identity_path, encrypt_identity(identity, passphrase), force=False)

    def save_identity(self, identity: Identity, passphrase: str) -> None:
        """Replace the identity file, whole or not at all, and read it back.

        Raises:
            OutputError: if it can't be written, or the disk gives back something else.
        """
        data = encrypt_identity(identity, passphrase)
        write_small(self.identity_path, data)
        if self._read_identity_file() != data:
            raise ReadBackError(f"{self.root} gave back other bytes than were written.")

    def own_card(self) -> Card:
        """The identity's card; needs no passphrase.

        Raises:
            IdentityMissingError, IdentityFileError: if there is none to read.
        """
        return read_identity_card(self._read_identity_file())

    def unlock(self, passphrase: str) -> Identity:
        """Open the identity.

        Raises:
            IdentityMissingError, IdentityFileError: if there is none to open.
            PassphraseWrongError: if the passphrase does not open it.
        """
        return decrypt_identity(self._read_identity_file(), passphrase)

    def _read_identity_file(self) -> bytes:
        try:
            with self.identity_path.open("rb") as file:
                return file.read(MAX_IDENTITY_BYTES + 1)
        except FileNotFoundError:
            raise IdentityMissingError(f"There is no identity in {self.root}.") from None
        except OSError as error:
            raise IdentityFileError(f"The identity file can't be read: {error.strerror}.") from None
