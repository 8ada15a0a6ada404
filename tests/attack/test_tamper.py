"""Any change to a bundle is refused before anything is decrypted."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.errors import BundleFormatError, SecurexferError, VerificationError
from securexfer.reporting import SilentReporter
from securexfer.verifying import pinned_senders, verify
from tests.assurance import Tally
from tests.attack.forge import nothing_decrypted, overwrite
from tests.attack.forwarder import Forwarded
from tests.world import Person, World, csv_bytes, recipe_text

KEEP = '{ action = "keep" }'
N_SHARES = 8
# Of a forwarded bundle, which is large, each run flips the bits of one byte in so many.
SAMPLE = 41


class Door:
    """A recipient whose contacts were read once: what a refusal costs is the refusal."""

    def __init__(self, world: World, path: Path, reader: Person | None = None) -> None:
        reader = reader or world.bob
        self.world = world
        self.path = path
        self.register = reader.register
        self.identity = reader.identity
        self.senders = pinned_senders(reader.contacts.list(), reader.identity.card)

    def open(self) -> None:
        with verify(
            self.path,
            self.senders,
            lambda: self.identity,
            self.register,
            clock=self.world.clock,
            reporter=SilentReporter(),
        ):
            pass

    def refusal(self) -> str:
        """The class of the refusal; fails if there is none, or one of another family."""
        try:
            self.open()
        except (BundleFormatError, VerificationError) as error:
            return type(error).__name__
        pytest.fail("an altered bundle was accepted")


@pytest.fixture
def bundle(world: World, soak: bool) -> Path:
    """A small bundle of two tables for two recipients; of 25,000 bytes for the full matrix."""
    noise = random.Random(3)
    n_rows = 140 if soak else 1
    tables = {
        name: csv_bytes([["x"], *([noise.randbytes(36).hex()] for _ in range(n_rows))])
        for name in ("a", "b")
    }
    recipe = recipe_text({name: {"x": KEEP} for name in tables})
    return world.ann.pack(tables, recipe, [world.bob, world.cat], world.drive).path


@pytest.fixture
def door(world: World, bundle: Path) -> Door:
    return Door(world, bundle)


@pytest.mark.parametrize("share", range(N_SHARES))
def test_every_single_bit_flip_is_refused(
    door: Door, share: int, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    offsets = range(share, door.path.stat().st_size, N_SHARES)
    outcomes: Counter[str] = Counter()
    with nothing_decrypted(monkeypatch), door.path.open("r+b", buffering=0) as file:
        for offset in offsets:
            (byte,) = os.pread(file.fileno(), 1, offset)
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), offset)
                outcomes[door.refusal()] += 1
            os.pwrite(file.fileno(), bytes([byte]), offset)
    assert outcomes.total() == 8 * len(offsets) > 2000
    door.open()
    tally.count("tamper", "single-bit flips refused before anything is decrypted", outcomes.total())


@pytest.mark.parametrize("share", range(N_SHARES))
def test_every_single_bit_flip_in_a_forwarded_bundle_is_refused(
    world: World, share: int, soak: bool, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Forwarded(world)
    door = Door(world, scene.path, scene.dan)
    # Most of it is ciphertext like any other: a sample of it, and all that stands around it.
    size = door.path.stat().st_size
    step = N_SHARES if soak else N_SHARES * SAMPLE
    offsets = {*range(share, size, step), *range(size - 200 - share, size, N_SHARES)}
    outcomes: Counter[str] = Counter()
    with nothing_decrypted(monkeypatch), door.path.open("r+b", buffering=0) as file:
        for offset in sorted(offsets):
            (byte,) = os.pread(file.fileno(), 1, offset)
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), offset)
                outcomes[door.refusal()] += 1
            os.pwrite(file.fileno(), bytes([byte]), offset)
    assert outcomes.total() == 8 * len(offsets) > 2000
    door.open()
    what = "single-bit flips in forwarded bundles refused before anything is decrypted"
    tally.count("tamper", what, outcomes.total())


@pytest.mark.parametrize("share", range(2))
def test_every_truncation_is_refused(
    door: Door, share: int, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = range(door.path.stat().st_size - 1 - share, -1, -2)
    with nothing_decrypted(monkeypatch):
        for length in lengths:
            os.truncate(door.path, length)
            door.refusal()
    tally.count("tamper", "truncations refused before anything is decrypted", len(lengths))


def inserted(data: bytes, offset: int, length: int) -> bytes:
    noise = random.Random(offset).randbytes(length)
    return data[:offset] + noise + data[offset:]


def deleted(data: bytes, offset: int, length: int) -> bytes:
    return data[:offset] + data[offset + length :]


def duplicated(data: bytes, offset: int, length: int) -> bytes:
    end = offset + length
    return data[:end] + data[offset:end] + data[end:]


@pytest.mark.parametrize("length", [1, 16, 22, 1000])
@pytest.mark.parametrize("edit", [inserted, deleted, duplicated])
def test_whatever_is_inserted_deleted_or_duplicated_is_refused(
    door: Door,
    edit: Callable[[bytes, int, int], bytes],
    length: int,
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = door.path.read_bytes()
    offsets = range(0, len(data), 16)
    with nothing_decrypted(monkeypatch):
        for offset in offsets:
            overwrite(door.path, edit(data, offset, length))
            door.refusal()
    what = f"ranges {edit.__name__}, at every 16 bytes, refused before anything is decrypted"
    tally.count("tamper", what, len(offsets))


def test_junk_before_behind_and_between_is_refused(
    door: Door, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bundle.read_bytes()
    with nothing_decrypted(monkeypatch):
        for junk in (b"\0", b"PK\x05\x06" + bytes(18), os.urandom(100)):
            for offset in (0, 30, len(data) // 2, len(data) - 6166, len(data) - 6144, len(data)):
                overwrite(bundle, data[:offset] + junk + data[offset:])
                door.refusal()


def test_anything_in_the_unused_bytes_of_the_comment_is_refused(
    door: Door, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(bundle.read_bytes())
    start = len(data) - 1
    while data[start - 1] == ord(" "):
        start -= 1
    assert 1000 < len(data) - start < 2000
    with nothing_decrypted(monkeypatch):
        for offset in range(start, len(data)):
            was = data[offset]
            for other in (0, 9, 10, 32, 65, 255):
                if other != was:
                    data[offset] = other
                    overwrite(bundle, data)
                    assert door.refusal() == "BundleFormatError"
            data[offset] = was


def test_a_refused_unpack_leaves_neither_files_nor_folder(world: World, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[200] ^= 1
    overwrite(bundle, data)
    out = world.folder / "out"
    with pytest.raises(SecurexferError):
        world.bob.unpack(bundle, out)
    assert not out.exists()
    assert world.bob.register.entries() == []
