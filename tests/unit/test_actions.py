"""Actions: what each makes of a cell, and which cells become blank and are counted."""

from __future__ import annotations

import csv
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.world import Minimised, csv_bytes, minimise_table, recipe_text, toml_text


def act(cells: list[str], action: str, settings: str = "") -> Minimised:
    """One action over a column; a second, constant field keeps rows apart from blank lines."""
    spec = ", ".join(part for part in ('from = "a"', f'action = "{action}"', settings) if part)
    fields = {"out": f"{{ {spec} }}", "row": '{ action = "constant", value = "." }'}
    data = csv_bytes([["a", "withheld"], *([cell, "w"] for cell in cells)], quoting=csv.QUOTE_ALL)
    return minimise_table(data, recipe_text({"t": fields}))


def outputs(cells: list[str], action: str, settings: str = "") -> list[str]:
    found = act(cells, action, settings)
    assert [row[1] for row in found.rows[1:]] == ["."] * len(cells)
    return [row[0] for row in found.rows[1:]]


def n_blanked(cells: list[str], action: str, settings: str = "") -> int:
    return act(cells, action, settings).n_unparsed.get("out", 0)


class TestKeep:
    @pytest.mark.parametrize(
        "cell",
        [
            "",
            " ",
            "001",
            "07700900123",
            "1.50",
            "true",
            "NULL",
            "NaN",
            "1e5",
            "2020-01-01",
            "é",
            "😀",
            '"',
            "'",
            ",",
            "\n",
            "\r\n",
            "\r",
            "a\0b",
            "=1+1",
            "#x",
            "x" * 100_000,
        ],
    )
    def test_the_cell_comes_out_as_it_went_in(self, cell: str) -> None:
        found = act([cell], "keep")
        assert found.rows[1][0] == cell
        assert found.n_unparsed == {}


class TestPseudonymise:
    SPEC = 'domain = "person"'

    def test_a_token_is_the_domain_and_24_hex_digits(self) -> None:
        (token,) = outputs(["X1"], "pseudonymise", self.SPEC)
        assert re.fullmatch(r"person_[0-9a-f]{24}", token)

    def test_equal_values_share_a_token_and_others_do_not(self) -> None:
        one, two, three = outputs(["X1", "X2", "X1"], "pseudonymise", self.SPEC)
        assert one == three != two

    @pytest.mark.parametrize("cell", ["", " ", "\t", "\u00a0", "\u3000 "])
    def test_blank_stays_blank_and_is_not_counted_as_unread(self, cell: str) -> None:
        found = act([cell, "X1"], "pseudonymise", self.SPEC)
        assert found.rows[1][0] == ""
        assert found.n_unparsed == {}

    def test_the_source_value_is_in_no_output(self) -> None:
        found = act(["canary-7f3a"] * 3, "pseudonymise", self.SPEC)
        assert b"canary" not in found.plaintext.lower()


