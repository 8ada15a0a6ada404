"""Accounts: a transfer in sections, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Iterator

from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.custody.breach import PROTECTION
from securexfer.custody.flow import draw_flow
from securexfer.custody.gate import Gate
from securexfer.custody.histogram import draw_histogram
from securexfer.custody.notice import (
    CARRIER_FACTS,
    LAWS,
    Section,
    left_as,
    name_categories,
)
from securexfer.custody.table import TransferTable
from securexfer.custody.tiles import draw_tiles
from securexfer.custody.transfer import Transfer
from securexfer.instant import parse_instant
from securexfer.wording import plural

_SHORT_ID = 12
_TITLES = {
    "planned": "What would leave",
    "sent": "What left",
    "received": "What was received",
}
_UNKNOWN = "not known here"
_RESULTS = {
    "passed": "✓ passed",
    "refused": "✗ refused",
    "suppressed": "✓ rows left out",
    "redacted": "✓ taken out",
    "allowed": "! allowed",
    "reported": "! reported only",
    "off": "! switched off",
    "measured": "measured only",
    "not counted": "! not counted",
}


def title_account(transfer: Transfer) -> str:
    """The page's title."""
    title = "Refused: what would leave" if transfer.refused else _TITLES[transfer.stage]
    return f"{title}: bundle {transfer.bundle_id[:_SHORT_ID]}" if transfer.bundle_id else title


def write_account(transfer: Transfer) -> list[Section]:
    """All sections, what matters most first."""
    sections = [_short(transfer)]
    for number, table in enumerate(transfer.tables, start=1):
        sections += _write_table(table, f"table-{number}")
    if transfer.gates:
        sections.append(_gates("Checks of the whole bundle", transfer.gates, level=2))
    sections += [_holders(transfer), _course(transfer), _agreement(transfer), _seal(transfer)]
    sections.append(_basis(transfer))
    return sections


def say_instant(text: str) -> str:
    """A time for people: `22 November 2026, 09:30 UTC`; what is none, as it is."""
    try:
        moment = parse_instant(text)
    except ValueError:
        return text or _UNKNOWN
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _short(transfer: Transfer) -> Section:
    agreement = transfer.agreement
    paragraphs = [f"For this purpose: {agreement.get('purpose') or _UNKNOWN}."]
    if transfer.is_drill:
        paragraphs.insert(0, "A drill: the records are synthetic, and no person is in them.")
    if refused := transfer.refused:
        paragraphs.insert(0, f"It may not leave so: {plural(len(refused), 'check')} refused it.")
    facts = [
        ("From", _party(transfer.sender_name, transfer.sender)),
        ("To", "; ".join(holder.name for holder in transfer.holders) or "nobody yet"),
        ("To be destroyed by", _destroy_by(transfer)),
        *([("Came through", ", then ".join(transfer.hands))] if transfer.hands else []),
        (
            "Kinds of data",
            name_categories(agreement.get("categories", ())) if agreement else _UNKNOWN,
        ),
    ]
    return Section(
        "At a glance", paragraphs=tuple(paragraphs), facts=tuple(facts), figure=draw_tiles(transfer)
    )


def _write_table(table: TransferTable, key: str) -> Iterator[Section]:
    if not table.fields:
        said = f"{plural(table.n_rows_out, 'row')}. What its columns are is {_UNKNOWN}."
        yield Section(f"Table {table.name}", paragraphs=(said,))
        return
    rows = [(one.source or "(none)", one.name, left_as(one.action)) for one in table.fields]
    rows += [(column, "(none)", "withheld: it stays inside") for column in table.withheld]
    yield Section(
        f"Table {table.name}: from columns to fields",
        figure=draw_flow(table, key),
        columns=("source column", "field", "how it leaves"),
        rows=tuple(rows),
        folded=f"The same as a table, {plural(len(rows), 'line')}",
    )
    if table.groups is not None:
        groups = table.groups
        yield Section(
            "How many people look alike",
            level=3,
            paragraphs=(
                f"Rows look alike if they have the same {', '.join(groups.by)}. The smaller the "
                "group, the easier it is to tell who is meant.",
            ),
            figure=draw_histogram(groups, table.name, f"{key}-groups") if groups.sizes else "",
            columns=("rows in a group, from", "groups", "rows") if groups.sizes else (),
            rows=tuple(
                (f"{band.at_least:,}", f"{band.n_groups:,}", f"{band.n_rows:,}")
                for band in groups.sizes
            ),
            folded="The same as a table",
        )
    if table.gates:
        yield _gates("What was checked", table.gates, level=3)


def _gates(title: str, gates: tuple[Gate, ...], *, level: int) -> Section:
    rows = [(_RESULTS.get(gate.result, gate.result), gate.title, gate.said) for gate in gates]
    return Section(
        title, level=level, columns=("result", "check", "what was found"), rows=tuple(rows)
    )


