"""Terminals, and outputs that fail: what is printed never decides what a command does."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.whole.cli import Desk, two_desks


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    return two_desks(tmp_path)


def pack(ann: Desk) -> Path:
    packed = ann.json("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    return ann.folder / str(packed["path"])


def run_with(
    desk: Desk,
    arguments: list[str],
    *,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "securexfer", *arguments],
        env=desk.environment(),
        cwd=desk.folder,
        timeout=60,
        check=False,
        stdout=stdout,
        stderr=stderr,
    )


def closed_pipe() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def test_a_failure_keeps_its_exit_code_when_nobody_reads_the_message(
    desks: tuple[Desk, Desk],
) -> None:
    ann, bob = desks
    bundle = pack(ann)
    data = bytearray(bundle.read_bytes())
    data[300] ^= 1
    bundle.write_bytes(data)
    for streams in ({"stderr": closed_pipe()}, {"stdout": closed_pipe(), "stderr": closed_pipe()}):
        assert run_with(bob, ["verify", str(bundle)], **streams).returncode == 60
    assert run_with(bob, ["verify", str(bundle), "--json"], stdout=closed_pipe()).returncode == 60


def test_a_reader_that_has_gone_does_not_stop_the_work(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    bundle = pack(ann)
    for number, streams in enumerate(({"stdout": closed_pipe()}, {"stderr": closed_pipe()})):
        folder = ann.folder / f"incoming-{number}"
        run = run_with(bob, ["unpack", str(bundle), "-v", "-o", str(folder)], **streams)
        assert run.returncode == 0
        assert (folder / "people.csv").exists()


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_result_that_can_not_be_printed_is_told_of_and_nothing_is_lost(
    desks: tuple[Desk, Desk], extra: list[str]
) -> None:
    ann, _ = desks
    with open("/dev/full", "wb") as full:
        command = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick"]
        run = run_with(ann, [*command, *extra], stdout=full.fileno())
    assert run.returncode == 80
    assert b"did its work" in run.stderr
    assert b"Traceback" not in run.stderr
    assert len(list((ann.folder / "stick").iterdir())) == 1


@pytest.mark.parametrize(("closing", "code"), [(">&-", 80), (">&- 2>&-", 80), ("2>&-", 0)])
def test_a_closed_output_is_no_crash(desks: tuple[Desk, Desk], closing: str, code: int) -> None:
    ann, _ = desks
    script = f"exec {sys.executable} -m securexfer identity show {closing}"
    run = subprocess.run(["sh", "-c", script], env=ann.environment(), check=False)
    assert run.returncode == code


def test_help_on_a_full_output_is_no_bug(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    with open("/dev/full", "wb") as full:
        run = run_with(ann, ["--help"], stdout=full.fileno())
    assert run.returncode == 80
    assert b"bug" not in run.stderr


def in_terminal(
    desk: Desk, arguments: list[str], answers: dict[str, str], *, columns: int = 80
) -> tuple[int, str]:
    """Run in a pseudo-terminal, answering each prompt as it appears."""
    controller, terminal = pty.openpty()
    environment = {**desk.environment(), "COLUMNS": str(columns), "TERM": "xterm"}
    environment.pop("SECUREXFER_PASSPHRASE_FILE", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "securexfer", *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        cwd=desk.folder,
        start_new_session=True,
    )
    os.close(terminal)
    screen, waiting = "", dict(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([controller], [], [], 0.2)[0]:
            try:
                screen += os.read(controller, 65536).decode()
            except OSError:
                break
        elif process.poll() is not None:
            break
        for prompt, answer in list(waiting.items()):
            if prompt in screen:
                os.write(controller, answer.encode() + b"\n")
                del waiting[prompt]
    os.close(controller)
    return process.wait(timeout=10), screen


@pytest.mark.parametrize("extra", [[], ["-q"]])
def test_a_fingerprint_is_shown_before_it_is_confirmed(
    desks: tuple[Desk, Desk], tmp_path: Path, extra: list[str]
) -> None:
    ann, _ = desks
    eve = Desk(tmp_path, "eve")
    eve.create()
    spoken = eve.json("identity", "show")["fingerprint_spoken"]
    answers = {"read to you?": "y", "Passphrase of the identity": ann.secret.read_text().strip()}
    code, screen = in_terminal(ann, ["contact", "add", "eve.card", *extra], answers)
    assert code == 0
    assert spoken in screen.split("read to you?")[0]
    assert ann.json("contact", "show", "eve")["fingerprint_spoken"] == spoken


def test_a_fingerprint_that_is_not_confirmed_is_not_pinned(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    ann.run("contact", "remove", "bob")
    code, screen = in_terminal(ann, ["contact", "add", "bob.card"], {"read to you?": "n"})
    assert code == 30
    said = " ".join(screen.split())
    assert "not confirmed, so the card was not pinned." in said
    assert "If its owner read another one to you, do not use this card" in said
    assert ann.json("contact", "list")["contacts"] == []
    assert bob.name == "bob"


def test_a_person_is_asked_for_the_passphrase_and_does_not_see_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "ann")
    prompts = {"Passphrase of the identity": "correct horse", "Repeat for": "correct horse"}
    code, screen = in_terminal(desk, ["identity", "create", "--name", "Ann"], prompts)
    assert code == 0, screen
    assert "correct horse" not in screen
    assert "Your identity is ready." in screen
    code, screen = in_terminal(
        desk, ["register", "verify"], {"Passphrase of the identity": "wrong horse"}
    )
    assert code == 30
    code, screen = in_terminal(
        desk, ["register", "verify"], {"Passphrase of the identity": "correct horse"}
    )
    assert code == 0
    code, screen = in_terminal(desk, ["register", "verify", "--no-input"], {})
    assert code == 30
    assert "There is no passphrase" in screen


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "ann")
    desk.secret.write_text("short")
    error = desk.json("identity", "create", "--name", "Ann", check=30)["error"]
    assert error["code"] == "passphrase_weak"
    assert not (desk.home / "identity.json").exists()


@pytest.mark.parametrize("columns", [40, 80])
def test_a_summary_fits_the_terminal(desks: tuple[Desk, Desk], columns: int) -> None:
    ann, _ = desks
    secret = ann.secret
    command = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick"]
    code, screen = in_terminal(
        ann, [*command, "--passphrase-file", str(secret)], {}, columns=columns
    )
    assert code == 0
    drawn = [line.rstrip("\r") for line in screen[screen.rindex("Packed") :].splitlines()[1:]]
    assert any("withheld" in line for line in drawn)
    for line in drawn:
        assert len(line) < columns or len(line.split()) == 1, line


def test_no_colour_where_none_is_wanted(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    assert b"\x1b" not in ann.run("contact", "list").stdout
