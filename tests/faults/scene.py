"""Two desks, an extract with a canary in each cell, drives, and the real program run on them.

`ann` packs for `bob`, who unpacks and forwards. A test breaks something, runs a command, and holds
what is there to the invariants.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer.content import counted_rows
from securexfer.crypto.identity import Identity
from securexfer.custody.receipt import open_receipt
from securexfer.custody.register import Actor, Register
from securexfer.custody.statement import statement_name
from securexfer.forwarding import ForwardOrder, forward
from securexfer.home import desk as home
from securexfer.home.contacts import ContactBook
from securexfer.instant import system_clock
from securexfer.order import PackOrder
from securexfer.packing import pack
from securexfer.planning import Input, open_extracts
from securexfer.recipe.reading import read_recipe
from securexfer.reporting import SilentReporter
from securexfer.unpacking import unpack
from securexfer.verifying import Verified, inspect, pinned_senders, verify
from tests.whole.cli import Desk, two_desks
from tests.world import allow_forwarding, csv_bytes, recipe_text

CANARY = b"QZXCANARY"
# Nothing here takes longer; what does, hangs.
TIMEOUT_SECONDS = 30.0
TABLES = ("people", "visits")
DESCRIPTOR = "datapackage.json"
_KEEP = '{ action = "keep" }'
# Cells of random letters and digits look like postcodes and plates now and then.
_NO_SCAN = """[limits]
residual = "off"
gate_reason = "made-up cells"
"""
_RECIPE = allow_forwarding(
    recipe_text({table: {"code": _KEEP, "note": _KEEP} for table in TABLES}, before=_NO_SCAN)
)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        code: exit status, or minus the signal that killed it.
        output: all that it printed.
        error: the slug of its error, "" if it said none.
    """

    code: int
    output: bytes
    error: str

    @property
    def is_killed(self) -> bool:
        """Whether it was ended without a chance to tidy up."""
        return self.code < 0


