"""The register: its entries, what is still held by whom, and what ends there."""

from __future__ import annotations

from docs.shapes.part import (
    ANYTHING,
    COUNT,
    FLAG,
    ID,
    SHA256,
    TEXT,
    TIME,
    Schema,
    empty_or,
    listed,
    members,
    one_of,
)

ENTRY = members(
    {
        "at": TIME,
        "details": ANYTHING,
        "event": TEXT,
        "host": TEXT,
        "identity": SHA256,
        "number": {"type": "integer", "minimum": 1},
        "previous_sha256": SHA256,
        "sha256": SHA256,
        "user": TEXT,
    }
)
ENTRIES = members({"entries": listed(ENTRY)})
HOLDER = members(
    {
        "destroyed_at": empty_or(TIME),
        "fingerprint": SHA256,
        "missing": listed(TEXT),
        "name": TEXT,
        "opened_at": listed(TIME),
    }
)
HELD = members(
    {
        "at": TIME,
        "bundles": listed(
            members(
                {
                    "bundle_id": ID,
                    "bundle_sha256": SHA256,
                    "destroy_by": empty_or(TIME),
                    "missing": listed(TEXT),
                    "overdue": FLAG,
                    "recipients": listed(HOLDER),
                    "role": one_of("sent", "received"),
                    "sender": empty_or(SHA256),
                    "sender_name": TEXT,
                    "since": TIME,
                }
            )
        ),
        "n_overdue": COUNT,
    }
)

RESULTS: dict[str, Schema] = {
    "destroy": members(
        {
            "bundle_id": ID,
            "certificates": listed(TEXT),
            "is_new": FLAG,
            "missing": listed(TEXT),
            "n_leftovers": COUNT,
            "receipts_kept": listed(TEXT),
            "receipts_removed": listed(TEXT),
            "replaced": listed(TEXT),
            "removed": listed(TEXT),
        }
    ),
    "register export": {
        "anyOf": [
            members({"entries": listed(ENTRY), "head_sha256": SHA256, "n_entries": COUNT}),
            members({"path": TEXT, "head_sha256": SHA256, "n_entries": COUNT}),
        ]
    },
    "register list": {"anyOf": [ENTRIES, HELD]},
    "register show": ENTRIES,
    "register verify": members(
        {
            "against": listed(members({"agrees_up_to": COUNT, "file": TEXT, "kind": TEXT})),
            "fingerprint": SHA256,
            "head_sha256": SHA256,
            "n_entries": COUNT,
            "n_torn_bytes": COUNT,
            "n_uncounted": COUNT,
            "verified": {"const": True},
        }
    ),
    "reidentify": members(
        {"n_found": COUNT, "n_tokens": COUNT, "path": TEXT},
        {"found": listed(members({"token": TEXT, "column": TEXT, "identifier": TEXT}))},
    ),
}
