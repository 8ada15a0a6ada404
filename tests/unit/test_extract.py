"""Extracts: dialects and encodings, headers that can't be used, blocks cut at record ends."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.errors import (
    EncodingError,
    ExtractChangedError,
    ExtractError,
    ExtractMissingError,
    HeaderError,
    RecordTooLongError,
)
from securexfer.privacy.extract import Extract
from securexfer.recipe.model import Dialect
from tests.world import csv_bytes, csv_rows, keep_all, minimise_table

UTF_16_LE_MARK, UTF_16_BE_MARK = b"\xff\xfe", b"\xfe\xff"
UTF_8_MARK = b"\xef\xbb\xbf"
CANARY = "canary-7f3a"


class Trickle(io.BytesIO):
    """A stream that hands out a few bytes at a time, as pipes may."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._most if size is None or size < 0 else min(size, self._most))


def open_bytes(data: bytes, dialect: Dialect | None = None, **limits: Any) -> Extract:
    return Extract("t", io.BytesIO(data), dialect or Dialect(), **limits)


def rest_of(extract: Extract) -> bytes:
    return b"".join(block.data for block in extract.blocks())


def said(error: ExtractError) -> str:
    return f"{error.message} {error.hint} {error!r}"


class TestDialects:
    @pytest.mark.parametrize("trim", [False, True], ids=["as-is", "trim"])
    @pytest.mark.parametrize("quote", ['"', "'"], ids=["double", "single"])
    @pytest.mark.parametrize(
        "delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"]
    )
    def test_cells_come_out_the_same_whatever_the_dialect(
        self, delimiter: str, quote: str, trim: bool
    ) -> None:
        rows = [["id", "the note"], ["1", f"a{delimiter}b{quote}c\nd"], ["2", "it's"], ["", '"']]
        data = csv_bytes(rows, delimiter=delimiter, quotechar=quote)
        spelled = f"delimiter = {delimiter!r}" if delimiter != "\t" else 'delimiter = "\\t"'
        quoted = "quote = '\"'" if quote == '"' else 'quote = "\'"'
        before = f"[tables.t]\ncsv = {{ {spelled}, {quoted}, trim = {str(trim).lower()} }}"
        assert minimise_table(data, keep_all("t", rows[0], before=before)).rows == rows

    def test_trim_removes_spaces_and_tabs_around_names_and_cells(self) -> None:
        recipe = keep_all("t", ["id", "the note"], before="[tables.t]\ncsv = { trim = true }")
        found = minimise_table(b'id , the note\t\n 1\t,  a b \n"  2  "," "\n', recipe)
        assert found.rows == [["id", "the note"], ["1", "a b"], ["2", ""]]

    def test_without_trim_spaces_belong_to_names_and_cells(self) -> None:
        found = minimise_table(b"id , note\n 1, a \n", keep_all("t", ["id ", " note"]))
        assert found.rows == [["id ", " note"], [" 1", " a "]]

    @pytest.mark.parametrize("trim", [False, True])
    def test_an_opening_quote_after_a_space_is_refused(self, trim: bool) -> None:
        with pytest.raises(HeaderError):
            open_bytes(b'id, "note"\n', Dialect(trim=trim))

    def test_the_other_quote_is_an_ordinary_character(self) -> None:
        found = minimise_table(b"id,note\n1,O'Neill\n", keep_all("t", ["id", "note"]))
        assert found.rows[1] == ["1", "O'Neill"]


