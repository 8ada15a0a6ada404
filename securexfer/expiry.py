"""Expiry: until when a bundle may be opened and kept, and what time it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from securexfer.bundle import layout
from securexfer.bundle.envelope import MAX_LIFETIME
from securexfer.bundle.outside import Outside
from securexfer.bundle.sender import FindSender
from securexfer.custody.extension import find_granted
from securexfer.custody.register import Entry
from securexfer.instant import Clock
from securexfer.party import is_same_party

CLOCK_TOLERANCE = timedelta(days=1)


def expiry_of(outside: Outside) -> datetime:
    """After this the bundle is not opened any more, and what came out of it is to be destroyed."""
    return outside.extended_until or outside.envelope.expires


def find_extended(
    outside: Outside, entries: Sequence[Entry], find_sender: FindSender
) -> datetime | None:
    """Until when the bundle's own sender has extended it, by the register; None if not at all.

    Raises:
        RegisterError: if an extension on record is damaged.
    """
    envelope = outside.envelope
    names = [member.name for member in envelope.members]
    # Whoever passes a bundle on may not let it be kept for longer than it was given to them.
    if outside.sender is None or layout.PROVENANCE in names:
        return None
    ends = []
    for granted in find_granted(entries, envelope.bundle_id, outside.claimed.bundle_sha256):
        is_theirs = is_same_party(granted.signer, envelope.sender, find_sender)
        is_bounded = granted.expires_at - envelope.created <= MAX_LIFETIME
        if is_theirs and is_bounded and envelope.expires < granted.expires_at:
            ends.append(granted.expires_at)
    return max(ends, default=None)


def newest_time(entries: Sequence[Entry], clock: Clock) -> datetime:
    """Now, by the clock or by the newest entry: a clock that was set back revives nothing."""
    return max([clock(), *(entry.at for entry in entries)])
