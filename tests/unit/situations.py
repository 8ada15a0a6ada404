"""Situations that a path can be in, each on a machine that is built for it."""

from __future__ import annotations

from tests.unit import disks, layers, shares, volumes
from tests.unit.situation import SITUATIONS

# Each module adds its own when it is imported.
__all__ = ["SITUATIONS", "disks", "layers", "shares", "volumes"]
