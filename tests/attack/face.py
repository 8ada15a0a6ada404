"""The command line in this very process, at the homes of a world: as its users see a refusal."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from securexfer.cli import session
from securexfer.cli.app import run
from securexfer.crypto import passphrase
from securexfer.home.desk import Desk
from tests.world import Person, World

# What can be done with a bundle; each makes at least the checks of the one before.
COMMANDS: dict[str, tuple[str, ...]] = {
    "inspect": ("inspect", "BUNDLE"),
    "verify --outside": ("verify", "BUNDLE", "--outside"),
    "verify": ("verify", "BUNDLE"),
    "release-password": ("release-password", "BUNDLE"),
    "forward": ("forward", "BUNDLE", "--to", "cat", "-o", "AWAY"),
    "unpack": ("unpack", "BUNDLE", "-o", "OUTPUT"),
}


@dataclass(frozen=True)
class Answer:
    """How a command ended: its exit code, its one JSON document, and all that it printed."""

    exit_code: int
    document: dict[str, Any]
    printed: str

    @property
    def error(self) -> dict[str, Any]:
        """What `--json` says of the failure."""
        described: dict[str, Any] = self.document["error"]
        return described


class Face:
    """Runs commands as one of the people of a world, at the world's time."""

    def __init__(self, world: World, patch: pytest.MonkeyPatch) -> None:
        self.world = world
        secret = world.folder / "secret"
        secret.write_text("a passphrase for all\n")
        secret.chmod(0o600)
        patch.setattr(session, "system_clock", world.clock)
        patch.setenv("SECUREXFER_PASSPHRASE_FILE", str(secret))
        # Argon2id would take most of the time, and is not what is shown here.
        patch.setattr(passphrase, "_key", lambda text, _: hashlib.sha256(text.encode()).digest())

    def run(self, person: Person, *arguments: str | Path) -> Answer:
        """Run a command headless, with --json."""
        desk = Desk(person.home)
        if not desk.identity_path.exists():
            desk.save_new_identity(person.identity, "a passphrase for all")
        command = ["--home", str(person.home), "--json", "--no-input", *map(str, arguments)]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exit_code = run(command)
        return Answer(exit_code, json.loads(out.getvalue()), out.getvalue() + err.getvalue())

    def open(self, person: Person, bundle: Path) -> Iterator[tuple[str, Answer]]:
        """Every command that reads a bundle, in turn, into a folder that is not there yet."""
        away = self.world.folder / "away"
        away.mkdir(exist_ok=True)
        for name, words in COMMANDS.items():
            output = self.world.folder / f"out-{name.replace(' ', '')}"
            places = {"BUNDLE": str(bundle), "OUTPUT": str(output), "AWAY": str(away)}
            answer = self.run(person, *(places.get(word, word) for word in words))
            assert answer.exit_code == 0 or list(away.iterdir()) == []
            yield name, answer
            assert not output.exists() or name == "unpack"
            assert (name == "forward") >= bool(list(away.iterdir()))
            for path in away.iterdir():
                path.unlink()


@pytest.fixture
def face(world: World, monkeypatch: pytest.MonkeyPatch) -> Face:
    """The command line at this world's homes."""
    return Face(world, monkeypatch)
