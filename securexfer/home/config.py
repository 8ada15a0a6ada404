"""Settings: from the environment, the project's file and the home's file, in this order.

Options of the command line outrank all three; they are not known here. Both files are strict: an
unknown key is an error that names the file. Neither is used if somebody else could have written it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from securexfer.carrier import write_small
from securexfer.errors import ConfigError, ConfigExposedError
from securexfer.home.setting import SETTINGS, ProjectFile, UserFile
from securexfer.place import make_folder

USER_FILE = "config.toml"
PROJECT_FILE = "securexfer.toml"
MAX_CONFIG_BYTES = 16 * 1024
_MAX_NAME = 60
_OTHERS = 0o002
_OTHERS_AND_GROUP = 0o022
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")
_WORDINGS = {
    "bool_type": "must be true or false",
    "literal_error": "must be one of {expected}",
    "string_type": "must be text, in quotes",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
}


class Origin(StrEnum):
    """Where a value came from, the strongest first."""

    ENVIRONMENT = "environment"
    PROJECT = "project"
    USER = "user"
    DEFAULT = "default"


@dataclass(frozen=True)
class Sourced:
    """A value and where it came from.

    Attributes:
        value: text, or a truth value; None where it is not set.
        origin: which kind of source.
        place: the variable or the file; empty for a default.
    """

    value: str | bool | None
    origin: Origin = Origin.DEFAULT
    place: str = ""


@dataclass(frozen=True)
class Config:
    """All settings, each with its source.

    Attributes:
        values: by name, every one of `SETTINGS`.
    """

    values: Mapping[str, Sourced] = field(default_factory=dict)

    def get(self, name: str) -> Sourced:
        """One setting, set or not."""
        return self.values.get(name, Sourced(None))

    def text(self, name: str) -> str | None:
        """A setting that is text; None where it is not set."""
        value = self.get(name).value
        return value if isinstance(value, str) else None

    @property
    def insecure_keyring(self) -> bool:
        """Whether the owner has said that a keyring which others may read will do."""
        return self.get("insecure_keyring").value is True


def read_config(home: Path, project: Path, environment: Mapping[str, str]) -> Config:
    """All settings as they hold for one run.

    Args:
        home: the home, whose `config.toml` is read.
        project: the working folder, whose `securexfer.toml` is read. The folders above it are not
            searched: who may write to them is nothing that a run in here should depend on.
        environment: the process's environment.

    Raises:
        ConfigError: if a file or a variable says what it can't, or the file can't be read.
        ConfigExposedError: if others can write to one of the files.
    """
    values = {name: Sourced(None) for name in SETTINGS}
    for path, origin in ((home / USER_FILE, Origin.USER), (project / PROJECT_FILE, Origin.PROJECT)):
        data = _read_file(path, origin)
        if data is None:
            continue
        for name, value in _parse(data, path, origin).items():
            values[name] = Sourced(_place(name, value, path, origin), origin, str(path))
    for name, setting in SETTINGS.items():
        text = environment.get(setting.variable) if setting.variable else None
        if text:
            value = _parse_variable(name, setting.variable, text)
            values[name] = Sourced(value, Origin.ENVIRONMENT, setting.variable)
    return Config(values)


def remember(home: Path, name: str, value: str | bool | None) -> Path:
    """Set one setting in the home's file, or with None remove it; all else stays as it is.

    Returns:
        The file's path.

    Raises:
        ConfigError, ConfigExposedError: if the file that is there can't be used, or the value is
            not one for this setting.
        OutputError: if it can't be written.
    """
    import tomlkit

    path = home / USER_FILE
    data = _read_file(path, Origin.USER) or b""
    _parse(data, path, Origin.USER)
    document = tomlkit.parse(data.decode("utf-8"))
    if value is None:
        document.pop(name, None)
    else:
        document[name] = value
    text = tomlkit.dumps(document)
    _parse(text.encode(), path, Origin.USER)
    make_folder(home)
    write_small(path, text.encode())
    return path


def _read_file(path: Path, origin: Origin) -> bytes | None:
    """The bytes of a file that only its owner can have written; None where there is none."""
    in_project = origin is Origin.PROJECT
    try:
        # Without waiting: a pipe of that name in somebody's folder must not stop every command.
        flags = os.O_RDONLY | _NO_WAIT | (getattr(os, "O_NOFOLLOW", 0) if in_project else 0)
        descriptor = os.open(path, flags)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"The configuration file {path} is not a plain file.")
            if os.name == "posix":
                if status.st_mode & (_OTHERS if in_project else _OTHERS_AND_GROUP):
                    raise ConfigExposedError(f"Others can write to the configuration file {path}.")
                if status.st_uid not in (0, os.geteuid()):
                    raise ConfigExposedError(
                        f"The configuration file {path} belongs to somebody else."
                    )
            data = os.read(descriptor, MAX_CONFIG_BYTES + 1)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = "it is a link" if error.errno in (errno.ELOOP, errno.EMLINK) else error.strerror
        raise ConfigError(f"The configuration file {path} can't be read: {why}.") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(f"The configuration file {path} is larger than 16 KiB.")
    return data


def _parse(data: bytes, path: Path, origin: Origin) -> dict[str, str | bool]:
    """The settings of a file that are set."""
    try:
        members = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # The parser's own text may quote the file.
        place = re.search(r"at line \d+, column \d+|at end of document", str(error))
        where = f", {place.group(0)}" if place else ""
        raise ConfigError(
            f"The configuration file {path} can't be read: not valid TOML{where}."
        ) from None
    model = ProjectFile if origin is Origin.PROJECT else UserFile
    try:
        parsed = model.model_validate(members)
    except ValidationError as error:
        problems = sorted({_describe(detail, origin) for detail in error.errors()})
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError(
            f"The configuration file {path} has {count}.", problems=problems
        ) from None
    return parsed.model_dump(exclude_none=True)


def _parse_variable(name: str, variable: str, text: str) -> str | bool:
    value: str | bool = text
    if name == "no_input" and text.lower() in _YES + _NO:
        value = text.lower() in _YES
    try:
        parsed: dict[str, Any] = UserFile.model_validate({name: value}).model_dump()
    except ValidationError as error:
        said = _describe(error.errors()[0], Origin.ENVIRONMENT).removeprefix(f"{name}: ")
        raise ConfigError(f"The environment variable {variable} {said}.") from None
    checked: str | bool = parsed[name]
    return checked


def _describe(detail: ErrorDetails, origin: Origin) -> str:
    name = str(detail["loc"][0])[:_MAX_NAME]
    if detail["type"] == "extra_forbidden":
        if origin is Origin.PROJECT and name in SETTINGS:
            return f"{name}: can be set in the home's {USER_FILE} only"
        return f"{name}: unknown key"
    wording = _WORDINGS.get(detail["type"], "not a value for this setting")
    return f"{name}: {wording.format(**detail.get('ctx', {}))}"


def _place(name: str, value: str | bool, path: Path, origin: Origin) -> str | bool:
    """A value as it holds outside of its file: a path counts from the file's folder."""
    if not SETTINGS[name].is_path or not isinstance(value, str):
        return value
    placed = path.parent / value
    if origin is Origin.PROJECT and not placed.resolve().is_relative_to(path.parent.resolve()):
        raise ConfigError(
            f"The configuration file {path} has 1 problem.",
            problems=[f"{name}: must lie in the folder of the file, or below it"],
        )
    return str(placed)
