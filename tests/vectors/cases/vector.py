"""A file, and what a reader must say to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, EVE
from tests.vectors.format1 import Bundle, sha256

FOLDER = Path(__file__).parents[1]
NOW = "2026-11-22T10:30:00Z"
# Made anew whenever the tests run, to keep the repository small: variants, and what is large.
NOT_KEPT = frozenset((FOLDER / "not_kept.txt").read_text("utf-8").split())


@dataclass
class Vector:
    """A file, and what a reader must say to it."""

    file: str
    about: str
    rules: list[str]
    outcome: str
    make: Callable[[], bytes]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether the file is in `bundles/`; the others are made whenever the tests run."""
        return self.file.split(".")[0] not in NOT_KEPT

    def described(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "about": self.about,
            "rules": self.rules,
            "outcome": self.outcome,
            **self.facts,
        }


def bundle(
    name: str,
    about: str,
    rules: str,
    outcome: str,
    made: Bundle | None = None,
    *,
    now: str = NOW,
    reader: str = "bob",
    before: list[dict[str, str]] | None = None,
    older: bool = False,
    **changes: Any,
) -> Vector:
    """A vector of a bundle, from `ann` to `bob` unless something else is said."""
    draft = made or Bundle(name, ANN, [BOB], **changes)
    facts: dict[str, Any] = {
        "kind": "bundle",
        "reader": reader,
        "now": now,
        "older": older,
        "before": before or [],
        "n_plaintext_tables": len(draft.tables) if outcome == "ok" else 0,
    }
    if outcome == "ok":
        facts["tables"] = {table.name: sha256(table.plaintext) for table in draft.tables}
        origin = draft.origin
        facts["manifest"] = {
            "bundle_id": origin.bundle_id,
            "sender": origin.sender.fingerprint,
            "recipients": [one.fingerprint for one in origin.recipients],
            "created_at": origin.created_at,
            "expires_at": origin.expires_at,
            "sequence": origin.sequence,
            "n_rows_out": [len(table.rows) - 1 for table in origin.tables],
        }
        facts["hands"] = [one.fingerprint for one in draft.hands]
        facts["unverified"] = [one.fingerprint for one in draft.hands if one is EVE]
    return Vector(f"{name}.sxfer.zip", about, rules.split(), outcome, draft.write, facts)
