"""Padding hides sizes, and every reader skips it."""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import igzip

from securexfer.bundle import layout
from securexfer.bundle.padding import MIN_MEMBER_BYTES, gzip_padding, padme, space_padding
from tests.attack.forge import Forgery
from tests.world import World, csv_bytes, keep_all


@given(st.integers(0, 2**50))
def test_a_padme_size_is_its_own_and_costs_at_most_an_eighth(size: int) -> None:
    padded = padme(size)
    assert padme(padded) == padded >= size
    assert padded - size <= size // 8 + 1


@pytest.mark.parametrize(
    ("size", "padded"),
    [(0, 0), (1, 1), (2, 2), (9, 10), (100, 104), (1000, 1024), (10**6, 1_015_808)],
)
def test_padme_sizes_are_the_published_ones(size: int, padded: int) -> None:
    assert padme(size) == padded


@settings(max_examples=400)
@given(st.integers(0, 3_000_000))
def test_padding_fills_any_gap_to_the_padme_size(size: int) -> None:
    assert size + len(b"".join(gzip_padding(size))) == padme(size + MIN_MEMBER_BYTES)


def test_padding_of_any_size_comes_in_small_pieces() -> None:
    n_bytes = 2**31 + 1
    pieces = [len(piece) for piece in gzip_padding(n_bytes)]
    assert n_bytes + sum(pieces) == padme(n_bytes + MIN_MEMBER_BYTES)
    assert len(pieces) > 100
    assert max(pieces) < 2**15


@settings(max_examples=60)
@given(st.binary(max_size=5000), st.integers(0, 200_000))
def test_readers_skip_the_padding(content: bytes, grow: int) -> None:
    member = gzip.compress(content)
    padded = member + b"".join(gzip_padding(len(member) + grow))
    assert gzip.decompress(padded) == content
    assert igzip.decompress(padded) == content  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("program", "arguments"), [("gzip", ["-dc"]), ("7zz", ["x", "-so"])])
def test_programs_skip_the_padding(
    program: str, arguments: list[str], tool: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / "table.csv.gz"
    member = gzip.compress(b"a,b\n1,2\n" * 1000)
    path.write_bytes(member + b"".join(gzip_padding(900_000)))
    run = subprocess.run([tool(program), *arguments, str(path)], capture_output=True, check=True)
    assert run.stdout == b"a,b\n1,2\n" * 1000


@given(st.integers(0, 10**6))
def test_a_manifest_is_padded_with_spaces(size: int) -> None:
    assert size + len(space_padding(size)) == padme(size)


def test_200_random_tables_of_one_bucket_have_one_visible_size(world: World) -> None:
    """What a finder can see of the size says which bucket, and nothing more."""
    chance = random.Random(2008)
    visible: dict[int, set[int]] = {}
    n_found = 0
    wanted = None
    while n_found < 200:
        rows = [["x"], *([f"{chance.getrandbits(64):016x}"] for _ in range(chance.randint(66, 69)))]
        folder = world.drive / str(n_found)
        folder.mkdir(exist_ok=True)
        result = world.ann.pack({"t": csv_bytes(rows)}, keep_all("t", ["x"]), [world.bob], folder)
        forgery = Forgery.take_apart(result.path, world.ann.identity.keys)
        length = forgery.envelope["members"][1]["length"]
        with world.bob.verify(result.path) as verified:
            (table,) = verified.manifest.tables
            with verified.inside.compressed(table) as stream:
                content = stream.read()
        smallest = len(content) - (len(gzip_padding_of(content)) - MIN_MEMBER_BYTES)
        bucket = padme(smallest)
        visible.setdefault(bucket, set()).add(length)
        wanted = wanted or bucket
        n_found += bucket == wanted
        shutil.rmtree(folder)
        shutil.rmtree(world.ann.home, ignore_errors=True)
        world.ann.pin(world.bob)
    assert all(len(lengths) == 1 for lengths in visible.values())
    overhead = layout.AES_OVERHEAD + 24 + len(layout.local_header(layout.table_member(1)))
    assert visible[wanted or 0] == {(wanted or 0) + overhead}


def gzip_padding_of(content: bytes) -> bytes:
    """The empty members at the end."""
    start = content.index(b"\x1f\x8b\x08\x04")
    return content[start:]
