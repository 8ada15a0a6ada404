"""The bundle as a file: hashed once, held to that ever after, and its view as a stream."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securexfer.bundle import file as bundle_file
from securexfer.bundle import layout
from securexfer.bundle.envelope import MAX_ENVELOPE_BYTES
from securexfer.bundle.file import BLOCK_BYTES, BundleFile
from securexfer.bundle.manifest import (
    MAX_MANIFEST_BYTES,
)
from securexfer.bundle.provenance import MAX_PROVENANCE_BYTES
from securexfer.errors import (
    BundleFormatError,
    BundleMissingError,
    OutputError,
)
from securexfer.reporting import SilentReporter

KEEP = '{ action = "keep" }'
SILENT = SilentReporter()
# What is hashed at once.
CHUNK = 4 * BLOCK_BYTES


@pytest.fixture
def content() -> bytes:
    """Two chunks, a little more and a comment, of random bytes."""
    return os.urandom(2 * CHUNK + 1000 + layout.COMMENT_BYTES)


@pytest.fixture
def opened(content: bytes, tmp_path: Path) -> Iterator[BundleFile]:
    """A file of that content, hashed."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with BundleFile.open(path) as file:
        file.hash_all(lambda _: None)
        yield file


def store(stored: IO[bytes], content: bytes) -> int:
    """A descriptor of a file that holds this and a comment."""
    stored.write(content + bytes(layout.COMMENT_BYTES))
    return os.dup(stored.fileno())


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


