"""Summaries of entries: what each kind says in its own words, in the same few columns for all.

An entry is read here without trust in what it holds: what has another form than expected is left
out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from securexfer.custody.entry import Entry
from securexfer.custody.foreign import object_in, objects_in, text_in, texts_in
from securexfer.instant import format_instant

# The columns of an export, in their order. They are stable: new ones are added at the end.
COLUMNS = (
    "number",
    "at",
    "event",
    "user",
    "host",
    "identity",
    "contact",
    "contact_fingerprint",
    "bundle_id",
    "bundle_sha256",
    "reference",
    "purpose",
    "controller",
    "tables",
    "fields",
    "withheld",
    "n_rows",
    "n_subjects",
    "expires_at",
    "file_name",
    "carrier_kind",
    "carrier_label",
    "carrier_serial",
    "carrier_file_system",
    "medium_kind",
    "medium_file_system",
    "medium_reason",
    "reason",
    "previous_sha256",
    "sha256",
)
_SEPARATOR = "; "


@dataclass(frozen=True)
class Summary:
    """What one entry says, for a row of a table.

    Attributes:
        whom: names of the other side, or fingerprints where no name is known.
        bundle_id: of the bundle that it is about, or empty.
        n_rows, n_subjects: over all its tables; None where it says nothing about rows.
        until: date (YYYY-MM-DD) until which the bundle can be opened and the data kept, or empty.
        reason: why something failed, was refused or was done, or empty.
    """

    whom: tuple[str, ...]
    bundle_id: str
    n_rows: int | None
    n_subjects: int | None
    until: str
    reason: str


def summarise_entry(entry: Entry, names: Mapping[str, str]) -> Summary:
    """An entry in a few words.

    Args:
        entry: which.
        names: local names by fingerprint, see `names_of`.
    """
    details = entry.details
    tables = objects_in(details.get("tables"))
    return Summary(
        whom=_whom(details, names),
        bundle_id=text_in(details.get("bundle_id")),
        n_rows=_total(tables, "n_rows_out", "n_rows"),
        n_subjects=_total(tables, "n_subjects"),
        until=text_in(details.get("expires_at"))[:10],
        reason=text_in(details.get("reason")),
    )


def flatten_entry(entry: Entry, names: Mapping[str, str]) -> dict[str, str]:
    """An entry as one row of `COLUMNS`, all of it text."""
    details, summary = entry.details, summarise_entry(entry, names)
    tables, agreement = objects_in(details.get("tables")), object_in(details.get("agreement"))
    carrier, medium = object_in(details.get("carrier")), object_in(details.get("medium"))
    return {
        "number": str(entry.number),
        "at": format_instant(entry.at),
        "event": entry.event,
        "user": entry.actor.user,
        "host": entry.actor.host,
        "identity": entry.identity,
        "contact": _SEPARATOR.join(summary.whom),
        "contact_fingerprint": _SEPARATOR.join(_fingerprints(details)),
        "bundle_id": summary.bundle_id,
        "bundle_sha256": text_in(details.get("bundle_sha256")),
        "reference": text_in(agreement.get("reference"))
        or text_in(details.get("agreement") or details.get("reference")),
        "purpose": text_in(agreement.get("purpose")),
        "controller": text_in(agreement.get("controller")),
        "tables": _SEPARATOR.join(text_in(table.get("name")) for table in tables),
        "fields": _SEPARATOR.join(_fields(tables)),
        "withheld": _SEPARATOR.join(_withheld(tables)),
        "n_rows": "" if summary.n_rows is None else str(summary.n_rows),
        "n_subjects": "" if summary.n_subjects is None else str(summary.n_subjects),
        "expires_at": text_in(details.get("expires_at")),
        "file_name": text_in(details.get("file_name")),
        "carrier_kind": text_in(carrier.get("kind")),
        "carrier_label": text_in(carrier.get("label")),
        "carrier_serial": text_in(carrier.get("serial")),
        "carrier_file_system": text_in(carrier.get("file_system")),
        "medium_kind": text_in(medium.get("kind")),
        "medium_file_system": text_in(medium.get("file_system")),
        "medium_reason": text_in(details.get("medium_reason")),
        "reason": summary.reason,
        "previous_sha256": entry.previous_sha256,
        "sha256": entry.sha256,
    }


def names_of(entries: Sequence[Entry]) -> dict[str, str]:
    """Local names by fingerprint, of all contacts there ever were: those that are gone too."""
    return {
        entry.details["fingerprint"]: entry.details["name"]
        for entry in entries
        if entry.event in ("contact-added", "contact-replaced")
    }


def _whom(details: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    told = texts_in(details.get("recipient_names"))
    if told:
        return tuple(told)
    fingerprints = _fingerprints(details)
    if name := text_in(details.get("name")):
        return (name,)
    return tuple(names.get(one, one) for one in fingerprints)


def _fingerprints(details: Mapping[str, Any]) -> list[str]:
    """Of the other side: for an unpack, who sent it, though all recipients are named as well."""
    if text_in(details.get("name")):
        return [text_in(details.get("fingerprint"))]
    if sender := text_in(details.get("sender")):
        return [sender]
    for name in ("recipients", "recipient", "signer"):
        value = details.get(name)
        if found := texts_in(value) or ([value] if isinstance(value, str) and value else []):
            return found
    return []


def _fields(tables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for table in tables:
        for field in objects_in(table.get("fields")):
            name, action = text_in(field.get("name")), text_in(field.get("action"))
            yield f"{text_in(table.get('name'))}.{name} ({action})"


def _withheld(tables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for table in tables:
        for column in texts_in(table.get("withheld")):
            yield f"{text_in(table.get('name'))}.{column}"


def _total(tables: Sequence[Mapping[str, Any]], *names: str) -> int | None:
    """Sum of a count over all tables, under the first of these names that each has."""
    counts = []
    for table in tables:
        values = [table[name] for name in names if isinstance(table.get(name), int)]
        counts += values[:1]
    return sum(counts) if counts else None
