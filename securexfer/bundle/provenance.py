"""Provenance: the hands that a forwarded bundle went through.

Each bundle that it comes from is a *hop*: its envelope and its signature block, which outlive its
file. The first hop is the bundle as it was packed. A chain of hops is one transfer only if
everybody passed on what they had been given, unchanged, and for no longer than they had it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from securexfer.bundle import layout
from securexfer.bundle.comment import Comment, decode_comment
from securexfer.bundle.envelope import MAX_VALUES, Envelope, commit_password, decode_envelope
from securexfer.bundle.padding import padme
from securexfer.bundle.sender import FindSender, PinnedSender
from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.errors import (
    BundleFormatError,
    ForwardedChangedError,
    ForwardedLongerError,
    ForwardedTooOftenError,
    ForwarderNotRecipientError,
    PasswordMismatchError,
    ProvenanceError,
    SignatureInvalidError,
)

MAX_HOPS = 8
MAX_PROVENANCE_BYTES = 16 * 1024 * 1024
# So much holds most chains whole: its size does not tell through how many hands a bundle went.
LEAST_BYTES = 64 * 1024
_VERSION = 1


@dataclass(frozen=True)
class Hop:
    """A bundle without its members.

    Attributes:
        comment: its signature block.
        envelope: decoded; the block names its SHA-256.
        sender: whose signatures verified; None where the signer's card is not pinned here.
    """

    comment: Comment
    envelope: Envelope
    sender: PinnedSender | None = None

    @property
    def sender_name(self) -> str:
        """The signer's local name, or their fingerprint where they have none here."""
        if self.sender is None:
            return format_fingerprint(self.envelope.sender)
        return self.sender.name

    def listed(self) -> list[tuple[str, int, str]]:
        """Name, length and SHA-256 of the members that are handed on."""
        members = self.envelope.members
        return [(m.name, m.length, m.sha256) for m in members if m.name != layout.PROVENANCE]

    def encode(self) -> dict[str, str]:
        """As it stands in the provenance: the texts that were signed."""
        return {
            "comment": self.comment.encode().decode("ascii"),
            "envelope": self.envelope.encode().decode("utf-8"),
        }


def encode_provenance(hops: Sequence[Hop]) -> bytes:
    """The content of `provenance.json`: canonical JSON, padded with spaces.

    Args:
        hops: oldest first, the bundle that is being forwarded last.

    Raises:
        ForwardedTooOftenError: if there are more than a bundle may have, or they are too large.
    """
    if len(hops) > MAX_HOPS:
        raise ForwardedTooOftenError(
            f"The bundle was forwarded {len(hops) - 1} times; that is as often as a bundle may be."
        )
    text = encode_canonical(
        {"hops": [hop.encode() for hop in hops], "securexfer_provenance": _VERSION}
    )
    content = text.ljust(_padded_bytes(len(text)))
    if len(content) > MAX_PROVENANCE_BYTES:
        raise ForwardedTooOftenError("The record of the bundle's hops would be too large.")
    return content


def decode_provenance(content: bytes) -> tuple[Hop, ...]:
    """Read `provenance.json`. Nobody's signatures are checked here.

    Raises:
        ForwardedTooOftenError: if there are more hops than a bundle may have.
        ProvenanceError: if it is not exactly what the encoder would have written.
    """
    # Before it is parsed, as for an envelope: values can take thirty times as much memory as text.
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_HOPS * MAX_VALUES:
        raise ProvenanceError("The bundle's provenance holds more values than it can.")
    text = content.rstrip(b" ")
    try:
        members = decode_canonical(text, max_bytes=MAX_PROVENANCE_BYTES)
    except ValueError as error:
        raise ProvenanceError(f"The bundle's provenance is not well-formed: {error}.") from None
    if len(content) != _padded_bytes(len(text)):
        raise ProvenanceError("The bundle's provenance is not padded as it must be.")
    match members:
        case {"hops": [_, *_] as items, "securexfer_provenance": 1, **others} if not others:
            pass
        case _:
            raise ProvenanceError("The bundle's provenance is not a list of hops.")
    if len(items) > MAX_HOPS:
        raise ForwardedTooOftenError(
            f"The bundle went through {len(items)} hops; at most {MAX_HOPS} are allowed.",
            hint=ProvenanceError.hint,
        )
    return tuple(_decode_hop(item, number) for number, item in enumerate(items))


