"""The command reference is what the program says of itself, and says it of everything."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from types import ModuleType

import click
import pytest

from securexfer.cli.app import root
from tests.docs.pages import ROOT, page, sections


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for word, below in command.commands.items():
            yield from walk(below, f"{name} {word}")


EVERYTHING = list(walk(root, "securexfer"))
COMMANDS = [(name, c) for name, c in EVERYTHING if not isinstance(c, click.Group)]


def options(command: click.Command) -> list[str]:
    shown = (p for p in command.params if isinstance(p, click.Option) and not p.hidden)
    return [spelling for option in shown for spelling in option.opts]


def load(path: str) -> ModuleType:
    """A program of the documentation, as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load("docs/generate_commands.py")


def test_the_page_is_what_the_generator_makes(generator: ModuleType) -> None:
    made = generator.generate()
    assert page("docs/commands.md") == made, "run: python docs/generate_commands.py"


def test_there_are_commands_to_document() -> None:
    assert len(COMMANDS) >= 15


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_its_options_are_documented(name: str, command: click.Command) -> None:
    section = sections(page("docs/commands.md"))[name]
    for option in options(command):
        assert f"`{option}" in section or f", {option}" in section
    assert command.help
    assert command.help.splitlines()[0] in section
    assert f"\n    {name}" in section.split("Example:")[1]


def test_the_global_options_are_documented() -> None:
    section = sections(page("docs/commands.md"))["Global options"]
    for option in options(root):
        assert option in section


@pytest.mark.parametrize(
    ("name", "command"),
    [(name, c) for name, c in EVERYTHING if isinstance(c, click.Group) and c is not root],
)
def test_groups_have_no_options_of_their_own(name: str, command: click.Command) -> None:
    assert options(command) == []


def test_the_quickstart_shows_every_command_but_those_to_look_around() -> None:
    quickstart = page("docs/quickstart.md")
    aside = {"contact list", "contact show", "contact remove"}
    missing = {
        name
        for name, _ in COMMANDS
        if name not in quickstart and name.removeprefix("securexfer ") not in aside
    }
    assert not missing
