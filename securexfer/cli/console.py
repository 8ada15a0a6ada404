"""What a person or a script sees: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from securexfer.errors import (
    ConfigError,
    GateError,
    RecipeError,
    RegisterContradictedError,
    SecurexferError,
)

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

    from securexfer.cli.log import Level, Log


@dataclass
class Settings:
    """The global options, wherever on the command line they stood; and why printing failed."""

    home: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_input: bool = False
    log_file: str = ""
    log: Log | None = None
    output_failure: str = ""


def plain(text: str) -> str:
    """Foreign text made safe for a terminal: what could move or repaint it becomes visible."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class Console:
    """Prints. Nothing else in the program does.

    Printing never decides what a command does: a reader that has gone is passed over, and an
    output that can't be written is remembered, to be told of when the command has ended.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def result(self, document: dict[str, Any], human: Callable[[], None]) -> None:
        """The result of a command: one JSON document, or what `human` prints."""
        if self.settings.json:
            self._print_document(document)
        else:
            human()

    def line(self, text: str) -> None:
        """A line of the result; foreign text in it must be `plain`."""
        self._write(text, to_stderr=False)

    def log(self, event: str, level: Level = "info", **facts: str | int) -> None:
        """A line of the log, if one is kept."""
        if self.settings.log is not None:
            self.settings.log.write(event, level, **facts)

    def note(self, text: str) -> None:
        """Something to know that is not the result."""
        self.log("note", "notice", message=text)
        if not self.settings.quiet:
            self._flow("Note: ", text)

    def detail(self, text: str) -> None:
        """Something only `--verbose` shows."""
        if self.settings.verbose:
            self.say(plain(text))

    def step(self, text: str) -> None:
        """A step that was done; left out with `--quiet` or `--json`."""
        if not self.settings.quiet and not self.settings.json:
            self.say(text)

    def say(self, text: str) -> None:
        """A line on stderr, whatever the settings; foreign text in it must be `plain`."""
        self._write(text, to_stderr=True)

    def error(self, error: SecurexferError) -> None:
        """What happened, then what to do next."""
        if self.settings.json:
            self._print_document({"error": describe_error(error)})
            return
        self._flow("Error: ", error.message)
        for problem in error.problems:
            self._flow("  - ", problem)
        self._flow("Next:  ", error.hint)

    def facts(self, rows: Iterable[tuple[str, str]], *, to_stderr: bool = False) -> None:
        """Pairs of a label and a text, aligned."""
        listed = list(rows)
        width = max((len(label) for label, _ in listed), default=0)
        for label, text in listed:
            self._write(f"{label + ':':{width + 1}}  {plain(text)}", to_stderr=to_stderr)

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
        self._draw(table)

    def panel(self, title: str, rows: Iterable[tuple[str, str]]) -> None:
        """A framed summary of labels and texts."""
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        body = Table.grid(padding=(0, 2))
        for label, text in rows:
            body.add_row(Text(plain(label)), Text(plain(text), overflow="fold"))
        self._draw(Panel(body, title=title, title_align="left", expand=False))

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

    def _print_document(self, document: dict[str, Any]) -> None:
        """For people to read where one looks, else in one line."""
        is_seen = sys.stdout is not None and sys.stdout.isatty()
        self.line(json.dumps(document, indent=2 if is_seen else None))

    def _flow(self, label: str, text: str) -> None:
        """A label and a text on stderr: one line for programs, broken between words for people."""
        whole = plain(text)
        if sys.stderr is not None and sys.stderr.isatty():
            width = max(shutil.get_terminal_size().columns - 1, 30)
            whole = click.wrap_text(
                whole, width, initial_indent=label, subsequent_indent=" " * len(label)
            )
        else:
            whole = label + whole
        self.say(whole)

    def _draw(self, drawing: Any) -> None:
        # Drawn into memory, then printed like everything else: rich would exit by itself where
        # a reader has gone.
        canvas = rich_console(stderr=False)
        with canvas.capture() as drawn:
            canvas.print(drawing)
        self._write(drawn.get().removesuffix("\n"), to_stderr=False)

    def _write(self, text: str, *, to_stderr: bool) -> None:
        if sys.stdout is None and not to_stderr:
            self.settings.output_failure = "it is closed"
        try:
            click.echo(text, err=to_stderr)
        except BrokenPipeError:
            silence(sys.stderr if to_stderr else sys.stdout)
        except (OSError, ValueError) as error:
            silence(sys.stderr if to_stderr else sys.stdout)
            if not to_stderr:
                self.settings.output_failure = getattr(error, "strerror", None) or "closed"


def silence(stream: TextIO | None) -> None:
    """Let a stream that can't be written to go nowhere from now on."""
    try:
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        pass


def describe_error(error: SecurexferError) -> dict[str, Any]:
    """The JSON form of an error."""
    described: dict[str, Any] = {
        "code": error.code,
        "exit_code": error.exit_code,
        "hint": error.hint,
        "message": error.message,
    }
    if isinstance(error, RecipeError | GateError | RegisterContradictedError | ConfigError):
        described["problems"] = list(error.problems)
    return described


def rich_console(*, stderr: bool) -> RichConsole:
    """rich's console: plain where the terminal is, no markup in what is printed."""
    from rich.console import Console as RichConsole

    return RichConsole(stderr=stderr, markup=False, highlight=False, emoji=False)
