"""A source command: a program that writes an extract, run here, so that its end can be judged.

A pipe can't tell whether its writer has done all its work or has died half-way: both look like the
end of the data. Of a program that was started here, the exit status is known. The end of its
output counts as the end of the extract only once it has ended well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

from securexfer.errors import SourceFailedError, SourceSpokeError, SourceTimeoutError

# A program that has closed its output has nothing left to do but to end.
GRACE_SECONDS = 30.0
# After a polite request to stop.
_STOP_SECONDS = 2.0
_TURN_SECONDS = 0.02
_READ_BYTES = 64 * 1024


@dataclass(frozen=True)
class SourceCommand:
    """A program and its arguments. There is no shell: nothing in them is expanded.

    Attributes:
        arguments: the program and what it is given.
        environment: all variables that it sees.
        limit_seconds: how long it may take in all, None for as long as it needs.
        may_speak: whether it may write to its standard error and still count as ended well.
        grace_seconds: how long it may live on once it has closed its output.
    """

    arguments: Sequence[str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    limit_seconds: float | None = None
    may_speak: bool = False
    grace_seconds: float = GRACE_SECONDS


class RunningCommand:
    """A source command that was started, in a session of its own, without a terminal.

    What it writes to standard error is counted and thrown away: databases quote the row that they
    stumble over. It can't ask for a password, because there is nobody whom it could ask.

    Attributes:
        stream: its standard output.
        n_message_bytes: written to standard error so far.
    """

    def __init__(self, table: str, command: SourceCommand) -> None:
        """Start it.

        Raises:
            SourceFailedError: if it can't be started.
        """
        self._table = table
        self._command = command
        self.n_message_bytes = 0
        # Waited for in short turns, between which signals are heard.
        self._never = threading.Event()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - whoever gave it is the user of this run
                list(command.arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(command.environment),
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no command"
            raise SourceFailedError(
                f"Table {table}: its source command can't be started: {why}."
            ) from None
        self._began = time.monotonic()
        self.stream = cast("BinaryIO", self._process.stdout)
        self._listener = threading.Thread(
            target=self._listen, args=(cast("IO[bytes]", self._process.stderr),), daemon=True
        )
        self._listener.start()

    def check_time(self) -> None:
        """Check that it has not taken longer than it may.

        Raises:
            SourceTimeoutError: if it has.
        """
        limit = self._command.limit_seconds
        if limit is not None and time.monotonic() - self._began > limit:
            raise SourceTimeoutError(
                f"Table {self._table}: its source command did not end within {limit:g} seconds."
            )

    def finish(self) -> None:
        """Wait until it has ended, after the end of its output, and check that it ended well.

        Raises:
            SourceTimeoutError: if it does not end.
            SourceFailedError: if it failed.
            SourceSpokeError: if it had something to say and may not.
        """
        if self._process.returncode is None:
            self._wait()
        status = self._process.returncode
        if status:
            how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
            raise SourceFailedError(
                f"Table {self._table}: its source command {how}; it wrote "
                f"{self.n_message_bytes:,} bytes of messages."
            )
        if self.n_message_bytes and not self._command.may_speak:
            raise SourceSpokeError(
                f"Table {self._table}: its source command ended with status 0, but wrote "
                f"{self.n_message_bytes:,} bytes of messages."
            )

    def stop(self) -> None:
        """End it and all that it started, if it still runs. Never fails."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            end = time.monotonic() + _STOP_SECONDS
            while not self._is_over() and time.monotonic() < end:
                self._never.wait(_TURN_SECONDS)
            self._reap()
        with suppress(OSError):
            self.stream.close()

    def _wait(self) -> None:
        closed_at = time.monotonic()
        while not self._is_over():
            self.check_time()
            if time.monotonic() - closed_at > self._command.grace_seconds:
                raise SourceTimeoutError(
                    f"Table {self._table}: its source command closed its output, but did not end "
                    f"within {self._command.grace_seconds:g} seconds."
                )
            self._never.wait(_TURN_SECONDS)
        self._reap()

    def _is_over(self) -> bool:
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        # Not reaped yet: as long as it is not, its number can't become that of somebody else.
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None

    def _reap(self) -> None:
        """End what it left behind, then take its status."""
        self._signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        self._process.wait()
        # Whoever left its session may hold this open for ever.
        self._listener.join(_STOP_SECONDS)

    def _signal(self, number: int) -> None:
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, number)
            else:
                self._process.terminate()

    def _listen(self, messages: IO[bytes]) -> None:
        with suppress(OSError, ValueError), messages:
            while piece := messages.read(_READ_BYTES):
                self.n_message_bytes += len(piece)
