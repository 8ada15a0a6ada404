"""Realistic clean tables, and leaks to plant in them. Nothing here uses the code under test."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PNC_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
FORENAMES = [
    "Margaret",
    "Mohammed",
    "Siân",
    "Olivia",
    "Jack",
    "Aisha",
    "Priya",
    "Callum",
    "Beatrice",
    "Tomasz",
    "Grace",
    "Yusuf",
    "Harriet",
    "Kofi",
    "Niamh",
    "Dylan",
    "Imogen",
    "Rhys",
    "Zainab",
    "Edmund",
]
SURNAMES = [
    "Smith",
    "Jones",
    "Williams",
    "Taylor",
    "Davies",
    "Evans",
    "Thomas",
    "Johnson",
    "Roberts",
    "Walker",
    "Wright",
    "Robinson",
    "Thompson",
    "Hughes",
    "O'Brien",
    "Smith-Jones",
    "Patel",
    "Kowalski",
    "MacDonald",
    "Okonkwo",
]
WORDS = [
    "attended",
    "the",
    "appointment",
    "and",
    "agreed",
    "to",
    "next",
    "steps",
    "no",
    "further",
    "action",
    "needed",
    "at",
    "this",
    "stage",
    "discussed",
    "housing",
    "employment",
    "travel",
    "training",
    "progress",
    "is",
    "steady",
    "some",
    "concerns",
    "about",
    "debt",
    "letter",
    "sent",
    "reply",
    "awaited",
    "meeting",
    "moved",
    "to",
    "later",
    "in",
    "week",
    "officer",
    "will",
    "call",
    "back",
    "plan",
    "was",
    "reviewed",
    "goals",
    "set",
    "transport",
    "arranged",
    "support",
    "offered",
    "declined",
    "accepted",
    "first",
    "second",
    "third",
]


@dataclass(frozen=True)
class Table:
    """A header, rows, and the person columns among them."""

    header: list[str]
    rows: list[list[str]]


def prose(chance: random.Random) -> str:
    """A note as people type them: words, amounts, years, times, short numbers."""
    words = chance.choices(WORDS, k=chance.randint(4, 16))
    extras: list[Callable[[], str]] = [
        lambda: f"£{chance.randint(1, 9999):,}.{chance.randint(0, 99):02}",
        lambda: str(chance.randint(1990, 2026)),
        lambda: f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}",
        lambda: (
            f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(1990, 2026)}"
        ),
        lambda: f"section {chance.randint(1, 99)}",
        lambda: f"{chance.randint(1, 100)}%",
        lambda: f"ref {chance.choice('ABCDEFG')}{chance.randint(1, 999)}",
        lambda: f"{chance.randint(1, 500)} miles",
        lambda: "v1.4.2",
    ]
    for _ in range(chance.randint(0, 3)):
        words.insert(chance.randint(0, len(words)), chance.choice(extras)())
    return " ".join(words).capitalize() + chance.choice([".", "", ", see file."])


COLUMNS: dict[str, Callable[[random.Random], str]] = {
    "order_number": lambda c: str(c.randint(10**9, 10**10 - 1)),
    "amount": lambda c: f"{c.randint(0, 10**6) / 100:.2f}",
    "balance": lambda c: f"{c.randint(-(10**7), 10**7):,}",
    "reference": lambda c: f"INV-{c.randint(2019, 2026)}-{c.randint(0, 99999):05}",
    "case_ref": lambda c: (
        f"{c.choice('ABC')}{c.choice('XYZ')}/{c.randint(1, 9999)}/{c.randint(10, 26)}"
    ),
    "product": lambda c: f"{c.choice(string.ascii_uppercase)}{c.randint(100, 9999)}",
    "sku": lambda c: "".join(c.choices(string.ascii_uppercase + string.digits, k=8)),
    "started": lambda c: f"{c.randint(1, 28):02}/{c.randint(1, 12):02}/{c.randint(1990, 2026)}",
    "ended": lambda c: f"{c.randint(1990, 2026)}-{c.randint(1, 12):02}-{c.randint(1, 28):02}",
    "seen_at": lambda c: (
        f"{c.randint(1990, 2026)}-{c.randint(1, 12):02}-{c.randint(1, 28):02} "
        f"{c.randint(0, 23):02}:{c.randint(0, 59):02}:{c.randint(0, 59):02}"
    ),
    "dotted_date": lambda c: f"{c.randint(1, 28):02}.{c.randint(1, 12):02}.{c.randint(1990, 2026)}",
    "offence": lambda c: c.choice(["TH68001", "CJ88116", "RT88191", "PU86004", "OF61102"]),
    "quantity": lambda c: str(c.randint(0, 500)),
    "score": lambda c: f"{c.random():.6f}",
    "country": lambda c: c.choice(["GB", "FR", "PL", "NG", "IE"]),
    "status": lambda c: c.choice(["open", "closed", "pending", ""]),
    "sequence": lambda c: f"{c.randint(0, 10**16 - 1):016}",
    "release": lambda c: f"{c.randint(1, 9)}.{c.randint(0, 20)}.{c.randint(0, 99)}",
    "colour": lambda c: f"#{c.getrandbits(24):06x}",
    "checksum": lambda c: f"{c.getrandbits(128):032x}",
    "grid": lambda c: f"{c.choice(['SU', 'TQ', 'NT'])} {c.randint(100, 999)} {c.randint(100, 999)}",
    "time": lambda c: f"{c.randint(0, 23):02}:{c.randint(0, 59):02}",
    "purchase_order": lambda c: f"PO 45{c.randint(0, 10**8 - 1):08}",
    "booking": lambda c: "".join(c.choices(string.ascii_uppercase + string.digits, k=6)),
    "commit": lambda c: f"{c.getrandbits(28):07x}",
    "hex": lambda c: f"{c.getrandbits(24):06x}",
    "device": lambda c: imei(c),
    "firmware": lambda c: (
        f"{c.randint(0, 12)}.{c.randint(31, 40)}.{c.randint(0, 99)}.{c.randint(0, 9)}"
    ),
    "netmask": lambda c: f"255.255.{c.choice([0, 240, 255])}.0",
    "period": lambda c: (
        f"{c.randint(1, 28):02}-{c.randint(1, 12):02}-2020 - "
        f"{c.randint(1, 28):02}-{c.randint(1, 12):02}-2024"
    ),
    "stamp": lambda c: (
        f"{c.randint(1, 28):02}-{c.randint(1, 12):02}-2021 "
        f"{c.randint(0, 23):02}{c.randint(0, 59):02}"
    ),
    "room": lambda c: (
        f"{c.choice('ABCDE')}{c.randint(1, 9)} {c.choice(['1st', '2nd', '3rd'])} floor"
    ),
    "laptop": lambda c: f"HP i{c.choice('357')} {c.choice([4, 8, 16])}GB RAM",
    "product_code": lambda c: (
        f"{''.join(c.choices(string.ascii_uppercase, k=2))}{c.randint(0, 99):02}"
        f"{''.join(c.choices(string.ascii_uppercase, k=2))}"
    ),
    "policy": lambda c: (
        f"{''.join(c.choices(string.ascii_uppercase, k=2))}{c.randint(0, 10**6 - 1):06}"
        f"{c.choice(string.ascii_uppercase)}"
    ),
    "court_reference": lambda c: (
        f"Court ref {c.randint(10, 26)}/{c.randint(0, 99999):05}{c.choice('ABCDE')}"
    ),
    "negative": lambda c: f"-{c.randint(10**9, 10**10 - 1)}",
    "easting": lambda c: f"SU {c.randint(0, 99999):05} {c.randint(0, 99999):05}",
    "account": lambda c: (
        f"{c.randint(0, 99):02}-{c.randint(0, 99):02}-{c.randint(0, 99):02} "
        f"{c.randint(0, 10**8 - 1):08}"
    ),
    "barcode": lambda c: f"Scanned 50{c.randint(0, 10**11 - 1):011} today",
    "notes": prose,
    "remarks": prose,
}


def imei(chance: random.Random) -> str:
    """The number of a telephone set, which has the check digit of cards."""
    digits = [3, 5, *(chance.randint(0, 9) for _ in range(12))]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 else d for i, d in enumerate(digits)]
    return "".join(map(str, [*digits, -sum(doubled) % 10]))


def clean_table(chance: random.Random, n_rows: int, n_columns: int = 8) -> Table:
    """Two names and an id that will stay, and columns of all sorts that leave."""
    chosen = ["notes", *chance.sample([name for name in COLUMNS if name != "notes"], n_columns - 1)]
    rows = [
        [
            f"P{chance.randint(10**8, 10**9 - 1)}",
            chance.choice(FORENAMES),
            chance.choice(SURNAMES),
            *(COLUMNS[name](chance) for name in chosen),
        ]
        for _ in range(n_rows)
    ]
    return Table(["person_id", "forename", "surname", *chosen], rows)


def nhs(chance: random.Random) -> str:
    while True:
        digits = [chance.randint(0, 9) for _ in range(9)]
        check = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            text = "".join(map(str, [*digits, 0 if check == 11 else check]))
            return chance.choice(
                [text, f"{text[:3]} {text[3:6]} {text[6:]}", f"{text[:3]}-{text[3:6]}-{text[6:]}"]
            )


def ni(chance: random.Random) -> str:
    number = f"{chance.randint(0, 999999):06}"
    pair = chance.choice(["AB", "CE", "JK", "PA", "WZ"])
    last = chance.choice("ABCD")
    spaced = " ".join([pair, number[:2], number[2:4], number[4:], last])
    return chance.choice([f"{pair}{number}{last}", spaced, f"{pair}{number}{last}".lower()])


def pnc(chance: random.Random) -> str:
    year, serial = chance.randint(1975, 2025), chance.randint(1, 9999999)
    letter = PNC_LETTERS[int(f"{year % 100:02}{serial:07}") % 23]
    return chance.choice([f"{year}/{serial:07}{letter}", f"{year % 100:02}/{serial}{letter}"])


def cro(chance: random.Random) -> str:
    year, serial = chance.randint(39, 95), chance.randint(1, 999999)
    return f"{serial}/{year:02}{PNC_LETTERS[int(f'{year:02}{serial:06}') % 23]}"


def prison(chance: random.Random) -> str:
    letters = "".join(chance.choices("ABCDEFGHJKLMNPRTVWXYZ", k=2))
    return f"A{chance.randint(1000, 9999)}{letters}"


def crn(chance: random.Random) -> str:
    return f"{chance.choice('ABCDEX')}{chance.randint(100000, 999999)}"


def postcode(chance: random.Random) -> str:
    outward = chance.choice(["M1", "SW1A", "B33", "CR2", "EC1A", "DN55", "W1A"])
    inward = f"{chance.randint(0, 9)}{''.join(chance.choices('ABDEFGHJLNPQRSTUWXYZ', k=2))}"
    return chance.choice(
        [f"{outward} {inward}", f"{outward}{inward}", f"{outward} {inward}".lower()]
    )


def email(chance: random.Random) -> str:
    name = "".join(chance.choices(string.ascii_lowercase, k=6))
    return (
        f"{name}.{chance.choice(['ann', 'o-neil'])}@{chance.choice(['example.org', 'mail.gov.uk'])}"
    )


def phone(chance: random.Random) -> str:
    number = f"7{chance.choice('45789')}{chance.randint(10**7, 10**8 - 1)}"
    return chance.choice(
        [f"0{number}", f"+44 {number}", f"0{number[:4]} {number[4:7]} {number[7:]}", f"+44{number}"]
    )


def iban(chance: random.Random) -> str:
    account = "NWBK" + f"{chance.randint(0, 10**14 - 1):014}"
    digits = "".join(str(int(c, 36)) for c in account + "GB00")
    whole = f"GB{98 - int(digits) % 97:02}{account}"
    grouped = " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
    return chance.choice([whole, grouped])


def card(chance: random.Random) -> str:
    digits = [int(d) for d in "4929" + f"{chance.randint(0, 10**11 - 1):011}"]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 == 0 else d for i, d in enumerate(digits)]
    whole = "".join(map(str, [*digits, -sum(doubled) % 10]))
    return chance.choice([whole, " ".join(whole[i : i + 4] for i in range(0, 16, 4))])


def driving_licence(chance: random.Random) -> str:
    surname = chance.choice(["SMITH", "JONES", "TAYLO", "FOX99"])
    month = chance.randint(1, 12) + chance.choice([0, 50])
    born = f"{chance.randint(5, 9)}{month:02}{chance.randint(1, 28):02}{chance.randint(0, 9)}"
    return f"{surname}{born}{chance.choice(['JA', 'A9', 'MK'])}{chance.randint(2, 9)}AB"


def vehicle(chance: random.Random) -> str:
    area = chance.choice(["AB", "LK", "YD", "BX"])
    age = chance.choice([f"{n:02}" for n in (*range(2, 26), *range(51, 75))])
    letters = "".join(chance.choices("ABCDEFGHJKLMNOPRSTUVWXYZ", k=3))
    return chance.choice([f"{area}{age} {letters}", f"{area}{age}{letters}"])


def ip(chance: random.Random) -> str:
    return chance.choice(
        [
            ".".join(str(chance.randint(11, 254)) for _ in range(4)),
            f"2001:db8::{chance.getrandbits(16):x}:{chance.getrandbits(16):x}",
        ]
    )


def passport(chance: random.Random) -> str:
    return f"{chance.randint(10**8, 10**9 - 1)}"


KINDS: dict[str, Callable[[random.Random], str]] = {
    "nhs": nhs,
    "ni": ni,
    "pnc": pnc,
    "cro": cro,
    "prison": prison,
    "crn": crn,
    "postcode": postcode,
    "email": email,
    "phone": phone,
    "iban": iban,
    "card": card,
    "driving-licence": driving_licence,
    "vehicle": vehicle,
    "ip": ip,
}
# What nobody can tell from a product code by a single cell: these are planted as whole columns.
WEAK = ("prison", "crn", "vehicle")


def around(chance: random.Random, value: str) -> str:
    """The value within a note."""
    words = prose(chance).split(" ")
    words.insert(
        chance.randint(0, len(words)),
        chance.choice(["{}", "({})", "{},", "no. {}", "{}."]).format(value),
    )
    return " ".join(words)


def plant(table: Table, column: str, row: int, value: str) -> None:
    table.rows[row][table.header.index(column)] = value


def plant_column(table: Table, column: str, values: Sequence[str]) -> None:
    place = table.header.index(column)
    for row, value in zip(table.rows, values, strict=True):
        row[place] = value
