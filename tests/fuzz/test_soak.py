"""Each parser under a fuzzer that is guided by coverage, for SECUREXFER_FUZZ_SECONDS or 10 minutes.

Collected with `--soak` only; each is a test of its own, so that as many run at once as there are
workers.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("SECUREXFER_FUZZ_SECONDS", "600"))


@pytest.mark.parametrize("name", TARGETS)
def test_fuzzing_finds_nothing(name: str, tmp_path: Path, tally: Tally) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed")
    log = tmp_path / "log.txt"
    # A shell between, because a program starts with the peak memory of the one that started it.
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-m", "tests.fuzz", name]
    command += ["--seconds", str(SECONDS)]
    with log.open("wb") as output:
        run = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SECONDS + 300,
            check=False,
        )
    told = log.read_text("utf-8", "replace")
    findings = sorted(map(str, tmp_path.glob("finding-*")))
    assert (run.returncode, findings) == (0, []), f"{findings}\n{told[-5000:]}"
    done = re.search(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+)", told)
    assert done is not None, told[-5000:]
    n_runs, n_edges, n_features = map(int, done.groups())
    tally.count("fuzzing", f"{name}: inputs tried, guided by coverage", n_runs)
    tally.worst("fuzzing", f"{name}: branches reached", n_edges, "edges")
    tally.worst("fuzzing", f"{name}: ways through them", n_features, "features")
