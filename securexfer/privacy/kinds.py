"""Kinds of identifiers: what each looks like, whether a text is one, and its canonical form.

Sources: NHS number, NHS Data Dictionary (modulus 11); National Insurance number, HMRC NIM39110;
PNC and CRO check letters, Home Office PNC code of practice (modulus 23); postcode, Royal Mail;
IBAN, ISO 13616; payment card, ISO/IEC 7812 (Luhn); driving licence and vehicle registration, DVLA;
phone numbers, the libphonenumber metadata; IP addresses, RFC 4291 and 791.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from securexfer.privacy import validity
from securexfer.privacy.pseudonyms import canonical_value

# The computer began in 1974, and took in records that were older. So a two-digit year from 74 on is
# of the last century, one below 50 of this; what lies between could be either, and stays.
_LAST_CENTURY, _THIS_CENTURY = 74, 50
# The postcode areas that there are.
_AREA = (
    "(?:[BEGLMNSW]|A[BL]|B[ABDHLNRSTX]|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]|F[KY]|G[LUY]|H[ADGPRSUX]"
    "|I[GMPV]|JE|K[ATWY]|L[ADELNSU]|M[EKL]|N[EGNPRW]|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]"
    "|T[ADFNQRSW]|UB|W[ACDFNRSV]|YO|ZE)"
)
# What groups of a number are parted by.
_GAP = r" {0,2}[-.]? {0,2}"


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        slug: its name in a recipe.
        title: its name for people.
        pattern: what it looks like, in upper case, without what must stand around it.
        is_valid: whether a text of that look is one.
        is_weak: whether so many other codes look alike that a single cell shows nothing.
        is_checked: whether it has check digits or letters, which others pass by chance only.
        words: what a column of them is called.
        labels: what may be written before it without a gap, besides these words.
        near: the look of whole cells that are of the same sort as it, and are none.
        bare: what a whole cell looks like if only the name of its column makes it one.
    """

    slug: str
    title: str
    pattern: str
    is_valid: Callable[[str], bool]
    is_weak: bool = False
    is_checked: bool = False
    words: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    near: str = ""
    bare: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NI_GAP = " {0,2}[-./]? ?"
_NI_DIGITS = f"(?:[0-9]{{2}}{_NI_GAP}[0-9]{{2}}{_NI_GAP}[0-9]{{2}}|[0-9]{{3}}[ -][0-9]{{3}})"
_CHECKED_LETTER = "[A-HJ-NP-RT-Z]"

KINDS: dict[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind(
            "nhs",
            "NHS number",
            f"[0-9]{{3}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}",
            validity.is_nhs,
            is_checked=True,
            words=_words("nhs"),
            labels=_words("no nhsno"),
        ),
        Kind(
            "ni",
            "National Insurance number",
            f"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]{_NI_GAP}{_NI_DIGITS}{_NI_GAP}[A-D]",
            validity.is_ni,
            words=_words("ni nino insurance"),
            near="[A-Z]{2} ?[0-9]{6} ?[A-Z]",
        ),
        Kind(
            "pnc",
            "PNC id",
            rf"(?:19|20)?[0-9]{{2}}(?:/[0-9]{{1,7}}| ?/ ?[0-9]{{5,7}} ?){_CHECKED_LETTER}",
            validity.is_pnc,
            is_checked=True,
            words=_words("pnc"),
        ),
        Kind(
            "cro",
            "CRO number",
            rf"(?:[0-9]{{1,6}}/[0-9]{{2}}|[0-9]{{5,6}} ?/ ?[0-9]{{2}} ?){_CHECKED_LETTER}",
            validity.is_cro,
            is_checked=True,
            words=_words("cro"),
        ),
        Kind(
            "prison",
            "prison number",
            r"A[0-9]{4}[A-Z]{2}",
            validity.is_anything,
            is_weak=True,
            words=_words("prison prisoner nomis noms"),
        ),
        Kind(
            "crn",
            "probation CRN",
            r"[A-Z][0-9]{6}",
            validity.is_anything,
            is_weak=True,
            words=_words("crn probation"),
        ),
        Kind(
            "postcode",
            "UK postcode",
            rf"(?:{_AREA}[0-9][A-Z0-9]? {{0,2}}[0-9][ABD-HJLNP-UW-Z]{{2}}|GIR ?0AA)",
            validity.is_anything,
            words=_words("postcode postal"),
            near="[A-Z0-9]{5,7}",
        ),
        Kind(
            "email",
            "e-mail address",
            r"[A-Z0-9._%+'-]+(?:@|%40)[A-Z0-9-]+(?:\.[A-Z0-9-]+)*\.[A-Z]{2,}",
            validity.is_email,
            words=_words("email mail"),
        ),
        Kind(
            "phone",
            "phone number",
            r"(?:(?:\+ ?|00 ?)[0-9][0-9 ().-]{7,16}[0-9]|\(?0[0-9][0-9 ()-]{7,12}[0-9]"
            r"|0[0-9]{2,4}[./][0-9]{3,4}[./]?[0-9]{3,4})",
            validity.is_phone,
            words=_words("phone telephone tel mobile fax"),
            labels=_words("m t mob"),
            bare=r"(?:44 ?)?(?:7[0-9]{3} ?[0-9]{3} ?[0-9]{3}|[12][0-9]{9})",
        ),
        Kind(
            "iban",
            "IBAN",
            r"[A-Z]{2} ?[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}",
            validity.is_iban,
            is_checked=True,
            words=_words("iban"),
        ),
        Kind(
            "card",
            "payment card number",
            r"(?:(?:[0-9](?:  ?|-)?){12,18}[0-9]|[0-9]{4}(?:\.[0-9]{4}){3})",
            validity.is_card,
            is_checked=True,
            words=_words("card pan"),
        ),
        Kind(
            "driving-licence",
            "UK driving licence number",
            r"[A-Z]{1,5}9{0,4} ?[0-9][0156][0-9][0-3][0-9]{2} ?[A-Z][A-Z9][0-9][A-Z]{2}"
            r"(?: ?[0-9]{2})?",
            validity.is_licence,
            words=_words("licence license driver"),
        ),
        Kind(
            "vehicle",
            "vehicle registration",
            r"[A-Z]{2}[0-9]{2} ?[A-Z]{3}",
            validity.is_vehicle,
            is_weak=True,
            words=_words("vehicle registration vrm reg plate"),
        ),
        # Nine digits: only what the column is called tells them from any other number.
        Kind(
            "passport",
            "passport number",
            r"(?:[A-Z]{0,2}[0-9]{6,9}|[0-9]{2}[A-Z]{2}[0-9]{5}|[0-9B-DF-HJ-NP-TV-Z]{9}"
            r"|[0-9]{3} [0-9]{3} [0-9]{3})",
            validity.is_passport,
            words=_words("passport"),
        ),
        Kind(
            "ip",
            "IP address",
            r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?:[0-9A-F]{0,4}:){3,7}[0-9A-F]{0,4}"
            r"|[0-9A-F]{1,4}::[0-9A-F]{1,4})",
            validity.is_ip,
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
