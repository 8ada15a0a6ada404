"""The Python interface: the steps of the command line, for programs and notebooks.

Nothing is asked for, printed or read from the environment. Whatever fails raises a
`SecurexferError`, whose class, `code` and `exit_code` are those of the command line.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from securexfer.bundle.outside import Outside
from securexfer.bundle.sender import FindSender
from securexfer.crypto.card import Card
from securexfer.crypto.identity import Identity
from securexfer.custody.refusal import is_refusal, record_refusal
from securexfer.custody.register import Actor, Register
from securexfer.custody.succession import former_cards
from securexfer.errors import SecurexferError
from securexfer.home.contacts import Contact, ContactBook
from securexfer.home.desk import Desk
from securexfer.instant import Clock, system_clock
from securexfer.opening import OpenedBundle
from securexfer.order import PackOrder
from securexfer.packing import PackResult
from securexfer.packing import pack as pack_bundle
from securexfer.planning import Input, SharedScope, open_extracts
from securexfer.privacy.compression import Effort
from securexfer.privacy.heap import give_back
from securexfer.recipe.model import Recipe
from securexfer.recipe.reading import read_recipe
from securexfer.reporting import Reporter, SilentReporter
from securexfer.ring import Ring
from securexfer.unpacking import UnpackResult
from securexfer.unpacking import unpack as unpack_bundle
from securexfer.verifying import Verified, check_tables, pinned_senders
from securexfer.verifying import inspect as inspect_bundle
from securexfer.verifying import verify as verify_bundle

AnyPath: TypeAlias = str | PathLike[str]
PROGRAM = "python"


@dataclass(frozen=True, repr=False)
class LoadedIdentity:
    """An identity with its desk: keys, contacts, register. `repr` shows no key of it.

    Attributes:
        card: the public half.
        home: the folder.
        contacts: pinned cards, by local name.
        register: the log.
        clock: now.
        reporter: hears of progress.
    """

    card: Card
    home: Path
    contacts: ContactBook
    register: Register
    clock: Clock
    reporter: Reporter
    _identity: Identity = field(repr=False)

    def __repr__(self) -> str:
        return f"<identity {self.card.name!r}, {self.fingerprint[:16]}, in {self.home}>"

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits."""
        return self.card.fingerprint

    def _find_sender(self) -> FindSender:
        former = former_cards(self.card, self.register.entries())
        return pinned_senders(self.contacts.list(), self.card, former)

    def _find_shared(self, recipe: Recipe, recipients: Sequence[Contact]) -> SharedScope | None:
        folder = Desk(self.home).scope_keys_path
        ring = Ring(self.register, folder, self._find_sender(), lambda: self._identity)
        return ring.find(recipe, recipients)

    def _hear_refusal(self, error: SecurexferError, claims: Mapping[str, str]) -> None:
        # Whatever comes of recording it, the refusal itself is what the caller hears of.
        if is_refusal(error):
            with suppress(SecurexferError):
                record_refusal(self.register, self._identity, error, claims, self.clock())


def load_identity(
    home: AnyPath,
    passphrase: str,
    *,
    clock: Clock = system_clock,
    reporter: Reporter | None = None,
    user: str = PROGRAM,
) -> LoadedIdentity:
    """Unlock the identity of a home.

    Args:
        home: the folder that `securexfer identity create` made.
        passphrase: of the identity. Take it from where your programs have their secrets.
        clock: now, as an aware datetime in UTC.
        reporter: hears of progress and of notes; silent without one.
        user: who acts, for the register.

    Raises:
        IdentityMissingError, IdentityFileError: if there is none to open.
        PassphraseWrongError: if the passphrase does not open it.
    """
    desk = Desk(Path(home))
    identity = desk.unlock(passphrase)
    return LoadedIdentity(
        card=identity.card,
        home=desk.root,
        contacts=ContactBook(desk.contacts_path),
        register=Register(desk.register_path, Actor(user, socket.gethostname())),
        clock=clock,
        reporter=reporter or SilentReporter(),
        _identity=identity,
    )


