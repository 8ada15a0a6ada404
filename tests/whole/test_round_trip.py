"""From extract to table through the whole program: what was kept comes out, and nothing else."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.assurance import Tally
from tests.world import World, csv_bytes, csv_rows, keep_all, recipe_text

N_EXAMPLES = 1000
TOKEN = '{ action = "pseudonymise", domain = "person" }'
text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", '"', ",", "\n", "\r\n", " ", "\ufeff", "a,b", '"a"', "é", "\U0001f600"]
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.sampled_from([*([1, 2, 3, 7] * 8), 300]))
    header = (
        draw(st.lists(text, min_size=width, max_size=width, unique=True))
        if width < 8
        else [f"column {n}" for n in range(width)]
    )
    n_rows = draw(st.integers(0, 20 if width < 8 else 2))
    rows = [draw(st.lists(text, min_size=width, max_size=width)) for _ in range(n_rows)]
    return [header, *rows]


@pytest.fixture
def quick_world() -> Iterator[World]:
    """In memory where there is such a folder, for a thousand bundles."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield World(Path(name))


def test_any_table_of_text_packs_and_unpacks_to_itself(quick_world: World, tally: Tally) -> None:
    n_bundles = 0

    @settings(max_examples=N_EXAMPLES)
    @given(table=tables())
    def packs_and_unpacks(table: list[list[str]]) -> None:
        nonlocal n_bundles
        n_bundles += 1
        check_round_trip(quick_world, table)

    packs_and_unpacks()
    assert n_bundles >= N_EXAMPLES
    tally.count("fuzzing", "tables packed and unpacked to themselves", N_EXAMPLES)


def check_round_trip(world: World, table: list[list[str]]) -> None:
    folder = world.folder / "round"
    shutil.rmtree(folder, ignore_errors=True)
    for home in (world.ann.home, world.bob.home):
        for path in home.glob("register*"):
            path.unlink()
    folder.mkdir()
    # Every field quoted, so that no cell is mistaken for a blank line or a byte order mark.
    data = csv_bytes(table, quoting=1)
    # Among random cells there are postcodes.
    gates = '[limits]\nresidual = "off"\ngate_reason = "made up"'
    recipe = keep_all("t", table[0], before=gates)
    path = world.ann.pack({"t": data}, recipe, [world.bob], folder).path
    out = world.bob.unpack(path, folder / "out").files[0].read_bytes()
    assert csv_rows(out) == table


@pytest.mark.parametrize("linkage", ["bundle", "agreement"])
def test_two_bundles_share_all_tokens_under_an_agreement_and_none_else(
    world: World, linkage: str, tmp_path: Path
) -> None:
    data = csv_bytes([["x"], *([f"person {n}"] for n in range(500))])
    recipe = recipe_text({"t": {"x": TOKEN}}, before=f'[pseudonyms]\nlinkage = "{linkage}"')
    found = []
    for number in range(2):
        drive = tmp_path / f"drive-{number}"
        drive.mkdir()
        path = world.ann.pack({"t": data}, recipe, [world.bob], drive).path
        out = world.bob.unpack(path, tmp_path / f"out-{number}").files[0].read_bytes()
        found.append([row[0] for row in csv_rows(out)[1:]])
    assert len(set(found[0])) == 500
    if linkage == "agreement":
        assert found[0] == found[1]
    else:
        assert not set(found[0]) & set(found[1])
    assert all(token.startswith("person_") and len(token) == 31 for token in found[0])


def test_tables_of_one_bundle_can_be_joined(world: World, tmp_path: Path) -> None:
    recipe = recipe_text({"a": {"x": TOKEN}, "b": {"y": TOKEN}})
    tables = {"a": b"x\none\ntwo\n", "b": b"y\nTWO \nthree\n"}
    path = world.ann.pack(tables, recipe, [world.bob], world.drive).path
    a, b, _ = (p.read_text().split() for p in world.bob.unpack(path, tmp_path / "out").files)
    assert a[2] == b[1]
    assert a[1] != b[2]
