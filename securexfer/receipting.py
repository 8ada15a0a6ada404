"""Receipting: the word that an unpack leaves for whoever signed the bundle."""

from __future__ import annotations

from collections.abc import Sequence

from securexfer.bundle.manifest import TableRecord
from securexfer.carrier import PartialFile
from securexfer.crypto.identity import Identity
from securexfer.custody.receipt import Receipt, record_medium
from securexfer.custody.register import Entry
from securexfer.custody.seal import seal_statement
from securexfer.custody.statement import VERSION, TableCount, new_statement_id, tool_name
from securexfer.instant import Clock, format_instant
from securexfer.medium.medium import Medium
from securexfer.party import answer_keys
from securexfer.verifying import Verified


def make_receipt(
    verified: Verified,
    tables: Sequence[TableRecord],
    begun: Entry,
    medium: Medium,
    medium_reason: str,
    *,
    clock: Clock,
) -> Receipt:
    """What is to be said of an unpack.

    Args:
        verified: the bundle.
        tables: that were written.
        begun: the register's entry on its beginning, on which the receipt rests.
        medium: that they were written to.
        medium_reason: why they are there; "" where nobody needed to say.
        clock: now.
    """
    outside = verified.inside.outside
    return Receipt(
        securexfer_statement=VERSION,
        statement_id=new_statement_id(),
        bundle_id=outside.envelope.bundle_id,
        bundle_sha256=outside.claimed.bundle_sha256,
        made_at=format_instant(max(clock(), begun.at)),
        register_head=begun.sha256,
        tool=tool_name(),
        addressee=answer_keys(verified.sender).fingerprint,
        opened_at=format_instant(begun.at),
        tables=[TableCount(name=table.name, n_rows=table.n_rows_out) for table in tables],
        medium=record_medium(medium.classify()),
        medium_reason=medium_reason or None,
    )


def seal_receipt(receipt: Receipt, verified: Verified, identity: Identity) -> bytes:
    """The bytes of its file, for the sender or for who passed the bundle on."""
    return seal_statement(receipt, "receipt", identity.keys, answer_keys(verified.sender))


def describe_receipt(receipt: Receipt, file: PartialFile) -> dict[str, str]:
    """It in the register: which one, and where."""
    return {
        "file": file.target.name,
        "opened_at": receipt.opened_at,
        "sha256": file.sha256,
        "statement_id": receipt.statement_id,
    }
