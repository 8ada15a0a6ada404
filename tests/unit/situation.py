"""A situation that a path can be in, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from securexfer.medium.medium import Kind
from tests.unit.machine import Machine

Build = Callable[[Machine], Path]
REMOVABLE, INTERNAL, NETWORK = Kind.REMOVABLE, Kind.INTERNAL, Kind.NETWORK
MEMORY, OPTICAL, UNKNOWN = Kind.MEMORY, Kind.OPTICAL, Kind.UNKNOWN


@dataclass(frozen=True)
class Situation:
    """A desktop to which something is added, and what must be found of the path it gives."""

    build: Build
    kind: Kind
    file_system: str
    label: str
    serial: str


SITUATIONS: dict[str, Situation] = {}


def situation(
    name: str, kind: Kind, file_system: str = "ext4", label: str = "", serial: str = ""
) -> Callable[[Build], Build]:
    def add(build: Build) -> Build:
        assert name not in SITUATIONS
        SITUATIONS[name] = Situation(build, kind, file_system, label, serial)
        return build

    return add
