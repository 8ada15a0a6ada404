"""Jobs: what `pack` takes for runs that nobody watches, and what it says of them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from securexfer.cli.console import Console, plain
from securexfer.cli.value import Seconds, Whole
from securexfer.errors import UsageError
from securexfer.privacy.heap import POLARS_SETTINGS

if TYPE_CHECKING:
    from securexfer.cli.progress import ConsoleReporter
    from securexfer.cli.session import Session
    from securexfer.custody.job import Run
    from securexfer.errors import SecurexferError
    from securexfer.expectation import Expectation
    from securexfer.instant import Clock
    from securexfer.order import PackOrder
    from securexfer.planning import Input

F = TypeVar("F", bound=Callable[..., Any])
_OWN_VARIABLES = ("SECUREXFER_", POLARS_SETTINGS)
# Of missed runs, so many are named in a note; the JSON result names all.
_SHOWN = 5

_OPTIONS = (
    click.option(
        "--source-command",
        "source_commands",
        multiple=True,
        metavar="TABLE=COMMAND",
        help="Run a program that writes this table, without a shell; its exit status counts.",
    ),
    click.option(
        "--source-timeout",
        type=Seconds(min=0, min_open=True),
        metavar="SECONDS",
        help="How long each source command may take.",
    ),
    click.option(
        "--allow-source-messages",
        is_flag=True,
        help="Accept a source command that writes to its standard error.",
    ),
    click.option(
        "--expect-rows-min",
        multiple=True,
        metavar="[TABLE=]N",
        help="Refuse an extract with fewer rows.",
    ),
    click.option(
        "--expect-rows-max",
        multiple=True,
        metavar="[TABLE=]N",
        help="Refuse an extract with more rows.",
    ),
    click.option(
        "--expect-change-max",
        type=Whole(min=0),
        metavar="PERCENT",
        help="Refuse if the rows differ by more from those of the last such bundle.",
    ),
    click.option(
        "--on-empty",
        type=click.Choice(["pack", "refuse", "skip"]),
        default="pack",
        show_default=True,
        help="What to do if no extract has a row.",
    ),
    click.option(
        "--name-template",
        metavar="TEMPLATE",
        help="Name of the bundle in a folder, of {date} {time} {sequence} {bundle_id}.",
    ),
    click.option(
        "--once-per",
        metavar="day|weekday|hour|KEY",
        help="Do nothing if this run was done already; tell which were missed.",
    ),
    click.option(
        "--job", metavar="NAME", help="Name of the job; that of the recipe's file without it."
    ),
    click.option(
        "--wait",
        "wait_seconds",
        type=Seconds(min=0),
        default=0.0,
        metavar="SECONDS",
        help="How long to wait for another run of the same job to end.",
    ),
)


def job_options(command: F) -> F:
    """The options of a job, for `pack`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asked:
    """What was asked for by those options."""

    source_commands: tuple[str, ...]
    source_timeout: float | None
    allow_source_messages: bool
    expect_rows_min: tuple[str, ...]
    expect_rows_max: tuple[str, ...]
    expect_change_max: int | None
    on_empty: Literal["pack", "refuse", "skip"]
    name_template: str | None
    once_per: str | None
    job: str | None
    wait_seconds: float

    def inputs(self) -> list[Input]:
        """The source commands, as inputs.

        Raises:
            UsageError: for one that names no table or no program.
        """
        from securexfer.planning import Input
        from securexfer.privacy.command import SourceCommand

        # Where our own secrets are is nothing for another program, nor is what we tell Polars.
        environment = {n: v for n, v in os.environ.items() if not n.startswith(_OWN_VARIABLES)}
        inputs = []
        for text in self.source_commands:
            table, separator, command = text.partition("=")
            try:
                arguments = shlex.split(command)
            except ValueError:
                arguments = []
            if not separator or not table or not arguments:
                # Not quoted: a command may hold what it should not.
                raise UsageError(
                    "A source command must be TABLE=COMMAND, with quotes that are closed.",
                    hint="For example: --source-command 'people=psql -X -f people.sql'",
                )
            spec = SourceCommand(
                tuple(arguments), environment, self.source_timeout, self.allow_source_messages
            )
            inputs.append(Input(table, None, spec))
        if not inputs and (self.source_timeout is not None or self.allow_source_messages):
            raise UsageError("There is no source command for --source-timeout or messages.")
        return inputs

    def expectation(self) -> Expectation:
        """How many rows there should be.

        Raises:
            UsageError: for what is no number.
        """
        from securexfer.expectation import Expectation

        return Expectation(
            _parse_counts("--expect-rows-min", self.expect_rows_min),
            _parse_counts("--expect-rows-max", self.expect_rows_max),
            self.expect_change_max,
            self.on_empty,
        )

    def job_name(self, recipe_path: Path) -> str:
        """The job's name.

        Raises:
            UsageError: for one that can't be written down.
        """
        name = self.job if self.job is not None else recipe_path.stem
        if not name or not name.isprintable() or len(name) > 100:
            raise UsageError("A job's name must be one line of at most 100 characters.")
        return name

    def run(self, recipe_path: Path, clock: Clock) -> Run | None:
        """Which run of which job this is; None where nobody asked.

        Raises:
            UsageError: for a key that can't be written down.
        """
        from securexfer.custody.job import PERIODS, Run, choose_key

        if self.once_per is None:
            return None
        job, key = self.job_name(recipe_path), self.once_per
        if key in PERIODS:
            now = clock()
            return Run(job, choose_key(key, now.astimezone(), now), key)
        if not key or not key.isprintable() or len(key) > 100:
            raise UsageError("The key of a run must be one line of at most 100 characters.")
        return Run(job, key)


