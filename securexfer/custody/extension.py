"""Extensions: a sender's word that one bundle may be kept for longer.

Signed and not sealed: an extension says nothing that the bundle's outside does not say, and all
recipients read the same one. It counts only from one's own register, where an import has put it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from securexfer.custody.retention import entry_instant, find_withdrawn
from securexfer.custody.seal import FindSigner, Opened, read_signed
from securexfer.custody.statement import Instant, Statement
from securexfer.errors import StatementMismatchError
from securexfer.instant import parse_instant
from securexfer.recipe.model import MAX_RETENTION_DAYS

if TYPE_CHECKING:
    from securexfer.custody.register import Entry

MAX_LIFETIME = timedelta(days=MAX_RETENTION_DAYS)


class Extension(Statement):
    """What an extension says.

    Attributes:
        created_at: of the bundle.
        previous_expires_at: until when it might be kept before.
        expires_at: until when it may be kept now: the destroy-by date.
    """

    created_at: Instant
    previous_expires_at: Instant
    expires_at: Instant


@dataclass(frozen=True)
class Granted:
    """An extension that is on record here.

    Attributes:
        signer: fingerprint of whoever granted it.
        expires_at: aware UTC.
    """

    signer: str
    expires_at: datetime


def read_extension(data: bytes, *, find: FindSigner) -> Opened[Extension]:
    """Read an extension and check who signed it, and that it extends, and not beyond all bounds.

    Raises:
        StatementMismatchError: if it does not extend, or beyond ten years from the bundle's making.
        SecurexferError: as `read_signed`.
    """
    opened = read_signed(data, "extension", Extension, find)
    said = opened.statement
    created_at, previous_at, expires_at = (
        parse_instant(text) for text in (said.created_at, said.previous_expires_at, said.expires_at)
    )
    if not created_at <= previous_at < expires_at:
        raise StatementMismatchError("The extension does not extend anything.")
    if expires_at - created_at > MAX_LIFETIME:
        raise StatementMismatchError(
            f"The extension ends more than {MAX_RETENTION_DAYS} days after the bundle was made."
        )
    return opened


def find_granted(entries: Sequence[Entry], bundle_id: str, bundle_sha256: str) -> Iterator[Granted]:
    """Extensions of exactly this bundle that the register holds, oldest first.

    Raises:
        RegisterError: if an entry has no time where it must have one.
    """
    withdrawn = find_withdrawn(entries)
    for entry in entries:
        details = entry.details
        if (
            details.get("statement_id") not in withdrawn
            and entry.event in ("extended", "extension-imported")
            and details["bundle_id"] == bundle_id
            and details["bundle_sha256"] == bundle_sha256
        ):
            signer = details["sender"] if entry.event == "extension-imported" else entry.identity
            yield Granted(signer, entry_instant(entry, "expires_at"))
