"""Retention: what is still held by whom, until when, and what is missing. From entries alone.

Two readers need it: commands that work with a register that was read and checked, and the reminder
after every command, which only glances at the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from securexfer.custody.foreign import count_in, objects_in, text_in
from securexfer.errors import RegisterError
from securexfer.instant import parse_instant

SENT = ("packed", "forwarded")
UNSENT = ("pack-failed", "forward-failed")
_EVENTS = (
    *SENT,
    *UNSENT,
    "unpacked",
    "destroyed",
    "extended",
    "extend-failed",
    "extension-imported",
    "receipt-imported",
    "certificate-imported",
)
Missing = Literal["receipt", "certificate"]
# No line of a register is longer.
_MAX_LINE_BYTES = 16 * 1024 * 1024


class Recorded(Protocol):
    """What is looked at in an entry of a register."""

    @property
    def number(self) -> int:
        """Counted from 1."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def event(self) -> str:
        """What kind."""

    @property
    def details(self) -> Mapping[str, Any]:
        """What it records."""


@dataclass(frozen=True)
class Holder:
    """A recipient of a bundle that was sent, by what came back from them.

    Attributes:
        fingerprint: as the bundle names them.
        opened_at: of each unpack, by the number of its receipt. A certificate names them too, so
            that it stands for receipts that got lost.
        destroyed_at: of the newest certificate; empty without one.
        certified: numbers of the receipts that certificates cover.
        n_missing_of: files that were not there to be deleted, by the number of the certificate.
    """

    fingerprint: str
    opened_at: Mapping[str, str] = field(default_factory=dict)
    destroyed_at: str = ""
    certified: frozenset[str] = frozenset()
    n_missing_of: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_missing(self) -> int:
        """Files of which certificates say that they were not there: nobody deleted them, then."""
        return sum(self.n_missing_of.values())

    @property
    def is_opened_since(self) -> bool:
        """Whether an opening that no certificate covers came after the newest certificate."""
        late = [at for one, at in self.opened_at.items() if one not in self.certified]
        return bool(self.destroyed_at) and max(late, default="") > self.destroyed_at

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What has not come yet. A certificate names the openings it covers, and so is both."""
        if not self.destroyed_at:
            return ("certificate",) if self.opened_at else ("receipt", "certificate")
        return () if self.opened_at.keys() <= self.certified else ("certificate",)


@dataclass(frozen=True)
class Held:
    """A bundle that was sent, or that was unpacked here, and its destroy-by date.

    Attributes:
        bundle_id, bundle_sha256: which one.
        is_sent: whether it was sent from here; otherwise it was unpacked here.
        since: when it was sent, or first unpacked since it was last destroyed.
        destroy_by: until when it may be kept, extensions counted; None where nobody recorded it.
        holders: its recipients, if it was sent.
        sender: fingerprint of whoever sent it, if it was unpacked here.
        is_destroyed: whether it has been destroyed here since it was last unpacked.
    """

    bundle_id: str
    bundle_sha256: str
    is_sent: bool
    since: datetime
    destroy_by: datetime | None
    holders: tuple[Holder, ...] = ()
    sender: str = ""
    is_destroyed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something is still to come, or to be done."""
        if self.is_sent:
            return any(holder.missing for holder in self.holders)
        return not self.is_destroyed

    def is_overdue(self, now: datetime) -> bool:
        """Whether the destroy-by date has passed, and data are still held as far as is known."""
        if self.destroy_by is None or now <= self.destroy_by:
            return False
        if self.is_sent:
            return any("certificate" in holder.missing for holder in self.holders)
        return not self.is_destroyed


# A bundle is told by its digest too: whoever is malicious can give theirs the id of another.
_Key = tuple[str, str]


