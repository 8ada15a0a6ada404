"""Actions on dates that are about one person: ages, and dates that are shifted together."""

from __future__ import annotations

import csv
import datetime
import hashlib
import hmac
from typing import get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.errors import RecipeError
from securexfer.privacy.actions import ACTIONS, COUNTED_ACTIONS, PERSON_ACTIONS
from securexfer.privacy.formulas import count_formulas
from tests.unit.test_actions import act, outputs
from tests.world import SCOPE, Minimised, csv_bytes, minimise_table, read, recipe_text

FIRST, LAST = datetime.date(1850, 1, 1), datetime.date(2150, 12, 31)
dates = st.dates(FIRST, LAST)


def age_on(birth: datetime.date, on: datetime.date) -> int:
    """Completed years, counted one by one."""
    age = 0
    while True:
        try:
            birthday = birth.replace(year=birth.year + age + 1)
        except ValueError:
            birthday = datetime.date(birth.year + age + 1, 3, 1)
        if birthday > on:
            return age
        age += 1


# Of each action whose output can't be a formula: settings, and cells that it reads.
NEVER_FORMULA = {
    "pseudonymise": ('domain = "d"', "ab/123"),
    "year": ('format = "%d/%m/%y", pivot = 30', "03/02/80"),
    "month": ('format = ["%Y-%m-%d", "%B %Y"]', "May 1980"),
    "age-band": ('format = "%Y-%m-%d", on = "2026-11-26", bottom = 10', "2020-02-03"),
    "date-shift": ('format = "%Y-%m-%d", per = "person", days = 9', "1980-02-03"),
    "postcode-district": ("", "SW1A 1AA"),
}


class TestFormulas:
    def test_every_action_that_makes_none_is_tried(self) -> None:
        made_by = {*ACTIONS, *PERSON_ACTIONS, *COUNTED_ACTIONS}
        never = {kind.model_fields["action"] for kind in made_by if kind.is_never_formula}
        assert {get_args(field.annotation)[0] for field in never} == set(NEVER_FORMULA)

    @pytest.mark.parametrize("action", NEVER_FORMULA)
    @settings(max_examples=50)
    @given(tails=st.lists(st.text(st.characters(codec="utf-8", exclude_characters='"'))))
    def test_none_comes_out_whatever_goes_in(self, action: str, tails: list[str]) -> None:
        spec, readable = NEVER_FORMULA[action]
        cells = [sign + tail for sign in ("=", "+", "-", "@", "\t", " =") for tail in tails]
        cells += [readable, f"-{readable}", f"={readable}", f"\t{readable}"]
        fields = {
            "person": '{ action = "pseudonymise", domain = "person" }',
            "out": f'{{ action = "{action}"{", " if spec else ""}{spec} }}',
        }
        table = csv_bytes(
            [["person", "out"], *([str(i), cell] for i, cell in enumerate(cells))],
            quoting=csv.QUOTE_ALL,
        )
        rows = minimise_table(table, recipe_text({"t": fields})).rows[1:]
        assert rows[-4][1]
        found = pl.DataFrame({"out": [row[1] for row in rows]})
        assert count_formulas(found, ["out"]) == {"out": 0}


class TestAgeBand:
    FORMAT = 'format = "%Y-%m-%d"'

    @settings(max_examples=200)
    @given(st.lists(dates, min_size=1, max_size=20), dates)
    def test_it_is_the_band_of_the_completed_years(
        self, births: list[datetime.date], on: datetime.date
    ) -> None:
        made = outputs([b.isoformat() for b in births], "age-band", f'{self.FORMAT}, on = "{on}"')
        for birth, band in zip(births, made, strict=True):
            decade = age_on(birth, on) // 10 * 10 if birth <= on else None
            assert band == ("" if decade is None else f"{decade} to {decade + 9}")

    @pytest.mark.parametrize(
        ("cell", "band"),
        [("2008-04-02", "under 18"), ("2008-04-01", "18 to 42"), ("1958-04-01", "68 and over")],
    )
    def test_the_ends_are_open(self, cell: str, band: str) -> None:
        ends = f'{self.FORMAT}, on = "2026-04-01", width = 25, bottom = 18, top = 68'
        assert outputs([cell], "age-band", ends) == [band]

    @pytest.mark.parametrize("cell", ["1980-02-30", "1849-12-31", "80-01-01", "x", "2026-04-02"])
    def test_what_gives_no_age_becomes_blank_and_is_counted(self, cell: str) -> None:
        found = act([cell], "age-band", f'{self.FORMAT}, on = "2026-04-01"')
        assert found.rows[1][0] == ""
        assert found.n_unparsed == {"out": 1}

    @pytest.mark.parametrize(
        ("more", "problem"),
        [
            ('on = "1 April 2026"', "on: must be a day"),
            ('on = "2026-02-30"', "on: must be a day"),
            ('on = "2026-04-01", width = 10, top = 65', "top must be a whole number of bands"),
            ('on = "2026-04-01", width = 0', "width: must be at least 1"),
            ("width = 10", "on: missing"),
        ],
    )
    def test_settings_that_make_no_sense_are_refused(self, more: str, problem: str) -> None:
        with pytest.raises(RecipeError) as caught:
            act(["x"], "age-band", f"{self.FORMAT}, {more}")
        assert any(problem in found for found in caught.value.problems), caught.value.problems

    def test_a_format_without_a_day_is_refused(self) -> None:
        with pytest.raises(RecipeError):
            act(["x"], "age-band", 'format = "%m/%Y", on = "2026-04-01"')


