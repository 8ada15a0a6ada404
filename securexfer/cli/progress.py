"""Progress on stderr, for terminals only: bytes, rate, time left, rows."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from securexfer.cli.console import Console, rich_console
from securexfer.cli.stopping import hear_stop, ignore_stops
from securexfer.wording import plural

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

WIDE = 80  # columns that a whole bar takes


class ConsoleReporter:
    """A `Reporter` that draws a bar a step, or nothing where nobody looks. A context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._n_rows = 0

    def __enter__(self) -> ConsoleReporter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rest()

    def begin(self, step: str, n_bytes: int | None = None) -> None:
        """Start a new bar."""
        hear_stop()
        self.rest()
        self._n_rows = 0
        self._console.detail(step)
        self._progress = self._start()
        if self._progress is not None:
            self._console.before_writing = self.rest
            self._task = self._progress.add_task(step, total=n_bytes, rows="")

    def advance(self, n_bytes: int, n_rows: int = 0) -> None:
        """Move the bar."""
        hear_stop()
        self._n_rows += n_rows
        if self._progress is not None and self._task is not None:
            rows = plural(self._n_rows, "row") if self._n_rows else ""
            self._progress.update(self._task, advance=n_bytes, rows=rows)

    def rest(self) -> None:
        """Take the bar away, so that something can be printed; the next step brings a new one."""
        if self._progress is not None:
            # First, because stopping may be interrupted and printing must not come back here.
            progress, self._progress, self._task = self._progress, None, None
            progress.stop()

    def note(self, message: str) -> None:
        """Print it above the bar."""
        progress, task = self._progress, self._task
        self.rest()
        self._console.note(message)
        if progress is not None:
            progress.start()
            self._progress, self._task = progress, task

    def shield(self) -> None:
        """Ignore signals."""
        ignore_stops()

    def _start(self) -> Progress | None:
        settings = self._console.settings
        if settings.quiet or settings.json:
            return None
        terminal = rich_console(stderr=True)
        if not terminal.is_terminal or terminal.is_dumb_terminal:
            return None
        from rich import progress

        columns: list[progress.ProgressColumn] = [
            progress.TextColumn("{task.description}", markup=False),
            progress.DownloadColumn(binary_units=False),
        ]
        if terminal.width >= WIDE:
            columns[1:1] = [progress.BarColumn(bar_width=20)]
            columns += [
                progress.TransferSpeedColumn(),
                progress.TimeRemainingColumn(),
                progress.TextColumn("{task.fields[rows]}"),
            ]
        bar = progress.Progress(*columns, console=terminal, transient=True)
        bar.start()
        return bar
