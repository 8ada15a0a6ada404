"""Transfers: all that is known of one bundle, for a page about it.

It comes from a record: of the register of whoever sent or opened it, of the manifest of a bundle
that was opened, or of a plan to pack one. All three have the same members, so that one reader will
do, and nothing in a record is taken on trust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from securexfer.custody.course import Event, tell_course
from securexfer.custody.entry import Entry, head_sha256
from securexfer.custody.foreign import count_in, object_in, objects_in, text_in, texts_in
from securexfer.custody.gate import Gate, read_gate
from securexfer.custody.particulars import ReportedHolder, report_holder, spell
from securexfer.custody.retention import SENT, UNSENT, Held, find_held
from securexfer.custody.selection import find_entries
from securexfer.custody.table import TransferTable, read_table
from securexfer.errors import UsageError
from securexfer.instant import format_instant

Stage = Literal["planned", "sent", "received"]
_RECORDING = (*SENT, "unpacked")


@dataclass(frozen=True)
class Transfer:
    """All that is known of one bundle. Texts are empty where something is not known.

    Attributes:
        stage: planned, or sent from here, or received here.
        basis: where all this comes from, in words.
        sender, sender_name: fingerprint, and the local name of it.
        hands: names of whoever packed and forwarded it, oldest first; empty if it was not
            forwarded.
        holders: recipients, and what came back from them.
        destroy_by: extensions counted.
        status: of what was received, at this desk.
        is_overdue: whether that has passed and data are still held, as far as is known.
        n_subjects, n_subjects_is: data subjects of all tables, and in what sense; the sense is
            empty where nobody counted.
        gates: those that look at all tables together.
        carrier: what identifies the drive; for what was received, what it was unpacked to.
        events: what happened to it, in order.
        register_head: SHA-256 of the register's last line when this was made.
    """

    stage: Stage
    made_at: str
    basis: str
    bundle_id: str
    bundle_sha256: str
    file_name: str
    n_bytes: int
    packed_at: str
    destroy_by: str
    status: str
    is_overdue: bool
    is_drill: bool
    may_forward: bool
    linkage: str
    agreement: Mapping[str, Any]
    recipe_sha256: str
    tool: str
    sender: str
    sender_name: str
    hands: tuple[str, ...]
    holders: tuple[ReportedHolder, ...]
    tables: tuple[TransferTable, ...]
    n_subjects: int
    n_subjects_is: str
    gates: tuple[Gate, ...]
    carrier: Mapping[str, str]
    events: tuple[Event, ...]
    register_head: str

    @property
    def n_rows(self) -> int:
        """Rows of all tables."""
        return sum(table.n_rows_out for table in self.tables)

    @property
    def all_gates(self) -> tuple[Gate, ...]:
        """Those of all its tables, too."""
        return (*self.gates, *(gate for table in self.tables for gate in table.gates))

    @property
    def refused(self) -> tuple[Gate, ...]:
        """Gates that let nothing through."""
        return tuple(gate for gate in self.all_gates if gate.result == "refused")

    def document(self) -> dict[str, Any]:
        """The same in JSON results."""
        spelled: dict[str, Any] = spell(self)
        return spelled


@dataclass(frozen=True)
class Names:
    """Whose fingerprints those are: local names, by fingerprint; and one's own fingerprint."""

    by_fingerprint: Mapping[str, str]
    own: str = ""

    def of(self, fingerprint: str) -> str:
        """The name of a fingerprint, for people."""
        return self.by_fingerprint.get(fingerprint, "not among the contacts here")


def find_transfer(
    entries: Sequence[Entry], wanted: str, names: Names, *, now: datetime
) -> Transfer:
    """What the register knows of a bundle that was sent from here or unpacked here.

    Args:
        entries: of the register.
        wanted: the bundle's id, or its first characters.
        names: of contacts.
        now: for what is overdue.

    Raises:
        UsageError: if it knows no such bundle, or several.
    """
    found = find_entries(entries, wanted)
    unsent = {e.details.get("bundle_id") for e in found if e.event in UNSENT}
    recorded = [
        entry
        for entry in found
        if entry.event in _RECORDING
        and text_in(entry.details.get("bundle_id")).startswith(wanted)
        and not (entry.event in SENT and entry.details.get("bundle_id") in unsent)
    ]
    if not recorded:
        raise UsageError(
            "The register knows that bundle, but it was neither sent from here nor unpacked here.",
            hint="Name the bundle's file instead: securexfer report FILE -o report.html",
        )
    entry = recorded[-1]
    return describe_transfer(
        entry.details,
        stage="sent" if entry.event in SENT else "received",
        basis=f"the register of this desk, entry {entry.number} and those about the same bundle",
        names=names,
        entries=entries,
        now=now,
    )


