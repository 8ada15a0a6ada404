"""The reference job as anybody would write it, with Python's csv and hmac; CSV on stdout.

    python -m bench.plain EXTRACT KEY_HEX

The same eight fields as `bench.reference`: one pseudonymised, two generalised, five kept. It checks
that rows have the header's length, and nothing else.
"""

from __future__ import annotations

import csv
import hmac
import sys
from pathlib import Path

FIELDS = (
    *("person", "birth_year", "sex", "district"),
    *("offence", "convictions", "status", "notes"),
)


def minimise(extract: Path, key: bytes) -> None:
    """Write what may leave."""
    with extract.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader)
        at = {name: header.index(name) for name in header}
        person, born, postcode = at["pnc_id"], at["date_of_birth"], at["postcode"]
        sex, offence, convictions = at["sex"], at["offence"], at["convictions"]
        status, notes = at["status"], at["notes"]
        n_columns = len(header)
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(FIELDS)
        for row in reader:
            if len(row) != n_columns:
                raise SystemExit("a row has too few or too many cells")
            digest = hmac.digest(key, row[person].encode(), "sha256")
            writer.writerow(
                (
                    digest.hex()[:24],
                    row[born][6:],
                    row[sex],
                    row[postcode].partition(" ")[0],
                    row[offence],
                    row[convictions],
                    row[status],
                    row[notes],
                )
            )


if __name__ == "__main__":
    minimise(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