def verify_hop(hop: Hop, find_sender: FindSender) -> Hop:
    """The hop with its sender, if they are pinned here: then both signatures must verify.

    Raises:
        SignatureInvalidError: if either does not.
        ProvenanceError: if it was signed with a key that had been replaced by then.
    """
    sender = find_sender(hop.comment.claimed.sender)
    if sender is None:
        return hop
    try:
        hop.comment.verified(sender.keys)
    except SignatureInvalidError as error:
        raise SignatureInvalidError(
            f"The bundle is said to have come through the hands of {sender.name}, but that hop is "
            f"not theirs: {error.message}"
        ) from None
    if sender.had_retired(hop.envelope.created):
        raise ProvenanceError(
            f"The bundle came through the hands of {sender.name}, signed with a key that they had "
            "replaced by then."
        )
    return replace(hop, sender=sender)


def check_chain(chain: Sequence[Hop], password: str) -> None:
    """Check that the hops are one transfer from hand to hand.

    Args:
        chain: oldest first, the bundle itself last.
        password: of the bundle's members.

    Raises:
        ProvenanceError: the first of its kinds that applies.
        PasswordMismatchError: if the password is not the one that each hop committed to.
    """
    if len({hop.envelope.bundle_id for hop in chain}) != len(chain):
        raise ProvenanceError("The bundle's provenance names the same bundle twice.")
    for hop in chain:
        if commit_password(hop.envelope.bundle_id, password) != hop.envelope.password_commitment:
            raise PasswordMismatchError(
                f"The password is not the one that {hop.sender_name} committed to when the bundle "
                "was in their hands: hops of different bundles were joined."
            )
    origin = chain[0]
    for before, hop in pairwise(chain):
        _check_step(before, hop)
        if hop.listed() != origin.listed():
            raise ForwardedChangedError(
                f"What {hop.sender_name} forwarded is not what {origin.sender_name} packed: "
                "something was added, left out or changed."
            )


def _check_step(before: Hop, after: Hop) -> None:
    who = after.sender_name
    if after.envelope.sender not in {one.fingerprint for one in before.envelope.recipients}:
        raise ForwarderNotRecipientError(
            f"{who} forwarded a bundle of {before.sender_name} that was never sealed to them."
        )
    if after.envelope.expires > before.envelope.expires:
        raise ForwardedLongerError(
            f"{who} forwarded the bundle to expire on {after.envelope.expires:%Y-%m-%d}, later "
            f"than the {before.envelope.expires:%Y-%m-%d} that they had it for."
        )


def _decode_hop(item: Any, number: int) -> Hop:
    where = f"Hop {number} of the bundle's provenance"
    match item:
        case {"comment": str(comment), "envelope": str(envelope), **others} if not others:
            content = envelope.encode("utf-8")
        case _:
            raise ProvenanceError(f"{where} is not an envelope and a signature block.")
    try:
        hop = Hop(decode_comment(comment.encode("utf-8")), decode_envelope(content))
        names = [member.name for member in hop.envelope.members]
        layout.check_names(names)
        layout.check_contiguous(hop.envelope.extents())
    except BundleFormatError as error:
        raise ProvenanceError(f"{where} is not well-formed: {error.message}") from None
    claimed = hop.comment.claimed
    if hashlib.sha256(content).hexdigest() != claimed.envelope_sha256:
        raise ProvenanceError(f"{where} has another envelope than the one that was signed.")
    if hop.envelope.sender != claimed.sender:
        raise ProvenanceError(f"{where} names another sender than its signatures.")
    # The first was packed, all others were forwarded.
    if (layout.PROVENANCE in names) != (number > 0):
        raise ProvenanceError(f"{where} stands at a place where it can't be.")
    return hop


def _padded_bytes(n_bytes: int) -> int:
    return padme(max(n_bytes, LEAST_BYTES))