def pack(
    inputs: Mapping[str, AnyPath],
    recipe: AnyPath,
    to: Sequence[str],
    output: AnyPath,
    identity: LoadedIdentity,
    *,
    if_found: str = "",
    force: bool = False,
    own_tokens: bool = False,
    compress: Effort = "auto",
) -> PackResult:
    """Minimise extracts, encrypt them to contacts, sign and record: as `securexfer pack`.

    Args:
        inputs: the extract of each table of the recipe, by the table's name.
        recipe: path of the recipe.
        to: local names of contacts.
        output: the drive's folder, or a path that ends in .zip.
        identity: whose it is.
        if_found: whom a finder should call; stands in clear on the bundle.
        force: replace a file that is there.
        own_tokens: make tokens of your own, although a colleague's scope key is here.
        compress: how hard: `auto`, as the drive's speed allows; `fast`; or `small`.

    Raises:
        SecurexferError: for any reason not to; then nothing is left under the final name.
    """
    recipe_file = read_recipe(Path(recipe))
    recipients = [identity.contacts.get(name) for name in dict.fromkeys(to)]
    order = PackOrder(
        *(recipe_file, recipients, Path(output), force, if_found),
        own_tokens=own_tokens,
        effort=compress,
    )
    listed = [Input(table, Path(path)) for table, path in inputs.items()]
    if not own_tokens:
        shared = identity._find_shared(recipe_file.recipe, recipients)
        order = replace(order, shared=shared)
    try:
        with open_extracts(recipe_file.recipe, listed, None, identity.reporter) as opened:
            return pack_bundle(
                order,
                opened,
                identity._identity,
                identity.register,
                clock=identity.clock,
                reporter=identity.reporter,
            )
    finally:
        give_back()  # whoever called goes on


def inspect(bundle: AnyPath) -> Outside:
    """What anyone who finds a bundle can see: well-formed, and nobody's word for it.

    Raises:
        BundleFormatError, BundleAlteredError: if it is not a whole bundle.
    """
    with inspect_bundle(Path(bundle), SilentReporter()) as outside:
        return outside


def verify(bundle: AnyPath, identity: LoadedIdentity, *, older: bool = False) -> Verified:
    """Make every check that `unpack` makes, tables included, and write nothing.

    Args:
        bundle: its path.
        identity: one of its recipients.
        older: accept a bundle that is older than one opened here before.

    Raises:
        SecurexferError: the first check that does not hold.
    """
    with ExitStack() as stack:
        verified = _verified(bundle, identity, stack, older=older, record=False)
        check_tables(verified, identity.reporter)
        return verified


def unpack(
    bundle: AnyPath,
    folder: AnyPath,
    identity: LoadedIdentity,
    *,
    tables: Sequence[str] = (),
    keep_compressed: bool = False,
    escape_formulas: bool = False,
    medium_reason: str | None = None,
    force: bool = False,
    older: bool = False,
) -> UnpackResult:
    """Verify a bundle and write its tables and a receipt for the sender, all of them or none.

    Args:
        bundle: its path.
        folder: where to; made if it is not there.
        identity: one of its recipients.
        tables: only these; all if there are none.
        keep_compressed: write `TABLE.csv.gz`.
        escape_formulas: put an apostrophe before whatever a spreadsheet would run.
        medium_reason: why plaintext may be on a removable or network medium; None: it may not.
        force: replace files that are there.
        older: accept a bundle that is older than one opened here before.

    Raises:
        SecurexferError: for any reason not to; then no table is left behind.
    """
    with ExitStack() as stack:
        verified = _verified(bundle, identity, stack, older=older, record=True)
        return unpack_bundle(
            verified,
            Path(folder),
            identity._identity,
            identity.register,
            clock=identity.clock,
            reporter=identity.reporter,
            tables=tables,
            keep_compressed=keep_compressed,
            force=force,
            escape_formulas=escape_formulas,
            medium_reason=medium_reason,
        )


def open_bundle(bundle: AnyPath, identity: LoadedIdentity, *, older: bool = False) -> OpenedBundle:
    """Verify a bundle, to read its tables in memory: nothing is written but the register.

    `open_bundle(path, identity).table("offenders").frame()` is a polars frame. Use it in a `with`
    statement, or call `close`. No receipt is made; the sender learns of `unpack` only.

    Args:
        bundle: its path.
        identity: one of its recipients.
        older: accept a bundle that is older than one opened here before.

    Raises:
        SecurexferError: the first check that does not hold.
    """
    stack = ExitStack()
    verified = _verified(bundle, identity, stack, older=older, record=True)
    return OpenedBundle(
        verified,
        identity._identity,
        identity.register,
        clock=identity.clock,
        reporter=identity.reporter,
        close=stack.close,
    )


def _verified(
    bundle: AnyPath, identity: LoadedIdentity, stack: ExitStack, *, older: bool, record: bool
) -> Verified:
    """A bundle that passed every check, open until the stack is closed."""
    return stack.enter_context(
        verify_bundle(
            Path(bundle),
            identity._find_sender(),
            lambda: identity._identity,
            identity.register,
            clock=identity.clock,
            reporter=identity.reporter,
            older=older,
            hear_refusal=identity._hear_refusal if record else None,
        )
    )
