"""Tables as they leave: fields, where they come from, columns that stay, what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from securexfer.custody.foreign import count_in, object_in, objects_in, text_in, texts_in
from securexfer.custody.gate import Gate, Groups, read_gate, read_groups

# How a column leaves, in a word. `redacted` is free text, `added` comes from the recipe alone.
Way = Literal["kept", "coarser", "token", "redacted", "attached", "added"]
WAYS: dict[str, Way] = {
    "keep": "kept",
    "pseudonymise": "token",
    "redact-text": "redacted",
    "attach": "attached",
    "constant": "added",
}


@dataclass(frozen=True)
class TransferField:
    """A field: its name, the action that made it, the source column (empty for a constant)."""

    name: str
    action: str
    source: str

    @property
    def way(self) -> Way:
        """How it leaves. Whatever is not known to be something else makes cells coarser."""
        return WAYS.get(self.action, "coarser")


@dataclass(frozen=True)
class TransferTable:
    """A table.

    Attributes:
        name: of it.
        fields: that leave, in order.
        withheld: source columns that stay.
        n_rows_in, n_rows_out: read and leaving.
        n_subjects, n_subjects_is: data subjects, and in what sense; the sense is empty where
            nobody counted.
        n_files: attached to its rows.
        gates: what they said.
        groups: people who look alike, None if they are not known.
    """

    name: str
    fields: tuple[TransferField, ...]
    withheld: tuple[str, ...]
    n_rows_in: int
    n_rows_out: int
    n_subjects: int
    n_subjects_is: str
    n_files: int
    gates: tuple[Gate, ...]
    groups: Groups | None

    @property
    def sources(self) -> tuple[str, ...]:
        """Source columns that something leaves of, in the order of the fields."""
        return tuple(dict.fromkeys(field.source for field in self.fields if field.source))


def read_table(table: Mapping[str, Any]) -> TransferTable:
    """A table from its record, whatever forms are in there."""
    gates = objects_in(table.get("gates"))
    return TransferTable(
        name=text_in(table.get("name")),
        fields=tuple(
            TransferField(
                text_in(one.get("name")), text_in(one.get("action")), text_in(one.get("source"))
            )
            for one in objects_in(table.get("fields"))
        ),
        withheld=tuple(texts_in(table.get("withheld"))),
        n_rows_in=count_in(table.get("n_rows_in")),
        n_rows_out=count_in(table.get("n_rows_out", table.get("n_rows"))),
        n_subjects=count_in(table.get("n_subjects")),
        n_subjects_is=text_in(table.get("n_subjects_is")),
        n_files=count_in(object_in(table.get("attachments")).get("n_files")),
        gates=tuple(map(read_gate, gates)),
        groups=read_groups(gates),
    )
