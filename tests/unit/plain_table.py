"""What leaves of a table, and what is counted in it, said plainly: row by row, cell by cell.

Nothing of the rooms that do this fast is used but the search for identifiers that is said plainly
too, the judgement of its evidence, and the derivation of keys.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

import polars as pl

from securexfer.privacy.identifiers import Sighting, judge
from tests.unit.plain_search import search_plainly
from tests.world import SCOPE

Row = dict[str, str]
Outcome = dict[str, str]
MEANINGS = {"1": "male", "2": "female", "=9": "=not stated"}
MIN_SIZE, MIN_DISTINCT, AT_LEAST, DAYS = 3, 2, 3, 30
QUASI, SENSITIVE = ("born", "district", "sex", "kind"), ("area",)
# The field for each kind of work, and the column it comes from.
SOURCES = {
    "person": "id",
    "born": "dob",
    "month": "dob",
    "moved": "dob",
    "age": "dob",
    "band": "n",
    "near": "n",
    "district": "postcode",
    "sex": "sex",
    "kind": "code",
    "area": "code",
    "note": "note",
    "ref": "ref",
}
OPEN = ("band", "near", "kind", "area", "note", "ref")
NEVER_FORMULA = ("person", "born", "month", "moved", "district")
NOBODY = {"and", "the", "not", "known", "unknown", "none", "nil", "null", "mrs", "miss"}


@dataclass
class PlainTable:
    """What should come out of rows; blank cells are empty."""

    rows: list[Outcome] = field(default_factory=list)
    n_suppressed: int = 0
    n_unparsed: Counter[str] = field(default_factory=Counter)
    n_formulas: Counter[str] = field(default_factory=Counter)
    n_echoes: Counter[tuple[str, str]] = field(default_factory=Counter)
    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    group_sizes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    n_subjects: int = 0
    n_unnamed: int = 0


def minimise_plainly(
    rows: Sequence[Row], identifier: str | None, *, trim: bool, suppress: bool
) -> PlainTable:
    """What leaves of these rows by the recipe of `test_whole_tables`."""
    given = [{name: cell.strip(" \t") if trim else cell for name, cell in r.items()} for r in rows]
    counted = Counter(row["code"].strip() for row in given)
    common = {code for code, n in counted.items() if code and n >= AT_LEAST}
    outputs = [_minimise(row, identifier, common) for row in given]
    table = PlainTable()
    groups: dict[tuple[str, ...], list[Outcome]] = defaultdict(list)
    for output in outputs:
        groups[_group_of(output)].append(output)
    small = {key for key, members in groups.items() if suppress and _is_small(members)}
    for raw, row, output in zip(rows, given, outputs, strict=True):
        if _group_of(output) in small:
            table.n_suppressed += 1
            continue
        table.rows.append(output)
        table.group_sizes[_group_of(output)] += 1
        table.n_unnamed += not output["person"]
        for name, source in SOURCES.items():
            if name not in ("person", "note", "ref"):
                table.n_unparsed[name] += bool(row[source].strip()) and not output[name]
            if name not in NEVER_FORMULA:
                table.n_formulas[name] += is_formula(output[name])
            if name in OPEN:
                for held in ("id", "surname"):
                    table.n_echoes[held, name] += repeats(raw[held], output[name])
    table.n_subjects = len({row["person"] for row in table.rows if row["person"]})
    for name in OPEN:
        cells = pl.Series([row[name] or None for row in table.rows], dtype=pl.String)
        n_filled = sum(bool(row[name].strip()) for row in table.rows)
        table.sightings[name] = judge([name, SOURCES[name]], search_plainly(cells), n_filled)
    return table


def _group_of(output: Outcome) -> tuple[str, ...]:
    return tuple(output[name] for name in QUASI)


def _is_small(members: Sequence[Outcome]) -> bool:
    opinions = {output["area"].strip().lower() for output in members}
    return len(members) < MIN_SIZE or len(opinions) < MIN_DISTINCT


def _minimise(row: Row, identifier: str | None, common: set[str]) -> Outcome:
    whom, date, number = canonical(row["id"], identifier), read_date(row["dob"]), row["n"].strip()
    is_number = re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]*)?", number) is not None
    value = Decimal(number) if is_number else None
    code = row["code"].strip()
    return {
        "person": token(whom, identifier),
        "born": f"{date.year}" if date else "",
        "month": f"{date:%Y-%m}" if date else "",
        "moved": move(date, whom, identifier) if date and whom else "",
        "age": age_band(date) if date else "",
        "band": band(int(value.to_integral_value(ROUND_FLOOR)), 10, 90)
        if value is not None
        else "",
        "near": f"{int((value / 5).to_integral_value(ROUND_HALF_UP)) * 5}"
        if value is not None
        else "",
        "district": district(row["postcode"]),
        "sex": MEANINGS.get(row["sex"].strip(), ""),
        "kind": (code if code in common else "other") if code else "",
        "area": code[:2],
        "note": row["note"],
        "ref": row["ref"],
    }


def canonical(cell: str, identifier: str | None) -> str:
    """The form that all spellings of one identifier share."""
    plain = unicodedata.normalize("NFKC", cell).strip().upper()
    if identifier is None:
        return plain
    compact = plain.replace(" ", "").replace("-", "")
    if identifier == "pnc" and (
        parts := re.fullmatch(r"(19|20)?([0-9]{2})/([0-9]{1,7})([A-Z])", compact)
    ):
        by_year = "19" if int(parts[2]) >= 74 else "20" if int(parts[2]) < 50 else ""
        return f"{parts[1] or by_year}{parts[2]}/{parts[3]:0>7}{parts[4]}"
    return compact


def token(whom: str, identifier: str | None) -> str:
    """The person's token, or nothing for nobody."""
    return f"person_{_digest(whom, identifier, 'token')[:24]}" if whom else ""