class TestYear:
    DAY = 'format = "%d/%m/%Y"'

    @pytest.mark.parametrize(
        ("cell", "year"),
        [
            ("01/02/1980", "1980"),
            ("1/2/1980", "1980"),
            (" 01/02/1980 ", "1980"),
            ("29/02/2000", "2000"),
            ("29/02/2024", "2024"),
            ("31/12/1850", "1850"),
            ("01/01/1850", "1850"),
            ("31/12/2150", "2150"),
        ],
    )
    def test_the_year_of_a_date_that_is_one(self, cell: str, year: str) -> None:
        assert outputs([cell], "year", self.DAY) == [year]
        assert n_blanked([cell], "year", self.DAY) == 0

    @pytest.mark.parametrize(
        "cell",
        [
            "29/02/1900",
            "29/02/2023",
            "31/04/1980",
            "32/01/1980",
            "01/13/1980",
            "00/01/1980",
            "31/12/1849",
            "01/01/2151",
            "01/02/80",
            "01/02/0080",
            "01/02/19800",
            "1980",
            "1980-02-01",
            "01/02/1980 10:00",
            "01/02/1980x",
            "x01/02/1980",
            "01/02",
            "unknown",
            "0",
            "\u0660\u0661/\u0660\u0662/\u0661\u0669\u0668\u0660",
        ],
    )
    def test_anything_else_becomes_blank_and_is_counted(self, cell: str) -> None:
        assert outputs([cell], "year", self.DAY) == [""]
        assert n_blanked([cell], "year", self.DAY) == 1

    @pytest.mark.parametrize("cell", ["", " ", "\t "])
    def test_a_blank_cell_stays_blank_and_is_not_counted(self, cell: str) -> None:
        assert outputs([cell], "year", self.DAY) == [""]
        assert n_blanked([cell], "year", self.DAY) == 0

    @pytest.mark.parametrize(
        ("form", "cell", "year"),
        [
            ("%Y-%m-%d", "1980-02-01", "1980"),
            ("%Y%m%d", "19800201", "1980"),
            ("%Y", "1980", "1980"),
            ("%m/%Y", "02/1980", "1980"),
            ("%Y-%m", "1980-02", "1980"),
            ("%d %b %Y", "1 Feb 1980", "1980"),
            ("%d %b %Y", "01 FEB 1980", "1980"),
            ("%d %B %Y", "1 February 1980", "1980"),
            ("%Y-%m-%d %H:%M:%S", "1980-02-01 23:59:59", "1980"),
            ("%Y-%m-%dT%T", "1980-02-01T00:00:00", "1980"),
            ("%d%%%m%%%Y", "01%02%1980", "1980"),
            ("%Y", "80", ""),
            ("%Y", "1980 05", ""),
            ("%m/%Y", "13/1980", ""),
            ("%Y%m%d", "1980-02-01", ""),
            ("%Y%m%d", "19800230", ""),
            ("%d %b %Y", "1 Foo 1980", ""),
            ("%Y-%m-%d %H:%M:%S", "1980-02-01", ""),
            ("%Y-%m-%d %H:%M:%S", "1980-02-01 25:00:00", ""),
        ],
    )
    def test_formats(self, form: str, cell: str, year: str) -> None:
        assert outputs([cell], "year", f'format = "{form}"') == [year]

    @pytest.mark.parametrize(
        ("cell", "pivot", "year"),
        [
            ("01/02/80", 30, "1980"),
            ("01/02/29", 30, "2029"),
            ("01/02/30", 30, "1930"),
            ("01/02/00", 30, "2000"),
            ("01/02/99", 30, "1999"),
            ("01/02/68", 69, "2068"),
            ("01/02/69", 69, "1969"),
            ("01/02/69", 70, "2069"),
            ("01/02/99", 99, "1999"),
            ("01/02/98", 99, "2098"),
            ("01/02/01", 0, "1901"),
            ("01/02/99", 0, "1999"),
            ("29/02/00", 30, "2000"),
            ("29/02/04", 30, "2004"),
            ("29/02/04", 4, "1904"),
            ("29/02/96", 30, "1996"),
            ("29/02/96", 97, "2096"),
            ("29/02/72", 30, "1972"),
            ("29/02/68", 30, "1968"),
            ("29/02/01", 30, ""),
            ("29/02/97", 30, ""),
            ("1/2/5", 30, "2005"),
            ("01/02/1980", 30, ""),
            ("01/02/180", 30, ""),
        ],
    )
    def test_two_digit_years_turn_at_the_pivot(self, cell: str, pivot: int, year: str) -> None:
        spec = f'format = "%d/%m/%y", pivot = {pivot}'
        assert outputs([cell], "year", spec) == [year]
        assert n_blanked([cell], "year", spec) == (year == "")

    @pytest.mark.parametrize(
        ("form", "cell", "year"),
        [
            ("%d/%m/%y", "01/02/-5", ""),
            ("%d/%m/%y", "01/02/+5", ""),
            ("%d/%m/%y", "01/02/5/", ""),
            ("%d/%m/%y", "01/02/5x", ""),
            ("%d %b %y", "1 Feb 80", "1980"),
            ("%d-%b-%y", "1-Feb-5-", ""),
            ("%e. %B %y (%%)", "1. February 80 (%)", "1980"),
            ("%d/%m/%y %H:%M", "01/02/80 10:30", "1980"),
            ("%d/%m/%y %H:%M", "01/02/8/ 10:30", ""),
            ("%b %y", "feb 05", "2005"),
            ("%y", "80", "1980"),
            ("%y", "5x", ""),
            ("%y%m%d", "800201", "1980"),
            ("%y%m%d", "-90412", ""),
            ("%d%m%y", "010280", "1980"),
            ("%d%m%y", "01125", ""),  # could be of 2005 or 2025
        ],
    )
    def test_two_digit_years_are_digits(self, form: str, cell: str, year: str) -> None:
        spec = f'format = "{form}", pivot = 30'
        assert outputs([cell], "year", spec) == [year]
        assert n_blanked([cell], "year", spec) == (year == "")

    def test_the_first_format_that_reads_a_cell_counts(self) -> None:
        spec = 'format = ["%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%Y"], pivot = 30'
        cells = ["01/02/1980", "12/31/1981", "31/12/82", "1983", "31/31/1984", "84"]
        assert outputs(cells, "year", spec) == ["1980", "1981", "1982", "1983", "", ""]
        assert n_blanked(cells, "year", spec) == 2

    def test_an_implausible_reading_leaves_the_cell_to_the_next_format(self) -> None:
        spec = 'format = ["%d/%m/%Y", "%d/%m/%y"], pivot = 30'
        assert outputs(["01/02/80", "01/02/20"], "year", spec) == ["1980", "2020"]

    @settings(max_examples=100)
    @given(st.lists(st.dates(), max_size=20))
    def test_the_year_is_pythons_within_the_plausible_range(self, dates: list[object]) -> None:
        cells = [str(date) for date in dates]
        expected = [cell[:4] if 1850 <= int(cell[:4]) <= 2150 else "" for cell in cells]
        assert outputs(cells, "year", 'format = "%Y-%m-%d"') == expected
        assert n_blanked(cells, "year", 'format = "%Y-%m-%d"') == expected.count("")


