"""This desk and its drives, and recipes before anything is packed."""

from __future__ import annotations

from docs.shapes.part import (
    CARRIER,
    COUNT,
    COUNTS,
    ERROR,
    FLAG,
    ID,
    KIND,
    SHA256,
    TEXT,
    TIME,
    Schema,
    listed,
    members,
    null_or,
    one_of,
)
from docs.shapes.table import TRIAL

RESULTS: dict[str, Schema] = {
    "completion": members(
        {"path": TEXT, "script": TEXT, "shell": one_of("bash", "zsh", "fish", "powershell")}
    ),
    "demo": members(
        {
            "bundle_id": ID,
            "n_bytes": COUNT,
            "n_bytes_extract": COUNT,
            "n_rows": COUNT,
            "withheld": listed(TEXT),
            "seconds": COUNT,
            "kept_in": TEXT,
        }
    ),
    "doctor": members(
        {
            "drives": listed(
                members(
                    {
                        **KIND,
                        "label": TEXT,
                        "serial": TEXT,
                        "max_file_bytes": null_or(COUNT),
                        "mount_point": TEXT,
                        "n_bytes_free": null_or(COUNT),
                    }
                )
            ),
            "findings": listed(
                members(
                    {
                        "name": TEXT,
                        "verdict": one_of("ok", "warning", "problem"),
                        "remark": TEXT,
                        "next": TEXT,
                    }
                )
            ),
        }
    ),
    "drive check": members(
        {
            "carrier": CARRIER,
            "checked_at": TIME,
            "files": listed(
                members({"found": COUNTS, "has_hidden": FLAG, "path": TEXT, "unjudged": COUNTS})
            ),
            "keys_found": COUNT,
            "kinds": COUNTS,
            **dict.fromkeys(
                (
                    "n_bundles",
                    "n_bytes",
                    "n_files",
                    "n_findings",
                    "n_opaque",
                    "n_passed_over",
                    "n_unjudged",
                ),
                COUNT,
            ),
        },
        ERROR["properties"],
    ),
    "recipe check": members({"recipe_sha256": SHA256, "valid": {"const": True}}, TRIAL),
    "recipe draft": members(
        {
            "path": TEXT,
            "recipe": TEXT,
            "tables": listed(
                members(
                    {
                        "name": TEXT,
                        "n_rows_sampled": COUNT,
                        "columns": listed(
                            members({"name": TEXT, "role": TEXT, "kind": TEXT, "evidence": TEXT})
                        ),
                    }
                )
            ),
        }
    ),
}
