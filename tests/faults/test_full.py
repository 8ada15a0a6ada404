"""Drives that are full, or become full half-way: called that, nothing is left, and room helps."""

from __future__ import annotations

import base64
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.faults.injection import Stage
from tests.faults.invariants import Before, check_forward, check_pack, check_unpack
from tests.faults.mounts import ExfatStick, tmpfs
from tests.faults.scene import CANARY, TABLES, Scene
from tests.world import csv_bytes

KIB = 1024
ROW_BYTES = 1000
# Room for a new drive, and what fits on it no more.
DRIVES = {"tmpfs": (1024 * KIB, 1500 * KIB), "exfat": (8192 * KIB, 9000 * KIB)}
N_LEVELS, N_LEVELS_SOAK = 4, 60


def enlarge(scene: Scene, n_bytes: int) -> None:
    """Give the first table so many bytes more that leave, and that hardly compress."""
    chance = random.Random(n_bytes)
    rows = [["code", "name", "note"]]
    for _ in range(n_bytes // ROW_BYTES):
        text = base64.b85encode(chance.randbytes(ROW_BYTES)).decode().replace(",", "_")
        rows.append([CANARY.decode(), "", text.replace('"', "_")])
    (scene.source / f"{TABLES[0]}.csv").write_bytes(csv_bytes(rows))


def place_drive(scene: Scene, mount: Path) -> None:
    scene.drive, scene.bundle = mount, mount / "bundle.zip"


@pytest.fixture(params=list(DRIVES))
def drive(
    request: pytest.FixtureRequest, tmp_path: Path, tool: Callable[[str], str]
) -> Iterator[tuple[str, Path]]:
    """An empty small drive of a kind."""
    size, _ = DRIVES[request.param]
    made: AbstractContextManager[Path] = (
        tmpfs(tmp_path / "mount", size)
        if request.param == "tmpfs"
        else ExfatStick(tmp_path, size, tool).plugged_in()
    )
    with made as mount:
        yield request.param, mount


@contextmanager
def filled(folder: Path, room: int) -> Iterator[None]:
    """Leave so many bytes of a drive free, and give all of them back afterwards."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        file.write(bytes(max(shutil.disk_usage(folder).free - room, 0)))
    yield
    filler.unlink()


def levels(top: int, *, soak: bool) -> list[int]:
    """Rooms from nothing to about `top` bytes."""
    n_levels = N_LEVELS_SOAK if soak else N_LEVELS
    return [top * n // (n_levels - 1) for n in range(n_levels)]


def test_a_bundle_that_is_larger_than_the_drive(
    drive: tuple[str, Path], packing: Scene, tmp_path: Path, tally: Tally
) -> None:
    kind, mount = drive
    scene = packing.copy(tmp_path / "scene")
    place_drive(scene, mount)
    enlarge(scene, DRIVES[kind][1])
    before = Before(scene)
    outcome = scene.run(scene.ann, scene.pack_arguments())
    assert outcome.code == 80
    assert list(mount.iterdir()) == []
    check_pack(before, outcome, "ENOSPC", stuck=True)
    # The same command, with less to pack.
    enlarge(scene, 10 * KIB)
    before = Before(scene)
    outcome = scene.run(scene.ann, scene.pack_arguments())
    assert outcome.code == 0
    check_pack(before, outcome)
    tally.count("crash", f"full drives, {kind}")


def test_a_drive_that_becomes_full_while_packing(
    drive: tuple[str, Path], packing: Scene, tmp_path: Path, soak: bool, tally: Tally
) -> None:
    kind, mount = drive
    template = packing.copy(tmp_path / "template")
    enlarge(template, 120 * KIB)
    tops = levels(240 * KIB, soak=soak)
    codes = []
    for number, room in enumerate(tops):
        scene = template.copy(tmp_path / f"{number}")
        place_drive(scene, mount)
        before = Before(scene)
        with filled(mount, room):
            outcome = scene.run(scene.ann, scene.pack_arguments())
        check_pack(before, outcome, "ENOSPC")
        codes.append(outcome.code)
        scene.bundle.unlink()
    assert codes == sorted(codes, reverse=True)
    assert (codes[0], codes[-1]) == (80, 0)
    tally.count("crash", f"full drives, {kind}", len(tops))


def test_a_drive_that_becomes_full_while_forwarding(
    unpacking: Scene, tmp_path: Path, soak: bool, tally: Tally
) -> None:
    tops = levels(120 * KIB, soak=soak)
    codes = []
    with tmpfs(tmp_path / "mount", 1024 * KIB) as mount:
        for number, room in enumerate(tops):
            scene = unpacking.copy(tmp_path / f"{number}")
            scene.relay, scene.forwarded = mount, mount / "forwarded.zip"
            before = Before(scene)
            with filled(mount, room):
                outcome = scene.run(scene.bob, scene.forward_arguments())
            check_forward(before, outcome, "ENOSPC")
            codes.append(outcome.code)
            scene.forwarded.unlink()
    assert codes == sorted(codes, reverse=True)
    assert (codes[0], codes[-1]) == (80, 0)
    tally.count("crash", "full drives, tmpfs", len(tops))


@pytest.mark.parametrize("kept", [False, True])
def test_a_folder_that_becomes_full_while_unpacking(
    kept: bool, unpacking: Scene, tmp_path: Path, soak: bool, tally: Tally
) -> None:
    template = unpacking.copy(tmp_path / "template")
    template.bundle.unlink()
    enlarge(template, 120 * KIB)
    template.pack()
    tops = levels(100 * KIB if kept else 190 * KIB, soak=soak)
    with tmpfs(tmp_path / "mount", 1024 * KIB) as mount:
        for number, room in enumerate(tops):
            scene = template.copy(tmp_path / f"{number}")
            scene.out = mount / "out"
            before = Before(scene)
            with filled(mount, room):
                more = ["--keep-compressed"] if kept else []
                outcome = scene.run(scene.bob, scene.unpack_arguments(*more))
            assert kept is False or outcome.code == 80
            check_unpack(before, outcome, "ENOSPC")
            for path in scene.out.iterdir():
                path.unlink()
            scene.out.rmdir()
    assert outcome.code == (80 if kept else 0)
    tally.count("crash", "full drives, tmpfs", len(tops))


@pytest.mark.parametrize("command", ["pack", "unpack", "forward"])
def test_a_home_that_is_full_releases_nothing(
    command: str, packing: Scene, unpacking: Scene, tmp_path: Path, soak: bool, tally: Tally
) -> None:
    codes = []
    for number, room in enumerate(levels(48 * KIB, soak=soak)):
        scene = (packing if command == "pack" else unpacking).copy(tmp_path / f"{number}")
        stage = Stage(command, "home")
        desk, arguments = stage.desk(scene), stage.arguments(scene)
        with tmpfs(tmp_path / "mount", 1024 * KIB) as mount:
            desk.home = Path(shutil.move(desk.home, mount / "home"))
            before = Before(scene)
            with filled(mount, room):
                outcome = scene.run(desk, arguments)
            codes.append(outcome.code)
            if command == "pack":
                check_pack(before, outcome, "ENOSPC", mute=True)
            elif command == "forward":
                check_forward(before, outcome, "ENOSPC", mute=True)
            else:
                check_unpack(before, outcome, "ENOSPC")
    assert codes == sorted(codes, reverse=True)
    assert (codes[0], codes[-1]) == (80, 0)
    tally.count("crash", f"full homes, `{command}`", len(codes))


# What bob prints.
RESULTS = {
    "inspect": ["inspect", "BUNDLE"],
    "inspect as JSON": ["inspect", "BUNDLE", "--json"],
    "verify": ["verify", "BUNDLE"],
    "unpack": ["unpack", "BUNDLE", "-o", "OUT"],
    "register list": ["register", "list", "--json"],
}


@pytest.mark.parametrize("case", RESULTS)
def test_a_result_that_finds_no_room_is_no_success(
    case: str, unpacking: Scene, tmp_path: Path, tally: Tally
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    places = {"BUNDLE": scene.bundle, "OUT": scene.out}
    with open("/dev/full", "wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "securexfer", *(str(places.get(a, a)) for a in RESULTS[case])],
            stdout=full,
            stderr=subprocess.PIPE,
            env=scene.bob.environment(),
            timeout=60,
            check=False,
        )
    assert run.returncode == 80
    assert b"No space left" in run.stderr
    assert b"Traceback" not in run.stderr
    tally.count("crash", "outputs to /dev/full")


@pytest.mark.parametrize("case", ["pack", "unpack", "card"])
def test_a_device_is_no_place_to_write_to(
    case: str, unpacking: Scene, tmp_path: Path, tally: Tally
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    sources = [str(scene.source / f"{table}.csv") for table in TABLES]
    command = {
        "pack": ["pack", *sources, "--recipe", str(scene.recipe), "--to", "bob"],
        "unpack": ["unpack", str(scene.bundle)],
        "card": ["identity", "card"],
    }[case]
    for more in ([], ["--force"]):
        desk = scene.ann if case == "pack" else scene.bob
        outcome = scene.run(desk, [*command, "-o", "/dev/full", "--json", *more])
        assert outcome.code == 80, outcome
    assert Path("/dev/full").is_char_device()
    tally.count("crash", "outputs to /dev/full")
