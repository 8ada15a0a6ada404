"""Expectations: an extract with other numbers of rows than it should have is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from securexfer.errors import ExtractEmptyError, RowCountError, UsageError
from securexfer.expectation import Expectation
from tests.world import World, keep_all


class TestRows:
    @pytest.mark.parametrize(
        ("expected", "n_rows"),
        [
            (Expectation({"": 10}), {"a": 10, "b": 11}),
            (Expectation({"": 10, "b": 1}), {"a": 10, "b": 1}),
            (Expectation(n_rows_max={"a": 10}), {"a": 10, "b": 11}),
            (Expectation(change_max_percent=10), {"a": 110, "b": 90}),
            (Expectation(change_max_percent=0), {"a": 100, "b": 100}),
            (Expectation(), {"a": 0, "b": 0}),
            (Expectation(on_empty="refuse"), {"a": 0, "b": 1}),
        ],
    )
    def test_within_it(self, expected: Expectation, n_rows: dict[str, int]) -> None:
        expected.check_rows(n_rows, {"a": 100, "b": 100})

    @pytest.mark.parametrize(
        ("expected", "n_rows", "told"),
        [
            (Expectation({"": 10}), {"a": 9, "b": 8}, "a: 9 rows.*b: 8 rows"),
            (Expectation({"": 1, "b": 10}), {"a": 5, "b": 5}, "b: 5 rows, at least 10"),
            (Expectation(n_rows_max={"": 10}), {"a": 11, "b": 0}, "a: 11 rows, at most 10"),
            (Expectation(change_max_percent=10), {"a": 111, "b": 89}, "a: 111 .*b: 89 "),
            (Expectation({"": 1}, on_empty="skip"), {"a": 0, "b": 0}, "at least 1"),
        ],
    )
    def test_beyond_it(self, expected: Expectation, n_rows: dict[str, int], told: str) -> None:
        with pytest.raises(RowCountError, match=told):
            expected.check_rows(n_rows, {"a": 100, "b": 100})

    def test_without_a_last_bundle_there_is_no_change(self) -> None:
        Expectation(change_max_percent=0).check_rows({"a": 5}, {})

    @pytest.mark.parametrize("on_empty", ["refuse", "skip"])
    def test_nothing_at_all_is_told_apart(self, on_empty: Any) -> None:
        with pytest.raises(ExtractEmptyError):
            Expectation(on_empty=on_empty).check_rows({"a": 0, "b": 0}, {})

    def test_a_table_that_there_is_not_is_a_mistake(self) -> None:
        with pytest.raises(UsageError, match="'offender'"):
            Expectation({"offender": 1}).check_tables(["offenders"])


class TestPacking:
    def pack(self, world: World, n_rows: int, **expected: Any) -> None:
        world.ann.pack(
            {"t": b"x\n" + b"1\n" * n_rows},
            keep_all("t", ["x"]),
            [world.bob],
            world.drive,
            expectation=Expectation(**expected),
        )

    def left(self, world: World) -> int:
        return sum(path.is_file() for path in world.drive.iterdir())

    def test_too_few_rows_leave_nothing_and_no_record(self, world: World) -> None:
        with pytest.raises(RowCountError):
            self.pack(world, 9, n_rows_min={"t": 10})
        assert self.left(world) == 0
        assert world.ann.register.entries() == []
        self.pack(world, 10, n_rows_min={"t": 10})
        assert self.left(world) == 1

    def test_the_last_bundle_is_that_of_the_same_recipe_and_recipients(self, world: World) -> None:
        self.pack(world, 100)
        self.pack(world, 109, change_max_percent=10)
        with pytest.raises(RowCountError, match="130 rows, 109 in the last bundle"):
            self.pack(world, 130, change_max_percent=10)
        world.ann.pack(
            {"t": b"x\n1\n"},
            keep_all("t", ["x"]),
            [world.cat],
            world.drive,
            expectation=Expectation(change_max_percent=10),
        )
