"""What is released: the same each time, whole, and to be installed where there is no network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.release.check import find_missing, find_other_versions
from tests.release.dist import ROOT, build, build_again, commit_epoch
from tests.release.wheels import collect

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# The network is off: nothing can be reached, not even this machine itself.
ALONE = "import socket; socket.create_connection(('127.0.0.1', 9))"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder, commit_epoch())
    return folder


def test_two_builds_are_the_same_to_the_byte(built: Path, tmp_path: Path) -> None:
    first = build(ROOT, tmp_path / "first", commit_epoch())
    assert len(first) == 2
    assert build_again(next(built.glob("*.tar.gz")), tmp_path, commit_epoch()) == first
    assert build(ROOT, tmp_path / "later", commit_epoch() + 86_400) != first


def test_the_wheel_is_the_program_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "securexfer").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    manual = {f"share/man/man1/{path.name}" for path in (ROOT / "docs" / "man").iterdir()}
    shared = {name.partition("/data/")[2] for name in names if ".data/data/" in name}
    assert shared == manual
    assert {name for name in names if not re.search(r"\.(dist-info|data)/", name)} == modules


def test_the_source_archive_has_what_it_takes_to_check_it(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in (
        *("Makefile", "constraints.txt", "pyproject.toml", "LICENSE", "SECURITY.md"),
        *("docs/conf.py", "docs/format.md", "docs/site/index.html", "bench/contest.py"),
        *("tests/vectors/bundles.json", "tests/release/dist.py", "examples/offenders.toml"),
        *("tests/releases/v1/SHA256SUMS", "tests/releases/v1/bundle.sxfer.zip"),
    ):
        assert needed in names, needed
    assert not [name for name in names if "__pycache__" in name or name.startswith("build/")]


@pytest.mark.slow
def test_it_installs_and_runs_with_the_network_off(
    built: Path, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    unshare = [tool("unshare"), "--map-root-user", "--net"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace may be made here")
    try:
        collect(next(built.glob("*.whl")), tmp_path / "wheels")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the package index can't be reached: {error.stderr.strip()[-200:]}")
    # The folder is all there is, as on a machine that nobody ever connected.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIP_NO_INDEX": "1"}

    def alone(*command: str | Path, code: int = 0) -> str:
        run = subprocess.run(
            [*unshare, *map(str, command)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert run.returncode == code, run.stderr
        return run.stdout

    alone(sys.executable, "-c", ALONE, code=1)
    alone(sys.executable, "-m", "venv", "venv")
    home = tmp_path / "venv" / "bin"
    alone(home / "pip", "install", "--no-index", "--find-links", "wheels", "securexfer")
    # Readers of rarer kinds are in the folder too, and not installed unless asked for.
    alone(home / "python", "-c", "import pikepdf", code=1)
    alone(home / "pip", "install", "--no-index", "--find-links", "wheels", "securexfer[heic,pdf]")
    alone(home / "python", "-c", "import pikepdf, pillow_heif")
    assert PROJECT["version"] in alone(home / "securexfer", "--version")
    told = json.loads(alone(home / "securexfer", "demo", "--rows", "500", "--json"))
    assert told["n_rows"] == 500
    shutil.rmtree(home.parent)


def test_one_version_is_named_everywhere() -> None:
    assert list(find_other_versions()) == []


def test_what_this_release_packs_is_kept() -> None:
    assert list(find_missing()) == []


def test_the_page_says_which_pythons_and_the_project_says_the_same() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    for classifier in PROJECT["classifiers"]:
        name, _, value = classifier.partition(" :: Python :: ")
        if name == "Programming Language" and value.startswith("3."):
            assert f"Python {value}" in page
    assert PROJECT["requires-python"] == ">=3.11"
    assert "Python 3.11 or later" in page