def _holders(transfer: Transfer) -> Section:
    if not transfer.holders:
        return Section("Who can open it", paragraphs=("Nobody yet: no recipient was named.",))
    told = "Whoever has the private key of one of these fingerprints, and its passphrase."
    if transfer.hands:
        told += " Whoever could open it before it was forwarded still can: it kept its password."
    if transfer.may_forward:
        told += " They may forward it, and whoever they forward it to can open it as well."
    elif not transfer.hands:
        told += " Nobody else: the sender can't."
    if transfer.stage == "received":
        # What the others did with it, they tell its sender.
        rows = tuple((one.name, format_fingerprint(one.fingerprint)) for one in transfer.holders)
        return Section("Who can open it", 2, (told,), columns=("recipient", "key"), rows=rows)
    return Section(
        "Who can open it",
        paragraphs=(told,),
        columns=("recipient", "key", "opened", "now"),
        rows=tuple(
            (
                one.name,
                format_fingerprint(one.fingerprint),
                ", ".join(map(say_instant, one.opened_at)) or _not_opened(transfer),
                one.status or "not sent yet",
            )
            for one in transfer.holders
        ),
    )


def _not_opened(transfer: Transfer) -> str:
    return "not yet" if transfer.stage == "planned" else "no receipt"


def _course(transfer: Transfer) -> Section:
    rows = [(say_instant(one.at), one.what, f"{one.number}") for one in transfer.events]
    facts = [("To be destroyed by", _destroy_by(transfer))]
    if transfer.stage == "received":
        facts.append(("At this desk", transfer.status))
    if transfer.packed_at:
        # Its record says when it was sealed, not when what it holds was packed.
        what = "Forwarded" if transfer.hands else "Packed"
        facts.insert(0, (what, say_instant(transfer.packed_at)))
    return Section(
        "What happened, and what is due",
        facts=tuple(facts),
        columns=("when", "what", "entry of the register") if rows else (),
        rows=tuple(rows),
    )


def _agreement(transfer: Transfer) -> Section:
    told = transfer.agreement
    facts = [
        ("Agreement", str(told.get("reference") or _UNKNOWN)),
        ("Purpose", str(told.get("purpose") or _UNKNOWN)),
        ("Controller", str(told.get("controller") or _UNKNOWN)),
        ("Law", LAWS.get(str(told.get("regime")), str(told.get("regime") or _UNKNOWN))),
        ("Lawful basis", str(told.get("lawful_basis") or _UNKNOWN)),
        ("Handing it on", "allowed, sealed anew" if transfer.may_forward else "not allowed"),
        ("Pseudonyms", _linkage(transfer)),
    ]
    return Section("The agreement", facts=tuple(facts))


def _linkage(transfer: Transfer) -> str:
    return {
        "bundle": "fresh in this bundle: they can't be joined with those of another",
        "agreement": "the same in every bundle for this agreement and these recipients",
    }.get(transfer.linkage, _UNKNOWN)


def _seal(transfer: Transfer) -> Section:
    on = ", ".join(
        f"{title} {transfer.carrier[name]}"
        for name, title in CARRIER_FACTS.items()
        if transfer.carrier.get(name)
    )
    place = "Unpacked to" if transfer.stage == "received" else "Drive"
    facts = [("Encrypted", PROTECTION), (place, on or _UNKNOWN)]
    facts += [
        (name, value)
        for name, value in (
            ("Bundle", transfer.bundle_id),
            ("File", transfer.file_name),
            ("Size", f"{transfer.n_bytes:,} bytes" if transfer.n_bytes else ""),
            ("SHA-256 of its bytes", transfer.bundle_sha256),
            ("Sender's key", format_fingerprint(transfer.sender) if transfer.sender else ""),
            ("SHA-256 of the recipe", transfer.recipe_sha256),
            ("Made with", transfer.tool),
        )
        if value
    ]
    return Section("Seal, keys and drive", facts=tuple(facts))


def _basis(transfer: Transfer) -> Section:
    said = f"Made on {say_instant(transfer.made_at)} from {transfer.basis}."
    if transfer.register_head:
        said += f" SHA-256 of the register's last line then: {transfer.register_head}."
    return Section(
        "Where this comes from",
        paragraphs=(
            said,
            "It holds no value of any cell, but names of columns, numbers, and who deals with "
            "whom: keep it off the drive that the bundle is on.",
            "Pseudonymised data are still personal data. Receipts and certificates prove who "
            "claimed something, not that no copy was made.",
        ),
    )


def _destroy_by(transfer: Transfer) -> str:
    if not transfer.destroy_by:
        days = transfer.agreement.get("retention_days")
        return f"{days} days after it is packed" if days else _UNKNOWN
    return say_instant(transfer.destroy_by) + (" - PAST" if transfer.is_overdue else "")


def _party(name: str, fingerprint: str) -> str:
    return name or (format_fingerprint(fingerprint) if fingerprint else _UNKNOWN)
