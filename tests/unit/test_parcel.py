"""The parcel in its parts: its outside, the tables, what is attached, the writer."""

from __future__ import annotations

import gc
import gzip
import io
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from securexfer.bundle import layout, outside, reader
from securexfer.bundle.file import BLOCK_BYTES, BundleFile
from securexfer.bundle.outside import read_claims
from securexfer.bundle.padding import MIN_MEMBER_BYTES, padme
from securexfer.bundle.reader import read_inside
from securexfer.bundle.writer import READ_ME_TEXT, BundleWriter
from securexfer.errors import (
    BundleFormatError,
    ContentMismatchError,
    NotForThisIdentityError,
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
def bundle(world: World) -> Path:
    return world.ann.pack(
        {"t": b"x\n1\n2\n"}, keep_all("t", ["x"]), [world.bob, world.cat], world.drive
    ).path


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
