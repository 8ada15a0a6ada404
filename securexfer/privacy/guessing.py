"""Guessing what a column holds, from its name and a sample of its cells.

A guess comes with its evidence in counts, never with a cell. Guesses only ever hold back: a column
nobody can place is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from securexfer.privacy.folding import words_of
from securexfer.privacy.identifiers import Evidence, judge
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.search import look
from securexfer.recipe.dates import FIRST_YEAR, LAST_YEAR

Role = Literal[
    "identifier", "postcode", "name", "address", "contact", "birth", "date", "text", "other"
]
# A column holds a kind if so many of its cells are valid; a few are typed wrong in any real one.
_SHARE = 0.8
_DATE_SHARE = 0.95
_TEXT_LENGTH = 25
_FORMATS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%Y%m%d",
    "%Y/%m/%d",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%m/%d/%Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S")
_CALLED: Mapping[Role, str] = {
    "birth": "dob birth born birthday birthdate",
    "contact": "email mail phone telephone tel mobile fax contact",
    "name": "name names forename forenames firstname surname lastname given family middle maiden "
    "alias aliases aka initials initial",
    "address": "address addr street road house flat building suburb town city village postcode "
    "postal zip uprn",
    "identifier": "id ids identifier number no num ref reference nhs pnc cro nino ni ssn sec soc "
    "passport licence license crn urn uid uuid key record prison account iban card vehicle reg",
    "text": "note notes comment comments remark remarks text narrative summary",
}
_WORDS = {role: frozenset(words.split()) for role, words in _CALLED.items()}
_CONTACTS = ("email", "phone", "ip")


@dataclass(frozen=True)
class Guess:
    """What a column probably holds.

    Attributes:
        column: its name.
        role: what it is to the recipe.
        evidence: why, in counts.
        kind: the identifier kind, if its cells have one.
        formats: of its dates.
        n_distinct, n_filled: different values, and cells that are not blank, in the sample.
        found: kinds of identifiers that are scattered in it.
    """

    column: str
    role: Role
    evidence: str
    kind: str = ""
    formats: tuple[str, ...] = ()
    n_distinct: int = 0
    n_filled: int = 0
    found: tuple[str, ...] = ()


def count_values(header: Sequence[str]) -> int:
    """How many of a header's names are no names: identifiers, dates or numbers."""
    names = pl.Series(header, dtype=pl.String).str.strip_chars()
    found = look(names.to_frame("name"), ["name"]).get("name", {})
    _, n_dates = _date_formats(names.filter(names != ""))
    n_numbers = int(names.str.contains(r"^[+-]?[0-9]+(?:\.[0-9]+)?$").sum())
    if n_numbers * 2 <= names.len():
        n_numbers = 0  # years, or months, over the columns of a pivot table
    strong = [one.n_valid for kind, one in found.items() if not KINDS[kind].is_weak]
    return max(n_dates, n_numbers, *strong, 0)


def guess_columns(frame: pl.DataFrame, header: Sequence[str]) -> list[Guess]:
    """Guess every column of a sample; the frame's columns are in the header's order."""
    evidence = look(frame, frame.columns)
    return [
        _guess(name, frame[column], evidence.get(column, {}))
        for name, column in zip(header, frame.columns, strict=True)
    ]


def _guess(name: str, cells: pl.Series, evidence: Mapping[str, Evidence]) -> Guess:
    filled = cells.str.strip_chars().drop_nulls()
    filled = filled.filter(filled != "")
    n_filled, n_distinct = filled.len(), filled.n_unique()

    def guess(role: Role, evidence: str, **more: Any) -> Guess:
        return Guess(name, role, evidence, n_filled=n_filled, n_distinct=n_distinct, **more)

    if not n_filled:
        return guess("other", "no cell of the sample holds anything")
    words = words_of(name)
    sightings = judge([name], evidence, n_filled)
    for kind, one in sorted(evidence.items(), key=lambda item: -item[1].n_valid):
        judged = any(sighting.kind == kind for sighting in sightings)
        if judged and one.n_valid >= _SHARE * n_filled:
            role: Role = "identifier"
            if kind == "postcode":
                role = "postcode"
            elif kind in _CONTACTS:
                role = "contact"
            said = f"{one.n_valid:,} of {n_filled:,} non-empty cells are valid: {KINDS[kind].title}"
            return guess(role, said, kind=kind)
    formats, n_dates = _date_formats(filled)
    if n_dates >= _DATE_SHARE * n_filled:
        role = "birth" if words & _WORDS["birth"] else "date"
        said = f"{n_dates:,} of {n_filled:,} non-empty cells are dates, as {', '.join(formats)}"
        return guess(role, said, formats=formats)
    found = tuple(sighting.kind for sighting in sightings)
    for named, listed in _WORDS.items():
        if words & listed:
            # Its cells are no dates that could be read, so its year can't be taken from them.
            return guess("date" if named == "birth" else named, "by its name", found=found)
    n_long = int((filled.str.len_chars() > _TEXT_LENGTH).sum())
    if n_long > n_filled // 10:
        said = (
            f"{n_long:,} of {n_filled:,} non-empty cells are longer than {_TEXT_LENGTH} characters"
        )
        return guess("text", said, found=found)
    said = f"{n_distinct:,} different values in {n_filled:,} non-empty cells"
    return guess("other", said, found=found)


def _date_formats(filled: pl.Series) -> tuple[tuple[str, ...], int]:
    """The fewest formats that read nearly all cells, and how many cells they read."""
    chosen: list[str] = []
    left = filled.value_counts(name="n")
    column = left.columns[0]
    n_read = 0
    for date in _FORMATS:
        for time in _TIMES:
            if not left.height or len(chosen) == 3:
                break
            read = (
                left[column].str.to_datetime(date + time, strict=False, ambiguous="null")
                if (time)
                else left[column].str.to_date(date, strict=False)
            )
            plausible = read.dt.year().is_between(FIRST_YEAR, LAST_YEAR).fill_null(value=False)
            n_new = int(left.filter(plausible)["n"].sum())
            if n_new > filled.len() // 50:
                chosen.append(date + time)
                n_read += n_new
                left = left.filter(~plausible)
    return tuple(chosen), n_read
