"""What was found in a file: kinds and counts, and why something can't be judged. No values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from securexfer.privacy.kinds import KINDS

KEY, PASSPHRASE, BESIDE, FILE_NAME = "key", "passphrase", "key-beside-bundle", "file-name"
# What opens bundles.
KEYS = (KEY, PASSPHRASE)
TITLES: Mapping[str, str] = {
    "name": "name of a person",
    "birth": "date of birth",
    "address": "address",
    "pseudonym": "pseudonym made by pack",
    **{slug: kind.title for slug, kind in KINDS.items()},
    KEY: "private key",
    PASSPHRASE: "passphrase or password",
    BESIDE: "bundle with a key or passphrase on the same drive",
    FILE_NAME: "name of the file",
}
REASONS: Mapping[str, str] = {
    "encrypted": "encrypted by other means",
    "permission": "may not be read",
    "unreadable": "the drive does not give it back",
    "damaged": "damaged, or not what it seems",
    "too-large": "unpacks to more than can be judged",
    "too-deep": "packed within itself too often",
    "too-long": "took too long",
    "memory": "needs too much memory",
    "failed": "made the reader fail",
    "format": "a format that is not read here",
    "pictures": "pages without text, as of a scanner",
    "elsewhere": "another file system, not entered",
    "changed": "changed or went while it was read",
}


@dataclass
class Ledger:
    """Of one file, and all that is packed in it.

    Attributes:
        found: places by kind.
        unjudged: parts by reason.
        is_bundle: whether it is a securexfer bundle.
        is_opaque: whether it is of a kind that holds no text, as a picture.
        is_hidden: whether some of what was found is in hidden sheets, rows or columns.
    """

    found: Counter[str] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)
    is_bundle: bool = False
    is_opaque: bool = False
    is_hidden: bool = False

    def note(self, found: Mapping[str, int]) -> None:
        """Count what was found."""
        self.found.update({kind: n for kind, n in found.items() if n > 0})

    def doubt(self, reason: str) -> None:
        """Count a part that can't be judged."""
        if reason not in REASONS:
            raise ValueError(reason)
        self.unjudged[reason] += 1

    def add(self, other: Ledger) -> None:
        """Add what was seen of another piece of the same file."""
        self.found.update(other.found)
        self.unjudged.update(other.unjudged)
        self.is_bundle |= other.is_bundle
        self.is_opaque |= other.is_opaque
        self.is_hidden |= other.is_hidden
