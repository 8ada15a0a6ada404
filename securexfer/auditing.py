"""Auditing: this home's register, held against heads of it that lie elsewhere.

A file is recognised by how it begins. Each kind has a function that reads it and gives a `Witness`;
a new kind of witness is a function more, and a line in `_read`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from securexfer.bundle.file import BundleFile
from securexfer.bundle.outside import read_outside
from securexfer.bundle.sender import PinnedSender
from securexfer.crypto.fingerprint import is_fingerprint
from securexfer.crypto.keys import PublicKeys
from securexfer.custody.entry import hash_line
from securexfer.custody.head import Head, decode_head
from securexfer.custody.log import read_lines
from securexfer.custody.witness import Witness
from securexfer.errors import RegisterDamagedError, SenderUnknownError, UsageError
from securexfer.reporting import Reporter

_MAX_EXPORT_BYTES = 256 * 1024 * 1024
_ZIP = b"PK\x03\x04"
_SIGNED = b'{"payload":'
_WHAT = (
    "Name bundles that this identity packed, a copy of register.jsonl or register.head, or a "
    "JSON export of the register."
)


def read_witness(path: Path, keys: Mapping[str, PublicKeys], reporter: Reporter) -> Witness:
    """Read a head of this register from a file that lay elsewhere.

    Args:
        path: a bundle that this identity packed, a copy of the head or the log, or an export.
        keys: current and former public keys of the identity, by fingerprint.
        reporter: progress.

    Raises:
        UsageError: if the file can't be a witness for this register.
        SecurexferError: if it is a bundle that does not hold.
    """
    try:
        # A pipe could be read once only, and may never end.
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a file.", hint=_WHAT)
        with path.open("rb") as file:
            start = file.read(len(_SIGNED))
        if start.startswith(_ZIP):
            return _read_bundle(path, keys, reporter)
        if start == _SIGNED:
            return _read_log(path, keys)
        return _read_export(path)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.", hint=_WHAT) from None


def _read_bundle(path: Path, keys: Mapping[str, PublicKeys], reporter: Reporter) -> Witness:
    """The head that a bundle carries, under the signatures of this very identity."""
    senders = {name: PinnedSender("this identity", public) for name, public in keys.items()}
    try:
        with BundleFile.open(path) as file:
            outside = read_outside(file, senders.get, reporter)
    except SenderUnknownError:
        raise UsageError(f"{path} was not packed by this identity.", hint=_WHAT) from None
    envelope = outside.envelope
    return Witness(
        path.name,
        "bundle",
        ((0, envelope.register_head),),
        envelope.bundle_id,
        outside.claimed.bundle_sha256,
    )


def _read_log(path: Path, keys: Mapping[str, PublicKeys]) -> Witness:
    """A copy of the head, or of the log itself: its last whole line is enough, by its hash."""
    number, last = 0, b""
    for line in read_lines(path):
        if line.endswith(b"\n"):
            number, last = number + 1, line
    head = _try_head(last) if number == 1 else None
    if head is not None:
        try:
            head.check_signature(keys)
        except RegisterDamagedError:
            raise UsageError(f"{path} was not signed by this identity.", hint=_WHAT) from None
        return Witness(path.name, "head", ((head.count, head.sha256),))
    if not number:
        raise UsageError(f"{path} has no entry of a register.", hint=_WHAT)
    return Witness(path.name, "copy", ((number, hash_line(last[:-1])),))


def _try_head(line: bytes) -> Head | None:
    """The head that a line is; a log of one entry looks much the same."""
    try:
        return decode_head(line)
    except RegisterDamagedError:
        return None


def _read_export(path: Path) -> Witness:
    """Every entry that an earlier export listed, and the newest that there was."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_EXPORT_BYTES + 1)
        if len(data) > _MAX_EXPORT_BYTES:
            raise ValueError("too large")
        exported = json.loads(data)
        newest = {"number": exported["n_entries"], "sha256": exported["head_sha256"]}
        heads = tuple(_read_exported(one) for one in [*exported["entries"], newest])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{path} is no witness of a register.", hint=_WHAT) from None
    return Witness(path.name, "export", heads)


def _read_exported(listed: Any) -> tuple[int, str]:
    number, sha256 = listed["number"], listed["sha256"]
    if not isinstance(number, int) or number < 1 or not is_fingerprint(sha256):
        raise ValueError("no entry")
    return number, sha256
