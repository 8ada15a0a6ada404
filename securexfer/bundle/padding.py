"""Padmé sizes, so that what is visible of a size says little (PURBs, PETS 2019).

A padded size has at most as many significant bits as its own length in bits needs bits to write
down: it leaks O(log log L) bits and costs at most 12 %, less for larger data.
"""

from __future__ import annotations

from collections.abc import Iterator

_GZIP_HEADER = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff"  # FEXTRA, no time, unknown system
_EMPTY_DEFLATE = b"\x03\x00"
_TRAILER = bytes(8)  # CRC-32 and length of nothing
_SUBFIELD = b"SX"
# DuckDB refuses gzip headers above 32 KiB.
_MAX_EXTRA = 16_000
_FIXED = len(_GZIP_HEADER) + 2 + len(_EMPTY_DEFLATE) + len(_TRAILER)
MIN_MEMBER_BYTES = _FIXED + 4  # the smallest extra field is a subfield without data


def padme(n_bytes: int) -> int:
    """The smallest Padmé size that is not below `n_bytes`."""
    exponent = n_bytes.bit_length() - 1
    significant = exponent.bit_length()
    mask = (1 << max(exponent - significant, 0)) - 1
    return (n_bytes + mask) & ~mask


def gzip_padding(n_bytes: int) -> Iterator[bytes]:
    """Empty gzip members to append to `n_bytes` of gzip so that the sum is a Padmé size.

    There is always at least one, so that any gap can be filled: sizes that fall into one bucket
    with their smallest padding come out equal. Their bytes are in extra fields (RFC 1952), which
    every gzip reader skips. They come one at a time, since a large table can take gigabytes.
    """
    missing = padme(n_bytes + MIN_MEMBER_BYTES) - n_bytes
    while missing:
        size = min(missing, _FIXED + _MAX_EXTRA)
        if 0 < missing - size < MIN_MEMBER_BYTES:
            size -= MIN_MEMBER_BYTES
        yield _empty_member(size)
        missing -= size


def space_padding(n_bytes: int) -> bytes:
    """Spaces to append to a JSON text."""
    return b" " * (padme(n_bytes) - n_bytes)


def _empty_member(size: int) -> bytes:
    extra = size - _FIXED
    field = _SUBFIELD + (extra - 4).to_bytes(2, "little") + bytes(extra - 4)
    return _GZIP_HEADER + extra.to_bytes(2, "little") + field + _EMPTY_DEFLATE + _TRAILER
