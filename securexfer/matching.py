"""Matching: whether a statement fits what is on record at this desk.

Who may have signed it, about which bundle, and when. Each check returns what it found, or raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from securexfer.bundle.sender import FindSender, PinnedSender
from securexfer.crypto.keys import PublicKeys
from securexfer.custody.extension import Extension
from securexfer.custody.foreign import count_in, objects_in, text_in
from securexfer.custody.register import Entry
from securexfer.custody.retention import SENT, UNSENT, entry_instant, find_held
from securexfer.custody.seal import FindSigner, Opened
from securexfer.custody.statement import (
    NAMES,
    Signed,
    Statement,
    StatementKind,
    TableCount,
    statement_name,
)
from securexfer.errors import (
    SenderRetiredError,
    SenderRevokedError,
    StatementMismatchError,
    VerificationError,
)
from securexfer.expiry import CLOCK_TOLERANCE
from securexfer.history import OPENED
from securexfer.instant import parse_instant
from securexfer.party import is_same_party
from securexfer.wording import plural

S = TypeVar("S", bound=Signed)
T = TypeVar("T", bound=Statement)


def find_keys(find_sender: FindSender) -> FindSigner:
    """Look-up of the keys that a signature is checked with."""

    def find(fingerprint: str) -> PublicKeys | None:
        sender = find_sender(fingerprint)
        return None if sender is None else sender.keys

    return find


def find_signer(opened: Opened[S], find_sender: FindSender) -> PinnedSender:
    """The contact who signed it."""
    signer = find_sender(opened.signer)
    if signer is None:  # it was there when the signatures were checked
        raise StatementMismatchError("Its signer is not pinned here any more.")
    return signer


def check_signer(
    opened: Opened[S], find_sender: FindSender, kind: StatementKind, *, older: bool
) -> PinnedSender:
    """The contact who signed a receipt or certificate.

    Raises:
        SenderRevokedError: for a key that was revoked.
        SenderRetiredError: for a key that was replaced since, unless a person expects it: as with
            bundles, a date proves nothing.
        VerificationError: for a key that had been replaced by then.
    """
    signer = find_signer(opened, find_sender)
    check_revoked(signer, kind)
    if signer.retired_at is None:
        return signer
    if parse_instant(opened.statement.made_at) > signer.retired_at:
        raise VerificationError(
            f"The {NAMES[kind]} was signed with a key that {signer.name} had replaced by then."
        )
    if not older:
        raise SenderRetiredError(
            f"The {NAMES[kind]} was signed with a former key of {signer.name}, replaced on "
            f"{signer.retired_at:%Y-%m-%d}.",
            hint="If you expect one from that time, repeat the command with --older.",
        )
    return signer


def check_revoked(signer: PinnedSender, kind: StatementKind) -> None:
    """Refuse what a revoked key has signed.

    Raises:
        SenderRevokedError: if it was revoked.
    """
    if signer.revoked_at is not None:
        raise SenderRevokedError(
            f"The {NAMES[kind]} is signed with a key of {signer.name} that was revoked here on "
            f"{signer.revoked_at:%Y-%m-%d}."
        )


def find_sent(said: Statement, entries: Sequence[Entry], kind: StatementKind) -> Entry:
    """The entry by which the bundle that it is about left this desk.

    Raises:
        StatementMismatchError: if there is none, or with another content.
    """
    about = [entry for entry in entries if entry.details.get("bundle_id") == said.bundle_id]
    sent = [entry for entry in about if entry.event in SENT]
    if not sent or any(entry.event in UNSENT for entry in about):
        raise StatementMismatchError(
            f"The {NAMES[kind]} is about a bundle that was not sent from here."
        )
    fitting = [e for e in sent if e.details.get("bundle_sha256") == said.bundle_sha256]
    if not fitting:
        raise StatementMismatchError(
            f"The {NAMES[kind]} is about another content than was sent in that bundle."
        )
    return fitting[0]


def find_recipient(signer: str, sent: Entry, find_sender: FindSender, kind: StatementKind) -> str:
    """Which of the bundle's recipients signed it, as the bundle names them.

    Raises:
        StatementMismatchError: if none did.
    """
    for recipient in sent.details["recipients"]:
        if is_same_party(recipient, signer, find_sender):
            return str(recipient)
    raise StatementMismatchError(
        f"The {NAMES[kind]} is signed by somebody to whom that bundle was not sent."
    )


def check_times(times: Sequence[str], sent: Entry, now: datetime, kind: StatementKind) -> None:
    """Each no earlier than the bundle, no later than the last of them, and none in the future.

    Raises:
        StatementMismatchError: if one is, by more than a day.
    """
    moments = [parse_instant(text) for text in times]
    bounds = sent.at - CLOCK_TOLERANCE, min(now, moments[-1]) + CLOCK_TOLERANCE
    if not all(bounds[0] <= moment <= bounds[1] for moment in moments):
        raise StatementMismatchError(
            f"The {NAMES[kind]} has times that can't be: before the bundle was sent, or in the "
            "future.",
            hint="Nothing was recorded. Check the clocks of both sides.",
        )


def compare_tables(said: Sequence[TableCount], sent: Entry) -> list[str]:
    """What a person should know where a statement counts other tables or rows than were sent."""
    tables = objects_in(sent.details.get("tables"))
    known = {text_in(table.get("name")): count_in(table.get("n_rows_out")) for table in tables}
    notes: list[str] = []
    if not known:
        return notes
    if unknown := [table.name for table in said if table.name not in known]:
        notes.append(f"It names tables that were not in that bundle: {', '.join(unknown)}.")
    notes += [
        f"It counts {plural(table.n_rows, 'row')} in table {table.name}, of which "
        f"{known[table.name]:,} were sent. Ask how that can be."
        for table in said
        if table.n_rows != known.get(table.name, table.n_rows)
    ]
    return notes


def find_expiry(said: Statement, entries: Sequence[Entry]) -> datetime | None:
    """The destroy-by date of the bundle that was sent, extensions counted."""
    about = said.bundle_id, said.bundle_sha256
    sent = (held for held in find_held(entries) if held.is_sent)
    ends = [held.destroy_by for held in sent if (held.bundle_id, held.bundle_sha256) == about]
    return ends[0] if ends else None


def find_opened(said: Extension, entries: Sequence[Entry]) -> Entry | None:
    """The entry by which the bundle that it is about was opened here, if it was.

    Raises:
        StatementMismatchError: if another content was, under its id, or if it was passed on.
    """
    about = [
        entry
        for entry in entries
        if entry.event in OPENED and entry.details["bundle_id"] == said.bundle_id
    ]
    fitting = [e for e in about if e.details["bundle_sha256"] == said.bundle_sha256]
    if about and not fitting:
        raise StatementMismatchError(
            "The extension is about another content than was opened here under that id."
        )
    if any("origin_sender" in entry.details for entry in fitting):
        # Whoever passes a bundle on may not let it be kept for longer than it was given to them.
        raise StatementMismatchError(
            "The extension is about a bundle that was forwarded, which nobody can extend.",
            hint="Nothing was recorded. Ask whoever packed it for a new bundle.",
        )
    return fitting[0] if fitting else None


def check_later(said: Extension, sender: str, entries: Sequence[Entry]) -> None:
    """Hold an extension against what the register knows of that bundle from that sender.

    Raises:
        StatementMismatchError: if it does not extend.
    """
    ends = []
    for entry in entries:
        about = entry.details.get("bundle_id"), entry.details.get("bundle_sha256")
        if (
            about == (said.bundle_id, said.bundle_sha256)
            and entry.event in (*OPENED, "unpacked", "extension-imported")
            and entry.details.get("sender") == sender
            and "expires_at" in entry.details
        ):
            ends.append(entry_instant(entry, "expires_at"))
    if ends and parse_instant(said.expires_at) <= max(ends):
        raise StatementMismatchError(
            f"The extension ends on {said.expires_at[:10]}, but the bundle may be kept until "
            f"{max(ends):%Y-%m-%d} already.",
            hint="Nothing was recorded, and nothing is lost: the later day counts. If you expected "
            "one that is later still, call whoever signed it.",
        )


def name_file(opened: Opened[T], kind: StatementKind, entries: Sequence[Entry]) -> str:
    """Named by its own number, so that no statement takes the place of another.

    Whoever is malicious gives theirs the number of somebody else's: then its signer is named too.
    """
    said = opened.statement
    name = statement_name(kind, said.bundle_id, said.statement_id)
    if any(e.details.get("file") == name and e.details["signer"] != opened.signer for e in entries):
        more = f"{said.statement_id}-{opened.signer}"
        return statement_name(kind, said.bundle_id, more)
    return name
