"""Archives: ZIP and tar, and all that is packed in them."""

from __future__ import annotations

import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import BinaryIO

from securexfer.scan.kind import END_BYTES
from securexfer.scan.ledger import FILE_NAME, Ledger
from securexfer.scan.office import SHARED, Office, is_aside, is_office
from securexfer.scan.source import MIB, BoundError, Source

Inspect = Callable[[Source, Ledger], None]
NameOf = Callable[[str], int]
_BUNDLE = b"securexfer-signature-1"
_CLEAR = frozenset(["READ-ME.txt", "envelope.json"])
_AES, _ENCRYPTED = 99, 1
_MAX_DIRECTORY = 64 * MIB


def has_end(file: BinaryIO) -> bool:
    """Whether a file ends as a ZIP file does, whatever it begins with."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - END_BYTES))
    return b"PK\x05\x06" in file.read(END_BYTES)


def look_at_zip(source: Source, ledger: Ledger, inspect: Inspect, judge_name: NameOf) -> None:
    """Find what there is in a ZIP file, or one that is built like one.

    Raises:
        BoundError: if it is too much.
        zipfile.BadZipFile: if it is none; and whatever else a damaged one makes the library raise.
    """
    file = source.seekable()
    _check_directory(file)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if _is_bundle(archive, members):
            ledger.is_bundle = True
            return
        names = [member.filename for member in members]
        office = Office(ledger) if is_office(names) else None
        if office is not None and SHARED in names:
            with archive.open(SHARED) as stream:
                office.read_shared(source.inner(stream, SHARED))
        for member in members:
            if member.is_dir() or (
                office and (member.filename == SHARED or is_aside(member.filename))
            ):
                continue
            if member.flag_bits & _ENCRYPTED:
                ledger.doubt("encrypted")
                continue
            if office is None:
                ledger.note({FILE_NAME: judge_name(member.filename)})
            try:
                with archive.open(member) as stream:
                    inner = source.inner(stream, member.filename)
                    if office is not None and member.filename.endswith(".xml"):
                        office.read(member.filename, inner)
                    else:
                        inspect(inner, ledger)
            except (BoundError, MemoryError):
                raise
            except Exception:
                # One damaged member is no reason not to look at the others.
                ledger.doubt("damaged")


def look_at_tar(source: Source, ledger: Ledger, inspect: Inspect, judge_name: NameOf) -> None:
    """Find what there is in a tar file.

    Raises:
        BoundError: if it is too much.
        tarfile.TarError: if it is damaged.
    """
    with tarfile.open(fileobj=source, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            source.bounds.enter(source.depth)
            ledger.note({FILE_NAME: judge_name(member.name)})
            stream = archive.extractfile(member) if member.isreg() else None
            if stream is not None:
                inspect(source.inner(stream, member.name), ledger)
            archive.members.clear()


def _is_bundle(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> bool:
    """Whether it has our comment, and all that ought to be encrypted is."""
    return archive.comment.startswith(_BUNDLE) and all(
        member.filename in _CLEAR
        or (member.flag_bits & _ENCRYPTED and member.compress_type == _AES)
        for member in members
    )


def _check_directory(file: BinaryIO) -> None:
    """Refuse a directory that would fill the memory."""
    file.seek(0, 2)
    start = max(0, file.tell() - END_BYTES)
    file.seek(start)
    tail = file.read(END_BYTES)
    at = tail.rfind(b"PK\x05\x06")
    if at >= 0 and len(tail) >= at + 22:
        (n_bytes,) = struct.unpack_from("<I", tail, at + 12)
        if _MAX_DIRECTORY < n_bytes < 0xFFFFFFFF:
            raise BoundError("too-large")
    file.seek(0)
