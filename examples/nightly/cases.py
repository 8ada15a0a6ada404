"""Stands for a database, so that the example runs without one: made-up people, as CSV.

    python3 cases.py ROWS [STOP_AFTER]

With STOP_AFTER it fails after so many rows, as a query does that divides by zero half-way.
"""

import csv
import sys


def main() -> int:
    """Write the rows; the exit status."""
    n_rows = int(sys.argv[1])
    stop_after = int(sys.argv[2]) if len(sys.argv) > 2 else None
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["pnc_id", "date_of_birth", "sex", "postcode", "convictions"])
    for number in range(n_rows):
        if number == stop_after:
            sys.stderr.write("ERROR: division by zero\n")
            return 1
        born = f"{1950 + number % 55}-{1 + number % 12:02}-{1 + number % 28:02}"
        postcode = ("M1 1AE", "SW1A 1AA", "YO1 7HH", "LS2 9JT", "HU5 3SE")[number % 5]
        table.writerow([f"2026/{number}", born, "FM"[number % 2], postcode, number % 30])
    return 0


if __name__ == "__main__":
    sys.exit(main())
