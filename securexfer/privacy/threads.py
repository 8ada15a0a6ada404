"""Threads: how many cores there are, how many workers they want, and what libraries may start.

Polars starts one for each core, and so does the algebra of NumPy, which nothing here uses and which
spins for a tenth of a second before it sleeps. Both ask the environment when they are loaded. More
threads than cores that hand work to each other leave cores idle: the system is slow to move one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_OF_POLARS, _OF_ALGEBRA = "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"
# The thread that reads, encrypts and writes keeps up with no more.
_MAX_WORKERS = 8
_MIB = 1024 * 1024
_ALL_BLOCKS_MIB, _MOST_BLOCK_MIB = 21, 7


def count_cores() -> int:
    """Cores that this process may use, at least one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def count_workers(n_cores: int) -> int:
    """Workers for so many cores: one more, as each waits at times for a thread of Polars'."""
    return min(n_cores + 1, _MAX_WORKERS)


def size_blocks(n_workers: int) -> int:
    """Bytes of a worker's block: blocks are most of the memory, which is not to grow with cores."""
    return min(_ALL_BLOCKS_MIB // n_workers, _MOST_BLOCK_MIB) * _MIB


def thread_settings(environment: Mapping[str, str], n_cores: int) -> dict[str, str]:
    """What to say to libraries that are loaded later on, by name of the variable.

    Args:
        environment: what they would read; somebody's own settings there stay as they are.
        n_cores: one is left to the workers, who have most to do besides.
    """
    ours = {_OF_POLARS: str(max(n_cores - 1, 1)), _OF_ALGEBRA: "1"}
    return {name: number for name, number in ours.items() if not environment.get(name)}
