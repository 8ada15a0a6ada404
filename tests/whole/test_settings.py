"""Settings on the way to commands: options outrank variables, these the project, that the home."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.whole.cli import Desk, two_desks


@pytest.fixture
def ann(tmp_path: Path) -> Desk:
    return two_desks(tmp_path)[0]


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def run(desk: Desk, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "securexfer", *arguments],
        env={**desk.environment(), **variables},
        cwd=desk.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def settings(desk: Desk, *arguments: str, **variables: str) -> dict[str, str]:
    told: dict[str, Any] = json.loads(run(desk, "doctor", "--json", *arguments, **variables).stdout)
    return {
        finding["name"].removeprefix("setting "): finding["remark"]
        for finding in told["findings"]
        if finding["name"].startswith("setting ")
    }


def test_the_form_of_the_output_comes_from_the_strongest_source(ann: Desk) -> None:
    def is_json(*arguments: str, **variables: str) -> bool:
        return run(ann, "contact", "list", *arguments, **variables).stdout.startswith("{")

    assert not is_json()
    write(ann.home / "config.toml", 'output = "json"\n')
    assert is_json()
    write(ann.folder / "securexfer.toml", 'output = "text"\n')
    assert not is_json()
    assert is_json(SECUREXFER_OUTPUT="json")
    assert is_json("--json", SECUREXFER_OUTPUT="text")


def test_the_home_that_is_named_behind_the_command_is_the_one_whose_settings_count(
    ann: Desk,
) -> None:
    write(ann.home / "config.toml", 'output = "json"\nif_found = "nobody"\n')
    elsewhere = str(ann.folder / "elsewhere")
    told = run(ann, "contact", "list", "--home", str(ann.home), SECUREXFER_HOME=elsewhere)
    assert told.stdout.startswith("{")
    told = run(ann, "contact", "list", "--home", elsewhere)
    assert not told.stdout.startswith("{")


def test_errors_too_have_the_form_that_was_set(ann: Desk) -> None:
    for arguments, code in ((["contact", "show", "nobody"], 30), (["pack", "--nonsense"], 2)):
        failed = run(ann, *arguments, SECUREXFER_OUTPUT="json")
        assert failed.returncode == code
        assert json.loads(failed.stdout)["error"]["exit_code"] == code


def test_a_project_names_the_recipe_and_an_option_another(ann: Desk) -> None:
    write(ann.folder / "securexfer.toml", 'recipe = "people.toml"\n')
    assert run(ann, "pack", "people.csv", "--to", "bob", "-o", "stick").returncode == 0
    other = run(ann, "pack", "people.csv", "--to", "bob", "-o", "stick", "--recipe", "none.toml")
    assert other.returncode == 10
    assert "none.toml" in other.stderr


def test_whom_a_finder_should_call_can_be_said_once(ann: Desk) -> None:
    write(ann.home / "config.toml", 'if_found = "Call 020 7946 0000"\n')
    packed = ann.json("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    assert b"Call 020 7946 0000" in (ann.folder / packed["path"]).read_bytes()[:4096]


def test_doctor_shows_every_setting_and_where_it_came_from(ann: Desk) -> None:
    write(ann.home / "config.toml", 'verbosity = "verbose"\ninsecure_keyring = true\n')
    write(ann.folder / "securexfer.toml", 'recipe = "people.toml"\n')
    shown = settings(ann, SECUREXFER_NO_INPUT="1")
    assert shown["verbosity"] == f"verbose, from {ann.home / 'config.toml'}"
    assert shown["insecure_keyring"] == f"true, from {ann.home / 'config.toml'}"
    assert shown["recipe"] == "people.toml, from securexfer.toml"
    assert shown["no_input"] == "true, from SECUREXFER_NO_INPUT"
    assert shown["log_file"] == "none, by default"
    assert len(shown) == 9


def test_a_hostile_folder_stops_a_run_and_changes_nothing_in_it(ann: Desk) -> None:
    write(ann.folder / "securexfer.toml", 'verbosity = "quiet"\nto = "eve"\n')
    failed = run(ann, "pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    assert failed.returncode == 2
    assert "securexfer.toml has 2 problems" in failed.stderr
    assert "Next:" in failed.stderr
    assert list((ann.folder / "stick").iterdir()) == []


def test_help_is_there_whatever_a_file_says(ann: Desk) -> None:
    write(ann.home / "config.toml", "nonsense")
    assert run(ann, "pack", "--help").returncode == 0
    assert run(ann, "contact", "list").returncode == 2
