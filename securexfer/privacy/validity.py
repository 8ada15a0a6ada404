"""Checks: whether a text that has the look of a kind of identifier is one.

Texts come as they are compared: upper case, plain digits, spaces and hyphens where they stood.
Sources: see `kinds`; payment cards by the first digits that ISO/IEC 7812 issuers have for each
length; UK phone numbers by the ranges of Ofcom's numbering plan.
"""

from __future__ import annotations

import functools
import ipaddress
import operator
import re
import string
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import phonenumbers
import polars as pl
from stdnum import iban, luhn
from stdnum.gb import nhs

_CHECK_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
_WEIGHTS = range(10, 0, -1)
_AS_DIGITS = {ord(letter): str(int(letter, 36)) for letter in string.ascii_uppercase}
# Never given out at the start of a National Insurance number.
_NEVER = ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
_GAPS = dict.fromkeys(map(ord, " ./-"))
_DATE = re.compile(
    r"[0-9]{1,2}[ -][0-9]{1,2}[ -](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[ -][0-9]{1,2}[ -][0-9]{1,2}"
)
_LONE_COLON = re.compile("^:(?!:)|(?<!:):$")
# Cells that are looked at together.
_AT_ONCE = 65_536
# Area codes after which a number may have five digits: the only ones with ten digits in all.
_SHORT_AREAS = frozenset(
    f"1{code}"
    for code in (
        *(204, 208, 254, 276, 297, 298, 363, 364, 384, 386, 404, 420, 460, 461, 480, 488, 524, 527),
        *(562, 566, 606, 629, 635, 647, 659, 695, 726, 744, 750, 768, 827, 837, 884, 900, 905, 935),
        *(946, 949, 963, 995),
    )
)
# Of UK numbers, those that people have: 03, 08 and 09 are of organisations.
_PERSONAL = re.compile(r"0(?:1[1-9]|2[03489]|7[013-9])")
# By length, how the numbers of payment cards begin.
_ISSUERS = {
    13: ("4",),
    14: ("30", "36", "38", "39"),
    15: ("34", "37"),
    16: ("2", "35", "4", "5", "6"),
    17: ("50", "56", "57", "58", "6"),
    18: ("50", "56", "57", "58", "6"),
    19: ("4", "50", "56", "57", "58", "6"),
}


# RFC 5321, 4.5.3.1.
LONGEST_LOCAL, LONGEST_DOMAIN = 64, 253


def is_anything(_: str) -> bool:
    """For kinds whose look is the whole check."""
    return True


def is_nhs(text: str) -> bool:
    """Modulus 11; all zeros stand for none."""
    digits = _compact(text)
    # Quicker than looking at every character for what it may stand for, and one in eleven passes.
    total = sum(map(operator.mul, _WEIGHTS, map(int, digits)))
    return total > 0 and total % 11 == 0 and bool(nhs.is_valid(digits))


def is_ni(text: str) -> bool:
    """Prefixes that are never given out are none."""
    return text[:2] not in _NEVER


def is_pnc(text: str) -> bool:
    """Modulus 23 over year and serial."""
    year, _, rest = text.replace(" ", "").partition("/")
    return rest[-1] == _CHECK_LETTERS[int(f"{year[-2:]}{rest[:-1]:0>7}") % 23]


def is_cro(text: str) -> bool:
    """Modulus 23 over year and serial."""
    serial, _, rest = text.replace(" ", "").partition("/")
    return rest[-1] == _CHECK_LETTERS[int(f"{rest[:2]}{serial:0>6}") % 23]


def is_phone(text: str) -> bool:
    """UK numbers by range and length, others by what libphonenumber calls possible."""
    groups = re.findall(r"[0-9]+", text)
    digits = "".join(groups)
    if _DATE.match(text) or len(set(digits)) < 3:
        return False
    if text.startswith(("0", "(0")) and not text.startswith("00"):
        if len(groups[0]) < 3 or not _PERSONAL.match(digits):
            return False
        return len(digits) == 11 or (len(digits) == 10 and digits[1:5] in _SHORT_AREAS)
    if text.startswith("00"):
        if text.isdigit() and not text.startswith("0044"):
            return False  # a number that was filled up with zeros
        if groups[0] == "00" and not re.match("00 [0-9]{1,3}(?![0-9])", text):
            return False
        digits = digits[2:]
    return _is_possible(digits[:6], len(digits))


@functools.lru_cache(maxsize=1 << 16)
def _is_possible(start: str, length: int) -> bool:
    """Whether there may be international numbers of this length that begin so."""
    try:
        number = phonenumbers.parse("+" + start.ljust(length, "2"), None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)


def is_iban(text: str) -> bool:
    """ISO 13616."""
    compact = _compact(text)
    # Quicker than all that a country says about its accounts, and nearly nothing else passes.
    digits = (compact[4:] + compact[:4]).translate(_AS_DIGITS)
    return int(digits) % 97 == 1 and bool(iban.is_valid(compact))


