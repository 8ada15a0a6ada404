"""Stopping: what SIGINT, SIGTERM and SIGHUP do, and from when on they come too late."""

from __future__ import annotations

import signal
import sys
from types import FrameType

_SIGNALS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
_asked: list[int] = []


def catch_stops() -> None:
    """From here on a signal raises KeyboardInterrupt, once, so that unfinished work is undone."""
    sys.unraisablehook = _complain
    for number in _SIGNALS:
        # What was ignored at the start stays so: nohup, and jobs in the background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def ignore_stops() -> None:
    """From here on signals change nothing, if they were caught before."""
    for number in _SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_IGN)


def hear_stop() -> None:
    """Raise the interrupt again where it got lost and work goes on.

    Python drops what is raised while it destroys an object or frees the lock of an import.
    """
    if stop_was_asked():
        raise KeyboardInterrupt


def stop_was_asked() -> bool:
    """Whether a signal asked to stop, whatever became of the interrupt."""
    return bool(_asked)


def _stop(number: int, _frame: FrameType | None) -> None:
    # From here on everything is tidying up, and that must not be stopped half-way.
    ignore_stops()
    _asked.append(number)
    raise KeyboardInterrupt


def _complain(unraisable: sys.UnraisableHookArgs) -> None:
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
