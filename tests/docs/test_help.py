"""Every `--help` and every man page: complete, with an example to copy, and fit to be read."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest

from securexfer.cli.app import root, run
from securexfer.cli.help import break_command
from tests.docs.pages import ROOT
from tests.docs.test_commands import COMMANDS, EVERYTHING, load, options

MAN = ROOT / "docs" / "man"
PAGES = sorted(MAN.glob("*.1"))


def show_help(name: str, columns: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert run([*name.split()[1:], "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out.splitlines()


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize(("name", "command"), EVERYTHING, ids=[name for name, _ in EVERYTHING])
def test_help_fits_the_terminal(
    name: str,
    command: click.Command,
    columns: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = show_help(name, columns, capsys)
    assert max(map(len, lines)) < columns
    text = "\n".join(lines)
    assert "..." not in re.sub(r"[\]A-Z]\.\.\.", "", text), "a sentence is cut off"
    words = " ".join(text.split())
    for sentence in re.split(r"\n\n", (command.help or "").strip()):
        assert " ".join(sentence.split()) in words
    for option in options(command):
        assert option in text


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_the_example_can_be_copied(
    name: str,
    command: click.Command,
    columns: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = show_help(name, columns, capsys)
    start = lines.index("Example:") + 1
    end = lines.index("", start)
    copied = " ".join(line.strip().removesuffix("\\") for line in lines[start:end])
    assert command.epilog is not None
    wanted = command.epilog.splitlines()[0].removeprefix("Example: ")
    assert shlex.split(copied) == shlex.split(wanted)
    assert all(line.endswith("\\") for line in lines[start : end - 1])


def test_a_command_is_broken_between_options_never_inside_quotes() -> None:
    lines = break_command('securexfer x --reason "one two three" --to acme -o file', 30)
    assert lines == [
        "securexfer x \\",
        '  --reason "one two three" \\',
        "  --to acme -o file",
    ]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load("docs/generate_man.py")


def test_the_man_pages_are_what_the_generator_makes(generator: ModuleType) -> None:
    made = generator.generate()
    assert {path.name for path in PAGES} == set(made)
    for path in PAGES:
        assert path.read_text(encoding="utf-8") == made[path.name], "run: make man"


def test_there_is_a_page_for_each_command() -> None:
    wanted = {name.replace(" ", "-") for name, _ in COMMANDS} | {"securexfer"}
    assert {path.stem for path in PAGES} == wanted


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_man_page_is_one(path: Path, tool: Callable[[str], str]) -> None:
    lint = subprocess.run(
        [tool("mandoc"), "-Tlint", "-W", "warning", path], capture_output=True, check=False
    )
    assert lint.stdout.decode() == ""
    shown = subprocess.run(
        [tool("mandoc"), "-Tascii", "-O", "width=80", path], capture_output=True, check=True
    ).stdout.decode()
    text = re.sub(r".\x08", "", shown)
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"):
        assert f"\n{heading}\n" in text
    for name, command in COMMANDS:
        if path.stem == name.replace(" ", "-"):
            for option in options(command):
                assert option in text


def test_the_program_page_has_every_exit_code(generator: ModuleType) -> None:
    text = (MAN / "securexfer.1").read_text(encoding="utf-8")
    for code in generator.FAMILIES:
        assert f".B {code}\n" in text


def test_the_wheel_installs_the_pages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {"docs/man": "share/man/man1"}


def test_the_first_words_are_where_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert "securexfer demo" in show_help("securexfer", 80, capsys)[-1]
    assert root.epilog is not None