class TestTheFile:
    def test_its_parts_are_where_they_are(self, opened: BundleFile, content: bytes) -> None:
        assert opened.size == len(content)
        assert opened.signed_bytes == len(content) - layout.COMMENT_BYTES
        assert opened.comment == content[-layout.COMMENT_BYTES :]
        assert opened.peek(5, 7) == content[5:12]

    def test_it_is_hashed_whole_and_by_block_and_says_how_far_it_is(
        self, content: bytes, tmp_path: Path
    ) -> None:
        path = tmp_path / "file"
        path.write_bytes(content)
        steps: list[int] = []
        with BundleFile.open(path) as file:
            digest = file.hash_all(steps.append)
        assert digest == hashlib.sha256(content[: -layout.COMMENT_BYTES]).hexdigest()
        assert steps == [CHUNK, CHUNK, 1000]
        assert BLOCK_BYTES == 1024 * 1024

    @pytest.mark.parametrize(
        ("offset", "n_bytes"),
        [
            (0, 0),
            (0, 1),
            (BLOCK_BYTES - 1, 2),
            (BLOCK_BYTES, BLOCK_BYTES),
            (5, 2 * CHUNK),
            (0, 2 * CHUNK + 1000),
            (2 * CHUNK + 1000, 0),
        ],
    )
    def test_any_range_is_read_and_hashed(
        self, opened: BundleFile, content: bytes, offset: int, n_bytes: int
    ) -> None:
        wanted = content[offset : offset + n_bytes]
        assert opened.read(offset, n_bytes) == wanted
        assert opened.hash_range(offset, n_bytes) == hashlib.sha256(wanted).hexdigest()

    @given(choice=st.data(), n_bytes=st.integers(min_value=layout.END_BYTES, max_value=700))
    def test_any_range_of_a_file_of_any_size_is_read_and_hashed(
        self, choice: st.DataObject, n_bytes: int
    ) -> None:
        """In blocks of 64 bytes, so that every border comes up: of them, of chunks, the end."""
        content = os.urandom(n_bytes)
        places = st.integers(min_value=0, max_value=n_bytes)
        start, stop = sorted((choice.draw(places), choice.draw(places)))
        wanted = content[start:stop]
        with (
            TemporaryFile(buffering=0) as stored,
            BundleFile(store(stored, content)) as file,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(bundle_file, "BLOCK_BYTES", 64)
            whole = file.hash_all(lambda _: None, [range(start, stop)])
            assert whole == hashlib.sha256(content).hexdigest()
            assert file.hash_start(stop).digest() == hashlib.sha256(content[:stop]).digest()
            assert file.read(start, stop - start) == wanted
            assert b"".join(file.pieces(start, stop - start)) == wanted
            assert file.hash_range(start, stop - start) == hashlib.sha256(wanted).hexdigest()
            file.hash_all(lambda _: None)
            assert file.hash_range(start, stop - start) == hashlib.sha256(wanted).hexdigest()

    @pytest.mark.parametrize(
        "ranges",
        [
            [range(7)],
            [range(3, CHUNK), range(CHUNK, CHUNK + 1), range(CHUNK + 1, 2 * CHUNK + 1000)],
            [range(5, 5), range(2 * CHUNK, 2 * CHUNK + 1000)],
        ],
    )
    def test_ranges_are_hashed_on_the_way_and_not_read_again(
        self,
        content: bytes,
        tmp_path: Path,
        ranges: list[range],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = tmp_path / "file"
        path.write_bytes(content)
        with BundleFile.open(path) as file:
            whole = file.hash_all(lambda _: None, ranges)
            assert whole == hashlib.sha256(content[: -layout.COMMENT_BYTES]).hexdigest()
            monkeypatch.setattr(os, "pread", None)
            for part in ranges:
                wanted = hashlib.sha256(content[part.start : part.stop]).hexdigest()
                assert file.hash_range(part.start, len(part)) == wanted

    def test_what_lies_outside_has_no_hash_whoever_asked_for_it(
        self, content: bytes, tmp_path: Path
    ) -> None:
        path = tmp_path / "file"
        path.write_bytes(content)
        with BundleFile.open(path) as file:
            file.hash_all(lambda _: None, [range(5, 2 * CHUNK + 1001)])
            with pytest.raises(BundleFormatError, match="outside"):
                file.hash_range(5, 2 * CHUNK + 996)

    @pytest.mark.parametrize(
        "n_bytes",
        [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * CHUNK + 1000],
    )
    def test_the_hash_of_any_start_can_be_gone_on_from(
        self, opened: BundleFile, content: bytes, n_bytes: int
    ) -> None:
        digest = opened.hash_start(n_bytes)
        assert digest.digest() == hashlib.sha256(content[:n_bytes]).digest()
        digest.update(b"more")
        again = opened.hash_start(n_bytes)
        assert again.digest() == hashlib.sha256(content[:n_bytes]).digest()

    def test_what_was_hashed_once_is_not_hashed_again_for_that(
        self, opened: BundleFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[tuple[int, int]] = []
        honest = opened.pieces

        def listen(offset: int, n_bytes: int) -> Iterator[bytes]:
            read.append((offset, n_bytes))
            return honest(offset, n_bytes)

        monkeypatch.setattr(opened, "pieces", listen)
        opened.hash_start(2 * CHUNK)
        opened.hash_start(2 * CHUNK + 7)
        assert read == [(2 * CHUNK, 0), (2 * CHUNK, 7)]

    def test_a_start_that_lies_far_back_is_hashed_anew(
        self, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bundle_file, "_MAX_MARKS", 2)
        path = tmp_path / "file"
        path.write_bytes(content)
        with BundleFile.open(path) as file:
            file.hash_all(lambda _: None)
            for n_bytes in (0, 5, BLOCK_BYTES, 2 * CHUNK):
                wanted = hashlib.sha256(content[:n_bytes]).digest()
                assert file.hash_start(n_bytes).digest() == wanted

    def test_what_may_follow_the_tables_fits_the_marks(self) -> None:
        behind = MAX_MANIFEST_BYTES + MAX_PROVENANCE_BYTES + MAX_ENVELOPE_BYTES
        behind += layout.MAX_DIRECTORY_BYTES + 4 * BLOCK_BYTES
        assert behind < (bundle_file._MAX_MARKS - 1) * CHUNK

    @pytest.mark.parametrize(
        ("offset", "n_bytes"),
        [(0, 0), (7, 0), (BLOCK_BYTES, 0), (5, BLOCK_BYTES), (0, 2 * CHUNK + 1000)],
    )
    def test_a_range_comes_in_pieces_of_a_few_blocks(
        self, opened: BundleFile, content: bytes, offset: int, n_bytes: int
    ) -> None:
        pieces = list(opened.pieces(offset, n_bytes))
        assert b"".join(pieces) == content[offset : offset + n_bytes]
        assert all(0 < len(piece) <= CHUNK for piece in pieces)
        ends = [offset + sum(map(len, pieces[:i])) for i in range(1, len(pieces))]
        assert all(end % BLOCK_BYTES == 0 for end in ends)

    @pytest.mark.parametrize(
        ("offset", "n_bytes"),
        [(-1, 2), (0, -1), (0, 2 * CHUNK + 1001), (2 * CHUNK + 1000, 1)],
    )
    def test_bytes_outside_of_it_are_never_read(
        self, opened: BundleFile, offset: int, n_bytes: int
    ) -> None:
        with pytest.raises(BundleFormatError, match="outside"):
            opened.read(offset, n_bytes)
        with pytest.raises(BundleFormatError, match="outside"):
            list(opened.pieces(offset, n_bytes))

    def test_a_block_is_not_read_again_while_it_is_at_hand(
        self, opened: BundleFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened.read(0, 1)
        monkeypatch.setattr(os, "pread", None)
        opened.read(BLOCK_BYTES - 1, 1)

    def test_short_reads_are_continued(
        self, opened: BundleFile, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = os.pread
        monkeypatch.setattr(os, "pread", lambda d, n, o: honest(d, min(n, 100_000), o))
        assert opened.read(3, BLOCK_BYTES) == content[3 : BLOCK_BYTES + 3]

    def test_a_file_that_is_missing_is_called_that(self, tmp_path: Path) -> None:
        missing = tmp_path / "none"
        with pytest.raises(BundleMissingError) as caught:
            BundleFile.open(missing)
        assert (
            caught.value.message
            == f"The bundle {missing} can't be read: No such file or directory."
        )

    def test_it_knows_itself_under_any_name(self, opened: BundleFile, tmp_path: Path) -> None:
        (tmp_path / "other").write_bytes(b"")
        (tmp_path / "twin").hardlink_to(tmp_path / "file")
        assert opened.is_file(tmp_path / "twin") is True
        assert opened.is_file(tmp_path / "other") is False
        assert opened.is_file(tmp_path / "none") is False

    def test_a_drive_that_can_not_be_read_is_called_that(
        self, opened: BundleFile, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "pread", fail)
        with pytest.raises(OutputError, match="Input/output error") as caught:
            opened.peek(0, 1)
        assert "may be faulty" in caught.value.hint

    def test_a_drive_that_goes_as_it_is_opened_is_called_that(
        self, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: int) -> os.stat_result:
            raise OSError(errno.EIO, "Input/output error")

        path = tmp_path / "file"
        path.write_bytes(content)
        before = open_files()
        monkeypatch.setattr(os, "fstat", fail)
        with pytest.raises(BundleMissingError, match="Input/output error"):
            BundleFile.open(path)
        monkeypatch.undo()
        assert open_files() == before

    def test_a_link_a_folder_and_a_short_file_are_named_as_what_they_are(
        self, tmp_path: Path
    ) -> None:
        shortest = layout.COMMENT_BYTES + layout.END_BYTES
        (tmp_path / "short").write_bytes(bytes(shortest - 1))
        (tmp_path / "long").write_bytes(bytes(shortest))
        (tmp_path / "link").symlink_to(tmp_path / "long")
        for name, words, hint in (
            ("short", "too short", "Name the bundle itself"),
            ("link", "is a link", "Name the file itself"),
            (".", "something else", "Name the bundle itself"),
        ):
            with pytest.raises(BundleFormatError, match=words) as caught:
                BundleFile.open(tmp_path / name)
            assert caught.value.hint.startswith(hint)
        with BundleFile.open(tmp_path / "long") as file:
            assert file.signed_bytes == layout.END_BYTES

    def test_it_is_closed_whatever_happens(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "file"
        path.write_bytes(content)
        before = open_files()
        with BundleFile.open(path) as file:
            descriptor = file._descriptor
            assert not os.get_inheritable(descriptor)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
        path.write_bytes(b"short")
        with pytest.raises(BundleFormatError):
            BundleFile.open(path)
        assert open_files() == before


class TestTheView:
    @given(moves=st.lists(st.tuples(*map(st.integers, (0, -200, -1), (2, 9000, 9000)))))
    def test_it_reads_and_moves_as_any_file_does(
        self, tmp_path: Path, moves: list[tuple[int, int, int]]
    ) -> None:
        content = bytes(range(256)) * 28
        path = tmp_path / "file"
        path.write_bytes(content)
        with BundleFile.open(path) as file:
            file.hash_all(lambda _: None)
            view, model = file.view(), io.BytesIO(content)
            assert view.seekable()
            assert view.read(50) == model.read(50)
            for whence, offset, size in moves:
                base = (0, model.tell(), len(content))[whence]
                if base + offset < 0:
                    with pytest.raises(OSError, match="before the start"):
                        view.seek(offset, whence)
                else:
                    model.seek(base + offset)
                    assert view.seek(offset, whence) == view.tell() == base + offset
                assert view.read(size) == model.read(size)
            assert view.seek(3) == 3
            assert view.read(None) == content[3:]
            assert view.read() == b""
            assert view.seek(0) == 0
            assert view.read() == content
            with pytest.raises(OSError, match="before the start"):
                view.seek(-1)
