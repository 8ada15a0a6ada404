"""The expected ZIP bytes are those that the writer emits, at any size."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
import pyzipper
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.bundle import layout
from securexfer.bundle.layout import Extent
from securexfer.errors import BundleFormatError

GIB = 2**30


def emitted(extents: list[Extent]) -> bytes:
    """The directory as pyzipper writes it for members at these places."""
    raw = io.BytesIO()
    archive = pyzipper.AESZipFile(_OneWay(raw), "w", compression=pyzipper.ZIP_STORED)
    for extent in extents:
        info = pyzipper.zipfile_aes.AESZipInfo(extent.name, date_time=layout.DATE_TIME)
        info.create_system = layout.CREATE_SYSTEM
        info.external_attr = layout.EXTERNAL_ATTRIBUTES
        info.flag_bits = 0x8 | (0x1 if extent.is_encrypted else 0)
        if extent.is_encrypted:
            info.wz_aes_version, info.wz_aes_vendor_id, info.wz_aes_strength = 2, b"AE", 3
        info.compress_size, info.file_size = extent.stored_bytes, extent.content_bytes
        info.header_offset, info.CRC = extent.offset, extent.crc
        archive.filelist.append(info)
    archive.start_dir = archive.fp.offset = extents[-1].offset + extents[-1].length
    archive.comment = bytes(layout.COMMENT_BYTES)
    archive._didModify = True
    archive.close()
    return raw.getvalue()[: -layout.COMMENT_BYTES]


class _OneWay:
    def __init__(self, raw: io.BytesIO) -> None:
        self._raw = raw

    def write(self, data: bytes) -> int:
        return self._raw.write(data)

    def flush(self) -> None:
        pass


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([100, 5000, 2 * GIB - 1, 2 * GIB + 200, 4 * GIB - 1, 4 * GIB + 1, 9 * GIB])
        | st.integers(200, 20 * GIB),
        min_size=3,
        max_size=8,
    ),
    st.integers(0, 2**32 - 1),
)
def test_the_directory_is_the_writers_to_the_byte(sizes: list[int], crc: int) -> None:
    tables = [layout.table_member(i + 1) for i in range(len(sizes) - 2)]
    extents, offset = [], 0
    for name, size in zip([layout.READ_ME, *tables, layout.ENVELOPE], sizes, strict=True):
        length = size + 200
        extents.append(Extent(name, offset, length, crc if name in layout.CLEAR_MEMBERS else 0))
        offset += length
    directory = layout.directory(extents)
    assert directory == emitted(extents)
    assert layout.find_directory(directory, offset) == offset
    assert layout.member_offsets(directory)[-1] == extents[-1].offset
    assert len(directory) <= layout.MAX_DIRECTORY_BYTES


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["READ-ME.txt"],
        ["READ-ME.txt", "manifest.json"],
        ["tables/0001.csv.gz", "manifest.json"],
        ["READ-ME.txt", "manifest.json", "tables/0001.csv.gz"],
        ["READ-ME.txt", "tables/0002.csv.gz", "manifest.json"],
        ["READ-ME.txt", "tables/0001.csv.gz", "tables/0001.csv.gz", "manifest.json"],
        ["READ-ME.txt", "tables/0001.CSV.GZ", "manifest.json"],
        ["READ-ME.txt", "tables/0001.csv.gz", "extra.txt", "manifest.json"],
        ["READ-ME.txt", "tables/0001.csv.gz", "tables/../x.csv.gz", "manifest.json"],
        ["READ-ME.txt", "tables/0001.csv.gz\n", "manifest.json"],
        ["READ-ME.txt", "tables/\u0660\u0660\u0660\u0661.csv.gz", "manifest.json"],
        ["READ-ME.txt", "tables/0001.csv.gz", "manifest.json", "provenance.json"],
    ],
)
def test_only_the_known_names_in_the_one_order_are_a_bundle(names: list[str]) -> None:
    with pytest.raises(BundleFormatError):
        layout.check_names(names)


@pytest.mark.parametrize(
    "middle",
    [
        ["tables/0001.csv.gz"],
        ["tables/0001.csv.gz", "tables/0002.csv.gz"],
        ["tables/0001.csv.gz", "attachments/0001.tar", "provenance.json"],
    ],
)
def test_tables_attachments_and_provenance_stand_between(middle: list[str]) -> None:
    layout.check_names(["READ-ME.txt", *middle, "manifest.json"])


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_no_bytes_crash_the_search_for_the_directory(data: bytes) -> None:
    calls: list[Any] = [
        lambda: layout.find_directory(data, 0),
        lambda: layout.member_offsets(b"PK\x01\x02" + data)[-1],
        lambda: layout.member_offsets(data)[-1],
    ]
    for call in calls:
        with contextlib.suppress(BundleFormatError):
            call()
