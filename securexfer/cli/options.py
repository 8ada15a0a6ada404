"""Options that every command takes, before or after its name, and the help that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from securexfer.cli.console import Settings
from securexfer.cli.reminder import remind
from securexfer.cli.stopping import ignore_stops
from securexfer.errors import SecurexferError

F = TypeVar("F", bound=Callable[..., Any])
EPILOG = "Every command also takes --home, --json, -q, -v, --no-input and --log-file."


def settings_of(context: click.Context) -> Settings:
    """The settings of this run."""
    settings: Settings = context.find_root().meta.setdefault("securexfer.settings", Settings())
    return settings


def _store(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name is not None:
        setattr(settings_of(context), parameter.name, value)


def _global_options(*, hidden: bool) -> list[click.Option]:
    def flag(*names: str, text: str) -> click.Option:
        return click.Option(
            names, is_flag=True, hidden=hidden, help=text, expose_value=False, callback=_store
        )

    return [
        click.Option(
            ["--home"],
            type=click.Path(file_okay=False, path_type=Path),
            envvar=None if hidden else "SECUREXFER_HOME",
            show_envvar=True,
            hidden=hidden,
            help="Folder of identity, contacts and register.",
            expose_value=False,
            callback=_store,
        ),
        flag("--json", text="Print exactly one JSON document on stdout."),
        flag("-q", "--quiet", text="Say nothing but results and errors."),
        flag("-v", "--verbose", text="Say more on stderr."),
        flag("--no-input", text="Never ask; fail where an answer is needed."),
        click.Option(
            ["--log-file"],
            metavar="FILE|journal",
            hidden=hidden,
            help="Also say what happens in JSON lines, without values.",
            expose_value=False,
            callback=_store,
        ),
    ]


def open_log(context: click.Context) -> None:
    """Open the log, if one is asked for, before anything is done.

    Raises:
        LogError: if it can't be written.
    """
    from securexfer.cli.log import Log

    settings = settings_of(context)
    if settings.log_file and settings.log is None:
        command = context.command_path.partition(" ")[2]
        settings.log = Log.open(settings.log_file, command)
        settings.log.write("started")


class SecurexferCommand(click.Command):
    """A command that takes the global options too, and says at its end what is overdue."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _global_options(hidden=True)
        self.epilog = f"{self.epilog}\n\n{EPILOG}" if self.epilog else EPILOG

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, then say what is overdue, also if it failed."""
        open_log(ctx)
        try:
            result = super().invoke(ctx)
        except (SecurexferError, click.exceptions.Exit):
            remind(ctx, settings_of(ctx))
            raise
        ignore_stops()  # it did its work; from here on there is nothing to undo
        remind(ctx, settings_of(ctx))
        return result


class SecurexferGroup(click.Group):
    """A group whose commands are `SecurexferCommand`s."""

    command_class = SecurexferCommand
    group_class = type

    def __init__(self, *args: Any, is_root: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _global_options(hidden=not is_root)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of the work, not of the alphabet."""
        return list(self.commands)


def passphrase_option(command: F) -> F:
    """`--passphrase-file`, for commands that open the identity."""
    return click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        help="Read the identity's passphrase from this file.",
    )(command)


def output_option(text: str, *, required: bool = True) -> Callable[[F], F]:
    """`-o`."""
    return click.option(
        "-o",
        "--output",
        required=required,
        type=click.Path(path_type=Path),
        help=text,
    )


BUNDLE = click.argument("bundle", type=click.Path(path_type=Path))
FORCE = click.option("--force", is_flag=True, help="Replace what is there.")
OLDER = click.option(
    "--older", is_flag=True, help="Accept a bundle older than one opened here before."
)
STATEMENT = click.argument("file", type=click.Path(path_type=Path))
EXPECTED = click.option(
    "--older", is_flag=True, help="Accept one that was signed with a key replaced since."
)
