"""The register: an append-only log of transfer events, hash-chained, each entry signed.

One entry a line, each a signed document whose payload holds the SHA-256 of the line before. A
small signed head beside it (count and hash of the last line) shows when the tail was cut off.
Against someone who holds the identity itself only heads held elsewhere help: each bundle's
envelope carries one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from securexfer.carrier import FILE_MODE, write_small
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import PublicKeys
from securexfer.errors import (
    DiskFullError,
    OutputError,
    RegisterError,
    SecurexferError,
    SignatureInvalidError,
)
from securexfer.instant import format_instant, parse_instant
from securexfer.place import make_folder, sync_folder, translate

START = "0" * 64
_LOCK_SECONDS = 30.0
# A manifest of 4 MiB, escaped twice, and the signatures.
_MAX_LINE_BYTES = 16 * 1024 * 1024
# What other rooms look up in the details, and what each kind of event can't do without. The chain
# of hashes alone is no proof of who wrote an entry, so that nothing here may be taken on trust.
_TYPES: dict[str, type] = {
    **dict.fromkeys(("bundle_id", "bundle_sha256", "folder", "recipient", "sender"), str),
    **dict.fromkeys(("destroyed_at", "expires_at", "opened_at"), str),
    **dict.fromkeys(("statement_id", "statement_sha256"), str),
    **dict.fromkeys(("files", "receipts", "recipients"), list),
    **dict.fromkeys(("files_sha256", "receipt"), dict),
    "sequence": int,
}
_ABOUT = {"bundle_id", "bundle_sha256"}
_OPENED = _ABOUT | {"recipients", "sender", "sequence"}
_FILED = _ABOUT | {"statement_id", "statement_sha256"}
_REQUIRED = {
    "certificate-imported": _FILED | {"destroyed_at", "receipts", "recipient"},
    "extended": _ABOUT | {"expires_at"},
    "extension-imported": _FILED | {"expires_at", "sender"},
    "packed": {"recipients", "sequence"},
    "password-released": _OPENED,
    "receipt-imported": _FILED | {"recipient"},
    "unpack-started": _OPENED | {"files", "folder"},
    "unpacked": {"bundle_id", "files_sha256", "folder"},
}
_MEMBERS = {"at", "details", "event", "host", "identity", "number", "previous_sha256", "user"}
_TEXTS = ("event", "host", "identity", "user")


@dataclass(frozen=True)
class Actor:
    """Who acts: operating-system user and host, handed in by the command line."""

    user: str
    host: str


@dataclass(frozen=True)
class Entry:
    """One event.

    Attributes:
        number: counted from 1.
        at: when, by this machine's clock.
        event: what kind, for example `packed`.
        identity: fingerprint of the identity that signed it.
        details: what the kind of event records; never a value from a table.
        sha256: of its line, which the next entry names.
    """

    number: int
    at: datetime
    event: str
    actor: Actor
    identity: str
    details: Mapping[str, Any]
    previous_sha256: str
    sha256: str


class Register:
    """The register of one home."""

    def __init__(self, path: Path, actor: Actor) -> None:
        self._path = path
        self._head_path = path.with_name("register.head")
        self._lock = FileLock(path.with_name("register.lock"), timeout=_LOCK_SECONDS, mode=0o600)
        self.actor = actor

    def entries(self) -> list[Entry]:
        """All entries, the chain of hashes checked, signatures not.

        Raises:
            RegisterError: if the chain is broken or the tail was cut off.
        """
        if not self._path.parent.exists():
            return []
        with self._locked():
            return self._read()

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
        with self._locked():
            entries = self._read(repair=True)
            if check is not None:
                check(entries)
            previous = entries[-1].sha256 if entries else START
            payload = {
                "at": format_instant(at),
                "details": dict(details),
                "event": event,
                "host": self.actor.host,
                "identity": identity.fingerprint,
                "number": len(entries) + 1,
                "previous_sha256": previous,
                "user": self.actor.user,
            }
            try:
                line = sign_document(payload, ("register", identity.keys)).encode()
                entry = _decode_entry(line, len(entries) + 1, previous)
                self._store(identity, line, entry)
            except (OSError, OutputError, ValueError) as error:
                raise self._failure(error, "written") from None
            return entry

    def verify(self, keys: Mapping[str, PublicKeys]) -> list[Entry]:
        """Check the chain, every signature and the head.

        Args:
            keys: the identity's current and former public keys, by fingerprint.

        Raises:
            RegisterError: naming the first entry that does not hold.
        """
        with self._locked():
            entries = self._read()
            for number, line in enumerate(self._lines()[: len(entries)], start=1):
                document = SignedDocument.decode(line, max_bytes=_MAX_LINE_BYTES)
                signer = keys.get(entries[number - 1].identity)
                try:
                    if signer is None:
                        raise SignatureInvalidError("unknown signer")
                    document.verified("register", signer)
                except SignatureInvalidError:
                    raise RegisterError(
                        f"Entry {number} of the register has no valid signature of this identity.",
                        hint="Keep the register as it is, and compare it with your backup.",
                    ) from None
            self._check_head(entries, keys)
            return entries

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            make_folder(self._path.parent)
            with self._lock:
                yield
        except Timeout:
            raise RegisterError(
                "The register is in use by another run.", hint="Wait for it to end, then try again."
            ) from None
        except (OSError, OutputError) as error:
            raise self._failure(error, "read or locked") from None

    def _failure(self, error: Exception, what: str) -> SecurexferError:
        """Our error for whatever failed; a full disk is called that."""
        if isinstance(error, OSError):
            error = translate(error, self._path)
        if isinstance(error, DiskFullError):
            return error
        return RegisterError(f"The register can't be {what}.")

    def _lines(self) -> list[bytes]:
        """Lines that have an end; a last one without, left by a crash, does not count."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        return data.split(b"\n")[:-1]

    def _read(self, *, repair: bool = False) -> list[Entry]:
        lines = self._lines()
        entries: list[Entry] = []
        count, sha256 = self._read_head()
        for number, line in enumerate(lines, start=1):
            try:
                entries.append(_decode_entry(line, number, head_sha256(entries)))
            except RegisterError:
                # A power cut may store the end of a line without its beginning. That is a hole, and
                # holes read as zeros, which no line has.
                if number == len(lines) == count + 1 and b"\0" in line:
                    break
                raise
        # One entry more than the head knows is a crash between the two writes; fewer is a cut.
        if count > len(entries) or (count and entries[count - 1].sha256 != sha256):
            raise RegisterError(
                f"The register has lost entries: {len(entries)} are there of {count}.",
                hint="Restore register.jsonl from its backup; nothing is released until then.",
            )
        if repair and self._path.exists():
            whole = sum(len(line) + 1 for line in lines[: len(entries)])
            if self._path.stat().st_size > whole:
                os.truncate(self._path, whole)
        return entries

    def _store(self, identity: Identity, line: bytes, entry: Entry) -> None:
        n_bytes = self._path.stat().st_size if self._path.exists() else 0
        try:
            self._write_line(line)
            self._write_head(identity, entry.number, entry.sha256)
        except BaseException:
            # What could not be recorded does not happen, so no entry may say that it did. Once the
            # head counts it, it stays: taken back then, it would look like a loss.
            with suppress(OSError, RegisterError):
                if self._read_head()[0] < entry.number:
                    os.truncate(self._path, n_bytes)
            raise

    def _write_line(self, line: bytes) -> None:
        is_new = not self._path.exists()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._path, flags | getattr(os, "O_BINARY", 0), FILE_MODE)
        try:
            view = memoryview(line + b"\n")
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self._path.parent)

    def _write_head(self, identity: Identity, count: int, sha256: str) -> None:
        payload = {"count": count, "head_sha256": sha256, "securexfer_register_head": 1}
        document = sign_document(payload, ("register", identity.keys))
        write_small(self._head_path, document.encode() + b"\n")

    def _read_head(self) -> tuple[int, str]:
        try:
            data = self._head_path.read_bytes()
        except FileNotFoundError:
            return 0, START
        try:
            payload = SignedDocument.decode(data.removesuffix(b"\n")).claimed()
            count, sha256 = payload["count"], payload["head_sha256"]
            if not isinstance(count, int) or not isinstance(sha256, str):
                raise ValueError("head")
        except (ValueError, KeyError, TypeError):
            raise RegisterError("The register's head file is damaged.") from None
        return count, sha256

    def _check_head(self, entries: list[Entry], keys: Mapping[str, PublicKeys]) -> None:
        if not entries:
            return
        try:
            document = SignedDocument.decode(self._head_path.read_bytes().removesuffix(b"\n"))
            signer = keys[document.signers("register")[0]]
            document.verified("register", signer)
        except (OSError, ValueError, KeyError, IndexError, SignatureInvalidError):
            raise RegisterError("The register's head has no valid signature.") from None


