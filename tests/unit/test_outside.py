"""What stands outside of a bundle, at each of its limits: envelope, comment, layout, padding."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from securexfer.bundle import layout
from securexfer.bundle.comment import SignedDigests, decode_comment, sign_comment
from securexfer.bundle.envelope import decode_envelope
from securexfer.bundle.layout import Extent
from securexfer.bundle.padding import MIN_MEMBER_BYTES, gzip_padding, padme
from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.keys import SEED_BYTES, PrivateKeys
from securexfer.errors import (
    BundleFormatError,
    BundleUnsupportedError,
)
from tests.unit.test_layout import emitted

KEYS = PrivateKeys(**{name: bytes([7]) * size for name, size in SEED_BYTES.items()})
Edit = Callable[[dict[str, Any]], Any]


class TestEnvelopes:
    GOOD: ClassVar[dict[str, Any]] = {
        "bundle_id": "a" * 32,
        "created_at": "2026-11-22T09:30:00Z",
        "expires_at": "2026-11-22T09:30:00Z",
        "format": 1,
        "members": [
            {"length": 2**53 - 1, "name": "x" * 64, "offset": 0, "sha256": "0" * 64},
            {"length": 0, "name": "", "offset": 2**53 - 1, "sha256": "0" * 64},
            {"length": 0, "name": "", "offset": 0, "sha256": "0" * 64},
        ],
        "password_commitment": "0" * 64,
        "recipients": [{"fingerprint": "1" * 64, "sealed_password": "x" * 4096}],
        "register_head": "0" * 64,
        "sender": "2" * 64,
    }

    def read(self, edit: Edit) -> Any:
        members = decode_canonical(encode_canonical(self.GOOD), max_bytes=10**6)
        edit(members)
        return decode_envelope(encode_canonical(members))

    @pytest.mark.parametrize(
        "edit",
        [
            lambda e: None,
            lambda e: e.update(expires_at="2036-11-19T09:30:00Z"),
            lambda e: e.update(
                recipients=[{"fingerprint": f"{n:064x}", "sealed_password": ""} for n in range(100)]
            ),
            lambda e: e.update(members=e["members"][:1] * 4000),
        ],
    )
    def test_what_is_at_a_limit_is_read(self, edit: Edit) -> None:
        envelope = self.read(edit)
        assert decode_envelope(envelope.encode()) == envelope
        assert envelope.extents()[0].name == "x" * 64
        assert hash(envelope.members[0]) == hash(envelope.members[0])

    @pytest.mark.parametrize(
        "edit",
        [
            lambda e: e.update(expires_at="2026-11-22T09:29:59Z"),
            lambda e: e.update(expires_at="2036-11-19T09:30:01Z"),
            lambda e: e.update(recipients=[]),
            lambda e: e.update(recipients=e["recipients"] * 2),
            lambda e: e.update(
                recipients=[{"fingerprint": f"{n:064x}", "sealed_password": ""} for n in range(101)]
            ),
            lambda e: e.update(members=e["members"][:2]),
            lambda e: e.update(members=e["members"][:1] * 4001),
            lambda e: e["members"][0].update(name="x" * 65),
            lambda e: e["members"][0].update(more="x"),
            lambda e: e["members"][0].update(sha256="0" * 63),
            lambda e: e["members"][0].update(offset="0"),
            lambda e: e["recipients"][0].update(sealed_password="x" * 4097),
            lambda e: e["recipients"][0].update(fingerprint="1" * 65),
            lambda e: e.update(bundle_id="A" * 32),
            lambda e: e.update(bundle_id="a" * 33),
            lambda e: e.update(created_at="2026-11-22T09:30:60Z"),
            lambda e: e.update(created_at="x2026-11-22T09:30:00Z"),
            lambda e: e.update(format="1"),
            lambda e: e.update(more="x"),
            lambda e: e.pop("sender"),
        ],
    )
    def test_what_is_beyond_it_is_not(self, edit: Edit) -> None:
        with pytest.raises(BundleFormatError):
            self.read(edit)

    @pytest.mark.parametrize(
        ("edit", "fault"),
        [
            (lambda e: e.update(more="x"), "a member that does not belong there"),
            (lambda e: e.pop("sender"), "no member sender"),
            (lambda e: e["members"][2].pop("name"), "no member members.2.name"),
            (lambda e: e.update(created_at="2026-11-22"), "a wrong value in created_at"),
            (lambda e: e["members"][1].update(length="0"), "a wrong value in members.1.length"),
            (lambda e: e.update(bundle_id="", sender=""), "a wrong value in bundle_id"),
        ],
    )
    def test_what_is_wrong_is_said_in_our_own_names(self, edit: Edit, fault: str) -> None:
        with pytest.raises(BundleFormatError) as caught:
            self.read(edit)
        assert caught.value.message == f"The bundle's envelope has {fault}."

    @pytest.mark.parametrize("version", [0, 2, 2**53 - 1])
    def test_another_version_is_called_that(self, version: int) -> None:
        with pytest.raises(BundleUnsupportedError, match=f"is of format version {version};"):
            self.read(lambda e: e.update(format=version))

    @pytest.mark.parametrize("data", [b"1", b"[]", b'""'])
    def test_other_json_is_no_envelope(self, data: bytes) -> None:
        with pytest.raises(BundleFormatError, match=r"^The bundle's envelope has no members\.$"):
            decode_envelope(data)

    def test_its_size_is_bounded(self) -> None:
        for size, words in ((2**22, "not JSON"), (2**22 + 1, "larger than 4194304 bytes")):
            with pytest.raises(BundleFormatError, match=words):
                decode_envelope(b"x" * size)

    def test_its_values_are_counted_before_it_is_parsed(self) -> None:
        for n, words in ((50_000, "no members"), (50_001, "more values than")):
            text = b"[" + b",".join([b"1"] * n) + b"]"
            with pytest.raises(BundleFormatError, match=words):
                decode_envelope(text)
        for opening in (b"{", b"["):
            with pytest.raises(BundleFormatError, match="more values than"):
                decode_envelope(opening * 50_001)

    def test_it_can_not_be_changed(self) -> None:
        envelope = self.read(lambda e: None)
        for part, name in ((envelope, "sender"), (envelope.members[0], "name")):
            with pytest.raises(ValueError, match="frozen"):
                setattr(part, name, "x")


class TestComments:
    DIGESTS = SignedDigests(KEYS.fingerprint, "1" * 64, "2" * 64)

    def test_it_is_read_back_and_gives_the_digests_to_the_right_key(self) -> None:
        comment = sign_comment(self.DIGESTS, KEYS)
        assert len(comment.encode()) == 6144
        assert decode_comment(comment.encode()) == comment
        assert comment.verified(KEYS.public) == self.DIGESTS

    @pytest.mark.parametrize("line", range(4))
    def test_each_line_is_held_to_its_form(self, line: int) -> None:
        lines = sign_comment(self.DIGESTS, KEYS).encode().split(b"\n")
        lines[line] = lines[line][:-1] + b"G"
        with pytest.raises(BundleFormatError, match="not well-formed"):
            decode_comment(b"\n".join(lines))

    def test_nothing_is_hidden_in_its_padding(self) -> None:
        data = bytearray(sign_comment(self.DIGESTS, KEYS).encode())
        data[-2] = ord("x")
        for wrong in (bytes(data), bytes(data[:-2]) + b"\n", bytes(data) + b" "):
            with pytest.raises(BundleFormatError, match="do not belong there"):
                decode_comment(wrong)


class TestTheLayout:
    WIDE = 2**31 - 1

    def extents(self, *sizes: int) -> list[Extent]:
        """A read-me, tables, a manifest: members of so many bytes."""
        tables = [layout.table_member(n + 1) for n in range(len(sizes) - 2)]
        found, offset = [], 0
        for name, size in zip([layout.READ_ME, *tables, layout.MANIFEST], sizes, strict=True):
            found.append(Extent(name, offset, size))
            offset += size
        return found

    def test_a_member_is_its_header_its_content_and_its_descriptor(self) -> None:
        clear, secret = Extent(layout.READ_ME, 100, 500), Extent(layout.MANIFEST, 100, 500)
        assert clear.content_offset == 100 + 30 + 11 + 20
        assert clear.stored_bytes == clear.content_bytes == 500 - 30 - 11 - 20 - 24
        assert secret.content_offset == 100 + 30 + 13 + 31
        assert secret.stored_bytes == 500 - 30 - 13 - 31 - 24
        assert secret.content_bytes == secret.stored_bytes - 28
        assert (clear.is_encrypted, secret.is_encrypted, clear.crc) == (False, True, 0)

    def test_members_must_follow_each_other_and_hold_something(self) -> None:
        shortest = 30 + 11 + 20 + 24
        layout.check_contiguous(self.extents(shortest, 1000, 1000))
        with pytest.raises(BundleFormatError, match="without gaps"):
            layout.check_contiguous(self.extents(shortest - 1, 1000, 1000))
        for step in (-1, 1):
            first, second, third = self.extents(1000, 1000, 1000)
            moved = Extent(second.name, second.offset + step, second.length)
            with pytest.raises(BundleFormatError, match="without gaps"):
                layout.check_contiguous([first, moved, third])

    def test_at_most_4000_members_are_a_bundle(self) -> None:
        tables = [layout.table_member(n + 1) for n in range(3999)]
        layout.check_names([layout.READ_ME, *tables[:3998], layout.MANIFEST])
        with pytest.raises(BundleFormatError):
            layout.check_names([layout.READ_ME, *tables, layout.MANIFEST])

    def test_the_largest_directory_is_as_large_as_it_can_be(self) -> None:
        assert layout.MAX_END_BYTES == 22 + 20 + 56
        assert layout.MAX_DIRECTORY_BYTES == 4001 * (46 + 64 + 28 + 11) + 22 + 20 + 56

    @pytest.mark.parametrize("offset", [3000, 2**32 - 2, 2**32 - 1, 2**32, 2**40])
    def test_the_directory_is_where_its_end_says(self, offset: int) -> None:
        extents = self.extents(offset // 2 + 1000, offset - offset // 2, 1000)
        directory = layout.directory(extents)
        start = extents[-1].offset + extents[-1].length
        assert layout.find_directory(directory, start) == start
        assert layout.find_directory(directory[-layout.MAX_END_BYTES :], start + 10**6) == start
        assert layout.member_offsets(directory)[-1] == extents[-1].offset

    @pytest.mark.parametrize("size", [WIDE - 1, WIDE, WIDE + 1])
    def test_values_are_wide_from_the_same_size_on_as_our_writers(self, size: int) -> None:
        overhead = len(layout.local_header(layout.table_member(1))) + 24
        # Content, stored content, the next offset, the directory: each at the limit in its turn.
        for length in (
            size + overhead,
            size + overhead + layout.AES_OVERHEAD,
            size - 1000,
            size - 2000,
        ):
            extents = self.extents(1000, length, 1000)
            assert layout.directory(extents) == emitted(extents)

    def test_a_claimed_offset_may_be_any_in_the_file(self) -> None:
        entry = layout.directory(self.extents(1000, 1000, 1000))[:46]
        nameless = bytearray(entry)
        for offset in (0, 1, 500):
            nameless[26:34] = bytes(8)
            nameless[42:46] = offset.to_bytes(4, "little")
            assert layout.member_offsets(bytes(nameless))[-1] == offset
        end = layout.directory(self.extents(1000, 1000, 1000))[-22:]
        first = end[:16] + (1).to_bytes(4, "little") + end[20:]
        assert layout.find_directory(first, 1000) == 1

    @pytest.mark.parametrize("n_wide", [1, 2, 3])
    def test_the_wide_offset_is_the_last_wide_value_and_may_end_the_entries(
        self, n_wide: int
    ) -> None:
        entry = bytearray(layout.directory(self.extents(1000, 1000, 1000))[:46])
        entry[26:34] = bytes(8)
        entry[42:46] = b"\xff" * 4
        values = [7 * 2**32] * (n_wide - 1) + [5 * 2**32]
        extra = struct.pack(f"<HH{n_wide}Q", 1, 8 * n_wide, *values)
        assert layout.member_offsets(bytes(entry) + extra)[-1] == 5 * 2**32
        with pytest.raises(BundleFormatError, match="not well-formed"):
            layout.member_offsets(bytes(entry) + extra[:-1])[-1]

    def test_an_end_that_is_none_is_refused(self) -> None:
        directory = layout.directory(self.extents(1000, 1000, 1000))
        for tail, offset, words in (
            (directory[-21:], 10**6, "too short"),
            (directory[:-1] + b"\x17", 10**6, "no end record"),
            (directory[:-22] + b"X" + directory[-21:], 10**6, "no end record"),
            (directory[-22:], 3000 - 22, "lies outside"),
            (directory[:-6] + bytes(4) + directory[-2:], 10**6, "lies outside"),
        ):
            with pytest.raises(BundleFormatError, match=words):
                layout.find_directory(tail, offset)
        assert layout.find_directory(directory[-22:], 3000 - 21) == 3000
        for tail in (directory, bytes(76) + directory[-22:]):
            wide = tail[:-6] + b"\xff" * 4 + tail[-2:]
            short = b"PK\x06\x06" + bytes(51 + 20) + wide[-22:]
            for some in (wide[-98:], wide[-97:], wide[-22:], short):
                with pytest.raises(BundleFormatError, match="no wide end record"):
                    layout.find_directory(some, 10**6)

    def test_entries_that_are_none_are_refused(self) -> None:
        for wide in range(3):
            sizes = [self.WIDE * 2] * wide + [1000] * (3 - wide)
            directory = layout.directory(self.extents(*sizes))
            assert layout.member_offsets(directory)[-1] == sum(sizes[:2])
        entry = layout.directory(self.extents(self.WIDE * 3, 1000, 1000))
        last = entry.rindex(b"PK\x01\x02")
        start = last + 46 + len(layout.MANIFEST)
        for at, byte in ((start, 2), (start + 2, 9), (start + 2, 0), (start + 2, 32)):
            broken = bytearray(entry)
            broken[at] = byte
            with pytest.raises(BundleFormatError, match="not well-formed"):
                layout.member_offsets(bytes(broken))[-1]
        with pytest.raises(BundleFormatError, match="not well-formed"):
            layout.member_offsets(entry[: start + 4 + 7])[-1]
        for cut in (last + 45, start + 3):
            before = layout.member_offsets(entry[:last])[-1]
            assert layout.member_offsets(entry[:cut])[-1] in (before, 0xFFFFFFFF)
        for nothing in (b"", b"PK\x05\x06", b"PK\x01\x02"):
            with pytest.raises(BundleFormatError, match="not well-formed"):
                layout.member_offsets(nothing)[-1]


@pytest.mark.parametrize("short", range(1, 27))
def test_padding_is_never_left_with_less_than_a_member(short: int) -> None:
    # A gap that is a little more than the largest member must be cut in two.
    largest = 16_022
    n_bytes = next(
        n for n in range(300_000, 10**6) if padme(n + MIN_MEMBER_BYTES) - n == largest + short
    )
    padding = b"".join(gzip_padding(n_bytes))
    assert len(padding) == largest + short
    starts = [i for i in range(len(padding)) if padding.startswith(b"\x1f\x8b\x08\x04", i)]
    sizes = [end - start for start, end in zip(starts, [*starts[1:], len(padding)], strict=True)]
    assert len(sizes) == 2
    assert (sizes[0] == largest) == (short == MIN_MEMBER_BYTES)
    assert all(26 <= size <= largest for size in sizes)
