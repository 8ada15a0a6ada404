"""Certificates of destruction, as far as they are not like receipts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.cases.sealed import sealed_statements
from tests.vectors.cases.statement import Draft, Vector, set_to, statement


def certificates() -> Iterator[Vector]:
    yield from sealed_statements("destruction")
    yield statement(
        "certificate-nothing",
        "of a bundle that was never opened",
        "",
        "ok",
        Draft("destruction", change=set_to(tables=[], openings=[], n_removed=0), number=2),
        recorded={"receipts": []},
        kept=False,
    )
