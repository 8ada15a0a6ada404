"""Tables about anything but people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from uuid import UUID

from stdnum import ean, isbn

from tests.drives.making import (
    Rows,
    csv_bytes,
    csv_text,
    gzip_bytes,
    spreadsheet_bytes,
    sqlite_bytes,
    tar_bytes,
    workbook_bytes,
    zip_bytes,
)

PLACES = (
    "Barnsley Bradford Calderdale Doncaster Kirklees Leeds Rotherham Sheffield Wakefield York "
    "Camden Barnet Enfield Haringey Islington Harrow Lincoln Boston Stafford Chester Durham "
    "Ashford Warwick Lancaster Lewes Selby Melton Stanley Milton"
).split()
COMPANIES = (
    "Harrow Packaging Ltd,Northern Bearings plc,Smith & Sons Ltd,Chester Optics Ltd,Alpine Steel "
    "GmbH,Taylor Wessing Supplies,Johnson Matthey,Morgan Advanced Materials,Rowntree Fans Ltd,"
    "Victoria Plumbing Supplies,Jordan Cereals,Martin Baker Seats Ltd"
).split(",")


def hex_of(random: Random, n: int) -> str:
    return f"{random.getrandbits(4 * n):0{n}x}"


def uuid_of(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128)))


def statistics(random: Random) -> Rows:
    rows = [["area_code", "area_name", "year", "population", "rate_per_1000", "lower_ci"]]
    for place in PLACES:
        rate = random.random() * 90
        rows.append(
            [
                f"E0{random.randrange(6, 9)}{random.randrange(400):06d}",
                place,
                str(random.randrange(2015, 2025)),
                str(random.randrange(40_000, 900_000)),
                f"{rate:.1f}",
                f"{rate * 0.9:.2f}",
            ]
        )
    return rows


def area_codes(random: Random) -> Rows:
    rows = [["LSOA21CD", "LSOA21NM", "LAD23CD", "LAD23NM"]]
    for _ in range(300):
        place = random.choice(PLACES)
        number = random.randrange(1, 150)
        rows.append(
            [
                f"E010{random.randrange(35_000):05d}",
                f"{place} {number:03d}{random.choice('ABCD')}",
                f"E060{random.randrange(60):05d}",
                place,
            ]
        )
    return rows


def postcodes(random: Random) -> Rows:
    rows = [["pcd", "oa21", "lat", "long", "imd"]]
    for _ in range(400):
        rows.append(
            [
                f"LS{random.randrange(1, 29)} {random.randrange(1, 9)}"
                + "".join(random.choice("ABDEFGHJLNPQRSTUWXYZ") for _ in "ab"),
                f"E00{random.randrange(10**6):06d}",
                f"{53.7 + random.random() / 5:.6f}",
                f"{-1.7 + random.random() / 5:.6f}",
                str(random.randrange(1, 32_845)),
            ]
        )
    return rows


def measurements(random: Random) -> Rows:
    rows = [["timestamp", "sensor", "temperature", "pressure", "counter", "flag"]]
    start = 1_700_000_000
    for step in range(500):
        rows.append(
            [
                str(start + 60 * step),
                f"S{random.randrange(100):03d}",
                f"{15 + random.gauss(0, 3):.3f}",
                f"{1013 + random.gauss(0, 8):.2f}",
                str(7_000_000_000 + random.randrange(10**9)),
                random.choice("01"),
            ]
        )
    return rows


def catalogue(random: Random) -> Rows:
    rows = [["sku", "product", "manufacturer", "ean", "price", "batch"]]
    things = "hinge bracket valve gasket filter bearing relay sensor washer coupling".split()
    for _ in range(200):
        rows.append(
            [
                f"A{random.randrange(1000, 9999)}"
                + random.choice("ABCDEFG")
                + random.choice("HJKLM"),
                f"{random.choice(things)} {random.randrange(5, 99)} mm",
                random.choice(COMPANIES),
                ean_of(random),
                f"{random.random() * 80:.2f}",
                f"{random.choice('BCDX')}{random.randrange(100_000, 999_999)}",
            ]
        )
    return rows


def ean_of(random: Random) -> str:
    digits = f"50{random.randrange(10**10):010d}"
    return digits + str(ean.calc_check_digit(digits))


def books(random: Random) -> Rows:
    words = "river garden winter history stone bridge letters house mountain journey".split()
    rows = [["isbn", "isbn13", "title", "publisher", "year"]]
    for _ in range(200):
        digits = f"{random.randrange(10**9):09d}"
        check = next(c for c in "0123456789X" if isbn.is_valid(digits + c))
        rows.append(
            [
                digits + check,
                isbn.to_isbn13(digits + check),
                f"The {random.choice(words)} of the {random.choice(words)}",
                random.choice(COMPANIES),
                str(random.randrange(1950, 2024)),
            ]
        )
    return rows


def timetable(random: Random) -> Rows:
    rows = [["route", "stop", *(f"trip {n}" for n in range(1, 9))]]
    for route in range(1, 30):
        minute = random.randrange(300, 700)
        times = [minute + 30 * trip for trip in range(8)]
        rows.append(
            [str(route), random.choice(PLACES)]
            + [f"{at // 60 % 24:02d}{at % 60:02d}" for at in times]
        )
    return rows


def baby_names(random: Random) -> Rows:
    names = "Olivia Amelia Isla Ava Ivy Noah Muhammad George Oliver Leo Arthur Freya".split()
    rows = [["Rank", "Name", "Count", "Change since 2013"]]
    for rank, name in enumerate(names, start=1):
        rows.append([str(rank), name, str(4000 - 200 * rank), str(random.randrange(-9, 9))])
    return rows


def libraries(random: Random) -> Rows:
    rows = [["library", "address", "postcode", "telephone", "email", "opened"]]
    for place in PLACES:
        rows.append(
            [
                f"{place} Central Library",
                f"{random.randrange(1, 90)} High Street, {place}",
                f"LS{random.randrange(1, 29)} {random.randrange(1, 9)}AB",
                f"0113 496 0{random.randrange(1000):03d}",
                f"library@{place.lower()}.gov.uk",
                str(random.randrange(1890, 2010)),
            ]
        )
    return rows


def invoices(random: Random) -> Rows:
    rows = [["invoice_no", "company", "vat_no", "net", "vat", "due"]]
    for _ in range(60):
        net = random.randrange(100, 9000)
        rows.append(
            [
                f"INV-{random.randrange(10**6):06d}",
                random.choice(COMPANIES),
                f"GB{random.randrange(10**9):09d}",
                str(net),
                f"{net * 0.2:.2f}",
                f"2024-0{random.randrange(1, 9)}-{random.randrange(10, 28)}",
            ]
        )
    return rows


def blocklist(random: Random) -> Rows:
    return [["network", "first_seen", "hits"]] + [
        [
            ".".join(str(random.randrange(1, 255)) for _ in range(4)),
            f"2024-03-{random.randrange(1, 29):02d}",
            str(random.randrange(9000)),
        ]
        for _ in range(200)
    ]


def jobs(random: Random) -> Rows:
    return [["job_id", "commit", "artifact", "exit", "started"]] + [
        [
            uuid_of(random),
            hex_of(random, 40),
            hex_of(random, 24),
            random.choice("01"),
            str(1_700_000_000_000 + random.randrange(10**9)),
        ]
        for _ in range(120)
    ]


TABLES = {
    "statistics": statistics,
    "area-codes": area_codes,
    "postcodes": postcodes,
    "measurements": measurements,
    "catalogue": catalogue,
    "books": books,
    "timetable": timetable,
    "baby-names": baby_names,
    "libraries": libraries,
    "invoices": invoices,
    "blocklist": blocklist,
    "jobs": jobs,
}


def make_tables(random: Random) -> Iterator[tuple[str, bytes]]:
    """Each table in many formats; about a hundred files."""
    for title, make in TABLES.items():
        yield f"tables/{title}.csv", csv_bytes(make(random))
        yield f"tables/{title}-excel.csv", b"\xef\xbb\xbf" + csv_text(make(random), ";").encode()
        yield f"tables/{title}.tsv", csv_text(make(random), "\t").encode("utf-16")
        rows = make(random)
        yield f"tables/{title}-bare.csv", csv_bytes(rows[1:])
        records = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        yield f"data/{title}.json", json.dumps({"data": records}, indent=1).encode()
        yield f"data/{title}.xlsx", workbook_bytes({title: make(random)})
        yield f"data/{title}.sqlite", sqlite_bytes({title.replace("-", "_"): make(random)})
    rows = statistics(random)
    yield "data/statistics.ods", spreadsheet_bytes({"2024": rows})
    yield "data/books.ods", spreadsheet_bytes({"list": books(random)})
    yield (
        "data/catalogue.ndjson",
        "\n".join(
            json.dumps(dict(zip(("sku", "name", "maker"), row, strict=False)))
            for row in catalogue(random)[1:]
        ).encode(),
    )
    yield "data/readings.zip", zip_bytes({"a.csv": csv_bytes(measurements(random))})
    yield "data/areas.csv.gz", gzip_bytes(csv_bytes(area_codes(random)))
    yield "data/gtfs.tar.gz", tar_bytes({"stop_times.txt": csv_bytes(timetable(random))}, "w:gz")
