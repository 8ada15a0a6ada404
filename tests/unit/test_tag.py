"""Tags: the same for the same bytes, other for any other, and of one object alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from cryptography.exceptions import AlreadyFinalized
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB
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


def test_blocks_are_tagged_alike_by_any_thread_at_any_time() -> None:
    """A file's blocks are tagged ahead in one thread while another one reads."""
    tags, blocks = BlockTags(), [os.urandom(200_000) for _ in range(8)]
    wanted = [tags.tag(number, block) for number, block in enumerate(blocks)]

    def tag_all(_: int) -> list[bytes]:
        return [tags.tag(number, block) for number, block in enumerate(blocks)]

    with ThreadPoolExecutor(4) as pool:
        assert all(made == wanted for made in pool.map(tag_all, range(40)))


def test_nothing_is_added_to_a_tag_that_was_made() -> None:
    stream = TagMaker().begin()
    stream.update(b"data")
    stream.finish()
    with pytest.raises(AlreadyFinalized):
        stream.update(b"more")


# Where a count of bits or bytes that is 32 bits wide begins anew, and what a first drive holds.
@pytest.mark.parametrize("n_bytes", [16, 2**29, 2**29 + 16, 2**32, 2**32 + 16])
def test_a_stream_may_be_long(n_bytes: int) -> None:
    """By GCM's own definition (NIST SP 800-38D), of one word again and again: a power series."""
    tags, word = TagMaker(), os.urandom(16)
    piece = memoryview(word * 2**18)
    stream = tags.begin()
    for start in range(0, n_bytes, len(piece)):
        stream.update(piece[: n_bytes - start])
    block_cipher = Cipher(AES128(tags._key.key), ECB()).encryptor()
    hash_key = int.from_bytes(block_cipher.update(bytes(16)))
    mask = int.from_bytes(block_cipher.update((1).to_bytes(16)))
    words = times(int.from_bytes(word), times(sum_powers(hash_key, n_bytes // 16)[1], hash_key))
    lengths = times(8 * n_bytes << 64, hash_key)
    assert int.from_bytes(stream.finish()) == words ^ lengths ^ mask


def times(x: int, y: int) -> int:
    """Product in GCM's field."""
    product = 0
    for bit in reversed(range(128)):
        product ^= x * (y >> bit & 1)
        x = x >> 1 ^ (0xE1 << 120) * (x & 1)
    return product


def sum_powers(x: int, n: int) -> tuple[int, int]:
    """The n-th power in GCM's field, and the sum of the first to the n-th."""
    if n == 0:
        return 1 << 127, 0
    power, total = sum_powers(x, n // 2)
    power, total = times(power, power), total ^ times(power, total)
    if n % 2:
        power = times(power, x)
        total ^= power
    return power, total