def move(date: dt.date, whom: str, identifier: str | None) -> str:
    """The date, as many days away as all of this person."""
    place = int(_digest(whom, identifier, "date-shift")[:15], 16) % (2 * DAYS)
    moved = date + dt.timedelta(place - DAYS if place < DAYS else place - DAYS + 1)
    return moved.isoformat() if 1850 <= moved.year <= 2150 else ""


def _digest(whom: str, identifier: str | None, purpose: str) -> str:
    key = SCOPE.field_key("person", identifier or "", purpose=purpose)  # type: ignore[arg-type]
    return hmac.new(key.encode(), whom.encode(), hashlib.sha256).hexdigest()


def read_date(cell: str) -> dt.date | None:
    """The date in a cell: day, month, year with slashes, or year, month, day with hyphens."""
    text = cell.strip()
    if found := re.fullmatch("([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text):
        day, month, year = map(int, found.groups())
    elif found := re.fullmatch("([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text):
        year, month, day = map(int, found.groups())
    else:
        return None
    try:
        return dt.date(year, month, day) if 1850 <= year <= 2150 else None
    except ValueError:
        return None


def age_band(birth: dt.date) -> str:
    """The band of ten years in which the age on 1 March 2026 lies."""
    if birth > dt.date(2026, 3, 1):
        return ""
    return band(2026 - birth.year - ((birth.month, birth.day) > (3, 1)), 10, 90)


def band(whole: int, width: int, top: int) -> str:
    """The label of the band of a whole number."""
    if whole >= top:
        return f"{top} and over"
    lower = whole // width * width
    return f"{lower} to {lower + width - 1}"


def district(cell: str) -> str:
    """The outward half of a whole postcode."""
    text = re.sub(r"\s", "", cell).upper()
    found = re.fullmatch("([A-Z]{1,2}[0-9][0-9A-Z]?)[0-9][ABD-HJLNP-UW-Z]{2}|(GIR)0AA", text)
    return (found[1] or found[2]) if found else ""


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run it."""
    if cell[:1] in ("\t", "\r") and cell:
        return True
    text = cell.lstrip(" \t\r\n")
    if len(text) < 2 or text[0] not in "=+-@\uff1d\uff0b\uff0d\uff20":
        return False
    number = r"[+-][0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?"
    return re.fullmatch(number, cell) is None


def repeats(source: str, target: str) -> bool:
    """Whether a cell has a word of another, or its number."""
    folded, looked_in = _fold(source), _fold(target)
    parts = _words(folded, r"[^\W\d_]{3,}")
    joined = re.sub(r"[\W_]", "", folded)
    if re.fullmatch(r"[^\W\d_]{3,}", joined):
        parts.add(joined)
    if (parts - NOBODY) & _words(looked_in, r"[^\W_]+"):
        return True
    number = re.sub(r"[\W_]", "", re.sub(r"\.0+\s*$", "", folded)).lstrip("0")
    if not re.search(r"\d", number) or not 6 <= len(number) <= 100:
        return False
    spelled = r"[\W_]*".join(map(re.escape, number))
    return re.search(rf"(?<![^\W_])0*{spelled}(?![^\W_])", looked_in) is not None


def _words(text: str, word: str) -> set[str]:
    return {*re.findall(word, text), *re.findall(word, text.replace("'", ""))}


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).lower().replace("\u2019", "'")
    return "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf"))
