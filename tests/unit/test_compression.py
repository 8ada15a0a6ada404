"""However hard a table is compressed, it is the same table; how hard is the drive's to say."""

from __future__ import annotations

import base64
import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securexfer.privacy.compression import Compression, Effort
from securexfer.privacy.synthetic import offender_csv

ROWS = b"".join(offender_csv(4000))
FAST, SMALL = (Compression(effort).compress(ROWS) for effort in ("fast", "small"))


@given(st.binary(max_size=3000), st.sampled_from(["auto", "fast", "small"]), st.floats(0, 2))
def test_it_is_one_gzip_member_that_gives_back_what_went_in(
    data: bytes, effort: Effort, backlog: float
) -> None:
    compressed = Compression(effort, lambda: backlog).compress(data)
    assert gzip.decompress(compressed) == data
    assert compressed[4:8] == bytes(4), "a member tells when it was made"


def test_small_is_smaller() -> None:
    assert len(SMALL) < 0.97 * len(FAST)


@pytest.mark.parametrize(("backlog", "expected"), [(0.0, FAST), (0.49, FAST), (0.5, SMALL)])
def test_auto_is_small_while_the_drive_is_behind(backlog: float, expected: bytes) -> None:
    assert Compression("auto", lambda: backlog).compress(ROWS) == expected


def test_auto_tries_no_harder_where_that_saves_nothing() -> None:
    noise = base64.b64encode(random.Random(5).randbytes(300_000))
    fast, auto = Compression("fast"), Compression("auto", lambda: 1.0)
    assert auto.compress(noise) == fast.compress(noise)
    assert auto.compress(b"") == fast.compress(b"")


def test_auto_asks_for_each_block() -> None:
    backlogs = iter([0.9, 0.1, 0.9])
    compression = Compression("auto", lambda: next(backlogs))
    assert [compression.compress(ROWS) for _ in range(3)] == [SMALL, FAST, SMALL]


@pytest.mark.parametrize("effort", ["fast", "small"])
def test_fast_and_small_ask_nobody(effort: Effort) -> None:
    def backlog() -> float:
        raise AssertionError

    assert Compression(effort, backlog).compress(ROWS) == {"fast": FAST, "small": SMALL}[effort]
