"""What `unpack` refuses before it writes, and what it looks at again right before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer import place
from securexfer.errors import (
    BundleOlderError,
    DiskFullError,
    OutputError,
    OutputExistsError,
    UsageError,
)
from securexfer.releasing import release_password
from securexfer.reporting import SilentReporter
from securexfer.unpacking import unpack
from securexfer.verifying import Verified
from tests.world import Person, World, keep_all

RECIPE = keep_all("t", ["x"])


def pack(world: World, n: int = 1) -> Path:
    folder = world.drive / str(n)
    folder.mkdir()
    return world.ann.pack({"t": f"x\n{n}\n".encode()}, RECIPE, [world.bob], folder).path


def unpack_old(verified: Verified, who: Person) -> None:
    unpack(
        verified,
        who.home.parent / "old",
        who.identity,
        who.register,
        clock=who.clock,
        reporter=SilentReporter(),
    )


def release_old(verified: Verified, who: Person) -> None:
    release_password(verified, who.identity, who.register, clock=who.clock)


def test_a_file_is_no_folder_to_unpack_to(world: World) -> None:
    path, target = pack(world), world.folder / "file"
    target.write_bytes(b"")
    with pytest.raises(OutputError, match="is no folder"):
        world.bob.unpack(path, target)
    assert world.bob.register.entries() == []


def test_a_folder_whose_name_is_not_text_is_refused(world: World) -> None:
    path = pack(world)
    folder = Path(os.fsdecode(os.fsencode(world.folder) + b"/\xff"))
    with pytest.raises(OutputError, match="not UTF-8"):
        world.bob.unpack(path, folder)
    assert not folder.exists()


def test_what_is_in_the_way_is_seen_before_anything_is_recorded(world: World) -> None:
    path, out = pack(world), world.folder / "out"
    out.mkdir()
    (out / "t.csv").write_bytes(b"precious")
    with pytest.raises(OutputExistsError):
        world.bob.unpack(path, out)
    assert world.bob.register.entries() == []


def test_a_drive_without_room_is_refused_before_anything_is_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(world)
    monkeypatch.setattr(place, "free_bytes", lambda _: 3)
    with pytest.raises(DiskFullError):
        world.bob.unpack(path, world.folder / "out")
    assert not (world.folder / "out").exists()
    assert world.bob.register.entries() == []
    monkeypatch.setattr(place, "free_bytes", lambda _: 4)
    world.bob.unpack(path, world.folder / "out")


@pytest.mark.parametrize("suffix", ["", ".partial"])
def test_a_bundle_is_not_replaced_by_its_own_content(world: World, suffix: str) -> None:
    path, out = pack(world), world.folder / "out"
    out.mkdir()
    own = path.rename(out / f"t.csv{suffix}")
    whole = own.read_bytes()
    with pytest.raises(OutputExistsError, match="its own content"):
        world.bob.unpack(own, out, force=True)
    assert own.read_bytes() == whole


def test_formulas_are_not_escaped_in_what_stays_compressed(world: World) -> None:
    with pytest.raises(UsageError, match="stay compressed"):
        world.bob.unpack(
            pack(world), world.folder / "out", keep_compressed=True, escape_formulas=True
        )
    assert not (world.folder / "out").exists()


def test_a_table_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(UsageError, match="no table 'u'"):
        world.bob.unpack(pack(world), world.folder / "out", tables=["u"])


@pytest.mark.parametrize("open_old", [unpack_old, release_old])
def test_what_was_opened_since_it_was_verified_counts(
    world: World, open_old: Callable[[Verified, Person], None]
) -> None:
    old, new = pack(world, 1), pack(world, 2)
    with world.bob.verify(old) as verified:
        world.bob.unpack(new, world.folder / "new")
        with pytest.raises(BundleOlderError):
            open_old(verified, world.bob)
    assert not (world.folder / "old").exists()
    *opened, refused = world.bob.register.entries()
    assert [entry.event for entry in opened] == ["unpack-started", "unpacked"]
    assert refused.event == "unpack-refused"
    assert refused.details["reason"] == "bundle_older"
    assert refused.details["bundle_id"] == verified.manifest.bundle_id
