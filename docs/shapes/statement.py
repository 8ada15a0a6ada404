"""What one side signs for the other: receipts, certificates, extensions."""

from __future__ import annotations

from docs.shapes.part import (
    COUNT,
    FLAG,
    ID,
    MEDIUM,
    SHA256,
    TEXT,
    TIME,
    Schema,
    empty_or,
    listed,
    members,
)

STATEMENT = {
    "statement_id": ID,
    "bundle_id": ID,
    "bundle_sha256": SHA256,
    "made_at": TIME,
    "register_head": empty_or(SHA256),
    "tool": TEXT,
}
FILED = {"imported": FLAG, "notes": listed(TEXT), "signer": SHA256, "signer_name": TEXT}
EXTENSION = {"created_at": TIME, "previous_expires_at": TIME, "expires_at": TIME}
TABLE_COUNT = members({"name": TEXT, "n_rows": COUNT})

RESULTS: dict[str, Schema] = {
    "certificate import": members(
        {
            **STATEMENT,
            **FILED,
            "addressee": SHA256,
            "destroyed_at": TIME,
            "n_removed": COUNT,
            "n_changed": COUNT,
            "n_missing": COUNT,
            "tables": listed(TABLE_COUNT),
            "openings": listed(members({"opened_at": TIME, "statement_id": ID})),
            "remark": TEXT,
        }
    ),
    "extend": members({**STATEMENT, **EXTENSION, "path": TEXT}),
    "extension import": members({**STATEMENT, **FILED, **EXTENSION}),
    "receipt import": members(
        {
            **STATEMENT,
            **FILED,
            "addressee": SHA256,
            "opened_at": TIME,
            "tables": listed(TABLE_COUNT),
            "medium": MEDIUM,
        },
        {"medium_reason": TEXT},
    ),
}
