"""Libraries start as many threads as they are told to, and somebody's own number counts more."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from securexfer.privacy.extract import BLOCK_BYTES, N_WORKERS
from securexfer.privacy.threads import count_cores, count_workers, size_blocks, thread_settings

# What the command line does before anything heavy is loaded, on a machine of so many cores.
_COUNT = """\
import os, sys
from securexfer.privacy.threads import thread_settings
for name, value in thread_settings(os.environ, int(sys.argv[1])).items():
    os.putenv(name, value)
before = len(os.listdir("/proc/self/task"))
import numpy
after = len(os.listdir("/proc/self/task"))
import polars
print(after - before, polars.thread_pool_size())
"""


def count(n_cores: int, **own: str) -> list[int]:
    environment = {n: v for n, v in os.environ.items() if not n.endswith("_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_COUNT), str(n_cores)],
        check=True,
        capture_output=True,
        text=True,
        env={**environment, **own},
    )
    return [int(number) for number in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize(("n_cores", "n_threads"), [(1, 1), (2, 1), (4, 3)])
def test_libraries_start_no_more(n_cores: int, n_threads: int) -> None:
    assert count(n_cores) == [0, n_threads]


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_what_somebody_said_counts_more() -> None:
    assert count(2, POLARS_MAX_THREADS="5") == [0, 5]
    assert thread_settings({"OPENBLAS_NUM_THREADS": "8", "POLARS_MAX_THREADS": "5"}, 2) == {}


def test_workers_follow_the_cores_and_memory_does_not() -> None:
    assert count_cores() >= 1
    assert [count_workers(n) for n in (1, 2, 4, 64)] == [2, 3, 5, 8]
    assert count_workers(count_cores()) == N_WORKERS
    assert size_blocks(N_WORKERS) == BLOCK_BYTES
    for n_cores in range(1, 65):
        n_workers = count_workers(n_cores)
        assert 2 * 1024**2 <= size_blocks(n_workers) <= 7 * 1024**2
        assert n_workers * size_blocks(n_workers) <= 21 * 1024**2
