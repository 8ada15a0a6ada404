"""Where the passphrase comes from: the first source in a fixed order that has one.

A source that is named but can't be used is an error, never a reason to try the next: a mistyped
path must not turn into a prompt that nobody sees. The keyring is not named by anybody: where there
is none, the next source is tried; where it is locked or does not answer, a person is told so and
asked, and without a person that is the error.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from securexfer.errors import (
    KeyringAbsentError,
    KeyringError,
    PassphraseMissingError,
    SecretFileError,
)
from securexfer.home.keystore import Keystore

ENVIRONMENT_NAME = "SECUREXFER_PASSPHRASE_FILE"
CREDENTIAL_NAME = "securexfer-passphrase"
FROM_KEYRING = "the keyring"
_GENERATED_BYTES = 24
_MAX_SECRET_BYTES = 4096
_OTHERS_AND_GROUP = 0o077
_OTHERS = 0o007  # systemd's access list for the service's user shows as the group's


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
        keystore: the keyring; None to leave it out.
        tell: tells a person why they are asked although there is a keyring.
    """

    file: Path | None
    environment: Mapping[str, str] = field(repr=False)
    prompt: Callable[[], str] | None = None
    keystore: Keystore | None = field(default_factory=Keystore)
    tell: Callable[[str], None] = lambda _: None

    def passphrase(self, account: str) -> Passphrase:
        """The passphrase for the identity with this fingerprint.

        Args:
            account: fingerprint; "" for an identity that is not there yet, which no keyring knows.

        Raises:
            SecretFileError: if a file is named that can't be used.
            KeyringError: if there is a keyring that can't be used, and nobody to ask.
            PassphraseMissingError: if no source has one.
        """
        if (named := self.from_file()) is not None:
            return named
        failure: KeyringError | None = None
        if account and self.keystore is not None:
            try:
                if stored := self.keystore.read(account):
                    return Passphrase(stored, FROM_KEYRING)
            except KeyringError as error:
                failure = error
        is_absent = isinstance(failure, KeyringAbsentError)
        if self.prompt is not None:
            if failure is not None and not is_absent:
                self.tell(failure.message)
            return Passphrase(self.prompt(), "the terminal")
        if failure is not None and not is_absent:
            raise failure
        why = "there is no keyring here" if is_absent else "the keyring has none"
        if not account or self.keystore is None:
            why = "no keyring was asked"
        raise PassphraseMissingError(
            f"There is no passphrase: no file was named, {why}, and nobody can be asked."
        )

    def has_file(self) -> bool:
        """Whether it is in a file on a disk, so that nobody is asked, and nothing waited for."""
        named = self.file or self.environment.get(ENVIRONMENT_NAME)
        if not named and (folder := self.environment.get("CREDENTIALS_DIRECTORY")):
            named = Path(folder) / CREDENTIAL_NAME
        # Not a pipe, from which a passphrase can take its time. What can't be looked at is told of
        # by whoever reads it.
        return os.path.isfile(named or "")  # noqa: PTH113 - raises nothing

    def from_file(self) -> Passphrase | None:
        """The passphrase from the first file that is named, or None if none is.

        Raises:
            SecretFileError: if a file is named that can't be used.
        """
        if self.file is not None:
            return Passphrase(read_secret(self.file), "--passphrase-file")
        if named := self.environment.get(ENVIRONMENT_NAME):
            return Passphrase(read_secret(Path(named)), ENVIRONMENT_NAME)
        if folder := self.environment.get("CREDENTIALS_DIRECTORY"):
            credential = Path(folder) / CREDENTIAL_NAME
            if _is_there(credential):
                text = read_secret(credential, others=_OTHERS)
                return Passphrase(text, "the service's credentials")
        return None


def generate_passphrase() -> str:
    """A passphrase for a keyring to keep and nobody to type: 192 random bits."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise SecretFileError(
            f"The service's credential can't be read: {error.strerror}."
        ) from None


def read_secret(path: Path, *, others: int = _OTHERS_AND_GROUP) -> str:
    """The one line of text in a file that nobody else may read.

    Args:
        path: the file, or a pipe.
        others: the bits of its mode that must not be set.

    Raises:
        SecretFileError: if it can't be used. The text never quotes the file.
    """
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
