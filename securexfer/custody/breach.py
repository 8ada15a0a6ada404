"""Breach reports: what was on a drive, about how many people, who can open it, what is due by when.

Everything comes from the register, so that it can be told without the drive. For the notification
itself: UK GDPR, Article 33, or the Data Protection Act 2018, section 67 where its Part 3 applies;
both ask for it within 72 hours of becoming aware, and for the same particulars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from securexfer.custody.register import Entry
from securexfer.custody.retention import SENT, UNSENT, Held, Holder, find_held
from securexfer.errors import UsageError
from securexfer.instant import format_instant

NOTIFY_WITHIN = timedelta(hours=72)
# The one sentence in which this project describes its cryptography.
PROTECTION = (
    "AES-256 (WinZip AE-2), keys sealed with ML-KEM-768 + X25519 (HPKE), signed with Ed25519 and "
    "ML-DSA-65. Not a FIPS 140 validated module."
)


@dataclass(frozen=True)
class Selection:
    """Which bundles a report is about; what is empty does not limit.

    Attributes:
        bundle_ids: ids, or the first characters of them.
        carrier: label or serial number of a drive, in any case.
        recipient: local name or fingerprint.
        since, until: when they were packed; the second is not included.
    """

    bundle_ids: tuple[str, ...] = ()
    carrier: str = ""
    recipient: str = ""
    since: datetime | None = None
    until: datetime | None = None


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
        opened_at: of each receipt.
        destroyed_at: of the newest certificate; empty without one.
        status: in words.
    """

    name: str
    fingerprint: str
    opened_at: tuple[str, ...]
    destroyed_at: str
    status: str


