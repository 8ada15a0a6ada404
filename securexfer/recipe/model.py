"""The recipe: what may leave, for whom, why, and for how long. What it does not name stays."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from securexfer.recipe.field import MAX_TEXT, ConstantField, FieldSpec, Strict

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
MAX_TABLES = 1000
MAX_RETENTION_DAYS = 3650

_TABLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RESERVED_NAMES = {"con", "prn", "aux", "nul", "conin$", "conout$", "datapackage"}
_RESERVED_NAMES |= {f"{device}{n}" for device in ("com", "lpt") for n in range(10)}


def is_table_name(name: str) -> bool:
    """Whether a table name is safe as a file name on every system.

    Table names become `NAME.csv` at the recipient, so both the recipe and the reader of a
    manifest hold them to this.
    """
    return _TABLE_NAME.fullmatch(name) is not None and name.lower() not in _RESERVED_NAMES


def _check_table_name(name: str) -> str:
    if not is_table_name(name):
        raise ValueError(
            "can't be a table's name: letters, digits, - and _ only, at most 64, no device name"
        )
    return name


class Agreement(Strict):
    """The data sharing agreement that a transfer rests on."""

    reference: Text
    purpose: Text
    controller: Text
    regime: Literal["uk-gdpr", "dpa2018-part3"]
    lawful_basis: Text
    retention_days: int = Field(ge=1, le=MAX_RETENTION_DAYS)
    recipients: list[Text] | None = Field(default=None, min_length=1)


class Pseudonyms(Strict):
    """How far a token stays the same."""

    linkage: Literal["bundle", "agreement"] = "bundle"
    epoch: Text | None = None

    @model_validator(mode="after")
    def _check_epoch(self) -> Pseudonyms:
        if self.epoch is not None and self.linkage == "bundle":
            raise ValueError('epoch has no effect with linkage = "bundle"')
        return self


class Dialect(Strict):
    """How an extract spells its rows."""

    delimiter: str = ","
    quote: str = '"'
    encoding: Literal["utf-8", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"] = "utf-8"
    trim: bool = False

    @field_validator("delimiter", "quote")
    @classmethod
    def _check_mark(cls, value: str) -> str:
        if len(value) != 1 or not (value == "\t" or " " < value < "\x7f") or value.isalnum():
            raise ValueError("must be one ASCII character: a punctuation mark or a tab")
        return value

    @model_validator(mode="after")
    def _check_apart(self) -> Dialect:
        if self.delimiter == self.quote:
            raise ValueError("delimiter and quote must differ")
        return self


class Table(Strict):
    """One table of the bundle: its fields, in the order in which they leave."""

    columns: Literal["withhold", "refuse"] = "withhold"
    csv: Dialect = Dialect()
    fields: dict[str, FieldSpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_sources(self) -> Table:
        # Only a column that is found shows that the extract's first line is a header.
        if all(isinstance(field, ConstantField) for field in self.fields.values()):
            raise ValueError("needs at least one field that comes from a column")
        return self


class Recipe(Strict):
    """A whole recipe, valid by itself; `privacy.plan` holds it against the extracts."""

    version: int = Field(ge=1, le=1)
    agreement: Agreement
    pseudonyms: Pseudonyms = Pseudonyms()
    tables: dict[Annotated[str, AfterValidator(_check_table_name)], Table] = Field(
        min_length=1, max_length=MAX_TABLES
    )

    @field_validator("tables")
    @classmethod
    def _check_names(cls, tables: dict[str, Table]) -> dict[str, Table]:
        if len({name.lower() for name in tables}) != len(tables):
            raise ValueError("two table names differ in case only")
        return tables
