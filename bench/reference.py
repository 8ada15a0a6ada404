"""The reference job: an extract of 20 columns of which 8 fields leave, and two homes to pack in.

The extract is the synthetic one, deterministic at any size; 4,000,000 rows are 960 MB. One field is
pseudonymised, two are generalised, one is free text.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from securexfer.privacy.synthetic import offender_csv

REFERENCE_ROWS = 4_000_000
AGREEMENT = """\
version = 1

[agreement]
reference = "BENCH-1"
purpose = "Measuring"
controller = "Nobody"
regime = "uk-gdpr"
lawful_basis = "none: the data are synthetic"
retention_days = 1
"""
FIELDS = """\
[tables.offenders.fields]
person = { from = "pnc_id", action = "pseudonymise", domain = "person" }
birth_year = { from = "date_of_birth", action = "year", format = "%d/%m/%Y" }
sex = { action = "keep" }
district = { from = "postcode", action = "postcode-district" }
offence = { action = "keep" }
convictions = { action = "keep" }
status = { action = "keep" }
notes = { action = "keep" }
"""
GATES_OFF = """\
[limits]
residual = "off"
echo = "off"
gate_reason = "measuring without"
"""
# Fields that leave are searched; three columns that stay, and the one that is pseudonymised, are
# looked for in them.
GATES_ON = """\
[limits]
max_rows = 1_000_000_000
max_subjects = 1_000_000_000

[tables.offenders]
identifying = ["forename", "surname", "nhs_number"]
quasi_identifiers = ["birth_year", "sex", "district"]
"""
RECIPES = {"off": AGREEMENT + GATES_OFF + FIELDS, "on": AGREEMENT + GATES_ON + FIELDS}


@dataclass(frozen=True)
class Bench:
    """A folder with two homes that have pinned each other, recipes, and extracts as needed."""

    folder: Path

    @classmethod
    def prepare(cls, folder: Path) -> Bench:
        """Set it up, or find it as it was left, but for registers: they grow with every run."""
        folder.mkdir(parents=True, exist_ok=True)
        bench = cls(folder)
        for name, text in RECIPES.items():
            (folder / f"{name}.toml").write_text(text)
        if not (folder / "acme").exists():
            secret = folder / "secret"
            secret.write_text("a passphrase for measuring\n")
            secret.chmod(0o600)
            for name in ("ann", "acme"):
                bench.run(name, "identity", "create", "--name", name)
                bench.run(name, "identity", "card", "-o", str(folder / f"{name}.card"))
            for name, other in (("ann", "acme"), ("acme", "ann")):
                shown = json.loads(bench.run(other, "identity", "show", "--json"))
                card = str(folder / f"{other}.card")
                bench.run(
                    name,
                    "contact",
                    "add",
                    card,
                    "--as",
                    other,
                    "--fingerprint",
                    shown["fingerprint"],
                )
        for name in ("ann", "acme"):
            for record in (folder / name).glob("register.*"):
                record.unlink()
        return bench

    def extract(self, n_rows: int) -> Path:
        """The synthetic extract of so many rows."""
        path = self.folder / f"offenders-{n_rows}.csv"
        if not path.exists():
            partial = path.with_suffix(".partial")
            with partial.open("wb") as file:
                for piece in offender_csv(n_rows):
                    file.write(piece)
            partial.rename(path)
        return path

    def command(self, *arguments: str) -> list[str]:
        """The program, as this interpreter runs it."""
        return [sys.executable, "-m", "securexfer", *arguments]

    def environment(self, home: str) -> dict[str, str]:
        """For one of the two homes."""
        own = {
            "SECUREXFER_HOME": str(self.folder / home),
            "SECUREXFER_PASSPHRASE_FILE": str(self.folder / "secret"),
        }
        return {**os.environ, **own}

    def run(self, home: str, *arguments: str) -> bytes:
        """Run a command for one of the two homes; its output."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(home),
            check=True,
            stdout=subprocess.PIPE,
        ).stdout

    def pack(self, recipe: str, extract: Path, bundle: Path) -> list[str]:
        """The command that packs an extract by one of the recipes."""
        return self.command(
            *("pack", f"offenders={extract}", "--recipe", str(self.folder / f"{recipe}.toml")),
            *("--to", "acme", "-o", str(bundle), "--force", "--quiet", "--no-input"),
        )
