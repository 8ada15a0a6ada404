"""`completion`: commands, options, contacts, tables, bundles and ids at the press of a key.

The shell runs the program each time, so that nothing heavy may be imported here, and whatever is
wrong with a home is no reason to print anything: then there is nothing to offer.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
)

from securexfer.cli.options import SecurexferCommand, settings_of
from securexfer.cli.session import Session

PROGRAM = "securexfer"
VARIABLE = "_SECUREXFER_COMPLETE"
SHELLS = ("bash", "zsh", "fish", "powershell")
BUNDLE_SUFFIX = ".sxfer.zip"
_MAX_ITEMS = 200
_MAX_RECIPE_BYTES = 256 * 1024
# The end of a register: some hundred entries.
_TAIL_BYTES = 2 * 1024 * 1024
_SHOWN_ID = 12
_ID = re.compile(rb'\\"bundle_id\\":\\"([0-9a-f]{32})\\"')
_CONTACT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

Offer = Callable[[click.Context, str], list[CompletionItem]]

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = $commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text }
    $env:COMP_WORDS = $before -join "`n"
    $env:COMP_WORD = $wordToComplete
    $env:%(complete_var)s = "powershell_complete"
    try {
        %(prog_name)s | ForEach-Object {
            $type, $value, $help = $_ -split "`t", 3
            if ($type -eq "plain") {
                if (-not $help) { $help = $value }
                [System.Management.Automation.CompletionResult]::new(
                    $value, $value, "ParameterValue", $help)
            }
        }
    } finally {
        Remove-Item Env:COMP_WORDS, Env:COMP_WORD, Env:%(complete_var)s
    }
}
"""


@add_completion_class
class PowerShellComplete(ShellComplete):
    """PowerShell, which click does not know. Where nothing is offered, it completes files."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one at it."""
        words = [word.strip("'\"") for word in os.environ["COMP_WORDS"].split("\n")]
        incomplete = os.environ.get("COMP_WORD", "").strip("'\"")
        arguments = words[1:]
        if incomplete and arguments and arguments[-1] == incomplete:
            arguments.pop()
        return arguments, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """A line for each: type, value, help."""
        return "\t".join((item.type, item.value, " ".join((item.help or "").split())))


@click.command(cls=SecurexferCommand, epilog="Example: securexfer completion bash --install")
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--install", is_flag=True, help="Put the script where the shell looks for it.")
def completion(shell: str, install: bool) -> None:
    """Let a shell complete commands, contacts, tables, bundles and ids.

    Prints the script, or puts it into the shell's own folder. PowerShell has no such folder: add
    the line that is shown to your profile.
    """
    from securexfer.errors import UsageError

    session = Session.current()
    script = source(shell)
    path: Path | None = None
    if install:
        path = install_path(shell, os.environ, Path.home())
        if path is None:
            raise UsageError(
                "PowerShell has no folder for such scripts.",
                hint="Add to your $PROFILE: securexfer completion powershell | Out-String | "
                "Invoke-Expression",
            )
        _install(path, script)
    document = {"path": str(path) if path else "", "script": script, "shell": shell}

    def human() -> None:
        if path is None:
            session.console.verbatim(script.removesuffix("\n"))
            return
        session.console.facts([("Written to", str(path))])
        if shell == "zsh":
            session.console.step(
                f"Once, in ~/.zshrc: fpath+=({path.parent}); autoload -Uz compinit; compinit"
            )
        session.console.step(f"Open a new {shell} to use it.")

    session.console.result(document, human)


def source(shell: str) -> str:
    """The script of a shell."""
    kind = get_completion_class(shell) or ShellComplete
    # Not `source()`, which looks for a bash of the right version and warns of others.
    maker = kind(click.Group(), {}, PROGRAM, VARIABLE)
    return kind.source_template % maker.source_vars()


def install_path(shell: str, environment: Mapping[str, str], home: Path) -> Path | None:
    """Where a shell looks for the completions of a program; None where there is no such place."""
    if shell == "bash":
        data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
        return data / "bash-completion" / "completions" / PROGRAM
    if shell == "fish":
        config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        return config / "fish" / "completions" / f"{PROGRAM}.fish"
    if shell == "zsh":
        return home / ".zfunc" / f"_{PROGRAM}"
    return None


