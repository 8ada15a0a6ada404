"""Count what a study would: `python count.py Q1 Q2`, two tables from two bundles."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path


def read_rows(path: str) -> list[dict[str, str]]:
    """The rows of a table."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


first, second = (read_rows(path) for path in sys.argv[1:3])
for name, rows in (("first", first), ("second", second)):
    groups = Counter((row["age"], row["district"], row["ward"]) for row in rows)
    print(f"{name} quarter: {len(rows):,} admissions, smallest group {min(groups.values())}")
patients = [{row["patient"] for row in rows} for rows in (first, second)]
print(f"patients of both quarters: {len(patients[0] & patients[1]):,}")
