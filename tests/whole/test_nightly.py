"""A month of nights: a job on a real database with a clock of its own, and what can go wrong.

Each night is a run of the program as a scheduler starts it. What it says, what it leaves in the
outbox and in the register, and what the recipient can open, must agree every time. At the end no
night was sent twice, and every night that was not sent was told of.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from securexfer.carrier import write_small
from securexfer.crypto.identity import (
    CARD_VALIDITY,
    create_identity,
    encrypt_identity,
    rotate_identity,
)
from securexfer.home import desk as home
from tests.assurance import Tally
from tests.docs.pages import ROOT
from tests.faults.mounts import tmpfs
from tests.whole.cli import Desk
from tests.whole.postgres import Postgres, postgres
from tests.world import Person, SetClock, csv_rows

# Summer time begins in the night of its 18th day; the job runs at half past midnight.
FIRST = date(2026, 3, 12)
ZONE = ZoneInfo("Europe/London")
AT = "00:30:00"
N_NIGHTS = 30
N_ROWS = 2000
CARD_ENDS_ON_NIGHT = 26
EXAMPLE = ROOT / "examples" / "nightly"
COLUMNS = "pnc_id, forename, surname, date_of_birth, sex, postcode, convictions, notes"
CANARY = "Quillfeather"
PSQL = "psql -X -q -v ON_ERROR_STOP=1 -f offenders.sql"
SOURCE = ("--source-command", f"offenders={PSQL}")
PEOPLE = f"""
create table people (
    pnc_id text, forename text, surname text, date_of_birth date, sex text, postcode text,
    convictions int, notes text);
insert into people select '2026/' || n, 'Nia', '{CANARY}', date '1950-01-01' + n, 'F',
    'SW1A 1AA', n % 40, 'seen by {CANARY}' from generate_series(1, {N_ROWS}) n;
