"""Write docs/schemas/ from the table below: `python docs/generate_schemas.py`.

One JSON Schema for the result of each command with `--json`, and one for errors. A test holds the
files against this table, and what every command really prints against the files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def members(fields: Schema, optional: Schema | None = None, *, more: bool = False) -> Schema:
    """An object with these members, those that may be missing, and others only if `more`."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": sorted(fields),
        "additionalProperties": more,
    }


def listed(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def empty_or(schema: Schema) -> Schema:
    """One of these, or the empty text where there is none."""
    return {"anyOf": [schema, {"const": ""}]}


def null_or(schema: Schema) -> Schema:
    """One of these, or null where nobody knows."""
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*texts: str) -> Schema:
    """One of these texts."""
    return {"enum": list(texts)}


TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
TIME: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
YES_NO = one_of("yes", "no")
ANYTHING: Schema = {"type": "object"}
KIND = {"kind": TEXT, "file_system": TEXT}
MEDIUM = members(KIND)
CARRIER = members({**KIND, "label": TEXT, "serial": TEXT})

CARD = {
    "created_at": TIME,
    "email": TEXT,
    "expires_at": TIME,
    "fingerprint": SHA256,
    "fingerprint_spoken": {"type": "string", "pattern": "^([A-Z2-7]{4}-){7}[A-Z2-7]{4}$"},
    "generation": {"type": "integer", "minimum": 1},
    "name": TEXT,
    "organisation": TEXT,
}
CONTACT = {
    **CARD,
    "contact": TEXT,
    "origin_fingerprint": SHA256,
    "pinned_at": TIME,
    "revoked_at": empty_or(TIME),
    "revoked_because": TEXT,
}
KEPT = {**CARD, "in_keyring": FLAG, "passphrase_from": TEXT, "path": TEXT}
DRILL = members(
    {
        "bundle_id": ID,
        "destroyed_at": empty_or(TIME),
        "is_complete": FLAG,
        "opened_at": empty_or(TIME),
        "recipient": SHA256,
        "started_at": TIME,
    }
)
FIELD = members({"name": TEXT, "action": TEXT}, {"source": TEXT})
GATE = members({"gate": TEXT, "result": TEXT}, more=True)
ATTACHMENTS = members(
    {"member": TEXT, "n_files": COUNT, "plaintext_sha256": SHA256, "n_bytes": COUNT}
)
TABLE = members(
    {
        "name": TEXT,
        "fields": listed(FIELD),
        "withheld": listed(TEXT),
        "n_rows_in": COUNT,
        "n_rows_out": COUNT,
        "n_blank_lines": COUNT,
        "n_unparsed": COUNTS,
        "n_subjects": COUNT,
        "n_subjects_is": one_of("exact", "approximate", "upper bound"),
        "plaintext_sha256": SHA256,
        "n_bytes": COUNT,
    },
    {"attachments": ATTACHMENTS, "n_formulas": COUNTS},
)
TRIED_TABLE = members(
    {
        "name": TEXT,
        "fields": listed(
            members({"name": TEXT, "action": TEXT, "source": TEXT, "looks_like": TEXT})
        ),
        "withheld": listed(TEXT),
        "n_rows_in": COUNT,
        "n_rows_out": COUNT,
        "n_blank_lines": COUNT,
        "n_unparsed": COUNTS,
        "n_formulas": COUNTS,
        "gates": listed(GATE),
    },
    {"attached": members({"n_files": COUNT, "n_bytes": COUNT})},
)
TRIAL = {"tables": listed(TRIED_TABLE), "gates": listed(GATE)}
AGREEMENT = members(
    {
        "reference": TEXT,
        "purpose": TEXT,
        "controller": TEXT,
        "regime": TEXT,
        "lawful_basis": TEXT,
        "retention_days": COUNT,
    },
    {"categories": listed(TEXT)},
)
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
    }
)
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
SCOPE_KEY = {
    "agreement": TEXT,
    "audience": listed(SHA256),
    "epoch": TEXT,
    "statement_id": ID,
}

ERROR = members(
    {
        "error": members(
            {
                "code": {"type": "string", "pattern": "^[a-z_]+$"},
                "exit_code": {"type": "integer", "minimum": 1, "maximum": 130},
                "hint": TEXT,
                "message": TEXT,
            },
            {"problems": listed(TEXT)},
        )
    }
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
RESULTS: dict[str, Schema] = {
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
    "completion": members(
        {"path": TEXT, "script": TEXT, "shell": one_of("bash", "zsh", "fish", "powershell")}
    ),
    "contact add": members(CONTACT),
    "contact list": members({"contacts": listed(members(CONTACT))}),
    "contact remove": members(CONTACT),
    "contact revoke": members(CONTACT),
    "contact show": members({**CONTACT, "drills": listed(DRILL)}),
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
    "destroy": members(
        {
            "bundle_id": ID,
            "certificates": listed(TEXT),
            "missing": listed(TEXT),
            "n_leftovers": COUNT,
            "removed": listed(TEXT),
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
    "drill list": members({"drills": listed(DRILL)}),
    "drill start": members({"bundle_id": ID, "path": TEXT, "n_rows": COUNT}),
    "extend": members({**STATEMENT, **EXTENSION, "path": TEXT}),
    "extension import": members({**STATEMENT, **FILED, **EXTENSION}),
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
    "identity card": members({**CARD, "card": TEXT, "path": TEXT}),
    "identity create": members(KEPT),
    "identity export": members({**CARD, "path": TEXT}),
    "identity import": members(KEPT),
    "identity passphrase": members(
        {"fingerprint": SHA256, "in_keyring": FLAG, "passphrase_from": TEXT}
    ),
    "identity rotate": members(
        {**CARD, "in_keyring": FLAG, "path": TEXT, "previous_fingerprint": SHA256}
    ),
    "identity show": members(CARD),
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
    "release-password": members({**CHAIN, "bundle_id": ID, "password": TEXT}),
    "scope-key export": members({**SCOPE_KEY, "path": TEXT, "recipient": TEXT}),
    "scope-key import": members(
        {**SCOPE_KEY, "imported": FLAG, "notes": listed(TEXT), "signer_name": TEXT}
    ),
    "unpack": members(
        {**INSIDE, "files": listed(TEXT), "medium": MEDIUM, "receipt": TEXT},
        {**EXTENDED, "medium_reason": TEXT, "n_escaped": COUNTS},
    ),
    "verify": {"anyOf": [members(INSIDE, EXTENDED), members(OUTSIDE, EXTENDED)]},
}


def generate() -> dict[str, str]:
    """The text of every file in docs/schemas/, by its name."""
    files = {"error.json": _file("What any command prints with --json when it fails.", ERROR)}
    for command, schema in RESULTS.items():
        title = f"What securexfer {command} --json prints when it has done its work."
        files[file_name(command)] = _file(title, schema)
    return files


def file_name(command: str) -> str:
    """The file of a command: its words with hyphens."""
    return f"{command.replace(' ', '-')}.json"


def _file(title: str, schema: Schema) -> str:
    whole = {"$schema": DIALECT, "title": title, **schema}
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for name, text in generate().items():
        (TARGET / name).write_text(text, encoding="utf-8")
