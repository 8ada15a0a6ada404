"""Actions on numbers, codes and text that keep a part of a cell."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.errors import GateError, RecipeError, UsageError
from securexfer.planning import Input, open_extracts, try_extracts
from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import minimise_extract
from securexfer.privacy.plan import plan_tables
from securexfer.privacy.survey import survey
from securexfer.reporting import SilentReporter
from tests.unit import leaks
from tests.unit.test_actions import act, outputs
from tests.world import SCOPE, World, csv_bytes, csv_rows, read, recipe_text


class TestRound:
    @settings(max_examples=200)
    @given(
        st.lists(st.decimals(-(10**12), 10**12, places=3), min_size=1, max_size=20),
        st.sampled_from([1, 2, 3, 5, 7, 10, 1000, 12345]),
    )
    def test_it_is_the_nearest_multiple_halves_away_from_zero(
        self, numbers: list[Decimal], to: int
    ) -> None:
        made = outputs([f"{n:f}" for n in numbers], "round", f"to = {to}")
        for number, rounded in zip(numbers, made, strict=True):
            times = (number / to).quantize(Decimal(1), ROUND_HALF_UP)
            assert rounded == str(int(times) * to)

    @pytest.mark.parametrize("cell", ["1,234", "£5", "1e3", "x", "--1", "1 2", "9" * 16])
    def test_what_is_no_number_becomes_blank_and_is_counted(self, cell: str) -> None:
        found = act([cell], "round", "to = 10")
        assert found.rows[1][0] == ""
        assert found.n_unparsed == {"out": 1}

    def test_a_blank_cell_stays_blank(self) -> None:
        assert act([" "], "round", "to = 10").n_unparsed == {}


class TestTruncate:
    @settings(max_examples=200)
    @given(st.lists(st.text(max_size=12), min_size=1, max_size=10), st.integers(1, 5))
    def test_no_more_characters_leave_than_stated(self, cells: list[str], length: int) -> None:
        cells = [cell.replace("\r", "").replace("\ufeff", "") for cell in cells]
        made = outputs(cells, "truncate", f"length = {length}")
        for cell, cut in zip(cells, made, strict=True):
            assert len(cut) <= length
            assert cut in cell

    @pytest.mark.parametrize(
        ("cell", "cut"),
        [("105A", "105"), (" 105A", "105"), ("é😀xy", "é😀x"), ("", ""), ("1", "1")],
    )
    def test_it_counts_characters_after_spaces(self, cell: str, cut: str) -> None:
        assert outputs([cell], "truncate", "length = 3") == [cut]


class TestMap:
    CODES = 'values = { "1" = "male", "2" = "female", "M" = "male" }'

    def test_known_codes_have_their_meaning_and_others_are_blank_and_counted(self) -> None:
        found = act(["1", " 2 ", "M", "m", "3", ""], "map", self.CODES)
        assert [row[0] for row in found.rows[1:]] == ["male", "female", "male", "", "", ""]
        assert found.n_unparsed == {"out": 2}

    @pytest.mark.parametrize(
        "codes", ["values = {}", 'values = { "" = "x" }', 'values = { " 1" = "x" }']
    )
    def test_a_table_that_fits_nothing_is_refused(self, codes: str) -> None:
        with pytest.raises(RecipeError):
            act(["1"], "map", codes)


class TestRedactText:
    @pytest.mark.parametrize("kind", [kind for kind in leaks.KINDS if kind not in leaks.WEAK])
    def test_no_identifier_is_left(self, kind: str) -> None:
        chance = random.Random(f"redact {kind}")
        for _ in range(20):
            value = leaks.KINDS[kind](chance)
            (made,) = outputs([leaks.around(chance, value)], "redact-text")
            assert value not in made
            assert "[redacted]" in made

    def test_what_the_row_withholds_is_taken_out_whatever_the_limits_say(
        self, world: World
    ) -> None:
        fields = {"notes": '{ action = "redact-text" }'}
        before = '[limits]\necho = "off"\ngate_reason = "x"\n[tables.t]\nidentifying = ["name"]\n'
        data = csv_bytes(
            [["name", "notes"], ["O'Brien-Lee", "MR OBRIEN and Lee's car"], ["Ng", "a lee shore"]]
        )
        packed = world.ann.pack(
            {"t": data}, recipe_text({"t": fields}, before=before), [world.bob], world.drive
        )
        world.bob.unpack(packed.path, world.folder / "out")
        rows = csv_rows((world.folder / "out" / "t.csv").read_bytes())
        assert rows[1:] == [["MR [redacted] and [redacted]'s car"], ["a lee shore"]]
        found = [gate for gate in packed.manifest.tables[0].gates if gate["result"] == "redacted"]
        assert [(gate["gate"], gate["n_cells"]) for gate in found] == [("echo", 1)]

    def test_what_may_stay_does(self) -> None:
        (made,) = outputs(
            ["at SW1A 1AA, ring 07700 900123"],
            "redact-text",
            'allow = ["postcode"], reason = "area"',
        )
        assert made == "at SW1A 1AA, ring [redacted]"


class TestCategory:
    """Over the whole extract, so through planning and packing."""

    @settings(max_examples=40)
    @given(
        st.lists(st.sampled_from(["a", " a ", "b", "B", "", "rare", "c,d"]), max_size=30),
        st.integers(2, 5),
    )
    def test_values_that_enough_rows_have_leave(self, cells: list[str], at_least: int) -> None:
        fields = {
            "out": f'{{ from = "a", action = "category", at_least = {at_least} }}',
            "row": '{ action = "constant", value = "." }',
        }
        recipe = read(recipe_text({"t": fields})).recipe
        data = csv_bytes([["a", "w"], *([cell, "w"] for cell in cells)], quoting=csv.QUOTE_ALL)
        with NamedTemporaryFile() as file:
            file.write(data)
            file.seek(0)
            with Extract(
                "t", cast("BinaryIO", file), recipe.tables["t"].csv, block_bytes=20
            ) as extract:
                (plan,) = plan_tables(recipe, {"t": extract.header})
                rulings = survey(extract, plan, SCOPE, lambda *_: None)
                chunks = list(minimise_extract(extract, plan, SCOPE, rulings=rulings))
        rows = csv_rows(b"".join(chunk.plaintext for chunk in chunks))
        counts = Counter(cell.strip() for cell in cells)
        for cell, (value, _) in zip(cells, rows[1:], strict=True):
            text = cell.strip()
            assert value == (text if not text or counts[text] >= at_least else "other")

    def test_too_many_values_are_no_category(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("securexfer.privacy.census.MAX_VALUES", 5)
        recipe = recipe_text({"t": {"a": '{ action = "category", at_least = 2 }'}})
        data = csv_bytes([["a"], *([str(n)] for n in range(6))])
        with pytest.raises(GateError) as caught:
            world.ann.pack({"t": data}, recipe, [world.bob], world.drive)
        assert "more than 5 different values" in caught.value.message
        assert list(world.drive.glob("*.zip*")) == []

    def test_a_trial_counts_as_pack_does(self, world: World) -> None:
        recipe = read(recipe_text({"t": {"a": '{ action = "category", at_least = 2 }'}})).recipe
        path = world.folder / "t.csv"
        path.write_bytes(b"a\nx\nx\ny\n")
        with open_extracts(recipe, [Input("t", path)]) as opened:
            assert try_extracts(opened, SilentReporter()).found["t"].n_rows_out == 3

    def test_a_pipe_can_not_be_counted_first(self) -> None:
        recipe = read(recipe_text({"t": {"a": '{ action = "category", at_least = 2 }'}})).recipe
        with (
            pytest.raises(UsageError, match='action = "category"'),
            open_extracts(recipe, [Input("t", None)], io.BytesIO(b"a\nx\n")),
        ):
            pass
