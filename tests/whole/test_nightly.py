"""A month of nights: a job on a real database with a clock of its own, and what can go wrong.

Each night is a run of the program as a scheduler starts it. What it says, what it leaves in the
outbox and in the register, and what the recipient can open, must agree every time. At the end no
night was sent twice, and every night that was not sent was told of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.whole.happening import (
    FAILING,
    a_full_disk,
    a_piped_query_fails,
    a_query_fails,
    a_short_extract,
    killed_after_the_name,
    killed_before_the_name,
    killed_while_it_reads,
    nothing_to_send,
    ordinary_nights,
    summer_time,
    the_card_has_ended,
    the_clock_is_ahead,
    the_clock_is_behind,
    the_last_night,
    the_machine_is_off,
    two_at_once,
)
from tests.whole.nightly import AT, CANARY, N_ROWS, PSQL, Job, Nights, day
from tests.whole.postgres import Postgres, postgres

N_NIGHTS = 30
PEOPLE = f"""
create table people (
    pnc_id text, forename text, surname text, date_of_birth date, sex text, postcode text,
    convictions int, notes text);
insert into people select '2026/' || n, 'Nia', '{CANARY}', date '1950-01-01' + n, 'F',
    'SW1A 1AA', n % 40, 'seen by {CANARY}' from generate_series(1, {N_ROWS}) n;
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        server.do(PEOPLE)
        yield server


@pytest.fixture(scope="module")
def faketime() -> Path:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("libfaketime is not installed")
    return found[0]


def test_thirty_nights(
    tmp_path: Path,
    database: Postgres,
    faketime: Path,
    tool: Callable[[str], str],
    tally: Tally,
) -> None:
    job = Job(tmp_path, database, faketime)
    nights = Nights(job, tool("strace"))
    job.give()
    order = (
        *(ordinary_nights, a_query_fails, nothing_to_send, a_piped_query_fails, two_at_once),
        *(a_full_disk, killed_while_it_reads, killed_before_the_name, killed_after_the_name),
        *(the_machine_is_off, summer_time, the_clock_is_behind, the_clock_is_ahead),
        *(the_card_has_ended, a_short_extract, the_last_night),
    )
    for happens in order:
        happens(nights)
    assert nights.n_done == N_NIGHTS

    # No night was sent twice: neither by its key nor by its bundle.
    packed = [entry for entry in job.entries() if entry.event == "packed"]
    failed = {e.details["bundle_id"] for e in job.entries() if e.event == "pack-failed"}
    sent = [entry for entry in packed if entry.details["bundle_id"] not in failed]
    assert len({entry.details["run"] for entry in sent}) == len(sent) == len(job.opened)
    assert {entry.details["bundle_id"] for entry in sent} == set(job.opened)
    # Every night is sent, or on record as one with nothing to send, or told of as missed later.
    days = {str(day(night)) for night in range(1, N_NIGHTS + 1)}
    skipped = {e.details["run"] for e in job.entries() if e.event == "pack-skipped"}
    gaps = days - {entry.details["run"] for entry in sent} - skipped
    assert set(job.missed) == gaps | {nights.early}
    assert set(nights.told) <= gaps
    assert len(gaps) == 7
    # And it is in the register too, for whoever looks later.
    recorded = {key for entry in sent for key in entry.details.get("missed", [])}
    assert recorded == set(job.missed)
    check_log(job)
    assert b"every check held" in job.desk.run("register", "verify").stdout
    assert CANARY.encode() not in (job.desk.home / "register.jsonl").read_bytes()
    tally.count("crash", "nights of a scheduled job, each with its right outcome", N_NIGHTS)


class TestAQueryThatFailsHalfWay:
    """The same query, by the ways in which a job can read it."""

    @pytest.fixture
    def job(self, tmp_path: Path, database: Postgres, faketime: Path) -> Job:
        job = Job(tmp_path, database, faketime)
        job.give(FAILING)
        return job

    def test_a_pipe_alone_takes_it_for_a_short_extract(self, job: Job) -> None:
        """Why jobs should not be pipes: by the time psql's status is known, the bundle is sent."""
        code, document = job.run_piped(f"{day(1)} {AT}")
        (table,) = document["tables"]
        assert (code, document["outcome"]) == (0, "packed")
        assert 0 < table["n_rows_in"] < N_ROWS
        pipeline = f"set -o pipefail; {PSQL} | {' '.join(job.command(source=['offenders=-']))}"
        shell = job.start(f"{day(2)} {AT}", ["bash", "-c", pipeline])
        code, document = job.finish(shell)
        # The shell tells of the failure, of a bundle that is in the outbox all the same.
        assert (code, document["outcome"]) == (3, "packed")
        assert len(job.files()) == 2

    def test_a_pipe_with_an_expectation_refuses_it(self, job: Job) -> None:
        code, document = job.run_piped(f"{day(1)} {AT}", "--expect-rows-min", str(N_ROWS))
        assert (code, document["error"]["code"]) == (20, "row_count")
        assert job.files() == []

    @pytest.mark.parametrize(
        ("command", "error"),
        [(PSQL, "source_failed"), (f"{PSQL} -v ON_ERROR_STOP=0", "source_spoke")],
        ids=["psql says so", "psql ends as if nothing were"],
    )
    def test_a_source_command_refuses_it(self, job: Job, command: str, error: str) -> None:
        source = ["--source-command", f"offenders={command}"]
        code, document = job.run(f"{day(1)} {AT}", source=source)
        assert (code, document["error"]["code"]) == (20, error)
        assert "division" not in document["error"]["message"]
        assert (job.files(), job.entries()) == ([], [])


def check_log(job: Job) -> None:
    """One JSON object a line; every run has a beginning, and an end unless it was killed."""
    lines = [json.loads(line) for line in job.log.read_text().splitlines()]
    started = [one for one in lines if one["event"] == "started"]
    ended = [one for one in lines if one["event"] == "ended"]
    assert len(started) == len(ended) + 3
    assert {one["exit_code"] for one in ended} == {0, 20, 30, 70, 80}
    assert {one["level"] for one in lines} <= {"info", "notice", "warning", "error"}
    assert len([one for one in lines if one["event"] == "missed"]) >= 5
    assert CANARY not in job.log.read_text()
    assert job.log.stat().st_mode & 0o077 == 0
