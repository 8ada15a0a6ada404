"""The parcel in its parts: the file, its view, the manifest, the writer, the tables."""

from __future__ import annotations

import errno
import gc
import gzip
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securexfer.bundle import file as bundle_file
from securexfer.bundle import layout, outside, reader
from securexfer.bundle.envelope import MAX_ENVELOPE_BYTES
from securexfer.bundle.file import BLOCK_BYTES, BundleFile
from securexfer.bundle.manifest import (
    MAX_CONTAINERS,
    MAX_MANIFEST_BYTES,
    decode_manifest,
    describe_package,
)
from securexfer.bundle.outside import read_claims
from securexfer.bundle.padding import MIN_MEMBER_BYTES, padme
from securexfer.bundle.provenance import MAX_PROVENANCE_BYTES
from securexfer.bundle.reader import read_inside
from securexfer.bundle.writer import READ_ME_TEXT, BundleWriter
from securexfer.errors import (
    BundleFormatError,
    BundleMissingError,
    ContentMismatchError,
    ManifestMismatchError,
    NotForThisIdentityError,
    OutputError,
    SecurexferError,
    SenderUnknownError,
)
from securexfer.reporting import SilentReporter
from securexfer.verifying import inspect
from tests.attack.forge import resign
from tests.unit.pictures import jpeg
from tests.world import World, keep_all, recipe_text

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


@pytest.fixture
def bundle(world: World) -> Path:
    return world.ann.pack(
        {"t": b"x\n1\n2\n"}, keep_all("t", ["x"]), [world.bob, world.cat], world.drive
    ).path


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


