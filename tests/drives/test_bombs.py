"""Bombs: bounded time, bounded memory, a report for each, and no process left."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import pytest

from securexfer.scan.bound import FREE_SECONDS
from securexfer.scan.check import check_drive
from securexfer.scan.worker import MAX_MEMORY
from tests.assurance import Tally
from tests.drives.bomb import make_bombs
from tests.drives.quiet import Quiet
from tests.drives.test_check import NOW

# What has no limit but the reader's own; most take a fraction of a second.
MEAN_SECONDS = 5.0


@pytest.mark.slow
def test_bombs_end_by_themselves_or_are_ended(tmp_path: Path, tally: Tally) -> None:
    n_bombs = 0
    for name, content in make_bombs(Random(1)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        n_bombs += 1
    peak = Peak()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with peak:
        result = check_drive(tmp_path, now=NOW, reporter=Quiet(), n_workers=2)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert result.n_files == n_bombs
    assert seconds < MEAN_SECONDS * n_bombs
    # Code and libraries are shared, and not counted by the limit.
    assert peak.n_bytes < MAX_MEMORY + 300_000_000
    assert multiprocessing.active_children() == []
    reasons = {file.path: set(file.unjudged) for file in result.unjudged}
    for name in ("42.zip", "overlapping.zip", "zeros.gz", "zeros-twice.gz", "sparse.tar"):
        assert reasons[name] & {"too-large", "damaged"}, name
    assert reasons["deep.zip"] == {"too-deep"}
    assert reasons["loop.pdf"] == {"damaged"}
    tally.count("drives", "archive, markup, PDF, database and text bombs", n_bombs)
    tally.worst("drives", "seconds of the processor for all bombs", seconds, "s")
    tally.worst("drives", "largest memory of a worker at bombs", peak.n_bytes / 1e6, "MB")


def test_a_reader_that_never_asks_for_the_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from securexfer.scan import crew
    from tests.drives import idler

    monkeypatch.setattr(crew, "work", idler.work)
    (tmp_path / "a").write_text("text\n")
    result = check_drive(tmp_path, now=NOW, reporter=Quiet(), n_workers=1)
    assert [dict(file.unjudged) for file in result.files] == [{"too-long": 1}]
    assert FREE_SECONDS > 1


def test_entities_are_never_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the NI number JK 12 34 56 C\n")
    drive = tmp_path / "drive"
    drive.mkdir()
    entity = f'<!DOCTYPE z [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    (drive / "a.xml").write_text(f'<?xml version="1.0"?>{entity}<z>&x;</z>')
    assert check_drive(drive, now=NOW, reporter=Quiet()).files == []


def test_a_database_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE t (a, b GENERATED ALWAYS AS (hex(zeroblob(200000000))) VIRTUAL)")
    base.execute("INSERT INTO t VALUES ('x')")
    base.execute("CREATE TABLE u (mail)")
    base.execute("INSERT INTO u VALUES ('grace.hartley@mailbox-1.co.uk')")
    base.commit()
    base.close()
    result = check_drive(tmp_path, now=NOW, reporter=Quiet())
    assert [(dict(f.found), dict(f.unjudged)) for f in result.files] == [({"email": 1}, {})]


class Peak:
    """The largest resident memory of any child of this process, looked at all the time."""

    def __init__(self) -> None:
        self.n_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._stop.wait(0.05):
            for child in multiprocessing.active_children():
                try:
                    text = Path(f"/proc/{child.pid}/statm").read_text()
                    self.n_bytes = max(self.n_bytes, int(text.split()[1]) * page)
                except (OSError, IndexError):
                    continue


def test_a_worker_ends_with_the_program(tmp_path: Path) -> None:
    """Also if that is killed, and can tidy up nothing."""
    program = (
        "import os, signal, sys\n"
        "from multiprocessing import active_children\n"
        "from securexfer.scan.crew import _give, _start\n"
        "from securexfer.scan.worker import Job\n"
        "if __name__ == '__main__':\n"
        "    hand = _start()\n"
        "    _give(hand, Job('/dev/null', 'a', 0))\n"
        "    hand.line.recv()\n"
        "    print(hand.process.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    worker = int(run.stdout)
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists() or "Z" in _state(worker):
            return
        threading.Event().wait(0.1)
    raise AssertionError("the worker runs on")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
