"""The keyring in each of its states, asked by the real command line as a process of its own.

The Secret Service is a real GNOME Keyring on a session bus that `dbus-run-session` makes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.assurance import Tally
from tests.whole.cli import EXTRACT, RECIPE
from tests.whole.desktop import Seat
from tests.whole.test_terminal import in_terminal
from tests.whole.watch import Needles, files_below, overheard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's")
CREATE = ("identity", "create", "--name", "Ann", "--no-input")
TYPED = "correct horse battery"


@pytest.fixture
def seat(tmp_path: Path, tool: Callable[[str], str]) -> Seat:
    for name in ("dbus-run-session", "gnome-keyring-daemon"):
        tool(name)
    return Seat(tmp_path, "ann")


def refused(seat: Seat, *arguments: str | Path) -> dict[str, Any]:
    error: dict[str, Any] = seat.json(*arguments, check=30)["error"]
    assert "passphrase-file" in error["hint"] or "PASSPHRASE_FILE" in error["hint"]
    return error


def listen(seat: Seat, *arguments: str) -> tuple[bytes, list[bytes]]:
    """What a run says, and what `/proc` told of it and its children meanwhile."""
    command = [sys.executable, "-m", "securexfer", *arguments]
    with (
        subprocess.Popen(
            command,
            env=seat.environment(),
            cwd=seat.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as run,
        overheard(run.pid) as heard,
    ):
        said = run.communicate(timeout=60)[0]
    assert run.returncode == 0, said
    return said, heard


def test_unlocked_a_passphrase_is_generated_kept_and_used(seat: Seat, tally: Tally) -> None:
    with seat.session(), seat.secret_service("login"):
        first, second, third = (
            listen(seat, *CREATE, "-v"),
            listen(seat, "identity", "passphrase", "--to-keyring", "-v"),
            listen(seat, "identity", "rotate", "-o", "ann.card", "-v"),
        )
        secrets = dict(seat.kept())
        fingerprint = seat.json("identity", "show")["fingerprint"]
        # The old account went with the old keys, and nothing waits to be put in its place.
        assert list(secrets) == [fingerprint]
        (passphrase,) = secrets.values()
        assert len(passphrase) == 32

        assert b"keyring keeps it" in first[0]
        assert b"identity export --to-file" in first[0]
        assert b"Passphrase from the keyring." in second[0]
        (seat.folder / "people.csv").write_bytes(EXTRACT)
        (seat.folder / "people.toml").write_text(RECIPE)
        (seat.folder / "stick").mkdir()
        other = Seat(seat.folder, "bob", "keyring.backends.fail.Keyring")
        other.run("identity", "create", "--name", "Bob", "--passphrase-file", other.secret)
        bob = other.json("identity", "card", "-o", "bob.card")["fingerprint"]
        seat.run("contact", "add", "bob.card", "--as", "bob", "--fingerprint", bob)
        packed = listen(
            seat, "pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick"
        )
        assert seat.json("register", "verify")["verified"]

        needles = Needles.of_bytes([passphrase.encode()])
        runs = [first, second, third, packed]
        for said, heard in runs:
            assert heard
            assert all(needles.find(data) == [] for data in (said, *heard))
        for path, data in files_below(seat.home):
            assert needles.find(data) == [], path
    tally.count("hygiene", "Runs with a keyring, seen through /proc, without its secret", len(runs))


def test_unlocked_the_old_passphrase_is_gone_after_a_change(seat: Seat) -> None:
    with seat.session(), seat.secret_service("login"):
        seat.run(*CREATE)
        ((account, before),) = seat.kept().items()
        seat.run("identity", "passphrase", "--to-keyring")
        after = seat.kept()
        assert list(after) == [account]
        assert after[account] != before
        old = seat.folder / "old"
        old.write_text(before)
        old.chmod(0o600)
        assert (
            seat.json("register", "verify", "--passphrase-file", old, check=30)["error"]["code"]
            == "passphrase_wrong"
        )
        # A change that names a file puts that one into the keyring too.
        new = seat.folder / "new"
        new.write_text(TYPED)
        new.chmod(0o600)
        seat.run("identity", "passphrase", "--new-passphrase-file", new)
        assert seat.kept() == {account: TYPED}
        # And --no-keyring leaves it alone.
        other = Seat(seat.folder, "other")
        other.bus, other.more = seat.bus, seat.more
        code, screen = in_terminal(
            other,
            ["identity", "create", "--name", "O", "--no-keyring"],
            {"Passphrase of the identity": TYPED, "Repeat for": TYPED},
        )
        assert code == 0, screen
        assert list(seat.kept()) == [account]


def test_locked_it_says_so_and_what_to_do(seat: Seat) -> None:
    with seat.session():
        with seat.secret_service("login"):
            seat.run(*CREATE)
            kept = seat.kept()
        with seat.secret_service(None):
            started = time.monotonic()
            error = refused(seat, "register", "verify", "--no-input")
            assert error["code"] == "keyring_locked"
            assert "Unlock it" in error["hint"]
            assert time.monotonic() - started < 9
            # A person is told, and asked.
            ((_, passphrase),) = kept.items()
            code, screen = in_terminal(
                seat, ["register", "verify"], {"Passphrase of the identity": passphrase}
            )
            assert code == 0, screen
            assert "keyring is locked" in screen
            # A new identity does not go on without the keyring, unseen.
            seat.home = seat.folder / "another"
            assert refused(seat, *CREATE)["code"] == "keyring_locked"
            assert not seat.home.exists()
            code, screen = in_terminal(
                seat, [*CREATE[:-1]], {"Passphrase of the identity": TYPED, "Repeat for": TYPED}
            )
            assert code == 0, screen
            assert "keyring is locked" in screen


@pytest.mark.parametrize("has_bus", [True, False], ids=["no service", "no bus"])
def test_absent_it_is_as_if_there_never_was_one(seat: Seat, has_bus: bool) -> None:
    def look() -> None:
        error = refused(seat, *CREATE)
        assert error["code"] == "passphrase_missing"
        seat.run(*CREATE, "--passphrase-file", seat.secret)
        error = refused(seat, "register", "verify", "--no-input")
        assert error["code"] == "passphrase_missing"
        assert "there is no keyring here" in error["message"]
        file = ("--passphrase-file", seat.secret)
        error = refused(seat, "identity", "passphrase", "--to-keyring", *file)
        assert error["code"] == "keyring_absent"
        assert seat.json("register", "verify", *file)["verified"]
        passphrase = seat.secret.read_text().strip()
        code, screen = in_terminal(
            seat, ["register", "verify"], {"Passphrase of the identity": passphrase}
        )
        assert code == 0, screen
        assert "Note" not in screen

    if has_bus:
        with seat.session():
            look()
    else:
        look()


def test_a_null_backend_is_refused_by_name(tmp_path: Path) -> None:
    seat = Seat(tmp_path, "ann", "keyring.backends.null.Keyring")
    error = refused(seat, *CREATE)
    assert error["code"] == "keyring_null"
    assert "keyring.backends.null.Keyring" in error["message"]
    assert refused(seat, *CREATE, "--insecure-keyring")["code"] == "keyring_null"
    assert not seat.home.exists()
    seat.run(*CREATE, "--passphrase-file", seat.secret)
    for command in (("register", "verify"), ("identity", "passphrase", "--to-keyring")):
        assert refused(seat, *command, "--no-input")["code"] == "keyring_null"


def test_a_plaintext_backend_is_refused_until_a_person_has_said_so(tmp_path: Path) -> None:
    seat = Seat(tmp_path, "ann", "keyrings.alt.file.PlaintextKeyring")
    store = tmp_path / "data"
    seat.more = {"XDG_DATA_HOME": str(store), "HOME": str(tmp_path)}
    error = refused(seat, *CREATE)
    assert error["code"] == "keyring_plaintext"
    assert "PlaintextKeyring" in error["message"]
    seat.run(*CREATE, "--passphrase-file", seat.secret)
    assert refused(seat, "register", "verify")["code"] == "keyring_plaintext"
    file = ("--passphrase-file", seat.secret)
    change = ("identity", "passphrase", "--to-keyring", *file)
    assert refused(seat, *change)["code"] == "keyring_plaintext"
    assert not store.exists()
    assert seat.json("register", "verify", *file)["verified"]
    # Said once, it holds from then on.
    assert seat.json(*change, "--insecure-keyring")["in_keyring"] is True
    assert store.exists()
    assert b"Passphrase from the keyring." in seat.run("register", "verify", "-v").stderr
    assert "insecure_keyring = true" in (seat.home / "config.toml").read_text()


def test_one_that_blocks_is_left_behind_in_time(tmp_path: Path, tally: Tally) -> None:
    seat = Seat(tmp_path, "ann", "tests.whole.stuck.Keyring")
    seat.more = {"PYTHONPATH": f"{Path(__file__).parents[2]}{os.pathsep}{tmp_path}"}
    seat.run(*CREATE, "--passphrase-file", seat.secret)
    started = time.monotonic()
    error = refused(seat, "register", "verify", "--no-input")
    assert error["code"] == "keyring_blocked"
    assert 9.5 < time.monotonic() - started < 15
    assert "window" in error["hint"]
    passphrase = seat.secret.read_text().strip()
    code, screen = in_terminal(
        seat, ["register", "verify"], {"Passphrase of the identity": passphrase}
    )
    assert code == 0, screen
    assert "did not answer" in screen
    tally.count("hygiene", "States of a keyring, met by real processes", 6)
