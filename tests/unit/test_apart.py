"""The process that makes files anew: what it may not do, whatever a file does to it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from securexfer.attachment import apart
from securexfer.attachment.apart import Maker, Makers
from securexfer.attachment.fault import Fault, UnfitError
from tests.unit import pictures

MAX = 50_000_000


@pytest.fixture
def maker() -> Iterator[Maker]:
    maker = Maker(seconds=1)
    yield maker
    maker.close()


def fault_of(maker: Maker, data: bytes) -> Fault:
    with pytest.raises(UnfitError) as caught:
        maker.make(data, "jpeg", max_pixels=MAX)
    assert caught.value.__cause__ is None
    return caught.value.fault


def scans(n_scans: int) -> bytes:
    """A small JPEG of 49 million pixels that draws all of them so many times."""
    made = io.BytesIO()
    Image.new("L", (7000, 7000), 128).save(made, "JPEG", progressive=True)
    data = made.getvalue()
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * n_scans + data[-2:]


def process_of(maker: Maker) -> int:
    assert maker.make(pictures.jpeg(), "jpeg", max_pixels=MAX)
    assert maker._process is not None
    return maker._process.pid


def test_a_picture_that_is_drawn_for_hours_is_given_up(maker: Maker) -> None:
    data = scans(5000)
    assert len(data) < 1_000_000
    began = time.monotonic()
    assert fault_of(maker, data) is Fault.TOO_MUCH
    assert time.monotonic() - began < 30
    assert maker.make(pictures.jpeg(), "jpeg", max_pixels=MAX)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own words")
def test_it_writes_no_file_and_has_bounds(maker: Maker) -> None:
    limits = Path(f"/proc/{process_of(maker)}/limits").read_text("ascii")
    told = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert told["Max file size"] == told["Max core file size"] == "0"
    assert told["Max data size"] == str(apart.MAX_MEMORY)
    assert int(told["Max cpu time"]) < 10


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own words")
def test_it_has_no_file_of_ours_open(maker: Maker, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        folder = Path(f"/proc/{process_of(maker)}/fd")
        opened = {str(one.readlink()) for one in folder.iterdir()}
    assert {one.partition(":")[0] for one in opened} <= {"pipe", os.devnull}


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "\n",
        "no JSON\n",
        "[1, 2]\n",
        "7\n",
        "{}\n",
        "[" * 900 + "\n",
        '{"fault": "NOPE", "n_bytes": 0}\n',
        '{"fault": ["MISSING"], "n_bytes": 0}\n',
        '{"fault": null, "n_bytes": null}\n',
        '{"fault": null, "n_bytes": "x"}\n',
        '{"fault": null, "n_bytes": -1}\n' + "x" * 10_000,
        '{"fault": null, "n_bytes": 1e400}\n',
        '{"fault": null, "n_bytes": 99999999999999}\n' + "x" * 10_000,
        '{"fault": null, "n_bytes": 9}\nshort',
        '{"fault": null, "n_bytes": 0, "more": "' + "x" * 2_000 + '"}\n',
    ],
)
def test_whatever_it_answers_when_it_is_somebody_elses_is_a_fault(
    answer: str, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: float) -> subprocess.Popen[bytes]:
        # As if a file had taken it over: it reads what it is given, and says what it likes.
        program = "import sys; sys.stdin.readline(); print(sys.argv[1], end='')"
        return subprocess.Popen(
            [sys.executable, "-c", program, answer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    with monkeypatch.context() as patch:
        patch.setattr(apart, "_start", start)
        assert fault_of(maker, pictures.jpeg()) is Fault.TOO_MUCH
    assert maker.make(pictures.jpeg(), "jpeg", max_pixels=MAX)


def test_who_was_stopped_starts_no_other() -> None:
    makers = Makers(1)
    makers.stop()
    with makers.take() as maker:
        assert fault_of(maker, pictures.jpeg()) is Fault.TOO_MUCH
        assert maker._process is None
    makers.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends with its input")
def test_it_does_not_outlive_a_program_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(scans(20_000))
    program = (
        "import sys, threading, time\n"
        "from pathlib import Path\n"
        "from securexfer.attachment.apart import Maker\n"
        "maker, data = Maker(), Path(sys.argv[1]).read_bytes()\n"
        "def make(): maker.make(data, 'jpeg', max_pixels=50_000_000)\n"
        "threading.Thread(target=make).start()\n"
        "while maker._process is None: time.sleep(0.01)\n"
        "time.sleep(1)\n"
        "print(maker._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a.jpg")], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(signal.SIGKILL)
    ends = time.monotonic() + 10
    while is_running(child):
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
