"""Jobs: which run it is, what is on record of others, and that two never overlap."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from securexfer.custody.entry import Actor, Entry
from securexfer.custody.job import MAX_MISSED, Run, choose_key, find_missed, find_runs, lock_job
from securexfer.errors import OutputError, RunBusyError
from tests.world import START


def entry(number: int, event: str, **details: Any) -> Entry:
    actor = Actor("ann", "desk")
    return Entry(number, START, event, actor, "0" * 64, details, "0" * 64, "0" * 64)


def runs(keys: Sequence[str]) -> list[Entry]:
    return [entry(i, "packed", bundle_id=f"{i}", job="j", run=key) for i, key in enumerate(keys)]


class TestKeys:
    def test_a_day_is_that_of_the_machine(self) -> None:
        utc = datetime(2026, 3, 29, 23, 30, tzinfo=UTC)
        local = utc.astimezone(timezone(timedelta(hours=1)))
        assert choose_key("day", local, utc) == choose_key("weekday", local, utc) == "2026-03-30"

    def test_an_hour_is_utc(self) -> None:
        utc = datetime(2026, 3, 29, 23, 30, tzinfo=UTC)
        local = utc.astimezone(timezone(timedelta(hours=1)))
        assert choose_key("hour", local, utc) == "2026-03-29T23Z"


class TestRuns:
    def test_runs_that_failed_and_those_of_other_jobs_are_none(self) -> None:
        entries = [
            entry(1, "packed", bundle_id="1", job="j", run="a"),
            entry(2, "packed", bundle_id="2", job="j", run="b"),
            entry(3, "pack-failed", bundle_id="2", reason="interrupted"),
            entry(4, "packed", bundle_id="4", job="other", run="b"),
            entry(5, "packed", bundle_id="5"),
            entry(6, "pack-skipped", job="j", run="c"),
        ]
        assert [one.number for one in find_runs(entries, "j")] == [1, 6]


class TestMissed:
    def test_days_between_are_missed(self) -> None:
        found = find_missed(runs(["2026-02-26", "2026-02-25"]), Run("j", "2026-03-01", "day"))
        assert found == ["2026-02-27", "2026-02-28"]

    def test_a_weekend_is_no_gap_for_a_job_of_weekdays(self) -> None:
        friday, tuesday = "2026-03-06", "2026-03-10"
        assert find_missed(runs([friday]), Run("j", tuesday, "weekday")) == ["2026-03-09"]
        assert len(find_missed(runs([friday]), Run("j", tuesday, "day"))) == 3

    def test_hours_between_are_missed(self) -> None:
        found = find_missed(runs(["2026-02-28T22Z"]), Run("j", "2026-03-01T01Z", "hour"))
        assert found == ["2026-02-28T23Z", "2026-03-01T00Z"]

    @pytest.mark.parametrize(
        ("before", "run"),
        [
            ([], Run("j", "2026-03-01", "day")),
            (["2026-02-28"], Run("j", "2026-03-01", "day")),
            (["2026-03-05"], Run("j", "2026-03-01", "day")),
            (["something", "2026-02-20T01Z"], Run("j", "2026-03-01", "day")),
            (["2026-02-20"], Run("j", "my own key")),
        ],
        ids=["first", "yesterday", "clock went back", "other keys", "own key"],
    )
    def test_there_is_no_gap(self, before: list[str], run: Run) -> None:
        assert find_missed(runs(before), run) == []

    def test_of_a_long_gap_the_newest_are_told(self) -> None:
        found = find_missed(runs(["2020-01-01"]), Run("j", "2026-03-01", "day"))
        assert len(found) == MAX_MISSED
        assert found[-1] == "2026-02-28"


class TestLocks:
    def test_another_run_of_the_same_job_is_refused_and_of_another_is_not(
        self, tmp_path: Path
    ) -> None:
        with lock_job(tmp_path, "j"):
            with lock_job(tmp_path, "k"):
                pass
            with pytest.raises(RunBusyError, match="'j'"), lock_job(tmp_path, "j"):
                pass
        with lock_job(tmp_path, "j"):
            pass

    def test_it_can_be_waited_for(self, tmp_path: Path) -> None:
        began = time.monotonic()
        with (
            lock_job(tmp_path, "j"),
            pytest.raises(RunBusyError),
            lock_job(tmp_path, "j", wait_seconds=0.3),
        ):
            pass
        assert time.monotonic() - began >= 0.3

    def test_the_lock_of_a_killed_run_holds_nobody_up(self, tmp_path: Path) -> None:
        program = (
            "import sys, time; from pathlib import Path\n"
            "from securexfer.custody.job import lock_job\n"
            "with lock_job(Path(sys.argv[1]), 'j'):\n"
            "    print('held', flush=True); time.sleep(60)\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE
        ) as run:
            assert run.stdout is not None
            assert run.stdout.readline() == b"held\n"
            with pytest.raises(RunBusyError), lock_job(tmp_path, "j"):
                pass
            run.send_signal(signal.SIGKILL)
        with lock_job(tmp_path, "j"):
            pass

    def test_a_name_can_be_what_no_file_is_called(self, tmp_path: Path) -> None:
        with lock_job(tmp_path, "../ü\N{SNOWMAN}/" + "x" * 80):
            assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]

    def test_a_place_that_can_not_be_a_folder_is_called_that(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with (
            pytest.raises(OutputError, match="can't be written"),
            lock_job(tmp_path / "file" / "locks", "j"),
        ):
            pass

    def test_only_its_owner_can_read_it(self, tmp_path: Path) -> None:
        with lock_job(tmp_path / "locks", "j"):
            (path,) = (tmp_path / "locks").iterdir()
            assert path.stat().st_mode & 0o077 == 0
            assert (tmp_path / "locks").stat().st_mode & 0o077 == 0
