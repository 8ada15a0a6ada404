"""Tags: the same for the same bytes, other for any other, and of one object alone."""

from __future__ import annotations

import os
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from securexfer.crypto.tag import BlockTags, TagMaker


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


@given(
    data=st.binary(min_size=1, max_size=300),
    cuts=st.lists(st.integers(min_value=0, max_value=300)),
    bit=st.integers(min_value=0),
)
def test_the_tag_of_a_stream_is_that_of_its_bytes_and_of_no_others(
    data: bytes, cuts: list[int], bit: int
) -> None:
    tags = TagMaker()

    def tag(*pieces: bytes | memoryview) -> bytes:
        stream = tags.begin()
        for piece in pieces:
            stream.update(piece)
        return stream.finish()

    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    whole = tag(data)
    assert len(whole) == 16
    assert whole == tag(*(memoryview(data)[a:b] for a, b in pairwise(places)))
    assert whole not in (tag(bytes(changed)), tag(data[:-1]), tag(data, b"\0"))


def test_tags_of_streams_are_those_of_the_algorithm() -> None:
    """GMAC is GCM without plaintext; another implementation of it, under the same key."""
    tags = TagMaker()
    stream = tags.begin()
    stream.update(b"some bytes")
    key = AESGCM(tags._key.key)
    assert stream.finish() == key.encrypt(bytes(12), b"", b"some bytes")
    assert len({TagMaker().begin().finish() for _ in range(20)}) == 20
