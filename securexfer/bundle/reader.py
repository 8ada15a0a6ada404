"""The inside of a bundle, read with distrust by one of its recipients.

Password, commitment, the hands it came through, manifest, tables: in the order that
`docs/format.md` numbers. Nothing is decrypted before the whole outside held.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyzipper
from isal import igzip, isal_zlib

from securexfer.bundle import layout
from securexfer.bundle.comment import decode_comment
from securexfer.bundle.envelope import (
    Envelope,
    commit_password,
    seal_info,
)
from securexfer.bundle.file import BundleFile
from securexfer.bundle.manifest import (
    MAX_MANIFEST_BYTES,
    ArchiveRecord,
    Manifest,
    TableRecord,
    decode_manifest,
)
from securexfer.bundle.outside import Outside
from securexfer.bundle.provenance import (
    MAX_PROVENANCE_BYTES,
    Hop,
    check_chain,
    decode_provenance,
    verify_hop,
)
from securexfer.bundle.sender import FindSender, PinnedSender
from securexfer.crypto.keys import PrivateKeys, decode_base64
from securexfer.crypto.sealing import unseal
from securexfer.errors import (
    ContentMismatchError,
    ForwardingForbiddenError,
    ManifestMismatchError,
    NotForThisIdentityError,
    PasswordMismatchError,
    ProvenanceError,
    SenderUnknownError,
    VerificationError,
)

# 32 bytes as base64url; it is printed by `release-password`, so nothing else may be in it.
_PASSWORD = re.compile(r"[A-Za-z0-9_-]{43}")
_READ_BYTES = 1024 * 1024
_ISAL_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # typed as an instance in its stub
# What pyzipper and the gzip reader raise on bytes they don't like; see each library's reader.
_READER_ERRORS: tuple[type[Exception], ...] = (
    pyzipper.BadZipFile,
    RuntimeError,
    struct.error,
    zlib.error,
    _ISAL_ERROR,
    NotImplementedError,
    KeyError,
    OSError,
    ValueError,
    EOFError,
    OverflowError,
)


@dataclass(frozen=True)
class Inside:
    """A verified bundle, opened for its recipient. The password is never shown by `repr`.

    Attributes:
        outside: what anyone can read.
        sender: whose signatures verified.
        chain: all hands that it came through, oldest first, this bundle last; if it was never
            forwarded, this bundle alone.
        manifest: the complete record, made by whoever packed it.
        password: of the encrypted members.
    """

    outside: Outside
    sender: PinnedSender
    chain: tuple[Hop, ...]
    manifest: Manifest
    password: str = field(repr=False)

    @property
    def origin(self) -> Hop:
        """The bundle as it was packed."""
        return self.chain[0]

    @property
    def is_forwarded(self) -> bool:
        """Whether somebody else packed it than whoever sent it."""
        return len(self.chain) > 1

    @property
    def is_origin_verified(self) -> bool:
        """Whether every hand that it came through is pinned here."""
        return all(hop.sender is not None for hop in self.chain)

    @contextmanager
    def compressed(self, table: TableRecord) -> Iterator[Any]:
        """The decrypted gzip stream of a table; its content is not checked here."""
        with self._archive.open(table.member) as stream:
            yield stream

    @cached_property
    def _archive(self) -> Any:
        # Once for all tables: opening reads the whole directory, which is long where they are many.
        return _open_archive(self.outside.file, self.password)

    def rows(
        self, table: TableRecord, tee: Callable[[bytes], Any] | None = None
    ) -> Iterator[bytes]:
        """The table's CSV in pieces. Complete and as signed only once the iterator has ended.

        Args:
            table: its record.
            tee: is given the compressed bytes too.

        Raises:
            ContentMismatchError: as soon as more comes out than was signed, or at the end if it
                is not what was signed.
        """
        digest, n_bytes = hashlib.sha256(), 0
        try:
            with self.compressed(table) as stream:
                source = _Tee(stream, tee) if tee else stream
                with _open_gzip(source) as plain:
                    while piece := plain.read(_READ_BYTES):
                        n_bytes += len(piece)
                        if n_bytes > table.n_bytes:
                            raise ContentMismatchError(_too_much(table))
                        digest.update(piece)
                        yield piece
                if stream.read(1):
                    raise ContentMismatchError(f"Table {table.name} has bytes after its end.")
        except _READER_ERRORS:
            raise ContentMismatchError(f"Table {table.name} can't be decompressed.") from None
        if n_bytes != table.n_bytes or digest.hexdigest() != table.plaintext_sha256:
            raise ContentMismatchError(f"Table {table.name} is not the one that was packed.")

    def attached(self, table: TableRecord, archive: ArchiveRecord) -> Iterator[bytes]:
        """The archive of a table's files in pieces. As signed only once the iterator has ended.

        Raises:
            ContentMismatchError: as soon as more comes out than was signed, or at the end if it
                is not what was signed.
        """
        digest, n_bytes = hashlib.sha256(), 0
        try:
            with self._archive.open(archive.member) as stream:
                while piece := stream.read(_READ_BYTES):
                    n_bytes += len(piece)
                    if n_bytes > archive.n_bytes:
                        raise ContentMismatchError(_too_much(table))
                    digest.update(piece)
                    yield piece
        except _READER_ERRORS:
            raise ContentMismatchError(
                f"The files attached to table {table.name} can't be decrypted."
            ) from None
        if n_bytes != archive.n_bytes or digest.hexdigest() != archive.plaintext_sha256:
            raise ContentMismatchError(
                f"The files attached to table {table.name} are not those that were packed."
            )


def read_inside(outside: Outside, keys: PrivateKeys, find_sender: FindSender) -> Inside:
    """Unseal the password, check the hands it came through, hold the manifest against the first.

    Raises:
        NotForThisIdentityError: if these keys are no recipient's.
        PasswordMismatchError: if the sealed password does not open or match its commitment.
        ProvenanceError: if it was forwarded, and not as it must be.
        SignatureInvalidError: if it is said to come from a pinned sender who did not sign.
        ManifestMismatchError: if the manifest is not one, or contradicts the first envelope.
        ForwardingForbiddenError: if it was forwarded, and must not be.
    """
    if outside.sender is None:
        raise SenderUnknownError("The bundle's sender was not verified.")
    envelope = outside.envelope
    sealed = next((r for r in envelope.recipients if r.fingerprint == keys.fingerprint), None)
    if sealed is None:
        raise NotForThisIdentityError("The bundle is not sealed to this identity.")
    password = _unseal_password(envelope, sealed.sealed_password, keys)
    chain = _read_chain(outside, password, find_sender)
    content = _read_whole(
        outside, password, layout.MANIFEST, MAX_MANIFEST_BYTES, ManifestMismatchError
    )
    manifest = decode_manifest(content, chain[0].envelope)
    if len(chain) > 1 and manifest.forwarding == "no":
        raise ForwardingForbiddenError(
            f"{outside.sender.name} forwarded a bundle of {chain[0].sender_name} whose agreement "
            "does not allow that.",
            hint=ProvenanceError.hint,
        )
    return Inside(outside, outside.sender, chain, manifest, password)


def _unseal_password(envelope: Envelope, sealed: str, keys: PrivateKeys) -> str:
    info = seal_info(envelope.bundle_id, envelope.sender, keys.fingerprint)
    try:
        password = unseal(decode_base64(sealed), keys, info).decode("ascii")
    except ValueError:
        raise PasswordMismatchError("The sealed password is not well-formed.") from None
    if not _PASSWORD.fullmatch(password):
        raise PasswordMismatchError("The sealed password is not well-formed.")
    if commit_password(envelope.bundle_id, password) != envelope.password_commitment:
        raise PasswordMismatchError(
            "The sealed password is not the one that the sender committed to for all recipients."
        )
    return password


def _read_chain(outside: Outside, password: str, find_sender: FindSender) -> tuple[Hop, ...]:
    """All hands that the bundle came through, checked, this bundle's sender last."""
    own = Hop(decode_comment(outside.file.comment), outside.envelope, outside.sender)
    if all(m.name != layout.PROVENANCE for m in outside.envelope.members):
        return (own,)
    content = _read_whole(
        outside, password, layout.PROVENANCE, MAX_PROVENANCE_BYTES, ProvenanceError
    )
    hops = decode_provenance(content)
    chain = (*(verify_hop(hop, find_sender) for hop in hops), own)
    check_chain(chain, password)
    return chain