class TestEncodings:
    TEXT = "id,näme\n1,Zoë Muñoz\n2,£5\n"

    @pytest.mark.parametrize("most", [1, 2, 3, 5, 1000])
    @pytest.mark.parametrize(
        ("encoding", "data"),
        [
            pytest.param("utf-8", TEXT.encode(), id="utf-8"),
            pytest.param("utf-8", UTF_8_MARK + TEXT.encode(), id="utf-8 with mark"),
            pytest.param("cp1252", TEXT.encode("cp1252"), id="cp1252"),
            pytest.param("latin-1", TEXT.encode("latin-1"), id="latin-1"),
            pytest.param("utf-16", UTF_16_LE_MARK + TEXT.encode("utf-16-le"), id="utf-16 little"),
            pytest.param("utf-16", UTF_16_BE_MARK + TEXT.encode("utf-16-be"), id="utf-16 big"),
            pytest.param("utf-16-le", TEXT.encode("utf-16-le"), id="utf-16-le"),
            pytest.param("utf-16-be", TEXT.encode("utf-16-be"), id="utf-16-be"),
        ],
    )
    def test_text_is_the_same_wherever_reads_split_a_character(
        self, encoding: Any, data: bytes, most: int
    ) -> None:
        with Extract("t", Trickle(data, most), Dialect(encoding=encoding)) as extract:
            assert extract.header == ("id", "näme")
            assert rest_of(extract).decode() == "1,Zoë Muñoz\n2,£5\n"

    @settings(max_examples=100)
    @given(
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters='",\r\n')),
        st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be"]),
        st.integers(1, 9),
    )
    def test_any_character_survives_any_split(self, cell: str, encoding: Any, most: int) -> None:
        stream = Trickle(f"id,x\n1,{cell}\n".encode(encoding), most)
        extract = Extract("t", stream, Dialect(encoding=encoding), block_bytes=1)
        assert rest_of(extract) == f"1,{cell}\n".encode()

    def test_characters_of_cp1252_and_latin_1_are_told_apart(self) -> None:
        assert rest_of(open_bytes(b"a\n\x80\n", Dialect(encoding="cp1252"))) == "€\n".encode()
        assert rest_of(open_bytes(b"a\n\x80\n", Dialect(encoding="latin-1"))) == b"\xc2\x80\n"

    @pytest.mark.parametrize(
        ("encoding", "data"),
        [
            pytest.param(
                "utf-8", b"id,note\n1,b\n2,caf\xe9 canary-7f3a\n3,d\n", id="latin-1 bytes"
            ),
            pytest.param("utf-8", b"id,note\n1,b\n2,\xed\xa0\x80canary-7f3a\n", id="surrogate"),
            pytest.param("utf-8", b"id,note\n1,b\n2,canary-7f3a\xe2\x82\n", id="cut character"),
            pytest.param("cp1252", b"id,note\n1,b\n2,canary-7f3a\x81\n3,d\n", id="cp1252 hole"),
            pytest.param(
                "utf-16-le",
                "id,note\n1,b\n2,".encode("utf-16-le") + b"\x00\xd8a\0\n\0",
                id="lone surrogate",
            ),
        ],
    )
    def test_undefined_bytes_are_refused_with_their_line_and_without_their_text(
        self, encoding: str, data: bytes
    ) -> None:
        before = f'[tables.t]\ncsv = {{ encoding = "{encoding}" }}'
        with pytest.raises(EncodingError, match=r"line 3\b") as caught:
            minimise_table(data, keep_all("t", ["id", "note"], before=before))
        assert caught.value.exit_code == 20
        assert CANARY not in said(caught.value)

    @pytest.mark.parametrize("most", [1, 4, 100])
    @pytest.mark.parametrize("encoding", ["cp1252", "utf-16-be"])
    @pytest.mark.usefixtures("small_reads")
    def test_the_line_of_undefined_bytes_does_not_depend_on_reads(
        self, encoding: Any, most: int
    ) -> None:
        wrong = b"\x81" if encoding == "cp1252" else b"\xdc\x00"
        data = "id\n1\n2\n".encode(encoding) + wrong + "\n4\n".encode(encoding)
        extract = Extract("t", Trickle(data, most), Dialect(encoding=encoding), block_bytes=1)
        with pytest.raises(EncodingError, match=r"line 4\b"):
            list(extract.blocks())

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_half_a_character_at_the_end_is_refused(self, encoding: Any) -> None:
        mark = UTF_16_LE_MARK if encoding == "utf-16" else b""
        order = "utf-16-be" if encoding == "utf-16-be" else "utf-16-le"
        with pytest.raises(EncodingError):
            rest_of(open_bytes(mark + "a\nb\n".encode(order) + b"c", Dialect(encoding=encoding)))

    def test_undefined_bytes_in_a_withheld_column_are_refused_too(self) -> None:
        with pytest.raises(EncodingError, match="line 2"):
            minimise_table(b"id,note\n1,\xff\n", keep_all("t", ["id"]))

    @pytest.mark.parametrize("data", [b"n\xe4me,id\n1,2\n", b"id,\xff\n"])
    def test_undefined_bytes_in_the_header_are_refused(self, data: bytes) -> None:
        with pytest.raises(EncodingError, match="the header is not utf-8"):
            open_bytes(data)

    @pytest.mark.parametrize("mark", [UTF_16_LE_MARK, UTF_16_BE_MARK])
    def test_utf_16_that_the_recipe_calls_utf_8_is_named_for_what_it_is(self, mark: bytes) -> None:
        with pytest.raises(EncodingError, match="is UTF-16, the recipe says utf-8") as caught:
            open_bytes(mark + "a,b\n".encode("utf-16-le"))
        assert 'encoding = "utf-16"' in caught.value.hint

    def test_utf_16_without_a_mark_needs_its_byte_order_stated(self) -> None:
        with pytest.raises(EncodingError, match="no UTF-16 byte order mark") as caught:
            open_bytes("a,b\n".encode("utf-16-le"), Dialect(encoding="utf-16"))
        assert "utf-16-le" in caught.value.hint

    def test_a_mark_inside_the_text_is_part_of_its_cell(self) -> None:
        assert rest_of(open_bytes(UTF_8_MARK + b"a\n" + UTF_8_MARK + b"b\n")) == UTF_8_MARK + b"b\n"


