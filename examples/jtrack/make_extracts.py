"""Make the three extracts of this example: about people who do not exist, the same every time.

    python make_extracts.py FOLDER [PER_CENT]

33,000 people with six or more convictions, 10,000 prolific offenders and 84,000 prisoners; many
are in two of the tables, some in all three. PER_CENT, 100 by default, makes less of each.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

SIX_OR_MORE, PROLIFIC, PRISONERS = 33_000, 10_000, 84_000
# So many of the prisoners have six or more convictions, and of the prolific offenders all.
_PRISONERS_WITH_SIX = 14_000

_FORENAMES = "Aaron Amira Beth Callum Chloe Dev Ewan Farah Gareth Hana Idris Jade Kofi Leah".split()
_SURNAMES = "Achebe Barlow Calder Dhillon Eaves Fallon Greaves Hewitt Idowu Jarvis Kemp".split()
_STREETS = "Alder Bramble Cooper Drover Ferry Glebe Hazel Lantern Mason Nettle Quarry".split()
_AREAS = ("LS1", "LS7", "M14", "B21", "S6", "NG3", "CF11", "L4", "NE4", "BS5")
_PRISONS = ("Northmoor", "Eastgate", "Wyvern Hill", "Saltmarsh", "Kingsferry")
_OFFENCES = ("Burglary", "Robbery", "Theft", "Assault", "Fraud", "Criminal damage")
_CHECK_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"  # of a PNC id: year and serial, as one number, mod 23


@dataclass(frozen=True)
class Someone:
    """One person, as every table that has them knows them."""

    pnc_id: str
    prison_number: str
    forename: str
    surname: str
    born: date
    address: str
    postcode: str
    n_convictions: int

    @property
    def who(self) -> list[str]:
        """The columns that all three extracts begin with."""
        born = self.born.strftime("%d/%m/%Y")
        return [self.pnc_id, self.forename, self.surname, born, self.address, self.postcode]


def make_people(n_people: int, chance: random.Random) -> Iterator[Someone]:
    """Each with an id of their own."""
    for serial in range(1, n_people + 1):
        year = chance.randrange(78, 100)
        letter = _CHECK_LETTERS[(year * 10_000_000 + serial) % 23]
        letters = "".join(chance.choices("ABDEFGHJLNPQRSTUWXYZ", k=2))
        yield Someone(
            pnc_id=f"{year}/{serial:07}{letter}",
            prison_number=f"A{serial // 100 % 10_000:04}{chr(65 + serial % 10)}"
            f"{chr(65 + serial // 10 % 10)}",
            forename=chance.choice(_FORENAMES),
            surname=chance.choice(_SURNAMES),
            born=date(1950, 1, 1) + timedelta(days=chance.randrange(365 * 38)),
            address=f"{chance.randrange(1, 180)} {chance.choice(_STREETS)} Street",
            postcode=f"{chance.choice(_AREAS)} {chance.randrange(10)}{letters}",
            n_convictions=6 + min(int(chance.expovariate(0.2)), 54),
        )


def write_extract(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a table; returns its number of rows."""
    n_rows = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            n_rows += 1
    return n_rows


def make_extracts(folder: Path, per_cent: int = 100) -> dict[str, int]:
    """Write the three extracts; returns the number of rows of each."""
    six_or_more, prolific, prisoners, shared = (
        n * per_cent // 100 for n in (SIX_OR_MORE, PROLIFIC, PRISONERS, _PRISONERS_WITH_SIX)
    )
    chance = random.Random(2008)
    everybody = list(make_people(six_or_more + prisoners - shared, chance))
    who = ["pnc_id", "forename", "surname", "date_of_birth", "address", "postcode"]
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "six_or_more": write_extract(
            folder / "six_or_more.csv",
            [*who, "convictions", "last_offence"],
            (
                [*one.who, one.n_convictions, chance.choice(_OFFENCES)]
                for one in everybody[:six_or_more]
            ),
        ),
        "prolific": write_extract(
            folder / "prolific.csv",
            [*who, "priority", "officer"],
            (
                [*one.who, chance.choice("ABC"), chance.choice(_SURNAMES)]
                for one in everybody[: six_or_more : max(six_or_more // max(prolific, 1), 1)][
                    :prolific
                ]
            ),
        ),
        "prisoners": write_extract(
            folder / "prisoners.csv",
            [*who, "prison_number", "prison", "release_date"],
            (
                [
                    *one.who,
                    one.prison_number,
                    chance.choice(_PRISONS),
                    (date(2026, 1, 1) + timedelta(days=chance.randrange(2000))).isoformat(),
                ]
                for one in everybody[six_or_more - shared :]
            ),
        ),
    }


def main() -> None:
    """From the command line."""
    per_cent = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for name, n_rows in make_extracts(Path(sys.argv[1]), per_cent).items():
        sys.stdout.write(f"{name}.csv: {n_rows:,} rows\n")


if __name__ == "__main__":
    main()
