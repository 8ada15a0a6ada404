"""Extending: the sender lets one bundle be kept for longer, and both sides record it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from securexfer.carrier import PartialFile, write_small
from securexfer.crypto.identity import Identity
from securexfer.custody.extension import MAX_LIFETIME, Extension
from securexfer.custody.register import Entry, Register, head_sha256
from securexfer.custody.retention import UNSENT, Held, entry_instant, find_held, find_withdrawn
from securexfer.custody.seal import sign_statement
from securexfer.custody.statement import (
    VERSION,
    choose_path,
    find_unfinished,
    new_statement_id,
    tool_name,
)
from securexfer.errors import OutputExistsError, RegisterError, SecurexferError, UsageError
from securexfer.expiry import newest_time
from securexfer.instant import Clock, format_instant
from securexfer.partial import remove_leftover
from securexfer.place import check_target
from securexfer.recipe.model import MAX_RETENTION_DAYS


@dataclass(frozen=True)
class ExtendResult:
    """An extension that is on record, and its file, to be sent to the bundle's recipients.

    Attributes:
        path: of the file.
        extension: what it says.
        entry: of the register.
        previous: the entry of the extension before it, if there was one.
    """

    path: Path
    extension: Extension
    entry: Entry
    previous: Entry | None = None


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
        OutputExistsError: if it was extended before, and an extension that is not whole lies where
            this one is to be written.
        RegisterError: if it can't be recorded.
    """
    entries = register.entries()
    packed = _choose_packed(entries, bundle_id)
    before = _find_extended(entries, packed)
    previous = _destroy_by(entries, packed)
    created = entry_instant(packed, "created_at")
    expires = _add_days(previous, created, days, newest_time(entries, clock))
    details = packed.details
    target = choose_path(output, "extension", details["bundle_id"])
    check_target(target, force=False)
    if before is not None:
        for unfinished in find_unfinished(output, target, "extension", details["bundle_id"]):
            raise OutputExistsError(
                f"{unfinished} is an unfinished extension of that bundle: a run was cut off, or is "
                f"at work. The last one on record is until {before.details['expires_at'][:10]}.",
                hint="To have the file of that one written, leave out --days. To let the bundle be "
                "kept for still longer, delete the unfinished file first.",
            )
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

    # All that it says, so that it can be written again.
    recorded = extension.model_dump(exclude={"securexfer_statement"})
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
    return ExtendResult(target, extension, entry, before)


def extend_again(
    bundle_id: str, identity: Identity, register: Register, output: Path
) -> ExtendResult:
    """Write the file of the last extension of a bundle once more: it says the same.

    A run that was cut off may have recorded it and not named its file, or the file got lost.

    Args:
        bundle_id: the id of a bundle that was packed here, or its first characters.
        identity: signs the extension.
        register: knows what it said.
        output: file, or folder, to write the extension to.

    Raises:
        UsageError: if there is no such bundle, or it was not extended.
        OutputError: if the file can't be written.
    """
    entries = register.entries()
    packed = _choose_packed(entries, bundle_id)
    entry = _find_extended(entries, packed)
    if entry is None:
        raise UsageError(
            "That bundle was not extended yet.",
            hint="Say with --days by how many days it is to be.",
        )
    try:
        said = {name: entry.details.get(name) for name in Extension.model_fields}
        extension = Extension.model_validate({**said, "securexfer_statement": VERSION})
    except ValidationError:
        raise UsageError(
            f"Entry {entry.number} of the register does not say all that its extension said, so "
            "that it can't be written again.",
            hint="Extend the bundle by one more day: --days 1",
        ) from None
    target = choose_path(output, "extension", extension.bundle_id)
    for unfinished in find_unfinished(output, target, "extension", extension.bundle_id):
        remove_leftover(unfinished, if_locked_only=True)
    target = choose_path(output, "extension", extension.bundle_id)
    data = sign_statement(extension, "extension", identity.keys)
    write_small(target, data, force=False, is_own=False)
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
        passed_on = [e.details["bundle_id"] for e in entries if e.event == "forwarded"]
        if start and any(name.startswith(start) for name in passed_on):
            raise UsageError(
                "That bundle was passed on from here, and nobody can extend what was passed on.",
                hint="Ask whoever packed it for a new bundle.",
            )
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


def _find_extended(entries: Sequence[Entry], packed: Entry) -> Entry | None:
    """The entry of the last extension of a bundle that was not taken back."""
    withdrawn = find_withdrawn(entries)
    names = ("bundle_id", "bundle_sha256")
    for entry in reversed(entries):
        if (
            entry.event == "extended"
            and all(entry.details[name] == packed.details[name] for name in names)
            and entry.details.get("statement_id") not in withdrawn
        ):
            return entry
    return None


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
