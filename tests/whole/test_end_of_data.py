"""What was unpacked ends: `destroy` deletes it, and unfinished plaintext never outlasts a run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.whole.cli import Desk, two_desks

PACK = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick"]


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    return two_desks(tmp_path)


@pytest.fixture
def unpacked(desks: tuple[Desk, Desk]) -> str:
    """A bundle unpacked twice; its id."""
    ann, bob = desks
    packed = ann.json(*PACK)
    for folder in ("one", "two"):
        bob.run("unpack", packed["path"], "-o", folder)
    bundle_id: str = packed["bundle_id"]
    return bundle_id


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def killed_unpack(bob: Desk, bundle: Path, folder: Path) -> list[str]:
    """Unpack, killed as soon as there is plaintext; the names of what it left."""
    for _ in range(20):
        run = subprocess.Popen(
            [sys.executable, "-m", "securexfer", "unpack", str(bundle), "-o", str(folder)],
            env=bob.environment(),
            cwd=bob.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while run.poll() is None:
                if any(path.stat().st_size for path in folder.glob("*.partial")):
                    run.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.001)
        finally:
            run.kill()
            run.wait()
        if list(folder.glob("*.partial")):
            return names(folder)
        for path in folder.glob("*"):
            path.unlink()
    pytest.fail("the run was never caught in the middle")


class TestDestroy:
    def test_it_deletes_what_was_unpacked_and_records_it(
        self, desks: tuple[Desk, Desk], unpacked: str
    ) -> None:
        _, bob = desks
        (bob.folder / "two" / "datapackage.json").unlink()
        (bob.folder / "one" / "mine.txt").write_text("precious")
        result = bob.json("destroy", unpacked[:8])
        assert len(result["removed"]) == 3
        assert result["missing"] == [str(bob.folder / "two" / "datapackage.json")]
        (certificate,) = result["certificates"]
        assert names(bob.folder / "one") == ["mine.txt"]
        assert names(bob.folder / "two") == [Path(certificate).name]
        assert bob.json("register", "list")["entries"][-1]["event"] == "destroyed"
        assert b"every check held" in bob.run("register", "verify").stdout

    def test_doing_it_again_writes_the_certificate_again_and_records_nothing(
        self, desks: tuple[Desk, Desk], unpacked: str
    ) -> None:
        _, bob = desks
        bob.run("destroy", unpacked)
        n_entries = len(bob.json("register", "list")["entries"])
        again = bob.json("destroy", unpacked, "-o", "again.certificate")
        assert (again["removed"], again["missing"]) == ([], [])
        assert again["certificates"] == ["again.certificate"]
        assert (bob.folder / "again.certificate").exists()
        assert len(bob.json("register", "list")["entries"]) == n_entries

    def test_a_file_that_has_changed_stops_it_before_anything_is_deleted(
        self, desks: tuple[Desk, Desk], unpacked: str
    ) -> None:
        _, bob = desks
        table = bob.folder / "one" / "people.csv"
        table.write_text("my notes on them")
        run = bob.run("destroy", unpacked, check=80)
        assert b"nothing was deleted" in run.stderr.replace(b"\n", b" ")
        assert names(bob.folder / "one") == names(bob.folder / "two")
        assert table.read_text() == "my notes on them"
        assert len(bob.json("destroy", unpacked, "--force")["removed"]) == 4

    def test_a_link_in_a_files_place_is_not_followed(
        self, desks: tuple[Desk, Desk], unpacked: str
    ) -> None:
        _, bob = desks
        table, kept = bob.folder / "one" / "people.csv", bob.folder / "kept.csv"
        table.rename(kept)
        table.symlink_to(kept)
        bob.run("destroy", unpacked, check=80)
        bob.run("destroy", unpacked, "--force")
        assert kept.exists()

    def test_a_drive_that_is_not_plugged_in_is_not_taken_for_deleted(
        self, desks: tuple[Desk, Desk], unpacked: str
    ) -> None:
        _, bob = desks
        drive, away = bob.folder / "two", bob.folder / "in a drawer"
        drive.rename(away)
        run = bob.run("destroy", unpacked, check=80)
        assert b"Nothing was deleted" in b" ".join(run.stderr.split())
        assert len(names(bob.folder / "one")) == 3
        away.rename(drive)
        assert len(bob.json("destroy", unpacked)["removed"]) == 4

    def test_a_bundle_that_was_not_unpacked_here_is_named_as_that(
        self, desks: tuple[Desk, Desk], unpacked: str
    ) -> None:
        ann, bob = desks
        ann.run("destroy", unpacked, check=2)
        bob.run("destroy", "0" * 32, check=2)
        bob.run("destroy", "", check=2)

    def test_new_data_of_a_destroyed_bundle_can_be_destroyed_again(
        self, desks: tuple[Desk, Desk], unpacked: str
    ) -> None:
        _, bob = desks
        bob.run("destroy", unpacked)
        (bundle,) = (bob.folder / "stick").iterdir()
        bob.run("unpack", bundle, "-o", "one")
        assert len(bob.json("destroy", unpacked)["removed"]) == 2


@pytest.mark.parametrize("way", ["unpack", "destroy", "doctor", "doctor without passphrase"])
def test_what_a_killed_unpack_left_is_removed(
    desks: tuple[Desk, Desk], way: str, tally: Tally
) -> None:
    ann, bob = desks
    extract = b"id,name,born,town\n" + b"1,Ann,1980-02-03,York\n" * 400_000
    (ann.folder / "people.csv").write_bytes(extract)
    packed = ann.json(*PACK)
    bundle, folder = Path(packed["path"]), ann.folder / "killed"
    assert killed_unpack(bob, bundle, folder)
    if way == "unpack":
        bob.run("unpack", bundle, "-o", "again")
    elif way == "destroy":
        assert bob.json("destroy", packed["bundle_id"])["n_leftovers"] == 1
    elif way == "doctor":
        findings = bob.json("doctor")["findings"]
        assert {f["verdict"] for f in findings} == {"ok"}
        assert "1 unfinished" in findings[-1]["remark"]
    else:
        bob.secret.unlink()
        findings = json.loads(bob.run("doctor", "--json", check=30).stdout)["findings"]
        assert {f["name"]: f["verdict"] for f in findings}["passphrase"] == "problem"
    certificates = [f"sx-{packed['bundle_id'][:12]}.certificate"] if way == "destroy" else []
    assert names(folder) == certificates
    tally.count("crash", "leftovers of a killed unpack removed by unpack, destroy and doctor")


class TestDoctor:
    def test_plaintext_on_a_drive_that_is_away_stays_on_its_list(
        self, desks: tuple[Desk, Desk]
    ) -> None:
        ann, bob = desks
        rows = b"1,Ann,1980-02-03,York\n" * 400_000
        (ann.folder / "people.csv").write_bytes(b"id,name,born,town\n" + rows)
        folder, away = ann.folder / "killed", ann.folder / "in a drawer"
        killed_unpack(bob, Path(ann.json(*PACK)["path"]), folder)
        folder.rename(away)
        last = bob.json("doctor")["findings"][-1]
        assert (last["name"], last["verdict"]) == ("leftovers", "warning")
        away.rename(folder)
        assert bob.json("doctor")["findings"][-1]["verdict"] == "ok"
        assert names(folder) == []

    def test_a_home_in_order_is_ok_on_every_line(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        findings = ann.json("doctor")["findings"]
        # Of drives there are as many as this machine has.
        names = [f["name"] for f in findings if f["name"].split()[0] not in ("drive", "setting")]
        assert names == [
            "home",
            "home medium",
            "identity",
            "passphrase",
            "keyring",
            "contacts",
            "register",
            "clock",
            "libraries",
            "leftovers",
        ]
        assert {f["verdict"] for f in findings} == {"ok"}
        assert b"SECUREXFER_PASSPHRASE_FILE" in b"".join(ann.run("doctor").stdout.split())

    def test_an_empty_home_says_what_to_do(self, tmp_path: Path) -> None:
        run = Desk(tmp_path, "new").run("doctor", check=30)
        assert b"securexfer identity create" in b" ".join(run.stdout.split())

    def test_a_home_that_others_may_enter_is_a_warning(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        ann.home.chmod(0o755)
        assert ann.json("doctor")["findings"][0]["verdict"] == "warning"

    def test_a_damaged_register_is_a_problem(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        path = ann.home / "register.jsonl"
        path.write_bytes(b"{}\n" + path.read_bytes())
        ann.run("doctor", check=70)