@dataclass(frozen=True)
class ReportedBundle:
    """One bundle.

    Attributes:
        destroy_by: extensions counted.
        is_overdue: whether that has passed without a certificate from everybody.
        is_held: whether some recipient may still hold it.
        drive_check: what was found on the drive before packing, if it was looked at.
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
    carrier: Mapping[str, str]
    drive_check: Mapping[str, Any]
    holders: tuple[ReportedHolder, ...]
    tables: tuple[ReportedTable, ...]

    @property
    def n_rows(self) -> int:
        """Records of all its tables."""
        return sum(table.n_rows for table in self.tables)

    @property
    def n_subjects(self) -> int:
        """Data subjects of all its tables: at most, as people may be in several."""
        return sum(table.n_subjects for table in self.tables)


@dataclass(frozen=True)
class BreachReport:
    """The answer to "what was on it?".

    Attributes:
        made_at: when it was made.
        aware_at, notify_by: when the controller became aware, and 72 hours later; empty if
            nobody said.
        selection: what was asked for, in words.
        bundles: oldest first.
        never_sent: source columns of these extracts that are in none of these bundles.
        register_head: SHA-256 of the register's last line when the report was made.
    """

    made_at: str
    aware_at: str
    notify_by: str
    selection: str
    bundles: tuple[ReportedBundle, ...]
    never_sent: tuple[str, ...]
    register_head: str

    @property
    def n_rows(self) -> int:
        """Records of all bundles."""
        return sum(bundle.n_rows for bundle in self.bundles)

    @property
    def n_subjects(self) -> int:
        """Data subjects of all bundles, at most."""
        return sum(bundle.n_subjects for bundle in self.bundles)

    @property
    def regimes(self) -> tuple[str, ...]:
        """Laws under which the data are held."""
        return tuple(sorted({bundle.agreement["regime"] for bundle in self.bundles}))

    @property
    def categories(self) -> tuple[str, ...]:
        """Special categories, and criminal-offence data, as the recipes say."""
        found = {c for bundle in self.bundles for c in bundle.agreement.get("categories", ())}
        return tuple(sorted(found))

    def document(self) -> dict[str, Any]:
        """The report in JSON results."""
        counts = {"n_rows": self.n_rows, "n_subjects_at_most": self.n_subjects}
        laws = {"regimes": list(self.regimes), "categories": list(self.categories)}
        return {**spell(self), **counts, **laws, "protection": PROTECTION}


def build_report(
    entries: Sequence[Entry],
    selection: Selection,
    *,
    now: datetime,
    aware_at: datetime | None = None,
    register_head: str = "",
) -> BreachReport:
    """Gather what the register says about some bundles.

    Args:
        entries: of the register.
        selection: which bundles.
        now: for what is overdue.
        aware_at: when the controller became aware of the breach.
        register_head: named in the report, so that nobody can change the register after it.

    Raises:
        UsageError: if no bundle fits, or a bundle that was named is not known.
    """
    chosen = _choose(entries, selection)
    held = {(one.bundle_id, one.bundle_sha256): one for one in find_held(entries) if one.is_sent}
    bundles = tuple(
        _report(entry, held[entry.details["bundle_id"], entry.details["bundle_sha256"]], now)
        for entry in chosen
    )
    sent = {
        (table.name, field.source)
        for bundle in bundles
        for table in bundle.tables
        for field in table.fields
    }
    never_sent = {
        f"{table.name}.{column}"
        for bundle in bundles
        for table in bundle.tables
        for column in table.withheld
        if (table.name, column) not in sent
    }
    return BreachReport(
        made_at=format_instant(now),
        aware_at=format_instant(aware_at) if aware_at else "",
        notify_by=format_instant(aware_at + NOTIFY_WITHIN) if aware_at else "",
        selection=_describe(selection),
        bundles=bundles,
        never_sent=tuple(sorted(never_sent)),
        register_head=register_head,
    )


def _choose(entries: Sequence[Entry], selection: Selection) -> list[Entry]:
    unsent = {entry.details.get("bundle_id") for entry in entries if entry.event in UNSENT}
    sent = [
        entry
        for entry in entries
        if entry.event in SENT and entry.details["bundle_id"] not in unsent
    ]
    for start in selection.bundle_ids:
        if not start or not any(entry.details["bundle_id"].startswith(start) for entry in sent):
            raise UsageError(
                "The register knows of no bundle with one of these ids that was packed here.",
                hint="List them with: securexfer register list",
            )
    chosen = [entry for entry in sent if _fits(entry, selection)]
    if not chosen:
        raise UsageError(
            "No bundle that was packed here fits.",
            hint="Look what there is with: securexfer register list",
        )
    return chosen


def _fits(entry: Entry, selection: Selection) -> bool:
    details = entry.details
    carrier = details.get("carrier", {})
    wanted = selection.carrier.casefold()
    ids = selection.bundle_ids
    return (
        (not ids or any(details["bundle_id"].startswith(start) for start in ids))
        and (
            not wanted
            or wanted in {carrier.get(name, "").casefold() for name in ("label", "serial")}
        )
        and (
            not selection.recipient
            or selection.recipient in (*details["recipients"], *details["recipient_names"])
        )
        and (selection.since is None or entry.at >= selection.since)
        and (selection.until is None or entry.at < selection.until)
    )


def _report(entry: Entry, held: Held, now: datetime) -> ReportedBundle:
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
        is_held=any("certificate" in holder.missing for holder in held.holders),
        is_drill=details.get("drill") == "yes",
        carrier=details.get("carrier", {}),
        drive_check=details.get("drive_check", {}),
        holders=tuple(
            report_holder(holder, names.get(holder.fingerprint, "")) for holder in held.holders
        ),
        tables=tuple(_report_table(table) for table in details.get("tables", ())),
    )


def report_holder(holder: Holder, name: str) -> ReportedHolder:
    """What came back from a recipient, and what follows from it."""
    opened_at = tuple(sorted(holder.opened_at.values()))
    if not holder.missing:
        status = f"destroyed, certified on {holder.destroyed_at}"
    elif not opened_at:
        status = "no receipt has come: not known to be opened, and not known to be destroyed"
    elif holder.destroyed_at:
        status = "opened again after the last certificate, and not known to be destroyed"
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


def _describe(selection: Selection) -> str:
    parts = []
    if selection.bundle_ids:
        parts.append(f"bundles {', '.join(selection.bundle_ids)}")
    if selection.carrier:
        parts.append(f"the carrier {selection.carrier}")
    if selection.recipient:
        parts.append(f"the recipient {selection.recipient}")
    if selection.since is not None:
        parts.append(f"packed from {selection.since:%Y-%m-%d %H:%M} UTC on")
    if selection.until is not None:
        parts.append(f"packed before {selection.until:%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts) or "every bundle that was packed here"


def spell(part: Any) -> Any:
    """A part of a report as JSON has it; nothing but what the register records is in there."""
    if is_dataclass(part):
        return {one.name: spell(getattr(part, one.name)) for one in fields(part)}
    if isinstance(part, tuple):
        return [spell(one) for one in part]
    return dict(part) if isinstance(part, Mapping) else part
