"""The heap is the C library's: what it is asked for changes nothing but where memory lies."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

# Arenas are what glibc calls heaps; a thread that allocates has one of its own unless told not to.
_COUNT = """\
import ctypes, re, sys, threading
from securexfer.privacy.heap import give_back, share_heap
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
give_back()
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
