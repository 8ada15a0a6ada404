"""What is read may be unreadable, and reads and writes may do less than they were asked to."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.errors import ReadBackError
from tests.assurance import Tally
from tests.faults.injection import LOST, Fault, Reading, Stage, inject
from tests.faults.invariants import Before, check_forward, check_pack
from tests.faults.scene import TABLES, Scene, finish

# Which command reads which file, and which family of errors says that it can't be read.
READS = [
    ("pack", "source/people.csv", 20),
    ("pack", "source/visits.csv", 20),
    ("pack", "recipe.toml", 10),
    ("pack", "secret-ann", 30),
    ("pack", "home-ann/identity.json", 30),
    ("pack", "home-ann/contacts/bob.json", 30),
    ("pack", "home-ann/register.jsonl", 70),
    ("pack", "home-ann/register.head", 70),
    ("pack", "drive/bundle.zip.partial", 80),
    ("unpack", "drive/bundle.zip", 80),
    ("unpack", "secret-bob", 30),
    ("unpack", "home-bob/identity.json", 30),
    ("unpack", "home-bob/contacts/ann.json", 30),
    ("unpack", "home-bob/register.jsonl", 70),
    ("unpack", "home-bob/register.head", 70),
    ("verify", "drive/bundle.zip", 80),
    ("forward", "drive/bundle.zip", 80),
    ("forward", "relay/forwarded.zip.partial", 80),
    ("forward", "home-bob/register.jsonl", 70),
]
# Between nothing and more than a bundle and a register have, where each kind of write is cut.
SIZES = [0, 100, 600, 3_000, 9_000, 13_000, 17_000, 24_000]
SIZES_FORWARD = [0, 82_000, 96_000]


@pytest.mark.parametrize(("command", "file", "code"), READS, ids=lambda value: str(value))
def test_a_file_that_can_not_be_read_is_said_to_be(
    command: str,
    file: str,
    code: int,
    packing: Scene,
    unpacking: Scene,
    counted: Callable[[str, Stage], Counter[str]],
    tmp_path: Path,
    tool: Callable[[str], str],
    tally: Tally,
    soak: bool,
) -> None:
    strace, stage = tool("strace"), Reading(command, file)
    template = packing if command == "pack" else unpacking
    turns = range(1, counted(strace, stage)["read"] + 1) if soak else (1,)
    for turn in turns:
        outcome = inject(strace, stage, template, tmp_path / str(turn), Fault("read", "EIO", turn))
        assert outcome.code == code, outcome
        assert b"Input/output error" in outcome.output or code == 70, outcome
    tally.count("crash", "read errors, file by file", len(turns))


def test_a_drive_that_loses_what_it_took_is_found_out(
    packing: Scene,
    counted: Callable[[str, Stage], Counter[str]],
    tmp_path: Path,
    tool: Callable[[str], str],
    tally: Tally,
    soak: bool,
) -> None:
    strace, stage = tool("strace"), Stage("pack", "output")
    n_writes = counted(strace, stage)["write"]
    turns = range(1, n_writes + 1) if soak else (1, 2, n_writes // 2, n_writes)
    for turn in turns:
        outcome = inject(strace, stage, packing, tmp_path / str(turn), Fault("write", LOST, turn))
        assert outcome.error == ReadBackError.code, outcome
    tally.count("crash", "bytes lost by a drive that took them", len(turns))


@pytest.mark.parametrize("command", ["pack", "unpack", "forward"])
def test_a_write_may_stop_half_way(
    command: str,
    packing: Scene,
    unpacking: Scene,
    tmp_path: Path,
    tool: Callable[[str], str],
    tally: Tally,
    soak: bool,
) -> None:
    prlimit, stage = tool("prlimit"), Stage(command, "output")
    template = packing if command == "pack" else unpacking
    if command == "forward":
        sizes = range(0, 96_001, 1000) if soak else SIZES_FORWARD
    else:
        sizes = range(0, 24_001, 250) if soak else SIZES
    codes = set()
    for size in sizes:
        scene = template.copy(tmp_path / str(size))
        before = Before(scene)
        under = [prlimit, f"--fsize={size}"]
        outcome = scene.run(stage.desk(scene), stage.arguments(scene), under=under)
        # The register has entries already, so it is cut as well: it can't say that a pack failed.
        if command == "pack":
            check_pack(before, outcome, mute=True)
        elif command == "forward":
            check_forward(before, outcome, mute=True)
        else:
            stage.check(before, outcome)
        codes.add(outcome.code)
    assert codes - {0} <= {70, 80}
    assert codes > {0}
    tally.count("crash", f"short writes of `{command}`", len(sizes))


def test_a_pipe_that_gives_little_at_a_time_is_read_to_its_end(
    packing: Scene, tmp_path: Path, tally: Tally
) -> None:
    for n_bytes in (1, 7, 64):
        scene = packing.copy(tmp_path / str(n_bytes))
        before = Before(scene)
        pipe = scene.folder / "pipe"
        os.mkfifo(pipe)
        table = TABLES[0]
        arguments = scene.pack_arguments()
        arguments[1] = f"{table}={pipe}"
        data = (scene.source / f"{table}.csv").read_bytes()

        def dribble(pipe: Path = pipe, data: bytes = data, n_bytes: int = n_bytes) -> None:
            with pipe.open("wb", buffering=0) as file:
                for start in range(0, len(data), n_bytes):
                    file.write(data[start : start + n_bytes])

        writer = threading.Thread(target=dribble)
        process = scene.start(scene.ann, arguments)
        writer.start()
        outcome = finish(process)
        writer.join(timeout=10)
        assert outcome.code == 0, outcome
        check_pack(before, outcome)
        tally.count("crash", "pipes that give little at a time")