def head_sha256(entries: list[Entry]) -> str:
    """Hash of the last line, or 64 zeros for an empty register."""
    return entries[-1].sha256 if entries else START


def _sha256(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _decode_entry(line: bytes, number: int, previous: str) -> Entry:
    try:
        payload = SignedDocument.decode(line, max_bytes=_MAX_LINE_BYTES).claimed()
        if set(payload) != _MEMBERS or payload["number"] != number:
            raise ValueError("members")
        if payload["previous_sha256"] != previous:
            raise ValueError("chain")
        if not all(isinstance(payload[name], str) for name in _TEXTS):
            raise ValueError("text")
        _check_details(payload["event"], payload["details"])
        return Entry(
            number=number,
            at=parse_instant(payload["at"]),
            event=payload["event"],
            actor=Actor(payload["user"], payload["host"]),
            identity=payload["identity"],
            details=payload["details"],
            previous_sha256=previous,
            sha256=_sha256(line),
        )
    except (ValueError, KeyError, TypeError):
        raise RegisterError(
            f"Entry {number} of the register is damaged, or does not follow the one before.",
            hint="Restore register.jsonl from its backup; nothing is released until then.",
        ) from None


def _check_details(event: Any, details: Any) -> None:
    if not isinstance(event, str) or not isinstance(details, dict):
        raise ValueError("event or details")
    if not _REQUIRED.get(event, set()) <= set(details):
        raise ValueError("details")
    for name, expected in _TYPES.items():
        value = details.get(name, expected())
        texts = value if isinstance(value, list) else []
        if not isinstance(value, expected) or not all(isinstance(text, str) for text in texts):
            raise ValueError(name)
