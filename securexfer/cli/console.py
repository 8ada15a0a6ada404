"""What a person or a script sees: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.errors import RecipeError, SecurexferError

if TYPE_CHECKING:
    from rich.console import Console as RichConsole


@dataclass
class Settings:
    """The global options, wherever on the command line they stood."""

    home: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_input: bool = False


def plain(text: str) -> str:
    """Foreign text made safe for a terminal: what could move or repaint it becomes visible."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class Console:
    """Prints. Nothing else in the program does."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def result(self, document: dict[str, Any], human: Callable[[], None]) -> None:
        """The result of a command: one JSON document, or what `human` prints."""
        if self.settings.json:
            click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            human()

    def line(self, text: str) -> None:
        """A line of the result."""
        click.echo(text)

    def note(self, text: str) -> None:
        """Something to know that is not the result."""
        if not self.settings.quiet:
            click.echo(f"Note: {plain(text)}", err=True)

    def detail(self, text: str) -> None:
        """Something only `--verbose` shows."""
        if self.settings.verbose:
            click.echo(plain(text), err=True)

    def step(self, text: str) -> None:
        """A step that was done; left out with `--quiet` or `--json`."""
        if not self.settings.quiet and not self.settings.json:
            click.echo(text, err=True)

    def error(self, error: SecurexferError) -> None:
        """What happened, then what to do next."""
        if self.settings.json:
            click.echo(json.dumps({"error": describe_error(error)}, indent=2, ensure_ascii=False))
            return
        click.echo(f"Error: {plain(error.message)}", err=True)
        if isinstance(error, RecipeError):
            for problem in error.problems:
                click.echo(f"  - {plain(problem)}", err=True)
        click.echo(f"Next:  {plain(error.hint)}", err=True)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Pairs of a label and a text, aligned."""
        listed = list(rows)
        width = max((len(label) for label, _ in listed), default=0)
        for label, text in listed:
            click.echo(f"{label + ':':{width + 1}}  {plain(text)}")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
        """A table as wide as the terminal."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
        )
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        rich_console(stderr=False).print(table)

    def panel(self, title: str, rows: Iterable[tuple[str, str]]) -> None:
        """A framed summary of labels and texts."""
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        body = Table.grid(padding=(0, 2))
        for label, text in rows:
            body.add_row(Text(plain(label)), Text(plain(text), overflow="fold"))
        rich_console(stderr=False).print(Panel(body, title=title, title_align="left", expand=False))

    def can_ask(self) -> bool:
        """Whether there is a person to ask."""
        return not self.settings.no_input and sys.stdin is not None and sys.stdin.isatty()

    def confirm(self, question: str) -> bool:
        """Ask a person yes or no; only where `can_ask`."""
        return click.confirm(question, default=False, err=True)

    def ask_secret(self, question: str, *, twice: bool = False) -> str:
        """Ask a person for a secret that is not shown; only where `can_ask`."""
        answer: str = click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
        return answer


def describe_error(error: SecurexferError) -> dict[str, Any]:
    """The JSON form of an error."""
    described: dict[str, Any] = {
        "code": error.code,
        "exit_code": error.exit_code,
        "hint": error.hint,
        "message": error.message,
    }
    if isinstance(error, RecipeError):
        described["problems"] = list(error.problems)
    return described


def rich_console(*, stderr: bool) -> RichConsole:
    """rich's console: plain where the terminal is, no markup in what is printed."""
    from rich.console import Console as RichConsole

    return RichConsole(stderr=stderr, markup=False, highlight=False, emoji=False)
