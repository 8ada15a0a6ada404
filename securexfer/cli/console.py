"""What a person or a script sees: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from securexfer.cli.layout import RULE, fold, lay_out_facts, lay_out_table, spell, width_of
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
        # Progress that is being drawn makes room; what is printed would stand behind it else.
        self.before_writing: Callable[[], None] = _nothing

    def result(self, document: dict[str, Any], human: Callable[[], None]) -> None:
        """The result of a command: one JSON document, or what `human` prints."""
        if self.settings.json:
            self._print_document(document)
        else:
            human()

    def page(self, document: dict[str, Any], text: str, output: Path | None) -> None:
        """A page as the result: where it was written, or else all of it; its facts in JSON."""

        def human() -> None:
            self.line(f"Written: {plain(str(output))}" if output else text.removesuffix("\n"))

        self.result({**document, "path": str(output) if output else ""}, human)

    def line(self, text: str) -> None:
        """A line of the result, for people; foreign text in it must be `plain`."""
        for part in text.split("\n"):
            body = part.lstrip(" ")
            indent = part[: len(part) - len(body)]
            self._write(fold(body, width_of(sys.stdout), indent, indent), to_stderr=False)

    def verbatim(self, text: str) -> None:
        """A result that programs read, or that is to be copied: never broken into lines."""
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
        if self.settings.quiet or self.settings.json:
            return
        for paragraph in re.split(r"(?<=\n)\n|^\n", text):
            self.say(fold(paragraph.replace("\n", " ").strip(), width_of(sys.stderr)))

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
        """Pairs of a label and a text, aligned where there is room for that."""
        listed = [(f"{label}:" if label else "", plain(text)) for label, text in rows]
        for line in lay_out_facts(listed, width_of(sys.stderr if to_stderr else sys.stdout)):
            self._write(line, to_stderr=to_stderr)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
        """A table as wide as the terminal, with what belongs to it in a block of its own."""
        listed = [tuple(map(plain, row)) for row in rows]
        if title:
            self.line(f"\n{title}")
        for line in lay_out_table(columns, listed, width_of(sys.stdout)):
            self._write(line, to_stderr=False)
        if title:
            self.line("")

    def panel(self, title: str, rows: Iterable[tuple[str, str]]) -> None:
        """A summary under a heading: no frame, so that paths and ids can be copied."""
        width = width_of(sys.stdout)
        self._write(f"{RULE * 2} {title} ".ljust(min(width or 80, 80), RULE), to_stderr=False)
        for line in lay_out_facts([(plain(label), plain(text)) for label, text in rows], width):
            self._write(line, to_stderr=False)

    def can_ask(self) -> bool:
        """Whether there is a person to ask."""
        return not self.settings.no_input and sys.stdin is not None and sys.stdin.isatty()

    def confirm(self, question: str) -> bool:
        """Ask a person yes or no; only where `can_ask`."""
        self.before_writing()
        return click.confirm(question, default=False, err=True)

    def ask_secret(self, question: str, *, twice: bool = False) -> str:
        """Ask a person for a secret that is not shown; only where `can_ask`."""
        self.before_writing()
        answer: str = click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
        return answer

    def _print_document(self, document: dict[str, Any]) -> None:
        """For people to read where one looks, else in one line."""
        is_seen = sys.stdout is not None and sys.stdout.isatty()
        self.verbatim(json.dumps(document, indent=2 if is_seen else None))

    def _flow(self, label: str, text: str) -> None:
        """A label and a text on stderr: one line for programs, broken between words for people."""
        self.say(fold(plain(text), width_of(sys.stderr), label, " " * len(label)))

    def _write(self, text: str, *, to_stderr: bool) -> None:
        self.before_writing()
        if sys.stdout is None and not to_stderr:
            self.settings.output_failure = "it is closed"
        try:
            click.echo(spell(text, sys.stderr if to_stderr else sys.stdout), err=to_stderr)
        except BrokenPipeError:
            silence(sys.stderr if to_stderr else sys.stdout)
        except (OSError, ValueError) as error:
            silence(sys.stderr if to_stderr else sys.stdout)
            if not to_stderr:
                self.settings.output_failure = getattr(error, "strerror", None) or "closed"


def _nothing() -> None:
    pass


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
