"""Watching counts cells as a slow look at each would."""

from __future__ import annotations

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from securexfer.privacy.groups import Groups
from securexfer.privacy.minimise import minimise
from securexfer.privacy.plan import plan_tables
from securexfer.privacy.watch import Watch, _count_filled
from tests.world import SCOPE, keep_all, read

CELLS = st.lists(
    st.none() | st.text(max_size=3) | st.text(alphabet=" \t!~\x7f\xa0\u3000", max_size=3)
)


@given(CELLS)
@example([" ", "\u3000", "\x1f", "\x7f", "!", "~", " a", "\u00e9", "", None])
def test_a_cell_counts_if_anything_in_it_is_seen(cells: list[str | None]) -> None:
    # The characters that Unicode calls white space, which is not quite what `str.strip` takes off.
    blank = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    blank += "".join(map(chr, range(0x2000, 0x200B)))
    expected = sum(cell is not None and cell.strip(blank) != "" for cell in cells)
    column = pl.Series(cells, dtype=pl.String)
    frame = pl.DataFrame({"a": column, "b": column.reverse()})
    assert _count_filled(frame, ["a", "b"]) == {"a": expected, "b": expected}


def test_a_block_may_be_looked_at_while_there_get_to_be_too_many_groups() -> None:
    class GivenUp(Watch):
        """Its groups are given up by another thread as soon as this one has asked for them."""

        _before: Groups | None

        @property
        def _groups(self) -> Groups | None:
            groups, self._before = self._before, None
            return groups

        @_groups.setter
        def _groups(self, groups: Groups | None) -> None:
            self._before = groups

    recipe = read(keep_all("t", ["a"], before='[tables.t]\nquasi_identifiers = ["a"]\n')).recipe
    (plan,) = plan_tables(recipe, {"t": ("a",)})
    block = minimise(pl.DataFrame({"c0": ["1", "2"]}), plan, SCOPE)
    watch = GivenUp(plan)
    seen = [watch.observe(block), watch.observe(block)]
    assert [one.groups is None for one in seen] == [False, True]
