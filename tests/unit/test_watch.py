"""Watching counts cells as a slow look at each would."""

from __future__ import annotations

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from securexfer.privacy.watch import _count_filled

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
