"""Tables about people, in every spelling of a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

from tests.drives.making import csv_bytes, csv_text
from tests.drives.person import Person, make_people, make_person

Planted = tuple[str, bytes, str]
HEADER = ["forename", "surname", "date_of_birth", "address", "postcode", "amount"]
# One column of each kind of identifier, as its own file.
IDENTIFIERS: dict[str, tuple[str, Callable[[Person], str]]] = {
    "nhs": ("nhs_number", lambda p: p.nhs.replace(" ", "")),
    "ni": ("NI No", lambda p: p.ni.replace(" ", "")),
    "pnc": ("pncid", lambda p: p.pnc),
    "cro": ("CRO", lambda p: p.cro),
    "prison": ("prison_number", lambda p: p.prison),
    "crn": ("crn", lambda p: p.crn),
    "email": ("contact", lambda p: p.email),
    "phone": ("mobile", lambda p: p.phone),
    "iban": ("account", lambda p: p.iban),
    "card": ("pan", lambda p: p.card),
    "driving-licence": ("driver", lambda p: p.licence),
    "vehicle": ("vrm", lambda p: p.vehicle),
    "passport": ("passport no", lambda p: p.passport),
}


def people_rows(people: list[Person]) -> list[list[str]]:
    rows = [HEADER]
    for number, p in enumerate(people):
        rows.append(
            [p.forename, p.surname, p.dob, f"{p.street}, {p.town}", p.postcode, str(number)]
        )
    return rows


def make_spellings(random: Random) -> Iterator[Planted]:
    """The same table in different encodings and dialects."""
    rows = people_rows(make_people(random, 40))
    text = csv_text(rows)
    accented = text.replace(rows[1][1], "Müller-Núñez")
    yield "csv/plain.csv", text.encode(), "name"
    yield "csv/marked.csv", text.encode("utf-8-sig"), "name"
    yield "csv/wide.csv", text.encode("utf-16"), "name"
    yield "csv/wide-big.csv", b"\xfe\xff" + text.encode("utf-16-be"), "name"
    yield "csv/wide-unmarked.csv", text.encode("utf-16-le"), "name"
    yield "csv/windows.csv", accented.encode("cp1252"), "name"
    yield "csv/accents.csv", accented.encode(), "name"
    yield "csv/semicolon.csv", csv_text(rows, ";").encode(), "name"
    yield "csv/tabs.tsv", csv_text(rows, "\t").encode(), "name"
    yield "csv/pipes.txt", csv_text(rows, "|").encode(), "name"
    yield "csv/returns.csv", csv_text(rows, ends="\r\n").encode(), "name"
    yield "csv/mac.csv", csv_text(rows, ends="\r").encode(), "name"
    yield "csv/quoted.csv", csv_text(rows, quoted=True).encode(), "name"
    yield "csv/no-header.csv", csv_bytes(rows[1:]), "name"
    yield "csv/titled.csv", b"Extract of 12 May\nOFFICIAL\n\n" + text.encode(), "name"
    yield "csv/no-suffix", text.encode(), "name"
    yield "csv/holiday.jpg", text.encode(), "name"
    yield "csv/one-row.csv", csv_bytes(rows[:2]), "name"
    yield "csv/two-columns.csv", csv_bytes([row[:2] for row in rows]), "name"
    yield "csv/torn.csv", text.replace(",", ',"', 3).encode() + b'"x,"y"z\n', "name"
    ragged = [row + ["x"] * (n % 3) for n, row in enumerate(rows)]
    yield "csv/ragged.csv", csv_bytes(ragged), "name"
    lines = [[*row[:3], "first line\nsecond, line", *row[4:]] for row in rows]
    yield "csv/lines-in-cells.csv", csv_bytes(lines), "name"
    fixed = "\n".join(f"{r[0]:14}{r[1]:16}{r[2]:12}{r[4]:10}{r[5]:>8}" for r in rows)
    yield "csv/fixed-width.txt", fixed.encode(), "name"
    upper = [[cell.upper() for cell in row] for row in rows]
    yield "csv/capitals.csv", csv_bytes(upper), "name"
    spaced = [[f" {cell} " for cell in row] for row in rows]
    yield "csv/spaced.csv", csv_bytes(spaced), "name"
    trail = csv_text([HEADER, *rows[1:3]])
    yield "csv/no-last-end.csv", trail.removesuffix("\n").encode(), "name"


def make_headers(random: Random) -> Iterator[Planted]:
    """People under other names of columns."""
    people = make_people(random, 30)

    def table(header: list[str], *columns: list[str]) -> bytes:
        return csv_bytes([header, *map(list, zip(*columns, strict=True))])

    forenames, surnames = [p.forename for p in people], [p.surname for p in people]
    born = [p.dob for p in people]
    yield (
        "names/camel.csv",
        table(["FirstName", "LastName", "Id"], forenames, surnames, born),
        "name",
    )
    yield "names/short.csv", table(["fname", "sname", "dob"], forenames, surnames, born), "name"
    whole = [p.name for p in people]
    yield "names/whole.csv", table(["client", "visits"], whole, ["3"] * 30), "name"
    turned = [f"{p.surname.upper()}, {p.forename}" for p in people]
    yield "names/turned.csv", table(["name", "visits"], turned, ["3"] * 30), "name"
    titled = [f"Mr {p.forename[0]} {p.surname}" for p in people]
    yield "names/titled.csv", table(["tenant", "flat"], titled, ["3"] * 30), "name"
    yield "names/list.txt", "\n".join(whole).encode(), "name"
    births = [f"{p.born:%Y-%m-%d}" for p in people]
    yield (
        "names/births.csv",
        table(["sex", "dob", "postcode"], ["F"] * 30, births, [p.postcode for p in people]),
        "birth",
    )
    eight = [f"{p.born:%d%m%Y}" for p in people]
    yield "names/births-packed.csv", table(["key", "Date of Birth"], ["1"] * 30, eight), "birth"
    phones = [p.phone.replace(" ", "")[1:] for p in people]
    yield "names/phones.csv", table(["tel", "calls"], phones, ["2"] * 30), "phone"
    tokens = [f"person_{random.getrandbits(96):024x}" for _ in people]
    yield "names/tokens.csv", table(["person", "band"], tokens, ["0 to 4"] * 30), "pseudonym"


def make_identifiers(random: Random) -> Iterator[Planted]:
    """One kind of identifier each; with a header, without one, and inside text."""
    for kind, (name, of) in IDENTIFIERS.items():
        people = make_people(random, 25)
        rows = [["row", name, "state"]]
        rows += [[str(n), of(p), random.choice(["open", "shut"])] for n, p in enumerate(people)]
        yield f"kinds/{kind}.csv", csv_bytes(rows), kind
        if kind in ("nhs", "ni", "pnc", "cro", "email", "card", "driving-licence", "iban"):
            yield f"kinds/{kind}-bare.csv", csv_bytes(rows[1:]), kind
            yield f"kinds/{kind}-list.txt", "\n".join(row[1] for row in rows[1:]).encode(), kind


def make_needles(random: Random) -> Iterator[Planted]:
    """One person somewhere in much else."""
    p = make_person(random)

    def notes(note: str, at: int, n: int) -> bytes:
        rows = [["day", "pump", "note"]]
        rows += [[str(i), f"{i % 40:03d}", "checked, pressure as before"] for i in range(n)]
        rows[at][2] = note
        return csv_bytes(rows)

    yield "deep/email.csv", notes(f"ask {p.email} first", 59_000, 60_000), "email"
    yield "deep/ni.csv", notes(f"called about {p.ni}", 30_000, 31_000), "ni"
    yield "deep/nhs.csv", notes(f"seen, NHS no. {p.nhs}", 900, 1000), "nhs"
    wide = [f"v{n}" for n in range(300)]
    people = make_people(random, 12)
    rows = [[*wide, "email"], *([*("1" for _ in wide), q.email] for q in people)]
    yield "deep/wide.csv", csv_bytes(rows), "email"
    log = "".join(f"2024-05-01 10:00:{n % 60:02d} INFO step {n} done\n" for n in range(90_000))
    log += f"2024-05-01 11:00:00 WARN login failed for {p.email}\n"
    yield "deep/server.log", log.encode(), "email"
    records = [{"step": n, "state": "ok"} for n in range(20_000)]
    text = json.dumps([*records, {"forename": p.forename, "surname": p.surname, "dob": p.dob}])
    yield "deep/records.json", text.encode(), "name"


def make_planted_tables(random: Random) -> Iterator[Planted]:
    yield from make_spellings(random)
    yield from make_headers(random)
    yield from make_identifiers(random)
    yield from make_needles(random)
