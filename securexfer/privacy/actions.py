"""Actions: what is done to a source column on its way out.

Each is one function from the source cell to the output cell, vectorised. A cell that an action
can't read comes out as null: never passed through. The tables at the end are the whole list, but
for `constant`, which has no source cell.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from securexfer.privacy.identifiers import redact_identifiers
from securexfer.privacy.kinds import canonical
from securexfer.privacy.pseudonyms import ScopeKey, day_shift, file_mark, token
from securexfer.privacy.step import once
from securexfer.recipe.dates import (
    FIRST_YEAR,
    LAST_YEAR,
    AgeBandField,
    DateField,
    DateShiftField,
    MonthField,
    YearField,
    directives_of,
)
from securexfer.recipe.field import (
    KIND_OF_SUFFIX,
    SUFFIX_OF_KIND,
    AttachField,
    BandField,
    CategoryField,
    ConstantField,
    KeepField,
    MapField,
    PostcodeDistrictField,
    PseudonymiseField,
    RedactTextField,
    RoundField,
    TruncateField,
)

# Outward codes A9, A99, A9A, AA9, AA99, AA9A; inward letters never C I K M O V
# (Royal Mail's postcode formats); GIR 0AA is the one exception to the pattern.
_POSTCODE = r"^([A-Z]{1,2}[0-9][0-9A-Z]?|GIR)[0-9][ABD-HJLNP-UW-Z]{2}$"
_USUAL_POSTCODE = r"^([A-Z]{1,2}[0-9][0-9A-Z]?) [0-9][ABD-HJLNP-UW-Z]{2}$"
_NUMBER = r"^([+-]?[0-9]{1,15})(?:\.[0-9]*)?$"
_NEGATIVE_FRACTION = r"^-[0-9]+\.[0-9]*[1-9]"
_FROM_HALF_ON = r"\.[5-9]"
# What the name of an attached file begins with, where no token says whose it is.
_NOBODY = "file"
_ENDS = {suffix: SUFFIX_OF_KIND[kind] for suffix, kind in KIND_OF_SUFFIX.items()}


@dataclass(frozen=True)
class Person:
    """Whom a row is about: the cell with the identifier, and how it is pseudonymised."""

    cell: pl.Expr
    spec: PseudonymiseField


def keep(cell: pl.Expr, spec: KeepField, scope: ScopeKey) -> pl.Expr:
    """The cell as it is."""
    return pl.when(cell != "").then(cell)


def pseudonymise(cell: pl.Expr, spec: PseudonymiseField, scope: ScopeKey) -> pl.Expr:
    """A token in place of the identifier."""
    field_key = scope.field_key(spec.domain, spec.identifier or "")
    return token(canonical(cell, spec.identifier), spec.domain, field_key)


def year(cell: pl.Expr, spec: YearField, scope: ScopeKey) -> pl.Expr:
    """The year of a date: `1980`."""
    return _parse_date(cell, spec).dt.year().cast(pl.String)


def month(cell: pl.Expr, spec: MonthField, scope: ScopeKey) -> pl.Expr:
    """The year and month of a date: `1980-02`."""
    return _parse_date(cell, spec).dt.to_string("%Y-%m")


def age_band(cell: pl.Expr, spec: AgeBandField, scope: ScopeKey) -> pl.Expr:
    """The band of the age in completed years on a fixed day: `20 to 29`."""
    on = spec.day

    def step(birth: pl.Expr) -> pl.Expr:
        # Who was born on 29 February completes a year on 1 March where there is no such day.
        month_day = birth.dt.month().cast(pl.Int64) * 100 + birth.dt.day()
        birthday_to_come = month_day > on.month * 100 + on.day
        age = on.year - birth.dt.year().cast(pl.Int64) - birthday_to_come.cast(pl.Int64)
        return pl.when(birth <= on).then(_label_band(age, spec.width, spec.bottom, spec.top))

    return once(_parse_date(cell, spec), step, pl.String)


def date_shift(cell: pl.Expr, spec: DateShiftField, scope: ScopeKey, person: Person) -> pl.Expr:
    """The date, moved by as many days as all dates of this person: `1980-02-03`."""
    kind = person.spec.identifier
    key = scope.field_key(person.spec.domain, kind or "", purpose="date-shift")
    shift = day_shift(canonical(person.cell, kind), spec.days, key)
    days = _parse_date(cell, spec).cast(pl.Int32) + shift.cast(pl.Int32)
    return once(days.cast(pl.Date), _plausible, pl.Date).dt.to_string("%Y-%m-%d")


def postcode_district(cell: pl.Expr, spec: PostcodeDistrictField, scope: ScopeKey) -> pl.Expr:
    """The outward part of a whole UK postcode: `SW1A` of `SW1A 1AA`."""
    return cell.map_batches(_districts, return_dtype=pl.String)


def band(cell: pl.Expr, spec: BandField, scope: ScopeKey) -> pl.Expr:
    """The band of a number's whole part: `5 to 9`. Not `5-9`, which spreadsheets make a date."""
    text = cell.str.strip_chars()
    # Rounding down means towards the smaller number, so that -0.5 lies below 0.
    whole = text.str.extract(_NUMBER, 1).cast(pl.Int64, strict=False)
    whole = whole - text.str.contains(_NEGATIVE_FRACTION).cast(pl.Int64)
    return _label_band(whole, spec.width, spec.bottom, spec.top)


