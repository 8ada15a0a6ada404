"""Reports: about one transfer, and about what was lost."""

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
    null_or,
    one_of,
)

GATE = members({"gate": TEXT, "result": TEXT, "found": TEXT, "reason": TEXT})
GROUPS = members(
    {
        "by": listed(TEXT),
        "k": COUNT,
        "min_group_size": COUNT,
        "n_unique_rows": COUNT,
        "sizes": listed(members({"at_least": COUNT, "n_groups": COUNT, "n_rows": COUNT})),
    }
)
SHOWN_TABLE = members(
    {
        "name": TEXT,
        "fields": listed(members({"name": TEXT, "action": TEXT, "source": TEXT})),
        "withheld": listed(TEXT),
        "n_rows_in": COUNT,
        "n_rows_out": COUNT,
        "n_subjects": COUNT,
        "n_subjects_is": TEXT,
        "n_files": COUNT,
        "gates": listed(GATE),
        "groups": null_or(GROUPS),
    }
)
SHOWN_HOLDER = members(
    {
        "name": TEXT,
        "fingerprint": SHA256,
        "opened_at": listed(TIME),
        "destroyed_at": empty_or(TIME),
        "status": TEXT,
    }
)
REPORTED = members(
    {
        "bundle_id": ID,
        "bundle_sha256": SHA256,
        "packed_at": TIME,
        "file_name": TEXT,
        "agreement": ANYTHING,
        "linkage": TEXT,
        "destroy_by": empty_or(TIME),
        "is_overdue": FLAG,
        "is_held": FLAG,
        "is_drill": FLAG,
        "may_forward": FLAG,
        "carrier": ANYTHING,
        "drive_check": ANYTHING,
        "holders": listed(
            members(
                {
                    "name": TEXT,
                    "fingerprint": SHA256,
                    "opened_at": listed(TIME),
                    "destroyed_at": empty_or(TIME),
                    "status": TEXT,
                }
            )
        ),
        "tables": listed(
            members(
                {
                    "name": TEXT,
                    "n_rows": COUNT,
                    "n_subjects": COUNT,
                    "n_subjects_is": TEXT,
                    "fields": listed(members({"name": TEXT, "action": TEXT, "source": TEXT})),
                    "withheld": listed(TEXT),
                    "n_files": COUNT,
                }
            )
        ),
        "origin": listed(
            members(
                {
                    "bundle_id": ID,
                    "sender": SHA256,
                    "sender_name": TEXT,
                    "is_verified": FLAG,
                    "forwarders": listed(SHA256),
                }
            )
        ),
    }
)

RESULTS: dict[str, Schema] = {
    "breach-report": members(
        {
            "made_at": TIME,
            "aware_at": empty_or(TIME),
            "notify_by": empty_or(TIME),
            "selection": TEXT,
            "bundles": listed(REPORTED),
            "never_sent": listed(TEXT),
            "register_head": SHA256,
            "n_rows": COUNT,
            "n_subjects_at_most": COUNT,
            "regimes": listed(TEXT),
            "categories": listed(TEXT),
            "protection": TEXT,
            "path": TEXT,
        }
    ),
    "report": members(
        {
            "stage": one_of("planned", "sent", "received"),
            "made_at": TIME,
            "basis": TEXT,
            "bundle_id": ID,
            "bundle_sha256": SHA256,
            "file_name": TEXT,
            "n_bytes": COUNT,
            "packed_at": empty_or(TIME),
            "destroy_by": empty_or(TIME),
            "status": TEXT,
            "is_overdue": FLAG,
            "is_drill": FLAG,
            "may_forward": FLAG,
            "linkage": TEXT,
            "agreement": ANYTHING,
            "recipe_sha256": empty_or(SHA256),
            "tool": TEXT,
            "sender": empty_or(SHA256),
            "sender_name": TEXT,
            "hands": listed(TEXT),
            "holders": listed(SHOWN_HOLDER),
            "tables": listed(SHOWN_TABLE),
            "n_subjects": COUNT,
            "n_subjects_is": TEXT,
            "gates": listed(GATE),
            "carrier": ANYTHING,
            "events": listed(members({"at": TIME, "what": TEXT, "number": COUNT})),
            "register_head": empty_or(SHA256),
            "path": TEXT,
        }
    ),
}
