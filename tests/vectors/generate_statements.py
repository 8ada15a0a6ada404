"""Published vectors for receipts, certificates, extensions and scope keys, made without securexfer.

Run `PYTHONPATH=. python -m tests.vectors.generate_statements`. It writes `statements/` and
`statements.json` anew, after `docs/format.md`. Signers are malicious where the rule that is broken
lies behind the signature. Only some files are kept; the rest is made whenever the tests run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.vectors.cases.certificate import certificates
from tests.vectors.cases.extension import extensions
from tests.vectors.cases.receipt import receipts
from tests.vectors.cases.scope_key import scope_keys
from tests.vectors.cases.statement import Vector
from tests.vectors.cases.vector import FOLDER
from tests.vectors.format1 import sha256


def all_vectors() -> Iterator[Vector]:
    yield from receipts()
    yield from certificates()
    yield from extensions()
    yield from scope_keys()


def write_all(folder: Path) -> None:
    """`statements/` and `statements.json`, anew."""
    shutil.rmtree(folder / "statements", ignore_errors=True)
    (folder / "statements").mkdir()
    described = []
    for vector in all_vectors():
        if not vector.kept:
            continue
        data = vector.make()
        (folder / "statements" / vector.file).write_bytes(data)
        described.append({"file": vector.file, **vector.facts, "sha256": sha256(data)})
    text = json.dumps({"version": 1, "vectors": described}, indent=1)
    (folder / "statements.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    write_all(FOLDER)
