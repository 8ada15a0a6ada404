"""Particulars: what the register says of one bundle that left, its tables, and who holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from securexfer.custody.register import Entry
from securexfer.custody.retention import Held, Holder
from securexfer.instant import format_instant
from securexfer.wording import plural


@dataclass(frozen=True)
class ReportedField:
    """One field as it left."""

    name: str
    action: str
    source: str


@dataclass(frozen=True)
class ReportedTable:
    """One table as it left: rows, data subjects, fields, columns that stayed, files attached."""

    name: str
    n_rows: int
    n_subjects: int
    n_subjects_is: str
    fields: tuple[ReportedField, ...]
    withheld: tuple[str, ...]
    n_files: int


@dataclass(frozen=True)
class ReportedHolder:
    """A recipient: what came back from them, and whether they still hold the data.

    Attributes:
        name: by which they were known when it was packed.
        fingerprint: of the key that opens the bundle.
        opened_at: of each unpack, by its receipt or by a certificate.
        destroyed_at: of the newest certificate; empty without one.
        status: in words.
    """

    name: str
    fingerprint: str
    opened_at: tuple[str, ...]
    destroyed_at: str
    status: str


@dataclass(frozen=True)
class ReportedOrigin:
    """Where a bundle that was forwarded came from.

    Attributes:
        bundle_id: that it had when it was packed.
        sender, sender_name: who packed it: fingerprint, and local name if there was one.
        is_verified: whether their signature was checked against a pinned card.
        forwarders: fingerprints of whoever had passed it on before.
    """

    bundle_id: str
    sender: str
    sender_name: str
    is_verified: bool
    forwarders: tuple[str, ...]


@dataclass(frozen=True)
class ReportedBundle:
    """One bundle.

    Attributes:
        packed_at: when it was packed or, with an origin, forwarded.
        destroy_by: extensions counted.
        is_overdue: whether that has passed without a certificate from everybody.
        is_held: whether some recipient may still hold it: what they have opened is in no
            certificate, or a certificate says that files were not there to be deleted.
        may_forward: whether its recipients may have passed it on.
        drive_check: what was found on the drive before packing, if it was looked at.
        origin: where it came from, if it was not packed but sealed anew here: one, or none.
            Whoever could open it before still can.
    """

    bundle_id: str
    bundle_sha256: str
    packed_at: str
    file_name: str
    agreement: Mapping[str, Any]
    linkage: str
    destroy_by: str
    is_overdue: bool
    is_held: bool
    is_drill: bool
    may_forward: bool
    carrier: Mapping[str, str]
    drive_check: Mapping[str, Any]
    holders: tuple[ReportedHolder, ...]
    tables: tuple[ReportedTable, ...]
    origin: tuple[ReportedOrigin, ...] = ()

    @property
    def n_rows(self) -> int:
        """Records of all its tables."""
        return sum(table.n_rows for table in self.tables)

    @property
    def n_subjects(self) -> int:
        """Data subjects of all its tables: at most, as people may be in several."""
        return sum(table.n_subjects for table in self.tables)


def report_bundle(
    entry: Entry, held: Held, now: datetime, known: Mapping[str, str]
) -> ReportedBundle:
    """One bundle, from the entry of its packing and what came back since.

    Args:
        entry: says what left.
        held: says what came back.
        now: for what is overdue.
        known: local names by fingerprint.
    """
    details = entry.details
    names = dict(zip(details["recipients"], details["recipient_names"], strict=False))
    return ReportedBundle(
        bundle_id=details["bundle_id"],
        bundle_sha256=details["bundle_sha256"],
        packed_at=format_instant(entry.at),
        file_name=details.get("file_name", ""),
        agreement=details.get("agreement", {}),
        linkage=details.get("linkage", ""),
        destroy_by=format_instant(held.destroy_by) if held.destroy_by else "",
        is_overdue=held.is_overdue(now),
        is_held=any("certificate" in one.missing or one.n_missing for one in held.holders),
        is_drill=details.get("drill") == "yes",
        may_forward=details.get("forwarding") == "yes",
        carrier=details.get("carrier", {}),
        drive_check=details.get("drive_check", {}),
        holders=tuple(
            report_holder(holder, names.get(holder.fingerprint, "")) for holder in held.holders
        ),
        tables=tuple(_report_table(table) for table in details.get("tables", ())),
        origin=_report_origin(details, known),
    )


def _report_origin(
    details: Mapping[str, Any], known: Mapping[str, str]
) -> tuple[ReportedOrigin, ...]:
    if "origin_sender" not in details:
        return ()
    sender = details["origin_sender"]
    return (
        ReportedOrigin(
            bundle_id=details.get("origin_bundle_id", ""),
            sender=sender,
            sender_name=known.get(sender, ""),
            is_verified=details.get("origin_verified") == "yes",
            forwarders=tuple(details.get("forwarders", ())),
        ),
    )


def report_holder(holder: Holder, name: str) -> ReportedHolder:
    """What came back from a recipient, and what follows from it."""
    opened_at = tuple(sorted(holder.opened_at.values()))
    if not holder.missing and not holder.n_missing:
        status = f"destroyed, certified on {holder.destroyed_at}"
    elif not holder.missing:
        status = (
            f"certified on {holder.destroyed_at}, but "
            f"{plural(holder.n_missing, 'file was', 'files were')} not there to be deleted, and "
            "may lie elsewhere"
        )
    elif not opened_at:
        status = "no receipt has come: not known to be opened, and not known to be destroyed"
    elif holder.is_opened_since:
        status = "opened again after the last certificate, and not known to be destroyed"
    elif holder.destroyed_at:
        status = "opened several times; no certificate covers all, so not known to be destroyed"
    else:
        status = "opened, and not known to be destroyed"
    return ReportedHolder(name, holder.fingerprint, opened_at, holder.destroyed_at, status)


def _report_table(table: Mapping[str, Any]) -> ReportedTable:
    return ReportedTable(
        name=table["name"],
        n_rows=table["n_rows_out"],
        n_subjects=table["n_subjects"],
        n_subjects_is=table["n_subjects_is"],
        fields=tuple(
            ReportedField(one["name"], one["action"], one.get("source", ""))
            for one in table["fields"]
        ),
        withheld=tuple(table["withheld"]),
        n_files=table.get("attachments", {}).get("n_files", 0),
    )


def spell(part: Any) -> Any:
    """A part of a report as JSON has it; nothing but what the register records is in there."""
    if is_dataclass(part):
        return {one.name: spell(getattr(part, one.name)) for one in fields(part)}
    if isinstance(part, tuple):
        return [spell(one) for one in part]
    return dict(part) if isinstance(part, Mapping) else part
