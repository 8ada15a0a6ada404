"""Plans: the recipe held against the headers; all that does not fit, in one go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.errors import InternalError, RecipeError
from securexfer.privacy.plan import TablePlan, plan_tables
from tests.world import AGREEMENT, keep_all, read, recipe_text, toml_text

CANARY = "canary-7f3a"
REFUSE = '[tables.t]\ncolumns = "refuse"'
KEEP = '{ action = "keep" }'


def plan(recipe: str, *header: str) -> TablePlan:
    (planned,) = plan_tables(read(recipe).recipe, {"t": header})
    return planned


def problems(recipe: str, headers: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    with pytest.raises(RecipeError) as caught:
        plan_tables(read(recipe).recipe, headers)
    assert caught.value.exit_code == 10
    assert caught.value.message == "The recipe and the extracts do not fit."
    return caught.value.problems


class TestWhatLeavesAndWhatStays:
    def test_withheld_columns_are_listed_exactly_in_the_extracts_order(self) -> None:
        planned = plan(keep_all("t", ["d", "b"]), "e", "d", "c", "b", "a")
        assert planned.withheld == ("e", "c", "a")
        assert [field.name for field in planned.fields] == ["d", "b"]
        assert [field.column for field in planned.fields] == [1, 3]
        assert planned.columns == (1, 3)

    @settings(max_examples=200)
    @given(
        st.lists(st.text(max_size=4), min_size=1, max_size=12, unique=True),
        st.randoms(use_true_random=False),
    )
    def test_every_column_is_either_used_or_withheld(
        self, header: list[str], random: object
    ) -> None:
        kept = header[:: 2 if len(header) > 1 else 1]
        planned = plan(keep_all("t", kept), *header)
        assert [field.name for field in planned.fields] == kept
        assert planned.withheld == tuple(name for name in header if name not in kept)

    def test_a_column_that_is_used_twice_is_not_withheld(self) -> None:
        fields = {"x": '{ from = "a", action = "keep" }', "y": '{ from = "a", action = "keep" }'}
        planned = plan(recipe_text({"t": fields}), "a", "b")
        assert (planned.columns, planned.withheld) == ((0,), ("b",))

    def test_a_field_named_like_a_column_does_not_use_it_if_it_comes_from_another(self) -> None:
        planned = plan(recipe_text({"t": {"b": '{ from = "a", action = "keep" }'}}), "a", "b")
        assert planned.withheld == ("b",)
        assert planned.fields[0].source == "a"

    def test_a_constant_uses_no_column(self) -> None:
        fields = {"a": '{ action = "constant", value = "x" }', "b": '{ action = "keep" }'}
        planned = plan(recipe_text({"t": fields}), "a", "b")
        assert (planned.withheld, planned.columns) == (("a",), (1,))
        assert (planned.fields[0].source, planned.fields[0].column) == (None, None)
        with pytest.raises(InternalError):
            _ = planned.fields[0].position

    def test_an_empty_column_name_is_a_name(self) -> None:
        assert plan(keep_all("t", [""]), "a", "").columns == (1,)
        assert plan(keep_all("t", ["a"]), "a", "").withheld == ("",)


class TestMissingColumns:
    def test_all_of_all_tables_are_named(self) -> None:
        recipe = keep_all("t", ["a", "b", "c"]) + "[tables.u.fields]\n"
        recipe += 'd = { from = "x", action = "keep" }\n'
        assert problems(recipe, {"t": ("b",), "u": ("d",)}) == (
            "tables.t: the extract has no columns 'a', 'c'",
            "tables.u.fields.d: the extract has no column 'x'",
        )

    def test_those_of_one_table_are_one_problem_but_for_advice_on_one(self) -> None:
        recipe = keep_all(
            "t", ["a", "b", "c", "d"], before='[tables.t]\nidentifying = ["m", "n"]\n'
        )
        assert problems(recipe, {"t": ("A", "x")}) == (
            "tables.t.fields.a: the extract has no column 'a' "
            "(there is one that differs in upper and lower case)",
            "tables.t: the extract has no columns 'b', 'c', 'd', 'm', 'n'",
        )
        (problem,) = problems(keep_all("t", ["a", "b"]), {"t": ("a;b",)})
        assert problem.startswith("tables.t: the extract has no columns 'a', 'b' (its header is")

    @pytest.mark.parametrize("column", ["A", "a ", "\ufeffa", "a\u00a0", "\u0430"])
    def test_a_column_that_only_looks_the_same_is_missing(self, column: str) -> None:
        assert len(problems(keep_all("t", ["a"]), {"t": (column,)})) == 1

    @pytest.mark.parametrize("column", [" a", "a ", "\ta", "  a\t"])
    def test_spaces_around_the_name_bring_the_advice_to_trim(self, column: str) -> None:
        (problem,) = problems(keep_all("t", ["a"]), {"t": (column, "b")})
        assert problem.endswith("(there is one with spaces around it: set csv = { trim = true })")

    def test_no_advice_is_given_where_trimming_would_not_help(self) -> None:
        (problem,) = problems(keep_all("t", ["a"]), {"t": ("b", " c ")})
        assert problem == "tables.t.fields.a: the extract has no column 'a'"

    @pytest.mark.parametrize("before", ["", REFUSE])
    def test_the_header_is_not_quoted_for_it_may_be_a_record(self, before: str) -> None:
        recipe = keep_all("t", ["a", "b"], before=before)
        found = problems(recipe, {"t": (CANARY, "b", f" {CANARY}")})
        assert found == ("tables.t.fields.a: the extract has no column 'a'",)


class TestUnlistedColumns:
    def test_each_is_named_where_the_recipe_refuses_them(self) -> None:
        recipe = keep_all("t", ["b"], before=REFUSE)
        assert problems(recipe, {"t": ("a", "b", "c")}) == (
            "tables.t: column 'a' is not listed, and columns = \"refuse\"",
            "tables.t: column 'c' is not listed, and columns = \"refuse\"",
        )

    def test_none_is_no_problem(self) -> None:
        assert plan(keep_all("t", ["a", "b"], before=REFUSE), "b", "a").withheld == ()

    def test_by_default_they_are_withheld_and_listed(self) -> None:
        assert plan(keep_all("t", ["a"]), "a", "new").withheld == ("new",)

    def test_each_table_has_its_own_rule(self) -> None:
        recipe = keep_all("t", ["a"], before=REFUSE) + f"[tables.u.fields]\na = {KEEP}\n"
        found = problems(recipe, {"t": ("a", "b"), "u": ("a", "c")})
        assert found == ("tables.t: column 'b' is not listed, and columns = \"refuse\"",)


class TestTables:
    RECIPE = recipe_text({"t": {"a": KEEP}, "u": {"a": KEEP}})

    def test_a_table_without_an_extract_is_a_problem(self) -> None:
        assert problems(self.RECIPE, {"u": ("a",)}) == (
            "tables.t: no extract was given for this table",
        )

    def test_an_extract_without_a_table_is_a_problem(self) -> None:
        assert problems(self.RECIPE, {"t": ("a",), "u": ("a",), "v": ("a",)}) == (
            "v: the recipe has no such table",
        )

    def test_tables_are_planned_in_the_recipes_order(self) -> None:
        planned = plan_tables(read(self.RECIPE).recipe, {"u": ("a",), "t": ("a",)})
        assert [table.table for table in planned] == ["t", "u"]

    def test_all_kinds_of_problems_come_together(self) -> None:
        recipe = f"{AGREEMENT}{REFUSE}\n[tables.t.fields]\na = {KEEP}\n"
        recipe += f"[tables.u.fields]\n{toml_text('b')} = {KEEP}\n[tables.w.fields]\na = {KEEP}\n"
        found = problems(recipe, {"t": ("a", "z"), "u": ("a",), "v": ("a",)})
        assert len(found) == 4
