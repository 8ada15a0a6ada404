"""Completion in real shells: what is offered where, how fast, and that nothing heavy is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.cli.completion import SHELLS, source
from tests.whole.cli import Desk
from tests.whole.scenarios import Stage
from tests.whole.tmux import Terminal

HEAVY = ("polars", "pydantic", "cryptography", "keyring", "rich", "pyzipper", "numpy")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    made = Stage(tmp_path_factory.mktemp("completion"))
    made.restore()
    program = made.folder / "bin" / "securexfer"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m securexfer "$@"\n')
    program.chmod(0o755)
    return made


def environment(stage: Stage) -> dict[str, str]:
    desk = stage.desk("ann").environment()
    return {**desk, "PATH": f"{stage.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def offer(stage: Stage, line: str, *, shell: str = "bash", **more: str) -> list[str]:
    """What the program offers for a line that ends at the cursor."""
    words = line.split()
    at_cursor = "" if line.endswith(" ") else words[-1]
    if shell == "bash":
        number = len(words) if not at_cursor else len(words) - 1
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(number)}
    else:
        asked = {"COMP_WORDS": "\n".join(words), "COMP_WORD": at_cursor}
    done = subprocess.run(
        [sys.executable, "-m", "securexfer"],
        env={**environment(stage), **asked, "_SECUREXFER_COMPLETE": f"{shell}_complete", **more},
        cwd=stage.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    separator = "," if shell == "bash" else "\t"
    return [text.split(separator)[1] for text in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("securexfer con", ["contact"]),
        ("securexfer pack --to ", ["bob", "cat"]),
        ("securexfer pack --to b", ["bob"]),
        ("securexfer contact show c", ["cat"]),
        ("securexfer contact remove ", ["bob", "cat"]),
        ("securexfer breach-report --recipient ", ["bob", "cat"]),
        ("securexfer pack --recipe people.toml p", ["people=", "people.csv"]),
        ("securexfer pack --recipe people.toml people=p", ["people=people.csv"]),
        (
            "securexfer recipe check people.toml people=",
            ["people=", "people=none.csv", "people=people.csv", "people=staff.csv"],
        ),
        ("securexfer unpack --table x drive/", None),
        ("securexfer completion ", list(SHELLS)),
    ],
)
def test_what_is_offered(stage: Stage, line: str, wanted: list[str] | None) -> None:
    for shell in ("bash", "powershell"):
        offered = offer(stage, line, shell=shell)
        if wanted is None:
            bundles = [str(p.relative_to(stage.folder)) for p in stage.folder.glob("drive/*.zip")]
            assert offered == bundles
        else:
            assert offered == wanted


@pytest.mark.parametrize(
    "line", ["destroy ", "extend ", "register show ", "breach-report ", "reidentify --bundle "]
)
def test_ids_come_from_the_register_the_newest_first(stage: Stage, line: str) -> None:
    if line == "reidentify --bundle ":
        assert offer(stage, f"securexfer {line}")  # files, as for other bundles
        return
    offered = offer(stage, f"securexfer {line}")
    assert stage.names["sent"][:12] in offered
    assert len(offered) == len(set(offered)) == 7
    whole = stage.names["sent"]
    assert offer(stage, f"securexfer {line}{whole[:20]}") == [whole[:20]]


def test_the_home_on_the_line_is_the_one_that_counts(stage: Stage) -> None:
    home = stage.desk("dan").home
    assert offer(stage, f"securexfer --home {home} pack --to ") == []


def test_whatever_is_wrong_with_a_home_nothing_is_printed(stage: Stage, tmp_path: Path) -> None:
    desk = Desk(tmp_path, "eve")
    for line in ("pack --to ", "destroy ", "contact show ", "unpack nowhere/"):
        offer(stage, f"securexfer {line}", SECUREXFER_HOME=str(desk.home))
    desk.home.mkdir()
    (desk.home / "config.toml").write_text("nonsense")
    (desk.home / "register.jsonl").write_bytes(b"\xff\x00" * 100)
    (desk.home / "contacts").write_text("a file")
    for line in ("pack --to ", "destroy ", "contact show ", "pack --recipe /dev/null x"):
        offer(stage, f"securexfer {line}", SECUREXFER_HOME=str(desk.home))


def test_names_that_are_none_are_not_offered(stage: Stage, tmp_path: Path) -> None:
    contacts = tmp_path / "home" / "contacts"
    contacts.mkdir(parents=True)
    for name in ("bob", "$(id)", "a b", "-o"):
        (contacts / f"{name}.json").write_text("{}")
    offered = offer(stage, "securexfer pack --to ", SECUREXFER_HOME=str(contacts.parent))
    assert offered == ["bob"]


@pytest.mark.parametrize(
    "line", ["pack --to ", "destroy ", "unpack ", "pack --recipe people.toml "]
)
def test_nothing_heavy_is_loaded(stage: Stage, line: str) -> None:
    program = (
        "import sys\n"
        "from securexfer.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **environment(stage),
            "COMP_WORDS": f"securexfer {line}",
            "COMP_CWORD": str(len(line.split()) + 1),
            "_SECUREXFER_COMPLETE": "bash_complete",
        },
        cwd=stage.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == "[]"
    assert done.stdout


class TestShells:
    def test_bash(self, stage: Stage, tool: Callable[[str], str]) -> None:
        tool("tmux")
        variables = {**environment(stage), "HOME": str(stage.folder), "PS1": "$ "}
        variables["BASH_COMPLETION_USER_DIR"] = str(stage.folder / "none")
        with Terminal(stage.folder, variables) as terminal:
            terminal.start([tool("bash"), "--norc", "--noprofile", "-i"])
            terminal.type('eval "$(securexfer completion bash)"; echo read""y')
            terminal.wait_for("ready")
            terminal.type("securexfer pack --to b\t", enter=False)
            terminal.wait_for("pack --to bob")
            terminal.press("C-u")
            terminal.type("securexfer reg\t", enter=False)
            terminal.wait_for("securexfer register")
            terminal.press("C-u")
            terminal.type(f"securexfer destroy {stage.names['opened'][:5]}\t", enter=False)
            terminal.wait_for(stage.names["opened"][:12])

    def test_zsh(self, stage: Stage, tool: Callable[[str], str]) -> None:
        tool("tmux")
        variables = {**environment(stage), "HOME": str(stage.folder)}
        with Terminal(stage.folder, variables) as terminal:
            terminal.start([tool("zsh"), "-f", "-i"])
            terminal.type(
                "autoload -Uz compinit; compinit -u -D; "
                'eval "$(securexfer completion zsh)"; echo read""y'
            )
            terminal.wait_for("ready")
            terminal.type("securexfer pack --to b\t", enter=False)
            terminal.wait_for("pack --to bob")

    def test_fish(self, stage: Stage, tool: Callable[[str], str]) -> None:
        tool("tmux")
        variables = {**environment(stage), "HOME": str(stage.folder)}
        with Terminal(stage.folder, variables) as terminal:
            terminal.start([tool("fish"), "--private", "-N"])
            terminal.type('securexfer completion fish | source; echo read""y')
            terminal.wait_for("ready")
            terminal.type("securexfer pack --to b\t", enter=False)
            terminal.wait_for("pack --to bob")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_is_installed_where_the_shell_looks(stage: Stage, tmp_path: Path, shell: str) -> None:
    variables = {**environment(stage), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "securexfer", "completion", shell, "--install"],
        env=variables,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = [path for path in tmp_path.rglob("*securexfer*") if path.is_file()]
    assert len(made) == 1
    assert made[0].read_text() == source(shell)


def test_powershell_is_told_what_to_do_instead(stage: Stage) -> None:
    told = stage.desk("ann").json("completion", "powershell", "--install", check=2)
    assert "$PROFILE" in told["error"]["hint"]
    assert "Register-ArgumentCompleter" in source("powershell")
    assert "%(" not in source("powershell")
