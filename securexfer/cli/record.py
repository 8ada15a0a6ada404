"""Showing entries of the register: in a row, as a page for people, as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from securexfer.cli.console import Console, plain
from securexfer.cli.plan import WHAT_IS_DONE, print_gates
from securexfer.cli.session import Session
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.custody.entry import Entry
    from securexfer.custody.summary import Summary

ROW = ("no.", "time (UTC)", "event", "with", "bundle", "rows", "until")
_SHORT_ID = 8
_SHORT_FINGERPRINT = 8
REFUSED = "unpack-refused"
_WHOLE_FINGERPRINT = 64
# Said by other lines of the page already.
_SAID = {"bundle_id", "name", "recipient_names", "tables", "expires_at", "gates"}
# Documents of many lines; their fingerprints are said beside them.
_CARDS = {"card", "former_card"}
_COUNTS = {
    "n_rows": ("row", "rows"),
    "n_rows_in": ("row in", "rows in"),
    "n_rows_out": ("row out", "rows out"),
    "n_subjects": ("data subject", "data subjects"),
    "n_blank_lines": ("blank line", "blank lines"),
    "n_bytes": ("byte", "bytes"),
}


def names_here(session: Session, entries: Sequence[Entry]) -> dict[str, str]:
    """Names by fingerprint: contacts of today, those that the register remembers, and oneself."""
    from securexfer.custody.succession import former_cards
    from securexfer.custody.summary import names_of

    names = names_of(entries)
    for contact in session.contacts.list():
        for card in (*contact.former, contact.card):
            names[card.fingerprint] = contact.name
    own = session.own_card()
    if own is not None:
        names[own.fingerprint] = "this identity"
        for card in former_cards(own, entries):
            names[card.fingerprint] = "this identity, with former keys"
    return names


def entry_document(entry: Entry) -> dict[str, Any]:
    """An entry in JSON results."""
    from securexfer.instant import format_instant

    return {
        "at": format_instant(entry.at),
        "details": dict(entry.details),
        "event": entry.event,
        "host": entry.actor.host,
        "identity": entry.identity,
        "number": entry.number,
        "previous_sha256": entry.previous_sha256,
        "sha256": entry.sha256,
        "user": entry.actor.user,
    }


def entry_row(entry: Entry, names: Mapping[str, str]) -> tuple[str, ...]:
    """An entry as a row of `ROW`."""
    from securexfer.custody.summary import summarise_entry

    summary = summarise_entry(entry, names)
    has_code = entry.event.endswith(("-failed", "-refused"))
    event = f"{entry.event}: {summary.reason}" if has_code and summary.reason else entry.event
    whom = ", ".join(map(_shorten, summary.whom))
    return (
        str(entry.number),
        f"{entry.at:%Y-%m-%d %H:%M}",
        # Words, so that a narrow terminal breaks the line between them.
        event.replace("-", " ").replace("_", " "),
        # What was refused only claims to be from somebody.
        f"{whom}?" if whom and entry.event == REFUSED else whom,
        summary.bundle_id[:_SHORT_ID],
        "" if summary.n_rows is None else f"{summary.n_rows:,}",
        summary.until,
    )


def print_entry(console: Console, entry: Entry, names: Mapping[str, str]) -> None:
    """An entry as a page for people: all that it holds."""
    from securexfer.custody.foreign import objects_in
    from securexfer.custody.summary import summarise_entry

    summary = summarise_entry(entry, names)
    console.line(f"\nEntry {entry.number}: {plain(entry.event)}")
    signer = names.get(entry.identity, entry.identity)
    console.facts(
        [
            ("Time", f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"),
            ("By", f"{entry.actor.user} on {entry.actor.host}, signed by {signer}"),
            *_about(summary, is_claim=entry.event == REFUSED),
            *_details(entry.details),
            ("entry's SHA-256", entry.sha256),
        ]
    )
    tables = entry.details.get("tables")
    for table in tables if isinstance(tables, list) else []:
        if isinstance(table, dict):
            _print_table(console, table)
    print_gates(console, "Gates of the bundle", objects_in(entry.details.get("gates")))


def export_csv(entries: Sequence[Entry], names: Mapping[str, str]) -> bytes:
    """Entries as CSV with the columns of `custody.summary`, safe in spreadsheets and terminals."""
    import csv
    import io

    from securexfer.custody.summary import COLUMNS, flatten_entry
    from securexfer.privacy.formulas import escape_cell

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        row = flatten_entry(entry, names)
        writer.writerow([escape_cell(plain(row[column])) for column in COLUMNS])
    return text.getvalue().encode("utf-8")


def _about(summary: Summary, *, is_claim: bool) -> Iterator[tuple[str, str]]:
    if summary.whom:
        yield "Claims to be from" if is_claim else "With", ", ".join(summary.whom)
    if summary.bundle_id:
        yield "Bundle", summary.bundle_id
    if summary.n_rows is not None:
        yield "Rows", f"{summary.n_rows:,}"
    if summary.n_subjects is not None:
        yield "Data subjects", f"{summary.n_subjects:,}"
    if summary.until:
        yield "Until", summary.until


def _details(details: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Whatever an entry holds, a line for each member, those of objects within it too."""
    for name, value in details.items():
        if not before and name in _SAID:
            continue
        label = before + plain(name).removeprefix("n_").replace("_", " ")
        if isinstance(value, dict):
            yield from _details(value, f"{label}, ")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            yield from ((label, _say(one)) for one in value)
        elif isinstance(value, list):
            yield label, ", ".join(map(_say, value)) or "none"
        elif name in _CARDS:
            yield label, "a whole card; see it with --json"
        else:
            yield label, _say(value)


def _print_table(console: Console, table: Mapping[str, Any]) -> None:
    """A table as the manifest has it: what left, in what form, what stayed, what gates found."""
    from securexfer.custody.foreign import objects_in

    counts = [
        plural(table[name], *words)
        for name, words in _COUNTS.items()
        if type(table.get(name)) is int
    ]
    if isinstance(exactness := table.get("n_subjects_is"), str):
        counts = [f"{c} ({exactness})" if "data subject" in c else c for c in counts]
    title = plain(_say(table.get("name", "")))
    console.line(f"\nTable {title}: {plain(', '.join(counts))}")
    fields = table.get("fields")
    rows = [
        (
            _say(field.get("name", "")),
            _say(field.get("source", "")),
            WHAT_IS_DONE.get(_say(field.get("action", "")), _say(field.get("action", ""))),
        )
        for field in (fields if isinstance(fields, list) else [])
        if isinstance(field, dict)
    ]
    if rows:
        console.table(("field", "from", "what was done"), rows)
    rest = {
        name: _without_zeros(value)
        for name, value in table.items()
        if name not in ("name", "fields", "withheld", "gates", "n_subjects_is", *_COUNTS)
    }
    lines = list(_details(rest, "  "))
    if isinstance(withheld := table.get("withheld"), list):
        lines.insert(0, ("  withheld", ", ".join(map(_say, withheld)) or "nothing"))
    console.facts(lines)
    print_gates(console, f"Gates of table {title}", objects_in(table.get("gates")))


def _without_zeros(value: Any) -> Any:
    """Counts by field, of those fields where something was counted."""
    if isinstance(value, dict):
        return {name: count for name, count in value.items() if count != 0}
    return value


def _say(value: Any) -> str:
    """A value in words; an object as its members in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')}: {_say(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_say, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _shorten(name: str) -> str:
    """A name as it is, a fingerprint by its beginning."""
    return f"{name[:_SHORT_FINGERPRINT]}…" if len(name) == _WHOLE_FINGERPRINT else name