def find_held(entries: Iterable[Recorded]) -> list[Held]:
    """All bundles that were sent from here or unpacked here, in the order of the register.

    Raises:
        RegisterError: if an entry has no time where it must have one.
    """
    sent: dict[_Key, Held] = {}
    received: dict[_Key, Held] = {}
    listed = list(entries)
    withdrawn = find_withdrawn(listed)
    for entry in listed:
        bundle_id, sha256 = (entry.details.get(n, "") for n in ("bundle_id", "bundle_sha256"))
        key = bundle_id, sha256
        if entry.event in SENT:
            holders = tuple(map(Holder, entry.details["recipients"]))
            sent[key] = _hold(entry, holders=holders)
        elif entry.event in UNSENT:
            sent = {other: held for other, held in sent.items() if other[0] != bundle_id}
        elif entry.event == "unpacked":
            received[key] = _hold(entry, before=received.get(key))
        elif entry.event == "destroyed":
            for other, held in received.items():
                if other[0] == bundle_id:
                    received[other] = replace(held, is_destroyed=True)
        elif entry.event == "extended" and key in sent:
            if entry.details.get("statement_id") not in withdrawn:
                sent[key] = _extend(sent[key], entry)
        elif entry.event == "extension-imported" and key in received:
            if received[key].sender == entry.details["sender"]:
                received[key] = _extend(received[key], entry)
        elif entry.event in ("receipt-imported", "certificate-imported") and key in sent:
            sent[key] = _take(sent[key], entry)
    return [*sent.values(), *received.values()]


def find_withdrawn(entries: Iterable[Recorded]) -> set[str]:
    """Numbers of extensions that were recorded and then could not be written to a file."""
    return {e.details["statement_id"] for e in entries if e.event == "extend-failed"}


def find_overdue(entries: Iterable[Recorded], now: datetime) -> list[Held]:
    """Those whose destroy-by date has passed.

    Raises:
        RegisterError: as `find_held`.
    """
    return [held for held in find_held(entries) if held.is_overdue(now)]


def _hold(entry: Recorded, *, holders: tuple[Holder, ...] = (), before: Held | None = None) -> Held:
    details = entry.details
    ends = [entry_instant(entry, "expires_at")] if "expires_at" in details else []
    if before is not None and before.destroy_by is not None:
        ends.append(before.destroy_by)
    return Held(
        bundle_id=details.get("bundle_id", ""),
        bundle_sha256=details.get("bundle_sha256", ""),
        is_sent=entry.event in SENT,
        since=before.since if before is not None and not before.is_destroyed else entry.at,
        destroy_by=max(ends, default=None),
        holders=holders,
        sender=details.get("sender", ""),
    )


def _extend(held: Held, entry: Recorded) -> Held:
    expires_at = entry_instant(entry, "expires_at")
    return replace(held, destroy_by=max(expires_at, held.destroy_by or expires_at))


def _take(held: Held, entry: Recorded) -> Held:
    holders = (_answer(holder, entry) for holder in held.holders)
    return replace(held, holders=tuple(holders))


def _answer(holder: Holder, entry: Recorded) -> Holder:
    details = entry.details
    if holder.fingerprint != details["recipient"]:
        return holder
    if entry.event == "receipt-imported":
        opened_at = {**holder.opened_at, details["statement_id"]: details.get("opened_at", "")}
        return replace(holder, opened_at=opened_at)
    openings = {
        text_in(one.get("statement_id")): text_in(one.get("opened_at"))
        for one in objects_in(details.get("openings"))
    }
    return replace(
        holder,
        opened_at={**openings, **holder.opened_at},
        destroyed_at=max(details["destroyed_at"], holder.destroyed_at),
        certified=holder.certified | set(details["receipts"]),
        n_missing_of={
            **holder.n_missing_of,
            details.get("statement_id", ""): count_in(details.get("n_missing")),
        },
    )


def entry_instant(entry: Recorded, name: str) -> datetime:
    """A time in the details of an entry.

    Raises:
        RegisterError: if there is none.
    """
    try:
        return parse_instant(entry.details[name])
    except (ValueError, KeyError, TypeError):
        raise RegisterError(
            f"Entry {entry.number} of the register has a time that does not exist."
        ) from None


@dataclass(frozen=True)
class _Glimpse:
    number: int
    at: datetime
    event: str
    details: Mapping[str, Any]


def glance(register_path: Path) -> Iterator[_Glimpse]:
    """What a register's file says, nothing of it checked: for reminding people, and nothing else.

    Several times as fast as reading the register, without its lock, and without the libraries
    that signatures need.

    Raises:
        OSError: if the file can't be read.
        ValueError, KeyError, TypeError: if it is not a register.
    """
    marks = [f'\\"event\\":\\"{event}\\"'.encode() for event in _EVENTS]
    with register_path.open("rb") as file:
        lines = iter(partial(file.readline, _MAX_LINE_BYTES), b"")
        for number, line in enumerate(lines, start=1):
            if line.endswith(b"\n") and any(mark in line for mark in marks):
                payload = json.loads(json.loads(line)["payload"])
                at = parse_instant(payload["at"])
                yield _Glimpse(number, at, payload["event"], payload["details"])
