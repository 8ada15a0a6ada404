"""Runs of a job: done once, refused where nobody can tell, and never under a telling name."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from securexfer.custody.register import Actor, Register
from tests.whole.cli import EXTRACT, RECIPE, Desk, meet

PACK = ("pack", "people.csv", "--recipe", "people.toml", "-o", "stick")
TO_BOB = (*PACK, "--to", "bob")


@pytest.fixture
def ann(tmp_path: Path) -> Desk:
    """A job that knows `bob` and `cat`."""
    ann, *_ = meet(tmp_path, "ann", "bob", "cat")
    (tmp_path / "people.csv").write_bytes(EXTRACT)
    (tmp_path / "people.toml").write_text(RECIPE)
    (tmp_path / "stick").mkdir()
    return ann


def sent(desk: Desk) -> list[Path]:
    return sorted((desk.folder / "stick").iterdir())


def events(desk: Desk) -> list[str]:
    register = Register(desk.home / "register.jsonl", Actor("ann", "desk"))
    return [entry.event for entry in register.entries()]


class TestOnce:
    def test_a_run_is_done_once(self, ann: Desk) -> None:
        first = ann.json(*TO_BOB, "--once-per", "night 7")
        again = ann.json(*TO_BOB, "--once-per", "night 7")
        assert (first["outcome"], first["job"], first["run"]) == ("packed", "people", "night 7")
        assert (again["outcome"], again["bundle_id"]) == ("already-done", first["bundle_id"])
        assert again["path"] == first["path"]
        assert ann.json(*TO_BOB, "--once-per", "night 8")["missed"] == []
        assert len(sent(ann)) == 2
        told = b" ".join(ann.run(*TO_BOB, "--once-per", "night 7").stdout.split())
        assert b"The run night 7 was done, at" in told

    def test_a_source_that_is_not_needed_is_not_started(self, ann: Desk) -> None:
        ann.run(*TO_BOB, "--once-per", "x")
        note = ann.folder / "started"
        source = ["--source-command", f"people=touch {note}"]
        arguments = [one for one in TO_BOB if one != "people.csv"]
        assert ann.json(*arguments, *source, "--once-per", "x")["outcome"] == "already-done"
        assert not note.exists()

    def test_a_bundle_that_was_fetched_is_done(self, ann: Desk) -> None:
        ann.run(*TO_BOB, "--once-per", "x")
        sent(ann)[0].unlink()
        again = ann.json(*TO_BOB, "--once-per", "x")
        assert (again["outcome"], again["path"]) == ("already-done", "")
        assert sent(ann) == []

    def test_a_bundle_that_was_changed_is_told_of(self, ann: Desk) -> None:
        ann.run(*TO_BOB, "--once-per", "x")
        (path,) = sent(ann)
        path.write_bytes(path.read_bytes()[:-1])
        assert ann.json(*TO_BOB, "--once-per", "x", check=80)["error"]["code"] == "output_changed"

    def test_two_jobs_have_runs_of_their_own(self, ann: Desk) -> None:
        for job in ("one", "two"):
            packed = ann.json(*TO_BOB, "--once-per", "day", "--job", job)
            assert (packed["outcome"], packed["job"]) == ("packed", job)

    @pytest.mark.parametrize("what", ["recipe", "recipients"])
    def test_a_run_that_was_another_is_neither_done_nor_repeated(
        self, ann: Desk, what: str
    ) -> None:
        ann.run(*TO_BOB, "--once-per", "x")
        arguments = [*TO_BOB]
        if what == "recipients":
            arguments += ["--to", "cat"]
        else:
            path = ann.folder / "people.toml"
            path.write_text(path.read_text() + "\n# changed\n")
        before = events(ann)
        error = ann.json(*arguments, "--once-per", "x", check=70)["error"]
        assert error["code"] == "run_differs"
        assert (len(sent(ann)), events(ann)) == (1, before)
        assert ann.json(*arguments, "--once-per", "x again")["outcome"] == "packed"


class TestAtOnce:
    def start(self, desk: Desk, *more: str) -> subprocess.Popen[bytes]:
        """A run that waits for its source."""
        arguments = [one for one in TO_BOB if one != "people.csv"]
        return subprocess.Popen(
            [sys.executable, "-m", "securexfer", *arguments, "people=-", "--json", *more],
            env=desk.environment(),
            cwd=desk.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def wait_for_lock(self, desk: Desk) -> None:
        """Until somebody holds it."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for path in (desk.home / "locks").glob("*.lock"):
                with path.open() as file:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        return
            time.sleep(0.05)
        pytest.fail("nobody took the lock")

    def finish(self, run: subprocess.Popen[bytes]) -> dict[str, Any]:
        out, _ = run.communicate(EXTRACT, timeout=30)
        document: dict[str, Any] = json.loads(out)
        return document

    def test_the_second_is_refused_and_another_job_is_not(self, ann: Desk) -> None:
        run = self.start(ann)
        self.wait_for_lock(ann)
        assert ann.json(*TO_BOB, check=70)["error"]["code"] == "run_busy"
        assert ann.json(*TO_BOB, "--job", "other", "--to", "cat")["outcome"] == "packed"
        assert self.finish(run)["outcome"] == "packed"
        assert ann.json(*TO_BOB)["outcome"] == "packed"

    def test_the_second_can_wait(self, ann: Desk) -> None:
        run = self.start(ann, "--once-per", "x")
        self.wait_for_lock(ann)
        other = self.start(ann, "--once-per", "x", "--wait", "60")
        time.sleep(1.5)
        assert other.poll() is None
        assert self.finish(run)["outcome"] == "packed"
        assert self.finish(other)["outcome"] == "already-done"

    def test_a_dry_run_needs_no_lock(self, ann: Desk) -> None:
        run = self.start(ann)
        self.wait_for_lock(ann)
        assert ann.json(*TO_BOB, "--dry-run", "--once-per", "day")["dry_run"]
        self.finish(run)


