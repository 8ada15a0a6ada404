"""A worker that dies of some files."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection

from securexfer.scan import worker


def work(connection: Connection) -> None:
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        if "bad" in job.name:
            os.kill(os.getpid(), signal.SIGKILL)
        connection.send(worker.inspect_file(job))
