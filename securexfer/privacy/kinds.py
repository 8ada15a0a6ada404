"""Kinds of identifiers: what each looks like, whether a text is one, and its canonical form.

Sources: NHS number, NHS Data Dictionary (modulus 11); National Insurance number, HMRC NIM39110;
PNC and CRO check letters, Home Office PNC code of practice (modulus 23); postcode, Royal Mail;
IBAN, ISO 13616; payment card, ISO/IEC 7812 (Luhn); driving licence and vehicle registration, DVLA;
phone numbers, the libphonenumber metadata; IP addresses, RFC 4291 and 791.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers
import polars as pl
from stdnum import iban, luhn
from stdnum.gb import nhs

from securexfer.privacy.pseudonyms import canonical_value

_CHECK_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
_DATE = re.compile(r"\d{1,2}[ -]\d{1,2}[ -](?:19|20)\d\d|(?:19|20)\d\d[ -]\d{1,2}[ -]\d{1,2}")
_IBAN_LENGTHS = range(15, 35)
# The computer began in 1974, and took in records that were older. So a two-digit year from 74 on is
# of the last century, one below 50 of this; what lies between could be either, and stays.
_LAST_CENTURY, _THIS_CENTURY = 74, 50


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        slug: its name in a recipe.
        title: its name for people.
        pattern: what it looks like, in upper case, without what must stand around it.
        is_valid: whether a text of that look is one.
        is_weak: whether so many other codes look alike that a single cell shows nothing.
        words: what a column of them is called.
    """

    slug: str
    title: str
    pattern: str
    is_valid: Callable[[str], bool]
    is_weak: bool = False
    words: frozenset[str] = frozenset()


def _is_anything(_: str) -> bool:
    return True


def _is_nhs(text: str) -> bool:
    return bool(nhs.is_valid(_compact(text)))