def describe_transfer(
    record: Mapping[str, Any],
    *,
    stage: Stage,
    basis: str,
    names: Names,
    entries: Sequence[Entry] = (),
    now: datetime,
) -> Transfer:
    """Put together what a record says of a bundle, and what a register says happened to it.

    Args:
        record: the details of an entry, or what a manifest or a plan says in the same words.
        stage: planned, sent or received.
        basis: where the record comes from, in words.
        names: of contacts.
        entries: of the register.
        now: for what is overdue.
    """
    bundle_id = text_in(record.get("bundle_id"))
    sha256 = text_in(record.get("bundle_sha256"))
    held = _find_held(entries, bundle_id, sha256, is_sent=stage == "sent")
    recipients = texts_in(record.get("recipients"))
    told = dict(zip(recipients, texts_in(record.get("recipient_names")), strict=False))
    sender = text_in(record.get("sender")) or (names.own if stage != "received" else "")
    medium = object_in(record.get("carrier")) or object_in(record.get("medium"))
    destroy_by = text_in(record.get("expires_at"))
    if held is not None and held.destroy_by is not None:
        destroy_by = format_instant(held.destroy_by)
    answers = {h.fingerprint: h for h in held.holders} if held is not None else {}
    tables = tuple(map(read_table, objects_in(record.get("tables"))))
    gates = objects_in(record.get("gates"))
    n_subjects, n_subjects_is = _count_subjects(tables, gates)
    return Transfer(
        stage=stage,
        made_at=format_instant(now),
        basis=basis,
        bundle_id=bundle_id,
        bundle_sha256=sha256,
        file_name=text_in(record.get("file_name")),
        n_bytes=count_in(record.get("n_bytes")),
        packed_at=text_in(record.get("created_at")),
        destroy_by=destroy_by,
        status=_say_status(held) if stage == "received" else "",
        is_overdue=held is not None and held.is_overdue(now),
        is_drill=record.get("drill") == "yes",
        may_forward=record.get("forwarding") == "yes",
        linkage=text_in(record.get("linkage")),
        agreement=dict(object_in(record.get("agreement"))),
        recipe_sha256=text_in(record.get("recipe_sha256")),
        tool=text_in(record.get("tool")),
        sender=sender,
        sender_name=names.of(sender) if sender else "",
        hands=tuple(map(names.of, _find_hands(record, sender))),
        holders=tuple(
            report_holder(answers[one], told.get(one) or names.of(one))
            if one in answers
            else ReportedHolder(told.get(one) or names.of(one), one, (), "", "")
            for one in recipients
        ),
        tables=tables,
        n_subjects=n_subjects,
        n_subjects_is=n_subjects_is,
        gates=tuple(map(read_gate, gates)),
        carrier={key: value for key, value in medium.items() if isinstance(value, str)},
        events=tuple(tell_course(entries, bundle_id, sha256, names.of)),
        register_head=head_sha256(entries) if entries else "",
    )


def _find_hands(record: Mapping[str, Any], sender: str) -> list[str]:
    """Fingerprints of whoever packed a forwarded bundle and forwarded it, the last one too."""
    origin = text_in(record.get("origin_sender"))
    if not origin:
        return []
    hands = [origin, *texts_in(record.get("forwarders"))]
    return hands if hands[-1] == sender else [*hands, sender]


def _count_subjects(
    tables: Sequence[TransferTable], gates: Sequence[Mapping[str, Any]]
) -> tuple[int, str]:
    """Data subjects of all tables: each counted once, where a gate did so."""
    for gate in gates:
        if gate.get("gate") == "max_subjects":
            return count_in(gate.get("n")), text_in(gate.get("n_is"))
    if not tables or not all(table.n_subjects_is for table in tables):
        return 0, ""
    # The same people may be in several tables.
    sense = tables[0].n_subjects_is if len(tables) == 1 else "upper bound"
    return sum(table.n_subjects for table in tables), sense


def _find_held(
    entries: Sequence[Entry], bundle_id: str, sha256: str, *, is_sent: bool
) -> Held | None:
    known = find_held(entries)
    # Whoever sent a bundle to themselves both sent and received it.
    return next(
        (
            one
            for one in known
            if (one.bundle_id, one.bundle_sha256) == (bundle_id, sha256) and one.is_sent == is_sent
        ),
        None,
    )


def _say_status(held: Held | None) -> str:
    if held is None:
        return "not unpacked"
    return "unpacked, then destroyed" if held.is_destroyed else "unpacked, and not yet destroyed"
