"""Destruction certificates: a recipient's word that what was unpacked has been deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError

from securexfer.crypto.keys import PrivateKeys, PublicKeys
from securexfer.custody.seal import FindSigner, KeysFor, Opened, open_sealed, seal_statement
from securexfer.custody.statement import (
    VERSION,
    Count,
    Instant,
    Part,
    SealedStatement,
    Sha256,
    ShortId,
    TableCount,
    Text,
    new_statement_id,
)
from securexfer.errors import RegisterError
from securexfer.instant import format_instant
from securexfer.recipe.model import MAX_TABLES

if TYPE_CHECKING:
    from securexfer.custody.register import Entry

MAX_OPENINGS = 4000
REMARK = (
    "This counts the files that securexfer wrote here, and no others: it knows nothing of copies "
    "made elsewhere. Flash drives can keep old blocks until they are overwritten."
)


class Opening(Part):
    """One unpack whose files are gone: when it was, and the number of its receipt."""

    opened_at: Instant
    statement_id: ShortId


class Destruction(SealedStatement):
    """What a destruction certificate says.

    Attributes:
        destroyed_at: when, by the recipient's clock.
        n_removed: files deleted, of which `n_changed` were not as they had been written.
        n_missing: files that were not there any more.
        tables: what was in them, each table once.
        openings: the unpacks that wrote them, oldest first.
        remark: what the certificate does not cover.
    """

    destroyed_at: Instant
    n_removed: Count
    n_changed: Count
    n_missing: Count
    tables: Annotated[list[TableCount], Field(max_length=MAX_TABLES)]
    openings: Annotated[list[Opening], Field(max_length=MAX_OPENINGS)]
    remark: Text


def open_destruction(data: bytes, *, keys_for: KeysFor, find: FindSigner) -> Opened[Destruction]:
    """Open a destruction certificate and check who signed it.

    Raises:
        SecurexferError: as `open_sealed`.
    """
    return open_sealed(data, "destruction", Destruction, keys_for=keys_for, find=find)


class Account(Part):
    """What a `destroyed` entry of the register says about one bundle, to be certified from.

    Attributes:
        sender: fingerprint of whoever signed the bundle.
        statement_id: the number that the certificate has, however often it is made.
        bundle_sha256, n_removed, n_changed, n_missing, tables, openings: as in the certificate.
    """

    sender: Sha256
    statement_id: ShortId
    bundle_sha256: Sha256
    n_removed: Count
    n_changed: Count
    n_missing: Count
    tables: Annotated[list[TableCount], Field(max_length=MAX_TABLES)]
    openings: Annotated[list[Opening], Field(max_length=MAX_OPENINGS)]


def draft_accounts(unpacks: Sequence[Entry]) -> list[Account]:
    """Accounts of unpacks whose files are about to go; nothing is counted yet.

    One for each bundle, not for each id: whoever is malicious can give theirs the id of another.

    Raises:
        RegisterError: if an entry is damaged.
    """
    senders: dict[str, str] = {}
    tables: dict[str, dict[str, TableCount]] = {}
    openings: dict[str, list[Opening]] = {}
    for entry in unpacks:
        details = entry.details
        if not {"bundle_sha256", "sender"} <= details.keys():
            continue  # nobody to certify to
        digest = details["bundle_sha256"]
        senders[digest] = details["sender"]
        if entry.event != "unpacked":
            continue
        try:
            for table in details.get("tables", ()):
                counted = TableCount(name=table["name"], n_rows=table["n_rows"])
                tables.setdefault(digest, {})[counted.name] = counted
            if receipt := details.get("receipt"):
                opening = {name: receipt[name] for name in Opening.model_fields}
                openings.setdefault(digest, []).append(Opening(**opening))
        except (ValidationError, KeyError, TypeError):
            raise RegisterError(f"Entry {entry.number} of the register is damaged.") from None
    try:
        return [
            Account(
                sender=sender,
                statement_id=new_statement_id(),
                bundle_sha256=digest,
                n_removed=0,
                n_changed=0,
                n_missing=0,
                tables=list(tables.get(digest, {}).values()),
                # As many as fit; nobody unpacks one bundle so often.
                openings=openings.get(digest, [])[-MAX_OPENINGS:],
            )
            for digest, sender in senders.items()
        ]
    except ValidationError:
        raise RegisterError("An entry of the register on an unpack is damaged.") from None


def read_accounts(entry: Entry) -> list[Account]:
    """The accounts in a `destroyed` entry; none in one of an older version.

    Raises:
        RegisterError: if they are damaged.
    """
    try:
        return [Account.model_validate(one) for one in entry.details.get("accounts", [])]
    except (ValidationError, TypeError):
        raise RegisterError(f"Entry {entry.number} of the register is damaged.") from None


def certify(entry: Entry, account: Account, keys: PrivateKeys, addressee: PublicKeys) -> bytes:
    """The certificate of a destruction that is on record; each time with the same content."""
    destroyed_at = format_instant(entry.at)
    statement = Destruction(
        securexfer_statement=VERSION,
        bundle_id=entry.details["bundle_id"],
        made_at=destroyed_at,
        register_head=entry.sha256,
        tool=entry.details["tool"],
        addressee=addressee.fingerprint,
        destroyed_at=destroyed_at,
        remark=REMARK,
        **account.model_dump(exclude={"sender"}),
    )
    return seal_statement(statement, "destruction", keys, addressee)
