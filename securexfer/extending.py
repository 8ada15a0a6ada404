"""Extending: the sender lets one bundle be kept for longer, and both sides record it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from securexfer.carrier import PartialFile
from securexfer.crypto.identity import Identity
from securexfer.custody.extension import MAX_LIFETIME, Extension
from securexfer.custody.register import Entry, Register, head_sha256
from securexfer.custody.retention import UNSENT, Held, entry_instant, find_held
from securexfer.custody.seal import sign_statement
from securexfer.custody.statement import VERSION, choose_name, new_statement_id, tool_name
from securexfer.errors import RegisterError, SecurexferError, UsageError
from securexfer.expiry import newest_time
from securexfer.instant import Clock, format_instant
from securexfer.place import check_target, is_folder
from securexfer.recipe.model import MAX_RETENTION_DAYS


@dataclass(frozen=True)
class ExtendResult:
    """An extension that is on record, and its file, to be sent to the bundle's recipients."""

    path: Path
    extension: Extension
    entry: Entry


def extend(
    bundle_id: str,
    days: int,
    identity: Identity,
    register: Register,
    output: Path,
    *,
    clock: Clock,
) -> ExtendResult:
    """Sign and record that a bundle may be kept for more days than until now.

    Args:
        bundle_id: the id of a bundle that was packed here, or its first characters.
        days: how many are added to its present destroy-by date.
        identity: signs the extension and the register's entry.
        register: knows what was packed, and which extensions there were.
        output: file, or folder, to write the extension to.
        clock: now.

    Raises:
        UsageError: if there is no such bundle, or no such date.
        OutputError: if the file can't be written.
        RegisterError: if it can't be recorded.
    """
    entries = register.entries()
    packed = _choose_packed(entries, bundle_id)
    previous = _destroy_by(entries, packed)
    created = entry_instant(packed, "created_at")
    expires = _add_days(previous, created, days, newest_time(entries, clock))
    details = packed.details
    target = output
    if is_folder(target):
        target = target / choose_name(target, "extension", details["bundle_id"])
    check_target(target, force=False)
    extension = Extension(
        securexfer_statement=VERSION,
        statement_id=new_statement_id(),
        bundle_id=details["bundle_id"],
        bundle_sha256=details["bundle_sha256"],
        made_at=format_instant(clock()),
        register_head=head_sha256(entries),
        tool=tool_name(),
        created_at=format_instant(created),
        previous_expires_at=format_instant(previous),
        expires_at=format_instant(expires),
    )

    def check_previous(now_there: list[Entry]) -> None:
        if _destroy_by(now_there, packed) != previous:
            raise RegisterError(
                "The bundle was extended by another run at the same time.",
                hint="Look with: securexfer register list --open",
            )

    recorded = extension.model_dump(
        include={"bundle_id", "bundle_sha256", "expires_at", "previous_expires_at", "statement_id"}
    )
    file = PartialFile(target)
    try:
        file.write(sign_statement(extension, "extension", identity.keys))
        file.sync()
        entry = register.append(identity, "extended", recorded, clock(), check=check_previous)
        file.publish()
    except BaseException as error:
        # A file that may be there all the same may be sent, and the register says so already.
        if file.discard():
            with suppress(SecurexferError):
                _withdraw(extension, error, identity, register, clock)
        raise
    file.finish()
    return ExtendResult(target, extension, entry)


def _withdraw(
    extension: Extension,
    error: BaseException,
    identity: Identity,
    register: Register,
    clock: Clock,
) -> None:
    """Where the register says already that it was granted, say that nobody was given it."""
    number = extension.statement_id
    if any(entry.details.get("statement_id") == number for entry in register.entries()):
        details = {
            **extension.model_dump(include={"bundle_id", "bundle_sha256", "statement_id"}),
            "reason": error.code if isinstance(error, SecurexferError) else "interrupted",
        }
        register.append(identity, "extend-failed", details, clock())


def _choose_packed(entries: Sequence[Entry], start: str) -> Entry:
    failed = {e.details.get("bundle_id") for e in entries if e.event in UNSENT}
    needed = {"bundle_id", "bundle_sha256", "created_at", "expires_at"}
    fitting = [
        entry
        for entry in entries
        if entry.event == "packed"
        and needed <= entry.details.keys()
        and entry.details["bundle_id"].startswith(start)
        and entry.details["bundle_id"] not in failed
    ]
    if not fitting or not start:
        raise UsageError(
            "The register knows of no such bundle that was packed here.",
            hint="Only its sender can extend a bundle. List yours with: securexfer register list",
        )
    if len({entry.details["bundle_id"] for entry in fitting}) > 1:
        raise UsageError(
            "Several bundles that were packed here have an id that begins so.",
            hint="Give more of its characters.",
        )
    return fitting[0]


def _destroy_by(entries: Sequence[Entry], packed: Entry) -> datetime:
    about = packed.details["bundle_id"], packed.details["bundle_sha256"]

    def fits(held: Held) -> bool:
        return held.is_sent and (held.bundle_id, held.bundle_sha256) == about

    ends = [held.destroy_by for held in find_held(entries) if fits(held)]
    return ends[0] or entry_instant(packed, "expires_at")


def _add_days(previous: datetime, created: datetime, days: int, now: datetime) -> datetime:
    if days > MAX_RETENTION_DAYS:
        raise UsageError(f"A bundle may be kept for at most {MAX_RETENTION_DAYS} days.")
    expires = previous + timedelta(days=days)
    if expires - created > MAX_LIFETIME:
        raise UsageError(
            f"The bundle would be kept until {expires:%Y-%m-%d}, more than {MAX_RETENTION_DAYS} "
            "days after it was made.",
            hint="Add fewer days.",
        )
    if expires <= now:
        raise UsageError(
            f"It was to be destroyed by {previous:%Y-%m-%d}; {days} more days end in the past.",
            hint="Add more days: they are counted from that date.",
        )
    return expires
