"""The hands that a bundle came through, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securexfer.bundle.provenance import Hop
    from securexfer.bundle.reader import Inside


def chain_document(inside: Inside) -> dict[str, Any]:
    """Who packed a bundle and who forwarded it, in JSON results."""
    return {
        "forwarded": inside.is_forwarded,
        "forwarders": [_hop_document(hop) for hop in inside.chain[1:]],
        "origin": _hop_document(inside.origin),
        "origin_verified": inside.is_origin_verified,
    }


def chain_rows(inside: Inside) -> list[tuple[str, str]]:
    """The same for people: a row for each, the oldest first."""
    rows = [("Packed by", _describe(inside.origin))]
    return rows + [("Forwarded by", _describe(hop)) for hop in inside.chain[1:]]


def _hop_document(hop: Hop) -> dict[str, Any]:
    return {
        "bundle_id": hop.envelope.bundle_id,
        "bundle_sha256": hop.comment.claimed.bundle_sha256,
        "created_at": hop.envelope.created_at,
        "expires_at": hop.envelope.expires_at,
        "sender": hop.envelope.sender,
        "sender_name": hop.sender.name if hop.sender else None,
        "verified": hop.sender is not None,
    }


def _describe(hop: Hop) -> str:
    day = hop.envelope.created_at[:10]
    if hop.sender is None:
        return f"{hop.sender_name}, {day} (not verified: not among the contacts here)"
    return f"{hop.sender_name}, {day}"
