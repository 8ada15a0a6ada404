"""A drive as slow as a pen drive: what is spared it, and whether the time left is honest."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.slow import slow_drive
from securexfer.privacy.synthetic import offender_csv
from tests.faults.mounts import check_can_mount
from tests.whole.cli import Desk, two_desks
from tests.whole.test_scale import RECIPE
from tests.whole.tmux import Terminal

MEGABYTES_A_SECOND = 2
SHOWN = re.compile(r"Packing offenders .*? (\d+):(\d\d):(\d\d)")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("slow")
    desk, _ = two_desks(folder)
    (folder / "offenders.toml").write_text(RECIPE)
    with (folder / "offenders.csv").open("wb") as file:
        file.writelines(offender_csv(400_000))
    return desk


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Path]:
    check_can_mount()
    with slow_drive(tmp_path, MEGABYTES_A_SECOND, MEGABYTES_A_SECOND * 10) as mount:
        yield mount


def arguments(target: Path, *more: str) -> list[str]:
    order = ["pack", "offenders.csv", "--recipe", "offenders.toml", "--to", "bob"]
    return [*order, "-o", str(target), *more]


def test_as_the_drive_is_slow_less_is_written_to_it(ann: Desk, drive: Path, tmp_path: Path) -> None:
    n_bytes = {
        effort: ann.json(*arguments(tmp_path / f"{effort}.zip", "--compress", effort))["n_bytes"]
        for effort in ("fast", "small")
    }
    # By default, and only if processors have nothing else to do.
    ann.run(*arguments(drive / "auto.zip"))
    auto = (drive / "auto.zip").stat().st_size
    assert n_bytes["small"] <= auto < n_bytes["fast"]


def test_the_effort_can_be_set_once(ann: Desk, tmp_path: Path) -> None:
    config = ann.home / "config.toml"
    fast = ann.json(*arguments(tmp_path / "fast.zip", "--compress", "fast"))
    config.write_text('compress = "small"\n')
    try:
        small = ann.json(*arguments(tmp_path / "small.zip"))
        again = ann.json(*arguments(tmp_path / "again.zip", "--compress", "fast"))
    finally:
        config.unlink()
    assert small["n_bytes"] < fast["n_bytes"] == again["n_bytes"]


def test_the_time_left_in_the_middle_is_what_is_left(
    ann: Desk, drive: Path, tool: Callable[[str], str]
) -> None:
    tool("tmux")
    environment = {**ann.environment(), "LANG": "C.UTF-8"}
    shown: list[tuple[float, int]] = []
    with Terminal(ann.folder, environment, columns=100) as terminal:
        command = arguments(drive / "bundle.zip", "--compress", "fast")
        terminal.start([sys.executable, "-m", "securexfer", *command])
        while not terminal.has_ended():
            at, found = time.monotonic(), SHOWN.search(terminal.capture())
            if found:
                hours, minutes, seconds = map(int, found.groups())
                shown.append((at, hours * 3600 + minutes * 60 + seconds))
            time.sleep(0.05)
        assert terminal.end().code == 0
    began, ended = shown[0][0], shown[-1][0]
    assert ended - began > 3, "the drive was not what it waited for"
    # Shown in whole seconds, and some is on its way to the drive at any time.
    for share in (0.4, 0.5, 0.6, 0.75):
        at, left = min(shown, key=lambda one: abs(one[0] - began - share * (ended - began)))
        assert abs(left - (ended - at)) <= 1 + 0.4 * (ended - at), shown