def round_number(cell: pl.Expr, spec: RoundField, scope: ScopeKey) -> pl.Expr:
    """The nearest multiple of a number; halves go away from zero, as by hand."""
    text = cell.str.strip_chars()
    # On digits and whole numbers: with floats, 0.1 + 0.2 is more than 0.3.
    size = text.str.extract(_NUMBER, 1).cast(pl.Int64, strict=False).abs()
    below, rest = size.floordiv(spec.to) * spec.to, size % spec.to
    # What is behind the point decides only if the whole part is half a one short of the half.
    half_short = 2 * rest == spec.to - 1
    up = (2 * rest >= spec.to) | (half_short & text.str.contains(_FROM_HALF_ON))
    rounded = below + up.cast(pl.Int64) * spec.to
    return pl.when(text.str.starts_with("-")).then(-rounded).otherwise(rounded).cast(pl.String)


def truncate(cell: pl.Expr, spec: TruncateField, scope: ScopeKey) -> pl.Expr:
    """The first characters of a cell, spaces around it left out."""
    text = cell.str.strip_chars()
    return pl.when(text != "").then(text.str.slice(0, spec.length))


def map_code(cell: pl.Expr, spec: MapField, scope: ScopeKey) -> pl.Expr:
    """What a code stands for in the recipe's table."""
    codes, meanings = list(spec.values), list(spec.values.values())
    text = cell.str.strip_chars()
    return text.replace_strict(codes, meanings, default=None, return_dtype=pl.String)


def redact_text(cell: pl.Expr, spec: RedactTextField, scope: ScopeKey) -> pl.Expr:
    """Free text with `[redacted]` in place of every identifier.

    What the row withholds is replaced where the whole row is known, in `privacy.minimise`.
    """
    redacted = cell.map_batches(
        lambda cells: redact_identifiers(cells, frozenset(spec.allow)), return_dtype=pl.String
    )
    return pl.when(cell.str.strip_chars() != "").then(redacted)


def category(cell: pl.Expr, spec: CategoryField, scope: ScopeKey, common: pl.Series) -> pl.Expr:
    """The value, if it is one of the common ones."""
    text = cell.str.strip_chars()
    value = pl.when(text.is_in(common.implode())).then(text).otherwise(pl.lit(spec.other))
    return pl.when(text != "").then(value)


def attach(
    cell: pl.Expr, spec: AttachField, scope: ScopeKey, field: str, person: Person | None
) -> pl.Expr:
    """The name under which the file of a cell is attached; null for a kind that is not known.

    It is the person's token, where the table has one, and a mark that is keyed too.
    """
    name = cell.str.strip_chars()
    mark = file_mark(name, scope.field_key(field, purpose="attachment"))
    stem = pl.lit(_NOBODY)
    if person is not None:
        stem = pseudonymise(person.cell, person.spec, scope).fill_null(stem)
    end = name.str.to_lowercase().str.extract(r"\.([a-z]+)$", 1)
    suffix = end.replace_strict(_ENDS, default=None, return_dtype=pl.String)
    return pl.when(name != "").then(stem + "-" + mark + suffix)


def constant(spec: ConstantField) -> pl.Expr:
    """The same text in every row."""
    return pl.lit(spec.value or None, dtype=pl.String)


