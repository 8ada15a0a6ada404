"""Every command where nobody is: no terminal, no keyring, stdin closed or a pipe without an end.

None may hang, none may ask, and each exits with a code that docs/errors.md has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from securexfer import errors
from tests.assurance import Tally
from tests.whole.scenarios import PROMPTS, SCENARIOS, Scenario, Stage, commands
from tests.whole.schemas import validator

SECONDS = 60
ASKING = [scenario for scenario in SCENARIOS if scenario.unasked]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("unattended"))


def environment(stage: Stage, who: str, *, has_secret: bool) -> dict[str, str]:
    """No desktop: no session bus, no display, no terminal; a keyring that so nobody answers for.

    It is named, because the tests have one that keeps plaintext, which would be refused instead.
    """
    desk = stage.desk(who).environment()
    desk["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
    if not has_secret:
        del desk["SECUREXFER_PASSPHRASE_FILE"]
    return {**desk, "HOME": str(stage.folder)}


def run(
    stage: Stage, who: str, arguments: list[str], *, has_secret: bool, stdin: str
) -> subprocess.CompletedProcess[str]:
    """Run in a session of its own, as `setsid` does, with stdin closed or an idle pipe."""
    reading, writing = os.pipe()
    closing = "<&-" if stdin == "closed" else ""
    try:
        return subprocess.run(
            ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-m", "securexfer",
             *arguments],
            stdin=reading,
            capture_output=True,
            text=True,
            env=environment(stage, who, has_secret=has_secret),
            cwd=stage.folder,
            start_new_session=True,
            timeout=SECONDS,
            check=False,
        )  # fmt: skip
    finally:
        os.close(reading)
        os.close(writing)


def check(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, done.stderr
    assert not any(prompt in done.stdout + done.stderr for prompt in PROMPTS)
    assert "Traceback" not in done.stderr


def by_code(code: str) -> type[errors.SecurexferError]:
    found = [errors.SecurexferError]
    for kind in found:
        found += kind.__subclasses__()
    return next(kind for kind in found if kind.code == code)


def test_every_command_has_a_scenario() -> None:
    assert {scenario.command for scenario in SCENARIOS} == {name for name, _ in commands()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.id for scenario in SCENARIOS])
@pytest.mark.parametrize("stdin", ["closed", "idle"])
def test_it_does_its_work_where_it_need_not_ask(
    stage: Stage, scenario: Scenario, stdin: str, tally: Tally
) -> None:
    """With stdin closed for people, with a pipe that never ends for a script."""
    stage.restore()
    arguments = stage.arguments(scenario) + (["--json"] if stdin == "idle" else [])
    done = run(stage, scenario.who, arguments, has_secret=True, stdin=stdin)
    check(done, 0)
    if stdin == "idle":
        validator(scenario.command).validate(json.loads(done.stdout))
    tally.count("desk", "unattended runs: none hung, none asked")


@pytest.mark.parametrize("scenario", ASKING, ids=[scenario.id for scenario in ASKING])
@pytest.mark.parametrize("extra", [[], ["--no-input", "--json"]], ids=["", "json"])
def test_it_fails_at_once_where_it_would_have_to_ask(
    stage: Stage, scenario: Scenario, extra: list[str], tally: Tally
) -> None:
    stage.restore()
    arguments = stage.arguments(scenario, scenario.unasked_rest) + extra
    stdin = "closed" if extra else "idle"
    done = run(stage, scenario.who, arguments, has_secret=False, stdin=stdin)
    check(done, by_code(scenario.unasked).exit_code)
    if extra:
        told = json.loads(done.stdout)
        # doctor goes on, and has a finding for it.
        validator("error" if "error" in told else scenario.command).validate(told)
        if "error" in told:
            assert told["error"]["code"] == scenario.unasked
    tally.count("desk", "unattended runs: none hung, none asked")


def test_an_extract_from_a_closed_stdin_is_an_error(stage: Stage) -> None:
    stage.restore()
    arguments = ["pack", "people=-", "--recipe", "people.toml", "--to", "bob", "-o", "stick"]
    done = run(stage, "ann", arguments, has_secret=True, stdin="closed")
    assert done.returncode == 2, done.stderr


def test_no_command_can_be_asked_through_the_controlling_terminal(stage: Stage) -> None:
    """Without one, `/dev/tty` can't be opened: what the runs above rest on."""
    done = subprocess.run(
        [sys.executable, "-c", "open('/dev/tty')"],
        capture_output=True,
        start_new_session=True,
        cwd=Path(stage.folder).parent,
        check=False,
    )
    assert done.returncode == 1
    assert b"OSError" in done.stderr
