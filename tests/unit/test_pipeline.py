"""The pipeline: what is kept comes out equal to itself, in order, whatever the blocks."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.errors import ExtractError, RecipeError, ShapeError
from securexfer.privacy.extract import Extract
from securexfer.privacy.frame import read_frames
from securexfer.privacy.pipeline import minimise_extract
from securexfer.privacy.plan import plan_tables
from tests.world import (
    SCOPE,
    Minimised,
    csv_bytes,
    csv_rows,
    keep_all,
    minimise_table,
    read,
    recipe_text,
)

BOM = "\ufeff"
# Delimiters, quotes, every kind of line end, marks, spaces of many widths, and astral characters.
AWKWARD = st.sampled_from(list("ab01,;\"'\n\r \t\0\ufeffé\u00a0\u0085\u2028\u3000😀\U0010ffff#"))
ANY = st.characters(exclude_categories=["Cs"])
NAME = st.characters(exclude_categories=["Cs"], exclude_characters="\r")
CELLS = st.one_of(
    st.just(""),
    st.text(alphabet=AWKWARD, max_size=8),
    st.text(alphabet=ANY, max_size=8),
    st.sampled_from([BOM, BOM + BOM + "x", '""', '"', "\r\n", "NULL", "001", " ", "\\", "\x1a"]),
)
# From one record a block to everything at once.
BLOCK_BYTES = st.sampled_from([1, 2, 5, 16, 64, 300, 10**7])


def tables(max_columns: int = 5, max_rows: int = 25) -> st.SearchStrategy[list[list[str]]]:
    return st.integers(1, max_columns).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=max_rows)
    )


def names(rows: list[list[str]]) -> list[str]:
    return [f"n{i}" for i in range(len(rows[0]))]


def spell(rows: list[list[str]], **dialect: Any) -> bytes:
    """All cells in quotes, for the writer leaves some bare that need them; no last line end."""
    end = dialect.get("lineterminator", "\n").encode()
    return csv_bytes(rows, quoting=csv.QUOTE_ALL, **dialect).removesuffix(end)


def gunzip(found: Minimised) -> bytes:
    return gzip.decompress(b"".join(chunk.compressed for chunk in found.chunks))


@pytest.mark.usefixtures("small_reads")
class TestAnyTableComesOutEqualToItself:
    @settings(max_examples=700)
    @given(tables(), BLOCK_BYTES, st.sampled_from(["\n", "\r\n"]))
    def test_under_keep(self, rows: list[list[str]], block_bytes: int, end: str) -> None:
        table = [names(rows), *rows]
        found = minimise_table(
            spell(table, lineterminator=end), keep_all("t", table[0]), block_bytes=block_bytes
        )
        assert found.rows == table
        assert found.total("n_rows_in") == found.total("n_rows_out") == len(rows)
        assert found.total("n_blank_lines") == 0
        assert gunzip(found) == found.plaintext

    @settings(max_examples=200)
    @given(
        tables(),
        BLOCK_BYTES,
        st.sampled_from([",", ";", "\t", "|"]),
        st.sampled_from(['"', "'"]),
        st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be"]),
    )
    def test_in_any_dialect_and_encoding(
        self, rows: list[list[str]], block_bytes: int, delimiter: str, quote: str, encoding: str
    ) -> None:
        table = [names(rows), *rows]
        mark = {"\t": '"\\t"'}.get(delimiter, f'"{delimiter}"')
        quoted = {'"': "'\"'"}.get(quote, f'"{quote}"')
        before = (
            f'[tables.t]\ncsv = {{ delimiter = {mark}, quote = {quoted}, encoding = "{encoding}" }}'
        )
        data = spell(table, delimiter=delimiter, quotechar=quote).decode().encode(encoding)
        recipe = keep_all("t", table[0], before=before)
        assert minimise_table(data, recipe, block_bytes=block_bytes).rows == table

    @settings(max_examples=200)
    @given(tables(max_columns=8), BLOCK_BYTES, st.randoms(use_true_random=False))
    def test_for_the_columns_that_leave_in_the_recipes_order(
        self, rows: list[list[str]], block_bytes: int, random: Any
    ) -> None:
        header = names(rows)
        order = random.sample(range(len(header)), random.randint(1, len(header)))
        found = minimise_table(
            spell([header, *rows]),
            keep_all("t", [header[i] for i in order]),
            block_bytes=block_bytes,
        )
        assert found.rows == [[row[i] for i in order] for row in [header, *rows]]

    @settings(max_examples=100)
    @given(st.lists(st.text(alphabet=NAME, max_size=6), min_size=1, max_size=6, unique=True))
    def test_with_any_column_names(self, header: list[str]) -> None:
        # A mark that starts a file is no part of it.
        header[0] = header[0].lstrip(BOM)
        table = [header, [str(i) for i in range(len(header))]]
        if len(set(header)) == len(header):
            assert minimise_table(spell(table), keep_all("t", header)).rows == table

    @settings(max_examples=30)
    @given(st.lists(st.lists(CELLS, min_size=300, max_size=300), max_size=6), BLOCK_BYTES)
    def test_with_three_hundred_columns(self, rows: list[list[str]], block_bytes: int) -> None:
        header = [f"n{i}" for i in range(300)]
        found = minimise_table(
            spell([header, *rows]), keep_all("t", header), block_bytes=block_bytes
        )
        assert found.rows == [header, *rows]

    @settings(max_examples=50)
    @given(st.lists(CELLS.map(lambda cell: BOM + cell), min_size=1, max_size=20), BLOCK_BYTES)
    def test_when_each_block_starts_with_the_bytes_of_a_mark(
        self, cells: list[str], block_bytes: int
    ) -> None:
        bare = [[cell] for cell in cells if not set(cell) & set('",\r\n')]
        data = csv_bytes([["n0"], *bare])[:-1]
        found = minimise_table(data, keep_all("t", ["n0"]), block_bytes=block_bytes)
        assert found.rows == [["n0"], *bare]

    @settings(max_examples=100)
    @given(tables(max_columns=1), BLOCK_BYTES)
    def test_and_its_output_packed_again_is_the_same_bytes(
        self, rows: list[list[str]], block_bytes: int
    ) -> None:
        recipe = keep_all("t", ["n0"])
        once = minimise_table(spell([["n0"], *rows]), recipe).plaintext
        twice = minimise_table(once[:-1], recipe, block_bytes=block_bytes).plaintext
        assert twice == once


@pytest.mark.usefixtures("small_reads")
class TestBlankLines:
    @settings(max_examples=150)
    @given(
        st.lists(
            st.one_of(st.none(), st.lists(CELLS, min_size=2, max_size=2)), min_size=1, max_size=25
        ),
        BLOCK_BYTES,
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_are_left_out_and_counted_wherever_they_stand(
        self, lines: list[list[str] | None], block_bytes: int, end: str
    ) -> None:
        spelled = [spell([row]).decode() if row else "" for row in lines]
        data = end.join(["n0,n1", *spelled, "last,row"]).encode()
        found = minimise_table(data, keep_all("t", ["n0", "n1"]), block_bytes=block_bytes)
        rows = [row for row in lines if row]
        assert found.rows == [["n0", "n1"], *rows, ["last", "row"]]
        assert found.total("n_blank_lines") == lines.count(None)
        assert found.total("n_rows_in") == len(rows) + 1

    def test_a_row_of_one_empty_cell_is_not_one(self) -> None:
        found = minimise_table(b'a\n""\n\n""', keep_all("t", ["a"]))
        assert (found.rows, found.total("n_blank_lines")) == ([["a"], [""], [""]], 1)

    def test_do_not_shift_the_line_numbers_of_later_records(self) -> None:
        data = b"a,b\n\n1,2\n\r\n\n3\n"
        with pytest.raises(ShapeError, match=r"line 6\b"):
            minimise_table(data, keep_all("t", ["a"]), block_bytes=1)


class TestOrder:
    @pytest.mark.parametrize("n_workers", [1, 2, 8])
    def test_rows_stay_in_order_over_many_blocks_and_threads(self, n_workers: int) -> None:
        # Blocks of very different cost, so that workers finish out of turn.
        rows = [[str(i), "x" * (i % 97 * 20)] for i in range(20_000)]
        data = csv_bytes([["i", "x"], *rows])[:-1]
        recipe = recipe_text({"t": {"i": '{ action = "keep" }'}})
        found = minimise_table(data, recipe, block_bytes=5000, n_workers=n_workers)
        assert len(found.chunks) > 1000
        assert [int(row[0]) for row in found.rows[1:]] == list(range(20_000))
        assert found.total("n_rows_out") == 20_000
        assert found.total("n_bytes_in") == len(data) - len(b"i,x\n")
        assert gunzip(found) == found.plaintext

    def test_output_does_not_depend_on_blocks_or_threads(self) -> None:
        data = csv_bytes([["i", "x"], *([str(i), f"{i}\n"] for i in range(20_000))])[:-1]
        recipe = keep_all("t", ["x", "i"])
        whole = minimise_table(data, recipe, n_workers=1).plaintext
        for block_bytes in (10_000, 70_001, 10**6):
            found = minimise_table(data, recipe, block_bytes=block_bytes, n_workers=4)
            assert found.plaintext == whole

    def test_of_several_faults_the_first_in_the_file_is_named(self) -> None:
        rows = [["1", "2"]] * 20_000
        rows[15_000], rows[18_000], rows[19_999] = ["1"], ["1", "2", "3"], ["1"]
        data = csv_bytes([["a", "b"], *rows])
        with pytest.raises(ShapeError, match=r"line 15002\b"):
            minimise_table(data, keep_all("t", ["a"]), block_bytes=3000, n_workers=8)

    def test_the_input_is_read_only_a_few_blocks_ahead(self) -> None:
        stream = io.BytesIO(b"a\n" + b"x" * 99 + (b"\n" + b"x" * 99) * 100_000)
        recipe = read(keep_all("t", ["a"])).recipe
        extract = Extract("t", stream, recipe.tables["t"].csv, block_bytes=10_000)
        (plan,) = plan_tables(recipe, {"t": extract.header})
        chunks = minimise_extract(extract, plan, SCOPE)
        next(chunks)
        next(chunks)
        assert stream.tell() < 65_536 + 10 * 20_000
        chunks.close()  # a generator: ends its threads


class TestConstants:
    @pytest.mark.parametrize("n_rows", [0, 1, 5000])
    def test_a_constant_has_as_many_rows_as_the_extract(self, n_rows: int) -> None:
        fields = {
            "c": '{ action = "constant", value = "x" }',
            "d": _empty(),
            "b": '{ action = "keep" }',
        }
        data = csv_bytes([["a", "b"], *[["1", "2"]] * n_rows])[:-1]
        found = minimise_table(data, recipe_text({"t": fields}), block_bytes=500)
        assert found.rows == [["c", "d", "b"], *[["x", "", "2"]] * n_rows]
        assert (found.total("n_rows_in"), found.total("n_rows_out")) == (n_rows, n_rows)

    def test_a_table_of_constants_only_is_refused(self) -> None:
        with pytest.raises(RecipeError) as caught:
            minimise_table(b"a\n1\n", recipe_text({"t": {"d": _empty()}}))
        assert "comes from a column" in caught.value.problems[0]


class TestFields:
    def test_two_fields_may_come_from_one_source(self) -> None:
        fields = {
            "dob": '{ action = "keep" }',
            "year": '{ from = "dob", action = "year", format = "%Y-%m-%d" }',
            "month": '{ from = "dob", action = "month", format = "%Y-%m-%d" }',
            "again": '{ from = "dob", action = "keep" }',
        }
        found = minimise_table(b"x,dob\n1,1980-02-03\n2,?\n", recipe_text({"t": fields}))
        assert found.rows[1:] == [
            ["1980-02-03", "1980", "1980-02", "1980-02-03"],
            ["?", "", "", "?"],
        ]
        assert found.n_unparsed == {"year": 1, "month": 1}

    @pytest.mark.parametrize("name", ["f0", "c0", "c1", "none", "", " ", "a,b", 'q"', "a\nb", "😀"])
    def test_a_field_may_have_any_name(self, name: str) -> None:
        fields = {
            name: '{ from = "a", action = "band", width = 5 }',
            "c0 ": '{ from = "b", action = "keep" }',
        }
        found = minimise_table(b"a,b\n7,8\nx,y\n", recipe_text({"t": fields}))
        assert found.rows == [[name, "c0 "], ["5 to 9", "8"], ["", "y"]]
        assert found.n_unparsed == {name: 1}

    def test_withheld_values_are_in_no_chunk(self) -> None:
        data = csv_bytes([["a", "b"], *([str(i), f"canary-{i}"] for i in range(1000))])
        found = minimise_table(data, keep_all("t", ["a"]))
        assert b"canary" not in found.plaintext
        assert b"canary" not in gunzip(found)

    def test_the_output_is_comma_separated_with_line_feeds_and_no_mark(self) -> None:
        data = BOM.encode() + b'a;b\r\n1;"x,y"\r\n'
        before = '[tables.t]\ncsv = { delimiter = ";" }'
        found = minimise_table(data, keep_all("t", ["a", "b"], before=before))
        assert found.plaintext == b'a,b\n1,"x,y"\n'

    def test_chunks_show_no_data_when_printed(self) -> None:
        found = minimise_table(b"a\ncanary\n", keep_all("t", ["a"]))
        assert "canary" not in repr(found.chunks)


class TestChunks:
    def test_each_chunk_is_a_gzip_member_of_its_own(self) -> None:
        data = csv_bytes([["a"], *([str(i)] for i in range(50_000))])[:-1]
        found = minimise_table(data, keep_all("t", ["a"]), block_bytes=50_000)
        assert len(found.chunks) > 3
        for chunk in found.chunks:
            assert gzip.decompress(chunk.compressed) == chunk.plaintext
            assert zlib.decompress(chunk.compressed, wbits=31) == chunk.plaintext
            assert chunk.n_rows_out == len(csv_rows(chunk.plaintext)) or chunk is found.chunks[0]

    def test_the_same_input_gives_the_same_bytes(self) -> None:
        data = csv_bytes([["a"], *([str(i)] for i in range(1000))])
        one, two = (minimise_table(data, keep_all("t", ["a"])) for _ in range(2))
        assert [c.compressed for c in one.chunks] == [c.compressed for c in two.chunks]


def test_the_longest_record_that_leaves_can_be_read_again() -> None:
    # Every quote is doubled on the way out.
    cell = '"' * (12 << 20)
    recipe = keep_all("t", ["a", "b"], before='[tables.t]\ncsv = { quote = "\'" }')
    found = minimise_table(f"a,b\n1,'{cell}'\n".encode(), recipe)
    (frame,) = read_frames("t", ["a", "b"], iter([found.plaintext]))
    assert frame.rows() == [("1", cell)]


class TestErrorsHoldNoData:
    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"a,b\n1,2\ncanary-7f3a\n", id="short"),
            pytest.param(b"a,b\n1,2\ncanary-7f3a,canary-7f3a,3\n", id="long"),
            pytest.param(b'a,b\n1,2\n1,canary-7f3a"\n', id="quote"),
            pytest.param(b'a,b\n1,2\n1,"canary-7f3a\n', id="open quote"),
            pytest.param(b"a,b\n1,2\n1,canary-7f3a\xff\n", id="bytes"),
            pytest.param(b"a,b\n1,2\n1,canary\r-7f3a\n", id="return"),
        ],
    )
    def test_neither_the_message_nor_what_is_chained_to_it_quotes_a_cell(self, data: bytes) -> None:
        with pytest.raises(ExtractError, match=r"line 3\b") as caught:
            minimise_table(data, keep_all("t", ["a", "b"]))
        error: BaseException | None = caught.value
        assert caught.value.__suppress_context__
        while error is not None:
            assert "canary" not in f"{error} {error!r}"
            error = error.__cause__


def _empty() -> str:
    return '{ action = "constant", value = "" }'
