"""Apart: a process of its own that makes files anew, with no key in it and bounds around it.

What it reads may be made to break its readers. It has nothing that is worth taking, the kernel ends
it where it takes too much, and all that comes back from it is a new file or a fault.

A request is a line of JSON with `kind`, `max_pixels`, `resize` and `n_bytes`, then the file. The
answer is a line with `fault` and `n_bytes`, then the new file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import IO

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.making import make_anew
from securexfer.confinement import confine_process, limit_time
from securexfer.recipe.field import FileKind

MAX_MEMORY = 2 * 1024**3
_SECONDS = 60.0
# A machine may be busy; the kernel counts the processor's time by itself.
_PATIENCE = 5
_MAX_ANSWER = 1000
# What is made of a file of at most 100 MB is not larger than that by far.
MAX_MADE_BYTES = 2**29


class Maker:
    """One such process; started when it is first needed, and again when it has died."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._is_stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    def make(
        self, data: bytes, kind: FileKind, *, max_pixels: int, resize: int | None = None
    ) -> bytes:
        """As `make_anew`, over there.

        Raises:
            UnfitError: as that; and if it dies of the file, or takes too long.
        """
        if self._is_stopped:
            raise UnfitError(Fault.TOO_MUCH)
        process = self._process = self._process or _start(self._seconds)
        watch = threading.Timer(self._seconds * _PATIENCE, process.kill)
        watch.daemon = True
        watch.start()
        try:
            request = {"kind": kind, "max_pixels": max_pixels, "resize": resize}
            return _ask(process, {**request, "n_bytes": len(data)}, data)
        except (EOFError, OSError, ValueError, TypeError, LookupError, RecursionError):
            # It took too much of something, or broke, or says what it never would: there is no
            # telling, and no need.
            self.close()
            raise UnfitError(Fault.TOO_MUCH) from None
        except UnfitError:
            raise
        except BaseException:
            self.close()  # half a question, or half an answer, is in the pipes
            raise
        finally:
            watch.cancel()

    def stop(self) -> None:
        """End what it is at, for good; from another thread than the one that waits for it."""
        self._is_stopped = True
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            _pipe(process.stdin).close()
        process.kill()
        process.wait()
        _pipe(process.stdout).close()


class Makers:
    """A few of them, for as many threads."""

    def __init__(self, n_makers: int) -> None:
        self._all = [Maker() for _ in range(n_makers)]
        self._free: SimpleQueue[Maker] = SimpleQueue()
        for maker in self._all:
            self._free.put(maker)

    @contextmanager
    def take(self) -> Iterator[Maker]:
        """One that nobody else has."""
        maker = self._free.get()
        try:
            yield maker
        finally:
            self._free.put(maker)

    def stop(self) -> None:
        """End what they are at, whoever waits for it."""
        for maker in self._all:
            maker.stop()

    def close(self) -> None:
        """End all."""
        for maker in self._all:
            maker.close()


def _start(seconds: float) -> subprocess.Popen[bytes]:
    # Not from the working folder: what lies there is no part of the program.
    command = [sys.executable, "-P", "-m", "securexfer.attachment.apart", str(seconds)]
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _ask(process: subprocess.Popen[bytes], request: dict[str, object], data: bytes) -> bytes:
    asking, answering = _pipe(process.stdin), _pipe(process.stdout)
    asking.write(json.dumps(request).encode() + b"\n")
    asking.write(data)
    asking.flush()
    answer = json.loads(answering.readline(_MAX_ANSWER))
    fault, n_bytes = answer["fault"], answer["n_bytes"]
    if fault is not None:
        raise UnfitError(Fault[fault])
    if not isinstance(n_bytes, int) or not 0 <= n_bytes <= MAX_MADE_BYTES:
        raise ValueError
    made = answering.read(n_bytes)
    if len(made) != n_bytes:
        raise EOFError
    return made


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise OSError("no pipe")
    return pipe


def main() -> None:
    """Answer requests on standard input until it is closed."""
    asked, answer = sys.stdin.buffer, sys.stdout.buffer
    confine_process(MAX_MEMORY, silence=(2,), writes_files=False)
    while line := asked.readline():
        request = json.loads(line)
        data = asked.read(request.pop("n_bytes"))
        limit_time(float(sys.argv[1]))
        made, fault = b"", None
        try:
            made = make_anew(data, request["kind"], **{k: request[k] for k in _LIMITS})
            if len(made) > MAX_MADE_BYTES:
                made, fault = b"", Fault.TOO_MUCH.name
        except UnfitError as unfit:
            fault = unfit.fault.name
        answer.write(json.dumps({"fault": fault, "n_bytes": len(made)}).encode() + b"\n")
        answer.write(made)
        answer.flush()


_LIMITS = ("max_pixels", "resize")

if __name__ == "__main__":
    main()
