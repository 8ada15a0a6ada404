"""Writing behind: what was made last is stored while the next is being made.

A drive that is slower than the work is never idle, and one that is faster is never waited for. The
drive is told to store what it was given twice a second, instead of all at the end: so progress is
what the drive has done, and not what the system's memory has swallowed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

# No more waits, and no more lies in the system's memory, than the drive stores in that time.
_SECONDS = 0.5
_LEAST_BYTES = 1024 * 1024
_MOST_BYTES = 16 * 1024 * 1024


class WriteBehind:
    """Bytes on their way to a file; `drain` before relying on any, `abandon` after any failure.

    Args:
        flush: has the drive store what the file was given.
        now: seconds, from any start.
    """

    def __init__(
        self, flush: Callable[[], None], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._flush = flush
        self._now = now
        self._pool: ThreadPoolExecutor | None = None
        self._pending: deque[Future[None]] = deque()
        self._stopped = False
        self._failure: BaseException | None = None
        self._most = _LEAST_BYTES
        self._n_put = 0
        self._n_done = 0
        self._n_unflushed = 0
        self._busy_seconds = 0.0
        self._is_measured = False

    @property
    def backlog(self) -> float:
        """How much waits, as a share of what may: near 1, the drive is what all else waits for.

        0 until the drive's speed is known.
        """
        return (self._n_put - self._n_done) / self._most if self._is_measured else 0.0

    def put(self, data: bytes, store: Callable[[bytes], None]) -> None:
        """Have `store(data)` called in its turn; waits while too much else does.

        Raises:
            Exception: whatever an earlier call raised, ever again; nothing is stored after it.
        """
        self._check()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="securexfer-store")
        self._n_put += len(data)
        self._pending.append(self._pool.submit(self._do, data, store))
        while self._pending and (
            self._pending[0].done() or self._n_put - self._n_done > self._most
        ):
            self._pending.popleft().result()

    def drain(self) -> None:
        """Wait until all of it was stored.

        Raises:
            Exception: whatever storing it raised, ever again.
        """
        while self._pending:
            self._pending.popleft().result()
        self._end()
        self._check()

    def abandon(self) -> None:
        """Drop what waits. What is being stored is waited for: it has the file in its hands."""
        self._stopped = True
        self._pending.clear()
        self._end()

    def _end(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.shutdown(wait=True, cancel_futures=True)

    def _check(self) -> None:
        # Whoever did not hear it the first time must not believe that all was stored.
        if self._failure is not None:
            raise self._failure

    def _do(self, data: bytes, store: Callable[[bytes], None]) -> None:
        if self._stopped:
            return
        try:
            began = self._now()
            store(data)
            self._n_unflushed += len(data)
            is_enough = self._n_unflushed >= self._most
            if is_enough:
                self._flush()
            self._busy_seconds += self._now() - began
            if is_enough:
                self._pace()
        except BaseException as error:
            self._failure, self._stopped = error, True
            raise
        self._n_done += len(data)

    def _pace(self) -> None:
        """Let as much wait as the drive stores in its time, by what it has just stored."""
        rate = self._n_unflushed / max(self._busy_seconds, 1e-6)
        self._most = int(min(max(rate * _SECONDS, _LEAST_BYTES), _MOST_BYTES))
        self._n_unflushed, self._busy_seconds, self._is_measured = 0, 0.0, True
