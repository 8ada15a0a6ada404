"""Bundles that are too large to keep."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Table


def large_bundles() -> Iterator[Vector]:
    """Made when the tests run: most are larger than all kept files together."""

    def long_envelope(old: bytes) -> bytes:
        return old.replace(b'"format":1', b'"format":1,"note":"' + b"x" * (4 << 20) + b'"')

    yield bundle(
        "large-envelope",
        "an envelope above 4 MiB",
        "M4",
        "bundle_malformed",
        change_envelope_text=long_envelope,
    )
    yield bundle(
        "large-manifest",
        "a manifest above 4 MiB",
        "M4",
        "manifest_mismatch",
        change_manifest_text=lambda old: old.ljust((4 << 20) + 1),
        pad_manifest=False,
    )
    yield bundle(
        "large-1001-tables",
        "a table more than a manifest may describe",
        "M32",
        "manifest_mismatch",
        tables=[Table(f"t{i}", [("i",)]) for i in range(1001)],
    )
    yield bundle(
        "large-number",
        "4001 members besides the envelope",
        "M21",
        "bundle_malformed",
        tables=[Table(f"t{i}", [("i",)]) for i in range(3999)],
    )
