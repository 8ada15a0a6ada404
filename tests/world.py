"""A small world to test in: a sender, recipients, their desks on disk, and a clock that is set."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from securexfer.crypto.identity import Identity, create_identity
from securexfer.custody.register import Actor, Register
from securexfer.forwarding import ForwardOrder, ForwardResult, forward
from securexfer.home.contacts import Contact, ContactBook
from securexfer.medium.medium import FindMedium, find_medium
from securexfer.order import PackOrder
from securexfer.packing import PackResult, pack
from securexfer.planning import Input, open_extracts
from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import Chunk, minimise_extract
from securexfer.privacy.plan import plan_tables
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.recipe.reading import RecipeFile, parse_recipe
from securexfer.reporting import Reporter, SilentReporter
from securexfer.unpacking import UnpackResult, unpack
from securexfer.verifying import Verified, pinned_senders, verify

START = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SCOPE = ScopeKey(bytes(range(32)))
AGREEMENT = """
version = 1
[agreement]
reference = "DSA-2026-014"
purpose = "Evaluate supervision"
controller = "Ministry of Example"
regime = "dpa2018-part3"
lawful_basis = "Part 3, s.35(2)(b)"
retention_days = 90
"""


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: int) -> None:
        self.now += timedelta(**by)


class Person:
    """An identity with a desk of its own."""

    def __init__(self, folder: Path, name: str, clock: SetClock) -> None:
        self.name = name
        self.clock = clock
        self.identity: Identity = create_identity(
            name=name, organisation="", email="", created_at=START - timedelta(days=10)
        )
        self.home = folder / name
        self.contacts = ContactBook(self.home / "contacts")
        self.register = Register(self.home / "register.jsonl", Actor(name, "desk"))

    def pin(self, other: Person) -> Contact:
        return self.contacts.pin(other.identity.card, other.name, pinned_at=self.clock())

    def pack(
        self,
        tables: Mapping[str, bytes],
        recipe: str | bytes,
        to: Sequence[Person],
        output: Path,
        **order: Any,
    ) -> PackResult:
        """Pack extracts given as bytes."""
        sources = output / f"extracts-of-{self.name}" if output.is_dir() else output.parent
        sources.mkdir(exist_ok=True)
        for name, data in tables.items():
            (sources / f"{name}.csv").write_bytes(data)
        inputs = [Input(name, sources / f"{name}.csv") for name in tables]
        return self.pack_files(inputs, recipe, to, output, **order)

    def pack_files(
        self,
        inputs: Sequence[Input],
        recipe: str | bytes,
        to: Sequence[Person],
        output: Path,
        *,
        reporter: Reporter | None = None,
        find_medium: FindMedium = find_medium,
        **order: Any,
    ) -> PackResult:
        file = read(recipe)
        recipients = [self.contacts.get(person.name) for person in to]
        with open_extracts(file.recipe, inputs) as opened:
            return pack(
                PackOrder(file, recipients, output, **order),
                opened,
                self.identity,
                self.register,
                clock=self.clock,
                reporter=reporter or SilentReporter(),
                find_medium=find_medium,
            )

    @contextmanager
    def verify(self, path: Path, *, older: bool = False) -> Iterator[Verified]:
        with verify(
            path,
            pinned_senders(self.contacts.list(), self.identity.card),
            lambda: self.identity,
            self.register,
            clock=self.clock,
            reporter=SilentReporter(),
            older=older,
        ) as verified:
            yield verified

    def forward(
        self,
        path: Path,
        to: Sequence[Person],
        output: Path,
        *,
        older: bool = False,
        **order: Any,
    ) -> ForwardResult:
        """Forward a bundle to contacts."""
        with self.verify(path, older=older) as verified:
            return forward(
                verified,
                ForwardOrder([self.contacts.get(person.name) for person in to], output, **order),
                self.identity,
                self.register,
                clock=self.clock,
                reporter=SilentReporter(),
            )

    def unpack(
        self,
        path: Path,
        folder: Path,
        *,
        older: bool = False,
        reporter: Reporter | None = None,
        **options: Any,
    ) -> UnpackResult:
        with self.verify(path, older=older) as verified:
            return unpack(
                verified,
                folder,
                self.identity,
                self.register,
                clock=self.clock,
                reporter=reporter or SilentReporter(),
                **options,
            )


class World:
    """`ann` packs for `bob` and `cat`; all have pinned each other. `eve` is known to nobody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SetClock()
        self.ann, self.bob, self.cat, self.eve = (
            Person(folder, name, self.clock) for name in ("ann", "bob", "cat", "eve")
        )
        for one in (self.ann, self.bob, self.cat):
            for other in (self.ann, self.bob, self.cat):
                if one is not other:
                    one.pin(other)
        self.drive = folder / "drive"
        self.drive.mkdir()


