"""Fields that are made from dates: how dates are written, and what is made of them."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from securexfer.recipe.source import SourcedField, check_ends

FIRST_YEAR = 1850
LAST_YEAR = 2150
MAX_AGE = LAST_YEAR - FIRST_YEAR
MAX_SHIFT_DAYS = 3650

_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DATE_DIRECTIVES = frozenset("YymdebB%")
_PARTS = (("%Y", "%y"), ("%m", "%b", "%B"), ("%d", "%e"))
# The parser takes a time of day whole or not at all; it has no part in the result.
_TIME_OF_DAY = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%T")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def directives_of(form: str) -> frozenset[str]:
    """The letters of a date format's directives, times of day left out."""
    for time in _TIME_OF_DAY:
        form = form.replace(time, "")
    return frozenset(_DIRECTIVE.findall(form))


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class DateField(SourcedField):
    """What all actions on dates share.

    Attributes:
        formats: `format` in the recipe: one or several strptime formats; the first that reads
            a cell counts.
        pivot: for two-digit years: below it 20xx, from it on 19xx.
    """

    is_closed: ClassVar[bool] = True
    is_never_formula: ClassVar[bool] = True

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


class DayField(DateField):
    """What actions share that need to know the day."""

    @model_validator(mode="after")
    def _check_day(self) -> DayField:
        for text in self.formats:
            used = directives_of(text)
            if not (used & set("mbB") and used & set("de")):
                raise ValueError("each format needs a month (%m, %b or %B) and a day (%d or %e)")
        return self


class AgeBandField(DayField):
    """The band in which the age on a fixed day lies, from a date of birth.

    Attributes:
        on: the day, as `2026-04-01`.
        width: years in a band.
        bottom: ages below it are one band.
        top: ages from it on are one band.
    """

    action: Literal["age-band"]
    on: str
    width: int = Field(default=10, ge=1, le=MAX_AGE)
    bottom: int | None = Field(default=None, ge=0, le=MAX_AGE)
    top: int | None = Field(default=None, ge=1, le=MAX_AGE)

    @field_validator("on")
    @classmethod
    def _check_on(cls, on: str) -> str:
        problem = f"must be a day from {FIRST_YEAR} to {LAST_YEAR}, for example 2026-04-01"
        try:
            day = datetime.date.fromisoformat(on) if _ISO_DATE.fullmatch(on) else None
        except ValueError:
            day = None
        if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(problem)
        return on

    @model_validator(mode="after")
    def _check_ends(self) -> AgeBandField:
        check_ends(self.width, self.bottom, self.top)
        return self

    @property
    def day(self) -> datetime.date:
        """The day on which ages are taken."""
        return datetime.date.fromisoformat(self.on)


class DateShiftField(DayField):
    """A date, moved by a number of days that is the same for all dates of one person.

    Attributes:
        per: the pseudonymised field of the same table that names the person; `recipe.links`
            holds it against that table.
        days: the furthest that a date is moved, either way.
    """

    action: Literal["date-shift"]
    per: str
    days: int = Field(ge=1, le=MAX_SHIFT_DAYS)
