"""Drives as they are: pulled out, unreadable, lying, or slow."""

from __future__ import annotations

import random
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from securexfer.instant import system_clock
from securexfer.leftovers import sweep_leftovers
from securexfer.reporting import SilentReporter
from tests.assurance import Tally
from tests.faults.drive import Faults
from tests.faults.invariants import Before, check_pack, check_unpack, check_words
from tests.faults.mounts import BadDrive, ExfatStick
from tests.faults.scene import Outcome, Scene, finish
from tests.faults.test_full import enlarge, place_drive

STICK_BYTES = 64 * 1024 * 1024
TABLE_BYTES = 12 * 1024 * 1024
PATIENCE_SECONDS = 5.0
# From when a file is opened to about when it has been written, or read into memory.
WRITING_SECONDS, READING_SECONDS = 0.3, 0.06


@pytest.fixture
def large(packing: Scene, tmp_path: Path) -> Scene:
    """A scene whose bundle takes a while to write and to read."""
    scene = packing.copy(tmp_path / "large")
    enlarge(scene, TABLE_BYTES)
    return scene


# -- pen drives ----------------------------------------------------------------------------------


def test_a_bundle_travels_on_an_exfat_stick(
    packing: Scene, tmp_path: Path, tool: Callable[[str], str], tally: Tally
) -> None:
    scene, stick = packing.copy(tmp_path / "scene"), ExfatStick(tmp_path, STICK_BYTES, tool)
    place_drive(scene, stick.mount)
    with stick.plugged_in():
        before = Before(scene)
        outcome = scene.run(scene.ann, scene.pack_arguments())
        assert outcome.code == 0
        check_pack(before, outcome)
        # It has no modes, and one name for two spellings.
        assert stat.S_IMODE(scene.bundle.stat().st_mode) == 0o777
        assert (stick.mount / "BUNDLE.ZIP").exists()
    with stick.plugged_in():
        for command in (["verify"], ["verify", "--outside"], ["inspect"]):
            assert scene.run(scene.bob, [*command, str(scene.bundle), "--json"]).code == 0
        before = Before(scene)
        outcome = scene.run(scene.bob, scene.unpack_arguments())
        assert outcome.code == 0
        check_unpack(before, outcome)
    tally.count("crash", "pen drives, plugged in again")


def test_a_stick_is_pulled_out_while_packing(
    large: Scene, tmp_path: Path, tool: Callable[[str], str], soak: bool, tally: Tally
) -> None:
    chance, n_unplugged = random.Random("pack"), 25 if soak else 3
    codes: set[int] = set()
    left: set[str] = set()
    for number in moments(n_unplugged, lambda: 80 in codes):
        folder = tmp_path / f"{number}"
        scene, stick = large.copy(folder), ExfatStick(folder, STICK_BYTES, tool)
        place_drive(scene, stick.mount)
        partial = scene.bundle.with_name("bundle.zip.partial")
        with stick.plugged_in():
            before = Before(scene)
            process = scene.start(scene.ann, scene.pack_arguments())
            outcome = pull_out(stick, process, partial, chance.random() * WRITING_SECONDS)
        codes.add(outcome.code)
        stick.repair()
        with stick.plugged_in():
            left.update(path.name for path in stick.mount.iterdir())
            check_pack(before, what_is_left(outcome))
    assert codes <= {0, 80}
    assert 80 in codes
    assert left <= {"bundle.zip", "bundle.zip.partial"}
    tally.count("crash", "pen drives pulled out", n_unplugged)


def test_a_stick_is_pulled_out_while_unpacking(
    large: Scene, tmp_path: Path, tool: Callable[[str], str], soak: bool, tally: Tally
) -> None:
    chance, n_unplugged = random.Random("unpack"), 25 if soak else 3
    stick = ExfatStick(tmp_path, STICK_BYTES, tool)
    place_drive(large, stick.mount)
    with stick.plugged_in():
        large.pack()
    codes: set[int] = set()
    for number in moments(n_unplugged, lambda: 80 in codes):
        scene = large.copy(tmp_path / f"{number}")
        place_drive(scene, stick.mount)
        with stick.plugged_in():
            before = Before(scene)
        with stick.plugged_in():  # anew, so that nothing of it is in memory
            process = scene.start(scene.bob, scene.unpack_arguments())
            outcome = pull_out(stick, process, scene.bundle, chance.random() * READING_SECONDS)
        codes.add(outcome.code)
        with stick.plugged_in():
            check_unpack(before, outcome)
    assert codes <= {0, 50, 80}
    assert 80 in codes
    tally.count("crash", "pen drives pulled out", n_unplugged)