def _is_ni(text: str) -> bool:
    return _compact(text)[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def _is_pnc(text: str) -> bool:
    year, _, rest = text.partition("/")
    return rest[-1] == _CHECK_LETTERS[int(f"{year[-2:]}{rest[:-1]:0>7}") % 23]


def _is_cro(text: str) -> bool:
    serial, _, rest = text.partition("/")
    return rest[-1] == _CHECK_LETTERS[int(f"{rest[:2]}{serial:0>6}") % 23]


def _is_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    if _DATE.match(text) or len(set(digits)) < 3:
        return False
    if text.startswith(("0", "(0")) and not text.startswith("00"):
        # Numbers of the ranges that people have; the drama ranges are of them, too.
        return len(digits) in (10, 11) and digits[1] in "1237"
    if text.startswith("00") and text.isdigit() and not text.startswith("0044"):
        return False  # a number that was filled up with zeros
    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", text), "GB")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)


def _is_iban(text: str) -> bool:
    return bool(iban.is_valid(_compact(text)))


def _is_card(text: str) -> bool:
    digits = _compact(text)
    return digits[0] in "23456" and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


def _is_licence(text: str) -> bool:
    month = int(text[6:8]) % 50
    return 1 <= month <= 12 and 1 <= int(text[8:10]) <= 31


def _is_vehicle(text: str) -> bool:
    age = int(text[2:4])
    return 2 <= age <= 30 or 51 <= age <= 80


def _is_ip(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6:
        return text.count(":") > 2 and len(re.findall("[0-9A-F]{3,4}", text)) > 0
    parts = list(map(int, text.split(".")))
    # What counts up in small steps is the number of a version.
    return max(parts) > 30 or address.is_private


def _compact(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS: dict[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind("nhs", "NHS number", r"\d{3}[ -]?\d{3}[ -]?\d{4}", _is_nhs, words=_words("nhs")),
        Kind(
            "ni",
            "National Insurance number",
            r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]",
            _is_ni,
            words=_words("ni nino insurance"),
        ),
        Kind(
            "pnc", "PNC id", r"(?:19|20)?\d{2}/\d{1,7}[A-HJ-NP-RT-Z]", _is_pnc, words=_words("pnc")
        ),
        Kind("cro", "CRO number", r"\d{1,6}/\d{2}[A-HJ-NP-RT-Z]", _is_cro, words=_words("cro")),
        Kind(
            "prison",
            "prison number",
            r"A\d{4}[A-Z]{2}",
            _is_anything,
            is_weak=True,
            words=_words("prison prisoner nomis noms"),
        ),
        Kind(
            "crn",
            "probation CRN",
            r"[A-Z]\d{6}",
            _is_anything,
            is_weak=True,
            words=_words("crn probation"),
        ),
        Kind(
            "postcode",
            "UK postcode",
            r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}|GIR ?0AA)",
            _is_anything,
            words=_words("postcode postal"),
        ),
        Kind(
            "email",
            "e-mail address",
            r"[A-Z0-9._%+'-]+@[A-Z0-9-]+(?:\.[A-Z0-9-]+)*\.[A-Z]{2,}",
            _is_anything,
            words=_words("email mail"),
        ),
        Kind(
            "phone",
            "phone number",
            r"(?:(?:\+|00)\d[\d ().-]{7,16}\d|\(?0\d[\d ()-]{7,12}\d)",
            _is_phone,
            words=_words("phone telephone tel mobile fax"),
        ),
        Kind(
            "iban",
            "IBAN",
            r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}",
            _is_iban,
            words=_words("iban"),
        ),
        Kind(
            "card",
            "payment card number",
            r"(?:\d[ -]?){12,18}\d",
            _is_card,
            words=_words("card pan"),
        ),
        Kind(
            "driving-licence",
            "UK driving licence number",
            r"[A-Z]{1,5}9{0,4}\d[0156]\d[0-3]\d\d[A-Z][A-Z9]\d[A-Z]{2}",
            lambda text: len(text) == 16 and _is_licence(text),
            words=_words("licence license driver"),
        ),
        Kind(
            "vehicle",
            "vehicle registration",
            r"[A-Z]{2}\d{2} ?[A-Z]{3}",
            _is_vehicle,
            is_weak=True,
            words=_words("vehicle registration vrm reg plate"),
        ),
        # Nine digits: only what the column is called tells them from any other number.
        Kind(
            "passport", "passport number", r"[A-Z]?\d{8,9}", _is_anything, words=_words("passport")
        ),
        Kind(
            "ip",
            "IP address",
            r"(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-F]{0,4}:){3,7}[0-9A-F]{0,4})",
            _is_ip,
            words=_words("ip"),
        ),
    )
}


def canonical(cell: pl.Expr, kind: str | None) -> pl.Expr:
    """The form of an identifier that all its usual spellings share; blank stays blank.

    Without a kind: NFKC, trimmed, upper case. With one, spaces and hyphens inside go as well, but
    for e-mail and IP addresses. A PNC id's serial is filled up to seven digits, and its year to
    four where it is clear which; a CRO number's serial to six.
    """
    plain = canonical_value(cell)
    if kind is None or kind in ("email", "ip"):
        return plain
    compact = plain.str.replace_all(r"[ \-]", "")
    if kind == "pnc":
        parts = compact.str.extract_groups(r"^((?:19|20)?)(\d{2})/(\d{1,7})([A-Z])$")
        short = parts.struct.field("2")
        year = short.cast(pl.Int32, strict=False)
        century = (
            pl.when(parts.struct.field("1") != "")
            .then(parts.struct.field("1"))
            .when(year >= _LAST_CENTURY)
            .then(pl.lit("19"))
            .when(year < _THIS_CENTURY)
            .then(pl.lit("20"))
            .otherwise(pl.lit(""))
        )
        serial = parts.struct.field("3").str.zfill(7)
        whole = pl.concat_str(century, short, pl.lit("/"), serial, parts.struct.field("4"))
        return pl.when(short.is_not_null()).then(whole).otherwise(compact)
    if kind == "cro":
        parts = compact.str.extract_groups(r"^(\d{1,6})/(\d{2}[A-Z])$")
        serial = parts.struct.field("1").str.zfill(6)
        whole = pl.concat_str(serial, pl.lit("/"), parts.struct.field("2"))
        return pl.when(serial.is_not_null()).then(whole).otherwise(compact)
    return compact
