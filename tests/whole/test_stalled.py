"""A source that stalls is reported and waited for; only a person gives it up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from securexfer.privacy.source import STALL_SECONDS
from tests.assurance import Tally
from tests.whole.cli import EXTRACT, Desk, two_desks

NOTE = b"has given nothing for 10 seconds"


def start_pack(desk: Desk, pipe: Path) -> subprocess.Popen[bytes]:
    os.mkfifo(pipe)
    arguments = ["pack", f"people={pipe}", "--recipe", "people.toml", "--to", "bob", "-o", "stick"]
    return subprocess.Popen(
        [sys.executable, "-m", "securexfer", *arguments, "--no-input"],
        env=desk.environment(),
        cwd=desk.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def test_a_source_that_pauses_is_reported_and_taken_whole(tmp_path: Path, tally: Tally) -> None:
    ann, bob = two_desks(tmp_path)
    pipe = tmp_path / "pipe"
    run = start_pack(ann, pipe)

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            file.write(EXTRACT[:-9])
            time.sleep(STALL_SECONDS + 1.5)
            file.write(EXTRACT[-9:])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    _, said = run.communicate(timeout=60)
    writer.join(timeout=5)
    assert run.returncode == 0, said.decode()
    assert said.replace(b"\n", b" ").count(NOTE) == 1
    (path,) = (tmp_path / "stick").iterdir()
    bob.run("unpack", path, "-o", "out")
    assert len((tmp_path / "out" / "people.csv").read_bytes().splitlines()) == 3
    tally.count("crash", "stalled sources, reported and waited for")


def test_a_pipe_that_nobody_opens_is_reported_until_a_person_gives_up(
    tmp_path: Path, tally: Tally
) -> None:
    ann, _ = two_desks(tmp_path)
    run = start_pack(ann, tmp_path / "pipe")
    time.sleep(STALL_SECONDS + 4)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert NOTE in said.replace(b"\n", b" ")
    assert b"Traceback" not in said
    assert list((tmp_path / "stick").iterdir()) == []
    tally.count("crash", "stalled sources, reported and waited for")
