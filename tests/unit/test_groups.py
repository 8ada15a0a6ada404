"""Groups and data subjects, against a computation with the standard library alone."""

from __future__ import annotations

import csv
import io
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.privacy import subjects as subjects_room
from securexfer.privacy.groups import Groups, SizeBand, TooManyGroupsError
from securexfer.privacy.subjects import MAX_KEPT, Subjects, together, tokens_of
from tests.world import csv_bytes

QUASI = ("f0", "f1", "f2")
SENSITIVE = ("f3", "f4")
COLUMNS = (*QUASI, *SENSITIVE)

tables = st.lists(
    st.tuples(
        st.sampled_from(["1980", "1981", ""]),
        st.sampled_from(["F", "M"]),
        st.sampled_from(["N1", "n1", "N1 ", 'a "b", c', "é"]),
        st.sampled_from(["0", "1", "2"]),
        st.sampled_from(["x", ""]),
    ),
    max_size=60,
)


def reference(rows: Sequence[Sequence[str]], min_size: int, min_distinct: int) -> dict[str, Any]:
    """The same from the text of a CSV file, with `csv` and `itertools`."""
    read = list(csv.reader(io.StringIO(csv_bytes([COLUMNS, *rows]).decode(), newline="")))[1:]

    def by(columns: Sequence[int]) -> dict[tuple[str, ...], list[list[str]]]:
        def key(row: list[str]) -> tuple[str, ...]:
            return tuple(row[i] for i in columns)

        return {k: list(g) for k, g in itertools.groupby(sorted(read, key=key), key)}

    groups = by((0, 1, 2))
    distinct = {
        column: {k: len({row[3 + i] for row in g}) for k, g in groups.items()}
        for i, column in enumerate(SENSITIVE)
    }
    small = {
        k
        for k, g in groups.items()
        if len(g) < min_size or any(d[k] < min_distinct for d in distinct.values())
    }
    return {
        "k": min(map(len, groups.values()), default=0),
        "n_groups": len(groups),
        "n_unique": sum(len(g) == 1 for g in groups.values()),
        "n_small_groups": len(small),
        "n_small_rows": sum(len(groups[k]) for k in small),
        "n_distinct": {c: min(d.values(), default=0) for c, d in distinct.items()},
        "k_without": {
            name: min(map(len, by([j for j in range(3) if j != i]).values()), default=0)
            for i, name in enumerate(QUASI)
        },
        "sizes": count_sizes([len(g) for g in groups.values()], min_size),
        "small": small,
    }


def count_sizes(sizes: Sequence[int], min_size: int) -> tuple[SizeBand, ...]:
    """Bands by hand: each size goes to the largest start that it reaches."""
    starts = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, min_size}
    bands: dict[int, list[int]] = {}
    for size in sizes:
        bands.setdefault(max(start for start in starts if start <= size), []).append(size)
    return tuple(SizeBand(start, len(bands[start]), sum(bands[start])) for start in sorted(bands))


def framed(rows: Sequence[Sequence[str]]) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    cells = {
        name: [cell or None for cell in column]
        for name, column in zip(COLUMNS, columns, strict=True)
    }
    return pl.DataFrame(cells, schema=dict.fromkeys(COLUMNS, pl.String))


@settings(max_examples=150)
@given(tables, st.integers(1, 60), st.integers(1, 6), st.integers(1, 3))
def test_they_are_those_of_an_independent_count_however_the_rows_are_cut(
    rows: list[tuple[str, ...]], size: int, min_size: int, min_distinct: int
) -> None:
    groups = Groups(QUASI, SENSITIVE)
    frame = framed(rows)
    for start in range(0, frame.height, size):
        groups.add(groups.parts_of(frame[start : start + size]))
    expected = reference(rows, min_size, min_distinct)
    small = expected.pop("small")
    assert vars(groups.findings(min_size, min_distinct)) == expected
    assert set(groups.small(min_size, min_distinct).rows()) == small


def test_what_is_kept_is_bounded_and_merged_on_the_way() -> None:
    groups = Groups(["f0"], max_kept=100)
    for block in range(50):
        groups.add(
            groups.parts_of(pl.DataFrame({"f0": [str(n) for n in range(100)] * (block + 1)}))
        )
    assert groups.findings(1, 1).k == 50 * 51 // 2

    def add_others() -> None:
        for block in range(50):
            groups.add(groups.parts_of(pl.DataFrame({"f0": [f"{block} {n}" for n in range(100)]})))

    with pytest.raises(TooManyGroupsError):
        add_others()


