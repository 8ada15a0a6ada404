"""The example of a nightly job runs as it says, and its units fit what the job does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.whole.cli import Desk, two_desks
from tests.whole.postgres import Postgres, postgres

EXAMPLE = ROOT / "examples" / "nightly"
UNIT = EXAMPLE / "securexfer-nightly.service"
_PR_SET_MDWE = 65


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        server.do(
            "create table offenders (pnc_id text, surname text, date_of_birth date, sex text,"
            " postcode text, convictions int); insert into offenders select n, 'x',"
            " date '1960-01-01' + n, 'F', 'M1 1AE', n % 9 from generate_series(1, 5000) n"
        )
        yield server


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A job's, which knows `bob` and finds `securexfer` on its path."""
    folder = tmp_path_factory.mktemp("example")
    ann, _ = two_desks(folder)
    (folder / "bin").mkdir()
    program = folder / "bin" / "securexfer"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m securexfer "$@"\n')
    program.chmod(0o755)
    return ann


def environment(desk: Desk, **more: str) -> dict[str, str]:
    usual = desk.environment()
    return {**usual, "PATH": f"{desk.folder / 'bin'}{os.pathsep}{usual['PATH']}", **more}


def job(desk: Desk, database: Postgres, outbox: Path) -> dict[str, str]:
    outbox.mkdir()
    return environment(
        desk,
        **database.environment,
        NIGHTLY_OUTBOX=str(outbox),
        NIGHTLY_TO="bob",
        NIGHTLY_ROWS_MIN="5000",
        NIGHTLY_ONCE_PER=outbox.parent.name,
    )


