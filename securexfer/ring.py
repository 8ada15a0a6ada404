"""The ring: the scope keys that a home has from colleagues, and the one that a run needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securexfer.bundle.sender import FindSender
from securexfer.crypto.identity import Identity
from securexfer.custody.register import Entry, Register
from securexfer.custody.scope import find_imported, imported_scope, open_scope_key
from securexfer.custody.statement import read_statement_file
from securexfer.errors import ScopeKeyError, SecurexferError
from securexfer.home.contacts import Contact
from securexfer.matching import find_keys
from securexfer.planning import SharedScope
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.recipe.model import Recipe
from securexfer.scoping import check_imported, find_file, scope_of


@dataclass(frozen=True)
class Ring:
    """The scope keys of one home, and what they are held against.

    Attributes:
        register: says which were imported.
        folder: keeps the files as they came.
        find_sender: looks up contacts by fingerprint.
        unlock: opens the identity; called only where a key is to be opened.
    """

    register: Register
    folder: Path
    find_sender: FindSender
    unlock: Callable[[], Identity] = field(repr=False)

    def find(self, recipe: Recipe, recipients: Sequence[Contact]) -> SharedScope | None:
        """The key that a colleague shared for these recipients, or None.

        Raises:
            ScopeKeyError: if one was imported that can't be used any more.
            SenderRevokedError: if it is from somebody whose keys were revoked.
        """
        if recipe.pseudonyms.linkage != "agreement":
            return None
        known = find_imported(self.register.entries(), scope_of(recipe, recipients))
        return None if known is None else self.open(known)

    def check(self, recipe: Recipe, recipients: Sequence[Contact]) -> None:
        """As `find`, as far as can be seen without unlocking anything.

        Raises:
            ScopeKeyError, ScopeKeyOtherError, SenderRevokedError: if `pack` would.
        """
        entries = self.register.entries()
        check_imported(recipe, recipients, entries, self.folder, self.find_sender)

    def find_again(self, statement_sha256: str) -> SharedScope:
        """The key that a bundle was packed with, as its entry names it.

        Raises:
            ScopeKeyError, SenderRevokedError: as `find`.
        """
        for entry in self.register.entries():
            if imported_scope(entry) and entry.details["statement_sha256"] == statement_sha256:
                return self.open(entry)
        raise ScopeKeyError("The register does not know the scope key of that bundle.")

    def open(self, known: Entry) -> SharedScope:
        """The key that an entry tells of.

        Raises:
            ScopeKeyError, SenderRevokedError: as `find`.
        """
        path = find_file(known, self.folder, self.find_sender)
        try:
            opened = open_scope_key(
                read_statement_file(path),
                keys_for=self.unlock().keys_for,
                find=find_keys(self.find_sender),
            )
        except SecurexferError as error:
            raise ScopeKeyError(
                f"The file of the scope key for these recipients, {path}, can't be used: "
                f"{error.message}"
            ) from None
        if (opened.sha256, opened.signer) != (
            known.details["statement_sha256"],
            known.details["signer"],
        ):
            raise ScopeKeyError(f"The file {path} is not the scope key that was imported.")
        return SharedScope(ScopeKey(opened.statement.key_bytes), opened.sha256)
