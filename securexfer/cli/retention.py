"""What `register list --open` and `--overdue` show: who holds what, until when, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from securexfer.cli.session import Session

if TYPE_CHECKING:
    from datetime import datetime

    from securexfer.custody.retention import Held, Holder

FindName = Callable[[str], str]


def list_held(session: Session, *, overdue_only: bool) -> None:
    """Bundles of which something is still to come or to be done, or only those that are overdue."""
    from securexfer.custody.retention import find_held
    from securexfer.expiry import newest_time
    from securexfer.instant import format_instant

    entries = session.register.entries()
    now = newest_time(entries, session.clock)
    chosen = [
        held
        for held in find_held(entries)
        if held.is_overdue(now) or (held.is_open and not overdue_only)
    ]
    find_name = _find_names(session)
    document = {
        "at": format_instant(now),
        "bundles": [_held_document(held, now, find_name) for held in chosen],
        "n_overdue": sum(held.is_overdue(now) for held in chosen),
    }

    def human() -> None:
        if not chosen:
            session.console.step("Nothing is overdue." if overdue_only else "Nothing is open.")
            return
        rows = [row for held in chosen for row in _rows(held, now, find_name)]
        session.console.table(("bundle", "with", "destroy by", "still missing"), rows)

    session.console.result(document, human)


def _find_names(session: Session) -> FindName:
    """Local names by fingerprint, former keys included; empty for who is not pinned."""
    find_sender = session.find_sender()

    def find(fingerprint: str) -> str:
        found = find_sender(fingerprint)
        return found.name if found is not None else ""

    return find


def _held_document(held: Held, now: datetime, find_name: FindName) -> dict[str, Any]:
    """A bundle in JSON results; every key is always there."""
    from securexfer.instant import format_instant

    return {
        "bundle_id": held.bundle_id,
        "bundle_sha256": held.bundle_sha256,
        "destroy_by": format_instant(held.destroy_by) if held.destroy_by else "",
        "missing": _missing(held),
        "overdue": held.is_overdue(now),
        "recipients": [_holder_document(holder, find_name) for holder in held.holders],
        "role": "sent" if held.is_sent else "received",
        "sender": held.sender,
        "sender_name": find_name(held.sender) if held.sender else "",
        "since": format_instant(held.since),
    }


def _holder_document(holder: Holder, find_name: FindName) -> dict[str, Any]:
    return {
        "destroyed_at": holder.destroyed_at,
        "fingerprint": holder.fingerprint,
        "missing": list(holder.missing),
        "name": find_name(holder.fingerprint),
        "opened_at": sorted(holder.opened_at.values()),
    }


def _missing(held: Held) -> list[str]:
    if not held.is_sent:
        return [] if held.is_destroyed else ["destruction"]
    found = {what for holder in held.holders for what in holder.missing}
    return sorted(found, reverse=True)


def _rows(held: Held, now: datetime, find_name: FindName) -> list[tuple[str, str, str, str]]:
    until = f"{held.destroy_by:%Y-%m-%d}" if held.destroy_by else "not recorded"
    if held.is_overdue(now):
        until += ", overdue"
    short = held.bundle_id[:12]
    if not held.is_sent:
        name = find_name(held.sender) or "a removed contact"
        return [(short, f"here, from {name}", until, "its destruction")]
    return [
        (
            short,
            f"sent to {find_name(holder.fingerprint) or 'a removed contact'}",
            until,
            " and ".join(holder.missing),
        )
        for holder in held.holders
        if holder.missing
    ]
