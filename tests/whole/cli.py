"""Running the program as its own process, with homes and passphrase files of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import securexfer
from securexfer.carrier import write_small
from securexfer.crypto.identity import create_identity
from securexfer.home import desk as home
from securexfer.home.contacts import ContactBook
from securexfer.instant import system_clock
from tests.world import recipe_text

RECIPE = recipe_text(
    {
        "people": {
            "person": '{ from = "id", action = "pseudonymise", domain = "person" }',
            "born": '{ action = "year", format = "%Y-%m-%d" }',
            "town": '{ action = "keep" }',
        }
    }
)
EXTRACT = b"id,name,born,town\n1,Ann,1980-02-03,York\n2,Bob,1975-12-31,Hull\n"


class Desk:
    """One person's home and passphrase, on disk."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.home = folder / f"home-{name}"
        self.secret = folder / f"secret-{name}"
        self.secret.write_text(f"passphrase of {name}\n")
        self.secret.chmod(0o600)

    def run(
        self, *arguments: str | Path, stdin: bytes = b"", check: int | None = 0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command headless; fails unless it exits with `check`."""
        run = subprocess.run(
            [sys.executable, "-m", "securexfer", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=self.environment(),
            cwd=self.folder,
            timeout=120,
            check=False,
        )
        if check is not None:
            assert run.returncode == check, run.stderr.decode()
        return run

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            # The securexfer of the tests, wherever another may be installed.
            "PYTHONPATH": str(Path(securexfer.__file__).parents[1]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SECUREXFER_HOME": str(self.home),
            "SECUREXFER_PASSPHRASE_FILE": str(self.secret),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def json(self, *arguments: str | Path, check: int = 0, stdin: bytes = b"") -> dict[str, Any]:
        """Run with --json and read the one document."""
        run = self.run(*arguments, "--json", stdin=stdin, check=check)
        document: dict[str, Any] = json.loads(run.stdout)
        return document

    def create(self) -> str:
        """Make the identity; returns its fingerprint."""
        made = self.json("identity", "create", "--name", self.name)
        fingerprint: str = made["fingerprint"]
        self.run("identity", "card", "-o", self.folder / f"{self.name}.card")
        return fingerprint


def meet(folder: Path, *names: str) -> list[Desk]:
    """Desks that have pinned each other's cards, set up by the library, to be quick."""
    desks = [Desk(folder, name) for name in names]
    cards = {}
    for desk in desks:
        identity = create_identity(
            name=desk.name, organisation="", email="", created_at=system_clock()
        )
        passphrase = desk.secret.read_text().strip()
        home.Desk(desk.home).save_new_identity(identity, passphrase)
        cards[desk.name] = identity.card
        write_small(folder / f"{desk.name}.card", identity.card.encode())
    for one, other in permutations(desks, 2):
        contacts = ContactBook(home.Desk(one.home).contacts_path)
        contacts.pin(cards[other.name], other.name, pinned_at=system_clock())
    return desks


def two_desks(folder: Path) -> tuple[Desk, Desk]:
    """An analyst and a contractor who have pinned each other, an extract and a recipe."""
    ann, bob = Desk(folder, "ann"), Desk(folder, "bob")
    fingerprints = {desk.name: desk.create() for desk in (ann, bob)}
    for one, other in ((ann, bob), (bob, ann)):
        one.run(
            "contact",
            "add",
            folder / f"{other.name}.card",
            "--as",
            other.name,
            "--fingerprint",
            fingerprints[other.name],
        )
    (folder / "people.csv").write_bytes(EXTRACT)
    (folder / "people.toml").write_text(RECIPE)
    (folder / "stick").mkdir()
    return ann, bob
