"""A team that makes the same tokens: its people, its recipe, and what they share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from securexfer.custody.scope import ScopeKeyStatement
from securexfer.custody.seal import seal_statement
from securexfer.ring import Ring
from securexfer.sharing import SharedResult, export_scope_key, import_scope_key
from securexfer.verifying import pinned_senders
from tests.world import Person, World, csv_bytes, csv_rows, read, recipe_text

TOKEN = '{ action = "pseudonymise", domain = "person" }'
SHARED = '[pseudonyms]\nlinkage = "agreement"\nepoch = "2026"\n'
RECIPE = recipe_text({"t": {"x": TOKEN}}, before=SHARED)
ROWS = csv_bytes([["x"], ["one"], ["two"]])


class Team:
    """`ann` and `bea` send to `cat`; `bob` is a recipient too, of something else."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ann, self.cat = world.ann, world.cat
        self.bea = Person(world.folder, "bea", world.clock)
        for one, other in ((self.ann, self.bea), (self.bea, self.ann), (self.bea, self.cat)):
            one.pin(other)
        self.bea.pin(world.bob)
        self.cat.pin(self.bea)

    def ring(self, person: Person) -> Ring:
        return Ring(
            person.register,
            person.home / "scope-keys",
            pinned_senders(person.contacts.list(), person.identity.card),
            lambda: person.identity,
        )

    def export(
        self, by: Person, to: str = "bea", audience: tuple[str, ...] = ("cat",), **options: Any
    ) -> SharedResult:
        return export_scope_key(
            read(options.pop("recipe", RECIPE)).recipe,
            [by.contacts.get(name) for name in audience],
            by.contacts.get(to),
            options.pop("output", self.world.folder),
            by.identity,
            self.ring(by),
            clock=self.world.clock,
            **options,
        )

    def take(
        self, data: bytes | Path, person: Person | None = None, **options: Any
    ) -> SharedResult:
        person = person or self.bea
        return import_scope_key(
            data if isinstance(data, bytes) else data.read_bytes(),
            person.contacts.list(),
            [person.identity.fingerprint],
            self.ring(person),
            clock=self.world.clock,
            **options,
        )

    def share(self) -> SharedResult:
        return self.take(self.export(self.ann).path)

    def tokens(
        self, by: Person, recipe: str = RECIPE, to: Person | None = None, **order: Any
    ) -> list[list[str]]:
        """Pack as the command line does, open, and read the tokens."""
        to = to or self.cat
        contacts = [by.contacts.get(to.name)]
        if not order.get("own_tokens"):
            order["shared"] = self.ring(by).find(read(recipe).recipe, contacts)
        drive = self.world.folder / f"drive-{len(list(self.world.folder.iterdir()))}"
        drive.mkdir()
        path = by.pack({"t": ROWS}, recipe, [to], drive, **order).path
        out = to.unpack(path, drive / "out", older=True)
        return csv_rows(out.files[0].read_bytes())[1:]

    def forge(self, by: Person | None = None, to: Person | None = None, **changes: Any) -> bytes:
        """A scope key that anybody might make, honestly signed and sealed."""
        to = to or self.bea
        said = {
            "securexfer_statement": 1,
            "statement_id": "ab" * 16,
            "made_at": "2026-11-22T09:30:00Z",
            "register_head": "0" * 64,
            "tool": "forge",
            "addressee": to.identity.fingerprint,
            "reference": "DSA-2026-014",
            "epoch": "2026",
            "audience": [self.cat.identity.fingerprint],
            "key": "A" * 43 + "=",
            **changes,
        }
        statement = ScopeKeyStatement.model_construct(**said)
        keys = (by or self.ann).identity.keys
        return seal_statement(statement, "scope-key", keys, to.identity.keys.public)


def events(person: Person) -> list[str]:
    return [entry.event for entry in person.register.entries()]