def _districts(cells: pl.Series) -> pl.Series:
    usual = cells.str.extract(_USUAL_POSTCODE, 1)
    # Most are spelled as Royal Mail does; only the others need more than one look.
    rest = (usual.is_null() & (cells != "")).arg_true()
    if not rest.len():
        return usual
    whole = cells.gather(rest).str.replace_all(r"\s", "").str.to_uppercase().to_frame("whole")
    outward = pl.col("whole").str.extract(_POSTCODE, 1)
    known = pl.when((outward != "GIR") | (pl.col("whole") == "GIR0AA")).then(outward)
    return usual.scatter(rest, whole.select(known).to_series())


def _parse_date(cell: pl.Expr, spec: DateField) -> pl.Expr:
    """The date by the first format that reads the cell whole and gives a plausible year."""
    text = cell.str.strip_chars()
    attempts = []
    for form in spec.formats:
        # A date needs a month and a day to be one; where the format has none, supply the first.
        used = directives_of(form)
        complete, padded = form.replace(".%f", "%.f"), text  # the parser's spelling of fractions
        if not used & set("mbB"):
            complete, padded = f"{complete} %m", padded + " 01"
        if not used & set("de"):
            complete, padded = f"{complete} %d", padded + " 01"
        date = padded.str.to_date(complete, strict=False)
        if "y" in used and spec.pivot is not None:
            # By way of text: the parser's century may have a 29 February where ours has none.
            two_digits = date.dt.year() % 100
            century = pl.when(two_digits < spec.pivot).then(2000).otherwise(1900)
            moved = pl.format("{}{}", century + two_digits, date.dt.to_string("-%m-%d"))
            date = moved.str.to_date("%Y-%m-%d", strict=False)
            date = pl.when(text.str.contains(_shape_of(form))).then(date)
        attempts.append(once(date, _plausible, pl.Date))
    return attempts[0] if len(attempts) == 1 else pl.coalesce(attempts)


def _shape_of(form: str) -> str:
    """A pattern for what a format with a two-digit year reads.

    The parser takes any two characters for such a year that begin with a digit, or are a sign and a
    digit: `5x`, `-5`.
    """
    # Without anything between them, it shows only by two digits where a number ends.
    n_digits = "{2}" if re.search("%[dmey]%[dmey]", form) else "{1,2}"
    number = rf"\s*[0-9]{n_digits}"
    known = {"%y": f"[0-9]{n_digits}", "%d": number, "%e": number, "%m": number, "%%": "%"}
    parts = []
    for part in re.split("(%.)", form):
        literal = r"\s*".join(map(re.escape, re.split(r"\s+", part)))
        parts.append(known.get(part, "[A-Za-z0-9: ]+?") if part.startswith("%") else literal)
    return f"^{''.join(parts)}$"


def _plausible(date: pl.Expr) -> pl.Expr:
    # By whole days: to work out the year of each costs as much as to parse it.
    return pl.when(date.is_between(dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31))).then(
        date
    )


def _label_band(number: pl.Expr, width: int, bottom: int | None, top: int | None) -> pl.Expr:
    """The label of the band in which a whole number lies."""
    origin = bottom or 0
    lower = (number - origin).floordiv(width) * width + origin
    label = lower.cast(pl.String)
    if width > 1:
        label = pl.format("{} to {}", lower, lower + (width - 1))
    if bottom is not None:
        label = pl.when(number < bottom).then(pl.lit(f"under {bottom}")).otherwise(label)
    if top is not None:
        label = pl.when(number >= top).then(pl.lit(f"{top} and over")).otherwise(label)
    return label


ACTIONS: dict[type[Any], Callable[[pl.Expr, Any, ScopeKey], pl.Expr]] = {
    KeepField: keep,
    PseudonymiseField: pseudonymise,
    YearField: year,
    MonthField: month,
    AgeBandField: age_band,
    PostcodeDistrictField: postcode_district,
    BandField: band,
    RoundField: round_number,
    TruncateField: truncate,
    MapField: map_code,
    RedactTextField: redact_text,
}

# These need to know more than their own cell: the person, or what a first pass counted.
PERSON_ACTIONS: dict[type[Any], Callable[[pl.Expr, Any, ScopeKey, Person], pl.Expr]] = {
    DateShiftField: date_shift,
}
COUNTED_ACTIONS: dict[type[Any], Callable[[pl.Expr, Any, ScopeKey, pl.Series], pl.Expr]] = {
    CategoryField: category,
}
