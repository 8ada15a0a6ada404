"""Files come to be whole, private and durable, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import AlreadyFinalized

from securexfer import carrier
from securexfer.carrier import PartialFile, write_small
from securexfer.errors import DiskFullError, OutputError, OutputExistsError, ReadBackError
from securexfer.place import check_space, check_target
from securexfer.reporting import SilentReporter


def write(target: Path, data: bytes, *, force: bool = False) -> None:
    file = PartialFile(target, force=force)
    file.write(data)
    file.sync()
    file.read_back(SilentReporter())
    file.publish()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_file_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(tmp_path / "a", b"data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_the_final_name_appears_only_with_the_whole_file(tmp_path: Path) -> None:
    file = PartialFile(tmp_path / "a")
    file.write(b"data")
    assert [p.name for p in tmp_path.iterdir()] == ["a.partial"]
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_replaced_without_force(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        PartialFile(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"precious"
    write(tmp_path / "a", b"new", force=True)
    assert (tmp_path / "a").read_bytes() == b"new"


def test_what_comes_to_be_there_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    file = PartialFile(tmp_path / "a")
    file.write(b"data")
    (tmp_path / "a").write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        file.publish()
    file.discard()
    assert (tmp_path / "a").read_bytes() == b"precious"


@pytest.mark.parametrize("force", [False, True])
def test_links_and_folders_are_never_written_through(tmp_path: Path, force: bool) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "link").symlink_to(precious)
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "folder").mkdir()
    for name in ("link", "dangling", "folder"):
        with pytest.raises(OutputExistsError):
            PartialFile(tmp_path / name, force=force)
    assert precious.read_bytes() == b"precious"
    assert not (tmp_path / "elsewhere").exists()


def test_a_planted_link_under_the_partial_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.partial").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputExistsError, match="another run"):
        PartialFile(tmp_path / "a")
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_folder_and_a_full_disk_are_called_that(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        check_target(tmp_path / "missing" / "a", force=False)
    with pytest.raises(OutputError, match="can't be written: File name too long"):
        check_target(tmp_path / ("a" * 300), force=False)
    with pytest.raises(DiskFullError):
        check_space(tmp_path, 2**62)


def test_a_drive_that_gives_back_other_bytes_is_found_out(tmp_path: Path) -> None:
    file = PartialFile(tmp_path / "a")
    file.write(b"data" * 1000)
    file.sync()
    partial = tmp_path / "a.partial"
    for altered in (b"datb" + b"data" * 999, b"data" * 999, b"data" * 1001):
        partial.write_bytes(altered)
        with pytest.raises(ReadBackError):
            file.read_back(SilentReporter())
    file.discard()


PIECES = [bytes([number]) * size for number, size in enumerate([10, 400_000, 70, 262_144] * 5)]


def write_pieces(target: Path) -> PartialFile:
    file = PartialFile(target)
    try:
        for piece in PIECES:
            file.write(piece)
        file.sync()
        file.read_back(SilentReporter())
        file.publish()
    except BaseException:
        assert file.discard()
        raise
    file.finish()
    return file


def test_large_files_are_written_in_order_whatever_the_pieces(tmp_path: Path) -> None:
    whole = b"".join(PIECES)
    file = write_pieces(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == whole
    assert (file.n_bytes, file.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_the_digest_is_of_all_that_was_written_so_far(tmp_path: Path) -> None:
    file, written = PartialFile(tmp_path / "a"), b""
    for piece in PIECES[:6]:
        file.write(piece)
        written += piece
        assert file.sha256 == hashlib.sha256(written).hexdigest()
    file.discard()


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_any_write_of_a_large_file_may_fail_and_nothing_is_left(
    tmp_path: Path, call: str, error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = getattr(os, call)
    turns = 0
    for failing in range(1, 100):
        n_calls = 0

        def fail(*args: Any, failing: int = failing) -> Any:
            nonlocal n_calls
            n_calls += 1
            if n_calls == failing:
                raise OSError(error, os.strerror(error))
            return honest(*args)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            try:
                write_pieces(tmp_path / "a")
                break
            except (OutputError, DiskFullError):
                turns += 1
        assert list(tmp_path.iterdir()) == []
    assert turns >= {"write": 10, "fsync": 3}[call]
    assert (tmp_path / "a").read_bytes() == b"".join(PIECES)


def test_a_drive_that_takes_little_at_a_time_gets_all_and_one_that_takes_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = os.write
    for most in (99_999, 0):
        n_left = 20

        def take(descriptor: int, data: memoryview, most: int = most) -> int:
            nonlocal n_left
            n_left -= 1
            assert n_left > -1000, "it is asked for ever"
            return honest(descriptor, data[: most if n_left < 10 else None])

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", take)
            if most:
                write_pieces(tmp_path / "a")
            else:
                with pytest.raises(OutputError, match="Input/output error"):
                    write_pieces(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == b"".join(PIECES)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_never_synced_is_whole_when_it_gets_its_name(tmp_path: Path) -> None:
    file = PartialFile(tmp_path / "a")
    file.write(b"data")
    file.publish()
    file.finish()
    assert (tmp_path / "a").read_bytes() == b"data"


def test_what_comes_first_is_read_back_when_all_is_written(tmp_path: Path) -> None:
    """Of a drive that wraps around, the first bytes are whole until the last are written."""
    file = PartialFile(tmp_path / "a")
    for piece in PIECES:
        file.write(piece)
    file.sync()
    with (tmp_path / "a.partial").open("r+b") as stored:
        stored.write(PIECES[-1][:100])
    with pytest.raises(ReadBackError):
        file.read_back(SilentReporter())
    file.discard()


def test_small_files_are_replaced_whole(tmp_path: Path) -> None:
    write_small(tmp_path / "a", b"one")
    write_small(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    with pytest.raises(OutputExistsError):
        write_small(tmp_path / "a", b"three", force=False)


def test_a_small_file_that_has_replaced_another_is_never_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "contact.json"
    write_small(target, b"old")

    def fail(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(carrier, "sync_folder", fail)
    with pytest.raises(OutputError):
        write_small(target, b"new")
    assert target.read_bytes() == b"new"
    with pytest.raises(OutputError):
        write_small(tmp_path / "identity.json", b"new", force=False)
    assert not (tmp_path / "identity.json").exists()


def test_what_is_known_already_is_written_and_read_back(tmp_path: Path) -> None:
    for pieces in ([b"first ", b"second "], PIECES):
        first = b"".join(pieces)
        file = PartialFile(tmp_path / "a", force=True)
        file.write_first(pieces, hashlib.sha256(first))
        assert file.n_bytes == len(first)
        file.write(b"third")
        file.sync()
        file.read_back(SilentReporter())
        file.publish()
        assert (tmp_path / "a").read_bytes() == first + b"third"
        assert file.sha256 == hashlib.sha256(first + b"third").hexdigest()


def test_what_follows_does_not_overtake_what_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, delays = os.write, iter([0.2])

    def dawdle(descriptor: int, data: bytes) -> int:
        time.sleep(next(delays, 0))
        return honest(descriptor, data)

    monkeypatch.setattr(os, "write", dawdle)
    first, second = b"x" * 300_000, b"y" * 10
    file = PartialFile(tmp_path / "a")
    file.write_first([first], hashlib.sha256(first))
    file.write(second)
    file.sync()
    file.read_back(SilentReporter())
    file.publish()
    assert (tmp_path / "a").read_bytes() == first + second


@pytest.mark.parametrize("place", [0, 400_000, 700_000, -1])
def test_no_other_byte_passes_for_what_was_written(tmp_path: Path, place: int) -> None:
    """Of what was known and of what was hashed, at either end."""
    first, second = os.urandom(500_000), os.urandom(300_000)
    file = PartialFile(tmp_path / "a")
    file.write_first([first], hashlib.sha256(first))
    file.write(second)
    file.sync()
    stored = bytearray((tmp_path / "a.partial").read_bytes())
    stored[place] ^= 1
    (tmp_path / "a.partial").write_bytes(stored)
    with pytest.raises(ReadBackError):
        file.read_back(SilentReporter())
    file.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["write", "write_first"])
@pytest.mark.parametrize(
    "n_bytes",
    [0, 1, 2**18 - 1, 2**18, 2**20 - 1, 2**20, 2**20 + 1, 2**22 - 1, 2**22, 2**22 + 1, 2**23],
)
def test_a_file_of_any_size_is_read_back_to_its_end_and_no_further(
    tmp_path: Path, n_bytes: int, way: str
) -> None:
    """Also where it ends with a piece of what is read at once, or of what is stored at once."""
    file, data = PartialFile(tmp_path / "a"), os.urandom(n_bytes)
    if way == "write":
        file.write(data)
    else:
        file.write_first([data], hashlib.sha256(data))
    file.sync()
    stored = tmp_path / "a.partial"
    for other in (data[:-1], data + b"x", data + bytes(5 * 2**20)):
        stored.write_bytes(other)
        if other != data:
            with pytest.raises(ReadBackError):
                file.read_back(SilentReporter())
    stored.write_bytes(data)
    file.read_back(SilentReporter())
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    file.publish()
    assert (tmp_path / "a").read_bytes() == data


@pytest.mark.parametrize("n_bytes", [10, 300_000])
@pytest.mark.parametrize("n_before", [10, 2_000_000])
def test_what_comes_after_the_reading_back_never_gets_the_name(
    tmp_path: Path, n_before: int, n_bytes: int
) -> None:
    file = PartialFile(tmp_path / "a")
    file.write(bytes(n_before))
    file.sync()
    file.read_back(SilentReporter())

    def add() -> None:
        file.write(bytes(n_bytes))
        file.publish()

    with pytest.raises(AlreadyFinalized):
        add()
    assert file.discard()
    assert list(tmp_path.iterdir()) == []
