"""The heap: one for all threads, and giving back what the C library keeps for later.

Blocks come and go in worker threads, and glibc keeps the holes between what is left. Over a
gigabyte they add up to 100 MB. Returning them every 64 MiB of input costs no time that can be
measured; fixing the threshold of `mmap` instead costs a fifth. A heap for each thread, which glibc
has by itself, holds 15 MB more, and the system takes longer to fill it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

_ARENA_MAX = -8  # as malloc.h has it


def _find(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None  # another C library, which has no such call
    return found


_TRIM, _OPTION = _find("malloc_trim"), _find("mallopt")


def share_heap() -> None:
    """Have threads that start from now on share one heap, where the C library can."""
    if _OPTION is not None:
        _OPTION(_ARENA_MAX, 1)


def give_back() -> None:
    """Have the C library return free memory to the system, where it can."""
    if _TRIM is not None:
        _TRIM(0)