class TestTheOutside:
    def test_inspecting_needs_nobody(self, world: World, bundle: Path) -> None:
        with inspect(bundle, SILENT) as claims:
            assert claims.sender is None
            assert claims.envelope.sender == world.ann.identity.fingerprint
            assert claims.read_me.startswith("This file was packed with securexfer.")

    def test_what_nobody_vouched_for_is_not_opened(self, world: World, bundle: Path) -> None:
        with BundleFile.open(bundle) as file:
            claims = read_claims(file, SILENT)
            with pytest.raises(SenderUnknownError):
                read_inside(claims, world.bob.identity.keys, lambda _: None)

    def test_whoever_packed_it_for_others_is_told_that(self, world: World, bundle: Path) -> None:
        with (
            pytest.raises(NotForThisIdentityError, match="packed the bundle for others"),
            world.ann.verify(bundle),
        ):
            pass

    def test_other_keys_than_a_recipients_do_not_open_it(self, world: World, bundle: Path) -> None:
        with (
            world.bob.verify(bundle) as verified,
            pytest.raises(NotForThisIdentityError, match="not sealed to this identity"),
        ):
            read_inside(verified.inside.outside, world.eve.identity.keys, lambda _: None)

    @pytest.mark.parametrize(("at", "byte"), [(0, 0), (3, 7), (20, 1), (21, 0x19)])
    def test_a_file_that_is_no_bundle_is_called_that(
        self, world: World, bundle: Path, at: int, byte: int
    ) -> None:
        data = bytearray(bundle.read_bytes())
        data[len(data) - layout.COMMENT_BYTES - layout.END_BYTES + at] = byte
        bundle.write_bytes(data)
        with (
            pytest.raises(BundleFormatError, match="not a bundle, or it has been cut") as caught,
            world.bob.verify(bundle),
        ):
            pass
        assert "right file" in caught.value.hint

    def test_an_envelope_that_lies_elsewhere_or_is_too_large_is_not_read(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = bytearray(bundle.read_bytes())
        with inspect(bundle, SILENT) as claims:
            size = len(claims.envelope.encode())
        for limit in (size, size - 1, 0):
            monkeypatch.setattr(outside, "MAX_ENVELOPE_BYTES", limit)
            if limit == size:
                with world.bob.verify(bundle):
                    continue
            with (
                pytest.raises(BundleFormatError, match="not where it must be"),
                world.bob.verify(bundle),
            ):
                pass
        monkeypatch.undo()
        entry = whole.rindex(b"PK\x01\x02")
        header = 30 + len(layout.ENVELOPE) + 20 + 24
        directory = int.from_bytes(
            whole[-layout.COMMENT_BYTES - 6 : -layout.COMMENT_BYTES - 2], "little"
        )
        for step, words in ((0, "not the one that was signed"), (1, "not where it must be")):
            whole[entry + 42 : entry + 46] = (directory - header + step).to_bytes(4, "little")
            bundle.write_bytes(resign(bytes(whole), world.ann.identity.keys))
            with pytest.raises(SecurexferError, match=words), world.bob.verify(bundle):
                pass

    def test_a_directory_that_begins_behind_its_end_is_not_there(
        self, world: World, bundle: Path
    ) -> None:
        data = bytearray(bundle.read_bytes())
        end = len(data) - layout.COMMENT_BYTES
        data[end - 6 : end - 2] = (end + 1).to_bytes(4, "little")
        bundle.write_bytes(resign(bytes(data), world.ann.identity.keys))
        with (
            pytest.raises(BundleFormatError, match="directory lies outside the file"),
            world.bob.verify(bundle),
        ):
            pass

    def test_how_much_is_to_be_checked_is_told_beforehand(self, bundle: Path) -> None:
        class Listener(SilentReporter):
            steps: ClassVar[list[tuple[str, int | None]]] = []

            def begin(self, step: str, n_bytes: int | None = None) -> None:
                self.steps.append((step, n_bytes))

        with BundleFile.open(bundle) as file:
            read_claims(file, Listener())
            assert Listener.steps == [("Checking", file.signed_bytes)]

    def test_a_directory_that_begins_far_ahead_is_not_read(self, world: World) -> None:
        cells = "\n".join(os.urandom(500).hex() for _ in range(2000))
        data = b"x\n" + cells.encode()
        path = world.ann.pack({"t": data}, keep_all("t", ["x"]), [world.bob], world.drive).path
        whole = bytearray(path.read_bytes())
        assert len(whole) > layout.MAX_DIRECTORY_BYTES + layout.COMMENT_BYTES + 1
        end = len(whole) - layout.COMMENT_BYTES - layout.END_BYTES
        for n_bytes, words in ((1, "too large"), (0, "not well-formed")):
            start = end + layout.END_BYTES - layout.MAX_DIRECTORY_BYTES - n_bytes
            whole[end + 16 : end + 20] = start.to_bytes(4, "little")
            path.write_bytes(resign(bytes(whole), world.ann.identity.keys))
            with pytest.raises(BundleFormatError, match=words), world.bob.verify(path):
                pass


class TestTables:
    def test_a_gzip_reader_that_stops_early_is_noticed(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:

        with world.bob.verify(bundle) as verified:
            inside, (table,) = verified.inside, verified.manifest.tables
            with inside.compressed(table) as stream:
                whole = stream.read()
            # The empty member at the end holds nothing but padding.
            member = whole[: whole.rindex(b"\x1f\x8b\x08\x04")]

            class Early(io.BytesIO):
                def __init__(self, stream: Any) -> None:
                    super().__init__(gzip.decompress(stream.read(len(member))))

            monkeypatch.setattr(reader, "_open_gzip", Early)
            with pytest.raises(ContentMismatchError, match="after its end"):
                list(inside.rows(table))

    def test_no_more_than_was_signed_comes_out(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "_READ_BYTES", 2)
        with world.bob.verify(bundle) as verified:
            inside, (table,) = verified.inside, verified.manifest.tables
            assert len(list(inside.rows(table))) == 3
            less = table.model_copy(update={"n_bytes": 3})
            pieces = inside.rows(less)
            assert next(pieces) == b"x\n"
            with pytest.raises(ContentMismatchError) as caught:
                next(pieces)
            assert caught.value.message == "Table t holds more than its manifest says."

    def test_a_table_that_is_no_gzip_is_called_that(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Broken(io.BytesIO):
            def __init__(self, _: Any) -> None:
                super().__init__()

            def read(self, *_: Any) -> bytes:
                raise OSError

        monkeypatch.setattr(reader, "_open_gzip", Broken)
        with world.bob.verify(bundle) as verified:
            inside, (table,) = verified.inside, verified.manifest.tables
            with pytest.raises(ContentMismatchError, match=r"^Table t can't be decompressed\.$"):
                list(inside.rows(table))

    def test_what_is_passed_on_is_the_compressed_table(self, world: World, bundle: Path) -> None:
        with world.bob.verify(bundle) as verified:
            inside, (table,) = verified.inside, verified.manifest.tables
            passed: list[bytes] = []
            assert b"".join(inside.rows(table, passed.append)) == b"x\n1\n2\n"
            with inside.compressed(table) as stream:
                assert b"".join(passed) == stream.read()
            assert inside.password not in repr(inside)


class TestAttachments:
    @pytest.fixture
    def bundle(self, world: World) -> Path:
        photos = world.folder / "photos"
        photos.mkdir()
        (photos / "a.jpg").write_bytes(jpeg())
        attach = f'{{ action = "attach", root = "{photos}" }}'
        return world.ann.pack(
            {"t": b"photo\na.jpg\n"},
            recipe_text({"t": {"photo": attach}}),
            [world.bob],
            world.drive,
        ).path

    def test_a_damaged_archive_is_refused(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with world.bob.verify(bundle) as verified:
            inside, (table,) = verified.inside, verified.manifest.tables
            assert table.attachments is not None
            member = table.attachments.model_copy(update={"member": "attachments/0002.tar"})
            with pytest.raises(ContentMismatchError, match="can't be decrypted"):
                list(inside.attached(table, member))

    def test_no_more_than_was_signed_comes_out(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "_READ_BYTES", 512)
        with world.bob.verify(bundle) as verified:
            inside, (table,) = verified.inside, verified.manifest.tables
            assert table.attachments is not None
            pieces = inside.attached(table, table.attachments)
            assert sum(map(len, pieces)) == table.attachments.n_bytes
            pieces = inside.attached(table, table.attachments.model_copy(update={"n_bytes": 600}))
            assert len(next(pieces)) == 512
            with pytest.raises(ContentMismatchError) as caught:
                next(pieces)
            assert caught.value.message == "Table t holds more than its manifest says."


class TestTheManifest:
    def test_it_is_a_data_package_padded_with_spaces(self, world: World) -> None:
        recipe = recipe_text({"People": {"x": KEEP}, "b": {"y": KEEP, "z": KEEP}})
        tables = {"People": b"x\n1\n", "b": b"y,z\n2,3\n"}
        manifest = world.ann.pack(tables, recipe, [world.bob], world.drive).manifest
        content = manifest.encode()
        text = content.rstrip(b" ")
        assert len(content) == padme(len(text))
        descriptor = manifest.descriptor()
        assert json.loads(text) == descriptor
        block = descriptor.pop("securexfer")
        assert [table["n_rows_out"] for table in block["tables"]] == [1, 1]
        common = {
            "encoding": "utf-8",
            "format": "csv",
            "mediatype": "text/csv",
            "type": "table",
        }
        people = common | {
            "name": "people",
            "schema": {"fields": [{"name": "x", "type": "string"}]},
        }
        other = common | {
            "name": "b",
            "schema": {
                "fields": [{"name": "y", "type": "string"}, {"name": "z", "type": "string"}]
            },
        }
        facts = {"created": manifest.created_at, "name": f"sx-{manifest.bundle_id}"}
        assert descriptor == facts | {
            "resources": [
                people | {"path": "tables/0001.csv.gz", "compression": "gz"},
                other | {"path": "tables/0002.csv.gz", "compression": "gz"},
            ]
        }
        chosen = describe_package(manifest, {"b": "b.csv"})
        digest = hashlib.sha256(b"y,z\n2,3\n").hexdigest()
        assert chosen == facts | {
            "resources": [other | {"path": "b.csv", "bytes": 8, "hash": f"sha256:{digest}"}]
        }

    @pytest.mark.parametrize(
        ("edit", "is_read"),
        [
            (lambda m: None, True),
            (lambda m: m.update(unknown=[[]] * 199_000), True),
            (lambda m: m.update(unknown=[[]] * 200_000), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_unparsed={"x": 2**53 - 1}), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_unparsed={"x": 2**53}), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_unparsed={"x": -1}), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_formulas={"x": "1"}), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_formulas=[1]), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_rows_in=2**53 - 1), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_rows_in=2**53), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_subjects_is="exact"), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_subjects_is="approximate"), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_subjects_is="about"), False),
            (lambda m: m["securexfer"].update(sequence=2**53 - 1), True),
            (lambda m: m["securexfer"].update(sequence=2**53), False),
            (lambda m: m["securexfer"].update(format=0), False),
        ],
    )
    def test_its_numbers_are_held_to_their_bounds(
        self, world: World, bundle: Path, edit: Callable[[dict[str, Any]], None], is_read: bool
    ) -> None:
        with world.bob.verify(bundle) as verified:
            content = json.loads(verified.manifest.encode())
            edit(content)
            data = json.dumps(content).encode()
            envelope = verified.inside.outside.envelope
            if is_read:
                assert decode_manifest(data, envelope).bundle_id == envelope.bundle_id
            else:
                with pytest.raises(ManifestMismatchError, match="not well-formed"):
                    decode_manifest(data, envelope)

    @pytest.mark.parametrize("filler", [[], {}])
    def test_its_objects_and_lists_are_counted(
        self, world: World, bundle: Path, filler: Any
    ) -> None:
        with world.bob.verify(bundle) as verified:
            envelope = verified.inside.outside.envelope
            content = json.loads(verified.manifest.encode())
        own = len(re.findall(r"[\[{]", json.dumps(content)))
        content["unknown"] = [filler] * (MAX_CONTAINERS - own - 1)
        assert decode_manifest(json.dumps(content).encode(), envelope)
        content["unknown"].append(filler)
        with pytest.raises(ManifestMismatchError, match="not well-formed"):
            decode_manifest(json.dumps(content).encode(), envelope)

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("bundle_id", "0" * 32, "bundle id"),
            ("sender", "0" * 64, "sender"),
            ("recipients", [], "recipients"),
            ("created_at", "2026-11-22T09:30:01Z", "creation time"),
            ("expires_at", "2026-11-22T09:30:01Z", "expiry"),
            ("members", [], "members"),
        ],
    )
    def test_what_contradicts_the_envelope_is_named(
        self, world: World, bundle: Path, name: str, value: Any, words: str
    ) -> None:
        with world.bob.verify(bundle) as verified:
            content = json.loads(verified.manifest.encode())
            content["securexfer"][name] = value
            with pytest.raises(ManifestMismatchError) as caught:
                decode_manifest(json.dumps(content).encode(), verified.inside.outside.envelope)
        assert caught.value.message == f"The bundle's manifest contradicts its envelope: {words}."

    def test_it_is_read_up_to_its_bound(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with world.bob.verify(bundle) as verified:
            n_bytes = len(verified.manifest.encode())
        monkeypatch.setattr(reader, "MAX_MANIFEST_BYTES", n_bytes)
        with world.bob.verify(bundle):
            pass
        monkeypatch.setattr(reader, "MAX_MANIFEST_BYTES", n_bytes - 1)
        with (
            pytest.raises(ManifestMismatchError, match=r"^The bundle's manifest is too large\.$"),
            world.bob.verify(bundle),
        ):
            pass

    def test_what_is_not_known_is_left_out(self, world: World) -> None:
        recipe = recipe_text({"t": {"x": KEEP, "y": '{ action = "constant", value = "1" }'}})
        manifest = world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive).manifest
        table = manifest.descriptor()["securexfer"]["tables"][0]
        assert table["fields"] == [
            {"action": "keep", "name": "x", "source": "x"},
            {"action": "constant", "name": "y"},
        ]