class TestMonth:
    @pytest.mark.parametrize(
        ("form", "cell", "month"),
        [
            ("%d/%m/%Y", "01/02/1980", "1980-02"),
            ("%d/%m/%Y", "31/12/1980", "1980-12"),
            ("%m/%Y", "2/1980", "1980-02"),
            ("%Y%m", "198002", "1980-02"),
            ("%b %Y", "Feb 1980", "1980-02"),
            ("%B %Y", "february 1980", "1980-02"),
            ("%d/%m/%Y", "30/02/1980", ""),
            ("%d/%m/%Y", "31/12/1849", ""),
            ("%d/%m/%Y", "01/01/2151", ""),
            ("%Y%m", "198013", ""),
        ],
    )
    def test_the_year_and_month_of_a_date(self, form: str, cell: str, month: str) -> None:
        spec = f'format = "{form}"'
        assert outputs([cell], "month", spec) == [month]
        assert n_blanked([cell], "month", spec) == (month == "")

    @pytest.mark.parametrize(
        ("cell", "month"), [("29/02/04", "2004-02"), ("29/02/96", "1996-02"), ("29/02/97", "")]
    )
    def test_two_digit_years_keep_their_leap_days(self, cell: str, month: str) -> None:
        assert outputs([cell], "month", 'format = "%d/%m/%y", pivot = 30') == [month]


