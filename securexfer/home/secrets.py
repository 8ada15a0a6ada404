"""Where the passphrase comes from: the first source in a fixed order that has one.

A source that is named but can't be used is an error, never a reason to try the next: a mistyped
path must not turn into a prompt that nobody sees.
"""

from __future__ import annotations

import os
import queue
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from securexfer.errors import PassphraseMissingError, SecretFileError

ENVIRONMENT_NAME = "SECUREXFER_PASSPHRASE_FILE"
CREDENTIAL_NAME = "securexfer-passphrase"
KEYRING_SERVICE = "securexfer"
KEYRING_SECONDS = 10.0
_MAX_SECRET_BYTES = 4096
_OTHERS_AND_GROUP = 0o077
_OTHERS = 0o007  # systemd's access list for the service's user shows as the group's
# They store in plaintext, or nowhere.
_REFUSED_BACKENDS = ("keyrings.alt.", "keyring.backends.null", "keyring.backends.fail")


@dataclass(frozen=True)
class Passphrase:
    """A passphrase and where it came from; `repr` shows the latter only."""

    text: str = field(repr=False)
    source: str


@dataclass(frozen=True)
class SecretSource:
    """The places to look, handed in by the command line.

    Attributes:
        file: `--passphrase-file`.
        environment: the process's environment.
        prompt: asks a person; None where there is nobody to ask.
    """

    file: Path | None
    environment: Mapping[str, str] = field(repr=False)
    prompt: Callable[[], str] | None = None

    def passphrase(self, account: str) -> Passphrase:
        """The passphrase for the identity with this fingerprint.

        Raises:
            SecretFileError: if a file is named that can't be used.
            PassphraseMissingError: if no source has one.
        """
        if self.file is not None:
            return Passphrase(_read_secret(self.file), "--passphrase-file")
        if named := self.environment.get(ENVIRONMENT_NAME):
            return Passphrase(_read_secret(Path(named)), ENVIRONMENT_NAME)
        if folder := self.environment.get("CREDENTIALS_DIRECTORY"):
            credential = Path(folder) / CREDENTIAL_NAME
            if _is_there(credential):
                text = _read_secret(credential, others=_OTHERS)
                return Passphrase(text, "the service's credentials")
        if account and (stored := _read_keyring(account)):
            return Passphrase(stored, "the keyring")
        if self.prompt is not None:
            return Passphrase(self.prompt(), "the terminal")
        raise PassphraseMissingError(
            "There is no passphrase: no file was named, the keyring has none, and nobody can be "
            "asked."
        )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise SecretFileError(
            f"The service's credential can't be read: {error.strerror}."
        ) from None


def _read_secret(path: Path, *, others: int = _OTHERS_AND_GROUP) -> str:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and os.name == "posix":
                if status.st_mode & others:
                    raise SecretFileError(f"The passphrase file {path} can be read by others.")
                if status.st_uid not in (0, os.geteuid()):
                    raise SecretFileError(f"The passphrase file {path} belongs to somebody else.")
            data = file.read(_MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise SecretFileError(
            f"The passphrase file {path} can't be read: {error.strerror}."
        ) from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretFileError(f"The passphrase file {path} is not UTF-8 text.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(data) > _MAX_SECRET_BYTES or "\n" in text:
        raise SecretFileError(f"The passphrase file {path} does not hold one line of text.")
    return text


def _read_keyring(account: str) -> str | None:
    """The stored passphrase; None where there is no keyring, or none that can be trusted.

    In a thread of its own, because a keyring may wait for a window that nobody sees.
    """
    answers: queue.Queue[str | None] = queue.Queue()

    def ask() -> None:
        try:
            import keyring

            backend = keyring.get_keyring()
            # A chain asks each of its parts in turn: leave it only those that can be trusted.
            for part in getattr(backend, "backends", [backend]):
                kind = f"{type(part).__module__}.{type(part).__name__}"
                stored = None
                if not kind.startswith(_REFUSED_BACKENDS):
                    stored = part.get_password(KEYRING_SERVICE, account)
                if stored:
                    answers.put(stored)
                    return
            answers.put(None)
        except Exception:  # backends raise anything; all of it means: not from here
            answers.put(None)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=KEYRING_SECONDS)
    except queue.Empty:
        return None
