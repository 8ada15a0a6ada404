"""The register: an append-only log of transfer events, hash-chained, each entry signed.

One entry a line, each with the hash of the line before. A small signed head beside the log (count
and hash of the last line) shows when the tail was cut off. Against someone who holds the identity
itself only heads held elsewhere help: each bundle's envelope carries one.

Every reading hashes every line and follows the chain, appending too. What appending leaves out is
decoding old lines again, and checking their signatures: see `docs/decisions/0011-register.md`.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from securexfer.carrier import write_small
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import PublicKeys
from securexfer.custody.chain import Chain, Extent
from securexfer.custody.entry import (
    START,
    Actor,
    Entry,
    broken_entry,
    check_signature,
    check_signers,
    decode_entry,
    encode_entry,
    hash_line,
    head_sha256,
    public_keys,
)
from securexfer.custody.head import read_head, sign_head
from securexfer.custody.log import append_line, check_appendable, cut, read_lines
from securexfer.errors import (
    DiskFullError,
    OutputError,
    RegisterBusyError,
    RegisterDamagedError,
    RegisterError,
    SecurexferError,
)
from securexfer.place import check_space, make_folder, translate

__all__ = ["START", "Actor", "Audit", "Entry", "Register", "head_sha256"]

_LOCK_SECONDS = 60.0
# Room for a few entries of the usual size, and the head that replaces the old one.
_LEAST_BYTES = 64 * 1024
# How the system says that nothing may be written there; whoever only reads goes on without a lock.
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_CAN_NOT_LOCK = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


@dataclass(frozen=True)
class Audit:
    """What a full check found in order.

    Attributes:
        entries: all of them, chain and signatures checked.
        n_uncounted: entries at the end that the head does not count. A crash leaves one; more
            mean that an old head was put back.
        n_torn_bytes: behind the last entry, of a line that a crash cut short.
    """

    entries: tuple[Entry, ...]
    n_uncounted: int
    n_torn_bytes: int


class Register:
    """The register of one home."""

    def __init__(self, path: Path, actor: Actor) -> None:
        self._path = path
        self._head_path = path.with_name("register.head")
        # A lock that only looks like one would lose entries: where a folder can't lock, say so.
        self._lock = FileLock(
            path.with_name("register.lock"),
            timeout=_LOCK_SECONDS,
            mode=0o600,
            fallback_to_soft=False,
        )
        self._chain = Chain(path, self._head_path)
        self.actor = actor

    def entries(self) -> list[Entry]:
        """All entries, the chain of hashes checked, signatures not.

        Raises:
            RegisterError: if it can't be read, the chain is broken or the tail was cut off.
        """
        if not self._path.parent.exists():
            return []
        with self._locked(write=False):
            self._chain.follow(decode=True)
            return list(self._chain.known)

    def append(
        self,
        identity: Identity,
        event: str,
        details: Mapping[str, Any],
        at: datetime,
        *,
        check: Callable[[list[Entry]], None] | None = None,
    ) -> Entry:
        """Add an entry and have the disk store it before returning.

        Args:
            identity: signs it.
            event: its kind.
            details: what that kind records.
            at: now.
            check: may refuse, given all entries so far, while nobody else can add one.

        Raises:
            RegisterError, DiskFullError: if that fails; then whatever it was to record must not
                happen.
        """
        with self._locked(write=True):
            extent = self._chain.follow(decode=check is not None, keys=public_keys(identity))
            if check is not None:
                check(list(self._chain.known))
            line, entry = self._make(identity, event, details, at, extent)
            try:
                self._mend(identity, extent)
                self._store(identity, line, entry, extent.n_bytes)
            except (OSError, OutputError) as error:
                raise self._failure(error, "written") from None
            self._chain.extend(entry)
            return entry

    def n_bytes(self) -> int:
        """How large the log is; can be told where it can't be read."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def check_writable(self, identity: Identity) -> None:
        """Check beforehand that an entry can be added: for what can't be taken back.

        Raises:
            RegisterError, DiskFullError: if it can't.
        """
        with self._locked(write=True):
            self._chain.follow(decode=False, keys=public_keys(identity))
            check_space(self._path.parent, _LEAST_BYTES)
            check_appendable(self._path)

    def verify(self, keys: Mapping[str, PublicKeys]) -> list[Entry]:
        """Check the chain, every signature and the head.

        Args:
            keys: the identity's current and former public keys, by fingerprint.

        Raises:
            RegisterError: naming the first entry that does not hold.
        """
        return list(self.audit(keys).entries)

    def audit(self, keys: Mapping[str, PublicKeys]) -> Audit:
        """As `verify`, and say what else there is to know.

        Raises:
            RegisterError: naming the first entry that does not hold.
        """
        if not self._path.parent.exists():
            return Audit((), 0, 0)
        with self._locked(write=False):
            extent = self._chain.follow(decode=True)
            entries = tuple(self._chain.known)
        # Signatures take most of the time, and what is there stays: others may go on meanwhile.
        try:
            lines = read_lines(self._path)
            for entry in entries:
                line = next(lines, b"")[:-1]
                if hash_line(line) != entry.sha256:
                    raise broken_entry(entry.number)
                check_signature(line, entry, keys)
        except OSError as error:
            raise self._failure(error, "read") from None
        check_signers(entries)
        if extent.head is not None:
            extent.head.check_signature(keys)
        n_counted = extent.head.count if extent.head is not None else 0
        return Audit(entries, len(entries) - n_counted, extent.n_torn_bytes)

    @contextmanager
    def _locked(self, *, write: bool) -> Iterator[None]:
        try:
            if write:
                make_folder(self._path.parent)
            is_locked = self._acquire(write=write)
            try:
                yield
            finally:
                if is_locked:
                    self._lock.release()
        except Timeout:
            raise RegisterBusyError("The register is in use by another run.") from None
        except (OSError, OutputError) as error:
            raise self._failure(error, "read or locked") from None

    def _acquire(self, *, write: bool) -> bool:
        """Lock it; False where nobody can write, and so nobody needs to."""
        try:
            self._lock.acquire()
        except Timeout:
            raise
        except OSError as error:
            if not write and error.errno in _READ_ONLY:
                return False
            if error.errno in _CAN_NOT_LOCK:
                raise RegisterError(
                    f"The folder {self._path.parent} can't lock files, and without a lock two runs "
                    "at once would lose entries.",
                    hint="Keep the home on a local disk, or on a share that can lock.",
                ) from None
            raise
        return True

    def _failure(self, error: Exception, what: str) -> SecurexferError:
        """Our error for whatever failed; a full disk is called that."""
        if isinstance(error, OSError):
            why = f": {error.strerror}" if error.strerror else ""
            error = translate(error, self._path)
        else:
            why = f": {error.message.removesuffix('.')}" if isinstance(error, OutputError) else ""
        if isinstance(error, DiskFullError):
            return error
        return RegisterError(
            f"The register {self._path} can't be {what}{why}.",
            hint="Nothing was released. Check who may read and write the folder of the home, and "
            "that its files are files.",
        )

    def _make(
        self,
        identity: Identity,
        event: str,
        details: Mapping[str, Any],
        at: datetime,
        extent: Extent,
    ) -> tuple[bytes, Entry]:
        """The line to add, and the entry that everybody will read in it."""
        number, previous = extent.n_entries + 1, extent.sha256
        try:
            line = encode_entry(
                identity, event, details, at, actor=self.actor, number=number, previous=previous
            )
            return line, decode_entry(line, number, previous)
        except (ValueError, RegisterDamagedError):
            raise RegisterError("The register can't hold what was to be recorded.") from None

    def _mend(self, identity: Identity, extent: Extent) -> None:
        """Take away what a crash left of a line, and have the head count every entry."""
        cut(self._path, extent.n_bytes)
        # There is a head before there is an entry, so that a head that is gone is never a crash.
        if extent.head is None or extent.head.count < extent.n_entries:
            self._write_head(identity, extent.n_entries, extent.sha256)

    def _store(self, identity: Identity, line: bytes, entry: Entry, n_bytes: int) -> None:
        try:
            append_line(self._path, line)
            self._write_head(identity, entry.number, entry.sha256)
        except BaseException:
            # What could not be recorded does not happen, so no entry may say that it did. Once the
            # head counts it, it stays: taken back then, it would look like a loss.
            with suppress(OSError, RegisterError):
                head = read_head(self._head_path)
                if head is None or head.count < entry.number:
                    cut(self._path, n_bytes)
            raise

    def _write_head(self, identity: Identity, count: int, sha256: str) -> None:
        write_small(self._head_path, sign_head(count, sha256, identity.keys))