def shifted(rows: list[tuple[str, str, str]], days: int, *, identifier: str = "") -> Minimised:
    """Two dates of persons, shifted."""
    kind = f', identifier = "{identifier}"' if identifier else ""
    date = f'action = "date-shift", per = "person", format = "%Y-%m-%d", days = {days} }}'
    fields = {
        "person": f'{{ from = "id", action = "pseudonymise", domain = "person"{kind} }}',
        "first": f'{{ from = "a", {date}',
        "second": f'{{ from = "b", {date}',
    }
    data = csv_bytes([["id", "a", "b"], *rows], quoting=csv.QUOTE_ALL)
    return minimise_table(data, recipe_text({"t": fields}))


def expected_shift(person: str, days: int) -> int:
    """The same by `hmac`, for an identifier without a kind that is canonical as it is."""
    key = SCOPE.field_key("person", "", purpose="date-shift")
    digits = hmac.new(key.encode(), person.encode(), hashlib.sha256).hexdigest()[:15]
    step = int(digits, 16) % (2 * days)
    return step - days if step < days else step - days + 1


class TestDateShift:
    @settings(max_examples=100)
    @given(
        st.lists(st.tuples(st.sampled_from("ABCDE"), dates, dates), min_size=1, max_size=20),
        st.integers(1, 3650),
    )
    def test_it_is_the_keyed_shift_of_the_person(
        self, rows: list[tuple[str, datetime.date, datetime.date]], days: int
    ) -> None:
        found = shifted([(p, a.isoformat(), b.isoformat()) for p, a, b in rows], days)
        for (person, *plain), (_, *moved) in zip(rows, found.rows[1:], strict=True):
            shift = expected_shift(person, days)
            assert 1 <= abs(shift) <= days
            for before, after in zip(plain, moved, strict=True):
                try:
                    there = before + datetime.timedelta(days=shift)
                except OverflowError:
                    there = datetime.date.max
                assert after == (there.isoformat() if FIRST <= there <= LAST else "")

    def test_every_shift_up_to_the_bound_occurs_and_none_beyond(self) -> None:
        rows = [(f"P{n}", "2000-06-15", "2000-06-15") for n in range(2000)]
        start = datetime.date(2000, 6, 15)
        moved = {
            (datetime.date.fromisoformat(row[1]) - start).days for row in shifted(rows, 3).rows[1:]
        }
        assert moved == {-3, -2, -1, 1, 2, 3}

    def test_spellings_of_one_identifier_share_a_shift(self) -> None:
        rows = [(p, "2000-01-01", "2000-03-01") for p in ("99/123456X", "1999/0123456x ")]
        one, other = shifted(rows, 3650, identifier="pnc").rows[1:]
        assert one == other

    def test_without_a_person_there_is_no_date(self) -> None:
        found = shifted([(" ", "2000-01-01", "")], 5)
        assert found.rows[1] == ["", "", ""]

    def test_what_is_no_date_becomes_blank_and_is_counted(self) -> None:
        found = shifted([("A", "2000-13-01", "2000-01-01")], 5)
        assert found.rows[1][1] == ""
        assert found.n_unparsed == {"first": 1}

    @pytest.mark.parametrize("per", ["first", "nobody", "id"])
    def test_it_must_name_a_pseudonymised_field(self, per: str) -> None:
        fields = {
            "person": '{ from = "id", action = "pseudonymise", domain = "person" }',
            "first": f'{{ action = "date-shift", per = "{per}", format = "%Y-%m-%d", days = 5 }}',
        }
        with pytest.raises(RecipeError) as caught:
            read(recipe_text({"t": fields}))
        assert any("first.per: must name" in problem for problem in caught.value.problems)