def read(recipe: str | bytes) -> RecipeFile:
    return parse_recipe(recipe.encode() if isinstance(recipe, str) else recipe)


def toml_text(text: str) -> str:
    """A TOML basic string. Like JSON's, but without surrogates, and DEL must be escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_value(value: Any) -> str:
    """A value as inline TOML; what TOML can't say becomes text that is no TOML."""
    if isinstance(value, dict):
        pairs = (f"{toml_text(str(key))} = {toml_value(one)}" for key, one in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, str):
        return toml_text(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def recipe_text(tables: Mapping[str, Mapping[str, str]], *, before: str = "") -> str:
    """A recipe: for each table, field name to the inline TOML table of the field."""
    parts = [AGREEMENT, before]
    for table, fields in tables.items():
        parts.append(f"[tables.{table}.fields]")
        parts += [f"{toml_text(name)} = {spec}" for name, spec in fields.items()]
    return "\n".join(parts) + "\n"


def allow_forwarding(recipe: str) -> str:
    """The same recipe, under an agreement that lets recipients forward the bundle."""
    return recipe.replace("[agreement]\n", '[agreement]\nforwarding = "yes"\n')


def keep_all(table: str, columns: Sequence[str], *, before: str = "") -> str:
    """A recipe that keeps every column as it is."""
    keep = '{ action = "keep" }'
    return recipe_text({table: dict.fromkeys(columns, keep)}, before=before)


def csv_bytes(rows: Sequence[Sequence[str]], **dialect: Any) -> bytes:
    """Rows, the header first, as the standard library's writer spells them."""
    text = io.StringIO(newline="")
    csv.writer(text, **{"lineterminator": "\n", **dialect}).writerows(rows)
    return text.getvalue().encode("utf-8")


def csv_rows(data: bytes) -> list[list[str]]:
    """Rows as the standard library reads them."""
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


@dataclass(frozen=True)
class Minimised:
    """What came out of `minimise_extract`, chunk by chunk, the header first."""

    chunks: list[Chunk]

    @property
    def plaintext(self) -> bytes:
        return b"".join(chunk.plaintext for chunk in self.chunks)

    @property
    def rows(self) -> list[list[str]]:
        return csv_rows(self.plaintext)

    @property
    def n_unparsed(self) -> dict[str, int]:
        """By field name, without fields of which every cell was read."""
        return dict(+sum((chunk.n_unparsed for chunk in self.chunks), Counter[str]()))

    @property
    def n_formulas(self) -> dict[str, int]:
        """By field name, without fields that have none."""
        return dict(+sum((chunk.n_formulas for chunk in self.chunks), Counter[str]()))

    def total(self, count: str) -> int:
        return sum(getattr(chunk, count) for chunk in self.chunks)


def minimise_table(
    extract: bytes | BinaryIO,
    recipe: str | bytes,
    *,
    scope: ScopeKey = SCOPE,
    n_workers: int = 2,
    **limits: Any,
) -> Minimised:
    """Bytes of an extract through the real `Extract` and pipeline, for a recipe of one table."""
    parsed = read(recipe).recipe
    ((name, table),) = parsed.tables.items()
    stream = io.BytesIO(extract) if isinstance(extract, bytes) else extract
    with Extract(name, stream, table.csv, **limits) as opened:
        (plan,) = plan_tables(parsed, {name: opened.header})
        return Minimised(list(minimise_extract(opened, plan, scope, n_workers=n_workers)))
