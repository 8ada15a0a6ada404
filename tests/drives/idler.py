"""A worker that never comes back from a file; the kernel's limit is put low."""

from __future__ import annotations

import resource
from multiprocessing.connection import Connection


def work(connection: Connection) -> None:
    connection.recv()
    resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))
    while True:
        pass
