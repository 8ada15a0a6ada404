"""Long runs of the fuzzers are collected with `--soak` only, so that none is ever skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.assurance import Tally

N_EXAMPLES = 1000


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_soak = collection_path.name == "test_soak.py"
    return True if is_soak and not config.getoption("--soak") else None


@pytest.fixture
def example(request: pytest.FixtureRequest, tally: Tally) -> Iterator[Callable[[], None]]:
    """Counts the examples of a property; there must be as many as the page says."""
    n_ran = 0

    def count() -> None:
        nonlocal n_ran
        n_ran += 1

    yield count
    assert n_ran >= N_EXAMPLES
    name = request.node.name.removeprefix("test_").replace("_", " ")
    tally.count("fuzzing", f"property, examples: {name}", N_EXAMPLES)
