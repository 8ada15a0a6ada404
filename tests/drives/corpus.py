"""The corpus: a drive with planted files, one with innocent ones; the same for the same seed."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.drives.innocent_tables import make_tables
from tests.drives.innocent_texts import make_texts
from tests.drives.planted_files import make_planted_files
from tests.drives.planted_others import make_planted_others
from tests.drives.planted_tables import make_planted_tables
from tests.drives.planted_texts import make_planted_texts


def plant(folder: Path, seed: int) -> dict[str, str]:
    """Write the planted files; for each the kind that must be found in it."""
    random = Random(seed)
    wanted = {}
    for make in (make_planted_tables, make_planted_texts, make_planted_files):
        for name, content, kind in make(random):
            assert name not in wanted, name
            wanted[name] = kind
            _write(folder / name, content)
    for name, content, kind in make_planted_others():
        wanted[name] = kind
        _write(folder / name, content)
    return wanted


def spread(folder: Path, seed: int) -> set[str]:
    """Write the innocent files."""
    random = Random(seed)
    names = set()
    for make in (make_tables, make_texts):
        for name, content in make(random):
            assert name not in names, name
            names.add(name)
            _write(folder / name, content)
    return names


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
