"""A run may be stopped, or killed, at any moment."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import Popen

import pytest

from tests.assurance import Tally
from tests.faults.injection import Stage
from tests.faults.invariants import Before
from tests.faults.scene import Scene, finish

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process does")

N_SHARES = 3
N_RUNS, N_RUNS_SOAK = 12, 201
N_RUNS_FORWARD = 1  # for each share; it goes the way of `pack`
# The first ends a run at once; the others ask it to end.
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
N_ROWS = 40_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scene]:
    """Scenes by command, large enough that no moment of a run is all too short."""
    packing = Scene.build(tmp_path_factory.mktemp("large"), n_rows=N_ROWS)
    unpacking = packing.copy(tmp_path_factory.mktemp("large"))
    unpacking.pack()
    return {"pack": packing, "unpack": unpacking, "forward": unpacking}


def wait_for_handlers(process: Popen[bytes]) -> None:
    """Until the program handles signals; before that it has done nothing."""
    terminates = 1 << (signal.SIGTERM - 1)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        caught = [line for line in status.read_text().splitlines() if line.startswith("SigCgt:")]
        if int(caught[0].split()[1], 16) & terminates:
            return
        time.sleep(0.001)


def run_time(scene: Scene, stage: Stage) -> float:
    """Seconds that a run has in which it can be stopped."""
    process = scene.start(stage.desk(scene), stage.arguments(scene))
    wait_for_handlers(process)
    begun_at = time.monotonic()
    assert finish(process).code == 0
    return time.monotonic() - begun_at


@pytest.mark.parametrize("share", range(N_SHARES))
@pytest.mark.parametrize("command", ["pack", "unpack", "forward"])
def test_a_run_may_end_at_any_moment(
    command: str,
    share: int,
    large: dict[str, Scene],
    tmp_path: Path,
    tally: Tally,
    soak: bool,
) -> None:
    stage, template = Stage(command, "output"), large[command]
    whole = run_time(template.copy(tmp_path / "whole"), stage)
    chance = random.Random(f"{command} {share}")
    n_runs = (N_RUNS_SOAK if soak else N_RUNS) // N_SHARES
    if command == "forward" and not soak:
        n_runs = N_RUNS_FORWARD
    for number in range(n_runs):
        scene = template.copy(tmp_path / "scene")
        before = Before(scene)
        which = SIGNALS[(share + number) % len(SIGNALS)]
        moment = chance.random() * whole
        process = scene.start(stage.desk(scene), stage.arguments(scene))
        wait_for_handlers(process)
        time.sleep(moment)
        process.send_signal(which)
        outcome = finish(process)
        try:
            assert outcome.code in (0, -signal.SIGKILL if which is signal.SIGKILL else 130)
            stage.check(before, outcome)
        except Exception as error:
            raise AssertionError(f"{which.name} after {moment:.3f} s: {error!r}") from error
        shutil.rmtree(scene.folder)
    tally.count("crash", f"runs of `{command}` stopped or killed at random moments", n_runs)


# Stopped while an object is being destroyed, where Python drops whatever is raised.
SWALLOWED = """
import os, signal, sys
from securexfer.cli.console import Console, Settings
from securexfer.cli.progress import ConsoleReporter
from securexfer.cli.stopping import catch_stops
class Doomed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000): pass
catch_stops()
Doomed()
print("goes on", flush=True)
ConsoleReporter(Console(Settings())).{step}
print("goes on and on", flush=True)
"""


# Stopped inside a library that makes an error of its own of it, as the one that builds models does.
DRESSED_UP = """
import os, signal, sys
from securexfer.cli import app
@app.root.command()
def work():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000): pass
    except KeyboardInterrupt:
        raise RuntimeError("the schema is wrong") from None
sys.argv = ["securexfer", "work"]
app.main()
"""


def test_a_stop_is_called_one_whatever_a_library_makes_of_it() -> None:
    run = subprocess.run([sys.executable, "-c", DRESSED_UP], capture_output=True, timeout=30)
    assert run.returncode == 130
    assert b"Stopped before it was finished." in run.stderr


# Stopped while the sealed password is opened, by a library that runs some Python on the way and
# says of whatever that raises that the password does not open.
MISJUDGED = """
import os, signal, sys
from securexfer.cli import app
inside = False
def stop(frame, event, called):
    global inside
    opens = event == "c_call" and frame.f_code.co_name == "unseal"
    inside = inside or (opens and called.__name__ == "decrypt")
    if inside and event == "call":
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)
sys.setprofile(stop)
app.main()
"""


@pytest.mark.parametrize("command", ["unpack", "forward"])
def test_a_stop_is_not_taken_for_a_bundle_that_must_be_refused(
    command: str, unpacking: Scene, tmp_path: Path
) -> None:
    scene, stage = unpacking.copy(tmp_path / "scene"), Stage(command, "output")
    before = Before(scene)
    run = scene.start(stage.desk(scene), stage.arguments(scene), program=["-c", MISJUDGED])
    outcome = finish(run)
    assert (outcome.code, outcome.error) == (130, "interrupted")
    stage.check(before, outcome)
    assert "unpack-refused" not in [entry.event for entry in scene.register(scene.bob).entries()]


@pytest.mark.parametrize("step", ["begin('a step')", "advance(1)"])
def test_a_stop_that_gets_lost_is_heard_at_the_next_step(step: str) -> None:
    program = SWALLOWED.replace("{step}", step)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30)
    assert run.stdout == b"goes on\n"
    assert run.stderr.count(b"Traceback") == 1
    assert b"ignored" not in run.stderr
