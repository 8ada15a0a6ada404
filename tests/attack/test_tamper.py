"""Any change to a bundle is refused before anything is decrypted."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from securexfer.errors import BundleFormatError, SecurexferError, VerificationError
from tests.attack.forge import nothing_decrypted
from tests.world import World, csv_bytes, recipe_text

KEEP = '{ action = "keep" }'
TOKEN = '{ action = "pseudonymise", domain = "person" }'
N_SHARES = 8


@pytest.fixture
def bundle(world: World) -> Path:
    """A small bundle of two tables for two recipients."""
    recipe = recipe_text({"a": {"x": TOKEN}, "b": {"y": KEEP}})
    tables = {"a": csv_bytes([["x"], ["one"]]), "b": csv_bytes([["y"], ["two"]])}
    return world.ann.pack(tables, recipe, [world.bob, world.cat], world.drive).path


def refusal(world: World, path: Path) -> str:
    """The class of the refusal; fails if there is none."""
    try:
        with world.bob.verify(path):
            pass
    except (BundleFormatError, VerificationError) as error:
        return type(error).__name__
    pytest.fail("an altered bundle was accepted")


@pytest.mark.parametrize("share", range(N_SHARES))
def test_every_single_bit_flip_is_refused(
    world: World, bundle: Path, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = bundle.stat().st_size
    outcomes: Counter[str] = Counter()
    with nothing_decrypted(monkeypatch), bundle.open("r+b", buffering=0) as file:
        for offset in range(share, size, N_SHARES):
            (byte,) = os.pread(file.fileno(), 1, offset)
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), offset)
                outcomes[refusal(world, bundle)] += 1
            os.pwrite(file.fileno(), bytes([byte]), offset)
    assert outcomes.total() == 8 * len(range(share, size, N_SHARES))
    with world.bob.verify(bundle):
        pass


@pytest.mark.parametrize("share", range(2))
def test_every_truncation_is_refused(
    world: World, bundle: Path, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = bundle.stat().st_size
    with nothing_decrypted(monkeypatch):
        for length in range(size - 1 - share, -1, -2):
            os.truncate(bundle, length)
            refusal(world, bundle)


def test_junk_before_behind_and_between_is_refused(
    world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bundle.read_bytes()
    with nothing_decrypted(monkeypatch):
        for junk in (b"\0", b"PK\x05\x06" + bytes(18), os.urandom(100)):
            for offset in (0, 30, len(data) // 2, len(data) - 6166, len(data) - 6144, len(data)):
                bundle.write_bytes(data[:offset] + junk + data[offset:])
                refusal(world, bundle)


def test_anything_in_the_unused_bytes_of_the_comment_is_refused(
    world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
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
                    bundle.write_bytes(data)
                    assert refusal(world, bundle) == "BundleFormatError"
            data[offset] = was


def test_a_refused_unpack_leaves_neither_files_nor_folder(world: World, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[200] ^= 1
    bundle.write_bytes(data)
    out = world.folder / "out"
    with pytest.raises(SecurexferError):
        world.bob.unpack(bundle, out)
    assert not out.exists()
    assert world.bob.register.entries() == []
