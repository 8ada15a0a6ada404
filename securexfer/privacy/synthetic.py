"""A synthetic offender extract: plausible, deterministic, about nobody.

Identifiers have valid check digits and come from ranges that are never issued where such ranges
exist (NHS numbers from 999…, telephone numbers set aside for drama).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

COLUMNS = (
    "pnc_id",
    "forename",
    "surname",
    "sex",
    "date_of_birth",
    "nhs_number",
    "ni_number",
    "address",
    "town",
    "postcode",
    "phone",
    "email",
    "ethnicity",
    "offence",
    "convictions",
    "first_convicted",
    "sentence_months",
    "status",
    "officer",
    "notes",
)

_ROWS_PER_BLOCK = 50_000
_PNC_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
_FORENAMES = """
Aaliyah Adam Agnes Amir Angus Anya Bella Blessing Callum Carys Chidi Cora Dafydd Dev Edith
Elif Ewan Farah Finn Grace Hamza Harriet Idris Imogen Isla Jamal Joan Kiran Kofi Leila
Lewis Mabel Megan Mohammed Nadia Nia Oisin Olive Owen Priya Quentin Rhys Rosa Samir Sinead
Tariq Tess Uma Victor Wren Yusuf Zara
""".split()
_SURNAMES = """
Abbott Ahmed Baker Begum Bevan Chowdhury Clarke Davies Doyle Evans Farrell Fraser Gill
Griffiths Hall Hussain Iqbal Jenkins Jones Kaur Khan Lewis Macleod Mensah Morgan Murphy
Nash Okafor O'Neill Owen Patel Powell Quinn Rahman Reid Sharma Singh Smith-Hughes Taylor
Thomas Umar Vaughan Walsh Watts Yates Zaman
""".split()
_STREETS = """
Acorn Beacon Canal Chapel Church Dale Elm Forge Garden Harbour High Kiln Lime Mill North
Orchard Park Quarry River Station Tannery Union Victoria Weaver
""".split()
_TOWNS = """
Ashby Brackwell Carrow Dunmere Eastleigh Fenwick Garth Holm Kelby Larkhill Marsden
""".split()
_AREAS = """
AB B BS CF EH G L LE LS M NE NG NR OX PL S SA SE SW YO
""".split()
_OFFENCES = (
    "Burglary, dwelling",
    "Theft from shop",
    "Common assault",
    "Criminal damage",
    "Drug possession, class B",
    "Driving while disqualified",
    "Fraud by false representation",
    "Robbery",
    "Taking a vehicle without consent",
    "Threatening behaviour",
)
_STATUSES = ("in custody", "on licence", "community order", "sentence served")
_ETHNICITIES = """
A1 A2 B1 B2 M1 M2 W1 W2 O1 NS
""".split()
_NOTES = (
    "Met at the office; kept the appointment.",
    'Said "I will be there" and was, on time.',
    "Moved house, new tenancy seen.",
    "Missed one appointment\nletter sent the same day.",
    "",
    "Working three days a week, unloading, early shift.",
    "Housing, debt and benefits advice given.",
)
_INWARD = "ABDEFGHJLNPQRSTUWXYZ"

Numbers = npt.NDArray[np.int64]


def offender_csv(n_rows: int, seed: int = 2008) -> Iterator[bytes]:
    """Yield a CSV extract in pieces: a header, then `n_rows` rows of 20 columns."""
    yield (",".join(COLUMNS) + "\n").encode()
    for block, start in enumerate(range(0, n_rows, _ROWS_PER_BLOCK)):
        count = min(_ROWS_PER_BLOCK, n_rows - start)
        random = np.random.Generator(np.random.PCG64([seed, block]))
        yield _block(random, start, count).write_csv(include_header=False).encode("utf-8")


def _block(random: np.random.Generator, start: int, n: int) -> pl.DataFrame:
    def pick(texts: tuple[str, ...] | list[str]) -> pl.Series:
        return pl.Series(texts).gather(random.integers(0, len(texts), n))

    def number(low: int, high: int) -> Numbers:
        return random.integers(low, high, n)

    def date(first: int, last: int) -> pl.Series:
        days = number(0, (last - first) * 365)
        base = np.datetime64(f"{first}-01-01")
        return pl.Series(base + days).dt.to_string("%d/%m/%Y")

    forename, surname = pick(_FORENAMES), pick(_SURNAMES)
    frame = pl.DataFrame(
        {
            "forename": forename,
            "surname": surname,
            "sex": pick(["F", "M", "M", "M"]),
            "date_of_birth": date(1945, 2007),
            "nhs": _nhs_numbers(number(0, 1_000_000)),
            "ni": number(0, 1_000_000),
            "ni_prefix": pick(["AB", "CE", "GH", "JK", "LM", "NP", "RS", "TW", "YZ"]),
            "ni_suffix": pick(["A", "B", "C", "D"]),
            "house": number(1, 200),
            "street": pick(_STREETS),
            "town": pick(_TOWNS),
            "area": pick(_AREAS),
            "district": number(1, 30),
            "sector": number(0, 10),
            "unit": pick([a + b for a in _INWARD for b in _INWARD]),
            "phone": number(0, 1000),
            "ethnicity": pick(_ETHNICITIES),
            "offence": pick(_OFFENCES),
            "convictions": np.minimum(random.geometric(0.22, n) + 5, 60),
            "first_convicted": date(1965, 2025),
            "sentence_months": number(1, 120),
            "status": pick(_STATUSES),
            "officer": pick(_SURNAMES),
            "notes": pick(_NOTES),
        }
    )
    serials = np.arange(start, start + n, dtype=np.int64)
    return frame.select(
        _pnc_ids(number(70, 100), serials).alias("pnc_id"),
        "forename",
        "surname",
        "sex",
        "date_of_birth",
        pl.col("nhs").alias("nhs_number"),
        pl.format(
            "{}{}{}", "ni_prefix", pl.col("ni").cast(pl.String).str.zfill(6), "ni_suffix"
        ).alias("ni_number"),
        pl.format("{} {} Street", "house", "street").alias("address"),
        "town",
        pl.format("{}{} {}{}", "area", "district", "sector", "unit").alias("postcode"),
        pl.format("07700 900{}", pl.col("phone").cast(pl.String).str.zfill(3)).alias("phone"),
        pl.format(
            "{}.{}@example.org",
            pl.col("forename").str.to_lowercase(),
            pl.col("surname").str.to_lowercase().str.replace_all("'", ""),
        ).alias("email"),
        "ethnicity",
        "offence",
        "convictions",
        "first_convicted",
        "sentence_months",
        "status",
        "officer",
        "notes",
    )


def _pnc_ids(years: Numbers, serials: Numbers) -> pl.Series:
    """`YY/NNNNNNNL`: the letter is year and serial, as one number, modulo 23."""
    serials = serials % 10_000_000
    letters = pl.Series(list(_PNC_LETTERS)).gather((years * 10_000_000 + serials) % 23)
    frame = pl.DataFrame({"y": years, "s": serials, "l": letters})
    ids: pl.Series = frame.select(
        pl.format(
            "{}/{}{}",
            pl.col("y").cast(pl.String).str.zfill(2),
            pl.col("s").cast(pl.String).str.zfill(7),
            "l",
        )
    ).to_series()
    return ids


def _nhs_numbers(picks: Numbers) -> pl.Series:
    """Ten digits from the test range 999…, the last by weights 10 to 2 modulo 11."""
    stems = 999_000_000 + picks
    # A remainder that makes 10 is no digit, and such stems are not issued; with the last digit,
    # of weight 2, moved by one the remainder is another.
    stems = np.where(_nhs_check(stems) == 10, stems ^ 1, stems)
    return pl.Series(stems * 10 + _nhs_check(stems)).cast(pl.String)


def _nhs_check(stems: Numbers) -> Numbers:
    total = sum((stems // 10 ** (8 - i) % 10) * (10 - i) for i in range(9))
    check: Numbers = (11 - total % 11) % 11
    return check
