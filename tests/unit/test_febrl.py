"""Two public data sets end to end, held against an independent computation.

The febrl data sets hold synthetic people. What the recipient gets must equal, value for value,
what this file computes from the raw files with the csv and hmac modules and its own HKDF.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
from pathlib import Path

import pytest
import pyzipper

from securexfer.planning import Input
from tests.world import World, csv_rows, recipe_text

DATASETS = ["dataset1", "dataset3"]
WITHHELD = ["given_name", "surname", "street_number", "address_1", "address_2", "suburb"]
FIELDS = {
    "record": '{ from = "rec_id", action = "pseudonymise", domain = "record" }',
    "person": '{ from = "soc_sec_id", action = "pseudonymise", domain = "person" }',
    "birth_year": '{ from = "date_of_birth", action = "year", format = "%Y%m%d" }',
    "state": '{ action = "keep" }',
    "postcode": '{ action = "band", width = 1000 }',
}
TRIM = "[tables.people]\ncsv = { trim = true }"


def length_prefixed(*parts: str) -> bytes:
    return b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)


def hkdf(key: bytes, *parts: str) -> bytes:
    extracted = hmac.new(bytes(32), key, hashlib.sha256).digest()
    return hmac.new(extracted, length_prefixed(*parts) + b"\x01", hashlib.sha256).digest()


def expected_token(secret: bytes, bundle_id: str, domain: str, value: str) -> str:
    if not value:
        return ""
    scope = hkdf(secret, "securexfer/1/scope", "bundle", bundle_id)
    key = hkdf(scope, "securexfer/1/field", "token", domain, "").hex().encode()
    return f"{domain}_{hmac.new(key, value.upper().encode(), hashlib.sha256).hexdigest()[:24]}"


def expected_year(text: str) -> str:
    if len(text) != 8 or not text.isdigit():
        return ""
    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if year % 4 == 0 and (year % 100 or year % 400 == 0):
        days[1] = 29
    is_date = 1 <= month <= 12 and 1 <= day <= days[month - 1]
    return str(year) if is_date and 1850 <= year <= 2150 else ""


def expected_band(text: str) -> str:
    if not text.isdigit():
        return ""
    lower = int(text) // 1000 * 1000
    return f"{lower} to {lower + 999}"


def raw_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    header = [name.strip() for name in lines[0]]
    rows = [[cell.strip() for cell in line] for line in lines[1:] if line]
    return [dict(zip(header, row, strict=True)) for row in rows]


def telling(values: set[str], least: int) -> set[str]:
    """Values that do not turn up by chance: long enough, and with more than hex digits in them."""
    hex_digits = set("0123456789abcdef")
    return {value for value in values if len(value) >= least and set(value.lower()) - hex_digits}


@pytest.mark.parametrize("name", DATASETS)
def test_what_the_recipient_gets_equals_an_independent_computation(
    world: World, febrl: Path, name: str
) -> None:
    source = febrl / f"{name}.csv"
    recipe = recipe_text({"people": FIELDS}, before=TRIM)
    result = world.ann.pack_files([Input("people", source)], recipe, [world.bob], world.drive)
    world.bob.unpack(result.path, world.folder / "out")
    found = csv_rows((world.folder / "out" / "people.csv").read_bytes())

    secret, bundle_id = world.ann.identity.pseudonym_secret, result.manifest.bundle_id
    raw = raw_rows(source)
    assert len(raw) >= 1000
    expected = [
        [
            expected_token(secret, bundle_id, "record", row["rec_id"]),
            expected_token(secret, bundle_id, "person", row["soc_sec_id"]),
            expected_year(row["date_of_birth"]),
            row["state"],
            expected_band(row["postcode"]),
        ]
        for row in raw
    ]
    assert found[0] == list(FIELDS)
    assert len(found) == len(expected) + 1
    assert found[1:] == expected

    (table,) = result.manifest.tables
    assert table.withheld == WITHHELD
    assert (table.n_rows_in, table.n_rows_out) == (len(raw), len(raw))
    unread = sum(
        bool(row["date_of_birth"]) and not expected_year(row["date_of_birth"]) for row in raw
    )
    assert table.n_unparsed == {
        "birth_year": unread,
        "postcode": sum(
            bool(row["postcode"]) and not expected_band(row["postcode"]) for row in raw
        ),
    }


@pytest.mark.parametrize("name", DATASETS)
def test_withheld_values_are_in_no_byte_that_the_bundle_decrypts_to(
    world: World, febrl: Path, name: str
) -> None:
    source = febrl / f"{name}.csv"
    recipe = recipe_text({"people": FIELDS}, before=TRIM)
    result = world.ann.pack_files([Input("people", source)], recipe, [world.bob], world.drive)
    raw = raw_rows(source)
    withheld = {row[column] for row in raw for column in WITHHELD}
    withheld |= {row["rec_id"] for row in raw} | {row["date_of_birth"] for row in raw}
    readable, rare = telling(withheld, 5), telling(withheld, 8)
    assert min(len(readable), len(rare)) > 500

    with world.bob.verify(result.path) as verified:
        password = verified.inside.password
    with pyzipper.AESZipFile(result.path) as archive:
        archive.setpassword(password.encode("ascii"))
        members = {member: archive.read(member) for member in archive.namelist()}
    assert len(members) == 4
    rows = gzip.decompress(members["tables/0001.csv.gz"])
    assert rows.startswith(b"record,person,")
    for content in (rows, members["manifest.json"], members["READ-ME.txt"]):
        text = content.decode("utf-8").lower()
        assert [value for value in readable if value.lower() in text] == []
    # Among random bytes and base64, short values would turn up by chance.
    for content in (*members.values(), result.path.read_bytes()):
        text = content.decode("latin-1")
        assert [value for value in rare if value in text] == []
