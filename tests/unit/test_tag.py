"""Tags: the same for the same bytes, other for any other, and of one object alone."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from securexfer.crypto.tag import BlockTags


@given(data=st.binary(min_size=1, max_size=300), bit=st.integers(min_value=0))
def test_any_other_bit_gives_another_tag(data: bytes, bit: int) -> None:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    tags = BlockTags()
    tag = tags.tag(3, data)
    assert len(tag) == 16
    assert tag == tags.tag(3, memoryview(data))
    assert tag not in (tags.tag(3, bytes(changed)), tags.tag(3, data[:-1]), tags.tag(2, data))


def test_no_two_objects_have_one_key() -> None:
    data = os.urandom(1000)
    assert len({BlockTags().tag(1, data) for _ in range(20)}) == 20
