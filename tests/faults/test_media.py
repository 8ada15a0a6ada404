"""Media as they are: mounted for real, and asked about by the whole program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from securexfer.medium.medium import Kind, find_medium, list_drives
from tests.assurance import Tally
from tests.faults.drive import Faults
from tests.faults.invariants import Before as BeforeRun
from tests.faults.invariants import check_unpack
from tests.faults.mounts import BadDrive, ExfatStick, tmpfs, unmount
from tests.faults.pocket import STICK_BYTES, Pocket, plugged_in
from tests.faults.scene import DESCRIPTOR, TABLES, Outcome, Scene
from tests.faults.test_full import enlarge
from tests.whole.cli import Desk

REASON = "agreed with the controller, DSA-2026-014"


@contextmanager
def mounted(*arguments: str | Path) -> Iterator[Path]:
    """Something mounted, at the last of the arguments."""
    place = Path(arguments[-1])
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", *map(str, arguments)], check=True, timeout=60)
    try:
        yield place
    finally:
        unmount(place)


# -- what is found of what is mounted ------------------------------------------------------------


def test_memory(tmp_path: Path, tally: Tally) -> None:
    with tmpfs(tmp_path / "memory", 1024 * 1024) as mount:
        medium = find_medium(mount / "new" / "folder")
        assert (medium.kind, medium.file_system) == (Kind.MEMORY, "tmpfs")
        assert mount not in [drive.mount_point for drive in list_drives()]
    tally.count("media", "media mounted for real")


def test_an_exfat_image_is_on_the_medium_that_its_file_is_on(
    tmp_path: Path, tool: Callable[[str], str], tally: Tally
) -> None:
    stick = ExfatStick(tmp_path, STICK_BYTES, tool)
    with stick.plugged_in():
        medium = find_medium(stick.mount / "new")
        assert medium.kind is find_medium(tmp_path).kind
        assert medium.file_system == "fuseblk"
        assert medium.limits.keeps_modes is False
        assert stick.mount in [drive.mount_point for drive in list_drives()]
    tally.count("media", "media mounted for real")


@pytest.mark.parametrize(
    ("program", "source", "kind"),
    [
        ("sshfs", "ann@server:/home/ann", Kind.NETWORK),
        ("davfs", "https://server/dav", Kind.NETWORK),
        ("jmtpfs", "jmtpfs", Kind.REMOVABLE),
        ("encfs", "encfs", Kind.UNKNOWN),
        ("", "drive", Kind.UNKNOWN),
        ("", "server:/somewhere", Kind.NETWORK),
    ],
)
def test_a_program_that_serves_files(
    program: str, source: str, kind: Kind, tmp_path: Path, tally: Tally
) -> None:
    with BadDrive(tmp_path).plugged_in(Faults(program=program, source=source)) as mount:
        medium = find_medium(mount / "new")
        assert medium.kind is kind
        assert medium.file_system == (f"fuse.{program}" if program else "fuse")
        assert medium.label == (source if kind is Kind.NETWORK else "")
    tally.count("media", "media mounted for real")


def test_a_program_that_serves_another_folder(tmp_path: Path, tally: Tally) -> None:
    with tmpfs(tmp_path / "memory", 1024 * 1024) as below:
        faults = Faults(program="gocryptfs", source=str(below))
        with BadDrive(tmp_path).plugged_in(faults) as mount:
            assert find_medium(mount).kind is Kind.MEMORY
    tally.count("media", "media mounted for real")


def test_an_overlay_is_what_is_written_to(tmp_path: Path, tally: Tally) -> None:
    with tmpfs(tmp_path / "memory", 1024 * 1024) as memory:
        for name in ("lower", "upper", "work"):
            (memory / name).mkdir()
        options = f"lowerdir={memory}/lower,upperdir={memory}/upper,workdir={memory}/work"
        with mounted("-t", "overlay", "overlay", "-o", options, tmp_path / "live") as live:
            medium = find_medium(live / "new")
            assert (medium.kind, medium.file_system) == (Kind.MEMORY, "overlay")
    tally.count("media", "media mounted for real")


class TestHiddenMounts:
    """Names alone would mislead: the kernel is asked which mount a folder is on."""

    @pytest.fixture
    def share(self, tmp_path: Path) -> Iterator[Path]:
        drive = BadDrive(tmp_path)
        (drive.image / "within").mkdir()
        with drive.plugged_in(Faults(program="sshfs", source="server:/")) as mount:
            yield mount

    def test_a_folder_of_a_share_that_is_mounted_elsewhere(
        self, share: Path, tmp_path: Path
    ) -> None:
        with mounted("--bind", share / "within", tmp_path / "own") as own:
            assert find_medium(own).kind is Kind.NETWORK

    def test_a_mount_over_one_above_it(self, share: Path, tmp_path: Path) -> None:
        (tmp_path / "top").mkdir()
        with mounted("-t", "tmpfs", "tmpfs", tmp_path / "top" / "deep"):
            (tmp_path / "drive" / "within" / "deep").mkdir()
            with mounted("--bind", share / "within", tmp_path / "top"):
                # The older one is still in the list, at a longer name.
                assert find_medium(tmp_path / "top" / "deep").kind is Kind.NETWORK
                assert find_medium(tmp_path / "top" / "deep" / "new").kind is Kind.NETWORK

    def test_a_link_into_a_share(self, share: Path, tmp_path: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to(share / "within" / "new")
        assert find_medium(link / "er").kind is Kind.NETWORK

    def test_an_image_on_a_share(
        self, share: Path, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        folder = share / "within"
        stick = ExfatStick(tmp_path, 8 * 1024 * 1024, tool)
        stick.move_image(folder / "stick.img")
        with stick.plugged_in():
            assert find_medium(stick.mount).kind is Kind.NETWORK


# -- the whole program, and a pen drive ----------------------------------------------------------


@pytest.fixture
def pocket(
    request: pytest.FixtureRequest, tmp_path: Path, tool: Callable[[str], str]
) -> Iterator[Pocket]:
    # udev can say of it that it is formatted otherwise.
    with plugged_in(tmp_path, tool, file_system=getattr(request, "param", "exfat")) as pocket:
        yield pocket


def events(scene: Scene, name: str) -> list[tuple[str, Any]]:
    desk = scene.ann if name == "ann" else scene.bob
    return [(entry.event, entry.details) for entry in scene.register(desk).entries()]


def outputs(pocket: Pocket, tmp_path: Path) -> Iterator[tuple[str, Path, bool]]:
    """Ways to name a folder of the pen drive, and whether it is there."""
    (pocket.mount / "there").mkdir()
    yield "the drive", pocket.mount, True
    yield "a folder", pocket.mount / "there", True
    yield "no folder yet", pocket.mount / "not" / "there", False
    link = tmp_path / "link"
    link.symlink_to(pocket.mount / "there")
    yield "a link", link, True
    yield "below a link", link / "new", False
    with mounted("--bind", pocket.mount / "there", tmp_path / "own") as own:
        yield "a mounted folder", own, True
        yield "below a mounted folder", own / "new", False


def test_plaintext_does_not_go_to_a_pen_drive(
    pocket: Pocket, unpacking: Scene, tmp_path: Path, tally: Tally
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    for name, folder, is_there in outputs(pocket, tmp_path):
        before = sorted(pocket.mount.rglob("*"))
        recorded = events(scene, "bob")
        scene.out = folder
        outcome = scene.run(scene.bob, scene.unpack_arguments(), under=pocket.under())
        assert (outcome.code, outcome.error) == (80, "medium_refused"), name
        message = json.loads(outcome.output)["error"]
        assert "removable" in message["message"], name
        assert "--allow-medium" in message["hint"]
        assert sorted(pocket.mount.rglob("*")) == before, name
        assert folder.exists() is is_there
        ((event, details),) = events(scene, "bob")[len(recorded) :]
        assert (event, details["reason"]) == ("unpack-refused", "medium_refused")
        tally.count("media", "plaintext kept off a pen drive, the whole program")


def test_plaintext_goes_to_a_pen_drive_for_a_reason_and_that_is_recorded(
    pocket: Pocket, unpacking: Scene, tmp_path: Path, tally: Tally
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    scene.out = pocket.mount / "out"
    before = BeforeRun(scene)
    more = ["--allow-medium", "--reason", REASON]
    outcome = scene.run(scene.bob, scene.unpack_arguments(*more), under=pocket.under())
    assert outcome.code == 0, outcome
    result = only_json(outcome)
    medium = {"kind": "removable", "file_system": "exfat"}
    assert (result["medium"], result["medium_reason"]) == (medium, REASON)
    for event, details in events(scene, "bob")[-2:]:
        assert event in ("unpack-started", "unpacked")
        assert (details["medium"], details["medium_reason"]) == (medium, REASON)
    assert b"exfat keeps no access rights" in outcome.output
    written = {f"{t}.csv" for t in TABLES} | {DESCRIPTOR, scene.receipt().name}
    assert {path.name for path in scene.out.iterdir()} == written
    check_unpack(before, outcome)
    tally.count("media", "plaintext let onto a pen drive for a reason, the whole program")


def only_json(outcome: Outcome) -> dict[str, Any]:
    """The document among what was printed; notes come behind it."""
    found: dict[str, Any] = json.JSONDecoder().raw_decode(outcome.output.decode())[0]
    return found


def test_the_drive_that_a_bundle_left_on_is_recorded(
    pocket: Pocket, packing: Scene, tmp_path: Path, tally: Tally
) -> None:
    scene = packing.copy(tmp_path / "scene")
    scene.drive, scene.bundle = pocket.mount, pocket.mount / "bundle.zip"
    carrier = {
        "kind": "removable",
        "file_system": "exfat",
        "label": "ANN'S",
        "serial": "4C530001",
    }
    for more in (["--dry-run"], []):
        outcome = scene.run(scene.ann, scene.pack_arguments(*more), under=pocket.under())
        assert outcome.code == 0, outcome
        assert only_json(outcome)["carrier"] == carrier
        # A process serves it, whose memory nobody else can have dropped.
        assert (b"verify --outside" in outcome.output) is (not more)
    (event,) = [details for event, details in events(scene, "ann") if event == "packed"]
    assert event["carrier"] == carrier
    data = scene.bundle.read_bytes()
    assert b"4C530001" not in data
    assert b"ANN'S" not in data
    # The recipient is not told either.
    with scene._verified(scene.bob, scene.bundle) as verified:
        assert "4C530001" not in verified.manifest.model_dump_json()
    tally.count("media", "drives recorded, the whole program")


def test_the_drives_that_are_plugged_in_are_listed(
    pocket: Pocket, packing: Scene, tmp_path: Path
) -> None:
    scene = packing.copy(tmp_path / "scene")
    outcome = scene.run(scene.ann, ["doctor", "--json"], under=pocket.under())
    assert outcome.code == 0, outcome
    document = only_json(outcome)
    (drive,) = [one for one in document["drives"] if one["mount_point"] == str(pocket.mount)]
    assert (drive["kind"], drive["label"], drive["serial"]) == ("removable", "ANN'S", "4C530001")
    assert 0 < drive["n_bytes_free"] <= STICK_BYTES
    remarks = [one["remark"] for one in document["findings"] if one["name"] == "drive"]
    assert any(f"{pocket.mount}: removable, exfat, label ANN'S" in text for text in remarks)


def test_a_home_on_a_pen_drive_is_a_warning(pocket: Pocket, tmp_path: Path) -> None:
    desk = Desk(tmp_path, "ann")
    desk.home = pocket.mount / "home"
    run = subprocess.run(
        [*pocket.under(), sys.executable, "-m", "securexfer", "doctor", "--json"],
        env=desk.environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    (finding,) = [one for one in json.loads(run.stdout)["findings"] if one["name"] == "home medium"]
    assert finding["verdict"] == "warning"
    assert "removable, exfat, label ANN'S" in finding["remark"]


@pytest.mark.parametrize("pocket", ["vfat"], indirect=True)
@pytest.mark.parametrize(("n_gib", "more"), [(5, ["--dry-run"]), (40, ["--dry-run"]), (40, [])])
def test_what_does_not_fit_into_one_file_of_fat32_is_known_before(
    n_gib: int, more: list[str], pocket: Pocket, packing: Scene, tmp_path: Path, tally: Tally
) -> None:
    scene = packing.copy(tmp_path / "scene")
    scene.drive, scene.bundle = pocket.mount, pocket.mount / "bundle.zip"
    enlarge(scene, 17 * 1024 * 1024)
    # The rest of it takes up no room, and would be refused as soon as it is read.
    os.truncate(scene.source / f"{TABLES[0]}.csv", n_gib * 2**30)
    outcome = scene.run(scene.ann, scene.pack_arguments(*more), under=pocket.under())
    if n_gib == 40:
        assert (outcome.code, outcome.error) == (80, "file_too_large"), outcome
        assert b"FAT32 allows no file of more than 4,294,967,295 bytes (4 GiB - 1)" in (
            outcome.output
        )
    else:
        assert (outcome.code, outcome.error) == (20, "record_too_long"), outcome
        assert b"may not fit into one file. FAT32 allows" in outcome.output
    assert list(pocket.mount.iterdir()) == []
    assert "packed" not in [event for event, _ in events(scene, "ann")]
    tally.count("media", "bundles too large for FAT32, known before, the whole program")


# -- the whole program, and shares ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "source", "kind"),
    [("sshfs", "ann@server:/home", "network"), ("jmtpfs", "jmtpfs", "removable")],
)
def test_plaintext_does_not_go_to_a_share_or_a_telephone(
    program: str, source: str, kind: str, unpacking: Scene, tmp_path: Path, tally: Tally
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    drive = BadDrive(tmp_path)
    with drive.plugged_in(Faults(program=program, source=source)) as mount:
        scene.out = mount / "out"
        outcome = scene.run(scene.bob, scene.unpack_arguments())
        assert (outcome.code, outcome.error) == (80, "medium_refused")
        assert f"does not go to: {kind}, fuse.{program}".encode() in outcome.output
        assert list(mount.iterdir()) == []
        more = ["--allow-medium", "--reason", REASON]
        outcome = scene.run(scene.bob, scene.unpack_arguments(*more))
        assert outcome.code == 0, outcome
    assert drive.changes()
    tally.count("media", "plaintext kept off shares and telephones, the whole program")


def test_nobody_knows_what_medium_it_is_and_that_is_said(unpacking: Scene, tmp_path: Path) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    with BadDrive(tmp_path).plugged_in(Faults(program="encfs", source="encfs")) as mount:
        scene.out = mount / "out"
        outcome = scene.run(scene.bob, scene.unpack_arguments())
        assert outcome.code == 0, outcome
        assert b"Nobody can tell what kind of medium" in outcome.output
        assert only_json(outcome)["medium"] == {"kind": "unknown", "file_system": "fuse.encfs"}


# -- files that may not become larger ------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 60 * 1024])
def test_a_bundle_that_reaches_the_largest_file_there_may_be(
    room: int, packing: Scene, tmp_path: Path, tool: Callable[[str], str], tally: Tally
) -> None:
    scene = packing.copy(tmp_path / "scene")
    enlarge(scene, 120 * 1024)
    limit = [tool("prlimit"), f"--fsize={room}:{room}"]
    outcome = scene.run(scene.ann, scene.pack_arguments(), under=limit)
    assert (outcome.code, outcome.error) == (80, "file_too_large"), outcome
    assert b"4 GiB - 1" in outcome.output
    assert b"File too large" not in outcome.output
    assert list(scene.drive.iterdir()) == []
    assert "packed" not in [event for event, _ in events(scene, "ann")]
    assert scene.run(scene.ann, scene.pack_arguments()).code == 0
    tally.count("media", "files that may not become larger")


def test_a_table_that_reaches_the_largest_file_there_may_be(
    unpacking: Scene, tmp_path: Path, tool: Callable[[str], str], tally: Tally
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    scene.bundle.unlink()
    enlarge(scene, 120 * 1024)
    scene.pack()
    before = BeforeRun(scene)
    limit = [tool("prlimit"), f"--fsize={60 * 1024}:{60 * 1024}"]
    outcome = scene.run(scene.bob, scene.unpack_arguments(), under=limit)
    assert (outcome.code, outcome.error) == (80, "file_too_large"), outcome
    check_unpack(before, outcome)
    tally.count("media", "files that may not become larger")
