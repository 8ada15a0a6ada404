"""The two rooms that judge foreign bytes, and the tests that are fast and about them."""

from __future__ import annotations

from tests.checks.altered import ROOT

ROOMS = ("bundle", "crypto")
TESTS = (
    "tests/unit/test_crypto.py",
    "tests/unit/test_statements.py",
    "tests/unit/test_tag.py",
    "tests/unit/test_outside.py",
    "tests/unit/test_bundle_file.py",
    "tests/unit/test_manifest.py",
    "tests/unit/test_parcel.py",
    "tests/unit/test_layout.py",
    "tests/unit/test_padding.py",
    "tests/unit/test_provenance.py",
    "tests/unit/test_forwarding.py",
    "tests/unit/test_forwarding_refused.py",
    "tests/unit/test_forwarding_remembered.py",
    "tests/unit/test_home.py",
    "tests/vectors/test_bundles.py",
    "tests/docs/test_format.py",
    "tests/attack/test_forgery.py",
    "tests/attack/test_history.py",
)
SLOW = (
    "tests/unit/test_padding.py::test_200_random_tables_of_one_bucket_have_one_visible_size",
    "tests/vectors/test_bundles.py::test_a_bundle[large-number]",
)


def modules() -> list[str]:
    """All modules of the two rooms, named as in `bundle.reader`."""
    root = ROOT / "securexfer"
    paths = sorted(path for room in ROOMS for path in (root / room).glob("*.py"))
    return [f"{path.parent.name}.{path.stem}" for path in paths if path.stem != "__init__"]


def options(*more: str) -> list[str]:
    """What to give to pytest to run them."""
    deselected = [part for test in SLOW for part in ("--deselect", test)]
    return ["-q", "--no-header", "-p", "no:cacheprovider", *more, *deselected, *TESTS]
