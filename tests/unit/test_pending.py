"""Pending bytes are cut where the whole would be, however they came."""

from hypothesis import given
from hypothesis import strategies as st

from securexfer.privacy.pending import Pending
from securexfer.privacy.shape import first_record_end, last_record_end

QUOTE = ord('"')
PIECES = st.lists(st.text(alphabet='a,"\n\r', max_size=12).map(str.encode), max_size=8)


@given(PIECES)
def test_ends_are_those_of_the_whole(pieces: list[bytes]) -> None:
    pending = Pending(QUOTE)
    for piece in pieces:
        pending.add(piece)
    whole = b"".join(pieces)
    assert pending.n_bytes == len(whole)
    assert pending.last_end() == last_record_end(whole, QUOTE)
    assert pending.first_end() == first_record_end(whole, QUOTE)


@given(PIECES, st.lists(st.integers(0, 40), max_size=4))
def test_what_is_taken_comes_first_and_the_rest_stays(pieces: list[bytes], cuts: list[int]) -> None:
    pending, left = Pending(QUOTE), b""
    for piece in pieces:
        pending.add(piece)
        left += piece
    for cut in cuts:
        n_bytes = min(cut, len(left))
        assert pending.take(n_bytes) == left[:n_bytes]
        left = left[n_bytes:]
        assert pending.n_bytes == len(left)
        assert pending.last_end() == last_record_end(left, QUOTE)
