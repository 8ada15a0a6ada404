"""Fixtures of the unit tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks as small as a test asks for; else the header's read takes 64 KiB of rows along."""
    monkeypatch.setattr("securexfer.privacy.extract._FIRST_READ_BYTES", 1)
