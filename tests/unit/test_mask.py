"""Masks say the same as the bytes they stand for, one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from securexfer.privacy.mask import count_before, enclose, ends_set, find, follow, mark

BYTES = st.binary(min_size=1, max_size=300).map(lambda data: bytes(byte % 3 for byte in data))


def bits(words: np.ndarray, n_bytes: int) -> list[bool]:
    unpacked = np.unpackbits(words.view(np.uint8), bitorder="little")
    return [bool(bit) for bit in unpacked[:n_bytes]]


@given(BYTES)
def test_marks_are_where_the_byte_stands(data: bytes) -> None:
    words = mark(np.frombuffer(data, np.uint8), 1)
    assert bits(words, len(data)) == [byte == 1 for byte in data]
    assert find(words).tolist() == [at for at, byte in enumerate(data) if byte == 1]
    assert ends_set(words) is (len(data) % 64 == 0 and data[-1] == 1)


@given(BYTES, st.booleans())
def test_what_follows_is_one_further(data: bytes, is_first: bool) -> None:
    words = follow(mark(np.frombuffer(data, np.uint8), 1), is_first)
    assert bits(words, len(data)) == [is_first, *(byte == 1 for byte in data[:-1])]


@given(BYTES, st.booleans())
def test_what_is_enclosed_changes_with_each_quote(data: bytes, is_quoted: bool) -> None:
    words = enclose(mark(np.frombuffer(data, np.uint8), 1), is_quoted)
    expected = []
    for byte in data:
        is_quoted ^= byte == 1
        expected.append(is_quoted)
    assert bits(words, len(data)) == expected


@given(BYTES, st.data())
def test_bits_are_counted_before_a_position(data: bytes, draw: st.DataObject) -> None:
    raw = np.frombuffer(data, np.uint8)
    positions = draw.draw(st.lists(st.integers(0, len(data) - 1), max_size=5))
    counts = count_before(mark(raw, 1), np.array(positions, np.intp))
    assert counts.tolist() == [data[:at].count(1) for at in positions]
