"""The identity of a pack is opened while the command is loaded; only the clock notices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.whole.cli import Desk, two_desks

PACK = ("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "b.zip")


@pytest.fixture
def ann(tmp_path: Path) -> Desk:
    two_desks(tmp_path)
    return Desk(tmp_path, "ann")


def test_where_the_passphrase_came_from_is_told_once(ann: Desk) -> None:
    said = ann.run(*PACK, "-v").stderr.decode()
    assert said.count("Passphrase from SECUREXFER_PASSPHRASE_FILE.") == 1


def test_a_pipe_is_read_once_and_in_its_turn(ann: Desk) -> None:
    """As a shell makes of `--passphrase-file <(command)`."""
    reading, writing = os.pipe()
    os.write(writing, ann.secret.read_bytes())
    os.close(writing)
    try:
        command = [sys.executable, "-m", "securexfer", *PACK]
        subprocess.run(
            [*command, "--passphrase-file", f"/dev/fd/{reading}"],
            check=True,
            capture_output=True,
            env=ann.environment(),
            cwd=ann.folder,
            pass_fds=[reading],
            timeout=60,
        )
    finally:
        os.close(reading)


@pytest.mark.parametrize("secret", ["wrong", "missing", "a pipe nobody writes"])
def test_what_is_wrong_with_the_recipe_is_told_first(ann: Desk, secret: str) -> None:
    (ann.folder / "people.toml").write_text("version = 1\nnonsense = 2\n")
    place = ann.folder / "another secret"
    if secret == "wrong":
        place.write_text("not the passphrase\n")
        place.chmod(0o600)
    elif secret != "missing":
        os.mkfifo(place)
    said = ann.run(*PACK, "--passphrase-file", place, check=10).stderr.decode()
    assert "nonsense" in said
    assert "passphrase" not in said.lower()


def test_a_wrong_passphrase_is_still_refused_with_nothing_written(ann: Desk) -> None:
    wrong = ann.folder / "wrong"
    wrong.write_text("not the passphrase\n")
    wrong.chmod(0o600)
    failed = ann.json(*PACK, "--passphrase-file", wrong, check=30)
    assert failed["error"]["code"] == "passphrase_wrong"
    assert not list(ann.folder.glob("b.zip*"))


def test_a_dry_run_opens_nothing(ann: Desk) -> None:
    ann.secret.unlink()
    ann.run(*PACK, "--dry-run")


@pytest.mark.parametrize(
    "command", [("verify",), ("unpack", "-o", "."), ("forward", "--to", "ann")]
)
def test_nobody_opens_a_key_for_a_bundle_that_does_not_hold(
    ann: Desk, command: tuple[str, ...]
) -> None:
    ann.run(*PACK)
    bundle = ann.folder / "b.zip"
    whole = bytearray(bundle.read_bytes())
    whole[100] ^= 1
    bundle.write_bytes(whole)
    bob = Desk(ann.folder, "bob")
    bob.secret.unlink()  # whoever opens it would fail, and say so
    more = ("-o", "c.zip") if command[0] == "forward" else ()
    failed = bob.json(command[0], "b.zip", *command[1:], *more, check=60)
    assert failed["error"]["code"] == "bundle_altered"
