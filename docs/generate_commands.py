"""Write docs/commands.md from the commands themselves: `python docs/generate_commands.py`.

A test compares the file with what this makes, so run it again after any change to a command.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from securexfer.cli.app import root
from securexfer.cli.options import EPILOG

TARGET = Path(__file__).with_name("commands.md")
INTRODUCTION = """\
# Commands

This page is generated from the program by `docs/generate_commands.py`. Do not edit it.

Results go to stdout, everything else to stderr. Exit codes are in [errors.md](errors.md). The
order in which both sides use the commands is in [quickstart.md](quickstart.md).

Every command also takes the [global options](#global-options), before or after its name.
Only `--version` stands alone.
"""


def commands(group: click.Group, parents: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group that does something itself, with its full name, sorted."""
    for name, command in sorted(group.commands.items()):
        path = (*parents, name)
        if isinstance(command, click.Group):
            yield from commands(command, path)
        else:
            yield " ".join(path), command


def generate() -> str:
    """The text of docs/commands.md."""
    sections = [INTRODUCTION, "## Global options\n", _options(root)]
    for name, command in commands(root, ("securexfer",)):
        sections += _section(name, command)
    return "\n".join(sections)


def _section(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## `{name}`\n"
    yield f"    {name} {usage}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    if any(_shown(parameter) for parameter in command.params):
        yield _options(command)
    example = (command.epilog or "").removesuffix(EPILOG).strip().removeprefix("Example: ")
    yield f"Example:\n\n    {example}\n"


def _options(command: click.Command) -> str:
    context = click.Context(command)
    rows = ["| option | what it does |", "|---|---|"]
    for parameter in command.params:
        record = parameter.get_help_record(context) if _shown(parameter) else None
        if record is not None:
            names, text = record
            rows.append(f"| `{names}` | {' '.join(text.split()).replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def _shown(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.hidden


if __name__ == "__main__":
    TARGET.write_text(generate(), encoding="utf-8")
