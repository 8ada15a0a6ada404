"""Repeating: a pack that is run again and again, by a scheduler that may fire twice or not at all.

Before a run: is it done already, was it cut off half-way, or is it to be done now? After a run with
nothing to send: put that on record, so that the next one does not call it a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from securexfer.carrier import hash_file
from securexfer.crypto.identity import Identity
from securexfer.custody.contradiction import contradict
from securexfer.custody.job import SKIPPED, Run, describe_run, find_missed, find_runs
from securexfer.custody.register import Entry, Register
from securexfer.errors import (
    ClockChangedError,
    OutputChangedError,
    RunDiffersError,
    SecurexferError,
)
from securexfer.instant import Clock
from securexfer.naming import remove_unfinished
from securexfer.order import PackOrder
from securexfer.partial import partial_path, remove_leftover
from securexfer.place import is_absent
from securexfer.reporting import Reporter
from securexfer.wording import plural

# What clocks are put right by, while they run as they should.
_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Done:
    """A run that was done before.

    Attributes:
        entry: its `packed` or `pack-skipped`.
        path: of its bundle, None where that has been taken away, or where there was none.
    """

    entry: Entry
    path: Path | None


def settle_run(
    order: PackOrder,
    run: Run,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
) -> Done | None:
    """Find out whether a run was done already; tidy up after one that was cut off.

    A run that was killed after it was recorded, and before its bundle had its name, is taken back
    on record: it counts as not done. The job's lock must be held.

    Args:
        order: what is asked for.
        run: which run.
        identity: signs what is taken back.
        register: what is known.
        clock: now.
        reporter: hears what was tidied up.

    Returns:
        What was done, or None if it is to be done now.

    Raises:
        RunDiffersError: if something else was packed under that key.
        ClockChangedError: if by the register's times nobody can tell whether that was this run.
        OutputChangedError: if the bundle is not what was written there any more.
    """
    folder = order.output if order.output.is_dir() else order.output.parent
    entries = register.entries()
    found = [e for e in find_runs(entries, run.job) if e.details.get("run") == run.label]
    done = None
    if found:
        last = found[-1]
        _check_clock(last, entries, clock)
        _check_same(last, order)
        done = _look(last, folder)
        if done is None:
            contradict(
                register, identity, last.details["bundle_id"], "pack-failed", "interrupted", clock
            )
            reporter.note("An earlier run was cut off before its bundle was finished.")
    elif entries and clock() < max(entry.at for entry in entries) - _TOLERANCE:
        reporter.note("This machine's clock is behind the register: it was changed, then or now.")
    if n_removed := remove_unfinished(folder, order.name_template):
        reporter.note(
            f"Removed {plural(n_removed, 'unfinished file')} of earlier runs that were cut off."
        )
    return done


def record_skip(
    order: PackOrder,
    run: Run | None,
    reason: SecurexferError,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
) -> Entry:
    """Put on record that there was nothing to send.

    Raises:
        RegisterError: if that can't be recorded.
    """
    missed = find_missed(find_runs(register.entries(), run.job), run) if run else []
    names = {contact.fingerprint: contact.name for contact in order.recipients}
    details: dict[str, Any] = {
        "job": "",
        "run": "",
        **describe_run(run, missed),
        "reason": reason.code,
        "recipe_sha256": order.recipe_file.recipe_sha256,
        "recipients": sorted(names),
        "recipient_names": [names[fingerprint] for fingerprint in sorted(names)],
    }
    return register.append(identity, SKIPPED, details, clock())


def _check_clock(done: Entry, entries: Sequence[Entry], clock: Clock) -> None:
    """By the order of entries time goes on; by their times it should too, around this one."""
    later = [entry.at for entry in entries if entry.number > done.number]
    if min([*later, clock()]) < done.at - _TOLERANCE:
        raise ClockChangedError(
            f"The run {done.details['run']!r} is on record, but this machine's clock was set back "
            "since: it may have been another one."
        )


def _check_same(done: Entry, order: PackOrder) -> None:
    recipients = sorted(contact.fingerprint for contact in order.recipients)
    details = done.details
    if details.get("recipe_sha256") != order.recipe_file.recipe_sha256:
        what = "by another recipe"
    elif sorted(details["recipients"]) != recipients:
        what = "for other recipients"
    else:
        return
    raise RunDiffersError(
        f"The run {details['run']!r} of the job {details['job']!r} was packed already, {what}."
    )


def _look(entry: Entry, folder: Path) -> Done | None:
    """The bundle of a run that is on record; None if it never got its name."""
    if entry.event == SKIPPED:
        return Done(entry, None)
    path = folder / Path(str(entry.details.get("file_name", ""))).name
    if is_absent(path):
        # A killed run leaves its file under the other name. Without either, it was taken away.
        if _sha256_of(partial_path(path)) != entry.details.get("file_sha256"):
            return Done(entry, None)
        remove_leftover(partial_path(path))
        return None
    if _sha256_of(path) != entry.details.get("file_sha256"):
        raise OutputChangedError(
            f"The run {entry.details['run']!r} is on record, but {path} is not its bundle.",
            hint="Find out who changed it. To send that run again, give it a key of its own with "
            "--once-per.",
        )
    return Done(entry, path)


def _sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file, empty if there is none."""
    try:
        return hash_file(path)[0]
    except FileNotFoundError:
        return ""