class TestPostcodeDistrict:
    @pytest.mark.parametrize(
        ("cell", "district"),
        [
            ("M1 1AE", "M1"),
            ("B33 8TH", "B33"),
            ("W1A 0AX", "W1A"),
            ("CR2 6XH", "CR2"),
            ("DN55 1PT", "DN55"),
            ("EC1A 1BB", "EC1A"),
            ("GIR 0AA", "GIR"),
            ("SW1A1AA", "SW1A"),
            ("sw1a 1aa", "SW1A"),
            (" SW1A 1AA ", "SW1A"),
            ("SW1A  1AA", "SW1A"),
            ("SW1A\t1AA", "SW1A"),
            ("SW1A\u00a01AA", "SW1A"),
            ("gir0aa", "GIR"),
        ],
    )
    def test_the_outward_part_of_a_whole_postcode(self, cell: str, district: str) -> None:
        assert outputs([cell], "postcode-district") == [district]
        assert n_blanked([cell], "postcode-district") == 0

    @pytest.mark.parametrize("letter", list("CIKMOV"))
    def test_inward_letters_that_do_not_exist_make_it_blank(self, letter: str) -> None:
        cells = [f"SW1A 1{letter}A", f"SW1A 1A{letter}", f"M1 1{letter.lower()}A"]
        assert outputs(cells, "postcode-district") == ["", "", ""]
        assert n_blanked(cells, "postcode-district") == 3

    def test_all_other_inward_letters_are_read(self) -> None:
        letters = sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZ") - set("CIKMOV"))
        cells = [f"M1 1{letter}{other}" for letter in letters for other in letters]
        assert set(outputs(cells, "postcode-district")) == {"M1"}

    @pytest.mark.parametrize(
        "cell",
        [
            "SW1A",
            "SW1A 1",
            "SW1A 1A",
            "SW1A 1AAA",
            "SW1A 11A",
            "SW1A AAA",
            "ABC1 1AA",
            "1A 1AA",
            "A 1AA",
            "M123 1AA",
            "M1AB 1AA",
            "SW1A-1AA",
            "M1 1AE, Leeds",
            "at M1 1AE",
            "M1 1AE\n12 High Street",
            "12345",
            "none",
            "\uff2d\uff11 \uff11\uff21\uff25",
        ],
    )
    def test_anything_else_becomes_blank_and_is_counted(self, cell: str) -> None:
        assert outputs([cell], "postcode-district") == [""]
        assert n_blanked([cell], "postcode-district") == 1

    @pytest.mark.parametrize("cell", ["", "  "])
    def test_a_blank_cell_stays_blank_and_is_not_counted(self, cell: str) -> None:
        assert outputs([cell], "postcode-district") == [""]
        assert n_blanked([cell], "postcode-district") == 0


