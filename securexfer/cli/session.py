"""One run of a command: its home, its secrets, its clock, put together from the outside world."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securexfer.cli.console import Console
from securexfer.cli.options import config_of, settings_of
from securexfer.cli.progress import ConsoleReporter
from securexfer.cli.stopping import hear_stop
from securexfer.instant import system_clock

if TYPE_CHECKING:
    from securexfer.bundle.sender import FindSender
    from securexfer.crypto.card import Card
    from securexfer.crypto.identity import Identity
    from securexfer.custody.register import Register
    from securexfer.errors import SecurexferError
    from securexfer.filing import Cabinet
    from securexfer.home.config import Config
    from securexfer.home.contacts import Contact, ContactBook
    from securexfer.home.desk import Desk
    from securexfer.home.keystore import Keystore
    from securexfer.home.secrets import Passphrase, SecretSource
    from securexfer.medium.medium import Medium
    from securexfer.planning import SharedScope
    from securexfer.recipe.model import Recipe
    from securexfer.ring import Ring
    from securexfer.verifying import Verified


class Session:
    """What commands work with. Heavy rooms are imported when first asked for."""

    def __init__(self, console: Console, passphrase_file: Path | None = None) -> None:
        self.console = console
        self.clock = system_clock
        self._passphrase_file = passphrase_file
        self._why_asked = ""
        self._accepts_insecure = False
        self._early: Callable[[], tuple[Identity, Passphrase]] | None = None

    @classmethod
    def current(cls, passphrase_file: Path | None = None) -> Session:
        """The session of the command that is running."""
        return cls(Console(settings_of(click.get_current_context())), passphrase_file)

    def reporter(self) -> ConsoleReporter:
        """Progress for this terminal, if it is one."""
        return ConsoleReporter(self.console)

    @cached_property
    def desk(self) -> Desk:
        """This home."""
        from securexfer.home.desk import Desk
        from securexfer.home.folder import default_root

        return Desk(self.console.settings.home or default_root())

    @cached_property
    def config(self) -> Config:
        """Settings from files and the environment, each with its source."""
        return config_of(click.get_current_context())

    @cached_property
    def contacts(self) -> ContactBook:
        """This home's contacts."""
        from securexfer.home.contacts import ContactBook

        return ContactBook(self.desk.contacts_path)

    @cached_property
    def register(self) -> Register:
        """This home's register."""
        from securexfer.custody.register import Actor, Register

        return Register(self.desk.register_path, Actor(_user(), socket.gethostname()))

    @property
    def identity(self) -> Identity:
        """This home's identity, unlocked; asks for the passphrase at most once."""
        return self._opened[0]

    @property
    def passphrase(self) -> Passphrase:
        """The passphrase that opens this home's identity, from wherever it comes."""
        return self._opened[1]

    def unlock_early(self) -> None:
        """Open the identity while the command is still being loaded, where nobody must be asked.

        Whatever fails, fails when the identity is asked for.
        """
        from securexfer.ahead import begin

        source = self.secrets()
        if not source.has_file():
            return
        sources: list[str] = []
        opened = begin(lambda: self._unlock(source, sources.append))

        def unlock() -> tuple[Identity, Passphrase]:
            try:
                return opened()
            finally:
                for found in sources:
                    self._tell_source(found)

        self._early = unlock

    @cached_property
    def _opened(self) -> tuple[Identity, Passphrase]:
        if self._early is not None:
            return self._early()
        return self._unlock(self.secrets(), self._tell_source)

    def _unlock(
        self, source: SecretSource, hear_source: Callable[[str], None]
    ) -> tuple[Identity, Passphrase]:
        from securexfer.home.unlocking import unlock

        return unlock(self.desk, source, hear_source=hear_source)

    def _tell_source(self, source: str) -> None:
        self.console.detail(f"Passphrase from {source}.")

    @cached_property
    def keystore(self) -> Keystore:
        """The keyring of whoever is logged in."""
        from securexfer.home.keystore import Keystore

        accepts = self._accepts_insecure or self.config.insecure_keyring
        return Keystore(accepts_insecure=accepts)

    def accept_insecure_keyring(self) -> None:
        """Take a keyring that stores in plaintext, in this run."""
        self._accepts_insecure = True

    def remember_insecure_keyring(self) -> None:
        """Take it from now on: it has worked."""
        from securexfer.home.config import remember

        remember(self.desk.root, "insecure_keyring", True)

    def secrets(self, *, twice: bool = False) -> SecretSource:
        """Where the passphrase comes from; `twice` when a new one is being chosen."""
        from securexfer.home.secrets import SecretSource

        def prompt() -> str:
            if self._why_asked:
                self.console.note(self._why_asked)
            return self.console.ask_secret("Passphrase of the identity", twice=twice)

        return SecretSource(
            file=self._passphrase_file,
            environment=os.environ,
            prompt=prompt if self.console.can_ask() else None,
            keystore=self.keystore,
            tell=self.console.note,
        )

    @contextmanager
    def verified(
        self, bundle: Path, reporter: ConsoleReporter, *, older: bool = False, record: bool = False
    ) -> Iterator[Verified]:
        """A bundle that passed every check, for this identity; `record` a refusal if told so."""
        from securexfer.verifying import verify

        with verify(
            bundle,
            self.find_sender(),
            lambda: self.identity,
            self.register,
            clock=self.clock,
            reporter=reporter,
            older=older,
            hear_refusal=partial(self._record_refusal, reporter) if record else None,
        ) as verified:
            yield verified

    def _record_refusal(
        self, reporter: ConsoleReporter, error: SecurexferError, claims: Mapping[str, str]
    ) -> None:
        """Record that a bundle was refused. Whatever comes of that, the refusal is told next."""
        from securexfer.custody.refusal import is_refusal, record_refusal
        from securexfer.errors import SecurexferError

        # A judgement that an interrupted library came to is none, and an entry is there for good.
        hear_stop()
        if not is_refusal(error):
            return
        reporter.rest()
        self._why_asked = f"{error.message} To record that, your passphrase is needed."
        try:
            record_refusal(self.register, self.identity, error, claims, self.clock())
        except (Exception, KeyboardInterrupt) as failure:
            # All of them: nothing may stand between a person and the refusal.
            why = f" {failure.message}" if isinstance(failure, SecurexferError) else ""
            self.console.note(f"This refusal is not in the register.{why}")

    def find_sender(self) -> FindSender:
        """Look-up of pinned senders, oneself included."""
        from securexfer.verifying import pinned_senders

        card = self.own_card()
        return pinned_senders(self.contacts.list(), card, self.own_former(card))

    def own_former(self, card: Card | None) -> Sequence[Card]:
        """Cards that this home's own follows, as its register proves."""
        from securexfer.custody.succession import former_cards

        if card is None or not card.previous_fingerprint:
            return ()
        return former_cards(card, self.register.entries())

    @cached_property
    def cabinet(self) -> Cabinet:
        """Where statements of others are filed in this home; opens the identity."""
        from securexfer.filing import Cabinet

        return Cabinet(
            self.identity, self.find_sender(), self.register, self.desk.receipts_path, self.clock
        )

    @cached_property
    def ring(self) -> Ring:
        """Scope keys that colleagues shared."""
        from securexfer.ring import Ring

        return Ring(
            self.register, self.desk.scope_keys_path, self.find_sender(), lambda: self.identity
        )

    def find_shared(
        self, recipe: Recipe, recipients: Sequence[Contact], sha256: str | None = None
    ) -> SharedScope | None:
        """A colleague's scope key: the one that a bundle's entry names, or the present one."""
        if sha256 is not None:
            return self.ring.find_again(sha256) if sha256 else None
        return self.ring.find(recipe, recipients)

    def find_contacts(self, names: Sequence[str]) -> list[Contact]:
        """Contacts by their names, each once.

        Raises:
            ContactUnknownError: if one is not there.
            IdentityMissingError: if there is no identity either: perhaps it is the wrong home.
        """
        from securexfer.errors import ContactUnknownError

        try:
            return [self.contacts.get(name) for name in dict.fromkeys(names)]
        except ContactUnknownError:
            self.desk.own_card()
            raise

    def own_card(self) -> Card | None:
        """This home's card, or None where there is no identity yet."""
        from securexfer.errors import IdentityMissingError

        try:
            return self.desk.own_card()
        except IdentityMissingError:
            return None

    def warn_of_cards(self, contacts: Sequence[Contact] = ()) -> None:
        """Say which cards will soon be of no use: one's own, and those of contacts."""
        from securexfer.cli.card import remark_on_cards

        cards = {contact.name: contact.card for contact in contacts}
        for remark in remark_on_cards(self.own_card(), cards, self.clock()):
            self.console.note(remark)

    def warn_of_memory(self, carrier: Medium, path: Path) -> None:
        """Say how to be sure of a drive that was read back from memory, perhaps."""
        from securexfer.medium.medium import Kind

        if carrier.kind is Kind.REMOVABLE and not carrier.is_read_anew:
            self.console.note(
                "This system may have read the bundle back from its memory. To be sure of the "
                f"drive, plug it in again and run: securexfer verify --outside {path}"
            )

    def contact_name(self, fingerprint: str) -> str:
        """The local name of a fingerprint, for people."""
        contacts: list[Contact] = self.contacts.list()
        for contact in contacts:
            if contact.fingerprint == fingerprint:
                return contact.name
        own = self.own_card()
        if own is not None and fingerprint in (
            own.fingerprint,
            *(card.fingerprint for card in self.own_former(own)),
        ):
            return f"{own.name} (this identity)"
        return "not among the contacts here"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
