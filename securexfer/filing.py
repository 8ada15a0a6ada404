"""Filing: statements of others, held against this desk and put on record.

A receipt or certificate counts only if this desk sent the very bundle that it is about, to whoever
signed it. An extension counts only if it comes from whoever sent the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from securexfer.bundle.sender import FindSender
from securexfer.carrier import write_small
from securexfer.crypto.identity import Identity
from securexfer.custody.destruction import Destruction, open_destruction
from securexfer.custody.extension import Extension, read_extension
from securexfer.custody.receipt import Receipt, open_receipt
from securexfer.custody.register import Entry, Register
from securexfer.custody.seal import Opened
from securexfer.custody.statement import NAMES, Statement, StatementKind
from securexfer.errors import (
    SecurexferError,
    StatementMismatchError,
    StatementReplayError,
    VerificationError,
)
from securexfer.expiry import CLOCK_TOLERANCE, newest_time
from securexfer.instant import Clock, parse_instant
from securexfer.matching import (
    check_later,
    check_revoked,
    check_signer,
    check_times,
    compare_tables,
    find_expiry,
    find_keys,
    find_opened,
    find_recipient,
    find_sent,
    find_signer,
    name_file,
)
from securexfer.party import is_same_party
from securexfer.place import make_folder
from securexfer.wording import plural

S = TypeVar("S", bound=Statement)
_IMPORTED: dict[StatementKind, str] = {
    "receipt": "receipt-imported",
    "destruction": "certificate-imported",
    "extension": "extension-imported",
}


@dataclass(frozen=True)
class Filed(Generic[S]):
    """A statement that is on record here.

    Attributes:
        statement: what it says.
        signer_name: who signed it, by the name that they have here.
        entry: of the register.
        is_new: False if it had been imported before; then nothing was recorded.
        notes: what a person should know all the same.
    """

    statement: S
    signer_name: str
    entry: Entry
    is_new: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cabinet:
    """Where statements are filed, and what they are held against.

    Attributes:
        identity: opens them, and signs the register's entries.
        find_sender: looks up contacts by fingerprint.
        register: what was sent and opened here.
        folder: keeps the files as they came.
        clock: now.
    """

    identity: Identity
    find_sender: FindSender
    register: Register
    folder: Path
    clock: Clock


def import_receipt(data: bytes, cabinet: Cabinet, *, older: bool = False) -> Filed[Receipt]:
    """Check a receipt and put it on record.

    Args:
        data: the bytes of the file.
        cabinet: where it goes.
        older: accept one that was signed with a key which its owner has replaced since.

    Raises:
        SecurexferError: the first check that does not hold; then nothing is recorded.
    """
    find = find_keys(cabinet.find_sender)
    opened = open_receipt(data, keys_for=cabinet.identity.keys_for, find=find)
    said = opened.statement
    signer = check_signer(opened, cabinet.find_sender, "receipt", older=older)
    entries = cabinet.register.entries()
    sent = find_sent(said, entries, "receipt")
    recipient = find_recipient(opened.signer, sent, cabinet.find_sender, "receipt")
    check_times(
        [said.opened_at, said.made_at], sent, newest_time(entries, cabinet.clock), "receipt"
    )
    notes = compare_tables(said.tables, sent)
    expires = find_expiry(said, entries)
    if expires is not None and parse_instant(said.opened_at) > expires:
        notes.append(f"It was opened after its expiry date, {expires:%Y-%m-%d}.")
    details = said.model_dump(
        include={"opened_at", "tables", "medium", "medium_reason", "register_head", "tool"},
        exclude_none=True,
    )
    details["recipient"] = recipient
    return _file(data, opened, "receipt", cabinet, details, signer.name, notes)


def import_certificate(data: bytes, cabinet: Cabinet, *, older: bool = False) -> Filed[Destruction]:
    """Check a destruction certificate and put it on record.

    Args:
        data: the bytes of the file.
        cabinet: where it goes.
        older: accept one that was signed with a key which its owner has replaced since.

    Raises:
        SecurexferError: the first check that does not hold; then nothing is recorded.
    """
    find = find_keys(cabinet.find_sender)
    opened = open_destruction(data, keys_for=cabinet.identity.keys_for, find=find)
    said = opened.statement
    signer = check_signer(opened, cabinet.find_sender, "destruction", older=older)
    entries = cabinet.register.entries()
    sent = find_sent(said, entries, "destruction")
    recipient = find_recipient(opened.signer, sent, cabinet.find_sender, "destruction")
    times = [opening.opened_at for opening in said.openings]
    check_times(
        [*times, said.destroyed_at], sent, newest_time(entries, cabinet.clock), "destruction"
    )
    notes = compare_tables(said.tables, sent)
    if said.n_missing:
        notes.append(
            f"{plural(said.n_missing, 'file was', 'files were')} not there any more: the "
            f"certificate says nothing of where {'it' if said.n_missing == 1 else 'they'} went."
        )
    if said.n_changed:
        notes.append(
            f"{said.n_changed:,} of the deleted files had been changed since unpack wrote them, or "
            "had another name, under which the data would stay. Ask which."
        )
    details = said.model_dump(
        include={
            *("destroyed_at", "n_removed", "n_changed", "n_missing", "tables", "openings"),
            *("remark", "register_head", "tool"),
        }
    )
    details["recipient"] = recipient
    details["receipts"] = [opening.statement_id for opening in said.openings]
    return _file(data, opened, "destruction", cabinet, details, signer.name, notes)


def import_extension(data: bytes, cabinet: Cabinet) -> Filed[Extension]:
    """Check an extension and put it on record; from then on `verify` and `unpack` honour it.

    A bundle that was not opened here yet may be extended as well. Then the register can't say who
    its sender is; that is compared when it is opened.

    Raises:
        SecurexferError: the first check that does not hold; then nothing is recorded.
    """
    opened = read_extension(data, find=find_keys(cabinet.find_sender))
    said = opened.statement
    signer = find_signer(opened, cabinet.find_sender)
    check_revoked(signer, "extension")
    if signer.retired_at is not None:
        raise VerificationError(
            "The extension is signed with a key that its owner has replaced since.",
            hint="Ask them for one that is signed with their present key.",
        )
    entries = cabinet.register.entries()
    known = find_opened(said, entries)
    notes, sender = [], opened.signer
    if known is not None:
        sender = known.details["sender"]
        if not is_same_party(sender, opened.signer, cabinet.find_sender):
            raise StatementMismatchError("The extension is not from the sender of that bundle.")
        if known.details.get("created_at", said.created_at) != said.created_at:
            raise StatementMismatchError(
                "The extension is about a bundle that was made at another time."
            )
    else:
        notes.append(
            "No such bundle was opened here yet. The extension takes effect when one is, if it is "
            "from the same sender."
        )
    if parse_instant(said.made_at) > newest_time(entries, cabinet.clock) + CLOCK_TOLERANCE:
        raise StatementMismatchError("The extension was made in the future, by this clock.")
    if _find_filed(entries, opened, "extension") is None:
        check_later(said, sender, entries)
    details = {"expires_at": said.expires_at, "sender": sender}
    return _file(data, opened, "extension", cabinet, details, signer.name, notes)


class _FiledMeanwhileError(Exception):
    """Another run has filed the same statement."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry


