"""How many of something there are, as people say it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import securexfer
from securexfer.custody.gate import describe_gate
from securexfer.wording import plural


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (2000, "2,000 rows")]
)
def test_one_is_not_several(n: int, said: str) -> None:
    assert plural(n, "row") == said


def test_what_does_not_end_in_s() -> None:
    assert [plural(n, "entry", "entries") for n in (1, 2)] == ["1 entry", "2 entries"]


# Where a number can be 1, a noun behind it has to hear of that.
COUNTED = re.compile(
    r"\{[^{}]*n_rows[^{}]*\} rows|\{len\([^{}]*\)(:,)?\} (files|bundles|entries)\b"
)
# Said of several alone.
SEVERAL = ("bundles that were unpacked here have", "bundles whose id begins so")


def test_nobody_counts_rows_files_and_bundles_by_hand() -> None:
    found = [
        f"{path.name}: {line.strip()}"
        for path in Path(securexfer.__file__).parent.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if COUNTED.search(line) and not any(words in line for words in SEVERAL)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"gate": "max_rows", "n": 1, "limit": 5}, "1 row, at most 5"),
        ({"gate": "max_rows", "n": 2000, "limit": 5}, "2,000 rows, at most 5"),
        ({"gate": "max_subjects", "n": 1, "limit": 5}, "1 data subject, at most 5"),
        ({"gate": "residual", "field": "f", "kind": "nhs", "n_cells": 1}, "f: 1 cell with nhs"),
        ({"gate": "residual", "field": "f", "kind": "nhs", "n_cells": 2}, "f: 2 cells with nhs"),
        ({"gate": "residual", "field": "f", "n_cells": 1}, "f: 1 cell had identifiers"),
        ({"gate": "echo", "field": "f", "source": "s", "n_cells": 1}, "f: 1 cell repeats s"),
        ({"gate": "echo", "field": "f", "source": "s", "n_cells": 3}, "f: 3 cells repeat s"),
    ],
)
def test_what_a_gate_found_is_one_or_many(record: dict[str, Any], words: str) -> None:
    assert describe_gate(record) == words
