"""An entry of the register: what it holds, its one line, and how that hangs on the line before.

A line is a signed document whose payload holds the SHA-256 of the line before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import PublicKeys
from securexfer.errors import RegisterDamagedError, SignatureInvalidError
from securexfer.instant import format_instant, parse_instant

START = "0" * 64
# A manifest of 4 MiB, escaped twice, and the signatures.
MAX_LINE_BYTES = 16 * 1024 * 1024
# All that this version records. Readers take others too, so that later versions can say more.
EVENTS = (
    "identity-created",
    "identity-exported",
    "identity-export-failed",
    "identity-imported",
    "identity-rotated",
    "identity-rotate-failed",
    "contact-added",
    "contact-replaced",
    "contact-removed",
    "contact-revoked",
    "packed",
    "pack-failed",
    "pack-skipped",
    "bundle-removed",
    "forwarded",
    "forward-failed",
    "extended",
    "extend-failed",
    "extension-imported",
    "receipt-imported",
    "certificate-imported",
    "unpack-started",
    "unpacked",
    "unpack-failed",
    "unpack-refused",
    "unpack-swept",
    "opened",
    "password-released",
    "destroyed",
    "destroy-failed",
    "reidentified",
    "scope-key-exported",
    "scope-key-export-failed",
    "scope-key-imported",
    "drive-checked",
    "breach-reported",
)
# What other rooms look up in the details, and what each kind of event can't do without. The chain
# of hashes alone is no proof of who wrote an entry, so that nothing here may be taken on trust.
_TYPES: dict[str, type] = {
    **dict.fromkeys(("bundle_id", "bundle_sha256", "folder", "recipient", "sender"), str),
    **dict.fromkeys(("fingerprint", "name", "previous_fingerprint", "reason"), str),
    **dict.fromkeys(("card", "epoch", "file", "former_card", "reference", "signer"), str),
    "scope_key_sha256": str,
    **dict.fromkeys(("destroyed_at", "expires_at", "opened_at"), str),
    **dict.fromkeys(("statement_id", "statement_sha256"), str),
    **dict.fromkeys(("job", "run"), str),
    **dict.fromkeys(
        ("audience", "files", "fingerprints", "missed", "receipts", "recipients"), list
    ),
    **dict.fromkeys(("forwarders", "origin_recipients"), list),
    **dict.fromkeys(("files_sha256", "receipt"), dict),
    "sequence": int,
}
_ORIGIN = {f"origin_{name}" for name in ("bundle_id", "bundle_sha256", "sender", "verified")}
_PREVIOUS = {f"previous_{name}" for name in ("bundle_id", "bundle_sha256", "sender")}
_TYPES |= dict.fromkeys(_ORIGIN | _PREVIOUS, str)
# Where one of them is, all must be.
_ORIGIN |= {"origin_recipients"}
_ABOUT = {"bundle_id", "bundle_sha256"}
_OPENED = _ABOUT | {"recipients", "sender", "sequence"}
_FILED = _ABOUT | {"statement_id", "statement_sha256"}
_CONTACT = {"fingerprint", "name"}
_SCOPE = {"audience", "epoch", "reference"}
_ROTATION = {"fingerprint", "previous_fingerprint"}
_REQUIRED = {
    "bundle-removed": _ABOUT,
    "certificate-imported": _FILED | {"destroyed_at", "receipts", "recipient"},
    "contact-added": _CONTACT,
    "contact-removed": _CONTACT,
    "contact-revoked": _CONTACT | {"fingerprints", "reason"},
    "contact-replaced": _CONTACT | {"previous_fingerprint"},
    "extended": _ABOUT | {"expires_at"},
    "extend-failed": _ABOUT | {"statement_id", "reason"},
    "extension-imported": _FILED | {"expires_at", "sender"},
    "identity-rotated": _ROTATION | {"card", "former_card"},
    "identity-rotate-failed": _ROTATION | {"reason"},
    "forwarded": _ORIGIN | _PREVIOUS | {"bundle_id", "bundle_sha256", "recipients", "sequence"},
    "opened": _OPENED,
    "pack-skipped": {"job", "reason", "recipients", "run"},
    "packed": {"recipients", "sequence"},
    "password-released": _OPENED,
    "scope-key-imported": _SCOPE | {"file", "signer", "statement_id", "statement_sha256"},
    "receipt-imported": _FILED | {"recipient"},
    "unpack-refused": {"reason"},
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


def head_sha256(entries: Sequence[Entry]) -> str:
    """Hash of the last line, or 64 zeros for an empty register."""
    return entries[-1].sha256 if entries else START


def hash_line(line: bytes) -> str:
    """SHA-256 (hex) of a line without its newline."""
    return hashlib.sha256(line).hexdigest()


def encode_entry(
    identity: Identity,
    event: str,
    details: Mapping[str, Any],
    at: datetime,
    *,
    actor: Actor,
    number: int,
    previous: str,
) -> bytes:
    """Sign an entry: its line, without the newline.

    Raises:
        ValueError: if canonical JSON can't say the details.
    """
    payload = {
        "at": format_instant(at),
        "details": dict(details),
        "event": event,
        "host": actor.host,
        "identity": identity.fingerprint,
        "number": number,
        "previous_sha256": previous,
        "user": actor.user,
    }
    return sign_document(payload, ("register", identity.keys)).encode()


def decode_entry(line: bytes, number: int, previous: str) -> Entry:
    """Read a line back, by the strictest reading; its signatures are not checked.

    Args:
        line: without its newline.
        number: which one it must be.
        previous: SHA-256 of the line before.

    Raises:
        RegisterDamagedError: if it is no entry, or does not follow the one before.
    """
    try:
        payload = SignedDocument.decode(line, max_bytes=MAX_LINE_BYTES).claimed()
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
            sha256=hash_line(line),
        )
    except (ValueError, KeyError, TypeError):
        raise broken_entry(number) from None


def follows(line: bytes, number: int, previous: str) -> bool:
    """Whether a line says that it has this number and follows a line with this hash.

    It looks for the words that the encoder writes, and decodes nothing: twenty times as fast. A
    text inside the payload can't look like them, because its quotes are escaped once more.
    """
    words = f'\\"number\\":{number},\\"previous_sha256\\":\\"{previous}\\",\\"user\\":\\"'
    return words.encode("ascii") in line


def check_signature(line: bytes, entry: Entry, keys: Mapping[str, PublicKeys]) -> None:
    """Check both signatures of a line.

    Args:
        line: without its newline.
        entry: decoded from it.
        keys: current and former public keys of this home's identity, by fingerprint.

    Raises:
        RegisterDamagedError: if it has no valid ones of this identity.
    """
    try:
        document = SignedDocument.decode(line, max_bytes=MAX_LINE_BYTES)
        document.verified("register", keys[entry.identity])
    except (SignatureInvalidError, ValueError, KeyError):
        raise RegisterDamagedError(
            f"Entry {entry.number} of the register has no valid signature of this identity."
        ) from None


def check_signers(entries: Sequence[Entry]) -> None:
    """Check that no key has signed again once another had signed: keys are replaced for good.

    Raises:
        RegisterDamagedError: naming the first entry for which one has.
    """
    present, former = "", set()
    for entry in entries:
        if entry.identity in former:
            raise RegisterDamagedError(
                f"Entry {entry.number} of the register is signed with a former key of this "
                "identity, behind entries that are signed with a later one."
            )
        if entry.identity != present:
            former.add(present)
            present = entry.identity


def broken_entry(number: int) -> RegisterDamagedError:
    """What to raise where the chain does not hold."""
    return RegisterDamagedError(
        f"Entry {number} of the register is damaged, or does not follow the one before."
    )


def public_keys(identity: Identity) -> dict[str, PublicKeys]:
    """Current and former public keys of an identity, by fingerprint: who may sign its register."""
    return {keys.fingerprint: keys.public for keys in (identity.keys, *identity.former)}


def _check_details(event: Any, details: Any) -> None:
    if not isinstance(event, str) or not isinstance(details, dict):
        raise ValueError("event or details")
    if not _REQUIRED.get(event, set()) <= set(details):
        raise ValueError("details")
    if set(details) & _ORIGIN and not set(details) >= _ORIGIN:
        raise ValueError("origin")
    for name, expected in _TYPES.items():
        value = details.get(name, expected())
        texts = value if isinstance(value, list) else []
        if not isinstance(value, expected) or not all(isinstance(text, str) for text in texts):
            raise ValueError(name)
