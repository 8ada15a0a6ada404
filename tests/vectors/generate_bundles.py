"""Published vectors for bundles, cards and identity files, made without securexfer.

Run `PYTHONPATH=. python -m tests.vectors.generate_bundles`. It writes `bundles/` and
`bundles.json` anew; with `--missing` it keeps the files that are there. Sealing and ML-DSA are
randomised, so the files differ from run to run, and what they are for does not. Everything follows
`docs/format.md`, through `format1`; each module of `cases` breaks what it is named for.

Senders are malicious where the rule that is broken lies behind the signature: `ann` is pinned at
`bob`, who opens, and her signatures are valid unless the vector says otherwise.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.vectors.cases.attachment import attached_files, misplaced_attachments
from tests.vectors.cases.bundle import valid_bundles
from tests.vectors.cases.card import cards, cards_of_people
from tests.vectors.cases.cast import people
from tests.vectors.cases.chain import broken_chains
from tests.vectors.cases.comment import comments
from tests.vectors.cases.content import contents
from tests.vectors.cases.directory import directories
from tests.vectors.cases.envelope import envelopes
from tests.vectors.cases.file import whole_files
from tests.vectors.cases.forward import forwarded
from tests.vectors.cases.header import headers
from tests.vectors.cases.identity import identities
from tests.vectors.cases.manifest import manifests
from tests.vectors.cases.member import listings, names
from tests.vectors.cases.order import reading_order
from tests.vectors.cases.password import passwords
from tests.vectors.cases.provenance import provenances
from tests.vectors.cases.rotation import rotations
from tests.vectors.cases.signature import outside_signature
from tests.vectors.cases.size import large_bundles
from tests.vectors.cases.spelling import spellings
from tests.vectors.cases.table import valid_tables
from tests.vectors.cases.vector import FOLDER, Vector


def all_vectors() -> Iterator[Vector]:
    """In the order of `bundles.json`."""
    yield from cards_of_people()
    yield from identities()
    yield from cards()
    yield from rotations()
    yield from spellings()
    yield from valid_tables()
    yield from valid_bundles()
    yield from reading_order()
    yield from passwords()
    yield from misplaced_attachments()
    yield from outside_signature()
    yield from comments()
    yield from headers()
    yield from directories()
    yield from listings()
    yield from names()
    yield from whole_files()
    yield from envelopes()
    yield from attached_files()
    yield from forwarded()
    yield from broken_chains()
    yield from provenances()
    yield from manifests()
    yield from contents()
    yield from large_bundles()


def write_all(folder: Path, *, keep: bool = False) -> None:
    """`bundles/` and `bundles.json`, anew; or only those that are missing, and the list."""
    if not keep:
        shutil.rmtree(folder / "bundles", ignore_errors=True)
    (folder / "bundles").mkdir(exist_ok=True)
    described: list[dict[str, Any]] = []
    for vector in all_vectors():
        if not vector.kept:
            continue
        path = folder / "bundles" / vector.file
        if any(one["file"] == vector.file for one in described):
            raise ValueError(f"two vectors are called {vector.file}")
        if not path.exists():
            path.write_bytes(vector.make())
        data = path.read_bytes()
        described.append({**vector.described(), "sha256": hashlib.sha256(data).hexdigest()})
    file = {"version": 1, "people": people(), "vectors": described}
    (folder / "bundles.json").write_text(json.dumps(file, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    write_all(FOLDER, keep="--missing" in sys.argv)
