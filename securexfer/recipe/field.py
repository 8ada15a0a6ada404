"""Fields of a table: one model for each action, with the settings that the action takes."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DATE_DIRECTIVES = frozenset("YymdebB%")
_PARTS = (("%Y", "%y"), ("%m", "%b", "%B"), ("%d", "%e"))
# The parser takes a time of day whole or not at all; it has no part in the result.
_TIME_OF_DAY = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%T")
_DOMAIN = r"^[a-z][a-z0-9_-]{0,31}$"
MAX_TEXT = 500


def directives_of(form: str) -> frozenset[str]:
    """The letters of a date format's directives, times of day left out."""
    for time in _TIME_OF_DAY:
        form = form.replace(time, "")
    return frozenset(_DIRECTIVE.findall(form))


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Strict(BaseModel):
    """Frozen, exact types, and no key that the model does not know."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class SourcedField(Strict):
    """A field that is made from one source column.

    Attributes:
        source: the source column, `from` in the recipe; the field's own name where absent.
    """

    source: str | None = Field(default=None, alias="from")


class KeepField(SourcedField):
    """The cell as it is."""

    action: Literal["keep"]


class PseudonymiseField(SourcedField):
    """A keyed token in place of the identifier."""

    action: Literal["pseudonymise"]
    domain: str = Field(pattern=_DOMAIN)


class DateField(SourcedField):
    """What `year` and `month` share.

    Attributes:
        formats: `format` in the recipe: one or several strptime formats; the first that reads
            a cell counts.
        pivot: for two-digit years: below it 20xx, from it on 19xx.
    """

    formats: Annotated[list[str], BeforeValidator(_listed)] = Field(alias="format", min_length=1)
    pivot: int | None = Field(default=None, ge=0, le=99)

    @field_validator("formats")
    @classmethod
    def _check_formats(cls, formats: list[str]) -> list[str]:
        for text in formats:
            used = directives_of(text)
            unknown = sorted(used - _DATE_DIRECTIVES)
            if unknown:
                raise ValueError(
                    f"%{unknown[0]} is not supported: %Y %y %m %b %B %d %e, and times of day as "
                    "%H:%M, %H:%M:%S or %H:%M:%S.%f"
                )
            n_parts = [sum(map(text.count, spellings)) for spellings in _PARTS]
            if max(n_parts) > 1 or not n_parts[0]:
                raise ValueError("needs a year (%Y or %y), and no part of the date twice")
        return formats

    @model_validator(mode="after")
    def _check_pivot(self) -> DateField:
        two_digits = any("y" in directives_of(text) for text in self.formats)
        if two_digits and self.pivot is None:
            raise ValueError("two-digit years (%y) need a pivot, for example pivot = 30")
        if self.pivot is not None and not two_digits:
            raise ValueError("pivot has no effect: no format has a two-digit year (%y)")
        return self


class YearField(DateField):
    """The year of a date."""

    action: Literal["year"]


class MonthField(DateField):
    """The year and month of a date."""

    action: Literal["month"]

    @model_validator(mode="after")
    def _check_month(self) -> MonthField:
        if not all(directives_of(text) & set("mbB") for text in self.formats):
            raise ValueError("each format needs a month: %m, %b or %B")
        return self


class PostcodeDistrictField(SourcedField):
    """The outward part of a UK postcode."""

    action: Literal["postcode-district"]


class BandField(SourcedField):
    """The band of whole numbers in which a number lies."""

    action: Literal["band"]
    width: int = Field(ge=1, le=10**12)
    bottom: int | None = Field(default=None, ge=-(10**12), le=10**12)
    top: int | None = Field(default=None, ge=-(10**12), le=10**12)

    @model_validator(mode="after")
    def _check_ends(self) -> BandField:
        if self.top is not None:
            start = self.bottom or 0
            if self.top <= start and self.bottom is not None:
                raise ValueError("top must be above bottom")
            if (self.top - start) % self.width:
                raise ValueError("top must be a whole number of bands above bottom (or 0)")
        return self


class ConstantField(Strict):
    """The same text in every row; takes no source column."""

    action: Literal["constant"]
    value: str = Field(max_length=MAX_TEXT)


FieldSpec = Annotated[
    KeepField
    | PseudonymiseField
    | YearField
    | MonthField
    | PostcodeDistrictField
    | BandField
    | ConstantField,
    Field(discriminator="action"),
]

FIELD_TYPES: dict[str, type[Strict]] = {
    "keep": KeepField,
    "pseudonymise": PseudonymiseField,
    "year": YearField,
    "month": MonthField,
    "postcode-district": PostcodeDistrictField,
    "band": BandField,
    "constant": ConstantField,
}
