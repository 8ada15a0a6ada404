"""Receipts: a recipient's word on what was opened, when, and on what kind of medium it was put."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationError

from securexfer.custody.seal import FindSigner, KeysFor, Opened, open_sealed
from securexfer.custody.statement import (
    Instant,
    Part,
    SealedStatement,
    TableCount,
    Text,
)
from securexfer.recipe.model import MAX_TABLES


class MediumRecord(Part):
    """Where plaintext was put: the kind of medium and its file system, never a path."""

    kind: Annotated[Text, Field(min_length=1)]
    file_system: Text


class Receipt(SealedStatement):
    """What a receipt says.

    Attributes:
        opened_at: when the unpack was begun, by the recipient's clock.
        tables: what was written, and how many rows were found.
        medium: where it was put.
        medium_reason: why it was put there all the same, where a person had to say so.
    """

    opened_at: Instant
    tables: Annotated[list[TableCount], Field(min_length=1, max_length=MAX_TABLES)]
    medium: MediumRecord
    medium_reason: Text | None = None


def open_receipt(data: bytes, *, keys_for: KeysFor, find: FindSigner) -> Opened[Receipt]:
    """Open a receipt and check who signed it.

    Raises:
        SecurexferError: as `open_sealed`.
    """
    return open_sealed(data, "receipt", Receipt, keys_for=keys_for, find=find)


def record_medium(medium: Mapping[str, str]) -> MediumRecord:
    """A medium as a receipt says it; a file system whose name can't be shown is left out."""
    try:
        return MediumRecord(**medium)
    except ValidationError:
        return MediumRecord(kind=medium["kind"], file_system="")
