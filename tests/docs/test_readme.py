"""The commands of the README do what it says they do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks, page
from tests.world import csv_rows


def example() -> tuple[Block, Block]:
    script, result = blocks(page("README.md"))
    assert (script.kind, result.kind) == ("sh", "csv")
    return script, result


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the examples, a program on the path and a passphrase."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    program = tmp_path / "bin" / "securexfer"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m securexfer "$@"\n')
    program.chmod(0o755)
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("four unrelated words here\n")
    passphrase.chmod(0o600)
    return tmp_path


def test_the_example_runs_and_gives_what_it_shows(desk: Path, tool: Callable[[str], str]) -> None:
    script, result = example()
    environment = {
        **os.environ,
        "PATH": f"{desk / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SECUREXFER_HOME": str(desk / "home"),
        "SECUREXFER_PASSPHRASE_FILE": str(desk / "passphrase"),
    }
    ran = subprocess.run(
        [tool("sh"), "-eu", "-c", script.text],
        cwd=desk,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    shown = csv_rows(result.text.encode())
    made = csv_rows((desk / "try" / "incoming" / "offenders.csv").read_bytes())
    assert [row[1:] for row in made] == [row[1:] for row in shown]
    assert len({row[0] for row in made}) == len(made)
    for row in (*made[1:], *shown[1:]):
        assert row[0].startswith("person_")
        assert len(row[0]) == len("person_") + 24
    assert not (desk / "home").exists()


def test_the_example_is_short_enough_to_be_read() -> None:
    assert len(example()[0].text.splitlines()) <= 14


def test_the_two_commands_at_the_top_are_in_the_makefile() -> None:
    top, makefile = page("README.md").split("## ")[0], page("Makefile")
    for target in ("demo", "test"):
        assert f"    make {target}" in top
        assert f"\n{target}:" in makefile


def test_the_demo_installs_nothing_that_only_tests_need(tool: Callable[[str], str]) -> None:
    def commands(target: str) -> str:
        run = [tool("make"), "-n", "VENV=nowhere", target]
        return subprocess.run(run, cwd=ROOT, capture_output=True, check=True).stdout.decode()

    assert "--editable .\n" in commands("demo")
    assert "[dev]" not in commands("demo")
    assert "[dev]" in commands("test")
