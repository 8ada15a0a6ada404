"""Where an extract's bytes come from: a file, a pipe, standard input, or a command that is run.

A source may stall for good. That is reported and waited for, never taken for the end: a query that
takes an hour to begin is not an empty extract.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import time
from pathlib import Path
from typing import BinaryIO

from securexfer.errors import ExtractMissingError
from securexfer.privacy.command import RunningCommand
from securexfer.reporting import Reporter

# After so many seconds without a byte a person hears of it; then after twice as many, and so on.
STALL_SECONDS = 10.0
_TURN_MILLISECONDS = 500


class Source:
    """An open stream of bytes.

    Attributes:
        n_bytes: its size where it is a file, else None.
    """

    def __init__(
        self,
        table: str,
        stream: BinaryIO,
        reporter: Reporter,
        command: RunningCommand | None = None,
    ) -> None:
        self._table = table
        self._stream = stream
        self._command = command
        self._reporter = reporter
        self._state = _file_state(stream)
        self.n_bytes = self._state[0] if self._state else None

    def read_some(self, n_bytes: int) -> bytes:
        """Up to so many bytes, as soon as there are some; `b""` at the end.

        The end of what a command writes is the end of the extract only if the command ended well.

        Raises:
            ExtractMissingError: if reading fails.
            SourceFailedError, SourceTimeoutError: if the command failed, or takes too long.
        """
        try:
            data = self._read_some(n_bytes)
            if not data and self._command is not None:
                self._command.finish()
            return data
        except OSError as error:
            raise ExtractMissingError(
                f"Table {self._table}: reading the extract failed: {error.strerror}."
            ) from None

    @property
    def can_rewind(self) -> bool:
        """Whether it is a file, which can be read again from its start."""
        return self._state is not None

    def rewind(self) -> None:
        """Go back to the start of a file.

        Raises:
            ExtractMissingError: if the drive has gone.
        """
        try:
            self._stream.seek(0)
        except OSError as error:
            raise ExtractMissingError(
                f"Table {self._table}: reading the extract failed: {error.strerror}."
            ) from None

    def has_changed(self) -> bool:
        """Whether a file has another size or time than when it was opened."""
        return self._state is not None and _file_state(self._stream) != self._state

    def is_file(self, path: Path) -> bool:
        """Whether it reads this very file, under whatever name."""
        try:
            return os.path.samestat(os.fstat(self._stream.fileno()), path.stat())
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """Close the stream, and end the command that still writes it.

        A drive that has gone meanwhile changes nothing that was read.
        """
        if self._command is not None:
            self._command.stop()
        with contextlib.suppress(OSError):
            self._stream.close()

    def _read_some(self, n_bytes: int) -> bytes:
        descriptor = _pipe_descriptor(self._stream)
        if descriptor is None:
            return self._stream.read(n_bytes)
        # A blocking read of a pipe can outlast a signal: one that arrives while bytes are being
        # copied is not looked at before the read returns, which with a stalled source is never.
        # So wait for bytes in short turns, between which signals are heard.
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        began, patience = time.monotonic(), STALL_SECONDS
        while not poll.poll(_TURN_MILLISECONDS):
            if self._command is not None:
                self._command.check_time()
            if time.monotonic() - began >= patience:
                self._reporter.note(
                    f"Table {self._table}: its source has given nothing for "
                    f"{patience:.0f} seconds. Still waiting; Ctrl-C gives up."
                )
                patience *= 2
        if self._command is not None:
            self._command.check_time()
        return os.read(descriptor, n_bytes)


def open_source(path: Path) -> BinaryIO:
    """Open a file or a named pipe for reading.

    Raises:
        ExtractMissingError: if it can't be read, or is neither.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.open("rb", buffering=0)
        if stat.S_ISFIFO(mode):
            return _open_pipe(path)
    except OSError as error:
        raise ExtractMissingError(f"The extract {path} can't be read: {error.strerror}.") from None
    raise ExtractMissingError(f"The extract {path} is not a file.")


def _open_pipe(path: Path) -> BinaryIO:
    # Without O_NONBLOCK the call waits for somebody to write, silently, perhaps for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb", buffering=0)


def _pipe_descriptor(stream: BinaryIO) -> int | None:
    if not hasattr(select, "poll"):
        return None  # Windows can't wait for pipes
    try:
        descriptor = stream.fileno()
        return None if stat.S_ISREG(os.fstat(descriptor).st_mode) else descriptor
    except (OSError, ValueError):
        return None


def _file_state(stream: BinaryIO) -> tuple[int, int] | None:
    """Size and modification time of a regular file, else None."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
