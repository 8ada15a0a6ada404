"""Drills: what a rehearsal with synthetic records showed of a recipient, from the register alone.

A drill is complete when the receipt and the destruction certificate have come back, or the second
alone, which names when it was opened. Their times are the recipient's own; that they came at all,
and when, is the sender's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from securexfer.custody.register import Entry
from securexfer.custody.retention import find_held
from securexfer.instant import parse_instant

DRILL: Literal["yes"] = "yes"


@dataclass(frozen=True)
class Drill:
    """One drill with one recipient.

    Attributes:
        bundle_id: of the synthetic bundle.
        recipient: fingerprint.
        started_at: when it was packed.
        opened_at, destroyed_at: first opened, by a receipt or a certificate, and destroyed, by the
            newest certificate; None so far.
        is_held: whether a receipt has come that no certificate covers.
    """

    bundle_id: str
    recipient: str
    started_at: datetime
    opened_at: datetime | None
    destroyed_at: datetime | None
    is_held: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all came back that should."""
        are_back = self.opened_at is not None and self.destroyed_at is not None
        return are_back and not self.is_held

    def describe(self) -> str:
        """In one line, for people."""
        parts = [f"drilled {self.started_at:%Y-%m-%d}"]
        for title, at in (("opened", self.opened_at), ("destroyed", self.destroyed_at)):
            if at is None:
                parts.append("no receipt yet" if title == "opened" else "no certificate yet")
            else:
                parts.append(f"{title} after {_hours(at, self.started_at)}")
        if self.is_held and self.destroyed_at is not None:
            parts.append("an opening is in no certificate, so not known to be destroyed")
        return ", ".join(parts)


def find_drills(entries: Sequence[Entry], recipients: Collection[str] = ()) -> list[Drill]:
    """All drills, oldest first.

    Args:
        entries: of the register.
        recipients: only with these fingerprints, if there are any.
    """
    held = {(one.bundle_id, one.bundle_sha256): one for one in find_held(entries) if one.is_sent}
    drills = []
    for entry in entries:
        if entry.event != "packed" or entry.details.get("drill") != DRILL:
            continue
        found = held.get((entry.details["bundle_id"], entry.details["bundle_sha256"]))
        for holder in found.holders if found is not None else ():
            if recipients and holder.fingerprint not in recipients:
                continue
            opened_at = min(holder.opened_at.values(), default="")
            drills.append(
                Drill(
                    bundle_id=entry.details["bundle_id"],
                    recipient=holder.fingerprint,
                    started_at=entry.at,
                    opened_at=parse_instant(opened_at) if opened_at else None,
                    destroyed_at=(
                        parse_instant(holder.destroyed_at) if holder.destroyed_at else None
                    ),
                    is_held=bool(holder.opened_at) and "certificate" in holder.missing,
                )
            )
    return drills


def last_complete(drills: Sequence[Drill]) -> Drill | None:
    """The newest drill that is complete."""
    complete = [drill for drill in drills if drill.is_complete]
    return max(complete, key=lambda drill: drill.started_at, default=None)


def _hours(at: datetime, since: datetime) -> str:
    minutes = max(round((at - since).total_seconds() / 60), 0)
    if minutes < 60:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 72 else f"{round(hours / 24)} days"
