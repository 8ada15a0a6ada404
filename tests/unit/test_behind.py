"""What is written behind is stored in order, bounded, and nothing of it after a failure."""

from __future__ import annotations

import threading
import time

import pytest

from securexfer.behind import WriteBehind

MIB = 1024 * 1024


class Drive:
    """Stores at a set rate, in its own time."""

    def __init__(self, bytes_a_second: float) -> None:
        self.rate = bytes_a_second
        self.seconds = 0.0
        self.stored: list[bytes] = []
        self.n_unflushed = 0
        self.n_flushes = 0

    def now(self) -> float:
        return self.seconds

    def store(self, data: bytes) -> None:
        """The system takes it at once."""
        self.stored.append(data)
        self.n_unflushed += len(data)

    def flush(self) -> None:
        """The drive takes its time."""
        self.seconds += self.n_unflushed / self.rate
        self.n_unflushed = 0
        self.n_flushes += 1


def test_all_of_it_is_stored_in_order() -> None:
    drive = Drive(MIB)
    behind = WriteBehind(drive.flush, now=drive.now)
    pieces = [bytes([number]) * 300_000 for number in range(40)]
    for piece in pieces:
        behind.put(piece, drive.store)
    behind.drain()
    assert drive.stored == pieces
    behind.put(b"more", drive.store)
    behind.drain()
    assert drive.stored[-1] == b"more"


@pytest.mark.parametrize("megabytes_a_second", [1, 5, 20, 400])
def test_the_drive_is_told_to_store_twice_a_second(megabytes_a_second: int) -> None:
    drive = Drive(megabytes_a_second * MIB)
    behind = WriteBehind(drive.flush, now=drive.now)
    for _ in range(100):
        behind.put(bytes(MIB), drive.store)
    behind.drain()
    most_at_once = min(max(megabytes_a_second / 2, 1), 16)
    assert drive.n_flushes >= 100 / (most_at_once + 1) - 1
    assert drive.seconds == pytest.approx(100 / megabytes_a_second, rel=0.17)


def test_no_more_waits_than_may() -> None:
    gate = threading.Event()
    behind = WriteBehind(lambda: None)

    def store(_: bytes) -> None:
        gate.wait(10)

    def put_all() -> None:
        for _ in range(5):
            behind.put(bytes(MIB // 2), store)

    putting = threading.Thread(target=put_all)
    putting.start()
    putting.join(0.2)
    assert putting.is_alive(), "more than a MiB waits, and the drive's speed is not known"
    gate.set()
    putting.join(10)
    assert not putting.is_alive()
    behind.drain()


def test_a_drive_that_is_the_slowest_has_a_backlog_and_a_fast_one_has_none() -> None:
    for seconds, expected in ((0.03, True), (0.0, False)):
        behind = WriteBehind(lambda: None)
        assert behind.backlog == 0

        def store(_: bytes, seconds: float = seconds) -> None:
            time.sleep(seconds)

        backlogs = []
        for _ in range(40):
            behind.put(bytes(MIB // 4), store)
            time.sleep(0.001 if expected else 0.01)
            backlogs.append(behind.backlog)
        behind.drain()
        assert (backlogs[-1] > 0.5) is expected
        assert behind.backlog == 0


@pytest.mark.parametrize("fails", ["store", "flush"])
def test_what_fails_is_told_and_nothing_is_stored_after_it(fails: str) -> None:
    stored: list[bytes] = []

    def flush() -> None:
        if fails == "flush":
            raise OSError(5, "Input/output error")

    def store(data: bytes) -> None:
        if fails == "store" and len(stored) == 2:
            raise OSError(5, "Input/output error")
        stored.append(data)

    behind = WriteBehind(flush)

    def put_all() -> None:
        for _ in range(10):
            behind.put(bytes(MIB // 2), store)
        behind.drain()

    with pytest.raises(OSError, match="Input/output"):
        put_all()
    n_stored = len(stored)
    assert n_stored == 2
    # Whoever missed it is told again.
    for call in (behind.drain, behind.drain, put_all):
        with pytest.raises(OSError, match="Input/output"):
            call()
    behind.abandon()
    assert len(stored) == n_stored


def test_what_was_abandoned_is_not_stored() -> None:
    gate = threading.Event()
    stored: list[bytes] = []

    def store(data: bytes) -> None:
        gate.wait(10)
        stored.append(data)

    behind = WriteBehind(lambda: None)
    for number in range(3):
        behind.put(bytes([number]), store)
    abandoning = threading.Thread(target=behind.abandon)
    abandoning.start()
    abandoning.join(0.1)
    assert abandoning.is_alive(), "the file is in the hands of a write"
    gate.set()
    abandoning.join(10)
    assert stored in ([], [b"\0"])


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    for end in (WriteBehind.drain, WriteBehind.abandon):
        behind = WriteBehind(lambda: None)
        behind.put(b"data", lambda _: None)
        end(behind)
        assert threading.active_count() == before
