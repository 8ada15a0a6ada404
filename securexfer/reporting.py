"""How the library tells of progress without printing: an observer that is handed in."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Hears what a long step is doing. Never sees data, only counts."""

    def begin(self, step: str, n_bytes: int | None = None) -> None:
        """A step starts; `n_bytes` is its size where it can be known beforehand."""

    def advance(self, n_bytes: int, n_rows: int = 0) -> None:
        """So many more bytes, and rows, of the current step are done."""

    def note(self, message: str) -> None:
        """Something a person should know that is not an error."""

    def shield(self) -> None:
        """From here on a stop comes too late: the work is done, or is being undone."""


class SilentReporter:
    """Hears everything, says nothing; keeps the notes for the result."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def begin(self, step: str, n_bytes: int | None = None) -> None:
        """Nothing to show."""

    def advance(self, n_bytes: int, n_rows: int = 0) -> None:
        """Nothing to show."""

    def note(self, message: str) -> None:
        """Keep it."""
        self.notes.append(message)

    def shield(self) -> None:
        """Nobody stops it."""
