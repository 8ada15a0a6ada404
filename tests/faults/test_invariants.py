"""The invariants themselves: each must notice its own violation, or it proves nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.errors import SecurexferError
from tests.faults.invariants import COMPRESSED, Before, check_forward, check_pack, check_unpack
from tests.faults.scene import CANARY, Outcome, Scene, finish

DONE = Outcome(0, b"", "")
FAILED = Outcome(80, b"", "output_failed")
KILLED = Outcome(-9, b"", "")


def write(path: Path, data: bytes = b"x") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def append(path: Path, data: bytes) -> None:
    write(path, path.read_bytes() + data)


def cut(path: Path, n_bytes: int) -> None:
    write(path, path.read_bytes()[:-n_bytes])


def last_entry(scene: Scene) -> int:
    return len((scene.ann.home / "register.jsonl").read_bytes().splitlines(keepends=True)[-1])


Damage = Callable[[Scene], None]
# What somebody finds after a pack that did its work, and how it ended by its own account.
AFTER_PACK: dict[str, tuple[Outcome, Damage]] = {
    "no bundle": (DONE, lambda s: s.bundle.unlink()),
    "half a bundle": (DONE, lambda s: cut(s.bundle, 100)),
    "half a bundle after a kill": (KILLED, lambda s: cut(s.bundle, 100)),
    "a bundle after a failure": (FAILED, lambda s: None),
    "a partial file": (DONE, lambda s: write(s.drive / "bundle.zip.partial")),
    "another file": (KILLED, lambda s: write(s.drive / "cache")),
    "plaintext on the drive": (KILLED, lambda s: write(s.drive / "bundle.zip.partial", CANARY)),
    "compressed on the drive": (
        KILLED,
        lambda s: write(s.drive / "bundle.zip.partial", b"PK" + COMPRESSED),
    ),
    "plaintext in the register": (KILLED, lambda s: append(s.ann.home / "register.jsonl", CANARY)),
    "something in the home": (DONE, lambda s: write(s.ann.home / "log")),
    "something temporary": (DONE, lambda s: write(s.temp / "spill")),
    "an extract that was changed": (DONE, lambda s: append(s.source / "people.csv", b"\n")),
    "a lost entry": (KILLED, lambda s: cut(s.ann.home / "register.jsonl", 2 * last_entry(s))),
    "no entry of the bundle": (KILLED, lambda s: cut(s.ann.home / "register.jsonl", last_entry(s))),
    "no head": (KILLED, lambda s: (s.ann.home / "register.head").unlink()),
    "an entry of no bundle": (FAILED, lambda s: s.bundle.unlink()),
    "a trace": (Outcome(80, b"Traceback (most ", "output_failed"), lambda s: s.bundle.unlink()),
    "a cell on the terminal": (Outcome(0, b"value " + CANARY, ""), lambda s: None),
    "a bug": (Outcome(1, b"", "internal"), lambda s: s.bundle.unlink()),
    "a code of its own": (Outcome(3, b"", "other"), lambda s: s.bundle.unlink()),
}
AFTER_UNPACK: dict[str, tuple[Outcome, Damage]] = {
    "a missing table": (DONE, lambda s: (s.out / "people.csv").unlink()),
    "half a table": (DONE, lambda s: cut(s.out / "people.csv", 5)),
    "half a table after a kill": (KILLED, lambda s: cut(s.out / "visits.csv", 5)),
    "tables after a failure": (FAILED, lambda s: None),
    "no receipt": (DONE, lambda s: s.receipt().unlink()),
    "half a receipt": (DONE, lambda s: cut(s.receipt(), 100)),
    "half a receipt after a kill": (KILLED, lambda s: cut(s.receipt(), 100)),
    "a receipt that nobody recorded": (KILLED, lambda s: write(s.out / "sx-0.receipt")),
    "another file": (KILLED, lambda s: write(s.out / "notes")),
    "a partial nobody recorded": (KILLED, lambda s: write(s.out / "cells.csv.partial")),
    "a partial that stays": (DONE, lambda s: write(s.out / "people.csv.partial")),
    "a partial after its end": (KILLED, lambda s: write(s.out / "people.csv.partial")),
    "plaintext on the drive": (DONE, lambda s: write(s.drive / "copy", CANARY)),
    "plaintext in the home": (DONE, lambda s: write(s.bob.home / "register.lock", CANARY)),
    "a changed bundle": (DONE, lambda s: append(s.bundle, b"x")),
}


AFTER_FORWARD: dict[str, tuple[Outcome, Damage]] = {
    "no bundle": (DONE, lambda s: s.forwarded.unlink()),
    "half a bundle after a kill": (KILLED, lambda s: cut(s.forwarded, 100)),
    "a bundle after a failure": (FAILED, lambda s: None),
    "a partial file": (DONE, lambda s: write(s.relay / "forwarded.zip.partial")),
    "plaintext beside it": (KILLED, lambda s: write(s.relay / "forwarded.zip.partial", CANARY)),
    "compressed beside it": (
        KILLED,
        lambda s: write(s.relay / "forwarded.zip.partial", b"PK" + COMPRESSED),
    ),
    "plaintext where it came from": (DONE, lambda s: write(s.drive / "people.csv")),
    "an unpacked table": (DONE, lambda s: write(s.out / "people.csv")),
    "a changed source": (DONE, lambda s: append(s.bundle, b"x")),
    "an entry of no bundle": (FAILED, lambda s: s.forwarded.unlink()),
    "a lost register": (KILLED, lambda s: write(s.bob.home / "register.jsonl", b"")),
}


def test_work_that_was_done_passes(packing: Scene, tmp_path: Path) -> None:
    scene = packing.copy(tmp_path / "scene")
    before = Before(scene)
    scene.pack()
    check_pack(before, DONE)
    before = Before(scene)
    scene.unpack(scene.out)
    check_unpack(before, DONE)
    before = Before(scene)
    scene.forward()
    check_forward(before, DONE)


@pytest.mark.parametrize("damage", AFTER_FORWARD)
def test_what_is_wrong_after_a_forward_is_noticed(
    damage: str, unpacking: Scene, tmp_path: Path
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    before = Before(scene)
    scene.forward()
    outcome, harm = AFTER_FORWARD[damage]
    harm(scene)
    with pytest.raises((AssertionError, SecurexferError, FileNotFoundError)):
        check_forward(before, outcome)


@pytest.mark.parametrize("damage", AFTER_PACK)
def test_what_is_wrong_after_a_pack_is_noticed(damage: str, packing: Scene, tmp_path: Path) -> None:
    scene = packing.copy(tmp_path / "scene")
    before = Before(scene)
    scene.pack()
    outcome, harm = AFTER_PACK[damage]
    harm(scene)
    with pytest.raises((AssertionError, SecurexferError, FileNotFoundError)):
        check_pack(before, outcome)


@pytest.mark.parametrize("damage", AFTER_UNPACK)
def test_what_is_wrong_after_an_unpack_is_noticed(
    damage: str, unpacking: Scene, tmp_path: Path
) -> None:
    scene = unpacking.copy(tmp_path / "scene")
    before = Before(scene)
    scene.unpack(scene.out)
    outcome, harm = AFTER_UNPACK[damage]
    harm(scene)
    with pytest.raises((AssertionError, SecurexferError)):
        check_unpack(before, outcome)


def test_a_full_disk_by_another_name_is_noticed(packing: Scene, tmp_path: Path) -> None:
    before = Before(packing.copy(tmp_path / "scene"))
    check_pack(before, Outcome(80, b"", "disk_full"), "ENOSPC")
    with pytest.raises(AssertionError):
        check_pack(before, FAILED, "ENOSPC")


def test_a_run_that_hangs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.scene.TIMEOUT_SECONDS", 0.2)
    program = [sys.executable, "-c", "import time; time.sleep(60)"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pytest.raises(AssertionError, match="hangs"):
        finish(process)
    assert process.returncode == -9