class TestHeaders:
    @pytest.mark.parametrize("data", [b"", UTF_8_MARK])
    def test_an_empty_extract_is_refused(self, data: bytes) -> None:
        with pytest.raises(HeaderError, match="is empty, it has no header"):
            open_bytes(data)

    @pytest.mark.parametrize("data", [b"\n", b"\r\na,b\n", UTF_8_MARK + b"\n1,2\n"])
    def test_a_blank_line_where_the_header_should_be_is_called_so(self, data: bytes) -> None:
        with pytest.raises(HeaderError, match="line 1 is blank, where the header should be"):
            open_bytes(data)

    @pytest.mark.parametrize(
        ("header", "trim", "places"),
        [
            (b"a,b,a\n", False, "2 columns of the header share a name (columns 1, 3)"),
            (b'"a",a\n', False, "2 columns of the header share a name (columns 1, 2)"),
            (b"a,,b,\n", False, "2 columns of the header share a name (columns 2, 4)"),
            (b"a, a,b\n", True, "2 columns of the header share a name (columns 1, 2)"),
            (b"a,a\t,a \n", True, "3 columns of the header share a name (columns 1, 2, 3)"),
        ],
    )
    def test_names_used_twice_are_refused_by_position(
        self, header: bytes, trim: bool, places: str
    ) -> None:
        with pytest.raises(HeaderError) as caught:
            open_bytes(header, Dialect(trim=trim))
        assert places in caught.value.message

    def test_names_that_differ_in_spaces_or_case_are_different_without_trim(self) -> None:
        assert open_bytes(b"a, a,A\n").header == ("a", " a", "A")

    def test_a_duplicate_name_is_not_quoted_for_it_may_be_data(self) -> None:
        with pytest.raises(HeaderError) as caught:
            open_bytes(f"{CANARY},1,{CANARY}\n".encode())
        assert CANARY not in said(caught.value)

    @pytest.mark.parametrize(
        "header",
        [
            pytest.param(b'a,b"canary-7f3a,d\n1,2,3\n', id="inside a name"),
            pytest.param(b'a,"canary-7f3a"x,d\n1,2,3\n', id="text behind the closing quote"),
            pytest.param(b'a,"canary-7f3a,d\n1,2,3\n', id="never closed"),
            pytest.param(b'a,"canary-7f3a', id="never closed, no line end"),
            pytest.param(b"a,canary-7f3a\r1,2\r3,4\r", id="carriage returns only"),
            pytest.param(b"a,canary-7f3a\rb,c\n1,2,3\n", id="lone carriage return"),
            pytest.param(b"a\0,canary-7f3a\r\r\n", id="two carriage returns"),
        ],
    )
    def test_a_header_that_is_not_one_line_of_csv_is_refused_unquoted(self, header: bytes) -> None:
        with pytest.raises(HeaderError, match="line 1") as caught:
            open_bytes(header)
        assert caught.value.exit_code == 20
        assert CANARY not in said(caught.value)

    @pytest.mark.parametrize("data", [b"a,b", b'a,"b"', b"a,b\r\n", UTF_8_MARK + b"a,b"])
    def test_a_header_alone_is_a_table_without_rows(self, data: bytes) -> None:
        found = minimise_table(data, keep_all("t", ["a", "b"]))
        assert (found.rows, found.total("n_rows_in")) == ([["a", "b"]], 0)

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_a_quoted_name_may_hold_line_ends_delimiters_and_quotes(self, end: str) -> None:
        names = [f"a{end}b", "c,d", 'e"f', f"{end}"]
        data = csv_bytes([names, ["1", "2", "3", "4"]], lineterminator=end)
        extract = open_bytes(data)
        assert extract.header == tuple(names)
        assert extract.n_header_lines == 3
        assert rest_of(extract) == f"1,2,3,4{end}".encode()

    @pytest.mark.parametrize("n_fields", [1, 3])
    def test_lines_are_counted_from_the_true_start_of_the_file(self, n_fields: int) -> None:
        data = b'"a\nb",c\r\n"x\ny",1\r\n' + b",".join([b"1"] * n_fields) + b"\r\n"
        with pytest.raises(ExtractError, match=r"line 5\b"):
            minimise_table(data, keep_all("t", ["c"]))

    def test_twenty_thousand_columns_are_read(self) -> None:
        names = [f"column {i}" for i in range(20_000)]
        data = csv_bytes([names, [str(i) for i in range(20_000)]])
        assert open_bytes(data).header == tuple(names)
        found = minimise_table(data, keep_all("t", ["column 19999", "column 7"]))
        assert found.rows == [["column 19999", "column 7"], ["19999", "7"]]

    def test_a_header_that_never_ends_is_refused_at_the_maximum(self) -> None:
        with pytest.raises(RecordTooLongError, match="line 1"):
            open_bytes(b"a," * 600_000)


