"""Tables as a recipe makes them, and the agreement that they go under."""

from __future__ import annotations

from docs.shapes.part import COUNT, COUNTS, SHA256, TEXT, listed, members, one_of

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
