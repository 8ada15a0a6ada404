"""Write docs/man/ from the commands themselves: `python docs/generate_man.py`, or `make man`.

A page for the program and one for each command, in the macros of man(7). They are installed with
the wheel, in share/man/man1.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click

from securexfer import errors
from securexfer.cli.app import root
from securexfer.cli.options import EPILOG
from securexfer.home.setting import SETTINGS

TARGET = Path(__file__).with_name("man")
SUFFIX = ".1"
DATE = "2026-11-26"  # of the last change worth a date, so that the pages are the same every day
ENVIRONMENT = (
    ("SECUREXFER_HOME", "The home, as with --home."),
    ("SECUREXFER_PASSPHRASE_FILE", "File that holds the passphrase, as with --passphrase-file."),
    *(
        (setting.variable, f"The setting {name}, as with {setting.flag}.")
        for name, setting in SETTINGS.items()
        if setting.variable
    ),
    ("NO_COLOR", "If it is set, nothing is coloured."),
)
FILES = (
    ("config.toml", "In the home: settings of your own."),
    ("securexfer.toml", "In the working folder: settings of a project."),
)
FAMILIES = {
    0: "It worked.",
    1: "A bug in securexfer.",
    2: "The command line, or a configuration file.",
    10: "The recipe.",
    20: "The extract.",
    30: "Keys, cards, contacts, passphrases.",
    40: "The bundle is for somebody else.",
    50: "Not a well-formed bundle or statement.",
    60: "A check failed.",
    70: "The register.",
    80: "The output or the drive.",
    90: "A disclosure gate refused.",
    130: "Stopped by a person or a signal.",
}


def generate() -> dict[str, str]:
    """The text of every page, by its file's name."""
    pages = {f"securexfer{SUFFIX}": "\n".join(_program()) + "\n"}
    for words, command in commands(root, ("securexfer",)):
        name = "-".join(words)
        pages[f"{name}{SUFFIX}"] = "\n".join(_command(words, command)) + "\n"
    return pages


def commands(
    group: click.Group, before: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something itself, by its words."""
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*before, word))
        else:
            yield (*before, word), command


def escape(text: str) -> str:
    """Text as roff shows it: nothing in it is a request or an escape."""
    text = text.replace("\\", "\\(rs").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _program() -> Iterator[str]:
    yield from _head("securexfer", "hand data over without handing people over")
    yield from _synopsis("securexfer", "[OPTIONS] COMMAND [ARGS]...")
    yield ".SH DESCRIPTION"
    yield from _prose(inspect.cleandoc(root.help or ""))
    yield ".SH OPTIONS"
    yield "These stand before or after the name of a command."
    yield from _options(root)
    yield ".SH COMMANDS"
    for words, command in commands(root, ("securexfer",)):
        yield ".TP"
        yield f".BR {escape('-'.join(words))} (1)"
        yield escape(command.get_short_help_str(200))
    yield ".SH ENVIRONMENT"
    for name, text in ENVIRONMENT:
        yield from (".TP", f".B {name}", escape(text))
    yield ".SH FILES"
    for name, text in FILES:
        yield from (".TP", f".I {escape(name)}", escape(text))
    yield ".SH EXIT STATUS"
    for code in sorted({0} | {kind.exit_code for kind in _kinds()}):
        yield from (".TP", f".B {code}", escape(FAMILIES[code]))
    yield ".SH EXAMPLES"
    yield from _example("securexfer demo")


def _command(words: tuple[str, ...], command: click.Command) -> Iterator[str]:
    name = " ".join(words)
    context = click.Context(command, info_name=name)
    yield from _head("-".join(words), command.get_short_help_str(200).rstrip("."))
    yield from _synopsis(name, " ".join(command.collect_usage_pieces(context)))
    yield ".SH DESCRIPTION"
    yield from _prose(inspect.cleandoc(command.help or ""))
    yield ".SH OPTIONS"
    yield from _options(command)
    yield from (".PP", "The global options are in", ".BR securexfer (1).")
    yield ".SH EXAMPLES"
    yield from _example(
        (command.epilog or "").removesuffix(EPILOG).strip().removeprefix("Example: ")
    )
    yield from (".SH SEE ALSO", ".BR securexfer (1)")


def _head(name: str, what: str) -> Iterator[str]:
    yield '.\\" Generated from the program by docs/generate_man.py.'
    program = f"securexfer {version('securexfer')}"
    yield f'.TH {escape(name.upper())} 1 "{DATE}" "{program}" "User Commands"'
    yield ".SH NAME"
    # Here the hyphen is plain: programs read this line.
    yield f"{name} \\- {what[:1].lower()}{escape(what[1:])}"


def _synopsis(name: str, pieces: str) -> Iterator[str]:
    yield from (".SH SYNOPSIS", f".B {escape(name)}", escape(pieces.strip()))


def _prose(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        yield from (escape(line.strip()) for line in paragraph.splitlines())


def _options(command: click.Command) -> Iterator[str]:
    context = click.Context(command)
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        record = parameter.get_help_record(context)
        if record is not None:
            names, text = record
            yield from (".TP", f".B {escape(names)}", escape(" ".join(text.split())))
    yield from (".TP", f".B {escape('-h, --help')}", "Show a short help.")


def _example(text: str) -> Iterator[str]:
    yield from (".nf", ".RS", escape(text), ".RE", ".fi")


def _kinds() -> list[type[errors.SecurexferError]]:
    found: list[type[errors.SecurexferError]] = [errors.SecurexferError]
    for kind in found:
        found += kind.__subclasses__()
    return found


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    made = generate()
    for path in TARGET.glob(f"*{SUFFIX}"):
        if path.name not in made:
            path.unlink()
    for file_name, content in made.items():
        (TARGET / file_name).write_text(content, encoding="utf-8")
