"""Forwarding: a bundle sealed anew for colleagues, without a byte of plaintext.

The sibling of `packing`. Members are copied as they are, encrypted; the password is kept and sealed
to the new recipients; envelope and signatures are new, and the old ones become part of the
provenance. All refusals come before the first byte is written, and the register entry is on disk
before the bundle has its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securexfer.addressing import check_recipients, choose_path
from securexfer.bundle.envelope import (
    FORMAT,
    Envelope,
    SealedFor,
    commit_password,
    seal_password,
)
from securexfer.bundle.layout import MAX_MEMBERS, PROVENANCE
from securexfer.bundle.provenance import encode_provenance
from securexfer.bundle.writer import ForwardWriter
from securexfer.carrier import PartialFile
from securexfer.crypto.identity import Identity
from securexfer.custody.contradiction import contradict
from securexfer.custody.refusal import try_to_record
from securexfer.custody.register import Entry, Register, head_sha256
from securexfer.errors import (
    BundleExpiredError,
    ForwardedTooOftenError,
    ForwardingForbiddenError,
    NotForThisIdentityError,
    OutputExistsError,
    SecurexferError,
    UsageError,
)
from securexfer.expiry import newest_time
from securexfer.history import name_bundle, name_origin
from securexfer.home.contacts import Contact
from securexfer.instant import Clock, format_instant
from securexfer.medium.medium import FindMedium, Medium, find_medium
from securexfer.medium.rule import check_file_size
from securexfer.naming import neutral_name
from securexfer.partial import partial_path
from securexfer.place import check_space
from securexfer.reporting import Reporter
from securexfer.verifying import Verified, recheck

# Of the manifest: what is on the drive, whoever made it.
_TOLD = {
    "agreement",
    "forwarding",
    "gates",
    "linkage",
    "recipe_sha256",
    "sequence",
    "tables",
    "tool",
}


@dataclass(frozen=True)
class ForwardOrder:
    """Everything that a forwarding is asked to do.

    Attributes:
        recipients: pinned contacts.
        output: an existing folder, or the bundle's path.
        force: replace an existing file.
        days: so long the recipients may open it; None for as long as oneself.
    """

    recipients: Sequence[Contact]
    output: Path
    force: bool = False
    days: int | None = None


@dataclass(frozen=True)
class ForwardResult:
    """A forwarded bundle that is on the drive, read back and recorded."""

    path: Path
    n_bytes: int
    bundle_sha256: str
    envelope: Envelope
    entry: Entry
    carrier: Medium


def forward(
    verified: Verified,
    order: ForwardOrder,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    find_medium: FindMedium = find_medium,
) -> ForwardResult:
    """Copy, seal, sign, read back, record, and only then name the bundle.

    Args:
        verified: the bundle.
        order: what is asked for.
        identity: signs bundle and entry.
        register: hears of it before the bundle has its name, and of a refusal.
        clock: now.
        reporter: progress.
        find_medium: finds the medium of a path.

    Raises:
        SecurexferError: for any reason not to; then no bundle is left behind.
    """
    inside = verified.inside
    created_at = clock()
    check_recipients(order.recipients, clock)
    try:
        now = newest_time(register.entries(), clock)
        expires_at = check_forwarding(verified, identity, now, order.days)
        provenance = encode_provenance(inside.chain)
    except SecurexferError as error:
        try_to_record(register, identity, error, name_bundle(inside), clock())
        raise
    bundle_id = os.urandom(16).hex()
    target = choose_path(order.output, neutral_name(bundle_id), force=order.force)
    source = inside.outside.file
    if source.is_file(target) or source.is_file(partial_path(target)):
        raise OutputExistsError(
            "The bundle would be replaced by the one that is made from it.",
            hint="Choose another place.",
        )
    carrier = find_medium(target.parent)
    check_file_size(carrier, target, source.size + len(provenance))
    check_space(target.parent, source.size + len(provenance))
    entries = register.entries()

    file = PartialFile(target, force=order.force, medium=carrier)
    try:
        writer = ForwardWriter(file)
        _copy_members(verified, provenance, writer, reporter)
        envelope = Envelope(
            format=FORMAT,
            bundle_id=bundle_id,
            created_at=format_instant(created_at),
            expires_at=format_instant(expires_at),
            sender=identity.fingerprint,
            recipients=_seal_to(order.recipients, inside.password, bundle_id, identity),
            password_commitment=commit_password(bundle_id, inside.password),
            register_head=head_sha256(entries),
            members=writer.members,
        )
        digests = writer.finish(envelope, identity.keys)
        file.sync()
        file.read_back(reporter)
        details = {
            **_describe(verified, order, envelope, file),
            "bundle_sha256": digests.bundle_sha256,
            "carrier": carrier.identify(),
        }
        entry = register.append(
            identity,
            "forwarded",
            details,
            clock(),
            check=lambda now_there: recheck(verified, now_there),
        )
        file.publish()
        reporter.shield()
    except BaseException as error:
        reporter.shield()
        file.discard()
        reason = error.code if isinstance(error, SecurexferError) else "interrupted"
        with suppress(SecurexferError):
            contradict(register, identity, bundle_id, "forward-failed", reason, clock)
        try_to_record(register, identity, error, name_bundle(inside), clock())
        raise
    file.finish()
    return ForwardResult(target, file.n_bytes, digests.bundle_sha256, envelope, entry, carrier)


def check_forwarding(
    verified: Verified, identity: Identity, now: datetime, days: int | None = None
) -> datetime:
    """Check that this bundle may be forwarded by this identity.

    Args:
        verified: the bundle.
        identity: who forwards it.
        now: when.
        days: so long the recipients may open it; None for as long as oneself.

    Returns:
        When the forwarded bundle expires.

    Raises:
        ForwardingForbiddenError: if its agreement does not allow that.
        NotForThisIdentityError: if it is sealed to a former key of this identity.
        BundleExpiredError: if it has expired meanwhile.
        UsageError: if it would live longer than the bundle itself.
        ForwardedTooOftenError: if it has no room for another hop.
    """
    envelope = verified.envelope
    if verified.manifest.forwarding == "no":
        raise ForwardingForbiddenError(
            f"{verified.inside.origin.sender_name} packed the bundle under an agreement that does "
            "not allow to forward it."
        )
    if all(one.fingerprint != identity.fingerprint for one in envelope.recipients):
        # Whoever gets it knows only the current key of this identity, and would refuse it.
        raise NotForThisIdentityError(
            "The bundle is sealed to a former key of this identity, which can't forward any more.",
            hint="Ask the sender to pack it again for your current card.",
        )
    if envelope.expires < now:
        # Whatever its sender said of it since was said to this desk alone.
        raise BundleExpiredError(
            f"The bundle expired on {envelope.expires:%Y-%m-%d} and can't be forwarded any more.",
            hint="Ask the sender for a new bundle.",
        )
    if len(envelope.members) + (not verified.inside.is_forwarded) > MAX_MEMBERS:
        raise ForwardedTooOftenError("The bundle has too many members to be forwarded.")
    if days is None:
        return envelope.expires
    if now + timedelta(days=days) > envelope.expires:
        raise UsageError(
            f"The bundle expires on {envelope.expires:%Y-%m-%d} and can't be forwarded for longer.",
            hint="Name fewer days, or leave --days out.",
        )
    return now + timedelta(days=days)


def _copy_members(
    verified: Verified, provenance: bytes, writer: ForwardWriter, reporter: Reporter
) -> None:
    outside = verified.inside.outside
    file = outside.file
    members = [m for m in outside.envelope.members if m.name != PROVENANCE]
    # The read-me and the tables lie at the same place in both, the provenance behind them.
    first, manifest = members[:-1], members[-1]
    n_first = sum(member.length for member in first)
    reporter.begin("Copying", n_first)

    def pieces() -> Iterator[bytes]:
        for piece in file.pieces(0, n_first):
            yield piece
            reporter.advance(len(piece))

    read_me = outside.read_me.encode("utf-8")
    writer.copy_first(first, read_me, pieces(), file.hash_start(n_first))
    writer.write_provenance(provenance, verified.inside.password)
    writer.copy(manifest, file.pieces(manifest.offset, manifest.length))


def _seal_to(
    recipients: Sequence[Contact], password: str, bundle_id: str, identity: Identity
) -> list[SealedFor]:
    keys = {contact.fingerprint: contact.card.keys for contact in recipients}
    listed = {fingerprint: keys[fingerprint] for fingerprint in sorted(keys)}
    return seal_password(password, bundle_id, identity.fingerprint, listed)


def _describe(
    verified: Verified,
    order: ForwardOrder,
    envelope: Envelope,
    file: PartialFile,
) -> dict[str, Any]:
    """The register's details: what is on the drive, where it came from, and where it went."""
    previous = name_bundle(verified.inside)
    names = {contact.fingerprint: contact.name for contact in order.recipients}
    return {
        **verified.manifest.model_dump(exclude_none=True, include=_TOLD),
        **name_origin(verified.inside),
        **{f"previous_{name}": previous[name] for name in ("bundle_id", "bundle_sha256", "sender")},
        "bundle_id": envelope.bundle_id,
        "created_at": envelope.created_at,
        "expires_at": envelope.expires_at,
        "file_name": file.target.name,
        "file_sha256": file.sha256,
        "n_bytes": file.n_bytes,
        # In the order of the fingerprints: which name is whose is read from that.
        "recipient_names": [names[one.fingerprint] for one in envelope.recipients],
        "recipients": [one.fingerprint for one in envelope.recipients],
    }