class Scene:
    """`ann` packs for `bob`; each test works on a copy, so that all begin alike.

    What `bob` forwards goes to `ann` again: it makes no difference that she knows it.
    """

    def __init__(self, folder: Path, identities: dict[str, Identity]) -> None:
        self.folder = folder
        self.ann, self.bob = Desk(folder, "ann"), Desk(folder, "bob")
        self._identities = identities
        self.source, self.recipe = folder / "source", folder / "recipe.toml"
        self.drive, self.temp = folder / "drive", folder / "temp"
        self.bundle, self.out = self.drive / "bundle.zip", folder / "out"
        self.relay = folder / "relay"
        self.forwarded = self.relay / "forwarded.zip"

    @classmethod
    def build(cls, folder: Path, *, n_rows: int = 5) -> Scene:
        """Make everything; a second or two."""
        scene = cls(folder, {})
        for made in (scene.source, scene.drive, scene.temp, scene.relay):
            made.mkdir()
        for desk in two_desks(folder):
            passphrase = desk.secret.read_text().strip()
            scene._identities[desk.name] = home.Desk(desk.home).unlock(passphrase)
        scene.recipe.write_text(_RECIPE)
        for table in TABLES:
            rows = [
                [f"{CANARY.decode()} {table} {n} {column}" for column in ("code", "name", "note")]
                for n in range(n_rows)
            ]
            data = csv_bytes([["code", "name", "note"], *rows])
            (scene.source / f"{table}.csv").write_bytes(data)
        return scene

    def copy(self, folder: Path) -> Scene:
        """The same desks and files, elsewhere."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, copy_function=shutil.copy2)
        return Scene(folder, self._identities)

    def expected(self, table: str) -> bytes:
        """What must come out of a table: its rows without the column `name`."""
        lines = (self.source / f"{table}.csv").read_bytes().splitlines(keepends=True)
        return b"".join(b",".join(line.split(b",")[::2]) for line in lines)

    # -- the program -----------------------------------------------------------------------------

    def pack_arguments(self, *more: str | Path) -> list[str]:
        """`pack` of both tables to the drive."""
        inputs = [str(self.source / f"{table}.csv") for table in TABLES]
        options = ["--recipe", str(self.recipe), "--to", "bob", "-o", str(self.bundle)]
        return ["pack", *inputs, *options, "--json", *map(str, more)]

    def unpack_arguments(self, *more: str | Path) -> list[str]:
        """`unpack` of the bundle on the drive."""
        return ["unpack", str(self.bundle), "-o", str(self.out), "--json", *map(str, more)]

    def forward_arguments(self, *more: str | Path) -> list[str]:
        """`forward` of the bundle on the drive to another drive."""
        options = ["--to", "ann", "-o", str(self.forwarded), "--json"]
        return ["forward", str(self.bundle), *options, *map(str, more)]

    def start(
        self,
        desk: Desk,
        arguments: Sequence[str],
        *,
        under: Sequence[str] = (),
        program: Sequence[str] = ("-m", "securexfer"),
    ) -> subprocess.Popen[bytes]:
        """Begin a run, `under` another program if one is given."""
        return subprocess.Popen(
            [*under, sys.executable, *program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**desk.environment(), "TMPDIR": str(self.temp)},
            cwd=self.folder,
        )

    def run(self, desk: Desk, arguments: Sequence[str], *, under: Sequence[str] = ()) -> Outcome:
        """A run, to its end."""
        return finish(self.start(desk, arguments, under=under))

    # -- the library, for everything that is not on trial ----------------------------------------

    def identity(self, desk: Desk) -> Identity:
        """The unlocked identity of a desk."""
        return self._identities[desk.name]

    def register(self, desk: Desk) -> Register:
        """The register of a desk."""
        return Register(desk.home / "register.jsonl", Actor(desk.name, "desk"))

    def pack(self, **order: Any) -> None:
        """Pack for bob, undisturbed."""
        recipe = read_recipe(self.recipe)
        inputs = [Input(table, self.source / f"{table}.csv") for table in TABLES]
        recipients = [ContactBook(self.ann.home / "contacts").get("bob")]
        with open_extracts(recipe.recipe, inputs) as opened:
            pack(
                PackOrder(recipe, recipients, self.bundle, **order),
                opened,
                self.identity(self.ann),
                self.register(self.ann),
                clock=system_clock,
                reporter=SilentReporter(),
            )

    def unpack(self, folder: Path, *, force: bool = False) -> None:
        """Unpack as bob, undisturbed."""
        with self._verified(self.bob, self.bundle) as verified:
            unpack(
                verified,
                folder,
                self.identity(self.bob),
                self.register(self.bob),
                clock=system_clock,
                reporter=SilentReporter(),
                force=force,
            )

    def forward(self, *, force: bool = False) -> None:
        """Forward as bob, undisturbed."""
        recipients = [ContactBook(self.bob.home / "contacts").get("ann")]
        with self._verified(self.bob, self.bundle) as verified:
            forward(
                verified,
                ForwardOrder(recipients, self.forwarded, force),
                self.identity(self.bob),
                self.register(self.bob),
                clock=system_clock,
                reporter=SilentReporter(),
            )

    def check_bundle(self) -> None:
        """Every check there is, and every row as it should be."""
        self._check(self.bob, self.bundle)

    def check_forwarded(self) -> None:
        """The same of what was forwarded, by whoever got it."""
        self._check(self.ann, self.forwarded)

    def _check(self, reader: Desk, bundle: Path) -> None:
        with self._verified(reader, bundle) as verified:
            assert [table.name for table in verified.manifest.tables] == list(TABLES)
            for table in verified.manifest.tables:
                rows = counted_rows(verified.inside, table, SilentReporter())
                assert b"".join(rows) == self.expected(table.name)

    def receipt(self) -> Path:
        """Where an unpack puts its receipt; the bundle must be there to say."""
        return self.out / statement_name("receipt", self.bundle_id())

    def check_receipt(self) -> None:
        """It opens for the sender, is bob's, about this bundle, and has no cell in it."""
        opened = open_receipt(
            self.receipt().read_bytes(),
            keys_for=self.identity(self.ann).keys_for,
            find={self.identity(self.bob).fingerprint: self.identity(self.bob).keys.public}.get,
        )
        assert opened.statement.bundle_id == self.bundle_id()
        assert [table.name for table in opened.statement.tables] == list(TABLES)
        assert CANARY.decode() not in repr(opened)

    def bundle_id(self) -> str:
        """Of the bundle on the drive."""
        with inspect(self.bundle, SilentReporter()) as outside:
            return outside.envelope.bundle_id

    def _verified(self, reader: Desk, bundle: Path) -> AbstractContextManager[Verified]:
        contacts = ContactBook(reader.home / "contacts")
        return verify(
            bundle,
            pinned_senders(contacts.list(), self.identity(reader).card),
            lambda: self.identity(reader),
            self.register(reader),
            clock=system_clock,
            reporter=SilentReporter(),
        )


def finish(process: subprocess.Popen[bytes]) -> Outcome:
    """Wait for a run; one that does not end has hung."""
    try:
        output, complaints = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("it hangs") from None
    slug = ""
    if output.strip():
        slug = json.loads(output).get("error", {}).get("code", "")
    return Outcome(process.returncode, output + complaints, slug)