"""
FAILING = f"""select pnc_id, forename, surname, date_of_birth, sex, postcode,
    convictions / (case when pnc_id = '2026/{N_ROWS - 100}' then 0 else 1 end), notes from people"""
MANY = """select pnc_id || '/' || n, forename, surname, date_of_birth, sex, postcode,
    convictions, notes from people, generate_series(1, 20) n"""
# Many rows at once, and the last of them a while later.
SLOW = f"""{MANY} union all select {COLUMNS} from people
    where pnc_id = '2026/1' and pg_sleep(8) is not null"""


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


class Job:
    """A job, its recipient, and what both have seen."""

    def __init__(self, folder: Path, database: Postgres, library: Path) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.outbox = folder / "outbox"
        self.outbox.mkdir()
        self.log = folder / "job.log"
        self._database = database
        self._library = library
        self._ann, self.bob = (Person(folder, name, self.clock) for name in ("ann", "bob"))
        made_at = instant(FIRST) - timedelta(days=10)
        ends_at = instant(day(CARD_ENDS_ON_NIGHT)) - timedelta(hours=1)
        for person, created_at in ((self._ann, made_at), (self.bob, ends_at - CARD_VALIDITY)):
            person.identity = create_identity(
                name=person.name, organisation="", email="", created_at=created_at
            )
        self.clock.now = made_at
        self._ann.pin(self.bob)
        self.bob.pin(self._ann)
        self.desk = Desk(folder, "ann")
        self.desk.home = self._ann.home
        home.Desk(self.desk.home).save_new_identity(self._ann.identity, "passphrase of ann")
        for name in ("offenders.toml", "offenders.sql"):
            shutil.copy(EXAMPLE / name, folder)
        self.opened: dict[str, int] = {}
        self.missed: list[str] = []
        self.tokens: dict[str, str] = {}

    # -- the database ---------------------------------------------------------------------------

    def give(self, query: str = f"select {COLUMNS} from people") -> None:
        """What the job's query finds from now on."""
        self._database.do(f"create or replace view offenders ({COLUMNS}) as {query}")

    # -- running --------------------------------------------------------------------------------

    def environment(self, at: str) -> dict[str, str]:
        """A process's, with a clock that starts at this local time and goes on."""
        return {
            **self.desk.environment(),
            **self._database.environment,
            "TZ": "Europe/London",
            "LD_PRELOAD": str(self._library),
            "FAKETIME": f"@{at}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def command(self, *more: str, source: Sequence[str] = SOURCE) -> list[str]:
        return [
            *(sys.executable, "-m", "securexfer", "pack", *source),
            *("--recipe", "offenders.toml", "--to", "bob", "-o", str(self.outbox)),
            *("--once-per", "day", "--on-empty", "skip", "--no-input", "--json"),
            *("--log-file", str(self.log), *more),
        ]

    def start(
        self, at: str, command: Sequence[str], *, before: Sequence[str] = (), **more: Any
    ) -> subprocess.Popen[bytes]:
        environment = self.environment(at)
        faked = {n: environment.pop(n) for n in ("LD_PRELOAD", "FAKETIME")} if before else {}
        told = ["env", *(f"{name}={value}" for name, value in faked.items())] if before else []
        return subprocess.Popen(
            [*before, *told, *command],
            env=environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **{"stdin": subprocess.DEVNULL, **more},
        )

    def finish(self, run: subprocess.Popen[bytes]) -> tuple[int, dict[str, Any]]:
        """Its exit code and the one document that it printed."""
        out, err = run.communicate(timeout=60)
        assert CANARY.encode() not in out + err
        assert b"Traceback" not in err, err.decode()
        lines = out.decode().splitlines()
        assert len(lines) <= 1
        document: dict[str, Any] = json.loads(lines[0]) if lines else {}
        self.missed += document.get("missed", [])
        return run.returncode, document

    def run(
        self, at: str, *more: str, source: Sequence[str] = SOURCE
    ) -> tuple[int, dict[str, Any]]:
        return self.finish(self.start(at, self.command(*more, source=source)))

    def run_piped(self, at: str, *more: str) -> tuple[int, dict[str, Any]]:
        """psql writes, the job reads; nobody looks at how psql ended."""
        query = self.start(at, PSQL.split())
        run = self.start(at, self.command(*more, source=["offenders=-"]), stdin=query.stdout)
        assert query.stdout is not None
        query.stdout.close()
        result = self.finish(run)
        assert query.stderr is not None
        query.stderr.close()
        query.wait(20)
        return result

    # -- looking --------------------------------------------------------------------------------

    def files(self) -> list[str]:
        return sorted(path.name for path in self.outbox.iterdir())

    def entries(self) -> list[Any]:
        return self._ann.register.entries()

    def events(self) -> list[str]:
        return [entry.event for entry in self.entries()]

    def receive(self, document: Mapping[str, Any], at: str, *, n_rows: int = N_ROWS) -> None:
        """The recipient opens what was sent, and finds tonight's rows in it."""
        assert document["outcome"] == "packed"
        self.clock.now = datetime.fromisoformat(at).replace(tzinfo=ZONE).astimezone(UTC)
        bundle_id = document["bundle_id"]
        assert bundle_id not in self.opened
        folder = self.folder / "incoming" / bundle_id
        folder.mkdir(parents=True)
        self.bob.unpack(Path(document["path"]), folder)
        rows = csv_rows((folder / "offenders.csv").read_bytes())[1:]
        assert len(rows) == n_rows
        # One person has one token, on every night and whatever the recipient's key is.
        assert self.tokens.setdefault("first", rows[0][0]) == rows[0][0]
        self.opened[bundle_id] = document["sequence"]
        shutil.rmtree(folder)


def day(night: int) -> date:
    return FIRST + timedelta(days=night - 1)


def instant(local: date) -> datetime:
    return datetime.fromisoformat(f"{local} {AT}").replace(tzinfo=ZONE).astimezone(UTC)


def is_there(paths: Callable[[], list[str]], suffix: str) -> bool:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if any(name.endswith(suffix) for name in paths()):
            return True
        time.sleep(0.02)
    return False


@contextmanager
def small_outbox(job: Job, n_bytes: int) -> Iterator[None]:
    """A drive with little room in the outbox's place."""
    usual = job.outbox
    with tmpfs(job.folder / "small", n_bytes) as folder:
        job.outbox = folder
        try:
            yield
        finally:
            job.outbox = usual


class Nights:
    """What happens on each of them, as a generator of the nights that have passed."""

    def __init__(self, job: Job, strace: str) -> None:
        self.job = job
        self.strace = strace
        self.n_done = 0
        self.sent: dict[str, str] = {}
        self.told: dict[str, str] = {}
        # Told of as missed before it came, by a clock that was ahead.
        self.early = ""

    def at(self) -> str:
        return f"{day(self.n_done + 1)} {AT}"

    def key(self) -> str:
        return str(day(self.n_done + 1))

    def ordinary(self, *more: str, source: Sequence[str] = SOURCE, missed: int = 0) -> None:
        """It runs, and its bundle is opened; so many nights before are told of as missed."""
        job, at = self.job, self.at()
        before = job.files()
        code, document = job.run(at, *more, source=source)
        assert code == 0, document
        assert document["missed"] == [str(day(self.n_done - i)) for i in range(missed)][::-1]
        self._has_sent(document, before)

    def refused(self, code: int, error: str, *more: str, rerun: bool = False) -> None:
        """It runs, and nothing comes of it."""
        job = self.job
        before, n_entries = job.files(), len(job.entries())
        status, document = job.run(self.at(), *more)
        assert (status, document["error"]["code"]) == (code, error), document
        assert job.files() == before
        assert len(job.entries()) == n_entries
        if not rerun:
            self.told[self.key()] = error

    def _has_sent(self, document: Mapping[str, Any], before: Sequence[str]) -> None:
        job = self.job
        assert document["run"] == self.key()
        assert [n for n in job.files() if n not in before] == [Path(document["path"]).name]
        entry = job.entries()[-1]
        assert (entry.event, entry.details["run"]) == ("packed", self.key())
        assert entry.details["bundle_id"] == document["bundle_id"]
        job.receive(document, self.at())
        assert self.key() not in self.sent
        self.sent[self.key()] = document["bundle_id"]

    def pass_night(self) -> None:
        self.n_done += 1


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


def ordinary_nights(nights: Nights) -> None:
    for _ in range(3):
        nights.ordinary()
        nights.pass_night()


def a_query_fails(nights: Nights) -> None:
    nights.job.give(FAILING)
    nights.refused(20, "source_failed")
    nights.pass_night()
    nights.job.give()
    nights.ordinary(missed=1)
    nights.pass_night()


def nothing_to_send(nights: Nights) -> None:
    job = nights.job
    job.give(f"select {COLUMNS} from people where false")
    before = job.files()
    code, document = job.run(nights.at())
    assert (code, document["outcome"], document["run"]) == (0, "skipped", nights.key())
    assert job.files() == before
    assert job.events()[-1] == "pack-skipped"
    # Rows that come after all change nothing: that night is closed.
    job.give()
    code, document = job.run(nights.at())
    assert (code, document["outcome"], document["event"]) == (0, "already-done", "pack-skipped")
    nights.pass_night()
    nights.ordinary()
    nights.pass_night()


def a_piped_query_fails(nights: Nights) -> None:
    """A pipe ends like any other when its writer fails; only the number of rows shows it."""
    job, expected = nights.job, ("--expect-rows-min", f"offenders={N_ROWS}")
    job.give(FAILING)
    before, n_entries = job.files(), len(job.entries())
    code, document = job.run_piped(nights.at(), *expected)
    assert (code, document["error"]["code"]) == (20, "row_count"), document
    assert job.files() == before
    assert len(job.entries()) == n_entries
    nights.told[nights.key()] = "row_count"
    nights.pass_night()
    job.give()
    code, document = job.run_piped(nights.at(), *expected)
    assert (code, document["missed"]) == (0, [str(day(nights.n_done))])
    nights._has_sent(document, before)
    nights.pass_night()


def two_at_once(nights: Nights) -> None:
    job = nights.job
    before = job.files()
    runs = [job.start(nights.at(), job.command()) for _ in range(2)]
    results = sorted((job.finish(run) for run in runs), key=lambda result: result[0])
    (code, first), (other_code, second) = results
    assert code == 0
    # Whoever comes while the other works is sent away; whoever comes later finds it done.
    if other_code:
        assert (other_code, second["error"]["code"]) == (70, "run_busy")
    else:
        first, second = sorted((first, second), key=lambda one: one["outcome"], reverse=True)
        assert second["outcome"] == "already-done"
    nights._has_sent(first, before)
    nights.pass_night()
    # The timer fires twice, one after the other.
    nights.ordinary()
    n_entries, files = len(job.entries()), job.files()
    code, document = job.run(nights.at())
    assert (code, document["outcome"]) == (0, "already-done")
    assert document["bundle_id"] == nights.sent[nights.key()]
    assert (len(job.entries()), job.files()) == (n_entries, files)
    nights.pass_night()


def a_full_disk(nights: Nights) -> None:
    job = nights.job
    job.give(MANY)
    with small_outbox(job, 128 * 1024):
        nights.refused(80, "disk_full", rerun=True)
    job.give()
    nights.ordinary()
    nights.pass_night()


def killed_while_it_reads(nights: Nights) -> None:
    job = nights.job
    job.give(SLOW)
    before, n_entries = job.files(), len(job.entries())
    run = job.start(nights.at(), job.command())
    assert is_there(job.files, ".partial")
    run.send_signal(signal.SIGKILL)
    assert job.finish(run) == (-signal.SIGKILL, {})
    assert len(job.files()) == len(before) + 1
    assert len(job.entries()) == n_entries
    job.give()
    # The scheduler tries again: what was left behind goes, and the night is sent.
    code, document = job.run(nights.at())
    assert code == 0, document
    nights._has_sent(document, before)
    nights.pass_night()


def kill_at(nights: Nights, call: str, path: Path) -> None:
    """Run until the system call about this path, at which the run is killed."""
    job = nights.job
    trace = [nights.strace, "-f", "-qq", "-o", "/dev/null", "-P", str(path)]
    strike = ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when=1"]
    run = job.start(
        nights.at(), job.command("--name-template", "{date}.zip"), before=[*trace, *strike]
    )
    _, document = job.finish(run)
    assert document == {}
    assert run.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert job.events()[-1] == "packed"


def killed_before_the_name(nights: Nights) -> None:
    """It is on record, and its file is not there under its name."""
    job = nights.job
    before = job.files()
    path = job.outbox / f"{nights.key()}.zip.partial"
    kill_at(nights, "rename", path)
    assert [n for n in job.files() if n not in before] == [path.name]
    code, document = job.run(nights.at(), "--name-template", "{date}.zip")
    assert code == 0, document
    assert job.events()[-2:] == ["pack-failed", "packed"]
    nights._has_sent(document, before)
    nights.pass_night()


def killed_after_the_name(nights: Nights) -> None:
    """It is done, and nobody was told."""
    job = nights.job
    before = job.files()
    kill_at(nights, "fsync", job.outbox)
    path = job.outbox / f"{nights.key()}.zip"
    assert [n for n in job.files() if n not in before] == [path.name]
    n_entries = len(job.entries())
    code, document = job.run(nights.at(), "--name-template", "{date}.zip")
    assert (code, document["outcome"], document["path"]) == (0, "already-done", str(path))
    assert len(job.entries()) == n_entries
    job.receive({**job.entries()[-1].details, "outcome": "packed", "path": str(path)}, nights.at())
    nights.sent[nights.key()] = document["bundle_id"]
    nights.pass_night()


def the_machine_is_off(nights: Nights) -> None:
    nights.pass_night()
    nights.ordinary(missed=1)
    nights.pass_night()


def summer_time(nights: Nights) -> None:
    """The clocks go forward: two nights of one UTC date are still two nights."""
    assert nights.key() == "2026-03-29"
    for _ in range(2):
        nights.ordinary()
        nights.pass_night()
    first, second = [e.at.date() for e in nights.job.entries() if e.event == "packed"][-2:]
    assert first == second


def the_clock_is_behind(nights: Nights) -> None:
    """Set back by 26 hours: by the register, that night is done; nobody can tell which it is."""
    job, right = nights.job, nights.at()
    wrong = datetime.fromisoformat(right) - timedelta(hours=24, minutes=20)
    before, n_entries = job.files(), len(job.entries())
    code, document = job.run(str(wrong))
    assert (code, document["error"]["code"]) == (70, "clock_changed"), document
    assert (job.files(), len(job.entries())) == (before, n_entries)
    nights.told[nights.key()] = "clock_changed"
    nights.pass_night()
    nights.ordinary(missed=1)
    nights.pass_night()


def the_clock_is_ahead(nights: Nights) -> None:
    """Set forward by 50 hours for a night: sent under the key of another, which is told of."""
    job = nights.job
    before = job.files()
    ahead = datetime.fromisoformat(nights.at()) + timedelta(hours=50)
    wrong_key = str(ahead.date())
    code, document = job.run(str(ahead))
    assert (code, document["run"]) == (0, wrong_key)
    assert document["missed"] == [nights.key(), str(day(nights.n_done + 2))]
    job.receive(document, str(ahead))
    assert len(job.files()) == len(before) + 1
    nights.told[nights.key()] = "the clock was ahead"
    nights.pass_night()
    # The clock is right again. That night has no bundle yet, and gets one.
    nights.early = nights.key()
    nights.ordinary(missed=1)
    nights.pass_night()
    # The next has one on record by its date, from before the clock was put right.
    assert nights.key() == wrong_key
    nights.refused(70, "clock_changed", rerun=True)
    before = job.files()
    code, document = job.run(nights.at(), "--once-per", f"{wrong_key}-again")
    assert code == 0, document
    assert document["run"] == f"{wrong_key}-again"
    job.receive(document, nights.at())
    nights.pass_night()
    nights.ordinary()
    nights.pass_night()


def the_card_has_ended(nights: Nights) -> None:
    job = nights.job
    assert nights.n_done + 1 == CARD_ENDS_ON_NIGHT
    nights.refused(30, "card_expired")
    nights.pass_night()
    nights.refused(30, "card_expired", rerun=True)
    # In the morning the recipient sends a card that follows the old one, and reads it out.
    rotated_at = instant(day(nights.n_done))
    job.bob.identity = rotate_identity(job.bob.identity, rotated_at=rotated_at)
    card = job.folder / "new.card"
    write_small(card, job.bob.identity.card.encode())
    home.Desk(job.bob.home).identity_path.write_bytes(
        encrypt_identity(job.bob.identity, "passphrase of bob")
    )
    add = ["contact", "add", str(card), "--as", "bob", "--replaces", "bob", "--no-input"]
    confirmed = ["--fingerprint", job.bob.identity.fingerprint]
    run = job.start(nights.at(), [sys.executable, "-m", "securexfer", *add, *confirmed])
    assert run.wait(30) == 0
    run.communicate()
    nights.ordinary(missed=1)
    nights.pass_night()


def a_short_extract(nights: Nights) -> None:
    nights.job.give(f"select {COLUMNS} from people limit {N_ROWS // 3}")
    nights.refused(20, "row_count", "--expect-change-max", "50")
    nights.job.give()
    nights.pass_night()


def the_last_night(nights: Nights) -> None:
    """From a file this time; and the outbox is pruned."""
    job = nights.job
    with (job.folder / "offenders.csv").open("wb") as file:
        subprocess.run(
            PSQL.split(),
            cwd=job.folder,
            env={**os.environ, **job.environment(nights.at())},
            stdout=file,
            timeout=60,
            check=True,
        )
    nights.ordinary(source=["offenders.csv"], missed=1)
    nights.pass_night()
    # The last one runs as it should, and then the old ones go.
    nights.ordinary()
    job.outbox.joinpath("notes.txt").write_text("not a bundle")
    kept = job.files()
    prune = ["outbox", "prune", str(job.outbox), "--older-than", "14", "--json", "--no-input"]
    run = job.start(nights.at(), [sys.executable, "-m", "securexfer", *prune])
    code, document = job.finish(run)
    gone = {Path(one["path"]).name for one in document["removed"]}
    assert (code, document["n_others"], document["n_altered"]) == (0, 1, 0)
    assert len(gone) > 5
    assert job.files() == sorted(set(kept) - gone)
    assert job.events()[-len(gone) :] == ["bundle-removed"] * len(gone)
    nights.pass_night()


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