def _is_filed(cabinet: Cabinet, opened: Opened[Any], kind: StatementKind, n_before: int) -> bool:
    """Whether it is on record; where that can't be read, whether anything came to be since."""
    try:
        return _find_filed(cabinet.register.entries(), opened, kind) is not None
    except SecurexferError:
        return cabinet.register.n_bytes() > n_before


def _find_filed(entries: Sequence[Entry], opened: Opened[S], kind: StatementKind) -> Entry | None:
    """The entry of the same statement, imported before.

    Raises:
        StatementReplayError: if its signer gave that number to another one.
    """
    said = opened.statement
    for entry in entries:
        if (
            entry.event == _IMPORTED[kind]
            and entry.details["statement_id"] == said.statement_id
            and entry.details.get("signer") == opened.signer
        ):
            if entry.details["statement_sha256"] != opened.sha256:
                raise StatementReplayError(
                    f"Another {NAMES[kind]} with the same number was imported on "
                    f"{entry.at:%Y-%m-%d}."
                )
            return entry
    return None


def _file(
    data: bytes,
    opened: Opened[S],
    kind: StatementKind,
    cabinet: Cabinet,
    details: Mapping[str, Any],
    signer_name: str,
    notes: Sequence[str],
) -> Filed[S]:
    """Keep the file, then record it; the same statement is recorded once."""
    said = opened.statement
    entries_before = cabinet.register.entries()
    known = _find_filed(entries_before, opened, kind)
    if known is not None:
        return Filed(said, signer_name, known, False, tuple(notes))

    def check(entries: Sequence[Entry]) -> None:
        if (now_known := _find_filed(entries, opened, kind)) is not None:
            raise _FiledMeanwhileError(now_known)

    path = cabinet.folder / name_file(opened, kind, entries_before)
    make_folder(cabinet.folder)
    everything = {
        **details,
        "bundle_id": said.bundle_id,
        "bundle_sha256": said.bundle_sha256,
        "file": path.name,
        "signer": opened.signer,
        "statement_id": said.statement_id,
        "statement_sha256": opened.sha256,
    }
    n_before = cabinet.register.n_bytes()
    try:
        write_small(path, data)
        entry = cabinet.register.append(
            cabinet.identity, _IMPORTED[kind], everything, cabinet.clock(), check=check
        )
    except _FiledMeanwhileError as meanwhile:
        return Filed(said, signer_name, meanwhile.entry, False, tuple(notes))
    except BaseException:
        # What another run has recorded meanwhile is that run's.
        if not _is_filed(cabinet, opened, kind, n_before):
            with suppress(OSError):
                path.unlink()
        raise
    return Filed(said, signer_name, entry, True, tuple(notes))