def test_a_stick_is_pulled_out_while_it_is_unpacked_to(
    large: Scene, tmp_path: Path, tool: Callable[[str], str], soak: bool, tally: Tally
) -> None:
    chance, n_unplugged = random.Random("output"), 20 if soak else 2
    large.pack()
    partials: set[Path] = set()
    for number in moments(n_unplugged, lambda: bool(partials)):
        folder = tmp_path / f"{number}"
        scene, stick = large.copy(folder), ExfatStick(folder, STICK_BYTES, tool)
        scene.out = stick.mount / "out"
        with stick.plugged_in():
            before = Before(scene)
            process = scene.start(scene.bob, scene.unpack_arguments())
            partial = scene.out / "people.csv.partial"
            outcome = pull_out(stick, process, partial, chance.random() * WRITING_SECONDS)
        stick.repair()
        # While it is not plugged in, nobody takes what is on it for removed.
        sweep_leftovers(
            scene.identity(scene.bob),
            scene.register(scene.bob),
            clock=system_clock,
            reporter=SilentReporter(),
        )
        with stick.plugged_in():
            partials.update(scene.out.glob("*.partial"))
            check_unpack(before, what_is_left(outcome))
    assert partials
    tally.count("crash", "pen drives pulled out", n_unplugged)


def moments(n_least: int, has_struck: Callable[[], bool]) -> Iterator[int]:
    """So many, and more until one has struck in the midst: how fast a run is, nobody knows."""
    for number in range(n_least + 20):
        if number < n_least or not has_struck():
            yield number


def pull_out(stick: ExfatStick, process: Popen[bytes], file: Path, after_seconds: float) -> Outcome:
    """Pull the stick out some time after the run has opened a file of it."""
    while process.poll() is None and not has_open(process, file):
        time.sleep(0.001)
    time.sleep(after_seconds)
    stick.unplug()
    begun_at = time.monotonic()
    outcome = finish(process)
    assert time.monotonic() - begun_at < PATIENCE_SECONDS, "it hangs"
    check_words(outcome)
    return outcome


def has_open(process: Popen[bytes], file: Path) -> bool:
    try:
        descriptors = list(Path(f"/proc/{process.pid}/fd").iterdir())
        return any(path.readlink() == file for path in descriptors)
    except FileNotFoundError:
        return False


def what_is_left(outcome: Outcome) -> Outcome:
    """On a drive that has gone nothing can be tidied up: what holds after a kill has to do."""
    return outcome if outcome.code == 0 else Outcome(-9, outcome.output, "")


# -- drives that can't be read, or lie -----------------------------------------------------------


@pytest.fixture
def bad_drive(tmp_path: Path) -> BadDrive:
    return BadDrive(tmp_path)


