"""The recipe: what may leave, for whom, why, and for how long. What it does not name stays."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from securexfer.recipe.field import ConstantField, FieldSpec, PseudonymiseField
from securexfer.recipe.limits import Limits
from securexfer.recipe.source import Strict, Text

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


# What a draft says where a person has to say something.
UNSTATED = ("DRAFT", "to be stated")


class Agreement(Strict):
    """The data sharing agreement that a transfer rests on.

    Attributes:
        retention_days: so long after packing the bundle expires.
        recipients: local names of the only contacts who may be named as recipients.
        forwarding: whether recipients may re-seal the bundle for colleagues of theirs.
    """

    reference: Text
    purpose: Text
    controller: Text
    regime: Literal["uk-gdpr", "dpa2018-part3"]
    lawful_basis: Text
    retention_days: int = Field(ge=1, le=MAX_RETENTION_DAYS)
    recipients: list[Text] | None = Field(default=None, min_length=1)
    categories: list[Literal["criminal-offence", "special-category"]] = Field(default=[])
    drill_within_days: int | None = Field(default=None, ge=1, le=MAX_RETENTION_DAYS)
    forwarding: Literal["no", "yes"] = "no"

    @property
    def unstated(self) -> tuple[str, ...]:
        """The keys that still say what a draft says."""
        texts = {
            "reference": self.reference,
            "purpose": self.purpose,
            "controller": self.controller,
            "lawful_basis": self.lawful_basis,
        }
        return tuple(key for key, text in texts.items() if text in UNSTATED)


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
    """One table of the bundle: its fields, in the order in which they leave.

    Attributes:
        columns: what becomes of source columns that no field names.
        csv: the extract's dialect.
        subject: the domain whose tokens are the data subjects.
        identifying: source columns whose values must not appear in any field.
        quasi_identifiers: fields by which people could be singled out together.
        sensitive: fields that must differ within each group of quasi-identifiers.
        min_distinct: how many values of each sensitive field a group must have.
        row_order: whether rows leave in the extract's order.
        fields: by name.
    """

    columns: Literal["withhold", "refuse"] = "withhold"
    csv: Dialect = Dialect()
    subject: Text | None = None
    identifying: list[Text] = Field(default=[])
    quasi_identifiers: list[Text] = Field(default=[])
    sensitive: list[Text] = Field(default=[])
    min_distinct: int | None = Field(default=None, ge=2)
    row_order: Literal["keep", "shuffle"] = "keep"
    fields: dict[str, FieldSpec] = Field(min_length=1)

    @property
    def domains(self) -> list[str]:
        """Domains of its pseudonyms, each once."""
        specs = self.fields.values()
        return list(dict.fromkeys(s.domain for s in specs if isinstance(s, PseudonymiseField)))

    @property
    def subject_domain(self) -> str | None:
        """The domain of the data subjects, if it is clear which."""
        domains = self.domains
        return self.subject or (domains[0] if len(domains) == 1 else None)

    @property
    def subject_fields(self) -> list[str]:
        """The fields whose tokens are counted as data subjects, if it is clear which."""
        return [
            name
            for name, spec in self.fields.items()
            if isinstance(spec, PseudonymiseField) and spec.domain == self.subject_domain
        ]

    @model_validator(mode="after")
    def _check_gates(self) -> Table:
        if self.subject is not None and self.subject not in self.domains:
            raise ValueError(f"subject: no field is pseudonymised in the domain {self.subject!r}")
        for key in ("quasi_identifiers", "sensitive"):
            names = getattr(self, key)
            unknown = [name for name in names if name not in self.fields]
            if unknown:
                raise ValueError(f"{key}: there is no field {unknown[0]!r}")
        for key in ("identifying", "quasi_identifiers", "sensitive"):
            if len(set(getattr(self, key))) != len(getattr(self, key)):
                raise ValueError(f"{key}: a name stands there twice")
        if both := set(self.quasi_identifiers) & set(self.sensitive):
            raise ValueError(f"sensitive: {min(both)!r} is a quasi-identifier too")
        if bool(self.sensitive) != (self.min_distinct is not None):
            raise ValueError("sensitive and min_distinct belong together")
        if self.sensitive and not self.quasi_identifiers:
            raise ValueError("sensitive needs quasi_identifiers: they make the groups")
        return self

    @model_validator(mode="after")
    def _check_identifying(self) -> Table:
        held_back = set(self.identifying)
        held_back |= {
            name if spec.source is None else spec.source
            for name, spec in self.fields.items()
            if isinstance(spec, PseudonymiseField)
        }
        leaving: dict[str, str] = {}
        for name, spec in self.fields.items():
            if isinstance(spec, ConstantField) or not spec.leaves_cells or "echo" in spec.allow:
                continue
            source = name if spec.source is None else spec.source
            if source in held_back:
                leaving[name] = source
        if len(leaving) == 1:
            ((name, source),) = leaving.items()
            raise ValueError(
                f"fields.{name}: the column {source!r} is identifying or pseudonymised, and "
                "would leave as it is. Withhold the field, or let it through with allow = "
                '["echo"] and a reason'
            )
        if leaving:
            fields = ", ".join(f"fields.{name}" for name in leaving)
            columns = ", ".join(map(repr, dict.fromkeys(leaving.values())))
            raise ValueError(
                f"{fields}: the columns {columns} are identifying or pseudonymised, and would "
                "leave as they are. Withhold these fields, or let each through with allow = "
                '["echo"] and a reason'
            )
        return self

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
    limits: Limits = Limits()
    tables: dict[Annotated[str, AfterValidator(_check_table_name)], Table] = Field(
        min_length=1, max_length=MAX_TABLES
    )

    @field_validator("tables")
    @classmethod
    def _check_names(cls, tables: dict[str, Table]) -> dict[str, Table]:
        if len({name.lower() for name in tables}) != len(tables):
            raise ValueError("two table names differ in case only")
        return tables

    @model_validator(mode="after")
    def _check_domains(self) -> Recipe:
        kinds: dict[str, str | None] = {}
        for table in self.tables.values():
            for spec in table.fields.values():
                if not isinstance(spec, PseudonymiseField):
                    continue
                if kinds.setdefault(spec.domain, spec.identifier) != spec.identifier:
                    raise ValueError(
                        f"fields of the domain {spec.domain!r} name different kinds of identifier; "
                        "their tokens would not agree"
                    )
        return self

    @model_validator(mode="after")
    def _check_groups(self) -> Recipe:
        if self.limits.min_group_size is not None and not any(
            table.quasi_identifiers for table in self.tables.values()
        ):
            raise ValueError("limits.min_group_size: no table names its quasi_identifiers")
        return self
