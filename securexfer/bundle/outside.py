"""The outside of a bundle, read with distrust, in the order that `docs/format.md` numbers.

File, signature block, digest, signatures, layout, envelope. Nothing is decrypted here.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from securexfer.bundle import layout
from securexfer.bundle.comment import Comment, SignedDigests, decode_comment
from securexfer.bundle.envelope import MAX_ENVELOPE_BYTES, Envelope, decode_envelope
from securexfer.bundle.file import BundleFile
from securexfer.bundle.sender import FindSender, PinnedSender
from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.errors import (
    BundleAlteredError,
    BundleFormatError,
    SenderUnknownError,
    VerificationError,
)
from securexfer.reporting import Reporter


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
    if sender.had_retired(outside.envelope.created):
        raise VerificationError(
            f"The bundle was signed with a key that {sender.name} had replaced by then."
        )
    return outside


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
    if file.hash_all(reporter.advance, _foresee_members(file)) != comment.claimed.bundle_sha256:
        raise BundleAlteredError("The bundle's bytes are not those that were signed.")
    return comment.claimed


def _foresee_members(file: BundleFile) -> list[range]:
    """Where the members seem to lie: what is worth hashing on the way, and nothing is built on it.

    Each behind the one before, so that no claim can have any byte hashed twice.
    """
    try:
        directory_offset, directory = _read_directory(file.peek, file.signed_bytes)
        stops = [*layout.member_offsets(directory), directory_offset]
    except BundleFormatError:
        return []
    ranges = [range(start, stop) for start, stop in pairwise(stops)]
    return ranges if all(ranges) else []


def _read_directory(read: Callable[[int, int], bytes], end: int) -> tuple[int, bytes]:
    n_tail = min(end, layout.MAX_END_BYTES)
    offset = layout.find_directory(read(end - n_tail, n_tail), end - n_tail)
    if end - offset > layout.MAX_DIRECTORY_BYTES:
        raise BundleFormatError("The bundle's directory is too large.")
    return offset, read(offset, end - offset)


def _read_layout(file: BundleFile, claimed: SignedDigests, sender: PinnedSender | None) -> Outside:
    """Step 4 and 5: every byte outside the members' contents is the one our writer emits."""
    directory_offset, directory = _read_directory(file.read, file.signed_bytes)
    envelope_offset = layout.member_offsets(directory)[-1]
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
