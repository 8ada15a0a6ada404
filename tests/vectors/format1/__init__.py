"""A second writer of format 1, made from `docs/format.md` alone.

Nothing of securexfer is used here, so that page and program can be compared. Every step can be
bent by an edit, which is how the vectors of `tests/vectors/cases` break one rule and keep the rest.
"""

from __future__ import annotations

from tests.vectors.format1.bundle import COMMENT_BYTES, CREATED, END_BYTES, EXPIRES, NO_HEAD, Bundle
from tests.vectors.format1.card import CardDraft, Person, person
from tests.vectors.format1.edit import Changes, Edit, flip, nothing, poke, same
from tests.vectors.format1.encoding import b64, canonical, lp, padme, seeded, sha256, utf8
from tests.vectors.format1.forward import Forward
from tests.vectors.format1.identity import IdentityDraft
from tests.vectors.format1.key import KEY_NAMES, SEED_BYTES, Keys, seal
from tests.vectors.format1.member import Entry, ae2
from tests.vectors.format1.table import (
    Table,
    compress,
    empty_member,
    gzip_member,
    gzip_padding,
    quoted,
)

__all__ = [
    "COMMENT_BYTES",
    "CREATED",
    "END_BYTES",
    "EXPIRES",
    "KEY_NAMES",
    "NO_HEAD",
    "SEED_BYTES",
    "Bundle",
    "CardDraft",
    "Changes",
    "Edit",
    "Entry",
    "Forward",
    "IdentityDraft",
    "Keys",
    "Person",
    "Table",
    "ae2",
    "b64",
    "canonical",
    "compress",
    "empty_member",
    "flip",
    "gzip_member",
    "gzip_padding",
    "lp",
    "nothing",
    "padme",
    "person",
    "poke",
    "quoted",
    "same",
    "seal",
    "seeded",
    "sha256",
    "utf8",
]
