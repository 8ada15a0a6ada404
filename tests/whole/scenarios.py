"""Every command with arguments as they would be typed, in a world where each has work to do.

Whoever adds a command adds a row to `SCENARIOS`, and a test fails until it is there. The tests of
unattended runs, of terminals and of JSON results all take their commands from here.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from securexfer.cli.app import root
from tests.unit.pictures import png
from tests.whole.cli import EXTRACT, RECIPE, Desk, meet
from tests.world import allow_forwarding, recipe_text

PASSPHRASE_MISSING = "passphrase_missing"
STAFF = {
    "person": '{ from = "id", action = "pseudonymise", domain = "person" }',
    "picture": '{ from = "photo", action = "attach", root = "photos" }',
}


@dataclass(frozen=True)
class Scenario:
    """One command as somebody would run it.

    Attributes:
        command: its words.
        rest: arguments; names in braces are those of `Stage.names`.
        who: whose desk it runs at.
        unasked: the error's code where it has to ask and nobody is there; empty where it need not.
        unasked_rest: the arguments with which it has to ask; the same without.
        chooses: whether the passphrase is a new one, and so asked for twice.
    """

    command: str
    rest: str = ""
    who: str = "ann"
    unasked: str = ""
    unasked_rest: str | None = None
    chooses: bool = False

    @property
    def id(self) -> str:
        return f"{self.command} {self.rest}".strip()[:60]


def secret(command: str, rest: str = "", who: str = "ann") -> Scenario:
    """A command that needs the passphrase."""
    return Scenario(command, rest, who, unasked=PASSPHRASE_MISSING)


SCENARIOS = [
    Scenario("demo", "--rows 100"),
    Scenario("identity create", "--name Dan", "dan", PASSPHRASE_MISSING, chooses=True),
    Scenario("identity show"),
    Scenario("identity card"),
    Scenario("identity card", "-o new.card"),
    secret("identity rotate"),
    secret("identity rotate", "-o ann-2.card"),
    secret("identity export", "--to-file ann-2.identity --export-passphrase-file secret-export"),
    Scenario("identity import", "ann.identity --export-passphrase-file secret-export", "dan",
             PASSPHRASE_MISSING, chooses=True),
    secret("identity passphrase", "--new-passphrase-file secret-new"),
    Scenario(
        "contact add",
        "cat.card --fingerprint {cat} --as catherine",
        "dan",
        "fingerprint_unconfirmed",
        "cat.card",
    ),
    secret("contact add", "dan.card --fingerprint {dan}"),
    Scenario("contact list"),
    Scenario("contact show", "bob"),
    secret("contact remove", "cat"),
    secret("contact revoke", 'cat --reason "laptop stolen on 3 March"'),
    secret("scope-key export", "--recipe stable.toml --for bob --to cat -o stick"),
    secret("scope-key import", "{scope_key} --recipe stable.toml --for bob", "cat"),
    secret("scope-key import", "{scope_key}", "cat"),
    Scenario("recipe draft", "people.csv"),
    Scenario("recipe draft", "people.csv -o drafted.toml"),
    Scenario("recipe check", "people.toml"),
    Scenario("recipe check", "people.toml people.csv"),
    secret("pack", "people.csv --recipe people.toml --to bob -o stick"),
    secret("pack", "people.csv --recipe people.toml --to bob -o outbox --once-per weekday"),
    secret("pack", "people.csv --recipe people.toml --to bob -o outbox --once-per {run}"),
    secret("pack", "people=none.csv --recipe people.toml --to bob -o outbox --on-empty skip"),
    secret("pack", "staff.csv --recipe staff.toml --to bob -o stick"),
    Scenario("pack", "people.csv --recipe people.toml --to bob -o stick --dry-run"),
    Scenario("pack", "people.csv --recipe people.toml --dry-run"),
    secret("outbox prune", "outbox --older-than 0"),
    Scenario("outbox prune", "stick --older-than 30 --dry-run"),
    Scenario("inspect", "{bundle}"),
    secret("verify", "{bundle}", "bob"),
    secret("verify", "{sent_path}", "bob"),
    secret("verify", "{forwarded}", "cat"),
    Scenario("verify", "{bundle} --outside", "bob"),
    secret("unpack", "{bundle} -o incoming-2", "bob"),
    secret("unpack", "{bundle} -o incoming-2 --escape-formulas --table people", "bob"),
    secret("unpack", "{pictures} -o incoming-2", "bob"),
    secret("forward", "{bundle} --to cat -o stick", "bob"),
    secret("release-password", "{bundle}", "bob"),
    secret("receipt import", "{receipt}"),
    secret("extend", "{sent} --days 5 -o ."),
    secret("extension import", "{extension}", "bob"),
    secret("destroy", "{opened}", "bob"),
    secret("certificate import", "{certificate}"),
    Scenario("register list"),
    Scenario("register list", "--open"),
    Scenario("register list", "--overdue"),
    Scenario("register show", "{sent}"),
    secret("register verify"),
    secret("register verify", "--against {bundle}"),
    Scenario("register export"),
    Scenario("register export", "-o exported.csv"),
    secret("reidentify", 'tokens.txt --recipe people.toml --input people.csv --bundle {sent} '
           '--reason "referral 17"'),
    secret("reidentify", "tokens.txt --recipe people.toml --input people.csv --bundle {sent} "
           "--reason referral -o found.csv"),
    Scenario("report", "{sent}"),
    Scenario("report", "{sent} -o page.html"),
    secret("report", "{bundle} -o page.html", "bob"),
    secret("breach-report"),
    secret("breach-report", "--recipient bob -o report.html"),
    secret("drill start", "--to bob --rows 50 -o stick"),
    Scenario("drill list"),
    secret("drive check", "stick"),
    secret("doctor"),
    Scenario("completion", "bash"),
    Scenario("completion", "zsh --install"),
]  # fmt: skip
# Words that only a question has.
PROMPTS = ("Passphrase of the identity", "Repeat for confirmation", "[y/N]", "[Y/n]")


def commands(group: click.Group = root, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{word} ")
        else:
            yield before + word, command


class Stage:
    """A world in which every scenario has work to do, put back to its beginning for each.

    Registers hold whole paths, so it always stands in the same folder.

    Attributes:
        folder: where it stands, and commands run.
        names: what `Scenario.rest` may name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "stage"
        self._kept = folder / "kept"
        self.folder.mkdir()
        self.names = self._set()
        self.folder.rename(self._kept)

    def restore(self) -> None:
        """Put everything back."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._kept, self.folder, symlinks=True)

    def desk(self, who: str) -> Desk:
        """One person's home and passphrase."""
        return Desk(self.folder, who)

    def arguments(self, scenario: Scenario, rest: str | None = None) -> list[str]:
        """The words of a scenario, its names filled in."""
        text = scenario.rest if rest is None else rest
        return [*scenario.command.split(), *shlex.split(text.format(**self.names))]

    def _set(self) -> dict[str, str]:
        ann, bob, _ = meet(self.folder, "ann", "bob", "cat")
        (self.folder / "people.csv").write_bytes(EXTRACT)
        (self.folder / "people.toml").write_text(allow_forwarding(RECIPE))
        stable = RECIPE.replace("[tables.", '[pseudonyms]\nlinkage = "agreement"\n[tables.', 1)
        (self.folder / "stable.toml").write_text(stable)
        (self.folder / "none.csv").write_bytes(EXTRACT.splitlines(keepends=True)[0])
        (self.folder / "staff.csv").write_text("id,photo\n1,ann.png\n")
        (self.folder / "staff.toml").write_text(recipe_text({"staff": STAFF}))
        (self.folder / "photos").mkdir()
        (self.folder / "photos" / "ann.png").write_bytes(png())
        for name in ("stick", "outbox"):
            (self.folder / name).mkdir()
        for name in ("export", "new"):
            secret_file = self.folder / f"secret-{name}"
            secret_file.write_text(f"passphrase of {name}\n")
            secret_file.chmod(0o600)
        sent, opened, destroyed, new = (self._pack(ann) for _ in range(4))
        receipt = bob.json("unpack", sent["path"], "-o", "in-1")["receipt"]
        bob.json("unpack", opened["path"], "-o", "in-2")
        bob.json("unpack", destroyed["path"], "-o", "in-3")
        certificate = bob.json("destroy", destroyed["bundle_id"])["certificates"][0]
        ann.json("extend", sent["bundle_id"], "--days", "1", "-o", "first.extension")
        bob.json("extension", "import", "first.extension")
        extension = ann.json("extend", sent["bundle_id"], "--days", "9", "-o", ".")["path"]
        (self.folder / "drive").mkdir()
        forwarded = bob.json("forward", new["path"], "--to", "cat", "-o", "drive")["path"]
        pictures = ann.json(
            "pack", "staff.csv", "--recipe", "staff.toml", "--to", "bob", "-o", "stick"
        )
        self._pack(ann, "outbox", "--once-per", "week-47")
        scope_key = ann.json(
            "scope-key", "export", "--recipe", "stable.toml", "--for", "bob", "--to", "cat"
        )  # fmt: skip
        ann.json(
            "identity", "export", "--to-file", "ann.identity",
            "--export-passphrase-file", "secret-export",
        )  # fmt: skip
        ann.json("drill", "start", "--to", "bob", "--rows", "20", "-o", "stick")
        lines = (self.folder / "in-1" / "people.csv").read_text().splitlines()
        (self.folder / "tokens.txt").write_text(lines[1].split(",")[0] + "\n")
        other = self.folder / "other"
        other.mkdir()
        (dan,) = meet(other, "dan")
        shutil.copy(other / "dan.card", self.folder)
        return {
            "bundle": new["path"],
            "forwarded": forwarded,
            "pictures": pictures["path"],
            "run": "week-47",
            "scope_key": scope_key["path"],
            "sent": sent["bundle_id"],
            "sent_path": sent["path"],
            "opened": opened["bundle_id"],
            "receipt": receipt,
            "certificate": certificate,
            "extension": extension,
            "cat": self.desk("cat")
            .json("identity", "show")["fingerprint_spoken"]
            .replace(" ", "-"),
            "dan": dan.json("identity", "show")["fingerprint_spoken"].replace(" ", "-"),
        }

    def _pack(self, ann: Desk, output: str = "stick", *more: str) -> dict[str, Any]:
        command = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", output]
        return ann.json(*command, *more)
