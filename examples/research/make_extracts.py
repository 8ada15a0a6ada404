"""Make two quarters of admissions to a hospital that does not exist, the same every time.

    python make_extracts.py FOLDER [N_ADMISSIONS]

4,000 admissions a quarter by default, of which many are of people who had been there before. As in
real extracts, some are spelled carelessly: spaces, lower case, a missing date of birth.
"""

from __future__ import annotations

import csv
import random
import sys
from datetime import date, timedelta
from pathlib import Path

N_ADMISSIONS = 4_000
HEADER = (
    "nhs_number",
    "given_name",
    "surname",
    "street_number",
    "address_1",
    "suburb",
    "postcode",
    "date_of_birth",
    "admitted",
    "ward",
    "diagnosis",
)
_GIVEN_NAMES = "Alfie Bronwyn Chidi Dilys Emre Fatima Gethin Holly Imran Jasmine Keir Lowri".split()
_SURNAMES = "Ashworth Bello Craddock Doyle Evans Fielding Gorman Hopper Islam Joyce Keane".split()
_SUBURBS = (("Harrow", "LS8"), ("Millbank", "LS6"), ("Old Town", "LS1"), ("Westgate", "LS12"))
_WARDS = ("cardiac", "general", "maternity", "orthopaedic")
_DIAGNOSES = ("I21.9", "J18.9", "S72.0", "O80", "E11.9", "K35.8", "Z38.0")
_WEIGHTS = range(10, 1, -1)


def nhs_number(serial: int) -> str:
    """Ten digits that pass the check, from the range that is never issued (999…)."""
    while True:
        stem = f"999{serial:06}"
        check = -sum(int(d) * w for d, w in zip(stem, _WEIGHTS, strict=True)) % 11
        if check < 10:
            return f"{stem}{check}"
        serial += 500_000


def make_extracts(folder: Path, n_admissions: int = N_ADMISSIONS) -> dict[str, int]:
    """Write a file for each quarter; returns the number of rows of each."""
    chance = random.Random(1948)
    people = []
    for serial in range(1, n_admissions * 3 // 2):
        suburb, outward = chance.choice(_SUBURBS)
        letters = "".join(chance.choices("ABDEFGHJLNPQRSTUWXYZ", k=2))
        born = date(1935, 1, 1) + timedelta(days=chance.randrange(85 * 365))
        people.append(
            (
                nhs_number(serial),
                chance.choice(_GIVEN_NAMES),
                chance.choice(_SURNAMES),
                str(chance.randrange(1, 140)),
                f"{chance.choice(_SURNAMES)} Road",
                suburb,
                f"{outward} {chance.randrange(1, 10)}{letters}",
                born.isoformat() if chance.random() > 0.01 else "",
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    for quarter in (1, 2):
        with (folder / f"q{quarter}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            for _ in range(n_admissions):
                number, *rest = chance.choice(people)
                careless = chance.random()
                if careless < 0.02:
                    number = f"{number[:3]} {number[3:6]} {number[6:]}"
                elif careless < 0.03:
                    rest[5] = rest[5].lower()
                admitted = date(2026, 3 * quarter - 2, 1) + timedelta(days=chance.randrange(89))
                visit = (admitted.isoformat(), chance.choice(_WARDS), chance.choice(_DIAGNOSES))
                writer.writerow((number, *rest, *visit))
    return {f"q{quarter}": n_admissions for quarter in (1, 2)}


def main() -> None:
    """From the command line."""
    n_admissions = int(sys.argv[2]) if len(sys.argv) > 2 else N_ADMISSIONS
    for name, n_rows in make_extracts(Path(sys.argv[1]), n_admissions).items():
        sys.stdout.write(f"{name}.csv: {n_rows:,} admissions\n")


if __name__ == "__main__":
    main()
