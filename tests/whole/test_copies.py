"""`destroy` goes on only once nothing beside the files holds the same."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

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
    assert (result["is_new"], result["copies"]) == (True, [])
    assert bob.json("destroy", bundle_id, "-o", "again.certificate")["is_new"] is False


def test_files_that_were_taken_out_of_an_archive(desks: tuple[Desk, Desk], bundle_id: str) -> None:
    _, bob = desks
    with tarfile.open(bob.folder / "in" / "staff-attachments.tar") as tar:
        tar.extractall(bob.folder / "in" / "photos", filter="data")
    assert "2 such files" in refused(bob, bundle_id)
    kept = sorted(map(str, (bob.folder / "in" / "photos").iterdir()))
    result = bob.json("destroy", bundle_id, "--force")
    assert result["copies"] == kept
    assert len(result["removed"]) == 3
    assert all(Path(path).exists() for path in kept)


def test_for_people_it_says_what_stays(desks: tuple[Desk, Desk], bundle_id: str) -> None:
    _, bob = desks
    for number in range(12):
        shutil.copy(bob.folder / "in" / "staff.csv", bob.folder / "in" / f"mine-{number:02}.csv")
    said = " ".join(bob.run("destroy", bundle_id, "--force").stdout.decode().split())
    assert "mine-09.csv, a copy of what was unpacked" in said
    assert "mine-10.csv" not in said
    assert "Kept: 2 more copies" in said


def test_what_another_bundle_was_unpacked_to_is_none(desks: tuple[Desk, Desk]) -> None:
    _, bob = desks
    first, second = unpack(desks, "in"), unpack(desks, "in/later")
    shutil.copy(bob.folder / "in" / "staff-attachments.tar", bob.folder / "same.tar")
    assert bob.json("destroy", first)["copies"] == []
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
    assert bob.json("destroy", bundle_id)["copies"] == []
    assert (bob.folder / "in" / "mine.csv").exists()


def test_no_link_is_followed(desks: tuple[Desk, Desk], bundle_id: str) -> None:
    _, bob = desks
    elsewhere = bob.folder / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(bob.folder / "in" / "staff.csv", elsewhere / "staff.csv")
    (bob.folder / "in" / "way").symlink_to(elsewhere)
    (bob.folder / "in" / "file").symlink_to(elsewhere / "staff.csv")
    (bob.folder / "in" / "round").symlink_to(bob.folder / "in")
    assert bob.json("destroy", bundle_id)["copies"] == []
    assert (elsewhere / "staff.csv").exists()


def test_a_folder_named_by_a_link_is_looked_through(desks: tuple[Desk, Desk]) -> None:
    _, bob = desks
    (bob.folder / "in").mkdir()
    (bob.folder / "way").symlink_to(bob.folder / "in")
    bundle_id = unpack(desks, "way")
    shutil.copy(bob.folder / "in" / "staff.csv", bob.folder / "in" / "mine.csv")
    assert "mine.csv is a copy of what was unpacked" in refused(bob, bundle_id)
