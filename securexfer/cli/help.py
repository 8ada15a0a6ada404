"""What `--help` looks like: whole sentences, an example to copy, lines that fit the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence

import click

from securexfer.cli.layout import MIN_COLUMNS

MAX_WIDTH = 80
_NARROW = 60
_SUMMARY = 200  # characters: all of a command's first sentence
EXAMPLE = "Example: "
_UNBREAKABLE = "\N{NON-BREAKING HYPHEN}"  # click breaks lines behind any other


class HelpFormatter(click.HelpFormatter):
    """As wide as the terminal, also where that is less than click believes in.

    Lines are broken between words only: an option's name that ends in a hyphen is none.
    """

    def __init__(self) -> None:
        columns = min(shutil.get_terminal_size().columns, MAX_WIDTH)
        super().__init__(width=max(columns - 1, MIN_COLUMNS))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Options and what they do: below each other where there is little room."""
        listed = [(first, _hold(second)) for first, second in rows]
        super().write_dl(listed, col_max if self.width >= _NARROW else 6, col_spacing)

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(_hold(text))

    def write(self, string: str) -> None:
        """What was broken into lines, with hyphens that can be copied."""
        super().write(string.replace(_UNBREAKABLE, "-"))


def _hold(text: str) -> str:
    return text.replace("-", _UNBREAKABLE)


def write_commands(
    formatter: click.HelpFormatter, commands: Sequence[tuple[str, click.Command]]
) -> None:
    """The commands of a group, each with its whole first sentence."""
    rows = [(name, command.get_short_help_str(_SUMMARY)) for name, command in commands]
    with formatter.section("Commands"):
        formatter.write_dl(rows)


def write_epilog(formatter: click.HelpFormatter, epilog: str) -> None:
    """An example, as lines that can be copied, and what else is to be said."""
    for paragraph in epilog.split("\n\n"):
        formatter.write_paragraph()
        if not paragraph.startswith(EXAMPLE):
            with formatter.indentation():
                formatter.write_text(paragraph)
            continue
        formatter.write("Example:\n")
        for line in break_command(paragraph.removeprefix(EXAMPLE), formatter.width - 4):
            formatter.write(f"  {line}\n")


def break_command(command: str, width: int) -> list[str]:
    """A command as lines that a shell reads as one: each but the last ends in a backslash."""
    lines: list[str] = [""]
    for part in _parts(command):
        joined = f"{lines[-1]} {part}" if lines[-1] else part
        if len(joined) + 2 > width and lines[-1]:
            lines[-1] += " \\"
            lines.append(f"  {part}")
        else:
            lines[-1] = joined
    return lines


def _parts(command: str) -> list[str]:
    """The words of a command, an option with its value, quoted words in one piece."""
    parts: list[str] = []
    is_quoted = False
    for word in command.split(" "):
        is_value = parts and parts[-1].startswith("-") and " " not in parts[-1]
        if is_quoted or (is_value and not word.startswith("-")):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
        is_quoted ^= word.count('"') % 2 == 1
    return parts
