"""Make the extract of this example: officers who do not exist, the same every time.

    python make_extract.py FILE [N_OFFICERS]

47,000 officers by default, with all that a personnel system has on them.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

N_OFFICERS = 47_000
HEADER = (
    "pay_number",
    "forename",
    "surname",
    "rank",
    "station",
    "vetting_level",
    "photo",
    "card_number",
    "joined",
)
_FORENAMES = "Aisha Bryn Carla Duncan Elena Femi Gwen Harvey Ines Jonah Kezia Liam Mina".split()
_SURNAMES = "Ashdown Birch Cassidy Dunlop Ellwood Farooq Garside Holt Imrie Jessop Kaye".split()
_RANKS = ("Constable", "Constable", "Constable", "Sergeant", "Inspector", "Staff")
_STATIONS = ("North", "South", "Central", "Harbour", "Airport", "Headquarters")
_VETTING = ("RV", "MV", "CTC", "SC", "DV")


def make_extract(path: Path, n_officers: int = N_OFFICERS) -> int:
    """Write it; returns the number of officers."""
    chance = random.Random(2023)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for number in range(1, n_officers + 1):
            writer.writerow(
                (
                    f"P{700_000 + number}",
                    chance.choice(_FORENAMES),
                    chance.choice(_SURNAMES),
                    chance.choice(_RANKS),
                    chance.choice(_STATIONS),
                    chance.choice(_VETTING),
                    f"photo-{number:05}.jpg",
                    f"WC-{number:06}",
                    chance.randrange(1990, 2023),
                )
            )
    return n_officers


def main() -> None:
    """From the command line."""
    n_officers = int(sys.argv[2]) if len(sys.argv) > 2 else N_OFFICERS
    sys.stdout.write(f"{make_extract(Path(sys.argv[1]), n_officers):,} officers\n")


if __name__ == "__main__":
    main()
