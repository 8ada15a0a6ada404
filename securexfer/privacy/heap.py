"""The heaps: where blocks of an extract come and go while worker threads share them.

There are two. Polars brings jemalloc, which reads its settings from the environment when Polars is
loaded, and all else is the C library's. Both give each thread a heap of its own, keep the holes
between what is left, and return memory to the system only to ask for it again: over a gigabyte
that is 60 MB and a fourteenth of the processor's time, half a million new pages instead of a
hundred thousand. So all threads share one of each, and neither returns much.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, MutableMapping

# The prefix is the one under which Polars builds it; jemalloc(3) describes the settings.
POLARS_SETTINGS = "_RJEM_MALLOC_CONF"
# What was free for a second is returned. By itself, jemalloc returns at once what is over 8 MiB.
_ONE_FOR_ALL = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0,oversize_threshold:0"
_MIB = 1024 * 1024
# As malloc.h numbers them: heaps; from how much on the system is asked for a block alone, as far as
# glibc lets; and what may lie free at the end of the heap.
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = (-8, 1), (-3, 32 * _MIB), (-1, 512 * _MIB)


def share_polars_heap(environment: MutableMapping[str, str]) -> None:
    """Have Polars use one heap for all threads, if it is loaded with this environment later on.

    Of settings that are there the later ones count, so that somebody's own stay as they are.
    """
    own = environment.get(POLARS_SETTINGS)
    environment[POLARS_SETTINGS] = f"{_ONE_FOR_ALL},{own}" if own else _ONE_FOR_ALL


def share_heap() -> None:
    """Have the C library, where it can, use one heap for all threads that start from now on."""
    option = _find("mallopt")
    if option is not None:
        for setting in (_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD):
            option(*setting)


def give_back() -> None:
    """Have the C library return what is free to the system, where it can, once all is done."""
    trim = _find("malloc_trim")
    if trim is not None:
        trim(0)


def _find(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None  # another C library, which has no such call
    return found
