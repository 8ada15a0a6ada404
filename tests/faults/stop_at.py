"""The program, stopped at one of the places where C calls Python; or a list of all these places.

A library in C or Rust that runs Python on its way may take a stop that falls there for a failure of
its own. `python -m tests.faults.stop_at list FILE ARGUMENTS` runs the program and keeps the places
in FILE; `stop NUMBER:FILE` sends SIGINT where that one of them is met first.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from securexfer.cli import app

# Of the calls that are not over: the name of a function of C, or None for one of Python.
_calls: list[str | None] = []


def place_of(frame: FrameType) -> str:
    """Which function of C calls, from which line, what."""
    back = frame.f_back
    line = f"{Path(back.f_code.co_filename).name}:{back.f_lineno}" if back is not None else ""
    return f"{_calls[-1]} at {line} calls {frame.f_code.co_qualname}"


def watch(frame: FrameType, event: str, called: Any) -> str:
    """Keep account of calls; the place where one of C calls one of Python, else nothing."""
    place = ""
    if event == "c_call":
        _calls.append(getattr(called, "__qualname__", "?"))
    elif event == "call":
        # What makes a class calls the class's own lines, thousands of times while loading.
        if _calls and _calls[-1] not in (None, "__build_class__"):
            place = place_of(frame)
        _calls.append(None)
    elif _calls:
        _calls.pop()
    return place


def list_places(file: Path) -> None:
    """Have all of them kept when the program ends."""
    places: dict[str, None] = {}

    def listen(frame: FrameType, event: str, called: Any) -> None:
        # Before it handles signals it has done nothing.
        if (place := watch(frame, event, called)) and _handles():
            places[place] = None

    def save() -> None:
        sys.setprofile(None)
        file.write_text(json.dumps(list(places)), encoding="utf-8")

    atexit.register(save)
    sys.setprofile(listen)


def stop_at(wanted: str) -> None:
    """Have it stopped there."""

    def listen(frame: FrameType, event: str, called: Any) -> None:
        if watch(frame, event, called) == wanted and _handles():
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

    sys.setprofile(listen)


def _handles() -> bool:
    return signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL


if __name__ == "__main__":
    what, where, *arguments = sys.argv[1:]
    sys.argv = ["securexfer", *arguments]
    if what == "list":
        list_places(Path(where))
    else:
        number, _, path = where.partition(":")
        stop_at(json.loads(Path(path).read_text(encoding="utf-8"))[int(number)])
    app.main()
