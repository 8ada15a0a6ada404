"""The standard streams: nothing chokes on what is written to them, and nobody else writes there."""

from __future__ import annotations

import contextlib
import io
import os
import sys

_STDERR = 2


def guard_streams() -> None:
    """Keep native code off standard error, and write what a terminal can't show as escapes.

    A library in Rust or C that panics says so on standard error by itself, before Python hears of
    it, and may quote the cell that it was at. So its number leads nowhere from here on, for
    processes that are started too; Python writes to where it led before.
    """
    for number in (0, 1, _STDERR):
        _fill(number)
    if sys.stderr is not None and (own := _take_over(sys.stderr.encoding)) is not None:
        # Both, since how wide a terminal is gets asked of the one that Python began with.
        sys.stderr = sys.__stderr__ = own  # type: ignore[misc]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fill(number: int) -> None:
    """Let a stream that was closed lead nowhere: else the next file that is opened would be it."""
    try:
        os.fstat(number)
    except OSError:
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
            os.set_inheritable(number, True)


def _take_over(encoding: str) -> io.TextIOWrapper | None:
    """A stream to where standard error leads, which then leads nowhere; None if that can't be."""
    try:
        own = os.dup(_STDERR)
    except OSError:
        return None
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        os.close(own)
        return None
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    # Closed by nobody, as that of Python is.
    return open(own, "w", buffering=1, encoding=encoding, closefd=False)
