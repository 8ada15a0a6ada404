"""People who do not exist, with everything that a record may hold about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum import luhn
from stdnum.gb import nhs

FORENAMES = (
    "Margaret Oliver Priyanka Mohammed Siobhan Tomasz Grace Kwame Bethany Harjit Nigel Yasmin "
    "Dafydd Chloe Andrzej Fatima Gareth Rosemary Wei Olusegun Heather Callum Ingrid Desmond "
    "Sunita Patrick Zeynep Hamish Lorraine Keiran"
).split()
SURNAMES = (
    "Hartley Osei Patel Kowalski Begum Fitzgerald Llewellyn Thornton Singh MacDonald Achebe "
    "Whitehouse Nowak Rahman Pemberton O'Brien Chen Adeyemi Sutcliffe Kaur Robertson Entwistle "
    "Mahmood Okonkwo Bradshaw Clough Demir Farquharson Greenhalgh Zielinski"
).split()
STREETS = (
    "Canal Street,Station Road,Mill Lane,Victoria Terrace,Orchard Close,Church Walk,Elm Grove,"
    "Kingsway,The Crescent,Bridge Street"
).split(",")
TOWNS = "Leeds Bolton Wakefield Halifax Preston Burnley Rochdale Keighley".split()
_AREAS = {"Leeds": "LS", "Bolton": "BL", "Wakefield": "WF", "Halifax": "HX"}
_AREAS |= {"Preston": "PR", "Burnley": "BB", "Rochdale": "OL", "Keighley": "BD"}
_CHECK_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"


@dataclass(frozen=True)
class Person:
    """One of them."""

    forename: str
    surname: str
    born: date
    nhs: str
    ni: str
    pnc: str
    cro: str
    prison: str
    crn: str
    street: str
    town: str
    postcode: str
    phone: str
    email: str
    iban: str
    card: str
    licence: str
    vehicle: str
    passport: str

    @property
    def dob(self) -> str:
        return f"{self.born:%d/%m/%Y}"

    @property
    def name(self) -> str:
        return f"{self.forename} {self.surname}"


def make_person(random: Random) -> Person:
    """One more."""
    forename, surname = random.choice(FORENAMES), random.choice(SURNAMES)
    born = date(1940, 1, 1) + timedelta(days=random.randrange(24_000))
    town = random.choice(TOWNS)
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    short = "".join(filter(str.isalpha, surname)).upper()
    return Person(
        forename=forename,
        surname=surname,
        born=born,
        nhs=_nhs(random),
        ni=_ni(random),
        pnc=_pnc(random),
        cro=_cro(random),
        prison=f"A{random.randrange(1000, 9999)}{random.choice(letters)}{random.choice(letters)}",
        crn=f"{random.choice('XDJ')}{random.randrange(100_000, 999_999)}",
        street=f"{random.randrange(1, 180)} {random.choice(STREETS)}",
        town=town,
        postcode=f"{_AREAS[town]}{random.randrange(1, 19)} {random.randrange(1, 9)}"
        f"{random.choice(letters)}{random.choice(letters)}",
        phone=f"07700 900{random.randrange(1000):03d}",
        email=f"{forename}.{short}{random.randrange(99)}@mailbox-{random.randrange(9)}.co.uk".lower(),
        iban=_iban(random),
        card=_card(random),
        licence=f"{short[:5]:9<5}{born:%y}"[:6]
        + f"{born:%m%d}{born:%y}"[:4]
        + f"{born:%y}"[1]
        + f"{forename[0]}9{random.randrange(2, 9)}".upper()
        + f"{random.choice('ABCDEFG')}{random.choice('ABCDEFG')}",
        vehicle=f"Y{random.choice('ABCDJ')}{random.randrange(10, 24)} "
        + "".join(random.choice(letters) for _ in range(3)),
        passport=str(random.randrange(500_000_000, 570_000_000)),
    )


def make_people(random: Random, n: int) -> list[Person]:
    return [make_person(random) for _ in range(n)]


def _nhs(random: Random) -> str:
    while True:
        whole = str(random.randrange(4_000_000_000, 7_999_999_999))
        if nhs.is_valid(whole):
            return f"{whole[:3]} {whole[3:6]} {whole[6:]}"


def _ni(random: Random) -> str:
    n = f"{random.randrange(1_000_000):06d}"
    prefix = random.choice(["AB", "CE", "GH", "JK", "LM", "NP", "RS", "TW", "YZ", "PX", "SN"])
    return f"{prefix} {n[:2]} {n[2:4]} {n[4:]} {random.choice('ABCD')}"


def _pnc(random: Random) -> str:
    year, serial = random.randrange(1975, 2024), random.randrange(1_000_000)
    letter = _CHECK_LETTERS[int(f"{year % 100:02d}{serial:07d}") % 23]
    return f"{year}/{serial:07d}{letter}"


def _cro(random: Random) -> str:
    year, serial = random.randrange(60, 99), random.randrange(100_000, 1_000_000)
    return f"{serial}/{year}{_CHECK_LETTERS[int(f'{year}{serial}') % 23]}"


def _iban(random: Random) -> str:
    rest = f"NWBK{random.randrange(10**14):014d}"
    digits = "".join(str(int(c, 36)) for c in rest + "GB00")
    return f"GB{98 - int(digits) % 97:02d}{rest}"


def _card(random: Random) -> str:
    digits = f"4929{random.randrange(10**11):011d}"
    whole = digits + luhn.calc_check_digit(digits)
    return " ".join(whole[i : i + 4] for i in range(0, 16, 4))
