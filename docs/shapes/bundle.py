"""Bundles: packed, handed on, looked at and opened."""

from __future__ import annotations

from docs.shapes.part import (
    CARRIER,
    COUNT,
    COUNTS,
    FLAG,
    ID,
    MEDIUM,
    SHA256,
    TEXT,
    TIME,
    YES_NO,
    Schema,
    empty_or,
    listed,
    members,
    null_or,
    one_of,
)
from docs.shapes.table import AGREEMENT, TABLE, TRIAL

HOP = members(
    {
        "bundle_id": ID,
        "bundle_sha256": SHA256,
        "created_at": TIME,
        "expires_at": TIME,
        "sender": SHA256,
        "sender_name": null_or(TEXT),
        "verified": FLAG,
    }
)
CHAIN = {"forwarded": FLAG, "forwarders": listed(HOP), "origin": HOP, "origin_verified": FLAG}
OUTSIDE = {
    "bundle_id": ID,
    "bundle_sha256": SHA256,
    "created_at": TIME,
    "expires_at": TIME,
    "format": {"const": 1},
    "forwarded": FLAG,
    "members": listed(members({"name": TEXT, "n_bytes": COUNT})),
    "n_bytes": COUNT,
    "read_me": TEXT,
    "recipients": listed(SHA256),
    "sender": SHA256,
    "verified": FLAG,
}
EXTENDED = {"extended_until": TIME}
INSIDE = {
    **OUTSIDE,
    **CHAIN,
    "agreement": AGREEMENT,
    "forwarding": YES_NO,
    "notes": listed(TEXT),
    "sender_name": TEXT,
    "sequence": {"type": "integer", "minimum": 1},
    "tables": listed(TABLE),
}
RUN = {"job": TEXT, "run": TEXT}
MISSED = {"missed": listed(TEXT)}
PACKED = {
    "bundle_id": ID,
    "bundle_sha256": SHA256,
    "carrier": CARRIER,
    "created_at": TIME,
    "expires_at": TIME,
    "forwarding": YES_NO,
    "n_bytes": COUNT,
    "outcome": {"const": "packed"},
    "path": TEXT,
    "recipients": listed(SHA256),
    "sequence": {"type": "integer", "minimum": 1},
    "tables": listed(TABLE),
}
# A run with `--once-per` that was done before: its bundle, or that there was nothing to send.
ALREADY_DONE = {
    **RUN,
    "at": TIME,
    "bundle_id": empty_or(ID),
    "event": one_of("packed", "pack-skipped"),
    "outcome": {"const": "already-done"},
    "path": TEXT,
}
SKIPPED = {
    **RUN,
    **MISSED,
    "outcome": {"const": "skipped"},
    "reason": {"const": "extract_empty"},
}

RESULTS: dict[str, Schema] = {
    "forward": members(
        {
            "bundle_id": ID,
            "bundle_sha256": SHA256,
            "carrier": CARRIER,
            "created_at": TIME,
            "expires_at": TIME,
            "forwarders": listed(HOP),
            "n_bytes": COUNT,
            "notes": listed(TEXT),
            "origin": HOP,
            "origin_verified": FLAG,
            "path": TEXT,
            "previous_bundle_id": ID,
            "recipients": listed(SHA256),
        }
    ),
    "inspect": members(OUTSIDE, EXTENDED),
    "outbox prune": members(
        {
            "dry_run": FLAG,
            "n_altered": COUNT,
            "n_kept": COUNT,
            "n_others": COUNT,
            "removed": listed(
                members({"bundle_id": ID, "n_bytes": COUNT, "path": TEXT, "sent_at": TIME})
            ),
        }
    ),
    "pack": {
        "anyOf": [
            members(PACKED),
            members({**PACKED, **RUN, **MISSED}),
            members(ALREADY_DONE),
            members(SKIPPED),
            members({"dry_run": {"const": True}, **TRIAL}, {"carrier": CARRIER}),
        ]
    },
    "release-password": members({**CHAIN, "bundle_id": ID, "password": TEXT}),
    "unpack": members(
        {**INSIDE, "files": listed(TEXT), "medium": MEDIUM, "receipt": TEXT},
        {**EXTENDED, "medium_reason": TEXT, "n_escaped": COUNTS},
    ),
    "verify": {"anyOf": [members(INSIDE, EXTENDED), members(OUTSIDE, EXTENDED)]},
}
