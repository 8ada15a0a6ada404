"""Values in a recipe: their types and limits, dates and epochs."""

from __future__ import annotations

import pytest

from securexfer.recipe.model import MAX_TABLES
from securexfer.recipe.reading import parse_recipe
from tests.unit.recipe_fault import KEEP, VALID, field, field_problems, problems
from tests.world import AGREEMENT


class TestTypesAndLimits:
    @pytest.mark.parametrize(
        ("old", "new", "path"),
        [
            ("version = 1", 'version = "1"', "version"),
            ("version = 1", "version = 2", "version"),
            ("retention_days = 90", 'retention_days = "90"', "agreement.retention_days"),
            ("retention_days = 90", "retention_days = 90.0", "agreement.retention_days"),
            ("retention_days = 90", "retention_days = true", "agreement.retention_days"),
            ("retention_days = 90", "retention_days = nan", "agreement.retention_days"),
            ("retention_days = 90", "retention_days = 2026-01-01", "agreement.retention_days"),
            ("retention_days = 90", "retention_days = 0", "agreement.retention_days"),
            ("retention_days = 90", "retention_days = -1", "agreement.retention_days"),
            ("retention_days = 90", "retention_days = 3651", "agreement.retention_days"),
            ("retention_days = 90", f"retention_days = {10**30}", "agreement.retention_days"),
            ('"Evaluate supervision"', "[]", "agreement.purpose"),
            ('"Evaluate supervision"', '""', "agreement.purpose"),
            ('"Evaluate supervision"', f'"{"x" * 501}"', "agreement.purpose"),
            ('"dpa2018-part3"', '"DPA2018-part3"', "agreement.regime"),
            ("retention_days = 90", 'retention_days = 9\nrecipients = "a"', "agreement.recipients"),
            ("retention_days = 90", "retention_days = 9\nrecipients = []", "agreement.recipients"),
            (
                "retention_days = 90",
                'retention_days = 9\nrecipients = ["a", 1]',
                "agreement.recipients.1",
            ),
            ("[tables.t.fields]", "[tables]\nt = 5\n[tables.u.fields]", "tables.t"),
            ("[tables.t.fields]", "[tables.t]\nfields = []\n[tables.u.fields]", "tables.t.fields"),
            ("[tables.t.fields]", "[tables.t.fields]\n[tables.u.fields]", "tables.t.fields"),
        ],
    )
    def test_a_wrong_value_is_named_by_its_path(self, old: str, new: str, path: str) -> None:
        assert old in VALID
        assert [p.partition(":")[0] for p in problems(VALID.replace(old, new))] == [path]

    @pytest.mark.parametrize("days", [1, 3650])
    def test_retention_may_be_from_a_day_to_ten_years(self, days: int) -> None:
        text = VALID.replace("retention_days = 90", f"retention_days = {days}")
        assert parse_recipe(text.encode()).recipe.agreement.retention_days == days

    @pytest.mark.parametrize("n_tables", [MAX_TABLES, MAX_TABLES + 1])
    def test_the_number_of_tables_is_limited(self, n_tables: int) -> None:
        text = AGREEMENT + "".join(
            f'[tables.t{i}.fields]\na = {{ action = "keep" }}\n' for i in range(n_tables)
        )
        if n_tables == MAX_TABLES:
            assert len(parse_recipe(text.encode()).recipe.tables) == MAX_TABLES
        else:
            (problem,) = problems(text)
            assert problem.startswith("tables: ")

    @pytest.mark.parametrize(
        ("spec", "path"),
        [
            ("width = 0", ".width"),
            ("width = -5", ".width"),
            ("width = 2.5", ".width"),
            ('width = "5"', ".width"),
            ("width = 1000000000001", ".width"),
            ("width = 5, bottom = -1000000000001", ".bottom"),
            ("width = 5, top = 1000000000001", ".top"),
            ("width = 5, bottom = 1.5", ".bottom"),
            ("width = 5, bottom = 10, top = 10", ""),
            ("width = 5, bottom = 10, top = 5", ""),
            ("width = 5, bottom = 1, top = 10", ""),
            ("width = 5, top = 12", ""),
            ("bottom = 1", ".width"),
        ],
    )
    def test_bands_have_whole_bounds_that_fit(self, spec: str, path: str) -> None:
        found = field_problems(f'action = "band", {spec}')
        assert [problem.partition(":")[0] for problem in found] == [path]

    @pytest.mark.parametrize(
        "spec",
        [
            "width = 1",
            "width = 1000000000000",
            "width = 5, bottom = -1000000000000",
            "width = 5, bottom = 1, top = 11",
            "width = 5, top = 10",
            "width = 5, bottom = 0, top = 5",
        ],
    )
    def test_bands_that_fit_are_accepted(self, spec: str) -> None:
        parse_recipe(field(f'action = "band", {spec}').encode())

    @pytest.mark.parametrize(
        "spec",
        [
            *('delimiter = ""', 'delimiter = ",,"', 'delimiter = " "', 'delimiter = "a"'),
            *('delimiter = "1"', 'delimiter = "\\n"', 'delimiter = "é"', 'quote = ""'),
            *('quote = "\\u0000"', 'quote = "\\u007f"', 'quote = ","', "delimiter = 1"),
            *('encoding = "UTF-8"', 'encoding = "ascii"', "trim = 1", 'trim = "yes"'),
        ],
    )
    def test_a_dialect_is_made_of_one_mark_each(self, spec: str) -> None:
        (problem,) = problems(f"{AGREEMENT}[tables.t]\ncsv = {{ {spec} }}\n{KEEP}")
        assert problem.startswith("tables.t.csv")

    def test_a_constant_is_text_of_limited_length(self) -> None:
        assert field_problems('action = "constant"') == [".value: missing"]
        for value in ("1", "true", f'"{"x" * 501}"'):
            (problem,) = field_problems(f'action = "constant", value = {value}')
            assert problem.startswith(".value:")


