"""The keyring of the operating system, trusted no further than it can be checked.

Its backends come from elsewhere and differ: one stores in plaintext, one says that it stored and
did not, one waits for ever for a window that nobody sees. So each call has a time limit, each thing
that was stored is read back, and backends that keep no secret are refused by name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from securexfer.errors import (
    KeyringAbsentError,
    KeyringBlockedError,
    KeyringError,
    KeyringForgetfulError,
    KeyringLockedError,
    KeyringNullError,
    KeyringPlaintextError,
    SecurexferError,
)

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "securexfer"
SECONDS = 10.0
# Where a new passphrase waits until the identity file has been written under it.
_NEXT = "/next"
# What a service that is there raises where nobody unlocked it; by name, for each backend has its
# own classes and most of them can't be imported here.
_LOCKED = ("KeyringLocked", "InitError", "LockedException", "PromptDismissedException")
_ABSENT = ("NoKeyringError", "SecretServiceNotAvailableException", "RuntimeError")

T = TypeVar("T")


@dataclass(frozen=True)
class Keystore:
    """The keyring of whoever is logged in.

    Attributes:
        accepts_insecure: take backends that store in plaintext too, because a person said so.
        seconds: how long one call may take.
    """

    accepts_insecure: bool = False
    seconds: float = SECONDS

    def describe(self) -> str:
        """Which keyring it is: the names of its backends that may be used.

        Raises:
            KeyringError: if there is none, or it can't be loaded.
        """

        def name() -> str:
            kinds = [type(backend) for backend in self._backends()]
            return ", ".join(f"{kind.__module__}.{kind.__name__}" for kind in kinds)

        return self._call("loaded", name)

    def read(self, account: str) -> str | None:
        """What is stored for an account, or None.

        Raises:
            KeyringError: if there is no keyring that can be asked, or it does not answer.
        """

        def ask() -> str | None:
            for backend in self._backends():
                if stored := backend.get_password(SERVICE, account):
                    return stored
            return None

        return self._call("read", ask)

    def store(self, account: str, secret: str) -> None:
        """Store a secret, and read it back.

        Raises:
            KeyringError: if it was not stored, or is not what the keyring gives back.
        """

        def tell() -> str | None:
            backend = next(self._backends())
            backend.set_password(SERVICE, account, secret)
            return backend.get_password(SERVICE, account)

        if self._call("written", tell) != secret:
            raise KeyringForgetfulError("The keyring did not give back what was stored in it.")

    def remove(self, account: str) -> None:
        """Remove what is stored for an account, if anything is.

        Raises:
            KeyringError: if that fails.
        """

        def tell() -> None:
            for backend in self._backends():
                if backend.get_password(SERVICE, account) is not None:
                    backend.delete_password(SERVICE, account)

        self._call("changed", tell)

    def replace(self, account: str, secret: str, change: Callable[[], None]) -> None:
        """Store a new secret around the change that makes it valid.

        Whenever this is cut off, one of the two that `read` and `read_next` give is the valid one.

        Args:
            account: whose.
            secret: the new one.
            change: makes it valid, wholly or not at all.

        Raises:
            KeyringError: if it could not be stored; then nothing was changed. If it was changed and
                could not be stored in its final place, `read_next` still has it.
        """
        self.store(account + _NEXT, secret)
        change()
        self.settle(account, secret)

    def settle(self, account: str, secret: str) -> None:
        """Put the new secret of a `replace` that changed what it was to change in its place.

        Raises:
            KeyringError: if that fails; `read_next` still has it.
        """
        self.store(account, secret)
        self.remove(account + _NEXT)

    def read_next(self, account: str) -> str | None:
        """The new secret of a `replace` that was cut off, or None.

        Raises:
            KeyringError: as `read`.
        """
        return self.read(account + _NEXT)

    def _backends(self) -> Iterator[KeyringBackend]:
        """Those that may be trusted; at least one."""
        import keyring

        backend = keyring.get_keyring()
        # A chain asks each of its parts in turn: leave it only those that can be trusted.
        parts = list(getattr(backend, "backends", [backend]))
        refusals = [self._refuse(part) for part in parts]
        if parts and None in refusals:
            yield from (part for part, no in zip(parts, refusals, strict=True) if no is None)
            return
        # Plaintext can be agreed to, so that is said where anything may be said.
        plain = [no for no in refusals if isinstance(no, KeyringPlaintextError)]
        raise next((no for no in (*plain, *refusals) if no), _absent())

    def _refuse(self, backend: KeyringBackend) -> KeyringError | None:
        """Why a backend may not be used; its parents tell too, whatever it is called."""
        kinds = [f"{kind.__module__}.{kind.__name__}" for kind in type(backend).__mro__]
        if any(kind.startswith("keyring.backends.fail.") for kind in kinds):
            return _absent()
        if any(kind.startswith("keyring.backends.null.") for kind in kinds):
            return KeyringNullError(f"The keyring {kinds[0]} stores nothing.")
        if not self.accepts_insecure and any(_is_plaintext(kind) for kind in kinds):
            return KeyringPlaintextError(
                f"The keyring {kinds[0]} keeps secrets in files that others may read, and is not "
                "used."
            )
        return None

    def _call(self, what: str, call: Callable[[], T]) -> T:
        """Call the keyring in a thread of its own, because it may never come back."""
        answer: Future[T] = Future()

        def ask() -> None:
            try:
                answer.set_result(call())
            except SecurexferError as error:
                answer.set_exception(error)
            except BaseException as error:  # backends raise anything, and their texts may quote
                answer.set_exception(_translate(error, what))

        threading.Thread(target=ask, daemon=True).start()
        try:
            return answer.result(timeout=self.seconds)
        except TimeoutError:
            raise KeyringBlockedError(
                f"The keyring did not answer within {self.seconds:g} seconds."
            ) from None


def _is_plaintext(kind: str) -> bool:
    return kind.startswith("keyrings.alt.") or "plaintext" in kind.lower()


def _absent() -> KeyringAbsentError:
    return KeyringAbsentError("There is no keyring here.")


def _translate(error: BaseException, what: str) -> KeyringError:
    """Our error for whatever a backend raised; nothing of its text."""
    kind = type(error).__name__
    if kind in _LOCKED:
        return KeyringLockedError("The keyring is locked, and nobody unlocked it.")
    if kind in _ABSENT or isinstance(error, ConnectionError | FileNotFoundError):
        return _absent()
    if isinstance(error, ImportError | AttributeError):
        return KeyringError("The keyring that is configured can't be loaded.")
    return KeyringError(f"The keyring can't be {what} ({kind}).")
