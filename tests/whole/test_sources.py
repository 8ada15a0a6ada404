"""Source commands: a program that fails, or only seems to have done its work, makes no bundle."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.whole.cli import EXTRACT, Desk, two_desks

PACK = ("pack", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
CANARY = "cell-that-no-message-may-show"
ROWS = EXTRACT.decode()


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Desk]:
    return two_desks(tmp_path_factory.mktemp("sources"))


def program(folder: Path, *lines: str) -> str:
    """A source command: a Python program of these lines, in which `out` and `err` write."""
    path = folder / f"source-{time.monotonic_ns()}.py"
    head = (
        "import os, signal, subprocess, sys, time",
        f"rows = {ROWS!r}",
        "def out(text): sys.stdout.write(text); sys.stdout.flush()",
        "def err(text): sys.stderr.write(text); sys.stderr.flush()",
    )
    path.write_text("\n".join((*head, *lines)) + "\n")
    return f"people={sys.executable} {path}"


def bundles(desk: Desk) -> list[str]:
    return sorted(path.name for path in (desk.folder / "stick").iterdir())


def refused(desk: Desk, command: str, *more: str, code: int = 20) -> dict[str, str]:
    """Run it; nothing may be left on the stick or on record, and no cell told."""
    before, entries = bundles(desk), (desk.home / "register.jsonl").read_bytes()
    run = desk.run(*PACK, "--source-command", command, "--json", *more, check=code)
    assert CANARY.encode() not in run.stdout + run.stderr
    assert bundles(desk) == before
    assert (desk.home / "register.jsonl").read_bytes() == entries
    error: dict[str, str] = json.loads(run.stdout)["error"]
    return error


def is_running(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def ends(pid: int) -> bool:
    end = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_running(pid)


class TestEnding:
    def test_one_that_ends_well_makes_a_bundle(self, desks: tuple[Desk, Desk]) -> None:
        ann, bob = desks
        packed = ann.json(*PACK, "--source-command", program(ann.folder, "out(rows)"))
        assert packed["outcome"] == "packed"
        assert packed["tables"][0]["n_rows_in"] == 2
        bob.run("unpack", packed["path"], "-o", ann.folder / "out")
        (ann.folder / packed["path"]).unlink()

    @pytest.mark.parametrize(
        ("lines", "code", "told"),
        [
            (["out(rows)", f"err('near {CANARY}')", "sys.exit(3)"], "source_failed", "status 3"),
            (["sys.exit(1)"], "source_failed", "status 1"),
            (["out(rows)", "os.kill(os.getpid(), signal.SIGKILL)"], "source_failed", "signal 9"),
            (["out(rows[:-9])", "sys.exit(2)"], "source_failed", "status 2"),
            (["out(rows)", f"err('{CANARY}')"], "source_spoke", "29 bytes"),
            ([], "header_invalid", "is empty"),
            (["err('x' * 300_000)", "sys.exit(1)"], "source_failed", "300,000 bytes"),
        ],
        ids=[
            "fails after all rows",
            "fails at once",
            "is killed",
            "fails in a row",
            "ends well and says something",
            "writes nothing",
            "says more than a pipe holds",
        ],
    )
    def test_one_that_does_not_makes_none(
        self, desks: tuple[Desk, Desk], lines: list[str], code: str, told: str, tally: Tally
    ) -> None:
        error = refused(desks[0], program(desks[0].folder, *lines))
        assert error["code"] == code
        assert told in error["message"]
        tally.count("crash", "sources that failed, none of which became a bundle")

    def test_one_that_fails_after_many_rows(self, desks: tuple[Desk, Desk]) -> None:
        lines = ["out(rows + '3,Cat,1990-01-01,Leeds\\n' * 400_000)", "sys.exit(1)"]
        assert refused(desks[0], program(desks[0].folder, *lines))["code"] == "source_failed"

    def test_messages_can_be_allowed(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        command = program(ann.folder, "err('NOTICE')", "out(rows)")
        packed = ann.json(*PACK, "--source-command", command, "--allow-source-messages")
        (ann.folder / packed["path"]).unlink()

    def test_one_that_is_not_there(self, desks: tuple[Desk, Desk]) -> None:
        error = refused(desks[0], "people=/not/there --password=hush")
        assert error["code"] == "source_failed"
        assert "hush" not in error["message"]


class TestTime:
    def test_one_that_closes_its_output_and_hangs_is_ended(self, desks: tuple[Desk, Desk]) -> None:
        note = desks[0].folder / "pid"
        lines = [
            f"open({str(note)!r}, 'w').write(str(os.getpid()))",
            "out(rows)",
            "os.close(1)",
            "time.sleep(600)",
        ]
        began = time.monotonic()
        error = refused(desks[0], program(desks[0].folder, *lines), "--source-timeout", "2")
        assert error["code"] == "source_timeout"
        assert time.monotonic() - began < 20
        assert ends(int(note.read_text()))

    def test_one_that_never_writes_is_ended_with_all_that_it_started(
        self, desks: tuple[Desk, Desk]
    ) -> None:
        note = desks[0].folder / "pids"
        lines = [
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
            "child = subprocess.Popen(['sleep', '600'])",
            f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')",
            "time.sleep(600)",
        ]
        error = refused(desks[0], program(desks[0].folder, *lines), "--source-timeout", "1.5")
        assert error["code"] == "source_timeout"
        assert all(ends(int(pid)) for pid in note.read_text().split())

    def test_a_stop_ends_it_too(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        note = ann.folder / "pid-of-stopped"
        lines = [
            "out(rows)",
            f"open({str(note)!r} + '.new', 'w').write(str(os.getpid()))",
            f"os.rename({str(note)!r} + '.new', {str(note)!r})",
            "time.sleep(600)",
        ]
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "securexfer", *PACK),
                *("--source-command", program(ann.folder, *lines), "--no-input"),
            ],
            env=ann.environment(),
            cwd=ann.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as run:
            end = time.monotonic() + 30
            while not note.exists() and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.5)
            run.send_signal(signal.SIGTERM)
            assert run.wait(20) == 130
        assert ends(int(note.read_text()))
        assert bundles(ann) == []


class TestWhatItSees:
    def source(self, desk: Desk, *lines: str) -> str:
        return program(desk.folder, *lines, "out(rows)")

    def test_no_terminal_no_input_and_no_variable_of_ours(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        lines = [
            "assert sys.stdin.read() == ''",
            "ours = ('SECUREXFER', '_RJEM', 'POLARS_MAX', 'OPENBLAS_NUM')",
            "assert not [name for name in os.environ if name.startswith(ours)]",
            "assert os.environ['PATH']",
            "assert os.getsid(0) == os.getpid()",
            "open_files = os.listdir('/proc/self/fd')",
            "assert len(open_files) <= 4, open_files",
        ]
        packed = ann.json(*PACK, "--source-command", self.source(ann, *lines), stdin=b"not for you")
        (ann.folder / packed["path"]).unlink()

    def test_there_is_no_shell(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        made = ann.folder / "made-by-a-shell"
        command = self.source(
            ann, "assert sys.argv[1:] == ['; touch', '$HOME', '*', '>x'], sys.argv"
        )
        packed = ann.json(*PACK, "--source-command", f"{command} '; touch' $HOME * '>x'")
        assert not made.exists()
        (ann.folder / packed["path"]).unlink()

    def test_nothing_of_it_reaches_the_disk(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        lines = [f"out('id,name,born,town\\n9,{CANARY},1980-01-01,York\\n')", "sys.exit(1)"]
        source = program(ann.folder, *lines)
        written = {p for p in ann.folder.rglob("*") if p.is_file()}
        refused(ann, source)
        new = {p for p in ann.folder.rglob("*") if p.is_file()} - written
        assert not [p for p in new if CANARY.encode() in p.read_bytes()]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--source-command", "people"],
        ["--source-command", "people="],
        ["--source-command", "=cat people.csv"],
        ["--source-command", "people=cat 'people.csv"],
        ["--source-command", "other=cat people.csv"],
        ["--source-command", "people=cat people.csv", "people.csv"],
        ["--source-timeout", "5", "people.csv"],
        ["--allow-source-messages", "people.csv"],
        [],
    ],
)
def test_what_can_not_be_meant_is_refused(
    desks: tuple[Desk, Desk], arguments: Sequence[str]
) -> None:
    run = desks[0].run(*PACK, *arguments, check=2)
    assert b"Traceback" not in run.stderr
    assert bundles(desks[0]) == []


def test_two_tables_from_two_commands(tmp_path: Path) -> None:
    ann, _ = two_desks(tmp_path)
    recipe = (tmp_path / "people.toml").read_text()
    table = '\n[tables.visits.fields]\nid = { action = "pseudonymise", domain = "person" }\n'
    (tmp_path / "people.toml").write_text(recipe + table)
    (tmp_path / "visits.csv").write_bytes(b"id\n" + b"1\n" * 300_000)
    packed = ann.json(
        *PACK, "--source-command", "people=cat people.csv", "--source-command",
        "visits=cat visits.csv", "--expect-rows-min", "visits=300000", "--expect-rows-min", "2",
    )  # fmt: skip
    assert [table["n_rows_in"] for table in packed["tables"]] == [2, 300_000]
    before = bundles(ann)
    error = ann.json(
        *PACK, "--source-command", "people=cat people.csv", "--source-command",
        "visits=cat visits.csv /not/there", check=20,
    )["error"]  # fmt: skip
    assert error["code"] == "source_failed"
    assert "visits" in error["message"]
    assert bundles(ann) == before
