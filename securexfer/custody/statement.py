"""Statements: what one desk signs for the other, in a small file that travels by e-mail.

Here is what they say; `seal.py` is about who signs them, and who can read them.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from securexfer.crypto.canonical import MAX_INTEGER
from securexfer.errors import OutputError, StatementMissingError
from securexfer.instant import parse_instant
from securexfer.partial import partial_path
from securexfer.place import is_folder
from securexfer.recipe.model import is_table_name

StatementKind = Literal["receipt", "destruction", "extension", "scope-key"]

VERSION = 1
MAX_STATEMENT_BYTES = 1024 * 1024
MAX_TEXT = 500
_STATEMENT_ID_BYTES = 16
_SHORT_ID = 12
NAMES: dict[StatementKind, str] = {
    "receipt": "receipt",
    "destruction": "destruction certificate",
    "extension": "extension",
    "scope-key": "scope key",
}
_SUFFIXES: dict[StatementKind, str] = {
    "receipt": ".receipt",
    "destruction": ".certificate",
    "extension": ".extension",
    "scope-key": ".scope-key",
}


def _check_instant(text: str) -> str:
    parse_instant(text)
    return text


def _check_text(text: str) -> str:
    # They are shown on terminals, to people who judge by them.
    if any(unicodedata.category(c) in {"Cc", "Cf", "Co", "Zl", "Zp"} for c in text):
        raise ValueError("text")
    return text


def _check_table_name(name: str) -> str:
    if not is_table_name(name):
        raise ValueError("table")
    return name


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ShortId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Instant = Annotated[str, AfterValidator(_check_instant)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_check_text)]
TableName = Annotated[str, AfterValidator(_check_table_name)]


class Part(BaseModel):
    """A part of a statement: exact types, and no member that the model does not know."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class TableCount(Part):
    """A table, and how many rows were found in it."""

    name: TableName
    n_rows: Count


class Signed(Part):
    """What every statement says.

    Attributes:
        securexfer_statement: 1.
        statement_id: 16 random bytes (hex): of two statements that look alike, which one it is.
        made_at: when, by the signer's clock.
        register_head: of the signer's register: hash of its last entry, or of the one that the
            statement rests on. Held by others, it shows later whether that register was rewritten.
        tool: name and version of the program that made it.
    """

    securexfer_statement: Annotated[int, Field(ge=VERSION, le=VERSION)]
    statement_id: ShortId
    made_at: Instant
    register_head: Sha256
    tool: Text


class Statement(Signed):
    """What a statement about a bundle says; `bundle_id`, `bundle_sha256`: that one, no other."""

    bundle_id: ShortId
    bundle_sha256: Sha256


class SealedStatement(Statement):
    """What a recipient says to the sender; `addressee`: fingerprint of whom it was sealed to."""

    addressee: Sha256


def new_statement_id() -> str:
    """A fresh number for a statement: 32 hex digits."""
    return os.urandom(_STATEMENT_ID_BYTES).hex()


def tool_name() -> str:
    """Name and version of this program."""
    return f"securexfer {version('securexfer')}"


def statement_name(kind: StatementKind, bundle_id: str, more: str = "") -> str:
    """A neutral file name; `more` tells files about the same bundle apart.

    A scope key is about no bundle; its own number stands in for the id.
    """
    name = "-".join(["sx", bundle_id[:_SHORT_ID], *([more] if more else [])])
    return name + _SUFFIXES[kind]


def choose_name(folder: Path, kind: StatementKind, bundle_id: str) -> str:
    """The first such name that is free in a folder: an unsent statement is never replaced."""
    name, number = statement_name(kind, bundle_id), 1
    while _is_taken(folder / name):
        number += 1
        name = statement_name(kind, bundle_id, str(number))
    return name


def choose_path(output: Path, kind: StatementKind, bundle_id: str) -> Path:
    """Where a statement will be: the path that was given, or under a free name in that folder.

    Raises:
        OutputError: if it is no folder, and does not end as such a file does.
    """
    if is_folder(output):
        return output / choose_name(output, kind, bundle_id)
    suffix = _SUFFIXES[kind]
    if output.suffix != suffix and not os.path.lexists(output):
        # A folder that is not there, or misspelt, must not become a file.
        raise OutputError(
            f"The folder {output} does not exist.",
            hint=f"Create it first. To name the file yourself, end its name in {suffix}.",
        )
    return output


def find_unfinished(
    output: Path, target: Path, kind: StatementKind, bundle_id: str
) -> Iterator[Path]:
    """Statements about a bundle that are not whole yet, where one more is to be written.

    Args:
        output: the file or folder that was given.
        target: what `choose_path` made of it.
        kind: of statement.
        bundle_id: of the bundle.
    """
    if os.path.lexists(partial_path(target)):
        yield partial_path(target)
    if output == target:
        return
    number, name = 1, statement_name(kind, bundle_id)
    while output / name != target:
        if os.path.lexists(partial_path(output / name)):
            yield partial_path(output / name)
        number += 1
        name = statement_name(kind, bundle_id, str(number))


def _is_taken(path: Path) -> bool:
    return os.path.lexists(path) or os.path.lexists(partial_path(path))


def read_statement_file(path: Path) -> bytes:
    """The bytes of a file that somebody sent, no more than a statement can have and one.

    Raises:
        StatementMissingError: if it can't be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise StatementMissingError(f"{path} is not a file.")
        with path.open("rb") as file:
            return file.read(MAX_STATEMENT_BYTES + 1)
    except OSError as error:
        raise StatementMissingError(f"{path} can't be read: {error.strerror}.") from None