def run_document(run: Run | None, missed: Sequence[str]) -> dict[str, Any]:
    """Which run it was, and which were missed, in JSON results."""
    return {} if run is None else {"job": run.job, "missed": list(missed), "run": run.label}


def is_done(session: Session, order: PackOrder, run: Run, reporter: ConsoleReporter) -> bool:
    """Whether a run was done before; then that is the result of the command."""
    from securexfer.instant import format_instant
    from securexfer.repeating import settle_run

    done = settle_run(
        order, run, session.identity, session.register, clock=session.clock, reporter=reporter
    )
    if done is None:
        return False
    details = done.entry.details
    document = {
        "at": format_instant(done.entry.at),
        "bundle_id": details.get("bundle_id", ""),
        "event": done.entry.event,
        "job": run.job,
        "outcome": "already-done",
        "path": "" if done.path is None else str(done.path),
        "run": run.label,
    }
    what = "There was nothing to send."
    if done.entry.event == "packed":
        where = f"in {plain(str(done.path))}" if done.path else "not there any more"
        what = f"Its bundle {document['bundle_id'][:12]} is {where}."
    when = f"{done.entry.at:%Y-%m-%d %H:%M} UTC"
    session.console.log("already-done", bundle_id=document["bundle_id"], run=run.label)
    session.console.result(
        document,
        lambda: session.console.line(f"The run {plain(run.label)} was done, at {when}. {what}"),
    )
    return True


def skip_run(session: Session, order: PackOrder, error: SecurexferError) -> None:
    """Put on record that there was nothing to send; that is the result of the command."""
    from securexfer.repeating import record_skip

    entry = record_skip(
        order, order.run, error, session.identity, session.register, clock=session.clock
    )
    details = entry.details
    missed = list(details.get("missed", []))
    session.console.log("skipped", "warning", reason=error.code, run=details["run"])
    session.console.result(
        {
            "job": details["job"],
            "missed": missed,
            "outcome": "skipped",
            "reason": error.code,
            "run": details["run"],
        },
        lambda: session.console.line(f"{error.message} Nothing was sent, and that is recorded."),
    )
    note_missed(session.console, missed)


def note_missed(console: Console, missed: Sequence[str]) -> None:
    """Say which runs left nothing on record."""
    if missed:
        console.log("missed", "warning", n_missed=len(missed), first=missed[0], last=missed[-1])
        few = ", ".join(missed[-_SHOWN:])
        console.note(
            f"Of {len(missed)} earlier runs nothing is on record"
            f"{', the last of them' if len(missed) > _SHOWN else ''}: {few}."
        )


def _parse_counts(option: str, texts: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in texts:
        table, _, number = text.rpartition("=")
        if not (number.isascii() and number.isdecimal()) or table in counts:
            raise UsageError(
                f"{option} must be N or TABLE=N, and once for each table.",
                hint=f"For example: {option} offenders=1000",
            )
        counts[table] = int(number)
    return counts
