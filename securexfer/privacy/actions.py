"""Actions: what is done to a source column on its way out.

Each is one function from the source cell to the output cell, vectorised. A cell that an action
can't read comes out as null: never passed through. The table at the end is the whole list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from securexfer.privacy.pseudonyms import ScopeKey, token
from securexfer.recipe.field import (
    BandField,
    ConstantField,
    DateField,
    KeepField,
    MonthField,
    PostcodeDistrictField,
    PseudonymiseField,
    YearField,
    directives_of,
)

FIRST_YEAR = 1850
LAST_YEAR = 2150

# Outward codes A9, A99, A9A, AA9, AA99, AA9A; inward letters never C I K M O V
# (Royal Mail's postcode formats); GIR 0AA is the one exception to the pattern.
_POSTCODE = r"^([A-Z]{1,2}[0-9][0-9A-Z]?|GIR)[0-9][ABD-HJLNP-UW-Z]{2}$"
_NUMBER = r"^([+-]?[0-9]{1,15})(?:\.[0-9]*)?$"
_NEGATIVE_FRACTION = r"^-[0-9]+\.[0-9]*[1-9]"


def keep(cell: pl.Expr, spec: KeepField, scope: ScopeKey) -> pl.Expr:
    """The cell as it is."""
    return pl.when(cell != "").then(cell)


def pseudonymise(cell: pl.Expr, spec: PseudonymiseField, scope: ScopeKey) -> pl.Expr:
    """A token in place of the identifier."""
    return token(cell, spec.domain, scope.field_key(spec.domain))


def year(cell: pl.Expr, spec: YearField, scope: ScopeKey) -> pl.Expr:
    """The year of a date: `1980`."""
    return _parse_date(cell, spec).dt.to_string("%Y")


def month(cell: pl.Expr, spec: MonthField, scope: ScopeKey) -> pl.Expr:
    """The year and month of a date: `1980-02`."""
    return _parse_date(cell, spec).dt.to_string("%Y-%m")


def postcode_district(cell: pl.Expr, spec: PostcodeDistrictField, scope: ScopeKey) -> pl.Expr:
    """The outward part of a whole UK postcode: `SW1A` of `SW1A 1AA`."""
    whole = cell.str.replace_all(r"\s", "").str.to_uppercase()
    outward = whole.str.extract(_POSTCODE, 1)
    return pl.when((outward != "GIR") | (whole == "GIR0AA")).then(outward)


def band(cell: pl.Expr, spec: BandField, scope: ScopeKey) -> pl.Expr:
    """The band of a number's whole part: `5 to 9`. Not `5-9`, which spreadsheets make a date."""
    text = cell.str.strip_chars()
    # Rounding down means towards the smaller number, so that -0.5 lies below 0.
    whole = text.str.extract(_NUMBER, 1).cast(pl.Int64, strict=False)
    whole = whole - text.str.contains(_NEGATIVE_FRACTION).cast(pl.Int64)
    origin = spec.bottom or 0
    lower = (whole - origin).floordiv(spec.width) * spec.width + origin
    if spec.width == 1:
        label = lower.cast(pl.String)
    else:
        label = pl.format("{} to {}", lower, lower + (spec.width - 1))
    if spec.bottom is not None:
        label = pl.when(whole < spec.bottom).then(pl.lit(f"under {spec.bottom}")).otherwise(label)
    if spec.top is not None:
        label = pl.when(whole >= spec.top).then(pl.lit(f"{spec.top} and over")).otherwise(label)
    return label


def constant(spec: ConstantField) -> pl.Expr:
    """The same text in every row."""
    return pl.lit(spec.value or None, dtype=pl.String)


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
        plausible = date.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
        attempts.append(pl.when(plausible).then(date))
    return pl.coalesce(attempts)


ACTIONS: dict[type[Any], Callable[[pl.Expr, Any, ScopeKey], pl.Expr]] = {
    KeepField: keep,
    PseudonymiseField: pseudonymise,
    YearField: year,
    MonthField: month,
    PostcodeDistrictField: postcode_district,
    BandField: band,
}