class TestDates:
    @pytest.mark.parametrize("action", ["year", "month"])
    @pytest.mark.parametrize(
        ("spec", "path", "says"),
        [
            ("", ".format", "missing"),
            ("format = 5", ".format", ""),
            ("format = []", ".format", ""),
            ('format = "%d/%m"', ".format", "needs a year"),
            ('format = "%Y %y %m"', ".format", "needs a year"),
            ('format = "x"', ".format", "needs a year"),
            ('format = "%Y-%m-%d %z"', ".format", "%z is not supported"),
            ('format = "%Y-%j"', ".format", "%j is not supported"),
            ('format = "%Y-%m-%d %"', ".format", "is not supported"),
            ('format = ["%Y-%m", "%m"]', ".format", "needs a year"),
            ('format = "%d/%m/%y"', "", "need a pivot"),
            ('format = ["%d/%m/%Y", "%d/%m/%y"]', "", "need a pivot"),
            ('format = "%d/%m/%Y", pivot = 30', "", "pivot has no effect"),
            ('format = "%d/%m/%y", pivot = 100', ".pivot", "at most 99"),
            ('format = "%d/%m/%y", pivot = -1', ".pivot", "at least 0"),
            ('format = "%d/%m/%y", pivot = 30.0', ".pivot", ""),
        ],
    )
    def test_formats_state_a_year_and_a_pivot_where_it_has_two_digits(
        self, action: str, spec: str, path: str, says: str
    ) -> None:
        found = field_problems(", ".join(part for part in (f'action = "{action}"', spec) if part))
        assert [problem.partition(":")[0] for problem in found] == [path]
        assert says in found[0]

    @pytest.mark.parametrize("pivot", [0, 30, 99])
    def test_a_pivot_is_a_two_digit_year(self, pivot: int) -> None:
        parse_recipe(field(f'action = "year", format = "%d/%m/%y", pivot = {pivot}').encode())

    def test_a_month_needs_a_month_in_each_format(self) -> None:
        (problem,) = field_problems('action = "month", format = ["%m/%Y", "%Y"]')
        assert "each format needs a month" in problem


class TestEpochs:
    def test_an_epoch_without_linkage_by_agreement_is_refused(self) -> None:
        for linkage in ("", 'linkage = "bundle"\n'):
            (problem,) = problems(f'{VALID}[pseudonyms]\n{linkage}epoch = "2026"\n')
            assert problem == 'pseudonyms: epoch has no effect with linkage = "bundle"'

    @pytest.mark.parametrize("epoch", ["2026", '""', "[]"])
    def test_an_epoch_is_text(self, epoch: str) -> None:
        (problem,) = problems(f'{VALID}[pseudonyms]\nlinkage = "agreement"\nepoch = {epoch}\n')
        assert problem.startswith("pseudonyms.epoch: ")

    def test_linkage_is_one_of_two(self) -> None:
        (problem,) = problems(f'{VALID}[pseudonyms]\nlinkage = "forever"\n')
        assert problem.startswith("pseudonyms.linkage: ")
