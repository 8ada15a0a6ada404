"""Confinement: what a process is denied that reads what strangers wrote.

Memory and time are limited by the kernel, where it can; nothing that a library says gets out.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def confine_process(
    max_memory: int, silence: tuple[int, ...] = (1, 2), *, writes_files: bool = True
) -> None:
    """Confine this process, for good.

    Args:
        max_memory: bytes that it may have for itself, code and what it shares left out.
        silence: descriptors that lead nowhere from now on: libraries, and what they are made of,
            complain on stderr and may quote what they have read.
        writes_files: whether it may; pipes are none.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in silence:
        os.dup2(nowhere, stream)
    # A stop is for the program, which then ends this process.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not writes_files:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (max_memory, max_memory))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            prctl = ctypes.CDLL(None).prctl
            prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
            # Ends with the program, also where that is killed.
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def limit_time(seconds: float) -> None:
    """Let the kernel end this process if a library runs on without ever asking for the time.

    Args:
        seconds: of the processor, from now on.
    """
    with contextlib.suppress(ImportError, ValueError, OSError, AttributeError):
        import resource

        limit = int(time.process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
