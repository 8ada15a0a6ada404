"""Fixtures, and the rule that a missing tool skips a test by its name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.assurance import Tally
from tests.world import World

# No test asks the keyring of whoever runs it; those about keyrings name one themselves.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

hypothesis.settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help="A test that would be skipped fails instead."
    )
    parser.addoption(
        "--soak", action="store_true", help="Run the full matrices instead of fixed samples."
    )
    parser.addoption("--tally", type=Path, help="Folder to keep the counts of cases in.")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A sender, two recipients and a stranger, each with a desk on disk."""
    return World(tmp_path)


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether to run everything there is instead of a sample."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    """Takes the number of cases that a test stands for."""
    folder = request.config.getoption("--tally")
    # A count is kept wherever a test has gone to.
    return Tally(folder and folder.absolute())


@pytest.fixture
def tool() -> Callable[[str], str]:
    """Path of a program that the test needs; skips by its name where it is missing."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find


@pytest.fixture
def febrl() -> Path:
    """Folder of the febrl data sets, named by SECUREXFER_TEST_FEBRL."""
    folder = os.environ.get("SECUREXFER_TEST_FEBRL")
    if not folder:
        pytest.skip("SECUREXFER_TEST_FEBRL does not name the folder of the febrl data sets")
    return Path(folder)
