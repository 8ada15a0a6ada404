"""Every check of `verify`, `unpack` and attached documents counts: without it, a test fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assurance import Tally
from tests.checks.altered import FAILED, PASSED, TIMED_OUT, WarmProcess
from tests.checks.checks import CHECKS, MODULES, NO_CHECK, Check
from tests.checks.removal import raised_by, raises_of, remove

SECONDS_UNTIL_IT_HANGS = 4


@pytest.fixture(scope="module")
def process() -> Iterator[WarmProcess]:
    with WarmProcess() as process:
        yield process


@pytest.mark.parametrize("module", MODULES)
def test_with_all_checks_their_tests_pass(module: str, process: WarmProcess) -> None:
    tests = {check.test for check in CHECKS if check.module == module}
    # Read, taken apart and put together again: only that is what the other runs have in common.
    whole = remove(module, "")
    run = process.run(whole, sorted(tests))
    assert run.code == PASSED, run.output


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: f"{c.step}: {c.name}".replace("/", " "))
def test_without_a_check_its_test_fails(check: Check, process: WarmProcess, tally: Tally) -> None:
    altered = remove(check.module, check.at, check.within)
    limit = SECONDS_UNTIL_IT_HANGS if check.hangs else 60
    run = process.run(altered, [check.test], limit=limit)
    assert run.code == (TIMED_OUT if check.hangs else FAILED), run.output
    # It failed, rather than that it could not even be run.
    assert check.hangs or "FAILED tests/" in run.output, run.output
    of = "attached documents" if check.step == "attached" else "verify and unpack"
    tally.count("checks", f"named checks of {of}, removed one at a time and missed")


@pytest.mark.parametrize("module", MODULES)
def test_every_raise_belongs_to_a_check(module: str) -> None:
    covered = [
        line
        for check in CHECKS
        if check.module == module
        for line in raised_by(module, check.at, check.within)
    ]
    found = raises_of(module)
    assert {
        text
        for line, text in found.items()
        if line not in covered and (module, text) not in NO_CHECK
    } == set()


def test_the_names_of_the_checks_are_theirs_alone() -> None:
    assert len({(check.step, check.name) for check in CHECKS}) == len(CHECKS) >= 100
