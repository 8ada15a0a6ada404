"""A process that opens bundles, each in a fresh child of its own, and measures what that costs.

Reads a line of JSON for each bundle: its path and an empty folder to work in. Writes a line for
each: the outcome, seconds of wall and processor time without the start of the process, and the
largest resident memory with everything that the process had loaded before.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from tests.attack.victim import open_bundle

TIME_LIMIT_SECONDS = 20


def open_in_child(bundle: Path, folder: Path) -> dict[str, str | int | float]:
    """Open one bundle in a child; a child that dies is the outcome "died"."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(TIME_LIMIT_SECONDS)
        start = time.perf_counter(), time.process_time()
        opening = open_bundle(bundle, folder / "out", folder / "home")
        answer = {
            "code": opening.code,
            "exit_code": opening.exit_code,
            "message": opening.message,
            "seconds": time.perf_counter() - start[0],
            "cpu_seconds": time.process_time() - start[1],
        }
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status, usage = os.wait4(child, 0)
    found = json.loads(told) if told else {"code": "died", "exit_code": status}
    return {**found, "mib": usage.ru_maxrss / 1024}


def main() -> None:
    for line in sys.stdin:
        bundle, folder = json.loads(line)
        print(json.dumps(open_in_child(Path(bundle), Path(folder))), flush=True)


if __name__ == "__main__":
    main()
