"""People: identities, contacts, drills with them, and keys that colleagues share."""

from __future__ import annotations

from docs.shapes.part import COUNT, FLAG, ID, SHA256, TEXT, TIME, Schema, empty_or, listed, members

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
SCOPE_KEY = {
    "agreement": TEXT,
    "audience": listed(SHA256),
    "epoch": TEXT,
    "statement_id": ID,
}

RESULTS: dict[str, Schema] = {
    "contact add": members(CONTACT),
    "contact list": members({"contacts": listed(members(CONTACT))}),
    "contact remove": members(CONTACT),
    "contact revoke": members(CONTACT),
    "contact show": members({**CONTACT, "drills": listed(DRILL)}),
    "drill list": members({"drills": listed(DRILL)}),
    "drill start": members({"bundle_id": ID, "path": TEXT, "n_rows": COUNT}),
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
    "scope-key export": members({**SCOPE_KEY, "path": TEXT, "recipient": TEXT}),
    "scope-key import": members(
        {**SCOPE_KEY, "imported": FLAG, "notes": listed(TEXT), "signer_name": TEXT}
    ),
}