def test_it_prints_what_it_says(desk: Desk) -> None:
    run = subprocess.run(
        [EXAMPLE / "run.sh"],
        env=environment(desk),
        cwd=desk.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == (EXAMPLE / "expected.txt").read_text()


def test_the_job_sends_what_a_database_has_and_sends_it_once(
    desk: Desk, database: Postgres, tmp_path: Path
) -> None:
    outbox = tmp_path / "outbox"
    variables = job(desk, database, outbox)
    outcomes = []
    for _ in range(2):
        run = subprocess.run(
            [EXAMPLE / "nightly.sh"], env=variables, capture_output=True, timeout=120, check=False
        )
        assert run.returncode == 0, run.stderr.decode()
        packed, pruned = map(json.loads, run.stdout.splitlines())
        assert pruned["n_kept"] == 1
        outcomes.append(packed["outcome"])
        # What the journal gets: every line has a priority and is JSON.
        assert all(re.match(r"<[3-6]>\{.*\}$", line) for line in run.stderr.decode().splitlines())
    assert outcomes == ["packed", "already-done"]
    assert len(list(outbox.iterdir())) == 1


def system_calls(tool: str, group: str) -> set[str]:
    """All calls of a group of systemd's, groups in it included."""
    run = subprocess.run(
        [tool, "syscall-filter", group], capture_output=True, text=True, timeout=30, check=True
    )
    words = {line.strip() for line in run.stdout.splitlines()[1:] if line.startswith("    ")}
    calls = {word for word in words if word.isidentifier()}
    for below in (word for word in words if word.startswith("@")):
        calls |= system_calls(tool, below)
    return calls


def settings() -> dict[str, list[str]]:
    """The settings of the unit's service, each with its values in order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        name, separator, value = line.partition("=")
        if separator and name.isidentifier():
            found.setdefault(name, []).append(value)
    return found


def variables() -> dict[str, str]:
    """The environment that the unit gives to the job."""
    lines = settings()["Environment"]
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


class TestTheUnit:
    def test_systemd_finds_nothing_wrong_with_it(
        self, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        for path in EXAMPLE.glob("securexfer-nightly.*"):
            # The program is not installed where it will be.
            text = path.read_text().replace("/opt/securexfer/nightly/nightly.sh", "/bin/true")
            (tmp_path / path.name).write_text(text)
        names = sorted(str(path) for path in tmp_path.iterdir())
        run = subprocess.run(
            [tool("systemd-analyze"), "verify", *names],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, "")

    def test_it_is_as_closed_as_systemd_knows_how_to_say(self, tool: Callable[[str], str]) -> None:
        run = subprocess.run(
            [tool("systemd-analyze"), "security", "--offline=true", "--threshold=15", UNIT],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-300:]

    def test_the_job_makes_no_call_that_the_unit_forbids(
        self, desk: Desk, database: Postgres, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        """Every system call of shell, Python, polars and psql, and what memory they ask for."""
        trace, told = tmp_path / "trace", variables()["POLARS_SKIP_CPU_CHECK"]
        analyze = tool("systemd-analyze")
        run = subprocess.run(
            [tool("strace"), "-f", "-qq", "-o", trace, EXAMPLE / "nightly.sh"],
            env={**job(desk, database, tmp_path / "outbox"), "POLARS_SKIP_CPU_CHECK": told},
            capture_output=True,
            timeout=240,
            check=False,
        )
        assert run.returncode == 0, run.stderr.decode()
        lines = trace.read_text(errors="replace").splitlines()
        made = {found[1] for line in lines if (found := re.match(r"\d+\s+(\w+)\(", line))}
        calls = system_calls(analyze, "@default")
        for rule in settings()["SystemCallFilter"]:
            for name in rule.removeprefix("~").split():
                named = system_calls(analyze, name) if name.startswith("@") else {name}
                calls = calls - named if rule.startswith("~") else calls | named
        assert "execve" in made
        assert made - calls == set()
        # MemoryDenyWriteExecute: no memory is writable and executable, now or later.
        executable = [line for line in lines if "PROT_EXEC" in line]
        assert not [line for line in executable if "PROT_WRITE" in line]
        assert not [line for line in executable if re.match(r"\d+\s+(pkey_)?mprotect\(", line)]
        # RestrictAddressFamilies: its sockets are of these.
        families = {found[1] for line in lines if (found := re.search(r"socket\((\w+),", line))}
        assert families <= set(settings()["RestrictAddressFamilies"][0].split())

    def test_the_job_runs_where_the_kernel_lets_no_memory_become_executable(
        self, desk: Desk, database: Postgres, tmp_path: Path
    ) -> None:
        """What `MemoryDenyWriteExecute` asks for, by the kernel's own means."""
        program = (
            "import ctypes, os, sys\n"
            f"if ctypes.CDLL(None).prctl({_PR_SET_MDWE}, 1, 0, 0, 0): sys.exit(99)\n"
            "os.execv(sys.argv[1], sys.argv[1:])\n"
        )
        told = variables()["POLARS_SKIP_CPU_CHECK"]
        run = subprocess.run(
            [sys.executable, "-c", program, EXAMPLE / "nightly.sh"],
            env={**job(desk, database, tmp_path / "outbox"), "POLARS_SKIP_CPU_CHECK": told},
            capture_output=True,
            timeout=120,
            check=False,
        )
        if run.returncode == 99:
            pytest.skip("the kernel has no PR_SET_MDWE")
        assert run.returncode == 0, run.stderr.decode()
        assert json.loads(run.stdout.splitlines()[0])["outcome"] == "packed"

    def test_it_writes_where_it_may(self) -> None:
        found = settings()
        assert found["LoadCredentialEncrypted"] == ["securexfer-passphrase"]
        writable = Path(found["ReadWritePaths"][0])
        for name in ("SECUREXFER_HOME", "NIGHTLY_OUTBOX"):
            assert Path(variables()[name]).parent == writable
        assert "SECUREXFER_PASSPHRASE_FILE" not in variables()


def test_the_timer_catches_up_after_a_night_that_the_machine_was_off() -> None:
    timer = ConfigParser()
    timer.read(EXAMPLE / "securexfer-nightly.timer")
    assert timer["Timer"]["Persistent"] == "yes"


def test_the_line_for_cron_is_one() -> None:
    *_, line = (EXAMPLE / "crontab").read_text().splitlines()
    assert re.fullmatch(r"(?:(?:\d+|\*) ){5} /\S+/nightly\.sh", line)


def test_what_the_image_is_built_from_is_there() -> None:
    text = (EXAMPLE / "Containerfile").read_text()
    copied = [
        source
        for line in re.findall(r"^COPY (.+)$", text, flags=re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert len(copied) > 5
    assert all((ROOT / source).exists() for source in copied)
    instructions = re.findall(r"^([A-Z]+) ", text, flags=re.MULTILINE)
    assert instructions[0] == "FROM"
    assert instructions[-2:] == ["USER", "ENTRYPOINT"]


def test_no_file_of_the_example_holds_a_secret() -> None:
    for path in EXAMPLE.iterdir():
        text = path.read_text()
        assert not re.search(r"password\s*=\s*\S|PGPASSWORD", text, re.IGNORECASE), path.name
