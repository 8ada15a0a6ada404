"""A drive that lies at any of its readings: what is made of it is true, or is not made."""

from __future__ import annotations

import hashlib
import operator
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from securexfer.bundle import file as bundle_file
from securexfer.bundle import layout
from securexfer.bundle.envelope import Member
from securexfer.errors import BundleAlteredError, SecurexferError
from tests.assurance import Tally
from tests.world import World, allow_forwarding, keep_all

BLOCK = 1024
# More than anything is read.
MANY = 12
CELLS = [hashlib.sha256(number.to_bytes(2)).hexdigest() for number in range(1000)]
EXTRACT = "\n".join(["x", *CELLS]).encode()
LIES: dict[str, Callable[[int, int], bool]] = {
    "once": operator.eq,
    "from then on": operator.ge,
    "but once": operator.ne,
}


@dataclass
class Liar:
    """Gives one bit of a file wrongly, at a reading of this number, from 0: or as `lie` has it."""

    path: Path
    place: int
    lie: Callable[[int, int], bool]
    number: int
    n_readings: int = 0

    def __post_init__(self) -> None:
        self._honest, self._status = os.pread, self.path.stat()

    def pread(self, descriptor: int, n_bytes: int, offset: int) -> bytes:
        data = self._honest(descriptor, n_bytes, offset)
        at = self.place - offset
        if 0 <= at < len(data) and os.path.samestat(os.fstat(descriptor), self._status):
            self.n_readings += 1
            if self.lie(self.n_readings - 1, self.number):
                return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        return data


def places_of(members: list[Member], size: int) -> dict[str, int]:
    """One place in each part, and some where one block or chunk ends and the next begins."""
    tables = members[1]
    places = {member.name: member.offset + member.length // 2 for member in members}
    end = members[-1].offset + members[-1].length
    return {
        **places,
        "the table's first byte": tables.offset,
        "the table's last byte": tables.offset + tables.length - 1,
        "a block's last byte": BLOCK - 1,
        "a block's first byte": BLOCK,
        "a chunk's first byte": 4 * BLOCK,
        "envelope": end + 200,
        "end record": size - layout.COMMENT_BYTES - 1,
        "comment": size - 100,
    }


@pytest.mark.parametrize("is_forwarded", [False, True], ids=["packed", "forwarded"])
@pytest.mark.parametrize("lie", LIES)
def test_what_is_forwarded_is_what_was_signed_or_nothing(
    lie: str, is_forwarded: bool, world: World, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    monkeypatch.setattr(bundle_file, "BLOCK_BYTES", BLOCK)
    recipe = allow_forwarding(keep_all("t", ["x"]))
    path = world.ann.pack({"t": EXTRACT}, recipe, [world.bob], world.drive).path
    relay, reader = world.bob, world.cat
    if is_forwarded:
        path = world.bob.forward(path, [world.cat], world.drive).path
        relay, reader = world.cat, world.bob
    with relay.verify(path) as verified:
        members = verified.envelope.members
    copied = [member for member in members if member.name != layout.PROVENANCE]
    assert path.stat().st_size > 30 * BLOCK
    away = world.folder / "away"
    away.mkdir()
    n_refused = 0
    for place in places_of(members, path.stat().st_size).values():
        for number in range(MANY):
            liar = Liar(path, place, LIES[lie], number)
            with monkeypatch.context() as patch:
                patch.setattr(os, "pread", liar.pread)
                try:
                    result = relay.forward(path, [reader], away)
                except SecurexferError as error:
                    # The first reading is held to what was signed, all others to the first.
                    is_first = LIES[lie](0, number)
                    if not is_first and not isinstance(error, BundleAlteredError):
                        raise
                    assert list(away.iterdir()) == []
                    n_refused += 1
                    continue
            # What was read wrongly was read for nothing, or no more.
            with reader.verify(result.path) as verified:
                made = {member.name: member for member in verified.envelope.members}
                rows = b"".join(verified.inside.rows(verified.manifest.tables[0]))
            assert rows.rstrip(b"\n") == EXTRACT
            assert all(made[m.name].sha256 == m.sha256 for m in copied)
            result.path.unlink()
            if liar.n_readings <= number:
                break
        assert liar.n_readings <= number, "it was read more often than it was tried"
        assert liar.n_readings > 0, "it was never read"
    assert n_refused >= len(places_of(members, 10**6))
    tally.count("tamper", "lies of a drive at one reading, while forwarding", n_refused)
