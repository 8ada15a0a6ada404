"""Options that every command takes, before or after its name, and the help that says so."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from securexfer.cli.console import Settings
from securexfer.cli.help import HelpFormatter, write_commands, write_epilog
from securexfer.cli.reminder import remind
from securexfer.cli.stopping import ignore_stops
from securexfer.errors import ConfigError, SecurexferError

if TYPE_CHECKING:
    from securexfer.home.config import Config

F = TypeVar("F", bound=Callable[..., Any])
# Options that a command may have, and a configuration file may give.
CONFIGURABLE = ("--recipe", "--name-template", "--compress", "--if-found")
EPILOG = "Every command also takes --home, --json, -q, -v, --no-input and --log-file."


def settings_of(context: click.Context) -> Settings:
    """The settings of this run."""
    settings: Settings = context.find_root().meta.setdefault("securexfer.settings", Settings())
    return settings


def config_of(context: click.Context) -> Config:
    """Settings from files and the environment, read when they are first asked for.

    Raises:
        ConfigError: if they can't be used.
    """
    meta = context.find_root().meta
    if "securexfer.config" not in meta:
        from securexfer.home.config import read_config
        from securexfer.home.folder import default_root

        home = settings_of(context).home or default_root()
        meta["securexfer.config"] = read_config(home, Path(), os.environ)
    config: Config = meta["securexfer.config"]
    return config


class SecurexferContext(click.Context):
    """Options that are not given are looked up in the configuration, and only then."""

    def make_formatter(self) -> click.HelpFormatter:
        """How `--help` is written."""
        return HelpFormatter()

    def lookup_default(self, name: str, call: bool = True) -> Any:  # noqa: ARG002
        """What the configuration says of an option; click asks after line and variables."""
        setting = _setting_of(self.command, name)
        if setting and not self.resilient_parsing and not self._is_given_before(name):
            return config_of(self).get(setting).value
        return super().lookup_default(name)

    def _is_given_before(self, name: str) -> bool:
        """Whether to leave an option alone: a group's, for the command that follows takes it too,
        and may name another home; or one that stood before the command's name.
        """
        return isinstance(self.command, click.Group) or bool(getattr(settings_of(self), name, None))


def _setting_of(command: click.Command, name: str) -> str | None:
    """The setting that stands for an option of a command."""
    for parameter in command.params:
        if parameter.name == name and isinstance(parameter, click.Option):
            for spelling in parameter.opts:
                if spelling in CONFIGURABLE:
                    return spelling[2:].replace("-", "_")
    return None


def _apply_config(context: click.Context) -> None:
    """Let the configuration set what no global option has set."""
    settings, config = settings_of(context), config_of(context)
    settings.json = settings.json or config.text("output") == "json"
    settings.no_input = settings.no_input or config.get("no_input").value is True
    if not settings.quiet and not settings.verbose:
        settings.quiet = config.text("verbosity") == "quiet"
        settings.verbose = config.text("verbosity") == "verbose"
    settings.log_file = settings.log_file or str(config.get("log_file").value or "")


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

    context_class = SecurexferContext

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _global_options(hidden=True)
        self.epilog = f"{self.epilog}\n\n{EPILOG}" if self.epilog else EPILOG

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the example so that it can be copied."""
        write_epilog(formatter, self.epilog or "")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; what is wrong is told in the form that the configuration asks for."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError:
            with contextlib.suppress(ConfigError):
                _apply_config(ctx)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, then say what is overdue, also if it failed."""
        _apply_config(ctx)
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
    context_class = SecurexferContext
    group_class = type

    def __init__(self, *args: Any, is_root: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _global_options(hidden=not is_root)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write all of each command's first sentence."""
        write_commands(formatter, list(self.commands.items()))

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