class TestTheWriter:
    def test_what_is_abandoned_is_not_finished_by_anybody(self) -> None:
        sink = io.BytesIO()
        writer = BundleWriter(sink)
        writer.write_read_me("")
        table = writer.table()
        table.__enter__()(b"abc")
        n_bytes = len(sink.getvalue())
        writer.abandon()
        del writer
        assert len(sink.getvalue()) == n_bytes

    def test_abandoning_between_members_is_possible_too(self) -> None:
        sink = io.BytesIO()
        writer = BundleWriter(sink)
        writer.write_read_me("the office")
        assert [member.name for member in writer.members] == [layout.READ_ME]
        writer.abandon()
        assert f"{READ_ME_TEXT}\nWhom to call: the office\nPK".encode() in sink.getvalue()
        assert b"PK\x01\x02" not in sink.getvalue()

    def test_nobody_to_call_is_not_mentioned(self) -> None:
        sink = io.BytesIO()
        writer = BundleWriter(sink)
        writer.write_read_me("")
        writer.abandon()
        assert f"{READ_ME_TEXT}PK".encode() in sink.getvalue()

    def test_a_member_that_was_left_half_open_does_not_complain_later(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        complaints: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", complaints.append)
        writer = BundleWriter(io.BytesIO())
        table = writer.table()
        table.__enter__()(b"abc")
        stream = writer._stream
        writer.abandon()
        assert stream.closed
        del table, writer, stream
        gc.collect()
        assert complaints == []

    def test_a_table_has_a_padme_size(self) -> None:
        for size in (1000, 1001, 70_000):
            sink = io.BytesIO()
            writer = BundleWriter(sink)
            with writer.table() as write:
                write(bytes(size // 2))
                write(bytes(size - size // 2))
            (member,) = writer.members
            writer.abandon()
            held = layout.Extent(member.name, member.offset, member.length).content_bytes
            assert held == padme(size + MIN_MEMBER_BYTES)
