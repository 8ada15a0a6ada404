"""Progress on stderr, for terminals only: bytes, rate, time left, rows."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from securexfer.cli.console import Console, rich_console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ConsoleReporter:
    """A `Reporter` that draws a bar a step, or nothing where nobody looks. A context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._n_rows = 0

    def __enter__(self) -> ConsoleReporter:
        settings = self._console.settings
        if not settings.quiet and not settings.json:
            terminal = rich_console(stderr=True)
            if terminal.is_terminal and not terminal.is_dumb_terminal:
                from rich import progress

                self._progress = progress.Progress(
                    progress.TextColumn("{task.description}"),
                    progress.BarColumn(bar_width=20),
                    progress.DownloadColumn(binary_units=False),
                    progress.TransferSpeedColumn(),
                    progress.TimeRemainingColumn(),
                    progress.TextColumn("{task.fields[rows]}"),
                    console=terminal,
                    transient=True,
                )
                self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self, step: str, n_bytes: int | None = None) -> None:
        """Start a new bar."""
        self._n_rows = 0
        self._console.detail(step)
        if self._progress is not None:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(step, total=n_bytes, rows="")

    def advance(self, n_bytes: int, n_rows: int = 0) -> None:
        """Move the bar."""
        self._n_rows += n_rows
        if self._progress is not None and self._task is not None:
            rows = f"{self._n_rows:,} rows" if self._n_rows else ""
            self._progress.update(self._task, advance=n_bytes, rows=rows)

    def note(self, message: str) -> None:
        """Print it above the bar."""
        self._console.note(message)