def is_card(text: str) -> bool:
    """Issuer, length and Luhn."""
    digits = _compact(text)
    begins = digits.startswith(_ISSUERS.get(len(digits), ()))
    return begins and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


def is_licence(text: str) -> bool:
    """Whether the digits hold a date of birth."""
    text = _compact(text)
    # A name shorter than five letters is filled up; with fewer nines it is another kind of number.
    if len(text) not in (16, 18) or not text[5:11].isdecimal():
        return False
    month = int(text[6:8]) % 50
    return 1 <= month <= 12 and 1 <= int(text[8:10]) <= 31


def is_vehicle(text: str) -> bool:
    """Whether the age identifier has been in use."""
    age = int(text[2:4])
    return 2 <= age <= 30 or 51 <= age <= 80


def is_email(text: str) -> bool:
    """Within the lengths of RFC 5321."""
    local, _, domain = text.replace("%40", "@").rpartition("@")
    return len(local) <= LONGEST_LOCAL and len(domain) <= LONGEST_DOMAIN


def is_ip(text: str) -> bool:
    """An address, and no version number or netmask."""
    if ":" in text:
        try:
            # One colon before or behind it is of the sentence.
            ipaddress.IPv6Address(_LONE_COLON.sub("", text))
        except ValueError:
            return False
        return len(re.findall("[0-9A-F]{3,4}", text)) > 0
    parts = list(map(int, text.split(".")))
    if max(parts) > 255 or parts[0] == 0 or parts[:2] == [255, 255]:
        return False
    # What counts up in small steps is the number of a version.
    # Of private networks, 10.0.0.0/8 alone has addresses without a number above 99.
    return max(parts) > 99 or min(parts) > 10 or parts[0] == 10


def is_passport(text: str) -> bool:
    """Nothing but a digit somewhere."""
    return any(map(str.isdigit, text))


def _compact(text: str) -> str:
    return text.translate(_GAPS)


def are_valid(cells: pl.Series, is_valid: Callable[[str], bool]) -> pl.Series:
    """Which of these cells, all of the look of a kind, pass its check. All are checked.

    Those of kinds whose look-alikes come in millions go many at once.
    """
    if is_valid is is_anything:
        return pl.Series([True]).new_from_index(0, cells.len())
    if cells.len() > _AT_ONCE:
        # What is worked out for each cell is many times as large as the cell.
        starts = range(0, cells.len(), _AT_ONCE)
        return pl.concat([are_valid(cells.slice(start, _AT_ONCE), is_valid) for start in starts])
    if is_valid is is_nhs:
        return pl.Series(_are_nhs(cells))
    if is_valid is is_card:
        return pl.Series(_are_cards(cells))
    if is_valid is is_ni:
        return ~cells.str.head(2).is_in(_NEVER)
    if is_valid is is_vehicle:
        ages = cells.str.slice(2, 2).cast(pl.UInt8)
        return ages.is_between(2, 30) | ages.is_between(51, 80)
    if is_valid is is_email and not (cells.str.len_bytes() > LONGEST_LOCAL).any():
        return pl.Series([True]).new_from_index(0, cells.len())
    if is_valid is is_passport:
        return cells.str.contains("[0-9]")
    return pl.Series(list(map(is_valid, cells.to_list())), dtype=pl.Boolean)


def _are_nhs(cells: pl.Series) -> npt.NDArray[np.bool_]:
    digits = _digits_of(cells, 10)
    check = 11 - sum(digits[place] * (place + 1) for place in range(1, 10)) % 11
    check = np.where(check == 11, 0, check)
    valid: npt.NDArray[np.bool_] = (check == digits[0]) & (sum(digits) > 0)
    return valid


def _are_cards(cells: pl.Series) -> npt.NDArray[np.bool_]:
    digits = _digits_of(cells, 19)
    doubled = [2 * one - 9 * (one > 4) if place % 2 else one for place, one in enumerate(digits)]
    compact = cells.str.replace_all("[ .-]", "")
    begins = "|".join(
        f"{start}[0-9]{{{length - len(start)}}}"
        for length, starts in _ISSUERS.items()
        for start in starts
    )
    fits = compact.str.contains(f"^(?:{begins})$").to_numpy()
    valid: npt.NDArray[np.bool_] = (sum(doubled) % 10 == 0) & fits
    return valid


def _digits_of(cells: pl.Series, n_places: int) -> list[npt.NDArray[np.int64]]:
    """The digits of numbers, from the last on."""
    plain = cells.cast(pl.UInt64, strict=False)
    if plain.null_count():
        plain = cells.str.replace_all("[^0-9]", "").cast(pl.UInt64)
    numbers, digits = plain.to_numpy(), []
    for _ in range(n_places):
        rest = numbers // np.uint64(10)
        digits.append((numbers - rest * np.uint64(10)).astype(np.int64))
        numbers = rest
    return digits
