"""Stopping: what SIGINT, SIGTERM and SIGHUP do, and from when on they come too late."""

from __future__ import annotations

import signal
from types import FrameType

_SIGNALS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]


def catch_stops() -> None:
    """From here on a signal raises KeyboardInterrupt, once, so that unfinished work is undone."""
    for number in _SIGNALS:
        # What was ignored at the start stays so: nohup, and jobs in the background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def ignore_stops() -> None:
    """From here on signals change nothing, if they were caught before."""
    for number in _SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_IGN)


def _stop(_number: int, _frame: FrameType | None) -> None:
    # From here on everything is tidying up, and that must not be stopped half-way.
    ignore_stops()
    raise KeyboardInterrupt
