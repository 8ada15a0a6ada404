"""Selecting entries: by kind, by time, by the bundle that they are about."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from securexfer.custody.entry import EVENTS, Entry
from securexfer.errors import UsageError

# An entry's number as a person types it. The start of an id has more digits, or letters.
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_BUNDLES = ("bundle_id", "origin_bundle_id", "previous_bundle_id")


def select_entries(
    entries: Sequence[Entry],
    *,
    events: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Entry]:
    """Entries of some kinds, from one instant (included) to another (not included).

    Args:
        entries: to choose from.
        events: kinds; all if there are none.
        since: aware UTC; from the beginning without it.
        until: aware UTC; to the end without it.

    Raises:
        UsageError: for a kind that neither this version nor any of the entries knows.
    """
    known = {*EVENTS, *(entry.event for entry in entries)}
    unknown = sorted(set(events) - known)
    if unknown:
        raise UsageError(
            f"There is no kind of entry named {unknown[0]!r}.",
            hint=f"There are: {', '.join(sorted(known))}.",
        )
    return [
        entry
        for entry in entries
        if (not events or entry.event in events)
        and (since is None or entry.at >= since)
        and (until is None or entry.at < until)
    ]


def find_entries(entries: Sequence[Entry], wanted: str) -> list[Entry]:
    """The entry of a number, or all entries about one bundle.

    Args:
        entries: to choose from.
        wanted: an entry's number, up to seven digits; or a bundle's id, or the first characters
            of it, at least eight if all of them are digits.

    Raises:
        UsageError: if there is none, or more than one bundle that this may mean.
    """
    if _NUMBER.fullmatch(wanted):
        numbered = [entry for entry in entries if entry.number == int(wanted)]
        if not numbered:
            raise UsageError(
                f"The register has no entry {wanted}: it has {len(entries)}.",
                hint="List them with: securexfer register list",
            )
        return numbered
    meant = {one for entry in entries for one in bundles_of(entry) if one.startswith(wanted)}
    if not meant or not wanted:
        raise UsageError(
            "The register has no entry about that bundle.",
            hint="List all entries with: securexfer register list",
        )
    if len(meant) > 1:
        raise UsageError(
            f"The register knows {len(meant)} bundles whose id begins so.",
            hint="Give more of its characters.",
        )
    return [entry for entry in entries if meant & bundles_of(entry)]


def bundles_of(entry: Entry) -> set[str]:
    """Ids of the bundles that an entry is about."""
    named = [entry.details.get(name) for name in _BUNDLES]
    listed = entry.details.get("bundle_ids")
    if isinstance(listed, list):
        named += listed
    return {one for one in named if isinstance(one, str) and one}
