"""Breach reports: what was on a drive, about how many people, who can open it, what is due by when.

Everything comes from the register, so that it can be told without the drive. For the notification
itself: UK GDPR, Article 33, or the Data Protection Act 2018, section 67 where its Part 3 applies;
both ask for it within 72 hours of becoming aware, and for the same particulars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from securexfer.crypto.fingerprint import fingerprint_matches, is_whole
from securexfer.custody.particulars import ReportedBundle, report_bundle, spell
from securexfer.custody.register import Entry
from securexfer.custody.retention import SENT, UNSENT, find_held
from securexfer.custody.summary import names_of
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
        recipient: a name that they have or had here, in any case, or a whole fingerprint, in
            either form.
        since, until: when they were packed; the second is not included.
    """

    bundle_ids: tuple[str, ...] = ()
    carrier: str = ""
    recipient: str = ""
    since: datetime | None = None
    until: datetime | None = None


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
    def counted(self) -> tuple[ReportedBundle, ...]:
        """Those whose records count: no drills, where there is anything else."""
        return tuple(bundle for bundle in self.bundles if not bundle.is_drill) or self.bundles

    @property
    def n_rows(self) -> int:
        """Records of all bundles that count."""
        return sum(bundle.n_rows for bundle in self.counted)

    @property
    def n_subjects(self) -> int:
        """Data subjects of all bundles that count, at most."""
        return sum(bundle.n_subjects for bundle in self.counted)

    @property
    def is_late(self) -> bool:
        """Whether the 72 hours had passed when it was made."""
        return bool(self.notify_by) and self.made_at > self.notify_by

    @property
    def regimes(self) -> tuple[str, ...]:
        """Laws under which the data are held."""
        return tuple(sorted({bundle.agreement["regime"] for bundle in self.counted}))

    @property
    def categories(self) -> tuple[str, ...]:
        """Special categories, and criminal-offence data, as the recipes say."""
        found = {c for bundle in self.counted for c in bundle.agreement.get("categories", ())}
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
    known = names_of(entries)
    bundles = tuple(
        report_bundle(
            entry, held[entry.details["bundle_id"], entry.details["bundle_sha256"]], now, known
        )
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
                "The register knows of no bundle with one of these ids that was sent from here.",
                hint=_hint_at(sent, start),
            )
    # Local names have no capitals.
    recipient = selection.recipient.casefold()
    keys = _find_keys(entries, sent, recipient)
    chosen = [entry for entry in sent if _fits(entry, selection, recipient, keys)]
    if not chosen:
        raise UsageError(
            "No bundle that was sent from here fits.",
            hint="See what was sent with: securexfer register list. The label and serial of a "
            "drive are in: securexfer register show BUNDLE_ID. A bundle that was sent to you is "
            "its sender's to report: call them at once; what it held says securexfer report "
            "BUNDLE_ID",
        )
    return chosen


def _find_keys(entries: Sequence[Entry], sent: Sequence[Entry], recipient: str) -> set[str]:
    """Fingerprints of all keys that somebody had, by whatever name they were known."""
    found = {
        fingerprint
        for entry in sent
        for fingerprint in entry.details["recipients"]
        if is_whole(recipient) and fingerprint_matches(fingerprint, recipient)
    }
    pinned = [e.details for e in entries if e.event in ("contact-added", "contact-replaced")]
    found |= {one["fingerprint"] for one in pinned if one["name"] == recipient}
    # A key that follows another belongs to the same person, and so does the one that it follows.
    pairs = [
        {one["fingerprint"], one["previous_fingerprint"]}
        for one in pinned
        if "previous_fingerprint" in one
    ]
    while more := {key for pair in pairs if pair & found for key in pair} - found:
        found |= more
    return found


def _fits(entry: Entry, selection: Selection, recipient: str, keys: set[str]) -> bool:
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
            not recipient
            or recipient in details["recipient_names"]
            or not keys.isdisjoint(details["recipients"])
        )
        and (selection.since is None or entry.at >= selection.since)
        and (selection.until is None or entry.at < selection.until)
    )


def _hint_at(sent: Sequence[Entry], start: str) -> str:
    """What to name instead of a bundle that came from elsewhere, and was passed on from here."""
    for entry in sent:
        if start and entry.details.get("previous_bundle_id", "").startswith(start):
            new = entry.details["bundle_id"][:12]
            return (
                f"It was passed on from here as bundle {new}: name that one. What left before, "
                "the register of whoever packed it says."
            )
    return "List them with: securexfer register list"


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
    return ", ".join(parts) or "every bundle that was packed or passed on here"
