"""A reporter for tests: it says nothing, and remembers."""

from __future__ import annotations


class Quiet:
    """Hears of progress; counts it, and can stop a run."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.n_bytes = 0
        self.steps: list[str] = []
        self.notes: list[str] = []
        self._stop_after = stop_after
        self._n_calls = 0

    def begin(self, step: str, n_bytes: int | None = None) -> None:
        self.steps.append(step)

    def advance(self, n_bytes: int, n_rows: int = 0) -> None:
        self.n_bytes += n_bytes
        self._n_calls += 1
        if self._stop_after is not None and self._n_calls > self._stop_after:
            raise KeyboardInterrupt

    def note(self, message: str) -> None:
        self.notes.append(message)

    def shield(self) -> None:
        pass