class TestBand:
    @pytest.mark.parametrize(
        ("settings", "cell", "band"),
        [
            ("width = 5", "0", "0 to 4"),
            ("width = 5", "4", "0 to 4"),
            ("width = 5", "5", "5 to 9"),
            ("width = 5", "007", "5 to 9"),
            ("width = 5", " 7 ", "5 to 9"),
            ("width = 5", "+7", "5 to 9"),
            ("width = 5", "4.9", "0 to 4"),
            ("width = 5", "4.999999999999999999", "0 to 4"),
            ("width = 5", "5.0", "5 to 9"),
            ("width = 5", "5.", "5 to 9"),
            ("width = 5", "-1", "-5 to -1"),
            ("width = 5", "-5", "-5 to -1"),
            ("width = 5", "-6", "-10 to -6"),
            ("width = 5", "-0.5", "-5 to -1"),
            ("width = 5", "-5.5", "-10 to -6"),
            ("width = 5", "-5.0", "-5 to -1"),
            ("width = 5", "-0", "0 to 4"),
            ("width = 5", "-0.0", "0 to 4"),
            ("width = 5", "999999999999999", "999999999999995 to 999999999999999"),
            ("width = 1", "7", "7"),
            ("width = 1", "007", "7"),
            ("width = 1", "7.9", "7"),
            ("width = 1", "-7", "-7"),
            ("width = 1, top = 9", "9", "9 and over"),
            ("width = 1, bottom = 1", "0", "under 1"),
            ("width = 10, bottom = 18", "17", "under 18"),
            ("width = 10, bottom = 18", "17.9", "under 18"),
            ("width = 10, bottom = 18", "18", "18 to 27"),
            ("width = 10, bottom = 18", "28", "28 to 37"),
            ("width = 10, bottom = 18, top = 68", "67", "58 to 67"),
            ("width = 10, bottom = 18, top = 68", "67.9", "58 to 67"),
            ("width = 10, bottom = 18, top = 68", "68", "68 and over"),
            ("width = 10, bottom = 18, top = 68", "120", "68 and over"),
            ("width = 10, bottom = 18, top = 68", "-3", "under 18"),
            ("width = 5, top = 20", "-3", "-5 to -1"),
            ("width = 5, top = 20", "20", "20 and over"),
            ("width = 5, bottom = -10", "-11", "under -10"),
            ("width = 5, bottom = -10", "-10", "-10 to -6"),
            ("width = 5, bottom = 0", "-0.5", "under 0"),
            ("width = 1000000000000", "5", "0 to 999999999999"),
        ],
    )
    def test_the_band_in_which_a_number_lies(self, settings: str, cell: str, band: str) -> None:
        assert outputs([cell], "band", settings) == [band]
        assert n_blanked([cell], "band", settings) == 0

    @pytest.mark.parametrize(
        "cell",
        [
            "x",
            "5x",
            "5 6",
            "1,000",
            "1 000",
            "1e3",
            "0x10",
            ".5",
            "--5",
            "+-5",
            "5-9",
            "£5",
            "5%",
            "NaN",
            "inf",
            "\u0663",
            "\uff15",
            "1_000",
            "5\n6",
            "1.2.3",
            "1000000000000000",
        ],
    )
    @pytest.mark.parametrize("settings", ["width = 5", "width = 5, bottom = 0, top = 20"])
    def test_what_is_no_number_becomes_blank_and_is_counted(self, settings: str, cell: str) -> None:
        assert outputs([cell], "band", settings) == [""]
        assert n_blanked([cell], "band", settings) == 1

    @pytest.mark.parametrize("cell", ["", " "])
    def test_a_blank_cell_stays_blank_and_is_not_counted(self, cell: str) -> None:
        assert outputs([cell], "band", "width = 5, bottom = 0") == [""]
        assert n_blanked([cell], "band", "width = 5, bottom = 0") == 0

    @settings(max_examples=200)
    @given(
        st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=20),
        st.integers(2, 10**12),
        st.integers(-(10**6), 10**6),
    )
    def test_every_whole_number_lies_in_its_band(
        self, numbers: list[int], width: int, bottom: int
    ) -> None:
        found = outputs([str(n) for n in numbers], "band", f"width = {width}, bottom = {bottom}")
        for number, label in zip(numbers, found, strict=True):
            if number < bottom:
                assert label == f"under {bottom}"
                continue
            low, high = map(int, label.split(" to "))
            assert low <= number <= high == low + width - 1
            assert (low - bottom) % width == 0


class TestConstant:
    @pytest.mark.parametrize("value", ["2026", "", " ", "a,b", 'a"b', "a\nb", "é😀", "%Y"])
    def test_every_row_holds_the_same_text(self, value: str) -> None:
        fields = {
            "a": '{ action = "keep" }',
            "c": f'{{ action = "constant", value = {toml_text(value)} }}',
        }
        found = minimise_table(b"a\n1\n2\n3\n", recipe_text({"t": fields}))
        assert found.rows == [["a", "c"], ["1", value], ["2", value], ["3", value]]
        assert found.n_unparsed == {}


class TestCounting:
    def test_blanked_cells_are_counted_by_field_over_all_blocks(self) -> None:
        fields = {
            "year": '{ from = "d", action = "year", format = "%Y" }',
            "band": '{ from = "n", action = "band", width = 5 }',
            "d": '{ action = "keep" }',
        }
        rows = [[str(1980 + i % 3) if i % 5 else "x", "y" if i % 2 else ""] for i in range(1000)]
        data = csv_bytes([["d", "n"], *rows])[:-1]
        found = minimise_table(data, recipe_text({"t": fields}), block_bytes=100)
        assert found.n_unparsed == {"year": 200, "band": 500}
        assert all(row[0] == "" for row in found.rows[1:] if row[2] == "x")

    def test_a_cell_that_can_not_be_read_is_never_passed_through(self) -> None:
        for action, spec in (
            ("year", 'format = "%Y"'),
            ("month", 'format = "%m/%Y"'),
            ("postcode-district", ""),
            ("band", "width = 5"),
        ):
            assert b"canary" not in act(["canary-7f3a"] * 5, action, spec).plaintext