def _read_whole(
    outside: Outside, password: str, name: str, max_bytes: int, error: type[VerificationError]
) -> bytes:
    """A small member, decrypted."""
    what = f"The bundle's {name.removesuffix('.json')}"
    extent = next(e for e in outside.envelope.extents() if e.name == name)
    if extent.content_bytes > max_bytes:
        raise error(f"{what} is too large.")
    try:
        return bytes(_open_archive(outside.file, password).read(name))
    except _READER_ERRORS:
        raise error(f"{what} can't be decrypted.") from None


def _open_archive(file: BundleFile, password: str) -> Any:
    archive = pyzipper.AESZipFile(file.view())
    archive.setpassword(password.encode("ascii"))
    return archive


class _Tee:
    """Passes a compressed stream on while it is being decompressed."""

    def __init__(self, stream: Any, tee: Callable[[bytes], Any]) -> None:
        self._stream = stream
        self._tee = tee

    def read(self, size: int) -> bytes:
        piece: bytes = self._stream.read(size)
        self._tee(piece)
        return piece

    def readinto(self, buffer: memoryview) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _too_much(table: TableRecord) -> str:
    return f"Table {table.name} holds more than its manifest says."


def _open_gzip(stream: Any) -> Any:
    return igzip.open(stream, "rb")  # type: ignore[no-untyped-call]
