"""The log: what a command did, one JSON object a line, for whoever watches jobs. Without values.

It is told of what happened, never asked: a log that can't be written changes no outcome.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import Literal

import click

from securexfer.errors import LogError
from securexfer.instant import format_instant, system_clock

JOURNAL = "journal"
Level = Literal["error", "warning", "notice", "info"]
# Of syslog, as sd-daemon(3) has them: systemd reads them at the beginning of a line.
_PRIORITIES = {"error": 3, "warning": 4, "notice": 5, "info": 6}
_FLAGS = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    # A pipe that nobody reads would hold everything up.
    | getattr(os, "O_NONBLOCK", 0)
)
_NOT_FOR_OTHERS = stat.S_IRWXO | stat.S_IWGRP


class Log:
    """An open log.

    Attributes:
        failure: why a line was lost, empty if none was.
    """

    def __init__(self, descriptor: int | None, command: str) -> None:
        self._descriptor = descriptor
        self._command = command
        self.failure = ""

    @classmethod
    def open(cls, place: str, command: str) -> Log:
        """Open a file to append to, or the journal: standard error, with priorities.

        Args:
            place: the file's path, or `journal`.
            command: the command's name, in every line.

        Raises:
            LogError: if it can't be written, is no plain file, or is open to others.
        """
        if place == JOURNAL:
            return cls(None, command)
        path = Path(place)
        try:
            descriptor = os.open(path, _FLAGS, 0o600)
            status = os.fstat(descriptor)
        except OSError as error:
            raise LogError(f"The log {path} can't be written: {error.strerror}.") from None
        except ValueError:
            raise LogError("The log's path can't be one.") from None
        why = ""
        if not stat.S_ISREG(status.st_mode):
            why = "is no plain file"
        elif os.name == "posix" and status.st_uid != os.geteuid():
            why = "belongs to somebody else"
        elif os.name == "posix" and status.st_mode & _NOT_FOR_OTHERS:
            why = "can be read or written by others"
        if why:
            os.close(descriptor)
            raise LogError(f"The log {path} {why}.")
        return cls(descriptor, command)

    def write(self, event: str, level: Level = "info", **facts: str | int) -> None:
        """Add a line. Never fails: what is lost is remembered."""
        line = {
            "at": format_instant(system_clock()),
            "level": level,
            "event": event,
            "command": self._command,
            "pid": os.getpid(),
            **facts,
        }
        text = json.dumps(line)
        try:
            if self._descriptor is None:
                if sys.stderr is not None:
                    click.echo(f"<{_PRIORITIES[level]}>{text}", err=True)
            else:
                # One call, so that the lines of two runs are never mixed.
                data = f"{text}\n".encode()
                if os.write(self._descriptor, data) != len(data):
                    self.failure = "there is no room left"
        except (OSError, ValueError) as error:
            self.failure = getattr(error, "strerror", None) or "it is closed"

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
