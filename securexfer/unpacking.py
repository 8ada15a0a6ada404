"""The way in: the mirror of `packing`. Verify everything, then write, all tables or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from securexfer.bundle.envelope import Envelope
from securexfer.bundle.file import BundleFile
from securexfer.bundle.manifest import Manifest, TableRecord, describe_package
from securexfer.bundle.reader import (
    FindSender,
    Inside,
    Outside,
    PinnedSender,
    read_claims,
    read_inside,
    read_outside,
)
from securexfer.carrier import PartialFile, check_space, check_target, make_folder
from securexfer.crypto.canonical import encode_pretty
from securexfer.crypto.card import Card
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import PrivateKeys
from securexfer.custody.register import Entry, Register
from securexfer.errors import (
    BundleExpiredError,
    BundleFutureError,
    BundleOlderError,
    BundleReplayError,
    ContentMismatchError,
    NotForThisIdentityError,
    SecurexferError,
    UsageError,
)
from securexfer.home.contacts import Contact
from securexfer.instant import Clock, format_instant
from securexfer.privacy.shape import RecordCounter
from securexfer.reporting import Reporter

CLOCK_TOLERANCE = timedelta(days=1)
DESCRIPTOR_NAME = "datapackage.json"
_OPENED = ("unpack-started", "password-released")


@dataclass(frozen=True)
class Verified:
    """A bundle that passed every check.

    Attributes:
        inside: sender, envelope and manifest, verified.
        notes: what a person should know all the same: a replay, a gap in the series.
    """

    inside: Inside
    notes: tuple[str, ...] = ()

    @property
    def sender(self) -> PinnedSender:
        """Who signed it."""
        return self.inside.sender

    @property
    def manifest(self) -> Manifest:
        """The complete record."""
        return self.inside.manifest


@dataclass(frozen=True)
class UnpackResult:
    """What was written, and where."""

    folder: Path
    files: tuple[Path, ...]
    entry: Entry
    tables: tuple[TableRecord, ...] = field(default=())


@contextmanager
def inspect(path: Path, reporter: Reporter) -> Iterator[Outside]:
    """What anyone who finds the bundle can see. Well-formed, but nobody's word for it.

    Raises:
        BundleFormatError, BundleAlteredError: if it is not a whole bundle.
    """
    with BundleFile.open(path) as file:
        yield read_claims(file, reporter)


@contextmanager
def verify_outside(
    path: Path, find_sender: FindSender, register: Register, *, clock: Clock, reporter: Reporter
) -> Iterator[Outside]:
    """Every check that needs no private key.

    Raises:
        SecurexferError: the first check that does not hold.
    """
    with BundleFile.open(path) as file:
        outside = read_outside(file, find_sender, reporter)
        _check_times(outside.envelope, register.entries(), clock)
        yield outside


@contextmanager
def verify(
    path: Path,
    find_sender: FindSender,
    unlock: Callable[[], Identity],
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    older: bool = False,
) -> Iterator[Verified]:
    """Every check there is, in order; nothing is written and no table is decrypted.

    Args:
        path: the bundle.
        find_sender: looks up pinned senders.
        unlock: opens the identity; called once the outside held.
        register: for replay, sequence and the newest time seen.
        clock: now.
        reporter: progress.
        older: accept a bundle that is older than one opened before.

    Raises:
        SecurexferError: the first check that does not hold.
    """
    with verify_outside(path, find_sender, register, clock=clock, reporter=reporter) as outside:
        identity = unlock()
        keys = _choose_keys(outside.envelope, identity)
        entries = register.entries()
        notes = _check_replay(outside, entries)
        inside = read_inside(outside, keys)
        notes += _check_sequence(inside.manifest, entries, older=older)
        yield Verified(inside, tuple(notes))


def check_tables(verified: Verified, reporter: Reporter) -> None:
    """Decrypt and check every table, keeping nothing: what `unpack` would find, without writing.

    Raises:
        ContentMismatchError: if a table is not what the manifest says.
    """
    for table in verified.manifest.tables:
        reporter.begin(f"Checking {table.name}", table.n_bytes)
        for _ in _counted_rows(verified.inside, table, reporter):
            pass


def unpack(
    verified: Verified,
    folder: Path,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    tables: Sequence[str] = (),
    keep_compressed: bool = False,
    force: bool = False,
) -> UnpackResult:
    """Write tables and a Data Package descriptor, all of them or none.

    Raises:
        SecurexferError: for any reason not to; then no table is left behind.
    """
    manifest = verified.manifest
    chosen = _choose_tables(manifest, tables)
    suffix = ".csv.gz" if keep_compressed else ".csv"
    paths = {table.name: f"{table.name}{suffix}" for table in chosen}
    is_new = make_folder(folder)
    written: list[PartialFile] = []
    try:
        for name in (*paths.values(), DESCRIPTOR_NAME):
            check_target(folder / name, force=force)
        check_space(folder, 0 if keep_compressed else sum(table.n_bytes for table in chosen))
        details = {
            "bundle_id": manifest.bundle_id,
            "bundle_sha256": verified.inside.outside.claimed.bundle_sha256,
            "files": sorted([*paths.values(), DESCRIPTOR_NAME]),
            "folder": str(folder.absolute()),
            "sender": manifest.sender,
            "sequence": manifest.sequence,
            "recipients": manifest.recipients,
        }
        register.append(identity, "unpack-started", details, clock())
        for table in chosen:
            written.append(PartialFile(folder / paths[table.name], force=force))
            _write_table(verified.inside, table, written[-1], keep_compressed, reporter)
        compression = "gz" if keep_compressed else ""
        descriptor = describe_package(manifest, paths, compression=compression)
        written.append(PartialFile(folder / DESCRIPTOR_NAME, force=force))
        written[-1].write(encode_pretty(descriptor))
        for file in written:
            file.sync()
        _publish(written)
    except BaseException:
        for file in written:
            file.discard()
        if is_new:
            _remove_empty(folder)
        raise
    entry = register.append(
        identity,
        "unpacked",
        {
            **details,
            "expires_at": manifest.expires_at,
            "tables": [
                {"name": t.name, "n_rows": t.n_rows_out, "sha256": t.plaintext_sha256}
                for t in chosen
            ],
        },
        clock(),
    )
    return UnpackResult(folder, tuple(file.target for file in written), entry, tuple(chosen))


def release_password(
    verified: Verified, identity: Identity, register: Register, *, clock: Clock
) -> str:
    """The ZIP password for stock tools, after it was recorded that it was released.

    Raises:
        RegisterError: if that can't be recorded.
    """
    details = {
        "bundle_id": verified.manifest.bundle_id,
        "bundle_sha256": verified.inside.outside.claimed.bundle_sha256,
        "sender": verified.manifest.sender,
        "sequence": verified.manifest.sequence,
        "recipients": verified.manifest.recipients,
    }
    register.append(identity, "password-released", details, clock())
    return verified.inside.password


def pinned_senders(contacts: Sequence[Contact], own_card: Card | None) -> FindSender:
    """Look-up of senders by fingerprint: contacts, their former keys, and oneself."""
    senders: dict[str, PinnedSender] = {}
    for contact in contacts:
        successor = contact.card
        for card in contact.former:
            senders[card.fingerprint] = PinnedSender(contact.name, card.keys, successor.created_at)
            successor = card
        senders[contact.fingerprint] = PinnedSender(contact.name, contact.card.keys)
    if own_card is not None:
        senders[own_card.fingerprint] = PinnedSender(
            f"{own_card.name} (this identity)", own_card.keys
        )
    return senders.get


def _check_times(envelope: Envelope, entries: Sequence[Entry], clock: Clock) -> None:
    # A clock that was set back must not revive what has expired: the register remembers.
    now = max([clock(), *(entry.at for entry in entries[-1:])])
    if envelope.created > now + CLOCK_TOLERANCE:
        raise BundleFutureError(
            f"The bundle was created on {envelope.created:%Y-%m-%d}, which is in the future here."
        )
    if envelope.expires < now:
        raise BundleExpiredError(f"The bundle expired on {envelope.expires:%Y-%m-%d}.")


def _choose_keys(envelope: Envelope, identity: Identity) -> PrivateKeys:
    for recipient in envelope.recipients:
        keys = identity.keys_for(recipient.fingerprint)
        if keys is not None:
            return keys
    raise NotForThisIdentityError("The bundle is not sealed to this identity.")


def _check_replay(outside: Outside, entries: Sequence[Entry]) -> list[str]:
    envelope, claimed = outside.envelope, outside.claimed
    seen = [
        entry
        for entry in entries
        if entry.event in _OPENED
        and entry.details["bundle_id"] == envelope.bundle_id
        and entry.details["sender"] == envelope.sender
    ]
    if any(entry.details["bundle_sha256"] != claimed.bundle_sha256 for entry in seen):
        raise BundleReplayError(
            "Another bundle with the same id and sender was opened here on "
            f"{format_instant(seen[0].at)}."
        )
    if seen:
        return [f"This bundle was opened here before, first on {format_instant(seen[0].at)}."]
    return []


def _check_sequence(manifest: Manifest, entries: Sequence[Entry], *, older: bool) -> list[str]:
    seen = [
        entry.details["sequence"]
        for entry in entries
        if entry.event in _OPENED
        and entry.details["sender"] == manifest.sender
        and entry.details["recipients"] == manifest.recipients
    ]
    last = max(seen, default=0)
    if manifest.sequence < last and not older:
        raise BundleOlderError(
            f"The bundle is number {manifest.sequence} of its series; number {last} was opened "
            "here before."
        )
    if manifest.sequence > last + 1 and last:
        return [
            f"Between this bundle (number {manifest.sequence}) and number {last} some are missing."
        ]
    return []


def _choose_tables(manifest: Manifest, names: Sequence[str]) -> list[TableRecord]:
    known = [table.name for table in manifest.tables]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"The bundle has no table {unknown[0]!r}.", hint=f"It has: {', '.join(known)}."
        )
    return [table for table in manifest.tables if not names or table.name in names]


def _write_table(
    inside: Inside, table: TableRecord, file: PartialFile, keep: bool, reporter: Reporter
) -> None:
    reporter.begin(f"Unpacking {table.name}", table.n_bytes)
    if keep:
        for _ in _counted_rows(inside, table, reporter, tee=file.write):
            pass
        return
    for piece in _counted_rows(inside, table, reporter):
        file.write(piece)


def _counted_rows(
    inside: Inside,
    table: TableRecord,
    reporter: Reporter,
    tee: Callable[[bytes], Any] | None = None,
) -> Iterator[bytes]:
    counter = RecordCounter()
    for piece in inside.rows(table, tee):
        counter.update(piece)
        reporter.advance(len(piece))
        yield piece
    if counter.n_records != table.n_rows_out + 1:
        raise ContentMismatchError(
            f"Table {table.name} has {max(counter.n_records - 1, 0)} rows, its manifest says "
            f"{table.n_rows_out}."
        )


def _publish(files: Sequence[PartialFile]) -> None:
    published: list[PartialFile] = []
    try:
        for file in files:
            file.publish()
            published.append(file)
    except SecurexferError:
        # All or nothing; what stood there before `--force` is gone either way.
        for file in published:
            file.target.unlink(missing_ok=True)
        raise


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
