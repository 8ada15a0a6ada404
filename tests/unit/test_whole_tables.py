"""Whole tables leave, and are counted, as they would be row by row; blocks make no difference."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import Findings, minimise_extract
from securexfer.privacy.plan import plan_tables
from securexfer.privacy.survey import survey
from securexfer.privacy.watch import Watch
from tests.unit import plain_table
from tests.unit.plain_table import AT_LEAST, DAYS, MEANINGS, MIN_DISTINCT, MIN_SIZE, Row
from tests.world import SCOPE, csv_rows, read, recipe_text

COLUMNS = ("id", "surname", "dob", "n", "postcode", "sex", "code", "note", "ref", "unread")
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
_DATES = 'format = ["%d/%m/%Y", "%Y-%m-%d"]'


def recipe(identifier: str | None, encoding: str, delimiter: str, *, trim: bool, small: str) -> str:
    kind = f', identifier = "{identifier}"' if identifier else ""
    fields = {
        "person": f'{{ from = "id", action = "pseudonymise", domain = "person"{kind} }}',
        "born": f'{{ from = "dob", action = "year", {_DATES} }}',
        "month": f'{{ from = "dob", action = "month", {_DATES} }}',
        "moved": f'{{ from = "dob", action = "date-shift", {_DATES}, per = "person", '
        f"days = {DAYS} }}",
        "age": f'{{ from = "dob", action = "age-band", {_DATES}, on = "2026-03-01", top = 90 }}',
        "band": '{ from = "n", action = "band", width = 10, top = 90 }',
        "near": '{ from = "n", action = "round", to = 5 }',
        "district": '{ from = "postcode", action = "postcode-district" }',
        "sex": '{ action = "map", values = { '
        + ", ".join(f"{json.dumps(a)} = {json.dumps(b)}" for a, b in MEANINGS.items())
        + " } }",
        "kind": f'{{ from = "code", action = "category", at_least = {AT_LEAST} }}',
        "area": '{ from = "code", action = "truncate", length = 2 }',
        "note": '{ action = "keep" }',
        "ref": '{ action = "keep" }',
    }
    before = (
        f'[limits]\nresidual = "report"\necho = "report"\ngate_reason = "counted"\n'
        f'min_group_size = {MIN_SIZE}\non_small_group = "{small}"\n'
        f'[tables.t]\nidentifying = ["surname"]\nquasi_identifiers = {[*plain_table.QUASI]}\n'
        f"sensitive = {[*plain_table.SENSITIVE]}\nmin_distinct = {MIN_DISTINCT}\n"
        f"csv = {{ delimiter = {json.dumps(delimiter)}, trim = {str(trim).lower()}, "
        f'encoding = "{encoding.removesuffix("-sig")}" }}\n'
    )
    return recipe_text({"t": fields}, before=before)


# Spellings of few people; then what tells people apart, and what names nobody.
IDS = ["9434765919", "943 476 5919", " 943-476-5919", "\uff19\uff14\uff13 476 5919", "943476591"]
IDS += ["99/123456X", "1999/0123456x", "62/1A", "1962/0000001A", "20/9N", "P123456", "p 123456"]
IDS += ["0123456", "123456", "123456.0", "", " ", "\u00a0", "stra\u00dfe", "12"]
NAMES = ["Smith", "SMITH", "O'Brien", "Smith-Jones", "J.F.K.", "Zo\u00eb", "Li", "and", "", "d'Or"]
DATES = ["03/02/1980", "3/2/1980", "29/02/2000", "29/02/1900", "31/12/2150", "01/01/1850", ""]
DATES += ["31/12/1849", "1/1/2151", "2026-03-01", "2026-03-02", "1936-03-01", "1936-03-02"]
DATES += ["1980-02-03", " 1980-02-03 ", "unknown", "00/00/0000", "1980-02-03x", "1980-02"]
NUMBERS = ["0", "7", "007", "9.99", "89.99", "90", "-0.5", "-0", "-5", "+12", "2.5", "-2.5", ""]
NUMBERS += ["7.4999", "1,234", "1e3", " 12 ", "999999999999999", "1" * 16, "-12.5", ".5", "5."]
POSTCODES = ["SW1A 1AA", "sw1a1aa", "M1 1AE", "M1  1AE", "M11AE", "GIR 0AA", "gir0aa", "SW1A", ""]
POSTCODES += ["GIR 1AA", "M1 1A", "M1 1AC", "\u00a0M1\u00a01AE", "B33 8TH"]
CODES = ["A1", "a1", "A1 ", "B2", "B2x", "Smith", "=x", "@1", "", " "]
NOTES = ["", " ", "seen", "rang smith today", "o\u2019brien", "zoe", "jfk", "Dor", "smithjones"]
NOTES += ["9434765919", "9434765919 ", "nhs 943 476 5919 on file", "7700900123  ", "=1+1", "+44 20"]
NOTES += ["-5", "M1 1AE", "M11AE", "a@b.org", "ref 00-123456", "pnc 99/123456x.", "\t", "a\nb", "@"]
NOTES += ['say "x", then', "\u0669\u0664\u0663\u0664\u0667\u0666\u0665\u0669\u0661\u0669", "AB1234"]
ROWS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "surname": st.sampled_from(NAMES),
        "dob": st.sampled_from(DATES),
        "n": st.sampled_from(NUMBERS),
        "postcode": st.sampled_from(POSTCODES),
        "sex": st.sampled_from(["1", "2", " 1", "=9", "3", "", "1 "]),
        "code": st.sampled_from(CODES),
        "note": st.sampled_from(NOTES),
        "ref": st.one_of(st.sampled_from(NOTES), st.integers(0, 10**12).map(str)),
        "unread": st.sampled_from(["", "x" * 70, "a\nb", '"', "\r\n,"]),
    }
)


def spell(rows: Sequence[Row], delimiter: str, end: str, *, quote_all: bool) -> str:
    def quote(cell: str) -> str:
        if quote_all or set(cell) & {'"', delimiter, "\r", "\n"}:
            return '"' + cell.replace('"', '""') + '"'
        return cell

    lines = [COLUMNS, *([row[name] for name in COLUMNS] for row in rows)]
    return end.join(delimiter.join(map(quote, line)) for line in lines)


@pytest.mark.usefixtures("small_reads")
@settings(max_examples=120)
@given(
    # Few different rows, so that there are groups.
    st.lists(ROWS, min_size=1, max_size=6).flatmap(
        lambda pool: st.lists(st.sampled_from(pool) | ROWS, max_size=25)
    ),
    st.sampled_from([None, "nhs", "pnc"]),
    st.sampled_from(ENCODINGS),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 150, 700, 1 << 22]),
)
def test_they_leave_as_row_by_row(
    rows: list[Row],
    identifier: str | None,
    encoding: str,
    delimiter: str,
    end: str,
    quote_all: bool,
    trim: bool,
    suppress: bool,
    block_bytes: int,
) -> None:
    small = "suppress" if suppress else "refuse"
    parsed = read(recipe(identifier, encoding, delimiter, trim=trim, small=small)).recipe
    stream = io.BytesIO(spell(rows, delimiter, end, quote_all=quote_all).encode(encoding))
    with Extract("t", stream, parsed.tables["t"].csv, block_bytes=block_bytes) as extract:
        (plan,) = plan_tables(parsed, {"t": extract.header})
        rulings = survey(extract, plan, SCOPE, lambda n_bytes, n_rows: None)
        watch, counted = Watch(plan), Findings()
        plaintext = b""
        for chunk in minimise_extract(extract, plan, SCOPE, watch=watch, rulings=rulings):
            counted.add(chunk)
            plaintext += chunk.plaintext
    expected = plain_table.minimise_plainly(rows, identifier, trim=trim, suppress=suppress)

    header, *leaving = csv_rows(plaintext)
    assert [dict(zip(header, row, strict=True)) for row in leaving] == expected.rows
    assert counted.n_rows_in == len(rows)
    assert counted.n_rows_out == watch.n_rows == len(expected.rows)
    assert watch.n_suppressed == expected.n_suppressed
    assert +counted.n_unparsed == +expected.n_unparsed
    assert +counted.n_formulas == +expected.n_formulas
    assert +watch.n_echoes == +expected.n_echoes
    assert (watch.subjects.count(), watch.n_unnamed) == (expected.n_subjects, expected.n_unnamed)
    found: dict[str, list[object]] = {name: [] for name in plain_table.OPEN}
    for planned, sighting in watch.sightings():
        found[planned.name].append(sighting)
    assert found == expected.sightings
    groups = watch.group_findings()
    assert groups is not None
    sizes = expected.group_sizes.values()
    assert (groups.k, groups.n_groups) == (min(sizes, default=0), len(sizes))
    assert groups.n_unique == Counter(sizes)[1]
    assert not suppress or groups.n_small_rows == 0
