"""`destroy` goes on only once nothing beside the files holds the same."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from securexfer.copies import find_copies
from securexfer.errors import OutputError
from securexfer.reporting import SilentReporter
from securexfer.residue import UnpackedFile, hash_plain
from tests.unit.pictures import jpeg, png
from tests.whole.cli import Desk, meet
from tests.world import recipe_text

RECIPE = recipe_text(
    {
        "staff": {
            "person": '{ from = "id", action = "pseudonymise", domain = "person" }',
            "picture": '{ from = "photo", action = "attach", root = "photos" }',
        }
    }
)
QUIET = SilentReporter()
FILES = ["datapackage.json", "staff-attachments.tar", "staff.csv"]


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    ann, bob = meet(tmp_path, "ann", "bob")
    for folder in ("photos", "stick"):
        (tmp_path / folder).mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(jpeg())
    (tmp_path / "photos" / "two.png").write_bytes(png())
    (tmp_path / "staff.csv").write_text("id,photo\n1,one.jpg\n2,two.png\n")
    (tmp_path / "staff.toml").write_text(RECIPE)
    return ann, bob


@pytest.fixture
def bundle_id(desks: tuple[Desk, Desk]) -> str:
    """A bundle unpacked to `in`."""
    return unpack(desks, "in")


def unpack(desks: tuple[Desk, Desk], folder: str) -> str:
    ann, bob = desks
    command = ["pack", "staff.csv", "--recipe", "staff.toml", "--to", "bob", "-o", "stick"]
    packed = ann.json(*command)
    bob.run("unpack", packed["path"], "-o", folder)
    bundle_id: str = packed["bundle_id"]
    return bundle_id


def whats_there(bob: Desk) -> list[str]:
    return sorted(path.name for path in (bob.folder / "in").iterdir() if path.name in FILES)


def refused(bob: Desk, bundle_id: str) -> str:
    """The error of a `destroy` that deletes nothing."""
    error: dict[str, Any] = bob.json("destroy", bundle_id, check=80)["error"]
    assert whats_there(bob) == FILES
    assert bob.json("register", "list")["entries"][-1]["event"] == "unpacked"
    message: str = error["message"]
    return message


@pytest.mark.parametrize("name", ["staff copy.csv", "analysis/2026/x.bin"])
def test_a_copy_of_a_table_by_whatever_name(
    desks: tuple[Desk, Desk], bundle_id: str, name: str
) -> None:
    _, bob = desks
    copy = bob.folder / "in" / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(bob.folder / "in" / "staff.csv", copy)
    assert refused(bob, bundle_id).startswith(f"{copy} is a copy of what was unpacked")
    copy.unlink()
    result = bob.json("destroy", bundle_id)
    assert len(result["removed"]) == 3
    assert result["is_new"] is True
    assert bob.json("destroy", bundle_id, "-o", "again.certificate")["is_new"] is False


def test_files_that_were_taken_out_of_an_archive(desks: tuple[Desk, Desk], bundle_id: str) -> None:
    _, bob = desks
    with tarfile.open(bob.folder / "in" / "staff-attachments.tar") as tar:
        tar.extractall(bob.folder / "in" / "photos", filter="data")
    assert "2 such files" in refused(bob, bundle_id)
    bob.run("destroy", bundle_id, "--force", check=80)
    assert len(bob.json("destroy", bundle_id, "--keep-copies")["removed"]) == 3
    assert len(list((bob.folder / "in" / "photos").iterdir())) == 2


def test_ten_of_them_are_named(desks: tuple[Desk, Desk], bundle_id: str) -> None:
    _, bob = desks
    for number in range(12):
        shutil.copy(bob.folder / "in" / "staff.csv", bob.folder / "in" / f"mine-{number:02}.csv")
    said = " ".join(bob.run("destroy", bundle_id, check=80).stderr.decode().split())
    assert "12 such files" in said
    assert "mine-09.csv" in said
    assert "mine-10.csv" not in said


def test_a_file_that_got_another_name(desks: tuple[Desk, Desk], bundle_id: str) -> None:
    _, bob = desks
    (bob.folder / "in" / "later").mkdir()
    moved = (bob.folder / "in" / "staff.csv").rename(bob.folder / "in" / "later" / "mine.csv")
    error = bob.json("destroy", bundle_id, check=80)["error"]
    assert error["message"].startswith(f"{moved} is a copy of what was unpacked")
    moved.unlink()
    assert len(bob.json("destroy", bundle_id)["missing"]) == 1


def test_what_a_killed_unpack_left_is_no_copy_and_is_deleted(
    desks: tuple[Desk, Desk], bundle_id: str
) -> None:
    _, bob = desks
    again = bob.folder / "in" / "again"
    (bundle,) = (bob.folder / "stick").glob("*.zip")
    renames = "inject=rename,renameat,renameat2:signal=SIGKILL:when=1"
    tables = [str(again / f"{name}.partial") for name in FILES]
    paths = [part for path in tables for part in ("-P", path)]
    command = [sys.executable, "-m", "securexfer", "unpack", str(bundle), "-o", str(again)]
    subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", *paths, "-e", renames, *command],
        env=bob.environment(),
        cwd=bob.folder,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert list(again.glob("*.partial"))
    assert bob.json("destroy", bundle_id)["n_leftovers"] >= 1
    assert not list(again.glob("*.partial"))


@pytest.mark.skipif(os.name != "posix", reason="asks whose a file is")
def test_one_that_can_not_be_read_is_not_taken_for_none(
    desks: tuple[Desk, Desk], bundle_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bob = desks
    folder = bob.folder / "in"
    there = [UnpackedFile(folder / "staff.csv", hash_plain(folder / "staff.csv", QUIET))]
    shutil.copy(folder / "staff.csv", folder / "mine.csv")
    honest = Path.open

    def fail(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "mine.csv":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return honest(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(OutputError, match=r"mine\.csv can't be read"):
        find_copies([], there, [], QUIET)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert find_copies([], there, [], QUIET) == [folder / "staff.csv"]


def test_what_another_bundle_was_unpacked_to_is_none(desks: tuple[Desk, Desk]) -> None:
    _, bob = desks
    first, second = unpack(desks, "in"), unpack(desks, "in/later")
    shutil.copy(bob.folder / "in" / "staff-attachments.tar", bob.folder / "same.tar")
    assert len(bob.json("destroy", first)["removed"]) == 3
    assert len(bob.json("destroy", second)["removed"]) == 3
    # What a destroyed bundle left is nobody's any more.
    third = unpack(desks, "in")
    shutil.copy(bob.folder / "in" / "staff.csv", bob.folder / "in" / "later" / "staff.csv")
    assert "later/staff.csv is a copy of what was unpacked" in refused(bob, third)


def test_what_is_as_large_and_says_something_else_is_none(
    desks: tuple[Desk, Desk], bundle_id: str
) -> None:
    _, bob = desks
    data = (bob.folder / "in" / "staff.csv").read_bytes()
    (bob.folder / "in" / "mine.csv").write_bytes(data[:-2] + b"?\n")
    assert len(bob.json("destroy", bundle_id)["removed"]) == 3
    assert (bob.folder / "in" / "mine.csv").exists()


def test_no_link_is_followed(desks: tuple[Desk, Desk], bundle_id: str) -> None:
    _, bob = desks
    elsewhere = bob.folder / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(bob.folder / "in" / "staff.csv", elsewhere / "staff.csv")
    (bob.folder / "in" / "way").symlink_to(elsewhere)
    (bob.folder / "in" / "file").symlink_to(elsewhere / "staff.csv")
    (bob.folder / "in" / "round").symlink_to(bob.folder / "in")
    assert len(bob.json("destroy", bundle_id)["removed"]) == 3
    assert (elsewhere / "staff.csv").exists()


def test_a_folder_named_by_a_link_is_looked_through(desks: tuple[Desk, Desk]) -> None:
    _, bob = desks
    (bob.folder / "in").mkdir()
    (bob.folder / "way").symlink_to(bob.folder / "in")
    bundle_id = unpack(desks, "way")
    shutil.copy(bob.folder / "in" / "staff.csv", bob.folder / "in" / "mine.csv")
    assert "mine.csv is a copy of what was unpacked" in refused(bob, bundle_id)
