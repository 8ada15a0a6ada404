"""A job that runs every night on a real database, with a clock of its own, and its recipient."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from securexfer.crypto.identity import CARD_VALIDITY, create_identity
from securexfer.home import desk as home
from tests.docs.pages import ROOT
from tests.whole.cli import Desk
from tests.whole.postgres import Postgres
from tests.world import Person, SetClock, csv_rows

# Summer time begins in the night of its 18th day; the job runs at half past midnight.
FIRST = date(2026, 3, 12)
ZONE = ZoneInfo("Europe/London")
AT = "00:30:00"
N_ROWS = 2000
CARD_ENDS_ON_NIGHT = 26
EXAMPLE = ROOT / "examples" / "nightly"
COLUMNS = "pnc_id, forename, surname, date_of_birth, sex, postcode, convictions, notes"
CANARY = "Quillfeather"
PSQL = "psql -X -q -v ON_ERROR_STOP=1 -f offenders.sql"
SOURCE = ("--source-command", f"offenders={PSQL}")


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
