"""A stop is a stop wherever it falls, also inside a library that takes it for a failure."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.faults.injection import Stage
from tests.faults.invariants import Before
from tests.faults.scene import Scene, finish

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sends signals to itself")

N_PLACES = 4
PROGRAM = ("-m", "tests.faults.stop_at")


@pytest.mark.parametrize("command", ["pack", "unpack", "forward"])
def test_a_stop_where_c_calls_python(
    command: str, packing: Scene, unpacking: Scene, tmp_path: Path, tally: Tally, soak: bool
) -> None:
    stage, template = Stage(command, "output"), packing if command == "pack" else unpacking
    file = tmp_path / "places.json"
    scene = template.copy(tmp_path / "whole")
    program = [*PROGRAM, "list", str(file)]
    run = scene.start(stage.desk(scene), stage.arguments(scene), program=program)
    assert finish(run).code == 0
    places = json.loads(file.read_text())
    # Where passwords are sealed and opened, and some others.
    sealing = [n for n, place in enumerate(places) if place.startswith("Suite.")]
    assert sealing
    others = sorted(set(range(len(places))) - set(sealing))
    chosen = sealing + (others if soak else random.Random(command).sample(others, N_PLACES))
    for number in chosen:
        scene = template.copy(tmp_path / "scene")
        before = Before(scene)
        program = [*PROGRAM, "stop", f"{number}:{file}"]
        run = scene.start(stage.desk(scene), stage.arguments(scene), program=program)
        outcome = finish(run)
        try:
            # Once the work is done it comes too late.
            assert outcome.code in (0, 130)
            stage.check(before, outcome)
        except Exception as error:
            raise AssertionError(f"{places[number]}: {error!r}") from error
        shutil.rmtree(scene.folder)
    tally.count("crash", f"stops of `{command}` where C calls Python", len(chosen))
