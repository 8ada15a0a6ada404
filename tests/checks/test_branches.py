"""Every statement and every branch of the rooms that judge foreign bytes is run by fast tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.assurance import Tally
from tests.checks.altered import ROOT
from tests.checks.rooms import options


def test_every_branch_of_bundle_and_crypto_is_taken(tmp_path: Path, tally: Tally) -> None:
    report = tmp_path / "coverage.json"
    environment = {**os.environ, "COVERAGE_FILE": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)
    chosen = options("--cov", f"--cov-report=json:{report}", "--cov-report=term")
    program = [sys.executable, "-m", "pytest", f"--basetemp={tmp_path / 'tests'}", *chosen]
    run = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    totals = json.loads(report.read_text("utf-8"))["totals"]
    assert totals["missing_lines"] == totals["missing_branches"] == 0, run.stdout
    assert totals["num_branches"] > 200
    tally.count(
        "checks", "branches of bundle/ and crypto/ taken, of as many", totals["num_branches"]
    )
