"""The log: what happened, one JSON object a line, and never the reason for another outcome."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.faults.mounts import tmpfs
from tests.whole.cli import Desk, two_desks

PACK = ("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return two_desks(tmp_path_factory.mktemp("log"))[0]


def read_log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestFiles:
    def test_a_run_has_a_beginning_what_it_did_and_an_end(self, ann: Desk) -> None:
        log = ann.folder / "run.log"
        packed = ann.json(*PACK, "--log-file", log)
        started, did, ended = read_log(log)
        assert [one["command"] for one in (started, did, ended)] == ["pack"] * 3
        assert (started["event"], ended["event"], ended["exit_code"]) == ("started", "ended", 0)
        assert (did["event"], did["bundle_id"]) == ("packed", packed["bundle_id"])
        assert (did["n_rows"], did["sequence"]) == (2, packed["sequence"])
        assert log.stat().st_mode & 0o777 == 0o600

    def test_a_failure_is_told_by_its_code_and_without_values(self, ann: Desk) -> None:
        log, table = ann.folder / "failed.log", ann.folder / "bad.csv"
        table.write_text("id,name,born,town\n1,Canary-7,1980-01-01,York,Canary-8\n")
        arguments = ["people=bad.csv" if one == "people.csv" else one for one in PACK]
        ann.run("--log-file", log, *arguments, check=20)
        failed, ended = read_log(log)[1:]
        assert (failed["event"], failed["level"]) == ("failed", "error")
        assert (failed["code"], ended["exit_code"]) == ("shape_invalid", 20)
        assert "Canary" not in log.read_text()

    def test_lines_are_added(self, ann: Desk) -> None:
        log = ann.folder / "twice.log"
        for _ in range(2):
            ann.run("contact", "list", "--log-file", log)
        assert [one["event"] for one in read_log(log)] == ["started", "ended"] * 2
        assert {one["command"] for one in read_log(log)} == {"contact list"}

    def test_a_group_may_read_it_to_collect_it(self, ann: Desk) -> None:
        log = ann.folder / "group.log"
        log.touch()
        log.chmod(0o640)
        ann.run("contact", "list", "--log-file", log)
        assert len(read_log(log)) == 2

    @pytest.mark.parametrize("kind", ["link", "for all", "group writes", "pipe", "folder", "away"])
    def test_one_that_is_no_log_stops_the_run_before_it_begins(
        self, ann: Desk, tmp_path: Path, kind: str
    ) -> None:
        log = tmp_path / "the.log"
        if kind == "link":
            (tmp_path / "other").touch()
            log.symlink_to(tmp_path / "other")
        elif kind == "pipe":
            os.mkfifo(log, 0o600)
        elif kind == "folder":
            log.mkdir()
        elif kind == "away":
            log = tmp_path / "away" / "the.log"
        else:
            log.touch()
            log.chmod(0o644 if kind == "for all" else 0o660)
        before = sorted((ann.folder / "stick").iterdir())
        error = ann.json(*PACK, "--log-file", log, check=80)["error"]
        assert error["code"] == "log_failed"
        assert sorted((ann.folder / "stick").iterdir()) == before

    def test_one_that_fills_up_changes_no_outcome(self, ann: Desk, tmp_path: Path) -> None:
        with tmpfs(tmp_path / "small", 16 * 1024) as folder:
            with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
                while file.write(b"x" * 1024):
                    pass
            run = ann.run(*PACK, "--json", "--log-file", folder / "the.log", check=0)
        assert json.loads(run.stdout)["outcome"] == "packed"
        assert b"The log is not complete" in run.stderr


class TestTheJournal:
    def test_lines_carry_the_priorities_that_systemd_reads(self, ann: Desk) -> None:
        run = ann.run("--log-file", "journal", "contact", "show", "nobody", "--json", check=30)
        lines = run.stderr.decode().splitlines()
        assert [line[:3] for line in lines] == ["<6>", "<3>", "<3>"]
        events = [json.loads(line[3:])["event"] for line in lines]
        assert events == ["started", "failed", "ended"]
        assert json.loads(run.stdout)["error"]["code"] == "contact_unknown"
        assert not (ann.folder / "journal").exists()


class TestResults:
    def test_they_are_one_line_where_nobody_looks(self, ann: Desk) -> None:
        for arguments, code in ((PACK, 0), (("contact", "show", "nobody"), 30)):
            run = ann.run(*arguments, "--json", check=code)
            assert run.stdout.count(b"\n") == 1
            assert json.loads(run.stdout)
