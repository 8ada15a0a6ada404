"""What can happen in a night, each with its right outcome."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from securexfer.carrier import write_small
from securexfer.crypto.identity import encrypt_identity, rotate_identity
from securexfer.home import desk as home
from tests.faults.mounts import tmpfs
from tests.whole.nightly import CARD_ENDS_ON_NIGHT, COLUMNS, N_ROWS, PSQL, Job, Nights, day, instant

FAILING = f"""select pnc_id, forename, surname, date_of_birth, sex, postcode,
    convictions / (case when pnc_id = '2026/{N_ROWS - 100}' then 0 else 1 end), notes from people"""
MANY = """select pnc_id || '/' || n, forename, surname, date_of_birth, sex, postcode,
    convictions, notes from people, generate_series(1, 20) n"""
# Many rows at once, and the last of them a while later.
SLOW = f"""{MANY} union all select {COLUMNS} from people
    where pnc_id = '2026/1' and pg_sleep(8) is not null"""


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
