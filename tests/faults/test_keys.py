"""The identity file, where a run that changes it is killed: one that opens is always there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.crypto.identity import Identity
from securexfer.custody.entry import public_keys
from securexfer.custody.register import Actor, Register
from securexfer.errors import PassphraseWrongError
from securexfer.home import desk as home
from tests.assurance import Tally
from tests.faults.injection import KILL, Fault
from tests.whole.cli import Desk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process does")
CALLS, CALLS_SOAK = ("rename",), ("rename", "fsync", "write", "open", "close")
FILES = ("identity.json", "register.jsonl", "register.head")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("keys"), "ann")
    desk.create()
    return desk


def open_with(desk: Desk, secrets: list[Path]) -> Identity:
    for secret in secrets:
        try:
            return home.Desk(desk.home).unlock(secret.read_text().strip())
        except PassphraseWrongError:
            pass
    raise AssertionError("no passphrase opens it")


@pytest.mark.parametrize("command", ["passphrase", "rotate"])
def test_a_kill_at_any_call_leaves_keys_that_open(
    command: str,
    template: Desk,
    tmp_path: Path,
    tool: Callable[[str], str],
    tally: Tally,
    soak: bool,
) -> None:
    strace = tool("strace")
    made = open_with(template, [template.secret])
    n_killed = 0
    for call in CALLS_SOAK if soak else CALLS:
        for turn in range(1, 40):
            desk = Desk(tmp_path, "ann")
            shutil.rmtree(desk.home, ignore_errors=True)
            shutil.copytree(template.home, desk.home)
            desk.secret.write_text(template.secret.read_text())
            new = tmp_path / "new"
            new.write_text("another passphrase\n")
            new.chmod(0o600)
            more = ["--new-passphrase-file", str(new)] if command == "passphrase" else []
            paths = [desk.home, *(desk.home / name for name in FILES)]
            paths += [path.with_name(f"{path.name}.partial") for path in paths[1:]]
            watched = [word for path in paths for word in ("-P", str(path))]
            fault = Fault(call, KILL, turn).options()
            program = [sys.executable, "-m", "securexfer", "identity", command, *more]
            run = subprocess.run(
                [strace, "-f", "-qq", "-o", "/dev/null", *watched, *fault, *program],
                env=desk.environment(),
                capture_output=True,
                timeout=120,
                check=False,
            )
            found = open_with(desk, [desk.secret, new])
            assert found.pseudonym_secret == made.pseudonym_secret
            assert found.keys_for(made.fingerprint) == made.keys
            register = Register(desk.home / "register.jsonl", Actor("ann", "desk"))
            register.verify(public_keys(found))
            if run.returncode == 0:
                break
            assert run.returncode == -9, run.stderr
            n_killed += 1
            # And the next run of the same command finds nothing in its way.
            if command == "rotate":
                opened_by = desk.secret
                again = desk.json("identity", "rotate", "--passphrase-file", opened_by)
                assert again["generation"] in (2, 3)
        assert run.returncode == 0, f"it never ran to its end: {call}"
    assert n_killed
    tally.count("crash", "kills while keys or their passphrase were changed, none lost", n_killed)
