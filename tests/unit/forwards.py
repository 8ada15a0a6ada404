"""What tests forward, and where to."""

from __future__ import annotations

from pathlib import Path

from tests.world import Person, World, allow_forwarding, keep_all

KEEP = '{ action = "keep" }'
RECIPE = allow_forwarding(keep_all("t", ["x"]))
EXTRACT = b"x\n1\n2\n"


def pack(world: World, *to: Person, recipe: str = RECIPE, name: str = "") -> Path:
    folder = world.drive / (name or str(len(list(world.drive.iterdir()))))
    folder.mkdir()
    return world.ann.pack({"t": EXTRACT}, recipe, list(to) or [world.bob], folder).path


def away(world: World) -> Path:
    """An empty folder to forward to."""
    folder = world.folder / "away"
    folder.mkdir(exist_ok=True)
    return folder


def events(person: Person) -> list[str]:
    return [entry.event for entry in person.register.entries()]
