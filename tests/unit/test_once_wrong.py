"""What was wrong once stays right: extracts and recipes that an earlier version got wrong."""

from __future__ import annotations

import io

import pytest

from securexfer.errors import EncodingError, RecipeError, RecordTooLongError
from securexfer.privacy.extract import Extract
from securexfer.recipe.model import Dialect
from securexfer.recipe.reading import parse_recipe
from tests.world import csv_bytes, keep_all, minimise_table, recipe_text


@pytest.mark.parametrize("n_bytes", [8_388_612, 8_400_004, 8_454_132])
def test_a_file_that_ends_with_a_block_is_read_to_its_end(n_bytes: int) -> None:
    n_rows = (n_bytes - 4) // 16
    data = b"a,b\n" + b"1234567,7654321\n" * n_rows
    found = minimise_table(data, keep_all("t", ["a"]))
    assert found.total("n_rows_in") == n_rows


@pytest.mark.usefixtures("small_reads")
@pytest.mark.parametrize("block_bytes", [1, 2, 7, 64])
def test_no_block_is_cut_where_every_record_is_whole(block_bytes: int) -> None:
    data = csv_bytes([["a", "b"], *([str(i), "x"] for i in range(50))])
    blocks = list(Extract("t", io.BytesIO(data), Dialect(), block_bytes=block_bytes).blocks())
    assert not any(block.is_cut for block in blocks)


@pytest.mark.usefixtures("small_reads")
def test_a_header_alone_with_its_line_end_is_a_table_without_rows() -> None:
    assert minimise_table(b"a,b\n", keep_all("t", ["a"])).rows == [["a"]]


@pytest.mark.parametrize("action", ["year", "month"])
def test_a_leap_day_that_the_pivot_moves_to_1900_becomes_blank(action: str) -> None:
    spec = f'{{ from = "d", action = "{action}", format = "%d/%m/%y", pivot = 0 }}'
    data = b"d,x\n01/03/00,\n29/02/00,\n"
    found = minimise_table(data, recipe_text({"t": {"out": spec, "x": '{ action = "keep" }'}}))
    assert [row[0][:4] for row in found.rows[1:]] == ["1900", ""]
    assert found.n_unparsed == {"out": 1}


def test_a_field_may_be_named_self() -> None:
    recipe = recipe_text({"t": {"self": '{ from = "a", action = "band", width = 5 }'}})
    assert minimise_table(b"a\n7\nx\n", recipe).n_unparsed == {"self": 1}


def test_a_number_with_thousands_of_digits_is_a_recipe_error() -> None:
    with pytest.raises(RecipeError):
        parse_recipe(b"version = " + b"1" * 5000)


def test_blank_lines_do_not_shift_the_line_of_undefined_bytes() -> None:
    with pytest.raises(EncodingError, match=r"line 5\b"):
        minimise_table(b"a,b\n\n1,2\n\n3,\xff\n", keep_all("t", ["a", "b"]))


def test_a_field_name_with_a_carriage_return_is_quoted() -> None:
    recipe = recipe_text({"t": {"x\ry": '{ from = "a", action = "keep" }'}})
    assert minimise_table(b"a\n1\n", recipe).plaintext == b'"x\ry"\n1\n'


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(["x" * 500_000, "y"], id="cut before its last delimiter"),
        pytest.param(["x", "y\n" * 250_000], id="cut inside proper quotes"),
    ],
)
def test_a_proper_record_that_is_too_long_is_called_that(record: list[str]) -> None:
    data = csv_bytes([["a", "b"], ["1", "2"], record, ["3", "4"]])[:-1]
    with pytest.raises(RecordTooLongError, match=r"line 3\b"):
        minimise_table(data, keep_all("t", ["a"]), block_bytes=4096, max_record_bytes=100_000)


@pytest.mark.parametrize("version", ["true", "1.0"])
def test_the_version_is_a_whole_number(version: str) -> None:
    text = keep_all("t", ["a"]).replace("version = 1", f"version = {version}")
    with pytest.raises(RecipeError):
        parse_recipe(text.encode())


def test_fractions_of_a_second_are_read_without_a_warning() -> None:
    spec = '{ from = "d", action = "year", format = "%Y-%m-%d %H:%M:%S.%f" }'
    recipe = recipe_text({"t": {"year": spec}})
    assert minimise_table(b"d\n1980-02-03 10:11:12.123\n", recipe).rows == [["year"], ["1980"]]


@pytest.mark.parametrize("cell", ["GIR 1AA", "GIR 0AB", "GIR 9ZZ"])
def test_gir_0aa_is_the_only_postcode_without_a_digit_in_its_outward_part(cell: str) -> None:
    recipe = recipe_text({"t": {"area": '{ from = "p", action = "postcode-district" }'}})
    found = minimise_table(f"p\n{cell}\n".encode(), recipe)
    assert found.rows == [["area"], [""]]
    assert found.n_unparsed == {"area": 1}
