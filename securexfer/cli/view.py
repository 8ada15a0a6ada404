"""What a bundle shows: outside to anyone, inside to whoever it is for. In JSON, and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from securexfer.cli.chain import chain_document, chain_rows
from securexfer.cli.plan import describe_field
from securexfer.cli.session import Session
from securexfer.instant import format_instant
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.bundle.envelope import Envelope
    from securexfer.bundle.outside import Outside
    from securexfer.verifying import Verified


def outside_document(outside: Outside) -> dict[str, Any]:
    """What is visible, in JSON results."""
    envelope = outside.envelope
    extended = {}
    if outside.extended_until is not None:
        extended["extended_until"] = format_instant(outside.extended_until)
    return {
        **extended,
        "bundle_id": envelope.bundle_id,
        "bundle_sha256": outside.claimed.bundle_sha256,
        "created_at": envelope.created_at,
        "expires_at": envelope.expires_at,
        "format": envelope.format,
        "forwarded": is_forwarded(outside),
        "members": [{"name": m.name, "n_bytes": m.length} for m in envelope.members],
        "n_bytes": outside.file.size,
        "read_me": outside.read_me,
        "recipients": [r.fingerprint for r in envelope.recipients],
        "sender": envelope.sender,
    }


def is_forwarded(outside: Outside) -> bool:
    """Whether the sender says that somebody else packed it."""
    from securexfer.bundle.layout import PROVENANCE

    return any(member.name == PROVENANCE for member in outside.envelope.members)


def inside_document(verified: Verified) -> dict[str, Any]:
    """A verified bundle in JSON results."""
    manifest = verified.manifest
    return {
        **outside_document(verified.inside.outside),
        **chain_document(verified.inside),
        "agreement": manifest.agreement.model_dump(),
        "forwarding": manifest.forwarding,
        "notes": list(verified.notes),
        "sender_name": verified.sender.name,
        "sequence": manifest.sequence,
        "tables": [
            table.model_dump(exclude={"gates", "member"}, exclude_none=True)
            for table in manifest.tables
        ],
        "verified": True,
    }


def describe_expiry(outside: Outside) -> str:
    """The date, and what its sender made of it since."""
    if outside.extended_until is None:
        return outside.envelope.expires_at
    until = format_instant(outside.extended_until)
    return f"{until}, extended by the sender; at first {outside.envelope.expires_at}"


def print_outside(
    session: Session, outside: Outside, *, sender: str, has_names: bool = True
) -> None:
    """What is visible, for people.

    Args:
        session: knows the names of contacts.
        outside: of the bundle.
        sender: what is known of the sender's fingerprint, before it.
        has_names: whether the names that this desk has for fingerprints are to stand behind them.
    """
    from securexfer.crypto.fingerprint import format_fingerprint

    def named(fingerprint: str) -> str:
        name = f", {session.contact_name(fingerprint)}" if has_names else ""
        return f"{format_fingerprint(fingerprint)}{name}"

    envelope: Envelope = outside.envelope
    rows = [
        ("Bundle", envelope.bundle_id),
        ("Sender", f"{sender} {named(envelope.sender)}"),
        *(("Recipient", named(recipient.fingerprint)) for recipient in envelope.recipients),
        ("Created", envelope.created_at),
        ("Expires", describe_expiry(outside)),
        ("Size", f"{outside.file.size:,} bytes, {len(envelope.members)} members"),
    ]
    if is_forwarded(outside):
        rows.append(("Forwarded", "yes; who packed it, and through whose hands it came, is inside"))
    session.console.facts(rows)


def print_known(session: Session, outside: Outside) -> None:
    """Whom this desk knows by the fingerprints of a bundle, which are all that the file has."""
    envelope: Envelope = outside.envelope
    session.console.line("\nWhom you know by these fingerprints; the file has no names:")
    session.console.facts(
        [
            ("  Sender", session.contact_name(envelope.sender)),
            *(("  Recipient", session.contact_name(r.fingerprint)) for r in envelope.recipients),
        ]
    )


def print_inside(session: Session, verified: Verified) -> None:
    """A verified bundle, for people, before anything is written."""
    manifest = verified.manifest
    is_drill = manifest.drill == "yes"
    session.console.facts(
        [
            *([("A drill", "synthetic records, to rehearse with")] if is_drill else []),
            ("From", verified.sender.name),
            *(chain_rows(verified.inside) if verified.inside.is_forwarded else ()),
            ("Agreement", f"{manifest.agreement.reference}: {manifest.agreement.purpose}"),
            ("Controller", manifest.agreement.controller),
            ("Created", manifest.created_at),
            ("Expires", describe_expiry(verified.inside.outside)),
            ("Forwarding", "allowed" if manifest.forwarding == "yes" else "not allowed"),
        ]
    )
    for table in manifest.tables:
        rows = [(f.name, describe_field(f.name, f.action, table)) for f in table.fields]
        title = f"Table {table.name}: {plural(table.n_rows_out, 'row')}"
        if table.attachments:
            title += f", {plural(table.attachments.n_files, 'attached file')}"
        session.console.table(("field", "what was done"), rows, title=title)