def complete(root: click.Group) -> int:
    """What the shell asked for by its variable; returns the exit code."""
    shell, _, what = os.environ[VARIABLE].partition("_")
    kind = get_completion_class(shell)
    if kind is None or what != "complete":
        return 1
    _attach(root)
    with suppress(Exception):  # nothing to offer, whatever is wrong
        offered = kind(root, {}, PROGRAM, VARIABLE).complete()
        if offered:
            click.echo(offered)
    return 0


def _install(path: Path, script: str) -> None:
    from securexfer.place import translate

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
    except OSError as error:
        raise translate(error, path) from None


def _attach(command: click.Command) -> None:
    """Let parameters offer what their names stand for, in every command."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _attach(below)
    for parameter in command.params:
        offer = _OFFERS.get(parameter.name or "") or _OFFERS.get(f"{command.name} {parameter.name}")
        if offer is not None:
            # Not in the commands themselves: it costs nothing where nobody completes.
            setattr(parameter, "shell_complete", partial(_offer, offer))  # noqa: B010


def _offer(offer: Offer, context: click.Context, incomplete: str) -> list[CompletionItem]:
    try:
        return offer(context, incomplete)[:_MAX_ITEMS]
    except (OSError, ValueError, RecursionError):
        return []


def _home(context: click.Context) -> Path:
    from securexfer.home.folder import default_root

    return settings_of(context).home or default_root()


def _contacts(context: click.Context, incomplete: str) -> list[CompletionItem]:
    names = (path.stem for path in sorted((_home(context) / "contacts").glob("*.json")))
    return [
        CompletionItem(name)
        for name in names
        if name.startswith(incomplete) and _CONTACT.fullmatch(name)
    ]


def _bundles(_: click.Context, incomplete: str) -> list[CompletionItem]:
    return _files(incomplete, BUNDLE_SUFFIX)


def _inputs(context: click.Context, incomplete: str) -> list[CompletionItem]:
    tables = [
        CompletionItem(f"{table}=", help="a table of the recipe")
        for table in _tables(context)
        if f"{table}=".startswith(incomplete)
    ]
    name, is_named, start = incomplete.rpartition("=")
    files = [
        CompletionItem(f"{name}{is_named}{item.value}", type=item.type)
        for item in _files(start, ".csv")
    ]
    return [*tables, *files]


def _tables(context: click.Context) -> Iterator[str]:
    """Tables of the recipe that is named on the line already."""
    recipe = context.params.get("recipe_path") or context.params.get("path")
    if not recipe or not Path(recipe).is_file():
        return
    with Path(recipe).open("rb") as file:
        members = tomllib.loads(file.read(_MAX_RECIPE_BYTES).decode("utf-8"))
    tables = members.get("tables")
    yield from (name for name in tables if name.isprintable()) if isinstance(tables, dict) else ()


def _files(incomplete: str, suffix: str) -> list[CompletionItem]:
    """Files with this ending; where there are none, whatever the shell finds."""
    folder, _, start = incomplete.rpartition("/")
    prefix = f"{folder}/" if "/" in incomplete else ""
    found = [
        CompletionItem(prefix + path.name)
        for path in sorted(Path(prefix or ".").expanduser().iterdir())
        if path.name.startswith(start) and path.name.endswith(suffix) and path.name.isprintable()
    ]
    return found or [CompletionItem(incomplete, type="file")]


def _ids(context: click.Context, incomplete: str) -> list[CompletionItem]:
    """Bundles that the register speaks of, the newest first."""
    with (_home(context) / "register.jsonl").open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - _TAIL_BYTES, 0))
        ids = [found.decode() for found in reversed(_ID.findall(file.read(_TAIL_BYTES)))]
    shown = max(_SHOWN_ID, len(incomplete))
    return [CompletionItem(one[:shown]) for one in dict.fromkeys(ids) if one.startswith(incomplete)]


_OFFERS: dict[str, Offer] = {
    **dict.fromkeys(("to", "recipient", "replaces", "show name", "remove name"), _contacts),
    **dict.fromkeys(("revoke name",), _contacts),
    **dict.fromkeys(("bundle", "against"), _bundles),
    **dict.fromkeys(("inputs", "extracts", "source"), _inputs),
    **dict.fromkeys(("bundle_id", "bundle_ids", "wanted"), _ids),
}
