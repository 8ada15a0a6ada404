"""`drive check` and `pack --check-drive`, as the program runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.drives.making import csv_bytes
from tests.drives.person import make_people
from tests.drives.planted_tables import people_rows
from tests.whole.cli import EXTRACT, RECIPE, Desk, meet

PEOPLE = make_people(Random(11), 8)
TABLE = csv_bytes(people_rows(PEOPLE))


@pytest.fixture
def ann(tmp_path: Path) -> Desk:
    ann, _ = meet(tmp_path, "ann", "bob")
    (tmp_path / "people.csv").write_bytes(EXTRACT)
    (tmp_path / "people.toml").write_text(RECIPE)
    (tmp_path / "stick").mkdir()
    return ann


def test_a_clean_drive(ann: Desk) -> None:
    (ann.folder / "stick" / "notes.txt").write_text("Pumps checked, all well.\n")
    run = ann.run("drive", "check", "stick")
    assert b"Looked at:  1 file, " in run.stdout
    document = ann.json("register", "list")
    entry = document["entries"][-1]
    assert entry["event"] == "drive-checked"
    assert (entry["details"]["n_files"], entry["details"]["n_findings"]) == (1, 0)
    assert entry["details"]["keys_found"] == 0


def test_findings_and_the_exit_code(ann: Desk) -> None:
    (ann.folder / "stick" / "people.csv").write_bytes(TABLE)
    (ann.folder / "stick" / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(90))
    run = ann.run("drive", "check", "stick", check=90)
    assert b"people.csv" in run.stdout
    assert b"a.7z" in run.stdout
    assert b"Error: 1 of 2 files" in run.stderr
    document = ann.json("drive", "check", "stick", check=90)
    assert document["error"]["code"] == "drive_not_clean"
    assert document["n_unjudged"] == 1
    for said in (run.stdout, run.stderr, json.dumps(document).encode(), register_of(ann)):
        for value in values():
            assert value.encode() not in said, "a value"


def test_only_what_can_not_be_judged(ann: Desk) -> None:
    (ann.folder / "stick" / "a.rar").write_bytes(b"Rar!\x1a\x07\x01" + bytes(90))
    document = ann.json("drive", "check", "stick", check=90)
    assert document["error"]["code"] == "drive_not_judged"


def test_without_an_identity_it_is_not_recorded(tmp_path: Path) -> None:
    nobody = Desk(tmp_path, "nobody")
    (tmp_path / "stick").mkdir()
    run = nobody.run("drive", "check", "stick")
    assert b"not recorded" in run.stderr
    assert not nobody.home.exists()


def test_a_drive_that_is_not_there(ann: Desk) -> None:
    document = ann.json("drive", "check", "nothing", check=80)
    assert document["error"]["code"] == "drive_missing"


def test_names_of_files_can_not_repaint_the_terminal(ann: Desk) -> None:
    (ann.folder / "stick" / "a\x1b[2J\n.csv").write_bytes(TABLE)
    run = ann.run("drive", "check", "stick", check=90)
    assert b"\x1b" not in run.stdout + run.stderr


class TestPack:
    def pack(self, ann: Desk, *more: str, check: int = 0) -> dict[str, object]:
        order = ("people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
        return ann.json("pack", *order, "--check-drive", *more, check=check)

    def test_a_clean_drive_is_on_record(self, ann: Desk) -> None:
        done = self.pack(ann)
        entry = ann.json("register", "list")["entries"][-1]
        assert entry["details"]["drive_check"]["n_findings"] == 0
        assert entry["details"]["drive_check"]["keys_found"] == 0
        report = ann.run("breach-report", str(done["bundle_id"])).stdout
        assert b"none was found when the bundle's folder on the drive was searched" in report

    def test_what_lies_in_clear_is_refused_before_anything_is_written(self, ann: Desk) -> None:
        (ann.folder / "stick" / "old").mkdir()
        (ann.folder / "stick" / "old" / "people.csv").write_bytes(TABLE)
        before = sorted((ann.folder / "stick").rglob("*"))
        for more in ((), ("--dry-run",)):
            document = self.pack(ann, *more, check=90)
            assert document["error"]["code"] == "drive_not_clean"  # type: ignore[index]
            assert sorted((ann.folder / "stick").rglob("*")) == before
        entry = ann.json("register", "list")["entries"][-1]
        assert (entry["event"], entry["details"]["n_findings"]) == ("drive-checked", 1)

    def test_a_bundle_that_is_there_does_not_stand_in_the_way(self, ann: Desk) -> None:
        self.pack(ann)
        self.pack(ann)
        assert len(list((ann.folder / "stick").glob("*.zip"))) == 2

    def test_the_recipients_key_on_the_drive_is_refused(self, ann: Desk) -> None:
        identity = next((ann.folder / "home-bob").rglob("identity*"))
        (ann.folder / "stick" / "backup.json").write_bytes(identity.read_bytes())
        self.pack(ann, check=90)
        entry = ann.json("register", "list")["entries"][-1]
        assert entry["details"]["keys_found"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_stop_leaves_no_process(ann: Desk) -> None:
    for number in range(60):
        (ann.folder / "stick" / f"{number}.csv").write_bytes(TABLE * 300)
    process = subprocess.Popen(
        [sys.executable, "-m", "securexfer", "drive", "check", "stick"],
        cwd=ann.folder,
        env=ann.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(members_of(process.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(members_of(process.pid)) >= 3
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[0] == b""
    assert process.returncode == 130
    while members_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert members_of(process.pid) == []


def members_of(session: int) -> list[int]:
    """Processes of a session that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(path.parent.name))
    return found


def register_of(ann: Desk) -> bytes:
    return (ann.home / "register.jsonl").read_bytes()


def values() -> list[str]:
    return [value for p in PEOPLE for value in (p.surname, p.dob, p.postcode, p.street)]
