"""Where a home lies when nobody says otherwise."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def default_root() -> Path:
    """The platform's user data folder for securexfer."""
    return Path(platformdirs.user_data_dir("securexfer", appauthor=False, roaming=False))