@pytest.mark.usefixtures("small_reads")
class TestBlocks:
    ROWS = csv_bytes([[str(i), "x" * (i % 40), 'a,"\n'] for i in range(300)])[:-1]

    @pytest.mark.parametrize("block_bytes", [1, 2, 7, 64, 1000, 4096, 10**7])
    def test_blocks_are_whole_records_and_together_the_input(self, block_bytes: int) -> None:
        extract = open_bytes(b"a,b,c\n" + self.ROWS, block_bytes=block_bytes)
        blocks = list(extract.blocks())
        assert b"".join(block.data for block in blocks) == self.ROWS
        assert not any(block.is_cut for block in blocks)
        for block in blocks:
            assert {len(row) for row in csv_rows(block.data)} == {3}

    @pytest.mark.parametrize("block_bytes", [1, 100, 5000])
    def test_a_trickle_is_cut_into_many_blocks_of_whole_records(self, block_bytes: int) -> None:
        data = b"a,b,c\n" + (self.ROWS + b"\n") * 20 + b"last,one,x"
        extract = Extract("t", Trickle(data, 1000), Dialect(), block_bytes=block_bytes)
        blocks = list(extract.blocks())
        assert b"a,b,c\n" + b"".join(block.data for block in blocks) == data
        assert len(blocks) > 10
        for block in blocks:
            assert {len(row) for row in csv_rows(block.data)} == {3}

    @settings(max_examples=300)
    @given(
        st.lists(
            st.lists(st.text(alphabet='ab,"\n\ré', max_size=5), min_size=2, max_size=2), max_size=30
        ),
        st.integers(1, 200),
        st.integers(1, 200),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_blocks_of_any_table_join_to_the_input(
        self, rows: list[list[str]], block_bytes: int, most: int, end: str
    ) -> None:
        data = csv_bytes(rows, lineterminator=end).removesuffix(end.encode())
        stream = Trickle(b"h,i" + end.encode() + data, most)
        extract = Extract("t", stream, Dialect(), block_bytes=block_bytes)
        blocks = [block.data for block in extract.blocks()]
        assert b"".join(blocks) == data
        assert [row for block in blocks for row in csv_rows(block)] == csv_rows(data)

    @pytest.mark.parametrize("n_before", [0, 1, 5000])
    def test_a_record_beyond_the_maximum_is_refused_with_the_line_where_it_began(
        self, n_before: int
    ) -> None:
        # One column: cut anywhere, such a record still has the right number of fields.
        data = b"a\n" + b"before,\n".replace(b",", b"") * n_before + b"x" * 300_000 + b"\nafter"
        with pytest.raises(RecordTooLongError, match=rf"line {n_before + 2}\b") as caught:
            minimise_table(data, keep_all("t", ["a"]), block_bytes=4096, max_record_bytes=100_000)
        assert (caught.value.exit_code, caught.value.code) == (20, "record_too_long")

    def test_a_quote_that_is_never_closed_is_refused_before_the_rest_is_read(self) -> None:
        stream = io.BytesIO(b'a,b\n1,2\n3,"x' + b"y,z\n" * 1_000_000)
        with pytest.raises(ExtractError, match=r"line 3\b"):
            minimise_table(stream, keep_all("t", ["a"]), block_bytes=4096, max_record_bytes=100_000)

    def test_a_record_up_to_the_maximum_is_taken(self) -> None:
        cell = "x,\n" * 30_000
        data = csv_bytes([["a", "b"], ["1", cell], ["2", "y"]])
        found = minimise_table(
            data[:-1], keep_all("t", ["a", "b"]), block_bytes=100, max_record_bytes=100_000
        )
        assert found.rows[1:] == [["1", cell], ["2", "y"]]


class TestFiles:
    def test_a_file_is_read_and_its_size_is_known(self, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        path.write_bytes(b"a,b\n1,2\n")
        with Extract.open("t", path, Dialect()) as extract:
            assert (extract.n_bytes, extract.path) == (8, path)
            assert rest_of(extract) == b"1,2\n"

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda path: path.write_bytes(path.read_bytes() + b"x,y\n"), id="longer"),
            pytest.param(lambda path: os.truncate(path, 400_000), id="shorter"),
            pytest.param(lambda path: os.utime(path, ns=(1, 1)), id="written over"),
        ],
    )
    def test_a_file_that_changes_while_it_is_read_is_refused(
        self, tmp_path: Path, change: Any
    ) -> None:
        path = tmp_path / "x.csv"
        path.write_bytes(b"a,b\n" + b"1,2\n" * 500_000)
        with Extract.open("t", path, Dialect()) as extract:
            blocks = extract.blocks()
            change(path)
            with pytest.raises(ExtractChangedError, match="changed while it was read") as caught:
                list(blocks)
        assert (caught.value.exit_code, caught.value.code) == (20, "extract_changed")

    def test_a_named_pipe_works(self, tmp_path: Path) -> None:
        path = tmp_path / "pipe"
        os.mkfifo(path)
        rows = b"1,x\n" * 100_000 + b"last,y"

        def write() -> None:
            with path.open("wb") as pipe:
                pipe.write(b"a,b\n" + rows)

        writer = threading.Thread(target=write)
        writer.start()
        with Extract.open("t", path, Dialect()) as extract:
            assert (extract.header, extract.n_bytes) == (("a", "b"), None)
            assert rest_of(extract) == rows
        writer.join()

    @pytest.mark.parametrize("name", ["missing.csv", "folder", "dangling"])
    def test_what_is_not_there_or_not_a_file_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
        with pytest.raises(ExtractMissingError) as caught:
            Extract.open("t", tmp_path / name, Dialect())
        assert (caught.value.exit_code, caught.value.code) == (20, "extract_missing")

    def test_a_read_that_fails_is_an_error_of_the_extract(self) -> None:
        class Broken(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                raise OSError(5, "Input/output error")

        with pytest.raises(ExtractMissingError, match="reading the extract failed"):
            Extract("t", Broken(), Dialect())

    def test_the_file_is_closed_when_its_header_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "x.csv"
        path.write_bytes(b"a,a\n")
        # An unclosed file would be a ResourceWarning, and warnings are errors here.
        with pytest.raises(HeaderError):
            Extract.open("t", path, Dialect())


def test_the_last_blocks_of_a_file_get_smaller_and_none_is_tiny(tmp_path: Path) -> None:
    """So that no worker is left alone with a large one at the end."""
    path = tmp_path / "people.csv"
    path.write_bytes(b"a,b\n" + b"1234567,1234567\n" * (2 * 2**20))
    with Extract.open("t", path, Dialect()) as extract:
        sizes = [len(block.data) for block in extract.blocks()]
    assert sum(sizes) == 2**25
    assert sizes[0] > 3 * sizes[-1]
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes[:-1]) > 2**20
