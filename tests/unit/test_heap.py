"""The heaps are the C library's and Polars': what they are asked changes only where memory lies."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from securexfer.privacy.heap import POLARS_SETTINGS, share_polars_heap

# Arenas are what glibc calls heaps; a thread that allocates has one of its own unless told not to.
_COUNT = """\
import ctypes, re, sys, threading
from securexfer.privacy.heap import share_heap
if sys.argv[1] == "share":
    share_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
threads = [threading.Thread(target=libc.malloc, args=(1000,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.fopen.argtypes = [ctypes.c_char_p] * 2
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
stream = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, stream)
libc.fclose(stream)
print(len(re.findall("<heap nr=", open(sys.argv[2]).read())))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has it")
def test_threads_share_one_heap_once_they_are_told_to(tmp_path: object) -> None:
    def count(how: str) -> int:
        command = [sys.executable, "-c", textwrap.dedent(_COUNT), how, f"{tmp_path}/info"]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert count("share") == 1
    assert count("alone") > 1


_FREE = """\
import re
from securexfer.privacy.heap import give_back, share_heap

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) // 1024

share_heap()
blocks = [bytearray(b"x") * 2**20 for _ in range(100)]
del blocks
kept = resident()
give_back()
print(kept - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has it")
def test_what_was_kept_is_given_back_in_the_end() -> None:
    command = [sys.executable, "-c", _FREE]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) > 90


# jemalloc tells the settings that it took as the program ends, on its error output.
_LOAD = f"""\
import os, sys
from securexfer.privacy.heap import share_polars_heap
if sys.argv[1] == "share":
    share_polars_heap(os.environ)
told = os.environ.get("{POLARS_SETTINGS}", "tcache:true")
os.environ["{POLARS_SETTINGS}"] = told + ",stats_print:true"
import polars
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Polars has another heap elsewhere")
def test_polars_takes_the_settings() -> None:
    # This process may have loaded Polars, which puts its own settings there.
    environment = {n: v for n, v in os.environ.items() if n != POLARS_SETTINGS}

    def load(how: str) -> str:
        command = [sys.executable, "-c", _LOAD, how]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stderr

    shared, alone = load("share"), load("alone")
    for setting in ("narenas: 1\n", "dirty_decay_ms: 1000 ", "oversize_threshold: 0\n"):
        assert f"opt.{setting}" in shared
        assert f"opt.{setting}" not in alone


def test_settings_that_somebody_made_count_more() -> None:
    environment = {POLARS_SETTINGS: "narenas:4"}
    share_polars_heap(environment)
    assert environment[POLARS_SETTINGS].startswith("narenas:1,")
    assert environment[POLARS_SETTINGS].endswith(",narenas:4")