class TestEmptyExtracts:
    @pytest.fixture(autouse=True)
    def empty(self, ann: Desk) -> None:
        (ann.folder / "people.csv").write_bytes(EXTRACT.splitlines(keepends=True)[0])

    def test_by_default_an_empty_table_is_an_answer(self, ann: Desk) -> None:
        assert ann.json(*TO_BOB)["tables"][0]["n_rows_in"] == 0

    def test_it_can_be_refused(self, ann: Desk) -> None:
        error = ann.json(*TO_BOB, "--on-empty", "refuse", check=20)["error"]
        assert error["code"] == "extract_empty"
        assert sent(ann) == []

    def test_it_can_be_skipped_which_is_on_record(self, ann: Desk) -> None:
        skipped = ann.json(*TO_BOB, "--on-empty", "skip", "--once-per", "x")
        assert (skipped["outcome"], skipped["run"]) == ("skipped", "x")
        assert sent(ann) == []
        assert events(ann)[-1] == "pack-skipped"
        assert b"pack skipped" in b" ".join(ann.run("register", "list").stdout.split())
        assert b"every check held" in ann.run("register", "verify").stdout

    def test_it_can_be_skipped_without_a_job(self, ann: Desk) -> None:
        told = ann.run(*TO_BOB, "--on-empty", "skip").stdout
        assert b"Nothing was sent, and that is recorded." in told

    def test_a_minimum_comes_first(self, ann: Desk) -> None:
        options = ("--on-empty", "skip", "--expect-rows-min", "1")
        assert ann.json(*TO_BOB, *options, check=20)["error"]["code"] == "row_count"

    def test_nothing_at_all_is_no_empty_extract(self, ann: Desk) -> None:
        (ann.folder / "people.csv").write_bytes(b"")
        error = ann.json(*TO_BOB, "--on-empty", "skip", check=20)["error"]
        assert error["code"] == "header_invalid"


class TestNames:
    def test_a_template_names_the_bundle(self, ann: Desk) -> None:
        options = ("--name-template", "{sequence}-{bundle_id}.zip")
        packed = [ann.json(*TO_BOB, *options) for _ in range(2)]
        assert [Path(one["path"]).name for one in packed] == [
            f"000{i}-{one['bundle_id'][:12]}.zip" for i, one in enumerate(packed, start=1)
        ]

    @pytest.mark.parametrize(
        "more",
        [
            ("--name-template", "people-{date}.zip"),
            ("--name-template", "name{date}.zip"),
            ("--name-template", "{table}.zip"),
            ("--name-template", "../{date}.zip"),
            ("--name-template", "{date}.zip", "-o", "x.zip"),
            ("--once-per", ""),
            ("--once-per", "a\nb"),
            ("--job", ""),
            ("--expect-rows-min", "many"),
            ("--expect-rows-min", "-1"),
            ("--expect-rows-min", "1", "--expect-rows-min", "2"),
            ("--expect-rows-max", "men=5"),
        ],
    )
    def test_what_can_not_be_is_refused_before_anything_is_done(
        self, ann: Desk, more: tuple[str, ...]
    ) -> None:
        error = ann.json(*TO_BOB, *more, check=2)["error"]
        assert error["code"] == "usage"
        assert sent(ann) == []
        assert events(ann) == []


def test_a_dry_run_holds_the_expectations_too(ann: Desk) -> None:
    assert ann.json(*TO_BOB, "--dry-run", "--expect-rows-min", "2")["dry_run"]
    error = ann.json(*TO_BOB, "--dry-run", "--expect-rows-min", "3", check=20)["error"]
    assert error["code"] == "row_count"
    ann.run(*TO_BOB)
    (ann.folder / "people.csv").write_bytes(EXTRACT + b"3,Cat,1990-01-01,Leeds\n")
    change = ("--dry-run", "--expect-change-max")
    assert ann.json(*TO_BOB, *change, "50")["dry_run"]
    assert ann.json(*TO_BOB, *change, "49", check=20)["error"]["code"] == "row_count"


def test_an_outbox_is_pruned_of_what_is_old(ann: Desk) -> None:
    ann.run(*TO_BOB)
    prune = ("outbox", "prune", "stick")
    assert ann.json(*prune, "--older-than", "1")["n_kept"] == 1
    ann.secret.rename(ann.folder / "away-secret")
    planned = ann.json(*prune, "--older-than", "0", "--dry-run")
    (ann.folder / "away-secret").rename(ann.secret)
    assert (planned["dry_run"], len(planned["removed"]), len(sent(ann))) == (True, 1, 1)
    assert b"Deleted: stick/sx-" in ann.run(*prune, "--older-than", "0").stdout
    assert sent(ann) == []
    assert events(ann)[-1] == "bundle-removed"
    ann.run("outbox", "prune", "away", "--older-than", "0", check=80)