def offsets(size: int, n_offsets: int) -> list[int]:
    """Spread over a file, its first and last byte among them."""
    return [(size - 1) * n // (n_offsets - 1) for n in range(n_offsets)]


def test_a_bundle_with_a_sector_that_can_not_be_read(
    unpacking: Scene, bad_drive: BadDrive, tmp_path: Path, soak: bool, tally: Tally
) -> None:
    data = unpacking.bundle.read_bytes()
    (bad_drive.image / "bundle.zip").write_bytes(data)
    places = offsets(len(data), 40 if soak else 3)
    for number, place in enumerate(places):
        scene = unpacking.copy(tmp_path / f"{number}")
        place_drive(scene, bad_drive.mount)
        with bad_drive.plugged_in():
            before = Before(scene)
        with bad_drive.plugged_in(Faults(unreadable_at=place)):
            for command in ("inspect", "verify"):
                outcome = scene.run(scene.bob, [command, str(scene.bundle), "--json"])
                check_words(outcome)
                assert (outcome.code, outcome.error) == (80, "output_failed")
            outcome = scene.run(scene.bob, scene.unpack_arguments())
        assert (outcome.code, outcome.error) == (80, "output_failed")
        assert b"Reading the bundle failed" in outcome.output
        with bad_drive.plugged_in():
            check_unpack(before, outcome)
    tally.count("crash", "bundles with an unreadable sector", len(places))


@pytest.mark.parametrize("page_cache", [False, True])
@pytest.mark.parametrize("lie", ["flips a bit", "loses its end"])
def test_a_drive_that_stores_something_else_is_found_out(
    lie: str,
    page_cache: bool,
    packing: Scene,
    bad_drive: BadDrive,
    tmp_path: Path,
    soak: bool,
    tally: Tally,
) -> None:
    template = packing.copy(tmp_path / "scene")
    # Large enough that the kernel keeps whole pages of it.
    enlarge(template, 100 * 1024)
    template.pack()
    # One bundle is as long as the next.
    places = offsets(template.bundle.stat().st_size, 40 if soak else 3)
    template.bundle.unlink()
    for number, place in enumerate(places):
        scene = template.copy(tmp_path / f"{number}")
        place_drive(scene, bad_drive.mount)
        faults = Faults(
            flip_written_at=place if lie == "flips a bit" else -1,
            true_bytes=place if lie == "loses its end" else -1,
            page_cache=page_cache,
        )
        with bad_drive.plugged_in(faults):
            before = Before(scene)
            outcome = scene.run(scene.ann, scene.pack_arguments())
            assert (outcome.code, outcome.error) == (80, "read_back_failed")
            assert list(bad_drive.mount.iterdir()) == []
            check_pack(before, outcome, stuck=True)
    tally.count("crash", "drives that store something else", len(places))


def test_a_drive_that_reads_differently_each_time_is_found_out(
    unpacking: Scene, bad_drive: BadDrive, tmp_path: Path, soak: bool, tally: Tally
) -> None:
    data = unpacking.bundle.read_bytes()
    (bad_drive.image / "bundle.zip").write_bytes(data)
    places = offsets(len(data), 30 if soak else 3)
    n_refused = 0
    for place in places:
        # Wrong from the first reading on, from the second on, … until it is read no more.
        for n_right in range(20):
            scene = unpacking.copy(tmp_path / f"{place}-{n_right}")
            place_drive(scene, bad_drive.mount)
            with bad_drive.plugged_in():
                before = Before(scene)
            with bad_drive.plugged_in(Faults(flip_read_at=place, flip_read_after=n_right)):
                outcome = scene.run(scene.bob, scene.unpack_arguments())
            with bad_drive.plugged_in():
                check_unpack(before, outcome)
            if outcome.code == 0:
                break
            assert outcome.code in (50, 60)
            n_refused += 1
        assert outcome.code == 0
        assert n_right > 0, "it was never read"
    tally.count("crash", "drives that read differently each time", n_refused)


@pytest.mark.parametrize(
    ("command", "what", "code"),
    [("pack", "source", 0), ("pack", "drive", 80), ("unpack", "drive", 0)],
)
def test_a_drive_that_fails_when_a_file_is_closed_matters_only_where_it_was_written(
    command: str,
    what: str,
    code: int,
    packing: Scene,
    unpacking: Scene,
    bad_drive: BadDrive,
    tmp_path: Path,
    tally: Tally,
) -> None:
    scene = (packing if command == "pack" else unpacking).copy(tmp_path / "scene")
    for path in (scene.folder / what).iterdir():
        shutil.copy(path, bad_drive.image)
    if what == "drive":
        place_drive(scene, bad_drive.mount)
    else:
        scene.source = bad_drive.mount
    desk, arguments, check = {
        "pack": (scene.ann, scene.pack_arguments(), check_pack),
        "unpack": (scene.bob, scene.unpack_arguments(), check_unpack),
    }[command]
    with bad_drive.plugged_in():
        before = Before(scene)
    with bad_drive.plugged_in(Faults(close_fails=True)):
        outcome = scene.run(desk, arguments)
    with bad_drive.plugged_in():
        check(before, outcome)
    assert outcome.code == code
    tally.count("crash", "drives that fail when a file is closed")


def test_a_slow_drive_is_no_failing_drive(
    packing: Scene, bad_drive: BadDrive, tmp_path: Path, soak: bool, tally: Tally
) -> None:
    scene = packing.copy(tmp_path / "scene")
    place_drive(scene, bad_drive.mount)
    with bad_drive.plugged_in(Faults(stall_seconds=0.5 if soak else 0.1)):
        outcome = scene.run(scene.ann, scene.pack_arguments())
        assert outcome.code == 0
        outcome = scene.run(scene.bob, scene.unpack_arguments())
        assert outcome.code == 0
    with bad_drive.plugged_in():
        scene.check_bundle()
    tally.count("crash", "slow drives", 2)