def test_one_more_than_the_bound_is_noticed_at_the_end_at_the_latest() -> None:
    groups = Groups(["f0"], max_kept=100)
    groups.add(groups.parts_of(pl.DataFrame({"f0": [str(n) for n in range(100)]})))
    assert groups.findings(2, 1).n_small_rows == 100
    groups.add(groups.parts_of(pl.DataFrame({"f0": ["one more"]})))
    for ask in (lambda: groups.findings(2, 1), lambda: groups.small(2, 1)):
        with pytest.raises(TooManyGroupsError):
            ask()


class TestSubjects:
    def test_tokens_are_counted_once_and_blanks_are_nobody(self) -> None:
        tokens = pl.Series(
            ["a-b_c_00ff00ff00ff00ff00000000", None, "a-b_c_00ff00ff00ff00ff00000000"]
        )
        assert tokens_of(tokens).tolist() == [0x00FF00FF00FF00FF]
        assert tokens_of(pl.Series([None], dtype=pl.String)).tolist() == []
        assert tokens_of(pl.Series(["p_" + "f" * 24])).tolist() == [2**64 - 1]

    @settings(max_examples=100)
    @given(st.lists(st.lists(st.integers(0, 50))), st.integers(60, 100))
    def test_up_to_the_bound_the_count_is_exact(
        self, blocks: list[list[int]], max_kept: int
    ) -> None:
        subjects = Subjects(max_kept)
        for block in blocks:
            subjects.add(np.array(block, np.uint64))
        assert subjects.count() == len(set(itertools.chain(*blocks)))
        assert subjects.is_exact

    @settings(max_examples=300)
    @given(
        st.lists(st.lists(st.integers(0, 30) | st.just(2**64 - 1), max_size=8), max_size=8),
        st.integers(1, 20),
        st.integers(1, 5),
    )
    def test_the_smallest_are_kept_however_few_are_merged_at_once(
        self,
        monkeypatch: pytest.MonkeyPatch,
        blocks: list[list[int]],
        max_kept: int,
        at_once: int,
    ) -> None:
        monkeypatch.setattr(subjects_room, "_AT_ONCE", at_once)
        subjects = Subjects(max_kept)
        for block in blocks:
            subjects.add(np.array(block, np.uint64))
        different = sorted(set(itertools.chain(*blocks)))
        kept = list(itertools.chain(*(part.tolist() for part in subjects.parts())))
        assert kept == different[:max_kept]
        assert subjects.is_exact == (len(different) <= max_kept)

    def test_beyond_it_the_count_is_close_and_marked(self) -> None:
        chance = np.random.default_rng(2008)
        people = chance.integers(0, 2**64, 300_000, dtype=np.uint64)
        subjects = Subjects(20_000)
        for _ in range(30):
            subjects.add(chance.choice(people, 30_000))
        subjects.add(people)
        assert not subjects.is_exact
        # Three standard errors of 1 in the square root of 20,000.
        assert subjects.count() == pytest.approx(300_000, rel=3 / 20_000**0.5)

    def test_people_in_several_tables_count_once(self) -> None:
        chance = np.random.default_rng(2023)
        people = chance.integers(0, 2**64, 90_000, dtype=np.uint64)
        for max_kept, is_exact in ((100_000, True), (20_000, False)):
            several = [Subjects(max_kept) for _ in range(3)]
            for one, start in zip(several, (0, 20_000, 40_000), strict=True):
                one.add(people[start : start + 50_000])
            union = together(several, max_kept)
            assert union.is_exact == is_exact
            assert union.count() == pytest.approx(90_000, rel=0 if is_exact else 0.03)

    def test_a_small_table_beside_one_that_was_too_large_is_still_counted(self) -> None:
        chance = np.random.default_rng(6)
        large, small = Subjects(1_000), Subjects(1_000)
        large.add(chance.integers(0, 2**64, 50_000, dtype=np.uint64))
        small.add(chance.integers(0, 2**64, 900, dtype=np.uint64))
        assert together([large, small], 1_000).count() == pytest.approx(50_900, rel=0.1)


def test_the_reference_counts_by_hand_too() -> None:
    rows = [("1980", "F", "N1", "0", "x")] * 3 + [("1981", "F", "N1", "0", ""), ("1981",) * 5]
    found = reference(rows, 2, 1)
    assert (found["k"], found["n_groups"], found["n_unique"]) == (1, 3, 2)
    counts: Counter[int] = Counter()
    seen: dict[tuple[str, ...], int] = defaultdict(int)
    for row in random.Random(1).sample(rows, len(rows)):
        seen[row[:3]] += 1
    counts.update(seen.values())
    assert counts == {3: 1, 1: 2}


def test_the_page_says_up_to_how_many_people_are_counted_exactly() -> None:
    page = Path(__file__).parents[2] / "docs" / "recipe.md"
    assert "exactly up to a million" in page.read_text()
    assert MAX_KEPT == 1_000_000
