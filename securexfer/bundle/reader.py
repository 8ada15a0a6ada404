"""Reading a bundle with distrust, in the order that `docs/format.md` numbers.

Outside: file, signature block, digest, signatures, layout, envelope. Inside, for a recipient:
password, commitment, manifest, tables. Nothing is decrypted before the whole outside held.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import pyzipper
from isal import igzip, isal_zlib

from securexfer.bundle import layout
from securexfer.bundle.comment import Comment, SignedDigests, decode_comment
from securexfer.bundle.envelope import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    commit_password,
    decode_envelope,
    seal_info,
)
from securexfer.bundle.file import BundleFile
from securexfer.bundle.manifest import MAX_MANIFEST_BYTES, Manifest, TableRecord, decode_manifest
from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.crypto.keys import PrivateKeys, PublicKeys, decode_base64
from securexfer.crypto.sealing import unseal
from securexfer.errors import (
    BundleAlteredError,
    BundleFormatError,
    BundleUnsupportedError,
    ContentMismatchError,
    ManifestMismatchError,
    NotForThisIdentityError,
    PasswordMismatchError,
    SenderUnknownError,
    VerificationError,
)
from securexfer.reporting import Reporter

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
class PinnedSender:
    """A sender whose card is pinned here.

    Attributes:
        name: the contact's local name.
        keys: current or former public keys.
        retired_at: when these keys were replaced, None for current ones.
        current_keys: those that its owner uses now, None if they are these.
    """

    name: str
    keys: PublicKeys
    retired_at: datetime | None = None
    current_keys: PublicKeys | None = None


FindSender = Callable[[str], PinnedSender | None]


@dataclass(frozen=True)
class Outside:
    """What anyone can read of a bundle, complete and strictly parsed.

    Attributes:
        file: the open file.
        claimed: digests in the signature block; equal to the bytes, the signatures as stated.
        envelope: decoded.
        read_me: text of the clear note for finders.
        sender: whose signatures verified; None where nobody's were checked.
        extended_until: what the sender made of its expiry since, as this desk's register knows.
    """

    file: BundleFile
    claimed: SignedDigests
    envelope: Envelope
    read_me: str
    sender: PinnedSender | None
    extended_until: datetime | None = None


@dataclass(frozen=True)
class Inside:
    """A verified bundle, opened for its recipient. The password is never shown by `repr`."""

    outside: Outside
    sender: PinnedSender
    manifest: Manifest
    password: str = field(repr=False)

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


def read_claims(file: BundleFile, reporter: Reporter) -> Outside:
    """All checks of the outside but who signed it. For `inspect`: claims, not facts.

    Raises:
        BundleFormatError, BundleAlteredError: as `read_outside`.
    """
    return _read_layout(file, _check_digest(file, _read_comment(file), reporter), None)


def read_outside(file: BundleFile, find_sender: FindSender, reporter: Reporter) -> Outside:
    """Check the whole outside: signature block, digest, signatures, layout, envelope.

    Raises:
        BundleFormatError: if it is not a bundle, exactly as specified.
        SenderUnknownError: if the sender it names is not pinned.
        BundleAlteredError: if its bytes are not the signed ones.
        SignatureInvalidError: if either signature does not verify.
        VerificationError: if it was signed with a key that had been replaced by then.
    """
    comment = _read_comment(file)
    sender = find_sender(comment.claimed.sender)
    if sender is None:
        raise SenderUnknownError(
            "The bundle names a sender who is not among the contacts pinned here "
            f"(fingerprint {format_fingerprint(comment.claimed.sender)})."
        )
    claimed = _check_digest(file, comment, reporter)
    comment.verified(sender.keys)
    outside = _read_layout(file, claimed, sender)
    if sender.retired_at is not None and outside.envelope.created > sender.retired_at:
        raise VerificationError(
            f"The bundle was signed with a key that {sender.name} had replaced by then."
        )
    return outside


def read_inside(outside: Outside, keys: PrivateKeys) -> Inside:
    """Unseal the password, open the manifest, hold it against the envelope.

    Raises:
        NotForThisIdentityError: if these keys are no recipient's.
        PasswordMismatchError: if the sealed password does not open or match its commitment.
        ManifestMismatchError: if the manifest is not one, or contradicts the envelope.
        BundleUnsupportedError: if it holds attachments or was forwarded.
    """
    if outside.sender is None:
        raise SenderUnknownError("The bundle's sender was not verified.")
    envelope = outside.envelope
    sealed = next((r for r in envelope.recipients if r.fingerprint == keys.fingerprint), None)
    if sealed is None:
        raise NotForThisIdentityError("The bundle is not sealed to this identity.")
    password = _unseal_password(envelope, sealed.sealed_password, keys)
    names = [m.name for m in envelope.members]
    if layout.PROVENANCE in names or any(n.startswith("attachments/") for n in names):
        raise BundleUnsupportedError(
            "The bundle was forwarded or holds attachments; this version opens neither."
        )
    manifest = decode_manifest(_read_manifest(outside, password), envelope)
    return Inside(outside, outside.sender, manifest, password)


def _read_comment(file: BundleFile) -> Comment:
    # First the end record's place, so that a file that is no bundle is called that.
    end = file.signed_bytes - layout.END_BYTES
    _expect_end(file.peek(end, layout.END_BYTES))
    return decode_comment(file.comment)


def _expect_end(record: bytes) -> None:
    if record[:4] != b"PK\x05\x06" or record[-2:] != layout.COMMENT_BYTES.to_bytes(2, "little"):
        raise BundleFormatError(
            "The file is not a bundle, or it has been cut or added to.",
            hint="Check that you named the right file. If it came as a bundle, ask for it again.",
        )


def _check_digest(file: BundleFile, comment: Comment, reporter: Reporter) -> SignedDigests:
    reporter.begin("Checking", file.signed_bytes)
    if file.hash_all(reporter.advance) != comment.claimed.bundle_sha256:
        raise BundleAlteredError("The bundle's bytes are not those that were signed.")
    return comment.claimed


def _read_layout(file: BundleFile, claimed: SignedDigests, sender: PinnedSender | None) -> Outside:
    """Step 4 and 5: every byte outside the members' contents is the one our writer emits."""
    end = file.signed_bytes
    n_tail = min(end, layout.MAX_END_BYTES)
    directory_offset = layout.find_directory(file.read(end - n_tail, n_tail), end - n_tail)
    if end - directory_offset > layout.MAX_DIRECTORY_BYTES:
        raise BundleFormatError("The bundle's directory is too large.")
    directory = file.read(directory_offset, end - directory_offset)
    envelope_offset = layout.last_member_offset(directory)
    found = layout.Extent(layout.ENVELOPE, envelope_offset, directory_offset - envelope_offset)
    if not 0 <= found.content_bytes <= MAX_ENVELOPE_BYTES:
        raise BundleFormatError("The bundle's envelope is not where it must be.")
    content = file.read(found.content_offset, found.content_bytes)
    if hashlib.sha256(content).hexdigest() != claimed.envelope_sha256:
        raise BundleAlteredError("The bundle's envelope is not the one that was signed.")
    envelope = decode_envelope(content)
    if envelope.sender != claimed.sender:
        raise VerificationError("The bundle's envelope names another sender than its signature.")

    extents = envelope.extents()
    layout.check_names([extent.name for extent in extents])
    if extents[0].content_bytes > layout.MAX_READ_ME_BYTES:
        raise BundleFormatError("The bundle's read-me is too large.")
    layout.check_contiguous([*extents, found])
    read_me = file.read(extents[0].content_offset, extents[0].content_bytes)
    extents[0] = replace(extents[0], crc=zlib.crc32(read_me))
    extents.append(replace(found, crc=zlib.crc32(content)))
    for extent in extents:
        header, trailer = layout.local_header(extent.name), layout.descriptor(extent)
        last = extent.offset + extent.length - len(trailer)
        if (
            file.read(extent.offset, len(header)) != header
            or file.read(last, len(trailer)) != trailer
        ):
            raise BundleFormatError(
                "A member of the bundle has a header that does not belong there."
            )
    if layout.directory(extents) != directory:
        raise BundleFormatError("The bundle's directory is not the one that belongs to it.")
    for extent, member in zip(extents, envelope.members, strict=False):
        if file.hash_range(extent.offset, extent.length) != member.sha256:
            raise BundleAlteredError("A member of the bundle is not the one its envelope lists.")
    try:
        text = read_me.decode("utf-8")
    except UnicodeDecodeError:
        raise BundleFormatError("The bundle's read-me is not text.") from None
    return Outside(file, claimed, envelope, text, sender)


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


def _read_manifest(outside: Outside, password: str) -> bytes:
    extent = next(e for e in outside.envelope.extents() if e.name == layout.MANIFEST)
    if extent.content_bytes > MAX_MANIFEST_BYTES:
        raise ManifestMismatchError("The bundle's manifest is too large.")
    try:
        return bytes(_open_archive(outside.file, password).read(layout.MANIFEST))
    except _READER_ERRORS:
        raise ManifestMismatchError("The bundle's manifest can't be decrypted.") from None


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
