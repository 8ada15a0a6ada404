"""Bundles that are made of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.vectors.format1.bundle import Bundle
from tests.vectors.format1.card import Person
from tests.vectors.format1.edit import Changes, Edit, nothing, same
from tests.vectors.format1.encoding import canonical, padme, seeded
from tests.vectors.format1.member import Entry


@dataclass
class Forward(Bundle):
    """A bundle that `sender` makes of another one, for colleagues; each step can be bent."""

    source: Bundle = field(kw_only=True)
    change_hops: Callable[[list[dict[str, str]]], object] = nothing
    change_provenance: Changes = nothing
    change_provenance_text: Edit = same
    pad_provenance: bool = True

    def __post_init__(self) -> None:
        self.password = self.password or self.source.password
        self.tables = self.source.tables
        super().__post_init__()

    @property
    def origin(self) -> Bundle:
        return self.source.origin

    @property
    def hands(self) -> list[Person]:
        return [*self.source.hands, self.sender]

    @property
    def hops(self) -> list[dict[str, str]]:
        return [*self.source.hops, self.source.hop]

    def provenance_bytes(self) -> bytes:
        hops = [dict(hop) for hop in self.hops]
        self.change_hops(hops)
        made: dict[str, Any] = {"securexfer_provenance": 1, "hops": hops}
        self.change_provenance(made)
        text = self.change_provenance_text(canonical(made))
        return text.ljust(padme(max(len(text), 65_536))) if self.pad_provenance else text

    def entries(self) -> list[Entry]:
        made = [entry for entry in self.source.entries() if entry.name != "provenance.json"]
        content = self.provenance_bytes()
        salt = seeded(16, "salt", self.label)
        made.insert(len(made) - 1, Entry("provenance.json", content, salt=salt))
        self.change_members(made)
        return made
