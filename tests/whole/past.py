"""Another date for a whole program, by libfaketime."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.whole.cli import Desk

_PLACES = "/usr/lib/*/faketime/libfaketime.so.1"


def find_faketime() -> str:
    """The library; the test is skipped where there is none."""
    found = sorted(Path("/").glob(_PLACES.removeprefix("/")))
    if not found:
        pytest.skip("libfaketime is not installed")
    return str(found[0])


class DatedDesk(Desk):
    """A desk whose programs are told another time, from which on their clocks run.

    Attributes:
        now: what they are told when they start.
    """

    def __init__(self, folder: Path, name: str, now: datetime) -> None:
        super().__init__(folder, name)
        self.now = now
        self._library = find_faketime()

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "LD_PRELOAD": self._library,
            "FAKETIME": f"@{self.now.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        }
