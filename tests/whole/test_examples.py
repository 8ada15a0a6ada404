"""Each example from beginning to end, by its one command, printing what it says it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.whole.cli import Desk
from tests.whole.test_stories import EXAMPLES


@pytest.mark.parametrize("name", ["jtrack", "warrant-cards"])
def test_an_example_prints_what_it_says(name: str, tmp_path: Path) -> None:
    environment = Desk(tmp_path, "nobody").environment()
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    program = tools / "securexfer"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m securexfer "$@"\n')
    program.chmod(0o700)
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    # As in a virtual environment: the libraries of the interpreter that runs the tests.
    environment["PYTHONPATH"] = ":".join([environment["PYTHONPATH"], *sys.path])
    run = subprocess.run(
        [EXAMPLES / name / "run.sh"],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == (EXAMPLES / name / "expected.txt").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "secret-nobody"]
