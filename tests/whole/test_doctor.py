"""What `doctor` finds: a verdict and a next step for each thing that can be wrong on a desk."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import securexfer
from securexfer.cli import machine
from tests.whole.cli import Desk, two_desks
from tests.world import START

BACKEND = """
import time
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 9
    def get_password(self, service, username):
        raise AssertionError("doctor needs no secret to say which keyring there is")
    def set_password(self, service, username, password):
        pass
    def delete_password(self, service, username):
        pass
"""


@pytest.fixture
def ann(tmp_path: Path) -> Desk:
    return two_desks(tmp_path)[0]


def findings(desk: Desk, **variables: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "securexfer", "doctor", "--json"],
        env={**desk.environment(), **variables},
        cwd=desk.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return {found["name"]: found for found in json.loads(done.stdout)["findings"]}


def write_backend(folder: Path, module: str) -> dict[str, str]:
    """A keyring of the machine's, under the name of one that is known."""
    path = folder / "modules" / Path(*module.split("."))
    path.parent.mkdir(parents=True)
    path.with_suffix(".py").write_text(BACKEND)
    return {
        "PYTHONPATH": f"{folder / 'modules'}:{Path(securexfer.__file__).parents[1]}",
        "PYTHON_KEYRING_BACKEND": f"{module}.Keyring",
    }


class TestTheKeyring:
    def test_none_is_said_and_no_fault(self, ann: Desk) -> None:
        for backend in ("null", "fail"):
            name = f"keyring.backends.{backend}.Keyring"
            found = findings(ann, PYTHON_KEYRING_BACKEND=name)["keyring"]
            assert found["verdict"] == "ok"
            assert "none on this machine" in found["remark"]

    def test_one_that_keeps_plaintext_is_a_warning(self, ann: Desk) -> None:
        name = "keyrings.alt.file.PlaintextKeyring"
        found = findings(ann, PYTHON_KEYRING_BACKEND=name)["keyring"]
        assert found["verdict"] == "warning"
        assert name in found["remark"]
        assert "--passphrase-file" in found["next"]

    def test_another_is_called_by_its_name(self, ann: Desk) -> None:
        found = findings(ann, **write_backend(ann.folder, "desktop"))["keyring"]
        assert (found["verdict"], found["remark"]) == ("ok", "desktop.Keyring")


class TestTheClock:
    def test_behind_the_register_is_a_warning(self) -> None:
        found = machine.look_at_clock(START, START + timedelta(hours=1))
        assert found.verdict == "warning"
        assert "Set the clock right" in found.next

    def test_at_or_after_it_is_ok(self) -> None:
        for newest in (None, START, START - timedelta(days=400)):
            assert machine.look_at_clock(START, newest).verdict == "ok"


class TestLibraries:
    def test_those_of_the_tests_will_do(self) -> None:
        found = machine.look_at_libraries()
        assert found.verdict == "ok", found.remark
        assert f"securexfer {version('securexfer')}" in found.remark

    @pytest.mark.parametrize(
        ("wanted", "told"),
        [("click>=99.1", "at least 99.1"), ("no-such-library>=1", "no-such-library is missing")],
    )
    def test_one_below_its_floor_is_a_warning(
        self, monkeypatch: pytest.MonkeyPatch, wanted: str, told: str
    ) -> None:
        monkeypatch.setattr(machine, "requires", lambda _: [wanted, "rich>=14; extra == 'dev'"])
        found = machine.look_at_libraries()
        assert found.verdict == "warning"
        assert told in found.remark
        assert found.next

    def test_versions_are_compared_as_numbers(self) -> None:
        assert machine._numbers("10.2") > machine._numbers("9.9.9")
        assert machine._numbers("2026.11rc1") == (2026, 11)


def test_a_file_that_others_may_read_is_a_warning(ann: Desk) -> None:
    assert findings(ann)["home"]["verdict"] == "ok"
    (ann.home / "contacts" / "bob.json").chmod(0o644)
    found = findings(ann)["home"]
    assert found["verdict"] == "warning"
    assert "bob.json" in found["remark"]
    assert "chmod 600" in found["next"]


def test_a_problem_has_a_next_step_and_the_code(tmp_path: Path) -> None:
    told = findings(Desk(tmp_path, "new"))
    assert told["identity"]["verdict"] == "problem"
    assert "securexfer identity create" in told["identity"]["next"]
    for found in told.values():
        if found["verdict"] != "ok":
            assert found["next"]
