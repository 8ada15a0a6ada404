"""The standard streams: nothing chokes on what is written to them, and nobody else writes there."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

_STDERR = 2


def guard_streams() -> None:
    """Keep native code off standard error, and write what a terminal can't show as escapes.

    A library in Rust or C that panics says so on standard error by itself, before Python hears of
    it, and may quote the cell that it was at. So its number leads nowhere from here on, for
    processes that are started too; Python writes to where it led before.
    """
    if sys.stderr is not None:
        sys.stderr = _take_over(sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _take_over(stream: TextIO) -> TextIO:
    """A stream to where this one leads; itself where there is no other way to it."""
    try:
        own = os.dup(_STDERR)
    except OSError:
        return stream
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        os.close(own)
        return stream
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    # Closed by nobody, as that of Python is.
    return open(own, "w", buffering=1, encoding=stream.encoding, closefd=False)
