"""Where outputs may be written: modes whatever the umask, and no target that is something else."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.whole.cli import RECIPE, Desk, two_desks
from tests.whole.watch import files_below


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desks")
    ann, _ = two_desks(folder)
    ann.run(*PACK, "-o", "ready.sxfer.zip")
    return folder


@pytest.fixture
def place(desks: Path, tmp_path: Path) -> Path:
    """A copy of the desks that a test may spoil."""
    shutil.copytree(desks, tmp_path / "place")
    return tmp_path / "place"


PACK = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob"]
UNPACK = ["unpack", "ready.sxfer.zip", "-o"]


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o027])
def test_whatever_is_made_is_for_its_owner_only(umask: int, tmp_path: Path, tally: Tally) -> None:
    given = os.umask(0o022)
    try:
        start = tmp_path / "start"
        start.mkdir()
        ann, bob = Desk(start, "ann"), Desk(start, "bob")
        ann.home, bob.home = start / "deep" / "er" / "ann", start / "homes" / "bob"
        (start / "people.csv").write_bytes(b"id,born,town\n1,1980-02-03,York\n")
        (start / "people.toml").write_text(RECIPE)
        (start / "stick").mkdir()
        mine = set(start.rglob("*"))
        os.umask(umask)
        fingerprints = {desk.name: desk.create() for desk in (ann, bob)}
        for one, other in ((ann, bob), (bob, ann)):
            confirmed = ["--as", other.name, "--fingerprint", fingerprints[other.name]]
            one.run("contact", "add", f"{other.name}.card", *confirmed)
        ann.run(*PACK, "-o", "stick")
        ann.run(*PACK, "-o", "stick/named.zip")
        bob.run("verify", "stick/named.zip")
        bob.run("release-password", "stick/named.zip")
        bob.run("unpack", "stick/named.zip", "-o", "a/new/folder")
        bob.run("unpack", "stick/named.zip", "-o", "a/new/folder", "--force", "--keep-compressed")
        bob.run("contact", "remove", "ann", "--yes", check=None)
        ann.run("demo", "--rows", "50", "--keep", "played/here")
    finally:
        os.umask(given)
    # The demo's own extract and recipe hold nothing real, and lie in a folder that is closed.
    mine |= {start / "played" / "here" / name for name in ("offenders.csv", "offenders.toml")}
    made = sorted(set(start.rglob("*")) - mine)
    assert {"identity.json", "register.jsonl", "people.csv", "ann.card", "named.zip"} <= {
        path.name for path in made
    }
    for path in made:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))
    tally.count("hygiene", "Modes of files and folders made under three umasks", len(made))


def link_elsewhere(place: Path) -> list[str]:
    (place / "stick" / "b.zip").symlink_to(place / "elsewhere.zip")
    (place / "elsewhere.zip").write_text("precious")
    return [*PACK, "-o", "stick/b.zip"]


def link_to_nothing(place: Path) -> list[str]:
    (place / "stick" / "b.zip").symlink_to(place / "nothing.zip")
    return [*PACK, "-o", "stick/b.zip"]


def link_as_partial(place: Path) -> list[str]:
    (place / "stick" / "b.zip.partial").symlink_to(place / "people.csv")
    return [*PACK, "-o", "stick/b.zip"]


def hard_link(place: Path) -> list[str]:
    (place / "precious").write_text("precious")
    (place / "stick" / "b.zip").hardlink_to(place / "precious")
    return [*PACK, "-o", "stick/b.zip"]


def extract_by_another_name(place: Path) -> list[str]:
    (place / "stick" / "b.zip").hardlink_to(place / "people.csv")
    return [*PACK, "-o", "stick/b.zip"]


def recipe_as_target(place: Path) -> list[str]:
    (place / "people.toml").rename(place / "recipe.zip")
    return ["pack", "people.csv", "--recipe", "recipe.zip", "--to", "bob", "-o", "recipe.zip"]


def recipe_as_partial(place: Path) -> list[str]:
    (place / "people.toml").rename(place / "b.zip.partial")
    return ["pack", "people.csv", "--recipe", "b.zip.partial", "--to", "bob", "-o", "b.zip"]


def passphrase_as_target(place: Path) -> list[str]:
    shutil.copy(place / "secret-ann", place / "secret.zip")
    return [*PACK, "--passphrase-file", "secret.zip", "-o", "secret.zip"]


def folder_as_target(place: Path) -> list[str]:
    (place / "stick" / "b.zip").mkdir()
    (place / "stick" / "b.zip" / "sub.zip").mkdir()
    return [*PACK, "-o", "stick/b.zip/sub.zip/none/b.zip"]


def device_as_target(place: Path) -> list[str]:
    os.mkfifo(place / "stick" / "b.zip")
    return [*PACK, "-o", "stick/b.zip"]


def card_over_the_identity(place: Path) -> list[str]:
    return ["identity", "card", "-o", str(place / "home-ann" / "identity.json")]


def card_over_the_register(place: Path) -> list[str]:
    (place / "by-another-way").symlink_to(place / "home-ann")
    return ["identity", "card", "-o", str(place / "by-another-way" / "register.jsonl")]


def card_over_a_link(place: Path) -> list[str]:
    (place / "my.card").symlink_to(place / "people.csv")
    return ["identity", "card", "-o", "my.card"]


def card_over_a_hard_link(place: Path) -> list[str]:
    (place / "my.card").hardlink_to(place / "people.csv")
    return ["identity", "card", "-o", "my.card"]


def unpack_over_a_link(place: Path) -> list[str]:
    (place / "in").mkdir()
    (place / "in" / "people.csv").symlink_to(place / "people.toml")
    return [*UNPACK, "in"]


def unpack_through_a_partial_link(place: Path) -> list[str]:
    (place / "in").mkdir()
    (place / "in" / "datapackage.json.partial").symlink_to(place / "people.toml")
    return [*UNPACK, "in"]


def unpack_over_a_hard_link(place: Path) -> list[str]:
    (place / "in").mkdir()
    (place / "in" / "people.csv").hardlink_to(place / "people.toml")
    return [*UNPACK, "in"]


def unpack_over_the_bundle(place: Path) -> list[str]:
    (place / "in").mkdir()
    (place / "ready.sxfer.zip").rename(place / "in" / "people.csv")
    return ["unpack", "in/people.csv", "-o", "in"]


def unpack_where_the_bundle_is_partial(place: Path) -> list[str]:
    (place / "in").mkdir()
    (place / "ready.sxfer.zip").rename(place / "in" / "people.csv.partial")
    return ["unpack", "in/people.csv.partial", "-o", "in"]


def unpack_a_link(place: Path) -> list[str]:
    (place / "link.zip").symlink_to(place / "ready.sxfer.zip")
    return ["unpack", "link.zip", "-o", "in"]


def unpack_into_a_file(place: Path) -> list[str]:
    return [*UNPACK, "people.csv"]


def unpack_into_a_link_to_nothing(place: Path) -> list[str]:
    (place / "in").symlink_to(place / "nothing")
    return [*UNPACK, "in"]


CASES: list[tuple[Callable[[Path], list[str]], int]] = [
    (link_elsewhere, 80),
    (link_to_nothing, 80),
    (link_as_partial, 80),
    (hard_link, 80),
    (extract_by_another_name, 80),
    (recipe_as_target, 80),
    (recipe_as_partial, 80),
    (passphrase_as_target, 80),
    (folder_as_target, 80),
    (device_as_target, 80),
    (card_over_the_identity, 80),
    (card_over_the_register, 80),
    (card_over_a_link, 80),
    (card_over_a_hard_link, 80),
    (unpack_over_a_link, 80),
    (unpack_through_a_partial_link, 80),
    (unpack_over_a_hard_link, 80),
    (unpack_over_the_bundle, 80),
    (unpack_where_the_bundle_is_partial, 80),
    (unpack_a_link, 50),
    (unpack_into_a_file, 80),
    (unpack_into_a_link_to_nothing, 80),
]


@pytest.mark.parametrize(("case", "code"), CASES, ids=lambda one: getattr(one, "__name__", ""))
def test_a_target_that_is_something_else_is_refused_and_left_alone(
    case: Callable[[Path], list[str]], code: int, place: Path, tally: Tally
) -> None:
    command = case(place)
    desk = Desk(place, "bob" if command[0] == "unpack" else "ann")
    before = contents(place)
    for force in ([], ["--force"]):
        run = desk.run(*command, *force, "--json", check=None)
        assert run.returncode == code, run.stdout + run.stderr
        assert b"Traceback" not in run.stderr
    assert contents(place) == before
    tally.count("hygiene", "Targets that are links, sources or no files, refused", 2)


def contents(place: Path) -> dict[Path, bytes]:
    """All but the register, which may say what was tried."""
    return {path: data for path, data in files_below(place) if "register" not in path.name}


def test_an_output_folder_may_be_a_link_that_a_person_named(place: Path) -> None:
    (place / "elsewhere").mkdir()
    (place / "in").symlink_to(place / "elsewhere")
    Desk(place, "bob").run(*UNPACK, "in")
    assert (place / "elsewhere" / "people.csv").exists()


def test_a_home_that_a_backup_has_linked_can_still_be_written(place: Path) -> None:
    for path, _ in list(files_below(place / "home-ann")):
        Path(f"{path}.backup").hardlink_to(path)
    Desk(place, "ann").run(*PACK, "-o", "stick")
